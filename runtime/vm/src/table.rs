//! Tables: vectors of references.

use crate::memory::ResourceError;
use crate::store::Store;
use crate::value::{Table, Value};
use abi::layout::{MAX_TABLE_LENGTH, TableDefinition};
use abi::trap::TrapCode;
use abi::types::{TableType, ValType};
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

/// A reference as native code sees it: a pointer to a function record or an external reference's number; null is null.
pub(crate) type Word = *mut u8;

/// The elements of a table: a vector taken apart, as native code writes to it.
pub(crate) struct Elements {
    pointer: *mut Word,
    length: usize,
    capacity: usize,
}

impl Elements {
    /// The elements of a new table, all null.
    pub(crate) fn new(ty: TableType) -> Result<Elements, ResourceError> {
        let min = ty.limits.min;
        if min > MAX_TABLE_LENGTH {
            return Err(ResourceError::Limit { what: "a table", size: min, unit: "elements", limit: MAX_TABLE_LENGTH });
        }
        let mut elements = Elements::take_apart(Vec::new());
        elements.extend(min as usize, ptr::null_mut()).ok_or(ResourceError::OutOfMemory)?;
        Ok(elements)
    }

    fn take_apart(vector: Vec<Word>) -> Elements {
        let mut vector = ManuallyDrop::new(vector);
        Elements { pointer: vector.as_mut_ptr(), length: vector.len(), capacity: vector.capacity() }
    }

    /// Puts the vector together again, leaving an empty one.
    fn take(&mut self) -> Vec<Word> {
        let taken = std::mem::replace(self, Elements::take_apart(Vec::new()));
        let taken = ManuallyDrop::new(taken);
        // SAFETY: the three parts came from a vector in `take_apart` and are used once; all elements are initialized.
        unsafe { Vec::from_raw_parts(taken.pointer, taken.length, taken.capacity) }
    }

    fn extend(&mut self, delta: usize, value: Word) -> Option<()> {
        let mut vector = self.take();
        let reserved = vector.try_reserve(delta).is_ok();
        if reserved {
            vector.resize(vector.len() + delta, value);
        }
        *self = Elements::take_apart(vector);
        reserved.then_some(())
    }
}

impl Drop for Elements {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// A table that a store owns.
pub(crate) struct TableData {
    /// What native code reads: in the context of the instance that defines the table, or on the heap.
    definition: NonNull<TableDefinition>,
    /// Whether the definition is ours to free.
    owned: bool,
    elements: Elements,
    ty: TableType,
}

impl TableData {
    /// Makes a table whose definition lies in a context.
    ///
    /// # Safety
    /// `definition` stays valid as long as the table lives, and nobody else writes to it.
    pub(crate) unsafe fn inline(definition: NonNull<TableDefinition>, elements: Elements, ty: TableType) -> TableData {
        let mut table = TableData { definition, owned: false, elements, ty };
        table.publish();
        table
    }

    /// Makes a table whose definition lies on the heap.
    fn on_heap(elements: Elements, ty: TableType) -> TableData {
        let definition = Box::new(TableDefinition { elements: ptr::null_mut(), length: 0 });
        let mut table = TableData { definition: NonNull::from(Box::leak(definition)), owned: true, elements, ty };
        table.publish();
        table
    }

    /// Tells native code where the elements are.
    fn publish(&mut self) {
        let Elements { pointer, length, .. } = self.elements;
        // SAFETY: the definition is valid as long as `self` (contract of `inline`; `on_heap` owns it); native code that reads
        // it is suspended.
        unsafe { self.definition.as_ptr().write(TableDefinition { elements: pointer, length: length as u64 }) };
    }

    pub(crate) fn ty(&self) -> TableType {
        self.ty
    }

    pub(crate) fn definition(&self) -> NonNull<TableDefinition> {
        self.definition
    }

    pub(crate) fn length(&self) -> u64 {
        self.elements.length as u64
    }

