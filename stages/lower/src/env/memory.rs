//! Linear memories.

use super::Env;
use abi::layout::{MemoryDefinition, MemorySlot};
use abi::trap::TrapCode;
use abi::types::MemoryIdx;
use artifact::region::Region;
use llvm::{AtomicOrdering, AtomicRmwOp, Call, GepFlags, IntPredicate, Type, Value};

impl<'c> Env<'_, 'c> {
    /// The address of byte 0 of a memory.
    pub fn memory_base(&mut self, memory: MemoryIdx) -> Value<'c> {
        let offset = self.unit.input.interface.memory(memory).slot + MemorySlot::FIELDS.base.offset;
        if let Some(&base) = self.memories.get(&memory) {
            return base;
        }
        let base = self.invariant(&self.prologue, self.unit.types.ptr, self.vmctx, offset);
        self.memories.insert(memory, base);
        base
    }

    /// The size of a memory in bytes, an `i64`.
    pub fn memory_bytes(&self, memory: MemoryIdx) -> Value<'c> {
        let slot = self.unit.input.interface.memory(memory).slot + MemorySlot::FIELDS.definition.offset;
        let definition = self.invariant(&self.builder, self.unit.types.ptr, self.vmctx, slot);
        let bytes = self.offset(&self.builder, definition, MemoryDefinition::FIELDS.bytes.offset);
        let load = self.builder.load(self.unit.types.i64, bytes);
        if self.unit.input.interface.memory(memory).shared {
            load.set_atomic_ordering(AtomicOrdering::SeqCst);
        }
        self.unit.facts.within(self.unit.context, Region::Tables, load);
        load
    }

    /// Loads from linear memory. Nothing is assumed of the address: an alignment is but a hint.
    pub fn load(&self, ty: Type<'c>, address: Value<'c>) -> Value<'c> {
        self.store_counters();
        let load = self.builder.load(ty, address);
        self.memory_access(load);
        load
    }

    /// Stores to linear memory.
    pub fn store(&self, value: Value<'c>, address: Value<'c>) {
        self.store_counters();
        let store = self.builder.store(value, address);
        self.memory_access(store);
    }

    /// Loads from linear memory in one step, in one order with all such accesses.
    pub fn atomic_load(&self, ty: Type<'c>, address: Value<'c>) -> Value<'c> {
        self.store_counters();
        let load = self.builder.load(ty, address);
        load.set_atomic_ordering(AtomicOrdering::SeqCst);
        self.atomic_access(load);
        load
    }

    /// Stores to linear memory, likewise.
    pub fn atomic_store(&self, value: Value<'c>, address: Value<'c>) {
        self.store_counters();
        let store = self.builder.store(value, address);
        store.set_atomic_ordering(AtomicOrdering::SeqCst);
        self.atomic_access(store);
    }

    /// Changes linear memory, likewise. Gives the old value.
    pub fn atomic_change(&self, op: AtomicRmwOp, address: Value<'c>, value: Value<'c>) -> Value<'c> {
        self.store_counters();
        let change = self.builder.atomicrmw(op, address, value, AtomicOrdering::SeqCst);
        self.atomic_access(change);
        change
    }

    /// Stores to linear memory if it holds `expected`, likewise. Gives the old value.
    pub fn atomic_exchange(&self, address: Value<'c>, expected: Value<'c>, new: Value<'c>) -> Value<'c> {
        self.store_counters();
        let order = AtomicOrdering::SeqCst;
        let both = self.builder.cmpxchg(address, expected, new, order, order);
        self.atomic_access(both);
        self.builder.extract_value(both, 0)
    }

    /// Copies between linear memories that are not shared, whatever overlaps. All operands are `i64`.
    pub fn memory_copy(&mut self, to: (MemoryIdx, Value<'c>), from: (MemoryIdx, Value<'c>), length: Value<'c>) {
        let target = self.memory_range(to.0, to.1, length);
        let source = self.memory_range(from.0, from.1, length);
        self.bulk("llvm.memmove", &[target, source], length);
    }

    /// Sets `length` bytes of a linear memory that is not shared to an `i8`; the other operands are `i64`.
    pub fn memory_fill(&mut self, memory: MemoryIdx, to: Value<'c>, value: Value<'c>, length: Value<'c>) {
        let target = self.memory_range(memory, to, length);
        self.bulk("llvm.memset", &[target, value], length);
    }

    /// The address of bytes of a memory. Traps if they are not all there.
    fn memory_range(&mut self, memory: MemoryIdx, start: Value<'c>, length: Value<'c>) -> Value<'c> {
        let bytes = self.memory_bytes(memory);
        let builder = &self.builder;
        let outside = match self.unit.input.interface.memory(memory).memory64 {
            // Of 32 bits each, so that their sum does not wrap around.
            false => builder.icmp(IntPredicate::Ugt, builder.add(start, length), bytes),
            true => {
                let long = builder.icmp(IntPredicate::Ugt, length, bytes);
                let late = builder.icmp(IntPredicate::Ugt, start, builder.sub(bytes, length));
                builder.or(long, late)
            }
        };
        self.trap_if(outside, TrapCode::MemoryOutOfBounds);
        let base = self.memory_base(memory);
        self.builder.ptr_add_with(base, start, GepFlags::IN_BOUNDS | GepFlags::NUW)
    }

    /// Does what an intrinsic does for many bytes, which are there. Some code of its own for few of them, or a call of the
    /// runtime's symbol, which stays on the stack of the guest.
    fn bulk(&mut self, intrinsic: &str, operands: &[Value<'c>], length: Value<'c>) {
        let overloads: Vec<_> =
            operands.iter().map(|operand| operand.ty()).filter(|ty| *ty == self.unit.types.ptr).collect();
        let overloads = [overloads, vec![self.unit.types.i64]].concat();
        let volatile = self.unit.context.const_bool(!self.unit.input.relaxed_traps);
        let call: Call<'c> = self.builder.intrinsic(intrinsic, &overloads, &[operands, &[length, volatile]].concat());
        self.unit.facts.within_memory(self.unit.context, *call);
    }

    /// An access at an address that is aligned to its size, as the builder assumes.
    fn atomic_access(&self, access: Value<'c>) {
        self.observable(access);
        self.unit.facts.within_memory(self.unit.context, access);
    }

    /// Where memories may be shared, relaxed traps are no leave to make accesses plain: LLVM gives a plain load that races no
    /// value at all. A volatile one gives what the processor finds there, whatever its alignment, which unordered atomic ones do
    /// not (language reference, on the memory model for concurrent operations).
    fn memory_access(&self, access: Value<'c>) {
        access.set_alignment(1);
        if self.unit.input.interface.shares_memory() {
            access.set_volatile(true);
        }
        self.observable(access);
        self.unit.facts.within_memory(self.unit.context, access);
    }
}
