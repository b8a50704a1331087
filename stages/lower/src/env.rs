//! The one interface between lowering and the ABI: contexts, memories, globals, tables, calls, libcalls and traps.
//!
//! Operators say what they need, in terms of WebAssembly; how the runtime provides it is known here only. What never changes
//! while a function runs (where a memory begins, where a cell lies) is loaded once, in the function's prologue.

use crate::unit::{Region, Unit};
use abi::layout::{ELEMENT_SIZE, FuncRecord, Header, MemoryDefinition, MemorySlot, Place, TableDefinition};
use abi::libcall::Libcall;
use abi::module::ConstOp;
use abi::signature::{MAX_REGISTER_RESULTS, has_return_area};
use abi::trap::TrapCode;
use abi::types::{FuncIdx, FuncType, GlobalIdx, MemoryIdx, TableIdx, TypeIdx, ValType};
use llvm::{BasicBlock, Builder, CallConv, Function, GepFlags, IntPredicate, Position, Type, Value};
use std::collections::BTreeMap;

/// The code of one function in the making, and its way to the context.
pub(crate) struct Env<'a, 'c> {
    pub unit: &'a Unit<'a, 'c>,
    /// Builds the code.
    pub builder: Builder<'c>,
    /// Builds what is computed once, on entry: before `anchor`.
    prologue: Builder<'c>,
    /// Stands between the prologue and the rest of the first block until the function is finished.
    anchor: Value<'c>,
    function: Function<'c>,
    vmctx: Value<'c>,
    /// The block in which code was built last; the next one follows it in the text.
    last: BasicBlock<'c>,
    memories: BTreeMap<MemoryIdx, Value<'c>>,
    cells: BTreeMap<GlobalIdx, Value<'c>>,
    tables: BTreeMap<TableIdx, Value<'c>>,
    slots: BTreeMap<usize, Value<'c>>,
    traps: BTreeMap<u32, (TrapCode, BasicBlock<'c>)>,
}

impl<'a, 'c> Env<'a, 'c> {
    /// Begins the code of a function.
    pub fn new(unit: &'a Unit<'a, 'c>, function: Function<'c>) -> Self {
        let vmctx = function.param(0);
        let first = function.append_block("");
        let builder = unit.context.builder();
        builder.position_at_end(first);
        let anchor = builder.freeze(vmctx);
        let prologue = unit.context.builder();
        prologue.position_before(anchor);
        Self {
            unit,
            builder,
            prologue,
            anchor,
            function,
            vmctx,
            last: first,
            memories: BTreeMap::new(),
            cells: BTreeMap::new(),
            tables: BTreeMap::new(),
            slots: BTreeMap::new(),
            traps: BTreeMap::new(),
        }
    }

    /// Ends the function, with a cold block for each reason to trap.
    pub fn finish(mut self) {
        self.anchor.erase_instruction();
        for (trap, block) in std::mem::take(&mut self.traps).into_values() {
            self.start(block);
            let code = self.unit.context.const_i32(trap.code() as i32);
            let call = self.call_libcall(Libcall::Trap, &[code]);
            for attribute in self.unit.no_return() {
                call.add_attribute(Position::Function, attribute);
            }
            self.builder.unreachable();
        }
    }

    // Blocks.

    /// A new block, for [`Env::start`].
    pub fn block(&self) -> BasicBlock<'c> {
        self.function.append_block("")
    }

    /// Continues in a block.
    pub fn start(&mut self, block: BasicBlock<'c>) {
        block.move_after(self.last);
        self.last = block;
        self.builder.position_at_end(block);
    }

