//! Calls.
//!
//! Arguments lie in the last slots of the caller's frame, where the callee's frame begins; results come to the same place. For a
//! tail call they lie there as well, and then move to where the caller's frame began.

use super::rows;
use crate::instruction::{Instr, Op};
use crate::translate::{Error, Result, Translation};
use abi::types::{FuncIdx, FuncType};

rows! {
    visit_call(function: u32) => call(FuncIdx(function));
    visit_call_indirect(ty: u32, table: u32) => call_indirect(ty, table);
    visit_call_ref(ty: u32) => call_ref(ty);
    visit_return_call(function: u32) => return_call(FuncIdx(function));
    visit_return_call_indirect(ty: u32, table: u32) => return_call_indirect(ty, table);
    visit_return_call_ref(ty: u32) => return_call_ref(ty);
}

impl Translation<'_> {
    fn call(&mut self, function: FuncIdx) -> Result {
        self.direct(Op::Call, Op::CallImport, function);
        self.push_results(self.module.function_type(function));
        Ok(())
    }

    fn call_indirect(&mut self, ty: u32, table: u32) -> Result {
        self.indirect(Op::CallIndirect, ty, table)?;
        self.push_results(&self.module.types[ty as usize]);
        Ok(())
    }

    fn call_ref(&mut self, ty: u32) -> Result {
        self.referred(Op::CallRef, ty);
        self.push_results(&self.module.types[ty as usize]);
        Ok(())
    }

    fn return_call(&mut self, function: FuncIdx) -> Result {
        self.direct(Op::ReturnCall, Op::ReturnCallImport, function);
        self.leave();
        Ok(())
    }

    fn return_call_indirect(&mut self, ty: u32, table: u32) -> Result {
        self.indirect(Op::ReturnCallIndirect, ty, table)?;
        self.leave();
        Ok(())
    }

    fn return_call_ref(&mut self, ty: u32) -> Result {
        self.referred(Op::ReturnCallRef, ty);
        self.leave();
        Ok(())
    }

    fn direct(&mut self, own: Op, import: Op, function: FuncIdx) {
        let arguments = self.arguments(self.module.function_type(function));
        match self.module.defined(function) {
            Some(body) => self.emit(Instr::wide(own, arguments, body.0)),
            None => self.emit(Instr::wide(import, arguments, function.0)),
        }
    }

    fn indirect(&mut self, op: Op, ty: u32, table: u32) -> Result {
        let long = self.is_long_table(table);
        let table = u16::try_from(table).map_err(|_| Error::Limit("more than 65536 tables"))?;
        let index = self.pop();
        let index = self.slot(index);
        let arguments = self.arguments(&self.module.types[ty as usize]);
        self.emit(Instr::new(op, arguments, index, table));
        self.emit(Instr::wide(Op::Data, long.into(), ty));
        Ok(())
    }

    fn referred(&mut self, op: Op, ty: u32) {
        let reference = self.pop();
        let reference = self.slot(reference);
        let arguments = self.arguments(&self.module.types[ty as usize]);
        self.emit(Instr::new(op, arguments, reference, 0));
        self.emit(Instr::wide(Op::Data, 0, ty));
    }

    /// Pops arguments into their own slots. Gives the first, which is where the callee's frame begins.
    pub(super) fn arguments(&mut self, ty: &FuncType) -> u16 {
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
    control CallRef: call_ref();
    control ReturnCall: return_call();
    control ReturnCallImport: return_call_import();
    control ReturnCallIndirect: return_call_indirect();
    control ReturnCallRef: return_call_ref();
}
