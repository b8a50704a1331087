//! References. A reference is a pointer, null or not.

use super::rows;
use crate::function::{Lowering, Result};
use abi::trap::TrapCode;
use abi::types::FuncIdx;
use llvm::{IntPredicate, Value};
use wasmparser::HeapType;

rows! {
    visit_ref_null(_ty: HeapType) => ref_null();
    visit_ref_is_null => ref_is_null();
    visit_ref_func(function: u32) => ref_func(FuncIdx(function));
    visit_ref_as_non_null => ref_as_non_null();
}

impl<'c> Lowering<'_, 'c> {
    fn ref_null(&mut self) -> Result {
        self.push(self.env.unit.types.ptr.null());
        Ok(())
    }

    fn ref_is_null(&mut self) -> Result {
        let reference = self.pop();
        let condition = self.is_null(reference);
        self.push_condition(condition);
        Ok(())
    }

    fn ref_as_non_null(&mut self) -> Result {
        let reference = self.pop();
        self.trap_if_null(reference, TrapCode::NullReference);
        self.push(reference);
        Ok(())
    }

    pub(super) fn trap_if_null(&mut self, reference: Value<'c>, trap: TrapCode) {
        let null = self.is_null(reference);
        self.env.trap_if(null, trap);
    }

    pub(super) fn is_null(&self, reference: Value<'c>) -> Value<'c> {
        self.env.builder.icmp(IntPredicate::Eq, reference, reference.ty().null())
    }

    fn ref_func(&mut self, function: FuncIdx) -> Result {
        match self.env.function_reference(function) {
            Some(reference) => {
                self.push(reference);
                Ok(())
            }
            None => Err(self.bug(format!("function {function} is referenced but not declared so"))),
        }
    }
}
