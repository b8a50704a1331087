//! Tables: elements, size, growth.

use super::rows;
use crate::function::{Lowering, Result};
use abi::libcall::Libcall;
use abi::trap::TrapCode;
use abi::types::TableIdx;
use llvm::Type;

rows! {
    visit_table_get(table: u32) => table_get(TableIdx(table));
    visit_table_set(table: u32) => table_set(TableIdx(table));
    visit_table_size(table: u32) => table_size(TableIdx(table));
    visit_table_grow(table: u32) => table_grow(TableIdx(table));
    visit_table_fill(table: u32) => table_fill(table);
}

impl<'c> Lowering<'_, 'c> {
    fn table_get(&mut self, table: TableIdx) -> Result {
        let index = self.pop();
        let element = self.env.table_element(table, index, TrapCode::TableOutOfBounds);
        self.push(self.env.element_load(element));
        Ok(())
    }

    fn table_set(&mut self, table: TableIdx) -> Result {
        let (index, value) = self.pop2();
        let element = self.env.table_element(table, index, TrapCode::TableOutOfBounds);
        self.env.element_store(value, element);
        Ok(())
    }

    fn table_size(&mut self, table: TableIdx) -> Result {
        let length = self.env.table_length(table);
        self.push(self.env.builder.trunc(length, self.table_index_type(table)));
        Ok(())
    }

    /// The type of a table's indices and sizes.
    fn table_index_type(&self, table: TableIdx) -> Type<'c> {
        match self.env.unit.input.interface.table(table).table64 {
            false => self.env.unit.types.i32,
            true => self.env.unit.types.i64,
        }
    }

    fn table_grow(&mut self, table: TableIdx) -> Result {
        let delta = self.pop_wide();
        let value = self.pop();
        let old = self.env.libcall(Libcall::TableGrow, &[self.number(table.0), value, delta]);
        self.push(self.env.builder.trunc(old, self.table_index_type(table)));
        Ok(())
    }

    fn table_fill(&mut self, table: u32) -> Result {
        let length = self.pop_wide();
        let value = self.pop();
        let start = self.pop_wide();
        self.env.libcall(Libcall::TableFill, &[self.number(table), start, value, length]);
        Ok(())
    }
}
