//! Which addresses are those of function records that references may point to.

use abi::layout::FuncRecord;
use std::collections::BTreeMap;
use std::ops::Range;

/// How far the records of a context lie from each other, in bytes.
const STRIDE: usize = FuncRecord::SIZE as usize;

/// A set of addresses. An instance has thousands of records, one behind the other, so that what is kept is where runs of them begin
/// and end.
#[derive(Default)]
pub(crate) struct Records {
    /// The run that was added to last.
    open: Range<usize>,
    /// The others: their ends, by where they begin.
    closed: BTreeMap<usize, usize>,
}

impl Records {
    /// Adds a record.
    pub(crate) fn insert(&mut self, address: usize) {
        if self.open.end != address {
            let done = std::mem::replace(&mut self.open, address..address);
            if !done.is_empty() {
                self.closed.insert(done.start, done.end);
            }
        }
        self.open.end += STRIDE;
    }

    /// Whether there is a record at an address.
    pub(crate) fn contains(&self, address: usize) -> bool {
        let within =
            |start: usize, end: usize| (start..end).contains(&address) && (address - start).is_multiple_of(STRIDE);
        let before = self.closed.range(..=address).next_back();
        within(self.open.start, self.open.end) || before.is_some_and(|(&start, &end)| within(start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_from_what_lies_between_and_beside_them() {
        let mut records = Records::default();
        let runs = [(100_000, 3), (50_000, 1), (200_000, 2), (100_000 + 3 * STRIDE, 1)];
        for (start, count) in runs {
            (0..count).for_each(|at| records.insert(start + at * STRIDE));
        }
        let known =
            |address: usize| runs.iter().any(|&(start, count)| (0..count).any(|at| address == start + at * STRIDE));
        for address in (0..STRIDE).chain(49_000..51_000).chain(99_000..101_000).chain(199_000..201_000) {
            assert_eq!(records.contains(address), known(address), "{address}");
        }
    }
}
