//! Exceptions: [`abi::layout::Exception`], and landing pads.

use super::Env;
use abi::layout::Exception;
use abi::libcall::Libcall;
use abi::types::TagIdx;
use llvm::{IntPredicate, Value};

impl<'c> Env<'_, 'c> {
    /// Makes an exception that carries values.
    pub fn new_exception(&self, tag: TagIdx, values: &[Value<'c>]) -> Value<'c> {
        let exception = self.libcall(Libcall::ExceptionNew, &[self.unit.context.const_i32(tag.0 as i32)]);
        if !values.is_empty() {
            self.store_slots(values.iter().copied(), self.exception_slots(exception));
        }
        exception
    }

    /// What an exception with this tag carries.
    pub fn exception_values(&self, exception: Value<'c>, tag: TagIdx) -> Vec<Value<'c>> {
        let params = &self.unit.input.interface.tag(tag).ty.params;
        match params.is_empty() {
            true => Vec::new(),
            false => self.load_slots(params, self.exception_slots(exception)),
        }
    }

    fn exception_slots(&self, exception: Value<'c>) -> Value<'c> {
        self.invariant(&self.builder, self.unit.types.ptr, exception, Exception::FIELDS.slots.offset)
    }

    /// Whether an exception has a tag, an `i1`.
    pub fn has_tag(&self, exception: Value<'c>, tag: TagIdx) -> Value<'c> {
        let ptr = self.unit.types.ptr;
        let actual = self.invariant(&self.builder, ptr, exception, Exception::FIELDS.tag.offset);
        let expected = self.invariant(&self.builder, ptr, self.vmctx, self.unit.input.interface.tag(tag).pointer);
        self.builder.icmp(IntPredicate::Eq, actual, expected)
    }

    /// Has the runtime throw an exception out of this function.
    pub fn throw(&self, exception: Value<'c>) {
        self.call_no_return(Libcall::Throw, &[exception]);
        self.builder.unreachable();
    }

    /// Begins a landing pad, which catches everything. Gives the exception.
    pub fn landing_pad(&self) -> Value<'c> {
        let types = self.unit.types;
        let pad = self.builder.landing_pad(self.unit.context.structure(&[types.ptr, types.i32], false));
        self.builder.extract_value(pad, 0)
    }
}
