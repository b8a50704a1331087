//! A look ahead over a body: what building SSA form must know of loops before it has seen them.

use abi::metering::Segments;
use std::ops::Range;
use wasmparser::{Operator, OperatorsReader, Result};

/// A loop or conditional, in the order of their starts.
pub(crate) struct Region {
    /// The byte offset of its `loop` or `if`.
    start: u64,
    /// The byte offset of its `end`.
    pub end: u64,
    /// Whether it has an `else`.
    pub has_else: bool,
}

/// What a scan found.
#[derive(Default)]
pub(crate) struct Scan {
    regions: Vec<Region>,
    /// Regions before this one have been passed.
    next: usize,
    /// Each `local.set` and `local.tee`, and each change of a counter: local and byte offset, sorted. Empty if there is no loop.
    writes: Vec<(u32, u64)>,
}

impl Scan {
    /// Goes through the operators of a body. `counters` are locals that its segments change, and calls, and exceptions that it catches.
    pub fn new(mut reader: OperatorsReader<'_>, counters: Range<u32>, segments: &Segments) -> Result<Scan> {
        let mut scan = Scan::default();
        let mut changes: Vec<u64> = segments.starts().collect();
        let mut has_loop = false;
        // Where each open frame stands in `regions`; plain blocks stand nowhere.
        let mut open = Vec::new();
        while !reader.eof() {
            let (operator, offset) = reader.read_with_offset()?;
            match operator {
                Operator::Loop { .. } | Operator::If { .. } => {
                    has_loop |= matches!(operator, Operator::Loop { .. });
                    open.push(Some(scan.regions.len()));
                    scan.regions.push(Region { start: offset, end: offset, has_else: false });
                }
                Operator::Block { .. } | Operator::TryTable { .. } => open.push(None),
                Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
                    changes.push(offset)
                }
                Operator::Else => {
                    if let Some(&Some(region)) = open.last() {
                        scan.regions[region].has_else = true;
                    }
                }
                Operator::End => {
                    match open.pop() {
                        Some(Some(region)) => scan.regions[region].end = offset,
                        // The handlers of a `try_table` are here.
                        Some(None) | None => changes.push(offset),
                    }
                }
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    scan.writes.push((local_index, offset));
                }
                _ => {}
            }
        }
        if has_loop {
            let changes = counters.flat_map(|counter| changes.iter().map(move |&offset| (counter, offset)));
            scan.writes.extend(changes);
            scan.writes.sort_unstable();
        } else {
            scan.writes.clear();
        }
        Ok(scan)
    }

    /// The loop or conditional that starts at a byte offset. Offsets only grow from call to call.
    pub fn region(&mut self, start: u64) -> &Region {
        let skipped = self.regions[self.next..].iter().take_while(|region| region.start < start).count();
        self.next += skipped + 1;
        &self.regions[self.next - 1]
    }

    /// The byte offset of the first write to a local behind a byte offset, if the body has loops.
    pub fn next_write(&self, local: u32, after: u64) -> Option<u64> {
        let next = self.writes.partition_point(|&write| write <= (local, after));
        self.writes.get(next).filter(|write| write.0 == local).map(|write| write.1)
    }
}
