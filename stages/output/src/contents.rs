//! What memories hold at first, as pages that a loader maps instead of copying data segments.
//!
//! Copying costs a page fault for each page of a memory that has data, and a look at each segment; programs that carry their
//! libraries with them have megabytes of data in tens of thousands of segments, and touch little of it. So the pages are laid out
//! here as instantiation would leave them, beside the segments in the module, which stay for interpreters. That makes the file
//! larger by about the size of the data. Mapping the segments where the module has them would not, but pages of a memory are seldom
//! where pages of a file are: linkers leave the zeros between segments out.
//!
//! What instantiation does must stay what the specification says (section 4.5.4): segments that may not fit, whose place is known
//! only at run time, or whose memory others may hold, run one after another. So does what is small: copying it is faster than
//! mapping.

use abi::layout::PAGE_SIZE;
use abi::module::{ConstExpr, ConstOp, DataMode, Module};
use abi::types::MemoryIdx;
use std::collections::BTreeMap;

/// The least that is worth a mapping of its own, in bytes: below that, copying takes less time than the system calls and what
/// pages of a file cost when they are written to.
const LEAST: usize = 128 << 10;
/// So many bytes of zeros, and no fewer, end a mapping: a mapping costs as much as reading them.
const GAP: u64 = 64 << 10;
/// The most mappings. A process has room for some ten thousands.
const MOST: usize = 256;

/// Neighboring pages of a memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pages {
    pub memory: MemoryIdx,
    /// The address of the first byte, a multiple of the page size.
    pub address: u64,
    pub bytes: Vec<u8>,
}

/// What the data segments of a module leave in its memories, as pages of this size, without longer stretches of zeros. Empty if the
/// segments must run, or had better.
pub(crate) fn pages(module: &Module, original: &[u8], page_size: u32) -> Vec<Pages> {
    let size: u64 = module.data.iter().map(|segment| segment.range.end - segment.range.start).sum();
    if size < LEAST as u64 {
        return Vec::new();
    }
    let page_size = u64::from(page_size);
    // Data that is scattered would take many times its size.
    let most = 2 * size;
    // By memory and address.
    let mut touched: BTreeMap<(MemoryIdx, u64), Vec<u8>> = BTreeMap::new();
    for segment in &module.data {
        let Some((memory, mut address)) = place(module, segment) else { return Vec::new() };
        let mut rest = &original[segment.range.start as usize..segment.range.end as usize];
        while !rest.is_empty() {
            let within = address % page_size;
            let (now, later) = rest.split_at(rest.len().min((page_size - within) as usize));
            let page = touched.entry((memory, address - within)).or_insert_with(|| vec![0; page_size as usize]);
            page[within as usize..][..now.len()].copy_from_slice(now);
            address += now.len() as u64;
            rest = later;
        }
        if touched.len() as u64 * page_size > most {
            return Vec::new();
        }
    }
    touched.retain(|_, page| page.iter().any(|&byte| byte != 0));

    let mut pages: Vec<Pages> = Vec::new();
    for ((memory, address), page) in touched {
        match pages.last_mut() {
            Some(last) if last.memory == memory && address - last.end() < GAP => {
                last.bytes.resize((address - last.address) as usize, 0);
                last.bytes.extend(page);
            }
            _ => pages.push(Pages { memory, address, bytes: page }),
        }
    }
    let length: usize = pages.iter().map(|pages| pages.bytes.len()).sum();
    let pays = length >= LEAST && length as u64 <= most && pages.len() <= MOST;
    if pays { pages } else { Vec::new() }
}

impl Pages {
    fn end(&self) -> u64 {
        self.address + self.bytes.len() as u64
    }
}

/// Where a segment goes, if that is certain: into a memory that nobody else has when it is instantiated, within its bounds.
fn place(module: &Module, segment: &abi::module::DataSegment) -> Option<(MemoryIdx, u64)> {
    let DataMode::Active { memory, offset: ConstExpr(offset) } = &segment.mode else { return None };
    let address = match offset[..] {
        [ConstOp::I32Const(address)] => u64::from(address.cast_unsigned()),
        [ConstOp::I64Const(address)] => address.cast_unsigned(),
        _ => return None,
    };
    let own = memory.0 >= module.imported_memories;
    let length = segment.range.end - segment.range.start;
    let end = module.memories.get(memory.index())?.limits.min.saturating_mul(PAGE_SIZE);
    let fits = address.checked_add(length).is_some_and(|last| last <= end);
    (own && fits).then_some((*memory, address))
}
