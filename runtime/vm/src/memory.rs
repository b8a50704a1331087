//! Linear memories: address space reserved once, so that the base never moves and accesses past the end fault.

use crate::store::Store;
use crate::value::Memory;
use abi::layout::{MEMORY_RESERVATION, MemoryDefinition, PAGE_SIZE};
use abi::trap::TrapCode;
use abi::types::MemoryType;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use std::ops::Range;
use std::ptr::{self, NonNull};

/// The most pages that a 32-bit memory can have.
const MAX_PAGES: u64 = 1 << 16;

/// Why a memory or table cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// It is of a kind that this runtime does not have yet.
    #[error("{0} are not supported")]
    Unsupported(&'static str),
    /// Its minimal size is above a limit.
    #[error("{what} of {size} {unit} is above the limit of {limit}")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// The size asked for.
        size: u64,
        /// What sizes are counted in.
        unit: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The system has no memory for it.
    #[error("out of memory")]
    OutOfMemory,
}

/// A memory that a store owns.
pub(crate) struct MemoryData {
    /// On the heap, owned; native code reads it.
    definition: NonNull<MemoryDefinition>,
    ty: MemoryType,
    /// The most pages that it may grow to.
    limit: u64,
}

impl MemoryData {
    /// Makes a memory of its minimal size. `limit` bounds its pages from outside.
    pub(crate) fn new(ty: MemoryType, limit: Option<u32>) -> Result<MemoryData, ResourceError> {
        if ty.memory64 {
            return Err(ResourceError::Unsupported("64-bit memories"));
        }
        if ty.shared {
            return Err(ResourceError::Unsupported("shared memories"));
        }
        let cap = limit.map_or(MAX_PAGES, |limit| u64::from(limit).min(MAX_PAGES));
        let min = ty.limits.min;
        if min > cap {
            return Err(ResourceError::Limit { what: "a memory", size: min, unit: "pages", limit: cap });
        }
        // SAFETY: a fresh mapping at an address of the system's choice touches no other memory.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                ptr::null_mut(),
                MEMORY_RESERVATION as usize,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        };
        let base = base.map_err(|_| ResourceError::OutOfMemory)?.cast::<u8>();
        let definition = NonNull::from(Box::leak(Box::new(MemoryDefinition { base, bytes: 0 })));
        let mut memory = MemoryData { definition, ty, limit: ty.limits.max.map_or(cap, |max| max.min(cap)) };
        memory.grow(min).ok_or(ResourceError::OutOfMemory)?;
        Ok(memory)
    }

    pub(crate) fn ty(&self) -> MemoryType {
        self.ty
    }

    pub(crate) fn definition(&self) -> NonNull<MemoryDefinition> {
        self.definition
    }

    pub(crate) fn base(&self) -> *mut u8 {
        // SAFETY: the definition is owned by `self` and lives as long; no reference to it exists.
        unsafe { (*self.definition.as_ptr()).base }
    }

    /// The current size in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        // SAFETY: as in `base`.
        unsafe { (*self.definition.as_ptr()).bytes }
    }

    pub(crate) fn pages(&self) -> u64 {
        self.bytes() / PAGE_SIZE
    }

    /// All addresses that guest code can reach through the memory. Async-signal-safe.
    pub(crate) fn reservation(&self) -> Range<usize> {
        let base = self.base().addr();
        base..base + MEMORY_RESERVATION as usize
    }

    /// Grows the memory by some pages. Gives the old size in pages; none if it cannot grow so far.
    pub(crate) fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.pages();
        let new = old.checked_add(delta).filter(|&new| new <= self.limit)?;
        if delta > 0 {
            let start = self.base().wrapping_add(self.bytes() as usize);
            let length = (delta * PAGE_SIZE) as usize;
            // SAFETY: the pages lie in the reservation, which is ours; `new` pages at most `MAX_PAGES` end before it does.
            unsafe { rustix::mm::mprotect(start.cast(), length, MprotectFlags::READ | MprotectFlags::WRITE) }.ok()?;
            // SAFETY: the definition is owned by `self`; native code that reads it is suspended.
            unsafe { (*self.definition.as_ptr()).bytes = new * PAGE_SIZE };
        }
        Some(old)
    }

    /// Sets bytes to those of a slice.
    pub(crate) fn write(&mut self, start: u64, bytes: &[u8]) -> Result<(), TrapCode> {
        let to = self.range(start, bytes.len() as u64)?;
        // SAFETY: `range` has checked that the bytes lie in the memory; a borrowed slice is no part of it while `self` is
        // borrowed mutably.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    /// The address of a range of bytes, if all of it lies in the memory.
    pub(crate) fn range(&self, start: u64, length: u64) -> Result<*mut u8, TrapCode> {
        match start.checked_add(length) {
            Some(end) if end <= self.bytes() => Ok(self.base().wrapping_add(start as usize)),
            Some(_) | None => Err(TrapCode::MemoryOutOfBounds),
        }
    }
}

impl Drop for MemoryData {
    fn drop(&mut self) {
        // SAFETY: the reservation was mapped by `new` with this length, and the store frees all its parts together, so nobody
        // reads the memory any more. Unmapping such a range cannot fail.
        let unmapped = unsafe { rustix::mm::munmap(self.base().cast(), MEMORY_RESERVATION as usize) };
        debug_assert!(unmapped.is_ok());
        // SAFETY: the definition came from a box in `new` and is freed once.
        drop(unsafe { Box::from_raw(self.definition.as_ptr()) });
    }
}

impl Store {
    /// Makes a memory of its minimal size.
    ///
    /// # Errors
    /// If it is 64-bit or shared, above the limits, or the system has no address space left.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<Memory, ResourceError> {
        let data = self.data_mut();
        let memory = MemoryData::new(ty, data.config.memory_page_limit)?;
        Ok(data.add_memory(memory))
    }

    /// A memory's type. Its minimum is that of its declaration, not its current size.
    pub fn memory_type(&self, memory: Memory) -> MemoryType {
        self.data().memory(memory).ty()
    }

    /// A memory's size in pages of 64 KiB.
    pub fn memory_size(&self, memory: Memory) -> u64 {
        self.data().memory(memory).pages()
    }

    /// Grows a memory by some pages. Gives the old size in pages; none if it cannot grow so far.
    pub fn memory_grow(&mut self, memory: Memory, delta: u64) -> Option<u64> {
        self.data_mut().memory_mut(memory).grow(delta)
    }

    /// The bytes of a memory.
    pub fn memory_data(&self, memory: Memory) -> &[u8] {
        let memory = self.data().memory(memory);
        // SAFETY: `bytes` bytes behind the base are readable, initialized by the system, and change only through the store:
        // guest code runs, and the memory grows, only with a mutable borrow of it.
        unsafe { std::slice::from_raw_parts(memory.base(), memory.bytes() as usize) }
    }

    /// The bytes of a memory, to change.
    pub fn memory_data_mut(&mut self, memory: Memory) -> &mut [u8] {
        let memory = self.data_mut().memory_mut(memory);
        // SAFETY: as in `memory_data`; the store is borrowed mutably, so there is no other slice.
        unsafe { std::slice::from_raw_parts_mut(memory.base(), memory.bytes() as usize) }
    }
}
