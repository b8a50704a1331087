//! Tables: elements, size, growth.

use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Result, Translation};
use abi::trap::TrapCode;
use abi::types::TableIdx;
use vm::Guest;

rows! {
    visit_table_get(table: u32) => in_table(Op::TableGet, 1, true, table);
    visit_table_set(table: u32) => in_table(Op::TableSet, 2, false, table);
    visit_table_size(table: u32) => in_table(Op::TableSize, 0, true, table);
    visit_table_grow(table: u32) => in_table(Op::TableGrow, 2, true, table);
    visit_table_fill(table: u32) => in_table(Op::TableFill, 3, false, table);
}

impl Translation<'_> {
    fn in_table(&mut self, op: Op, operands: usize, has_result: bool, table: u32) -> Result {
        self.in_place(op, operands, has_result, Instr::marked(table, self.is_long_table(table)));
        Ok(())
    }

    /// Whether a table has 64-bit indices.
    pub(super) fn is_long_table(&self, table: u32) -> bool {
        self.module.tables[table as usize].ty.table64
    }
}

instructions! {$ table_instructions:
    checked TableGet: table_get();
    checked TableSet: table_set();
    guest TableSize: table_size();
    guest TableGrow: table_grow();
    checked TableFill: table_fill();
}

type Outcome = std::result::Result<(), TrapCode>;

fn table(instr: Instr) -> (TableIdx, bool) {
    let (table, long) = instr.unmarked();
    (TableIdx(table), long)
}

impl Frame<'_> {
    pub fn table_get(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        let (table, long) = table(instr);
        self.set_word(instr.a, guest.table_get(table, self.index(instr.a, long))?);
        Ok(())
    }

    pub fn table_set(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        let (table, long) = table(instr);
        guest.table_fill(table, self.index(instr.a, long), self.word(instr.a + 1), 1)
    }

    pub fn table_size(self, guest: &mut Guest<'_>, instr: Instr) {
        self.set(instr.a, guest.table_size(table(instr).0));
    }

    pub fn table_grow(self, guest: &mut Guest<'_>, instr: Instr) {
        let (table, long) = table(instr);
        let old = guest.table_grow(table, self.word(instr.a), self.index(instr.a + 1, long));
        self.set(instr.a, old.unwrap_or(u64::MAX));
    }

    pub fn table_fill(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        let (table, long) = table(instr);
        let (start, length) = (self.index(instr.a, long), self.index(instr.a + 2, long));
        guest.table_fill(table, start, self.word(instr.a + 1), length)
    }
}
