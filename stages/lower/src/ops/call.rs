//! Calls.

use super::rows;
use crate::function::{Lowering, Result};
use abi::types::{FuncIdx, TableIdx, TypeIdx};

rows! {
    visit_call(function: u32) => call(FuncIdx(function));
    visit_call_indirect(ty: u32, table: u32) => call_indirect(TypeIdx(ty), TableIdx(table));
}

impl Lowering<'_, '_> {
    fn call(&mut self, function: FuncIdx) -> Result {
        let params = self.env.unit.input.module.function_type(function).params.len();
        let args = self.pop_many(params);
        let results = self.env.call(function, &args);
        results.into_iter().for_each(|result| self.push(result));
        Ok(())
    }

    fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Result {
        let index = self.pop();
        let params = self.env.unit.input.module.types[ty.index()].params.len();
        let args = self.pop_many(params);
        let results = self.env.call_indirect(ty, table, index, &args);
        results.into_iter().for_each(|result| self.push(result));
        Ok(())
    }
}
