//! Memories that several stores share.

use crate::linear::Linear;
use crate::memory::{MemoryData, ResourceError};
use crate::store::Store;
use crate::value::Memory;
use crate::wait::WaitResult;
use abi::trap::TrapCode;
use abi::types::MemoryType;
use std::fmt;
use std::sync::Arc;

/// A shared memory: any number of stores, on any threads, can hold it and have it imported by their instances. It lives as long
/// as one of its holders.
///
/// Other threads may change its bytes at any time, so they are copied in and out instead of lent. A copy is not atomic: it may
/// see some bytes before and some after a change.
#[derive(Clone)]
pub struct SharedMemory {
    linear: Arc<Linear>,
}

impl SharedMemory {
    /// Makes a shared memory of its minimal size.
    ///
    /// # Errors
    /// If the type is not shared or has no maximum, it is above the limits, or the system has no address space left.
    pub fn new(ty: MemoryType) -> Result<SharedMemory, ResourceError> {
        if !ty.shared {
            return Err(ResourceError::NotShared);
        }
        Ok(SharedMemory { linear: Arc::new(Linear::new(ty, None)?) })
    }

    /// Its type. The minimum is that of its declaration, not its current size.
    pub fn ty(&self) -> MemoryType {
        self.linear.ty()
    }

    /// Its size in pages of 64 KiB.
    pub fn size(&self) -> u64 {
        self.linear.pages()
    }

    /// Grows it by some pages. Gives the old size in pages; none if it cannot grow so far.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        self.linear.grow(delta)
    }

    /// Copies bytes out.
    ///
    /// # Errors
    /// If some lie past its end.
    pub fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), TrapCode> {
        self.linear.read(address, bytes)
    }

    /// Copies bytes in.
    ///
    /// # Errors
    /// If some would lie past its end.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), TrapCode> {
        self.linear.write(address, bytes)
    }

    /// Waits, as `memory.atomic.wait32` does, until another thread notifies at the address; not at all if the memory does not
    /// hold `expected` there. A negative timeout, in nanoseconds, is none.
    ///
    /// # Errors
    /// If the address is not a multiple of 4 or lies past the end.
    pub fn wait32(&self, address: u64, expected: u32, timeout: i64) -> Result<WaitResult, TrapCode> {
        self.linear.wait32(address, expected, timeout, None)
    }

    /// As [`SharedMemory::wait32`] for 64 bits, as `memory.atomic.wait64` does.
    ///
    /// # Errors
    /// If the address is not a multiple of 8 or lies past the end.
    pub fn wait64(&self, address: u64, expected: u64, timeout: i64) -> Result<WaitResult, TrapCode> {
        self.linear.wait64(address, expected, timeout, None)
    }

    /// Wakes up to `count` threads that wait at the address, as `memory.atomic.notify` does. Gives how many there were.
    ///
    /// # Errors
    /// If the address is not a multiple of 4 or lies past the end.
    pub fn notify(&self, address: u64, count: u32) -> Result<u32, TrapCode> {
        self.linear.notify(address, count)
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("ty", &self.ty()).field("size", &self.size()).finish_non_exhaustive()
    }
}

impl Store {
    /// Makes a shared memory one of this store's, for its instances to import. The store's limit on memories is not applied: the
    /// memory was made elsewhere. One that the store has already is not added again.
    pub fn add_shared_memory(&mut self, memory: &SharedMemory) -> Memory {
        let data = self.data_mut();
        match (0..).zip(&data.memories).find(|(_, held)| Arc::ptr_eq(held.linear(), &memory.linear)) {
            Some((index, _)) => Memory { store: data.id, index },
            None => data.add_memory(MemoryData::holding(memory.linear.clone())),
        }
    }

    /// The memory, to give it to other stores; none if it is not shared.
    pub fn shared_memory(&self, memory: Memory) -> Option<SharedMemory> {
        let memory = self.data().memory(memory);
        memory.ty().shared.then(|| SharedMemory { linear: memory.linear().clone() })
    }
}