    /// The address of a range of elements, if all of it lies in the table.
    pub(crate) fn range(&self, start: u64, length: u64) -> Result<*mut Word, TrapCode> {
        match start.checked_add(length) {
            Some(end) if end <= self.length() => Ok(self.elements.pointer.wrapping_add(start as usize)),
            Some(_) | None => Err(TrapCode::TableOutOfBounds),
        }
    }

    /// Sets a range of elements to one value.
    pub(crate) fn fill(&mut self, start: u64, value: Word, length: u64) -> Result<(), TrapCode> {
        let at = self.range(start, length)?;
        for i in 0..length as usize {
            // SAFETY: `range` has checked that the elements lie in the table; no reference to them exists.
            unsafe { at.add(i).write(value) };
        }
        Ok(())
    }

    /// Sets elements to those of a slice.
    pub(crate) fn write(&mut self, start: u64, words: &[Word]) -> Result<(), TrapCode> {
        let at = self.range(start, words.len() as u64)?;
        // SAFETY: `range` has checked that the elements lie in the table; a borrowed slice is not part of it, since no
        // reference to a table's elements is ever made.
        unsafe { ptr::copy_nonoverlapping(words.as_ptr(), at, words.len()) };
        Ok(())
    }

    /// Grows the table. Gives the old length; none if it cannot grow so far.
    pub(crate) fn grow(&mut self, delta: u64, value: Word) -> Option<u64> {
        let old = self.length();
        let limit = self.ty.limits.max.map_or(MAX_TABLE_LENGTH, |max| max.min(MAX_TABLE_LENGTH));
        old.checked_add(delta).filter(|&new| new <= limit)?;
        let extended = self.elements.extend(delta as usize, value);
        self.publish();
        extended.map(|()| old)
    }
}

impl Drop for TableData {
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: the definition came from a box in `on_heap` and is freed once, with the whole store.
            drop(unsafe { Box::from_raw(self.definition.as_ptr()) });
        }
    }
}

impl Store {
    /// Makes a table of its minimal length, every element `init`.
    ///
    /// # Errors
    /// If it is above the limit, or the system has no memory left.
    ///
    /// # Panics
    /// If `init` is not of the table's element type.
    pub fn new_table(&mut self, ty: TableType, init: Value) -> Result<Table, ResourceError> {
        let word = self.word(ty, init);
        let mut table = TableData::on_heap(Elements::new(ty)?, ty);
        table.fill(0, word, ty.limits.min).expect("a table holds its minimum");
        Ok(self.data_mut().add_table(table))
    }

    /// A table's type. Its minimum is that of its declaration, not its current length.
    pub fn table_type(&self, table: Table) -> TableType {
        self.data().table(table).ty()
    }

    /// A table's length.
    pub fn table_size(&self, table: Table) -> u64 {
        self.data().table(table).length()
    }

    /// An element of a table; none past its end.
    pub fn table_get(&self, table: Table, index: u64) -> Option<Value> {
        let data = self.data();
        let at = data.table(table).range(index, 1).ok()?;
        // SAFETY: `range` has checked that the element lies in the table.
        let word = unsafe { at.read() };
        // SAFETY: elements of a table are references of its type: everyone who writes them sees to that.
        Some(unsafe { data.reference(data.table(table).ty().element, word) })
    }

    /// Sets an element of a table.
    ///
    /// # Errors
    /// If the index is past the end.
    ///
    /// # Panics
    /// If the value is not of the table's element type.
    pub fn table_set(&mut self, table: Table, index: u64, value: Value) -> Result<(), TrapCode> {
        let word = self.word(self.table_type(table), value);
        self.data_mut().table_mut(table).fill(index, word, 1)
    }

    /// Grows a table by some elements, each `init`. Gives the old length; none if it cannot grow so far.
    ///
    /// # Panics
    /// If `init` is not of the table's element type.
    pub fn table_grow(&mut self, table: Table, delta: u64, init: Value) -> Option<u64> {
        let word = self.word(self.table_type(table), init);
        self.data_mut().table_mut(table).grow(delta, word)
    }

    fn word(&self, ty: TableType, value: Value) -> Word {
        assert!(self.matches(value, ValType::Ref(ty.element)), "the value is of the table's element type");
        self.slot(value).word()
    }
}
