//! Bulk operations on memories, tables and segments. The runtime does them, with their checks.

use super::rows;
use crate::function::{Lowering, Result};
use abi::libcall::Libcall;

rows! {
    visit_memory_copy(to: u32, from: u32) => copy(Libcall::MemoryCopy, to, from);
    visit_memory_fill(memory: u32) => memory_fill(memory);
    visit_memory_init(data: u32, memory: u32) => init(Libcall::MemoryInit, memory, data);
    visit_data_drop(data: u32) => drop_segment(Libcall::DataDrop, data);
    visit_table_copy(to: u32, from: u32) => copy(Libcall::TableCopy, to, from);
    visit_table_init(element: u32, table: u32) => init(Libcall::TableInit, table, element);
    visit_elem_drop(element: u32) => drop_segment(Libcall::ElemDrop, element);
}

impl Lowering<'_, '_> {
    /// Each operand has the width of what it counts in; the length has the smaller one.
    fn copy(&mut self, libcall: Libcall, to: u32, from: u32) -> Result {
        let length = self.pop_wide();
        let source = self.pop_wide();
        let target = self.pop_wide();
        self.env.libcall(libcall, &[self.number(to), self.number(from), target, source, length]);
        Ok(())
    }

    fn memory_fill(&mut self, memory: u32) -> Result {
        let length = self.pop_wide();
        let value = self.pop();
        let target = self.pop_wide();
        self.env.libcall(Libcall::MemoryFill, &[self.number(memory), target, value, length]);
        Ok(())
    }

    fn init(&mut self, libcall: Libcall, target: u32, segment: u32) -> Result {
        let (source, length) = self.pop2();
        let to = self.pop_wide();
        self.env.libcall(libcall, &[self.number(target), self.number(segment), to, source, length]);
        Ok(())
    }

    fn drop_segment(&mut self, libcall: Libcall, segment: u32) -> Result {
        self.env.libcall(libcall, &[self.number(segment)]);
        Ok(())
    }
}
