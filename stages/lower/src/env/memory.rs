//! Linear memories.

use super::Env;
use crate::unit::Region;
use abi::layout::{MemoryDefinition, MemorySlot};
use abi::types::MemoryIdx;
use llvm::{Type, Value};

impl<'c> Env<'_, 'c> {
    /// The address of byte 0 of a memory.
    pub fn memory_base(&mut self, memory: MemoryIdx) -> Value<'c> {
        let offset = self.unit.input.layout.memory(memory) + MemorySlot::FIELDS.base.offset;
        if let Some(&base) = self.memories.get(&memory) {
            return base;
        }
        let base = self.invariant(&self.prologue, self.unit.types.ptr, self.vmctx, offset);
        self.memories.insert(memory, base);
        base
    }

    /// The size of a memory in bytes, an `i64`.
    pub fn memory_bytes(&self, memory: MemoryIdx) -> Value<'c> {
        let slot = self.unit.input.layout.memory(memory) + MemorySlot::FIELDS.definition.offset;
        let definition = self.invariant(&self.builder, self.unit.types.ptr, self.vmctx, slot);
        let bytes = self.offset(&self.builder, definition, MemoryDefinition::FIELDS.bytes.offset);
        self.builder.load(self.unit.types.i64, bytes)
    }

    /// Loads from linear memory. Nothing is assumed of the address: an alignment is but a hint.
    pub fn load(&self, ty: Type<'c>, address: Value<'c>) -> Value<'c> {
        let load = self.builder.load(ty, address);
        self.memory_access(load);
        load
    }

    /// Stores to linear memory.
    pub fn store(&self, value: Value<'c>, address: Value<'c>) {
        let store = self.builder.store(value, address);
        self.memory_access(store);
    }

    fn memory_access(&self, access: Value<'c>) {
        access.set_alignment(1);
        self.observable(access);
        self.unit.facts.within(self.unit.context, Region::Memory, access);
    }
}
