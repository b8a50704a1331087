//! Calls: of functions of the module, of imported ones, through tables, of the runtime.

use super::Env;
use crate::unit::{Callee, Form};
use abi::layout::{FuncRecord, Header};
use abi::libcall::Libcall;
use abi::signature::{MAX_REGISTER_RESULTS, SLOT_SIZE, has_return_area};
use abi::trap::TrapCode;
use abi::types::{FuncIdx, FuncType, TableIdx, TypeIdx, ValType};
use llvm::{Call, CallConv, FunctionType, IntPredicate, Position, Value};

impl<'c> Env<'_, 'c> {
    /// A reference to a function; none if the module gives it no record, which validation rules out.
    pub fn function_reference(&self, function: FuncIdx) -> Option<Value<'c>> {
        let record = self.unit.input.interface.record(function)?;
        Some(self.offset(&self.builder, self.vmctx, record))
    }

    /// Calls a function of the module. Gives its results.
    pub fn call(&mut self, function: FuncIdx, args: &[Value<'c>]) -> Vec<Value<'c>> {
        let ty = &self.unit.input.interface.function(function).ty;
        match self.unit.code(function) {
            Callee::Defined(defined) => self.call_guest(defined.form, ty, *defined.code, self.vmctx, args),
            Callee::Imported(record) => {
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
        let record = self.callee(ty, table, index);
        let context = self.element_context(table, record);
        self.call_record_in(self.unit.input.interface.ty(ty), record, context, args)
    }

    /// The record of the function that an element of a table refers to. Traps if there is none, or one of another type.
    pub(super) fn callee(&mut self, ty: TypeIdx, table: TableIdx, index: Value<'c>) -> Value<'c> {
        let types = self.unit.types;
        let address = self.table_element(table, index, TrapCode::UndefinedElement);
        let record = self.element_load(address);
        let null = self.builder.icmp(IntPredicate::Eq, record, types.ptr.null());
        self.trap_if(null, TrapCode::UninitializedElement);
        let actual = self.invariant(&self.builder, types.i32, record, FuncRecord::FIELDS.type_id.offset);
        let expected = self.invariant(&self.builder, types.i32, self.vmctx, self.unit.input.interface.type_id(ty));
        let differs = self.builder.icmp(IntPredicate::Ne, actual, expected);
        self.trap_if(differs, TrapCode::IndirectCallTypeMismatch);
        record
    }

    /// Calls the function of a record, which is of a type. Gives its results.
    pub fn call_record(&mut self, ty: &FuncType, record: Value<'c>, args: &[Value<'c>]) -> Vec<Value<'c>> {
        let context = self.record_context(record);
        self.call_record_in(ty, record, context, args)
    }

    fn call_record_in(
        &mut self,
        ty: &FuncType,
        record: Value<'c>,
        context: Value<'c>,
        args: &[Value<'c>],
    ) -> Vec<Value<'c>> {
        let code = self.invariant(&self.builder, self.unit.types.ptr, record, FuncRecord::FIELDS.code.offset);
        self.call_guest(Form::Native, ty, code, context, args)
    }

    /// The context that the function of a record runs in.
    pub(super) fn record_context(&self, record: Value<'c>) -> Value<'c> {
        self.invariant(&self.builder, self.unit.types.ptr, record, FuncRecord::FIELDS.context.offset)
    }

    /// The same for the record of a table's element. If it can be known, it is not loaded: all memory that the callee touches is
    /// found through its context, so that to the processor each of its accesses would wait for the loads that lead there, and
    /// what comes after for those accesses.
    pub(super) fn element_context(&self, table: TableIdx, record: Value<'c>) -> Value<'c> {
        match self.unit.input.interface.table(table).own {
            true => self.vmctx,
            false => self.record_context(record),
        }
    }

    /// Calls code of some form ([`abi::signature`]). Gives its results.
    fn call_guest(
        &mut self,
        form: Form,
        ty: &FuncType,
        code: Value<'c>,
        context: Value<'c>,
        args: &[Value<'c>],
    ) -> Vec<Value<'c>> {
        self.store_counters();
        let area = has_return_area(ty).then(|| self.slots(ty.results.len()));
        let call = match self.pads.is_empty() {
            true => self.call_code(form, ty, code, context, area, args),
            false => self.invoke_code(form, ty, code, context, area, args),
        };
        match area {
            None => self.direct_results(ty, call),
            Some(area) => self.load_slots(&ty.results, area),
        }
    }

    /// Calls code of some form and type whose results go to `area`, if it has too many to return them directly.
    pub fn call_code(
        &self,
        form: Form,
        ty: &FuncType,
        code: Value<'c>,
        context: Value<'c>,
        area: Option<Value<'c>>,
        args: &[Value<'c>],
    ) -> Call<'c> {
        let (native, convention, all) = self.passed(form, ty, context, area, args);
        let call = self.builder.call(native, code, &all);
        call.set_call_conv(convention);
        call
    }

    /// The same, where an exception goes on in the innermost landing pad.
    fn invoke_code(
        &mut self,
        form: Form,
        ty: &FuncType,
        code: Value<'c>,
        context: Value<'c>,
        area: Option<Value<'c>>,
        args: &[Value<'c>],
    ) -> Call<'c> {
        let (native, convention, all) = self.passed(form, ty, context, area, args);
        let next = self.block();
        let function = self.function;
        let pad = self.pads.last_mut().expect("the caller has looked");
        let pad = *pad.get_or_insert_with(|| {
            function.set_personality(self.unit.personality());
            function.append_block("")
        });
        let call = self.builder.invoke(native, code, &all, next, pad);
        call.set_call_conv(convention);
        self.invoked = Some(self.current_block());
        self.start(next);
        call
    }

    /// The native type and convention of code of some form and type, and all that it is passed.
    fn passed(
        &self,
        form: Form,
        ty: &FuncType,
        context: Value<'c>,
        area: Option<Value<'c>>,
        args: &[Value<'c>],
    ) -> (FunctionType<'c>, CallConv, Vec<Value<'c>>) {
        let mut all: Vec<_> = [context].into_iter().chain(area).collect();
        match form {
            Form::Native => {
                all.extend(args);
                (self.unit.types.native(ty), CallConv::Fast, all)
            }
            Form::Tail => {
                all.extend(self.tail_args(ty, context, args));
                (self.unit.types.tail(ty), CallConv::Tail, all)
            }
        }
    }

    /// The results that a call returns directly.
    pub fn direct_results(&self, ty: &FuncType, call: Call<'c>) -> Vec<Value<'c>> {
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

    pub(super) fn slot(&self, slots: Value<'c>, index: usize) -> Value<'c> {
        self.offset(&self.builder, slots, index as u32 * SLOT_SIZE)
    }

    /// Calls the runtime. Gives the result, if the libcall has one.
    pub fn libcall(&self, libcall: Libcall, args: &[Value<'c>]) -> Value<'c> {
        self.store_counters();
        *self.call_libcall(libcall, args)
    }

    /// Tells the runtime to trap, which does not come back.
    pub(super) fn call_trap(&self, trap: TrapCode) {
        self.call_no_return(Libcall::Trap, &[self.unit.context.const_i32(trap.code() as i32)]);
    }

    /// Calls the runtime, which does not come back.
    pub(super) fn call_no_return(&self, libcall: Libcall, args: &[Value<'c>]) {
        let call = self.call_libcall(libcall, args);
        for attribute in self.unit.no_return() {
            call.add_attribute(Position::Function, attribute);
        }
    }

    fn call_libcall(&self, libcall: Libcall, args: &[Value<'c>]) -> Call<'c> {
        let ptr = self.unit.types.ptr;
        let table = self.invariant(&self.builder, ptr, self.vmctx, Header::FIELDS.libcalls.offset);
        let code = self.invariant(&self.builder, ptr, table, libcall.offset());
        let all: Vec<_> = [self.vmctx].into_iter().chain(args.iter().copied()).collect();
        let call = self.builder.call(self.unit.types.libcall(libcall), code, &all);
        // Where exceptions are caught, the optimizer asks of each call whether one may come from it.
        if self.unit.input.interface.catches() && !libcall.may_throw() {
            call.add_attribute(Position::Function, self.unit.no_unwind());
        }
        call
    }
}
