//! Tables: a definition, in the context or elsewhere, leads to the elements.

use super::Env;
use abi::layout::{ELEMENT_SIZE, TableDefinition};
use abi::trap::TrapCode;
use abi::types::TableIdx;
use artifact::region::Region;
use llvm::{GepFlags, IntPredicate, Value};

impl<'c> Env<'_, 'c> {
    /// The number of elements of a table, an `i64`.
    pub fn table_length(&mut self, table: TableIdx) -> Value<'c> {
        if let Some(length) = self.fixed_length(table) {
            return self.unit.context.const_i64(length as i64);
        }
        let definition = self.table(table);
        let length = self.offset(&self.builder, definition, TableDefinition::FIELDS.length.offset);
        let load = self.builder.load(self.unit.types.i64, length);
        self.unit.facts.within(self.unit.context, Region::Tables, load);
        load
    }

    /// The address of the element of a table at an index (`i32`, or `i64` for a 64-bit table). Traps if there is none.
    pub fn table_element(&mut self, table: TableIdx, index: Value<'c>, out_of_bounds: TrapCode) -> Value<'c> {
        let types = self.unit.types;
        let index = self.builder.zext(index, types.i64);
        let length = self.table_length(table);
        let outside = self.builder.icmp(IntPredicate::Uge, index, length);
        self.trap_if(outside, out_of_bounds);
        let definition = self.table(table);
        let offset = TableDefinition::FIELDS.elements.offset;
        let elements = if self.fixed_length(table).is_some() {
            self.invariant(&self.builder, types.ptr, definition, offset)
        } else {
            let load = self.builder.load(types.ptr, self.offset(&self.builder, definition, offset));
            self.unit.facts.within(self.unit.context, Region::Tables, load);
            load
        };
        const { assert!(ELEMENT_SIZE == 8, "an element is a word") };
        self.builder.gep(types.i64, elements, &[index], GepFlags::IN_BOUNDS | GepFlags::NUW)
    }

    /// Loads a table's element.
    pub fn element_load(&self, address: Value<'c>) -> Value<'c> {
        let load = self.builder.load(self.unit.types.ptr, address);
        self.unit.facts.within(self.unit.context, Region::Tables, load);
        load
    }

    /// Sets a table's element.
    pub fn element_store(&self, value: Value<'c>, address: Value<'c>) {
        let store = self.builder.store(value, address);
        self.observable(store);
        self.unit.facts.within(self.unit.context, Region::Tables, store);
    }

    /// The length of a table that can neither grow nor be imported at another length.
    fn fixed_length(&self, table: TableIdx) -> Option<u64> {
        self.unit.input.interface.table(table).length
    }

    fn table(&mut self, table: TableIdx) -> Value<'c> {
        if let Some(&definition) = self.tables.get(&table) {
            return definition;
        }
        let definition = self.place(self.unit.input.interface.table(table).place);
        self.tables.insert(table, definition);
        definition
    }
}
