//! Operators on operands of any type.

use super::rows;
use crate::function::{Lowering, Result};

rows! {
    visit_drop => drop_operand();
    visit_select => select();
    visit_typed_select(_ty: wasmparser::ValType) => select();
    visit_typed_select_multi(_tys: Vec<wasmparser::ValType>) => select_many();
}

impl Lowering<'_, '_> {
    fn drop_operand(&mut self) -> Result {
        self.pop_operand();
        Ok(())
    }

    fn select(&mut self) -> Result {
        let condition = self.pop_condition();
        let (then, otherwise) = self.pop2();
        self.push(self.env.builder.select(condition, then, otherwise));
        Ok(())
    }

    fn select_many(&mut self) -> Result {
        Err(self.unsupported("select of several values"))
    }
}
