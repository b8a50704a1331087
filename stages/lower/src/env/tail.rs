//! Tail functions and tail calls ([`abi::signature`]).

use super::Env;
use crate::unit::{Callee, Form};
use abi::layout::{FuncRecord, Header};
use abi::signature::{TailPlace, has_return_area, tail_places};
use abi::types::{FuncIdx, FuncType, TableIdx, TypeIdx};
use llvm::{Call, CallConv, IntPredicate, TailCall, Value};

impl<'c> Env<'_, 'c> {
    /// The parameters of the function, which is of a given type and form. A tail function's must be asked for first: the next
    /// tail call, anybody's, uses the slots again.
    pub fn params(&self, ty: &FuncType, form: Form) -> Vec<Value<'c>> {
        let mut passed = self.function.params().skip(1 + usize::from(has_return_area(ty)));
        if form == Form::Native {
            return passed.collect();
        }
        let places = tail_places(ty);
        let slots = self.tail_slots(self.vmctx, &places);
        let param = |(&ty, place): (_, &TailPlace)| match *place {
            TailPlace::Register => passed.next().expect("what fits registers is passed"),
            TailPlace::Slot(index) => self.builder.load(self.unit.types.value(ty), self.tail_slot(slots, index)),
        };
        ty.params.iter().zip(&places).map(param).collect()
    }

    /// Stores the arguments of a tail function that find no register. Gives the others.
    ///
    /// On the stack they might need more room than the caller's own arguments have; moving the return address out of their way
    /// hides it from backtraces. Besides, LLVM 22 leaves out the stores of stack arguments when a call is `musttail`.
    pub(super) fn tail_args(&self, ty: &FuncType, context: Value<'c>, args: &[Value<'c>]) -> Vec<Value<'c>> {
        let places = tail_places(ty);
        let slots = self.tail_slots(context, &places);
        let mut passed = Vec::new();
        for (&arg, place) in args.iter().zip(&places) {
            match *place {
                TailPlace::Register => passed.push(arg),
                TailPlace::Slot(index) => drop(self.builder.store(arg, self.tail_slot(slots, index))),
            }
        }
        passed
    }

    /// The slots for arguments of a tail function with a given context; none if all its parameters are in registers.
    fn tail_slots(&self, context: Value<'c>, places: &[TailPlace]) -> Option<Value<'c>> {
        let some = places.iter().any(|place| *place != TailPlace::Register);
        let offset = Header::FIELDS.tail_arguments.offset;
        some.then(|| self.invariant(&self.builder, self.unit.types.ptr, context, offset))
    }

    fn tail_slot(&self, slots: Option<Value<'c>>, index: u32) -> Value<'c> {
        self.slot(slots.expect("there are slots if a parameter has one"), index as usize)
    }

    /// Makes a tail call of a function of the module.
    pub fn return_call(&mut self, function: FuncIdx, args: &[Value<'c>]) {
        let ty = &self.unit.input.interface.function(function).ty;
        match self.unit.code(function) {
            Callee::Defined(defined) => {
                self.return_code(defined.form, ty, *defined.code, self.vmctx, args);
            }
            Callee::Imported(record) => {
                let record = self.offset(&self.builder, self.vmctx, record);
                self.return_record(ty, record, args);
            }
        }
    }

    /// Makes a tail call of what an element of a table refers to, as a function of a type.
    pub fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx, index: Value<'c>, args: &[Value<'c>]) {
        let record = self.callee(ty, table, index);
        let context = self.element_context(table, record);
        self.return_record_in(self.unit.input.interface.ty(ty), record, context, args);
    }

    /// Makes a tail call of the function of a record, which is of a type.
    pub fn return_record(&mut self, ty: &FuncType, record: Value<'c>, args: &[Value<'c>]) {
        let context = self.record_context(record);
        self.return_record_in(ty, record, context, args);
    }

    fn return_record_in(&mut self, ty: &FuncType, record: Value<'c>, context: Value<'c>, args: &[Value<'c>]) {
        // Before the ways part, or else only the first one would.
        self.store_counters();
        let ptr = self.unit.types.ptr;
        let field = |env: &Self, offset| env.invariant(&env.builder, ptr, record, offset);
        let tail = field(self, FuncRecord::FIELDS.tail.offset);
        let none = self.builder.icmp(IntPredicate::Eq, tail, ptr.null());
        let [native, replace] = [self.block(), self.block()];
        self.builder.cond_br(none, native, replace);
        self.start(replace);
        self.return_code(Form::Tail, ty, tail, context, args);
        self.start(native);
        let code = field(self, FuncRecord::FIELDS.code.offset);
        self.return_code(Form::Native, ty, code, context, args);
    }

    /// Returns what code of some form returns, which has the result types of this function. One tail function leaves its place to
    /// another; any other two nest.
    pub fn return_code(
        &self,
        form: Form,
        ty: &FuncType,
        code: Value<'c>,
        context: Value<'c>,
        args: &[Value<'c>],
    ) -> Call<'c> {
        self.store_counters();
        let area = has_return_area(ty).then(|| self.function.param(1));
        let call = self.call_code(form, ty, code, context, area, args);
        if form == Form::Tail && self.function.call_conv() == Some(CallConv::Tail) {
            call.set_tail_call(TailCall::MustTail);
        }
        match area.is_some() || ty.results.is_empty() {
            true => self.builder.ret_void(),
            false => self.builder.ret(*call),
        };
        call
    }
}
