//! References. A reference is a word, zero if it is null.

use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Result, Translation};
use abi::types::FuncIdx;
use vm::Guest;
use wasmparser::HeapType;

rows! {
    visit_ref_null(_ty: HeapType) => constant(0);
    visit_ref_is_null => eqz_word();
    visit_ref_as_non_null => ref_as_non_null();
    visit_ref_func(function: u32) => ref_func(function);
}

impl Translation<'_> {
    fn eqz_word(&mut self) -> Result {
        let a = self.pop();
        let a = self.slot(a);
        self.result(Op::I64EqImm, a, 0);
        Ok(())
    }

    fn ref_as_non_null(&mut self) -> Result {
        let a = self.pop();
        let a = self.slot(a);
        self.result(Op::RefAsNonNull, a, 0);
        Ok(())
    }

    fn ref_func(&mut self, function: u32) -> Result {
        let result = self.push(false);
        self.emit(Instr::wide(Op::RefFunc, result, function));
        self.made(1);
        Ok(())
    }
}

instructions! {$ reference_instructions:
    guest RefFunc: ref_func();
    trapping RefAsNonNull: try_unary(reference::non_null);
}

impl Frame<'_> {
    pub fn ref_func(self, guest: &mut Guest<'_>, instr: Instr) {
        self.set_word(instr.a, guest.reference(FuncIdx(instr.immediate())));
    }
}