    /// The block that code is being built in.
    pub fn current_block(&self) -> BasicBlock<'c> {
        self.last
    }

    // Traps.

    /// The block that traps for a reason.
    pub fn trap(&mut self, trap: TrapCode) -> BasicBlock<'c> {
        let function = self.function;
        self.traps.entry(trap.code()).or_insert_with(|| (trap, function.append_block(""))).1
    }

    /// Goes to a cold block if `condition` holds, and continues where it does not.
    pub fn leave_if(&mut self, condition: Value<'c>, cold: BasicBlock<'c>) {
        let next = self.block();
        let branch = self.builder.cond_br(condition, cold, next);
        self.unit.facts.unlikely(self.unit.context, branch);
        self.start(next);
    }

    /// Traps if `condition` holds. Builds nothing if it is known not to.
    pub fn trap_if(&mut self, condition: Value<'c>, trap: TrapCode) {
        if condition.as_const_int() != Some(0) {
            let cold = self.trap(trap);
            self.leave_if(condition, cold);
        }
    }

    // Memories.

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

    /// The access may trap, or a trap elsewhere lets its effect be seen: keeps it in its place unless traps are relaxed.
    fn observable(&self, access: Value<'c>) {
        if !self.unit.input.relaxed_traps {
            access.set_volatile(true);
        }
    }

    // Globals.

    /// The value of a global.
    pub fn global_get(&mut self, global: GlobalIdx) -> Value<'c> {
        let declared = &self.unit.input.module.globals[global.index()];
        if !declared.ty.mutable
            && let Some(init) = &declared.init
            && let [op] = init.0[..]
            && let Some(value) = self.constant(op)
        {
            return value;
        }
        let cell = self.cell(global);
        let load = self.builder.load(self.unit.types.value(declared.ty.content), cell);
        if declared.ty.mutable {
            self.unit.facts.within(self.unit.context, Region::Globals, load);
        } else {
            self.unit.facts.invariant(self.unit.context, load);
        }
        load
    }

    /// Sets a global.
    pub fn global_set(&mut self, global: GlobalIdx, value: Value<'c>) {
        let cell = self.cell(global);
        let store = self.builder.store(value, cell);
        self.observable(store);
        self.unit.facts.within(self.unit.context, Region::Globals, store);
    }

    fn cell(&mut self, global: GlobalIdx) -> Value<'c> {
        if let Some(&cell) = self.cells.get(&global) {
            return cell;
        }
        let cell = self.place(self.unit.input.layout.global(global));
        self.cells.insert(global, cell);
        cell
    }

    /// The value of a constant instruction, where it is the same for each instance.
    fn constant(&self, op: ConstOp) -> Option<Value<'c>> {
        let context = self.unit.context;
        match op {
            ConstOp::I32Const(value) => Some(context.const_i32(value)),
            ConstOp::I64Const(value) => Some(context.const_i64(value)),
            ConstOp::F32Const(bits) => Some(context.const_f32_bits(bits)),
            ConstOp::F64Const(bits) => Some(context.const_f64_bits(bits)),
            ConstOp::RefNull(ty) => Some(self.unit.types.value(ty).null()),
            ConstOp::V128Const(_)
            | ConstOp::GlobalGet(_)
            | ConstOp::RefFunc(_)
            | ConstOp::I32Add
            | ConstOp::I32Sub
            | ConstOp::I32Mul
            | ConstOp::I64Add
            | ConstOp::I64Sub
            | ConstOp::I64Mul => None,
        }
    }

    // Tables.

    /// The number of elements of a table, an `i64`.
    pub fn table_length(&mut self, table: TableIdx) -> Value<'c> {
        if let Some(length) = self.fixed_length(table) {
            return self.unit.context.const_i64(length as i64);
        }
        let definition = self.table(table);
        let length = self.offset(&self.builder, definition, TableDefinition::FIELDS.length.offset);
        let load = self.builder.load(self.unit.types.i64, length);
        self.unit.facts.within(self.unit.context, Region::Tables, load);
        load
    }

    /// The address of the element of a table at an index (`i32`). Traps if there is none.
    pub fn table_element(&mut self, table: TableIdx, index: Value<'c>, out_of_bounds: TrapCode) -> Value<'c> {
        let types = self.unit.types;
        let index = self.builder.zext(index, types.i64);
        let length = self.table_length(table);
        let outside = self.builder.icmp(IntPredicate::Uge, index, length);
        self.trap_if(outside, out_of_bounds);
        let definition = self.table(table);
        let offset = TableDefinition::FIELDS.elements.offset;
        let elements = if self.fixed_length(table).is_some() {
            self.invariant(&self.builder, types.ptr, definition, offset)
        } else {
            let load = self.builder.load(types.ptr, self.offset(&self.builder, definition, offset));
            self.unit.facts.within(self.unit.context, Region::Tables, load);
            load
        };
        const { assert!(ELEMENT_SIZE == 8, "an element is a word") };
        self.builder.gep(types.i64, elements, &[index], GepFlags::IN_BOUNDS | GepFlags::NUW)
    }

    /// Loads a table's element.
    pub fn element_load(&self, address: Value<'c>) -> Value<'c> {
        let load = self.builder.load(self.unit.types.ptr, address);
        self.unit.facts.within(self.unit.context, Region::Tables, load);
        load
    }

    /// Sets a table's element.
    pub fn element_store(&self, value: Value<'c>, address: Value<'c>) {
        let store = self.builder.store(value, address);
        self.observable(store);
        self.unit.facts.within(self.unit.context, Region::Tables, store);
    }

    /// The length of a table that can neither grow nor be imported at another length.
    fn fixed_length(&self, table: TableIdx) -> Option<u64> {
        let limits = self.unit.input.module.tables[table.index()].ty.limits;
        (limits.max == Some(limits.min)).then_some(limits.min)
    }

    fn table(&mut self, table: TableIdx) -> Value<'c> {
        if let Some(&definition) = self.tables.get(&table) {
            return definition;
        }
        let definition = self.place(self.unit.input.layout.table(table));
        self.tables.insert(table, definition);
        definition
    }

    // Calls.

    /// A reference to a function; none if the module gives it no record, which validation rules out.
    pub fn function_reference(&self, function: FuncIdx) -> Option<Value<'c>> {
        let record = self.unit.input.layout.record(function)?;
        Some(self.offset(&self.builder, self.vmctx, record))
    }

    /// Calls a function of the module. Gives its results.
    pub fn call(&mut self, function: FuncIdx, args: &[Value<'c>]) -> Vec<Value<'c>> {
        let module = self.unit.input.module;
        let ty = module.function_type(function);
        match module.defined(function) {
            Some(defined) => {
                let callee = self.unit.defined(defined);
                self.call_native(ty, *callee, self.vmctx, args)
            }
            None => {
                let record = self.unit.input.layout.record(function).expect("imported functions have records");
                let record = self.offset(&self.builder, self.vmctx, record);
                self.call_record(ty, record, args)
            }
        }
    }

    /// Calls what an element of a table refers to, as a function of a type. Gives its results.
    pub fn call_indirect(
        &mut self,
        ty: TypeIdx,
        table: TableIdx,
        index: Value<'c>,
        args: &[Value<'c>],
    ) -> Vec<Value<'c>> {
        let types = self.unit.types;
        let address = self.table_element(table, index, TrapCode::UndefinedElement);
        let record = self.element_load(address);
        let null = self.builder.icmp(IntPredicate::Eq, record, types.ptr.null());
        self.trap_if(null, TrapCode::UninitializedElement);
        let actual = self.invariant(&self.builder, types.i32, record, FuncRecord::FIELDS.type_id.offset);
        let expected = self.invariant(&self.builder, types.i32, self.vmctx, self.unit.input.layout.type_id(ty));
        let differs = self.builder.icmp(IntPredicate::Ne, actual, expected);
        self.trap_if(differs, TrapCode::IndirectCallTypeMismatch);
        self.call_record(&self.unit.input.module.types[ty.index()], record, args)
    }

    fn call_record(&mut self, ty: &FuncType, record: Value<'c>, args: &[Value<'c>]) -> Vec<Value<'c>> {
        let ptr = self.unit.types.ptr;
        let code = self.invariant(&self.builder, ptr, record, FuncRecord::FIELDS.code.offset);
        let context = self.invariant(&self.builder, ptr, record, FuncRecord::FIELDS.context.offset);
        self.call_native(ty, code, context, args)
    }

    /// Calls native code ([`abi::signature`]). Gives its results.
    fn call_native(
        &mut self,
        ty: &FuncType,
        code: Value<'c>,
        context: Value<'c>,
        args: &[Value<'c>],
    ) -> Vec<Value<'c>> {
        let area = has_return_area(ty).then(|| self.slots(ty.results.len()));
        let call = self.call_code(ty, code, context, area, args);
        match area {
            None => self.direct_results(ty, call),
            Some(area) => self.load_slots(&ty.results, area),
        }
    }

    /// Calls native code of a type whose results go to `area`, if it has too many to return them directly.
    pub fn call_code(
        &self,
        ty: &FuncType,
        code: Value<'c>,
        context: Value<'c>,
        area: Option<Value<'c>>,
        args: &[Value<'c>],
    ) -> llvm::Call<'c> {
        let all: Vec<_> = [context].into_iter().chain(area).chain(args.iter().copied()).collect();
        let call = self.builder.call(self.unit.types.native(ty), code, &all);
        call.set_call_conv(CallConv::Fast);
        call
    }

    /// The results that a call returns directly.
    pub fn direct_results(&self, ty: &FuncType, call: llvm::Call<'c>) -> Vec<Value<'c>> {
        match ty.results[..] {
            [] => Vec::new(),
            [_] => vec![*call],
            _ => (0u32..).zip(&ty.results).map(|(index, _)| self.builder.extract_value(*call, index)).collect(),
        }
    }

    /// Loads values from slots, from the first on.
    pub fn load_slots(&self, types: &[ValType], slots: Value<'c>) -> Vec<Value<'c>> {
        let types = types.iter().map(|&ty| self.unit.types.value(ty)).enumerate();
        types.map(|(index, ty)| self.builder.load(ty, self.slot(slots, index))).collect()
    }

    /// Stores values to slots, from the first on.
    pub fn store_slots(&self, values: impl IntoIterator<Item = Value<'c>>, slots: Value<'c>) {
        for (index, value) in values.into_iter().enumerate() {
            self.builder.store(value, self.slot(slots, index));
        }
    }

    /// Returns from the function, which is of a given type.
    pub fn ret(&self, ty: &FuncType, results: &[Value<'c>]) {
        match *results {
            [] => self.builder.ret_void(),
            [result] => self.builder.ret(result),
            _ if results.len() > MAX_REGISTER_RESULTS => {
                self.store_slots(results.iter().copied(), self.function.param(1));
                self.builder.ret_void()
            }
            _ => {
                let mut both = self.unit.types.result(ty).poison();
                for (index, &result) in (0u32..).zip(results) {
                    both = self.builder.insert_value(both, result, index);
                }
                self.builder.ret(both)
            }
        };
    }

    /// Space for slots in the frame. Calls share it: results are read right after a call.
    pub fn slots(&mut self, slots: usize) -> Value<'c> {
        let ty = self.unit.types.slots(slots);
        *self.slots.entry(slots).or_insert_with(|| self.prologue.alloca(ty))
    }

    fn slot(&self, slots: Value<'c>, index: usize) -> Value<'c> {
        self.offset(&self.builder, slots, index as u32 * abi::signature::SLOT_SIZE)
    }

    /// Calls the runtime. Gives the result, if the libcall has one.
    pub fn libcall(&self, libcall: Libcall, args: &[Value<'c>]) -> Value<'c> {
        *self.call_libcall(libcall, args)
    }

    fn call_libcall(&self, libcall: Libcall, args: &[Value<'c>]) -> llvm::Call<'c> {
        let ptr = self.unit.types.ptr;
        let table = self.invariant(&self.builder, ptr, self.vmctx, Header::FIELDS.libcalls.offset);
        let code = self.invariant(&self.builder, ptr, table, libcall.offset());
        let all: Vec<_> = [self.vmctx].into_iter().chain(args.iter().copied()).collect();
        self.builder.call(self.unit.types.libcall(libcall), code, &all)
    }

    // Places.

    /// The address of a thing in the context, found in the prologue.
    fn place(&self, place: Place) -> Value<'c> {
        match place {
            Place::Inline(offset) => self.offset(&self.prologue, self.vmctx, offset),
            Place::Indirect(offset) => self.invariant(&self.prologue, self.unit.types.ptr, self.vmctx, offset),
        }
    }

    /// Loads what never changes.
    fn invariant(&self, builder: &Builder<'c>, ty: Type<'c>, base: Value<'c>, offset: u32) -> Value<'c> {
        let load = builder.load(ty, self.offset(builder, base, offset));
        self.unit.facts.invariant(self.unit.context, load);
        load
    }

    /// The address `offset` bytes into a structure.
    fn offset(&self, builder: &Builder<'c>, base: Value<'c>, offset: u32) -> Value<'c> {
        if offset == 0 {
            return base;
        }
        let offset = self.unit.context.const_i64(offset.into());
        builder.ptr_add_with(base, offset, GepFlags::IN_BOUNDS | GepFlags::NUW)
    }
}
