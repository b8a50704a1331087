//! Calls.

use super::rows;
use crate::function::{Lowering, Result};
use crate::unit::Form;
use abi::types::{FuncIdx, TableIdx, TypeIdx};

rows! {
    visit_call(function: u32) => call(FuncIdx(function));
    visit_call_indirect(ty: u32, table: u32) => call_indirect(TypeIdx(ty), TableIdx(table));
    visit_return_call(function: u32) => return_call(FuncIdx(function));
    visit_return_call_indirect(ty: u32, table: u32) => return_call_indirect(TypeIdx(ty), TableIdx(table));
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

    fn return_call(&mut self, function: FuncIdx) -> Result {
        self.check_tail_caller()?;
        let params = self.env.unit.input.module.function_type(function).params.len();
        let args = self.pop_many(params);
        self.env.return_call(function, &args);
        self.leave();
        Ok(())
    }

    fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Result {
        self.check_tail_caller()?;
        let index = self.pop();
        let params = self.env.unit.input.module.types[ty.index()].params.len();
        let args = self.pop_many(params);
        self.env.return_call_indirect(ty, table, index, &args);
        self.leave();
        Ok(())
    }

    /// Callers of the function go by what the plan says of it.
    fn check_tail_caller(&self) -> Result {
        match self.form {
            Form::Tail => Ok(()),
            Form::Native => Err(self.bug("the plan does not list a function that makes tail calls")),
        }
    }
}
