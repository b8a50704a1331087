//! References. A reference is a pointer, null or not.

use super::rows;
use crate::function::{Lowering, Result};
use abi::types::FuncIdx;
use llvm::IntPredicate;
use wasmparser::HeapType;

rows! {
    visit_ref_null(_ty: HeapType) => ref_null();
    visit_ref_is_null => ref_is_null();
    visit_ref_func(function: u32) => ref_func(FuncIdx(function));
}

impl Lowering<'_, '_> {
    fn ref_null(&mut self) -> Result {
        self.push(self.env.unit.types.ptr.null());
        Ok(())
    }

    fn ref_is_null(&mut self) -> Result {
        let reference = self.pop();
        let condition = self.env.builder.icmp(IntPredicate::Eq, reference, reference.ty().null());
        self.push_condition(condition);
        Ok(())
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
