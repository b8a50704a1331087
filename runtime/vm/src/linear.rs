//! The space of one linear memory: addresses reserved once, so that the base never moves and what lies past the end faults.
//!
//! Several stores, on several threads, may hold the same space if its memory is shared. So its length is atomic and only grows,
//! pages become accessible before the length says so, and bytes are copied by C's functions, which the compiler knows nothing
//! about: where threads race, the bytes are those that the processor finds, and nothing worse happens.

use crate::memory::ResourceError;
use crate::wait::Waiters;
use abi::layout::{MEMORY_GUARD, MEMORY_RESERVATION, MemoryDefinition, PAGE_SIZE};
use abi::trap::TrapCode;
use abi::types::MemoryType;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use std::alloc;
use std::fs::File;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The most pages that a 32-bit memory can have.
const MAX_PAGES: u64 = 1 << 16;
/// The most pages that a 64-bit memory can have here: 256 GiB. As much address space is reserved for one whose type does not say
/// less; a process has room for some hundreds of them.
const MAX_PAGES_64: u64 = (256 << 30) / PAGE_SIZE;

/// The space of a linear memory.
pub(crate) struct Linear {
    /// On the heap, owned; native code reads it.
    definition: NonNull<MemoryDefinition>,
    ty: MemoryType,
    /// The most pages that it may grow to.
    limit: u64,
    /// How many bytes of address space belong to it.
    reserved: usize,
    /// Held while it grows.
    growing: Mutex<()>,
    /// The threads that wait at its addresses.
    pub(crate) waiters: Waiters,
}

// SAFETY: what the pointers lead to belongs to the space alone. The definition's base never changes and its length is accessed
// atomically. Threads may race for the bytes of a shared memory; those who use other memories from two threads borrow a store.
unsafe impl Send for Linear {}
// SAFETY: as above.
unsafe impl Sync for Linear {}

impl Linear {
    /// Makes the space of a memory, with its minimal size. `limit` bounds its pages from outside.
    pub(crate) fn new(ty: MemoryType, limit: Option<u32>) -> Result<Linear, ResourceError> {
        if ty.shared && ty.limits.max.is_none() {
            return Err(ResourceError::SharedWithoutMaximum);
        }
        let most = if ty.memory64 { MAX_PAGES_64 } else { MAX_PAGES };
        let cap = limit.map_or(most, |limit| u64::from(limit).min(most));
        let min = ty.limits.min;
        if min > cap {
            return Err(ResourceError::Limit { what: "a memory", size: min, unit: "pages", limit: cap });
        }
        let limit = ty.limits.max.map_or(cap, |max| max.min(cap));
        let reserved =
            if ty.memory64 { limit.max(min) * PAGE_SIZE + MEMORY_GUARD } else { MEMORY_RESERVATION } as usize;
        // SAFETY: a fresh mapping at an address of the system's choice touches no other memory.
        let base = unsafe {
            let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
            rustix::mm::mmap_anonymous(ptr::null_mut(), reserved, ProtFlags::empty(), flags)
        };
        let base = base.map_err(|_| ResourceError::OutOfMemory)?.cast::<u8>();
        let definition = NonNull::from(Box::leak(Box::new(MemoryDefinition { base, bytes: 0 })));
        let waiters = Waiters::default();
        let memory = Linear { definition, ty, limit, reserved, growing: Mutex::new(()), waiters };
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
        // SAFETY: the definition is owned by `self` and lives as long; its base never changes.
        unsafe { (*self.definition.as_ptr()).base }
    }

    fn length(&self) -> &AtomicU64 {
        // SAFETY: the definition is owned by `self` and lives as long; everyone who accesses the length while another thread may
        // change it does so atomically, native code too.
        unsafe { AtomicU64::from_ptr(&raw mut (*self.definition.as_ptr()).bytes) }
    }

