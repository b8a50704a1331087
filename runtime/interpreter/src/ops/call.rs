//! Calls.
//!
//! Arguments lie in the last slots of the caller's frame, where the callee's frame begins; results come to the same place.

use super::rows;
use crate::instruction::{Instr, Op};
use crate::translate::{Error, Result, Translation};
use abi::types::{FuncIdx, FuncType};

rows! {
    visit_call(function: u32) => call(FuncIdx(function));
    visit_call_indirect(ty: u32, table: u32) => call_indirect(ty, table);
}

impl Translation<'_> {
    fn call(&mut self, function: FuncIdx) -> Result {
        let ty = self.module.function_type(function);
        let arguments = self.arguments(ty);
        match self.module.defined(function) {
            Some(body) => self.emit(Instr::wide(Op::Call, arguments, body.0)),
            None => self.emit(Instr::wide(Op::CallImport, arguments, function.0)),
        }
        self.push_results(ty);
        Ok(())
    }

    fn call_indirect(&mut self, ty: u32, table: u32) -> Result {
        let long = self.is_long_table(table);
        let table = u16::try_from(table).map_err(|_| Error::Limit("more than 65536 tables"))?;
        let index = self.pop();
        let index = self.slot(index);
        let callee = &self.module.types[ty as usize];
        let arguments = self.arguments(callee);
        self.emit(Instr::new(Op::CallIndirect, arguments, index, table));
        self.emit(Instr::wide(Op::Data, long.into(), ty));
        self.push_results(callee);
        Ok(())
    }

    /// Pops arguments into their own slots. Gives the first, which is where the callee's frame begins.
    fn arguments(&mut self, ty: &FuncType) -> u16 {
        let count = ty.params.len();
        self.settle(count);
        self.drop_to(self.operands.len() - count);
        self.next_slot()
    }

    fn push_results(&mut self, ty: &FuncType) {
        for &ty in &ty.results {
            self.push(crate::translate::is_wide(ty));
        }
    }
}

instructions! {$ call_instructions:
    control Call: call();
    control CallImport: call_import();
    control CallIndirect: call_indirect();
}
