//! Bulk operations on memories, tables and segments. The runtime does them, with their checks.

use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Result, Translation};
use abi::trap::TrapCode;
use vm::Guest;

rows! {
    visit_memory_copy(to: u32, from: u32) => bulk(Op::MemoryCopy, to, from);
    visit_memory_fill(memory: u32) => bulk(Op::MemoryFill, memory, 0);
    visit_memory_init(data: u32, memory: u32) => bulk(Op::MemoryInit, memory, data);
    visit_data_drop(data: u32) => drop_segment(Op::DataDrop, data);
    visit_table_copy(to: u32, from: u32) => bulk(Op::TableCopy, to, from);
    visit_table_init(element: u32, table: u32) => bulk(Op::TableInit, table, element);
    visit_elem_drop(element: u32) => drop_segment(Op::ElemDrop, element);
}

impl Translation<'_> {
    /// An operation on three operands and two indices.
    fn bulk(&mut self, op: Op, first: u32, second: u32) -> Result {
        self.in_place(op, 3, false, first);
        self.emit(Instr::wide(Op::Data, 0, second));
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
    fn operands(self, instr: Instr) -> [u32; 3] {
        [0, 1, 2].map(|i| self.get(instr.a + i))
    }

    pub fn memory_copy(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr).map(u64::from);
        guest.memory_copy(instr.immediate(), data.immediate(), to, from, length)
    }

    pub fn memory_fill(self, guest: &mut Guest<'_>, instr: Instr, _data: Instr) -> Outcome {
        let [to, value, length] = self.operands(instr);
        guest.memory_fill(instr.immediate(), to.into(), value, length.into())
    }

    pub fn memory_init(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr);
        guest.memory_init(instr.immediate(), data.immediate(), to.into(), from, length)
    }

    pub fn table_copy(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr).map(u64::from);
        guest.table_copy(instr.immediate(), data.immediate(), to, from, length)
    }

    pub fn table_init(self, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Outcome {
        let [to, from, length] = self.operands(instr);
        guest.table_init(instr.immediate(), data.immediate(), to.into(), from, length)
    }

    pub fn data_drop(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        guest.data_drop(instr.immediate())
    }

    pub fn elem_drop(self, guest: &mut Guest<'_>, instr: Instr) -> Outcome {
        guest.elem_drop(instr.immediate())
    }
}
