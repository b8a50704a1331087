//! Stacks: the guest's own, and what is left of the host's.

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

/// What lies below a guest's stack. Guest code touches every page of a frame on its way down, so it cannot step across; code
/// that does not, such as a runtime symbol, has smaller frames.
const GUARD_SIZE: usize = 64 << 10;

/// The least that guest code gets.
const MIN_SIZE: usize = 64 << 10;

/// What a host function that calls guest code must leave of the host's stack: room for another host function and the runtime.
const HOST_RESERVE: usize = 256 << 10;

/// The stack of a store's guest code: a guard, then the stack proper.
pub(crate) struct GuestStack {
    start: usize,
    /// The length of the guard.
    guard: usize,
    /// The length of guard and stack.
    length: usize,
}

impl GuestStack {
    /// # Panics
    /// If the system has no address space left.
    pub(crate) fn new(size: usize) -> GuestStack {
        let size = size.max(MIN_SIZE).next_multiple_of(rustix::param::page_size());
        let guard = GUARD_SIZE.next_multiple_of(rustix::param::page_size());
        let length = guard + size;
        // SAFETY: a fresh mapping at an address of the system's choice touches no other memory.
        let start = unsafe {
            let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
            rustix::mm::mmap_anonymous(ptr::null_mut(), length, ProtFlags::empty(), flags)
        };
        let start = start.expect("address space for a stack");
        let stack = GuestStack { start: start.expose_provenance(), guard, length };
        // SAFETY: the pages are those just mapped.
        let opened = unsafe {
            let usable = start.byte_add(guard);
            rustix::mm::mprotect(usable, size, MprotectFlags::READ | MprotectFlags::WRITE)
        };
        opened.expect("memory for a stack");
        stack
    }

    fn usable(&self) -> Range<usize> {
        self.start + self.guard..self.top()
    }

    /// The stack pointer of the empty stack.
    pub(crate) fn top(&self) -> usize {
        self.start + self.length
    }

    /// Whether a stack pointer is in the stack or its guard. Async-signal-safe.
    pub(crate) fn contains(&self, sp: usize) -> bool {
        (self.start..=self.top()).contains(&sp)
    }

    /// Whether an address lies in the guard. Async-signal-safe.
    pub(crate) fn guard_contains(&self, address: usize) -> bool {
        (self.start..self.usable().start).contains(&address)
    }

    /// Whether some words from an address on lie in the stack. Async-signal-safe.
    #[inline]
    pub(crate) fn holds(&self, address: usize, words: usize) -> bool {
        let usable = self.usable();
        usable.contains(&address) && usable.end - address >= words * size_of::<usize>()
    }
}

impl Drop for GuestStack {
    fn drop(&mut self) {
        // SAFETY: `new` mapped the range; no guest code runs any more. Unmapping such a range cannot fail.
        let unmapped = unsafe { rustix::mm::munmap(ptr::with_exposed_provenance_mut(self.start), self.length) };
        debug_assert!(unmapped.is_ok());
    }
}

/// Whether the host's stack has room to enter guest code again. Guest code that makes a host function call it again and again
/// must end in a trap before the host's own stack does.
pub(crate) fn host_has_room() -> bool {
    thread_local! {
        static BOUNDS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }
    let (low, high) = BOUNDS.get().unwrap_or_else(|| {
        let bounds = host_bounds();
        BOUNDS.set(Some(bounds));
        bounds
    });
    let here = (&raw const low).addr();
    // Elsewhere than on the thread's own stack nothing is known, and the embedder has taken over.
    !(low..high).contains(&here) || here - low > HOST_RESERVE.min((high - low) / 4)
}

/// The bounds of this thread's stack; empty if the system does not tell.
fn host_bounds() -> (usize, usize) {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes are initialized by the first call, read only if it succeeded, and destroyed after.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return (0, 0);
        }
        let read = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        if read != 0 {
            return (0, 0);
        }
    }
    (low.addr(), low.addr() + size)
}
