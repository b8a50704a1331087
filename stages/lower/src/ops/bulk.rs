//! Bulk operations on memories, tables and segments. Native code copies and fills memories; the runtime does all else, with its
//! checks, and what happens to memories that threads share, where it does not matter what LLVM makes of races.

use super::rows;
use crate::function::{Lowering, Result};
use abi::libcall::Libcall;
use abi::types::MemoryIdx;
use llvm::Value;

rows! {
    visit_memory_copy(to: u32, from: u32) => memory_copy(to, from);
    visit_memory_fill(memory: u32) => memory_fill(memory);
    visit_memory_init(data: u32, memory: u32) => init(Libcall::MemoryInit, memory, data);
    visit_data_drop(data: u32) => drop_segment(Libcall::DataDrop, data);
    visit_table_copy(to: u32, from: u32) => table_copy(to, from);
    visit_table_init(element: u32, table: u32) => init(Libcall::TableInit, table, element);
    visit_elem_drop(element: u32) => drop_segment(Libcall::ElemDrop, element);
}

impl<'c> Lowering<'_, 'c> {
    fn memory_copy(&mut self, to: u32, from: u32) -> Result {
        if self.is_shared(to) || self.is_shared(from) {
            return self.copy(Libcall::MemoryCopy, to, from);
        }
        let [target, source, length] = self.pop_copied();
        self.env.memory_copy((MemoryIdx(to), target), (MemoryIdx(from), source), length);
        Ok(())
    }

    fn table_copy(&mut self, to: u32, from: u32) -> Result {
        self.copy(Libcall::TableCopy, to, from)
    }

    fn copy(&mut self, libcall: Libcall, to: u32, from: u32) -> Result {
        let [target, source, length] = self.pop_copied();
        self.env.libcall(libcall, &[self.number(to), self.number(from), target, source, length]);
        Ok(())
    }

    /// Pops where to copy to and from, and how much. Each has the width of what it counts in; the length has the smaller one.
    fn pop_copied(&mut self) -> [Value<'c>; 3] {
        let length = self.pop_wide();
        let source = self.pop_wide();
        [self.pop_wide(), source, length]
    }

    fn is_shared(&self, memory: u32) -> bool {
        self.env.unit.input.interface.memory(MemoryIdx(memory)).shared
    }

    fn memory_fill(&mut self, memory: u32) -> Result {
        let length = self.pop_wide();
        let value = self.pop();
        let target = self.pop_wide();
        if !self.is_shared(memory) {
            let byte = self.env.builder.trunc(value, self.env.unit.context.int(8));
            self.env.memory_fill(MemoryIdx(memory), target, byte, length);
            return Ok(());
        }
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
