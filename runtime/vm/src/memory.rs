//! Linear memories as a store holds them.

use crate::linear::Linear;
use crate::store::Store;
use crate::value::Memory;
use abi::trap::TrapCode;
use abi::types::MemoryType;
use std::ops::Deref;
use std::sync::Arc;

/// Why a memory or table cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// A shared memory's type must say how large it may grow.
    #[error("shared memory must have maximum")]
    SharedWithoutMaximum,
    /// A memory that several stores are to share must be of a shared type.
    #[error("expected shared memory")]
    NotShared,
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

/// A store's hold on a memory, which no other store has unless the memory is shared.
pub(crate) struct MemoryData(Arc<Linear>);

impl MemoryData {
    /// Makes a memory of its minimal size. `limit` bounds its pages from outside.
    pub(crate) fn new(ty: MemoryType, limit: Option<u32>) -> Result<MemoryData, ResourceError> {
        Ok(MemoryData(Arc::new(Linear::new(ty, limit)?)))
    }

    /// Holds a shared memory.
    pub(crate) fn holding(linear: Arc<Linear>) -> MemoryData {
        debug_assert!(linear.ty().shared, "only shared memories are held by several stores");
        MemoryData(linear)
    }

    pub(crate) fn linear(&self) -> &Arc<Linear> {
        &self.0
    }
}

impl Deref for MemoryData {
    type Target = Linear;

    fn deref(&self) -> &Linear {
        &self.0
    }
}

impl Store {
    /// Makes a memory of its minimal size.
    ///
    /// # Errors
    /// If it is shared and has no maximum, is above the limits, or the system has no address space left.
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
        self.data_mut().memory(memory).grow(delta)
    }

    /// The bytes of a memory; none of a shared one, which other threads may be writing to.
    pub fn memory_data(&self, memory: Memory) -> Option<&[u8]> {
        let memory = self.data().memory(memory);
        // SAFETY: `bytes` bytes behind the base are readable, initialized by the system, and change only through the store, as
        // the memory is not shared: guest code runs, and the memory grows, only with a mutable borrow of it.
        (!memory.ty().shared).then(|| unsafe { std::slice::from_raw_parts(memory.base(), memory.bytes() as usize) })
    }

    /// The bytes of a memory, to change; none of a shared one.
    pub fn memory_data_mut(&mut self, memory: Memory) -> Option<&mut [u8]> {
        let memory = self.data_mut().memory(memory);
        // SAFETY: as in `memory_data`; the store is borrowed mutably, so there is no other slice.
        (!memory.ty().shared).then(|| unsafe { std::slice::from_raw_parts_mut(memory.base(), memory.bytes() as usize) })
    }

    /// Copies bytes out of a memory, shared or not.
    ///
    /// # Errors
    /// If some lie past its end.
    pub fn memory_read(&self, memory: Memory, address: u64, bytes: &mut [u8]) -> Result<(), TrapCode> {
        self.data().memory(memory).read(address, bytes)
    }

    /// Copies bytes into a memory, shared or not.
    ///
    /// # Errors
    /// If some would lie past its end.
    pub fn memory_write(&mut self, memory: Memory, address: u64, bytes: &[u8]) -> Result<(), TrapCode> {
        self.data_mut().memory(memory).write(address, bytes)
    }
}
