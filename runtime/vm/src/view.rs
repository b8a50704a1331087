//! Memories as an interpreter sees them.

use crate::arch;
use crate::store::Store;
use abi::layout::MemoryDefinition;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of a memory. Accesses give none if some of the bytes are past the end.
pub trait View: Copy {
    /// Reads bytes.
    fn read<const N: usize>(self, address: u64) -> Option<[u8; N]>;

    /// Writes bytes.
    fn write<const N: usize>(self, address: u64, bytes: [u8; N]) -> Option<()>;
}

/// A memory that is not shared: its bytes as they were when the view was made, which is valid but may be fewer than now.
#[derive(Clone, Copy)]
pub struct MemoryView<'s> {
    base: *mut u8,
    bytes: u64,
    store: PhantomData<&'s Store>,
}

impl MemoryView<'_> {
    /// A view of no bytes.
    pub const EMPTY: MemoryView<'static> = MemoryView { base: std::ptr::null_mut(), bytes: 0, store: PhantomData };

    /// A view of a memory.
    ///
    /// # Safety
    /// The definition is that of a memory that is not shared, in a store that outlives the view.
    pub(crate) unsafe fn new(definition: NonNull<MemoryDefinition>) -> Self {
        // SAFETY: the caller's promise; native code that writes definitions is suspended.
        let MemoryDefinition { base, bytes } = unsafe { definition.read() };
        MemoryView { base, bytes, store: PhantomData }
    }
}

impl View for MemoryView<'_> {
    #[inline(always)]
    fn read<const N: usize>(self, address: u64) -> Option<[u8; N]> {
        let end = address.checked_add(N as u64)?;
        // SAFETY: the bytes lie in the memory, which neither moves nor shrinks nor is freed while the store runs. Nobody holds a
        // reference to them: that takes the store, which is lent to the guest.
        (end <= self.bytes).then(|| unsafe { self.base.add(address as usize).cast::<[u8; N]>().read() })
    }

    #[inline(always)]
    fn write<const N: usize>(self, address: u64, bytes: [u8; N]) -> Option<()> {
        let end = address.checked_add(N as u64)?;
        // SAFETY: as in `read`.
        (end <= self.bytes).then(|| unsafe { self.base.add(address as usize).cast::<[u8; N]>().write(bytes) })
    }
}

/// A memory, shared or not: its bytes as they were when the view was made. Other threads may have grown a shared one since, so that
/// such a view is for one access.
#[derive(Clone, Copy)]
pub struct AnyView<'s> {
    memory: MemoryView<'s>,
    shared: bool,
}

impl AnyView<'_> {
    /// A view of a memory.
    ///
    /// # Safety
    /// The definition is that of a memory, which is shared or not as it is said to be, in a store that outlives the view.
    pub(crate) unsafe fn new(definition: NonNull<MemoryDefinition>, shared: bool) -> Self {
        // SAFETY: the caller's promise. The base never changes; all who use a shared memory access its length atomically.
        let (base, length) = unsafe {
            let definition = definition.as_ptr();
            ((*definition).base, AtomicU64::from_ptr(&raw mut (*definition).bytes))
        };
        let bytes = length.load(Ordering::SeqCst);
        AnyView { memory: MemoryView { base, bytes, store: PhantomData }, shared }
    }

    /// How many bytes there are.
    pub fn bytes(self) -> u64 {
        self.memory.bytes
    }

    /// The address of bytes, if all of them lie in the memory.
    pub(crate) fn range(self, address: u64, bytes: usize) -> Option<*mut u8> {
        let end = address.checked_add(bytes as u64)?;
        (end <= self.bytes()).then(|| self.memory.base.wrapping_add(address as usize))
    }
}

/// Accesses to shared memories may race (module `arch`).
impl View for AnyView<'_> {
    fn read<const N: usize>(self, address: u64) -> Option<[u8; N]> {
        match self.shared {
            false => self.memory.read(address),
            // SAFETY: the bytes lie in the memory, which neither moves nor shrinks nor is freed while the store runs.
            true => self.range(address, N).map(|place| unsafe { arch::load(place) }),
        }
    }

    fn write<const N: usize>(self, address: u64, bytes: [u8; N]) -> Option<()> {
        match self.shared {
            false => self.memory.write(address, bytes),
            // SAFETY: as in `read`; nobody holds references to a shared memory's bytes but as atomic integers.
            true => self.range(address, N).map(|place| unsafe { arch::store(place, bytes) }),
        }
    }
}
