//! Cutting a module into units.
//!
//! Where a unit ends depends on nothing but the bodies near the cut (content-defined chunking, as in Muthitacharoen, Chen,
//! Mazières: "A Low-bandwidth Network File System", SOSP 2001), so that an edit moves no cut but its own: neither core count nor
//! what comes before matters.

use interface::Body;
use std::ops::Range;

/// A unit is never larger than this many times the size asked for, unless a single function is.
const MAX: u64 = 2;

/// Cuts the functions with a body into units of about `size` bytes, by their sizes without the numbering of the module: or else
/// a function more in front of them, which makes some of the others' numbers longer, could move a cut anywhere.
pub fn cut(bodies: &[Body], size: u32) -> Vec<Range<u32>> {
    let mut units = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    let end = bodies.len() as u32;
    for (function, body) in (0..end).zip(bodies) {
        if bytes > 0 && bytes + body.size > MAX * u64::from(size) {
            units.push(start..function);
            (start, bytes) = (function, 0);
        }
        bytes += body.size;
        if ends_after(body, size) {
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
fn ends_after(body: &Body, size: u32) -> bool {
    let [a, b, c, d, ..] = *body.content.as_bytes();
    u64::from(u32::from_le_bytes([a, b, c, d])) * u64::from(size) < body.size << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies of these sizes, each with a content of its own.
    fn bodies(sizes: impl IntoIterator<Item = u64>) -> Vec<Body> {
        (0..).zip(sizes).map(|(content, size)| body(content, size)).collect()
    }

    fn body(content: u64, size: u64) -> Body {
        let content = blake3::hash(&content.to_le_bytes());
        Body {
            content,
            size,
            references: Default::default(),
            makes_tail_calls: false,
            catches: false,
            changed_tables: Default::default(),
        }
    }

    #[test]
    fn units_hold_each_function_once_in_order() {
        let bodies = bodies((0..1000).map(|i| 10 + i % 300));
        let units = cut(&bodies, 4096);
        assert!(units.len() > 20 && units.len() < 100, "{}", units.len());
        let functions: Vec<u32> = units.into_iter().flatten().collect();
        assert_eq!(functions, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn size_zero_makes_each_function_a_unit() {
        let bodies = bodies([5, 2, 9]);
        assert_eq!(cut(&bodies, 0), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn an_edit_changes_few_units() {
        let bodies = bodies((0..1000).map(|i| 10 + i % 300));
        let mut edited = bodies.clone();
        edited[500] = body(1000, edited[500].size);
        let (before, after) = (cut(&bodies, 4096), cut(&edited, 4096));
        let changed = after.iter().filter(|unit| !before.contains(unit)).count();
        assert!(changed <= 2, "{changed} units");
    }
}
