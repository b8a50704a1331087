//! Cutting a module into units.
//!
//! Where a unit ends depends on nothing but the bodies near the cut (content-defined chunking, as in Muthitacharoen, Chen,
//! Mazières: "A Low-bandwidth Network File System", SOSP 2001), so that an edit moves no cut but its own: neither core count nor
//! what comes before matters.

use artifact::{Parsed, Unit};

/// A unit is never larger than this many times the size asked for, unless a single function is.
const MAX: u64 = 4;

/// Cuts the functions with a body into units of about `size` bytes.
pub fn plan(parsed: &Parsed, size: u32) -> Vec<Unit> {
    let mut units = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    let end = parsed.module.bodies.len() as u32;
    for (function, (body, hash)) in (0..end).zip(parsed.module.bodies.iter().zip(&parsed.body_hashes)) {
        let length = body.end - body.start;
        if bytes > 0 && bytes + length > MAX * u64::from(size) {
            units.push(Unit { functions: start..function });
            (start, bytes) = (function, 0);
        }
        bytes += length;
        if cuts(hash, length, size) {
            units.push(Unit { functions: start..function + 1 });
            (start, bytes) = (function + 1, 0);
        }
    }
    if start < end {
        units.push(Unit { functions: start..end });
    }
    units
}

/// Whether a unit ends after a body: with a probability of its length over the size asked for.
fn cuts(hash: &str, length: u64, size: u32) -> bool {
    let dice = u32::from_str_radix(&hash[..8], 16).expect("a hash is hexadecimal");
    u64::from(dice) * u64::from(size) < length << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::module::Module;

    fn module(lengths: impl IntoIterator<Item = u64>) -> Parsed {
        let mut parsed =
            Parsed { hash: String::new(), module: Module::default(), body_hashes: vec![], names: Default::default() };
        let mut at = 0;
        for (i, length) in lengths.into_iter().enumerate() {
            parsed.module.bodies.push(at..at + length);
            parsed.body_hashes.push(format!("{:08x}", (i as u32).wrapping_mul(0x9E37_79B1)));
            at += length;
        }
        parsed
    }

    #[test]
    fn units_hold_each_function_once_in_order() {
        let units = plan(&module((0..1000).map(|i| 10 + i % 300)), 4096);
        assert!(units.len() > 20 && units.len() < 100, "{}", units.len());
        let functions: Vec<u32> = units.into_iter().flat_map(|unit| unit.functions).collect();
        assert_eq!(functions, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn size_zero_makes_each_function_a_unit() {
        let units = plan(&module([5, 2, 9]), 0);
        assert_eq!(units.iter().map(|unit| unit.functions.clone()).collect::<Vec<_>>(), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn an_edit_changes_few_units() {
        let before = module((0..1000).map(|i| 10 + i % 300));
        let mut after = before.clone();
        after.body_hashes[500] = "ffffffff".into();
        let (before, after) = (plan(&before, 4096), plan(&after, 4096));
        let changed = after.iter().filter(|unit| !before.contains(unit)).count();
        assert!(changed <= 2, "{changed} units");
    }
}
