//! The builder: appends instructions at a position.
//!
//! Instructions are left unnamed, which keeps the text small and building fast. Operations on constants are folded, so
//! what comes back need not be an instruction. Nothing here allocates on the Rust side.
//!
//! - `arithmetic`: integers and floats, comparisons, casts, select
//! - `memory`: loads, stores, addresses, atomics
//! - `control`: branches, returns, phis, calls, intrinsics
//! - `vector`: lanes and fields of vectors and aggregates

mod arithmetic;
mod control;
mod memory;
mod vector;

use std::ffi::c_char;

use llvm_sys::core::*;
use llvm_sys::prelude::*;

use crate::block::BasicBlock;
use crate::context::Context;
use crate::value::Value;

pub use arithmetic::{FloatPredicate, IntPredicate};
pub use control::Intrinsic;
pub use memory::{AtomicOrdering, AtomicRmwOp, GepFlags};

/// The name of every instruction: none.
const UNNAMED: *const c_char = c"".as_ptr();

/// Appends instructions at a position.
pub struct Builder<'c> {
    raw: LLVMBuilderRef,
    context: &'c Context,
}

impl<'c> Builder<'c> {
    pub(crate) fn new(context: &'c Context) -> Self {
        // SAFETY: the context outlives the builder.
        let raw = unsafe { LLVMCreateBuilderInContext(context.raw()) };
        Self { raw, context }
    }

    fn raw(&self) -> LLVMBuilderRef {
        self.raw
    }

    /// The raw builder, for instructions that look at the module around them while they are made.
    pub(crate) fn positioned(&self) -> LLVMBuilderRef {
        // SAFETY: the builder is alive.
        let block = unsafe { LLVMGetInsertBlock(self.raw) };
        assert!(!block.is_null(), "the builder has no position yet");
        self.raw
    }

    /// The context that the instructions belong to.
    pub fn context(&self) -> &'c Context {
        self.context
    }

    /// Builds after the last instruction of `block`.
    pub fn position_at_end(&self, block: BasicBlock<'c>) {
        // SAFETY: the block is alive.
        unsafe { LLVMPositionBuilderAtEnd(self.raw, block.raw()) }
    }

    /// Builds before `instruction`.
    pub fn position_before(&self, instruction: Value<'c>) {
        assert!(instruction.parent_block().is_some(), "{instruction:?} is in no block");
        // SAFETY: this is an instruction in a block.
        unsafe { LLVMPositionBuilderBefore(self.raw, instruction.raw()) }
    }

    /// Builds before the first instruction of `block`, or at its end if it is empty.
    pub fn position_at_start(&self, block: BasicBlock<'c>) {
        match block.first_instruction() {
            Some(first) => self.position_before(first),
            None => self.position_at_end(block),
        }
    }

    /// The block that instructions go to.
    pub fn insert_block(&self) -> Option<BasicBlock<'c>> {
        // SAFETY: the builder is alive; without a position the answer is null.
        unsafe { BasicBlock::from_nullable(LLVMGetInsertBlock(self.raw)) }
    }
}

impl Drop for Builder<'_> {
    fn drop(&mut self) {
        // SAFETY: the builder is ours and disposed of once.
        unsafe { LLVMDisposeBuilder(self.raw) }
    }
}
