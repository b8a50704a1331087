//! Calls.

use super::rows;
use crate::function::{Lowering, Result};
use crate::unit::Form;
use abi::trap::TrapCode;
use abi::types::{FuncIdx, TableIdx, TypeIdx};
use llvm::Value;

rows! {
    visit_call(function: u32) => call(FuncIdx(function));
    visit_call_indirect(ty: u32, table: u32) => call_indirect(TypeIdx(ty), TableIdx(table));
    visit_call_ref(ty: u32) => call_ref(TypeIdx(ty));
    visit_return_call(function: u32) => return_call(FuncIdx(function));
    visit_return_call_indirect(ty: u32, table: u32) => return_call_indirect(TypeIdx(ty), TableIdx(table));
    visit_return_call_ref(ty: u32) => return_call_ref(TypeIdx(ty));
}

impl<'c> Lowering<'_, 'c> {
    fn call(&mut self, function: FuncIdx) -> Result {
        let params = self.env.unit.input.interface.function(function).ty.params.len();
        let args = self.pop_many(params);
        let results = self.env.call(function, &args);
        self.called(results);
        Ok(())
    }

    fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Result {
        let index = self.pop();
        let params = self.env.unit.input.interface.ty(ty).params.len();
        let args = self.pop_many(params);
        let results = self.env.call_indirect(ty, table, index, &args);
        self.called(results);
        Ok(())
    }

    fn call_ref(&mut self, ty: TypeIdx) -> Result {
        let record = self.pop();
        let ty = self.env.unit.input.interface.ty(ty);
        let args = self.pop_many(ty.params.len());
        self.trap_if_null(record, TrapCode::NullFunctionReference);
        let results = self.env.call_record(ty, record, &args);
        self.called(results);
        Ok(())
    }

    fn return_call(&mut self, function: FuncIdx) -> Result {
        self.check_tail_caller()?;
        let params = self.env.unit.input.interface.function(function).ty.params.len();
        let args = self.pop_many(params);
        self.env.return_call(function, &args);
        self.leave();
        Ok(())
    }

    fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Result {
        self.check_tail_caller()?;
        let index = self.pop();
        let params = self.env.unit.input.interface.ty(ty).params.len();
        let args = self.pop_many(params);
        self.env.return_call_indirect(ty, table, index, &args);
        self.leave();
        Ok(())
    }

    fn return_call_ref(&mut self, ty: TypeIdx) -> Result {
        self.check_tail_caller()?;
        let record = self.pop();
        let ty = self.env.unit.input.interface.ty(ty);
        let args = self.pop_many(ty.params.len());
        self.trap_if_null(record, TrapCode::NullFunctionReference);
        self.env.return_record(ty, record, &args);
        self.leave();
        Ok(())
    }

    /// Pushes the results of a call. Where it threw, control goes on in the handler around it.
    fn called(&mut self, results: Vec<Value<'c>>) {
        self.catch_from_calls();
        self.reload_counters();
        results.into_iter().for_each(|result| self.push(result));
    }

    /// Callers of the function go by what the plan says of it.
    fn check_tail_caller(&self) -> Result {
        match self.form {
            Form::Tail => Ok(()),
            Form::Native => Err(self.bug("the plan does not list a function that makes tail calls")),
        }
    }
}
