//! Bulk operations on memories, tables and segments. The runtime does them, with their checks.

use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Result, Translation};
use abi::trap::TrapCode;
use vm::Guest;

rows! {
    visit_memory_copy(to: u32, from: u32) => memory_copy(to, from);
    visit_memory_fill(memory: u32) => memory_fill(memory);
    visit_memory_init(data: u32, memory: u32) => memory_init(data, memory);
    visit_data_drop(data: u32) => drop_segment(Op::DataDrop, data);
    visit_table_copy(to: u32, from: u32) => table_copy(to, from);
    visit_table_init(element: u32, table: u32) => table_init(element, table);
    visit_elem_drop(element: u32) => drop_segment(Op::ElemDrop, element);
}

impl Translation<'_> {
    fn memory_copy(&mut self, to: u32, from: u32) -> Result {
        let long = [to, from].map(|memory| self.is_long_memory(memory));
        self.copy(Op::MemoryCopy, to, from, long)
    }

    fn memory_fill(&mut self, memory: u32) -> Result {
        let long = self.is_long_memory(memory);
        self.bulk(Op::MemoryFill, memory, 0, [long, false, long])
    }

    fn memory_init(&mut self, data: u32, memory: u32) -> Result {
        self.bulk(Op::MemoryInit, memory, data, [self.is_long_memory(memory), false, false])
    }

    fn table_copy(&mut self, to: u32, from: u32) -> Result {
        let long = [to, from].map(|table| self.is_long_table(table));
        self.copy(Op::TableCopy, to, from, long)
    }

    fn table_init(&mut self, element: u32, table: u32) -> Result {
        self.bulk(Op::TableInit, table, element, [self.is_long_table(table), false, false])
    }

    /// The length is as wide as the smaller address.
    fn copy(&mut self, op: Op, to: u32, from: u32, [to_long, from_long]: [bool; 2]) -> Result {
        self.bulk(op, to, from, [to_long, from_long, to_long && from_long])
    }

    /// An operation on two indices and three operands, with whether each operand has 64 bits.
    fn bulk(&mut self, op: Op, first: u32, second: u32, long: [bool; 3]) -> Result {
        self.in_place(op, 3, false, first);
        let marks = long.iter().rev().fold(0, |marks, &long| marks << 1 | u16::from(long));
        self.emit(Instr::wide(Op::Data, marks, second));
        Ok(())
    }

    fn drop_segment(&mut self, op: Op, segment: u32) -> Result {
        self.in_place(op, 0, false, segment);
        Ok(())
    }
}

instructions! {$ bulk_instructions:
    bulk MemoryCopy: memory_copy();
    bulk MemoryFill: memory_fill();
    bulk MemoryInit: memory_init();
    bulk TableCopy: table_copy();
    bulk TableInit: table_init();
    checked DataDrop: data_drop();
    checked ElemDrop: elem_drop();
}

type Outcome = std::result::Result<(), TrapCode>;

impl Frame<'_> {
    /// The three operands of an operation.
    fn operands(self, instr: Instr, data: Instr) -> [u64; 3] {
        [0, 1, 2].map(|i| self.index(instr.a + i, data.a >> i & 1 != 0))
    }

    pub fn memory_copy(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr, data);
        guest.memory_copy(instr.immediate(), data.immediate(), to, from, length)
    }

    pub fn memory_fill(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, value, length] = self.operands(instr, data);
        guest.memory_fill(instr.immediate(), to, value as u32, length)
    }

    pub fn memory_init(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr, data);
        guest.memory_init(instr.immediate(), data.immediate(), to, from as u32, length as u32)
    }

    pub fn table_copy(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr, data);
        guest.table_copy(instr.immediate(), data.immediate(), to, from, length)
    }

    pub fn table_init(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr, data);
        guest.table_init(instr.immediate(), data.immediate(), to, from as u32, length as u32)
    }

    pub fn data_drop(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        guest.data_drop(instr.immediate())
    }

    pub fn elem_drop(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        guest.elem_drop(instr.immediate())
    }
}
