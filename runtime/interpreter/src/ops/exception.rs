//! Exceptions (specification, section 4.6.10).
//!
//! A `try_table` costs nothing until something is thrown: its function has a list of what is caught where ([`Handler`]), innermost
//! first. What is thrown stops the loop that runs instructions; then the list is searched, function by function outwards, and the
//! loop goes on at the clause that fits.
//!
//! Behind a `try_table` each clause has code of its own, which finds what it catches in the slots where the block's operands
//! were, and brings it where the clause's label takes it.

use super::rows;
use crate::instruction::{Instr, Op};
use crate::translate::{Kind, Result, Translation, is_wide};
use abi::types::{TagIdx, ValType};
use std::ops::Range;
use wasmparser::{Catch, TryTable};

rows! {
    visit_try_table(table: TryTable) => try_table(table);
    visit_throw(tag: u32) => throw(TagIdx(tag));
    visit_throw_ref => throw_ref();
}

/// What a `try_table` catches.
#[derive(Debug)]
pub(crate) struct Handler {
    /// The instructions in it.
    pub code: Range<usize>,
    /// Where the code of the clauses finds what they catch.
    pub slot: u16,
    pub clauses: Vec<Clause>,
}

/// A clause of a `try_table`.
#[derive(Debug)]
pub(crate) struct Clause {
    /// The tag of the exceptions that it catches; none if it catches all.
    pub tag: Option<TagIdx>,
    /// Whether it takes the reference to the exception, behind what that carries.
    pub takes_reference: bool,
    /// Its code.
    pub start: usize,
}

impl Translation<'_> {
    fn try_table(&mut self, table: TryTable) -> Result {
        self.open(Kind::Try, table.ty);
        self.label();
        self.block_mut(0).catches = table.catches;
        Ok(())
    }

    fn throw(&mut self, tag: TagIdx) -> Result {
        let ty = self.module.tag_type(tag);
        let values = self.arguments(ty);
        self.emit(Instr::wide(Op::Throw, values, tag.0));
        self.leave();
        Ok(())
    }

    fn throw_ref(&mut self) -> Result {
        let reference = self.pop();
        let reference = self.slot(reference);
        self.emit(Instr::new(Op::ThrowRef, reference, 0, 0));
        self.leave();
        Ok(())
    }

    /// Ends a `try_table`, with the code of its clauses. Control is at its end, or not there.
    pub(super) fn clauses(&mut self) {
        let catches = std::mem::take(&mut self.block_mut(0).catches);
        if self.reachable {
            self.settle(self.block(0).results.len());
            self.jump(0);
        }
        // Labels are counted from outside.
        let block = self.blocks.pop().expect("the block is there");
        let code = block.start..self.code.len();
        let clauses = catches.iter().map(|catch| self.clause(block.height, catch)).collect();
        self.handlers.push(Handler { code, slot: block.slot, clauses });
        self.blocks.push(block);
        self.reachable = false;
    }

    fn clause(&mut self, height: usize, catch: &Catch) -> Clause {
        let (tag, takes_reference, label) = match *catch {
            Catch::One { tag, label } => (Some(TagIdx(tag)), false, label),
            Catch::OneRef { tag, label } => (Some(TagIdx(tag)), true, label),
            Catch::All { label } => (None, false, label),
            Catch::AllRef { label } => (None, true, label),
        };
        let module = self.module;
        let carried: &[ValType] = tag.map_or(&[], |tag| &module.tag_type(tag).params);
        let start = self.code.len();
        self.label();
        self.drop_to(height);
        for &ty in carried {
            self.push(is_wide(ty));
        }
        if takes_reference {
            self.push(false);
        }
        self.bring(label);
        self.jump(label);
        self.drop_to(height);
        Clause { tag, takes_reference, start }
    }
}

instructions! {$ exception_instructions:
    control Throw: throw();
    control ThrowRef: throw_ref();
}