    /// The current size in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.length().load(Ordering::SeqCst)
    }

    pub(crate) fn pages(&self) -> u64 {
        self.bytes() / PAGE_SIZE
    }

    /// All addresses that guest code can reach through the memory. Async-signal-safe.
    pub(crate) fn reservation(&self) -> Range<usize> {
        let base = self.base().addr();
        base..base + self.reserved
    }

    /// Grows the memory by some pages. Gives the old size in pages; none if it cannot grow so far.
    pub(crate) fn grow(&self, delta: u64) -> Option<u64> {
        // The lock protects no data, so that there is nothing that a panic could have left half done.
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.pages();
        let new = old.checked_add(delta).filter(|&new| new <= self.limit)?;
        if delta > 0 {
            let start = self.base().wrapping_add(self.bytes() as usize);
            let length = (delta * PAGE_SIZE) as usize;
            // SAFETY: the pages lie in the reservation, which is ours and holds `limit` pages.
            unsafe { rustix::mm::mprotect(start.cast(), length, MprotectFlags::READ | MprotectFlags::WRITE) }.ok()?;
            self.length().store(new * PAGE_SIZE, Ordering::SeqCst);
        }
        Some(old)
    }

    /// The address of a range of bytes, if all of it lies in the memory.
    pub(crate) fn range(&self, start: u64, length: u64) -> Result<*mut u8, TrapCode> {
        match start.checked_add(length) {
            Some(end) if end <= self.bytes() => Ok(self.base().wrapping_add(start as usize)),
            Some(_) | None => Err(TrapCode::MemoryOutOfBounds),
        }
    }

    /// Sets bytes to those of a file, whose pages become the memory's own only as they are written to. The memory must be as it was
    /// made: nobody else knows it yet. Gives whether this was done; if not, the bytes are as they were.
    pub(crate) fn map(&self, start: u64, length: u64, file: &File, offset: u64) -> Result<bool, TrapCode> {
        let at = self.range(start, length)?.cast();
        let (length, access) = (length as usize, ProtFlags::READ | ProtFlags::WRITE);
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: `range` has checked that the bytes lie in the memory, which nobody reads or writes now; the system refuses
        // addresses that are not those of pages, and rounds the length up within the memory, whose size is that of pages.
        let mapped = unsafe { rustix::mm::mmap(at, length, access, flags, file, offset) };
        if mapped.is_ok() {
            return Ok(true);
        }
        if !start.is_multiple_of(rustix::param::page_size() as u64) {
            return Ok(false);
        }
        // The pages that were there may be gone, and their addresses must stay the memory's.
        // SAFETY: as above.
        let restored = unsafe { rustix::mm::mmap_anonymous(at, length, access, flags) };
        if restored.is_err() {
            alloc::handle_alloc_error(alloc::Layout::new::<u8>());
        }
        Ok(false)
    }

    /// Sets bytes to those of a slice.
    pub(crate) fn write(&self, start: u64, bytes: &[u8]) -> Result<(), TrapCode> {
        let to = self.range(start, bytes.len() as u64)?;
        // SAFETY: `range` has checked that the bytes lie in the memory. A borrowed slice is no part of it: slices of a memory
        // that is not shared borrow its store, which writing borrows mutably; of shared ones there are none.
        unsafe { libc::memcpy(to.cast(), bytes.as_ptr().cast(), bytes.len()) };
        Ok(())
    }

    /// Copies bytes out.
    pub(crate) fn read(&self, start: u64, bytes: &mut [u8]) -> Result<(), TrapCode> {
        let from = self.range(start, bytes.len() as u64)?;
        // SAFETY: as in `write`.
        unsafe { libc::memcpy(bytes.as_mut_ptr().cast(), from.cast(), bytes.len()) };
        Ok(())
    }

    /// Copies bytes from a memory, which may be this one.
    pub(crate) fn copy(&self, to: u64, source: &Linear, from: u64, length: u64) -> Result<(), TrapCode> {
        let to = self.range(to, length)?;
        let from = source.range(from, length)?;
        // SAFETY: both ranges lie in memories; they may overlap.
        unsafe { libc::memmove(to.cast(), from.cast(), length as usize) };
        Ok(())
    }

    /// Sets bytes to one value.
    pub(crate) fn fill(&self, to: u64, value: u8, length: u64) -> Result<(), TrapCode> {
        let to = self.range(to, length)?;
        // SAFETY: the range lies in the memory.
        unsafe { libc::memset(to.cast(), value.into(), length as usize) };
        Ok(())
    }
}

impl Drop for Linear {
    fn drop(&mut self) {
        // SAFETY: the reservation was mapped by `new` with this length. Nobody reads the memory any more: every store that holds
        // it keeps the space alive. Unmapping such a range cannot fail.
        let unmapped = unsafe { rustix::mm::munmap(self.base().cast(), self.reserved) };
        debug_assert!(unmapped.is_ok());
        // SAFETY: the definition came from a box in `new` and is freed once.
        drop(unsafe { Box::from_raw(self.definition.as_ptr()) });
    }
}
