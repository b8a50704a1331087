//! Cutting a module into units.
//!
//! Where a unit ends depends on nothing but the bodies near the cut (content-defined chunking, as in Muthitacharoen, Chen,
//! Mazières: "A Low-bandwidth Network File System", SOSP 2001), so that an edit moves no cut but its own: neither core count nor
//! what comes before matters.

use abi::module::Module;
use interface::Body;
use std::ops::Range;

/// A unit is never larger than this many times the size asked for, unless a single function is.
const MAX: u64 = 4;

/// Cuts the functions with a body into units of about `size` bytes.
pub fn cut(module: &Module, bodies: &[Body], size: u32) -> Vec<Range<u32>> {
    let mut units = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    let end = module.bodies.len() as u32;
    for (function, (range, body)) in (0..end).zip(module.bodies.iter().zip(bodies)) {
        let length = range.end - range.start;
        if bytes > 0 && bytes + length > MAX * u64::from(size) {
            units.push(start..function);
            (start, bytes) = (function, 0);
        }
        bytes += length;
        if ends_after(body, length, size) {
            units.push(start..function + 1);
            (start, bytes) = (function + 1, 0);
        }
    }
    if start < end {
        units.push(start..end);
    }
    units
}

/// Whether a unit ends after a body: with a probability of its length over the size asked for.
fn ends_after(body: &Body, length: u64, size: u32) -> bool {
    let [a, b, c, d, ..] = *body.content.as_bytes();
    u64::from(u32::from_le_bytes([a, b, c, d])) * u64::from(size) < length << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with bodies of these lengths, and a content for each.
    fn module(lengths: impl IntoIterator<Item = u64>) -> (Module, Vec<Body>) {
        let (mut module, mut bodies) = (Module::default(), Vec::new());
        let mut at = 0;
        for (i, length) in lengths.into_iter().enumerate() {
            module.bodies.push(at..at + length);
            bodies.push(body(i as u64));
            at += length;
        }
        (module, bodies)
    }

    fn body(content: u64) -> Body {
        let content = blake3::hash(&content.to_le_bytes());
        Body { content, references: Default::default(), makes_tail_calls: false, catches: false }
    }

    #[test]
    fn units_hold_each_function_once_in_order() {
        let (module, bodies) = module((0..1000).map(|i| 10 + i % 300));
        let units = cut(&module, &bodies, 4096);
        assert!(units.len() > 20 && units.len() < 100, "{}", units.len());
        let functions: Vec<u32> = units.into_iter().flatten().collect();
        assert_eq!(functions, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn size_zero_makes_each_function_a_unit() {
        let (module, bodies) = module([5, 2, 9]);
        assert_eq!(cut(&module, &bodies, 0), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn an_edit_changes_few_units() {
        let (module, bodies) = module((0..1000).map(|i| 10 + i % 300));
        let mut edited = bodies.clone();
        edited[500] = body(1000);
        let (before, after) = (cut(&module, &bodies, 4096), cut(&module, &edited, 4096));
        let changed = after.iter().filter(|unit| !before.contains(unit)).count();
        assert!(changed <= 2, "{changed} units");
    }
}
