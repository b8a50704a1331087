//! Basic blocks.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use llvm_sys::LLVMBasicBlock;
use llvm_sys::core::*;
use llvm_sys::prelude::*;

use crate::context::Context;
use crate::function::Function;
use crate::value::Value;

/// A basic block of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct BasicBlock<'c> {
    raw: NonNull<LLVMBasicBlock>,
    context: PhantomData<&'c Context>,
}

impl<'c> BasicBlock<'c> {
    /// # Safety
    ///
    /// `raw` is a block in a function of a context that lives for `'c`.
    pub(crate) unsafe fn from_raw(raw: LLVMBasicBlockRef) -> Self {
        Self { raw: NonNull::new(raw).expect("LLVM always returns a block"), context: PhantomData }
    }

    /// # Safety
    ///
    /// `raw` is null, or a block in a function of a context that lives for `'c`.
    pub(crate) unsafe fn from_nullable(raw: LLVMBasicBlockRef) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw, context: PhantomData })
    }

    pub(crate) fn raw(self) -> LLVMBasicBlockRef {
        self.raw.as_ptr()
    }

    /// The block's name, empty for unnamed blocks.
    pub fn name(self) -> String {
        self.as_value().name()
    }

    /// The block as a value of type `label`.
    pub fn as_value(self) -> Value<'c> {
        // SAFETY: the block is alive, and so is the value it is.
        unsafe { Value::from_raw(LLVMBasicBlockAsValue(self.raw())) }
    }

    /// The function the block is in.
    pub fn parent(self) -> Function<'c> {
        // SAFETY: the block is alive and in a function, as blocks are only made in functions here.
        unsafe { Function::from_value(Value::from_raw(LLVMGetBasicBlockParent(self.raw()))) }
    }

    /// The instruction that ends the block, if it has been built.
    pub fn terminator(self) -> Option<Value<'c>> {
        // SAFETY: the block is alive; without a terminator the answer is null.
        unsafe { Value::from_nullable(LLVMGetBasicBlockTerminator(self.raw())) }
    }

    /// Whether no instruction has been built yet.
    pub fn is_empty(self) -> bool {
        self.first_instruction().is_none()
    }

    /// Whether any branch leads here. Takes constant time.
    pub fn has_predecessors(self) -> bool {
        self.as_value().has_uses()
    }

    /// The first instruction.
    pub fn first_instruction(self) -> Option<Value<'c>> {
        // SAFETY: the block is alive; an empty one gives null.
        unsafe { Value::from_nullable(LLVMGetFirstInstruction(self.raw())) }
    }

    /// The instructions in order. The one just returned may be erased.
    pub fn instructions(self) -> impl Iterator<Item = Value<'c>> + use<'c> {
        // SAFETY: each instruction in the chain is alive when its successor is asked for.
        std::iter::successors(self.first_instruction(), |instruction| unsafe {
            Value::from_nullable(LLVMGetNextInstruction(instruction.raw()))
        })
    }

    /// The block after this one in the function's text.
    pub fn next(self) -> Option<BasicBlock<'c>> {
        // SAFETY: the block is alive; the last one gives null.
        unsafe { BasicBlock::from_nullable(LLVMGetNextBasicBlock(self.raw())) }
    }

    /// Puts this block after `other` in the function's text.
    pub fn move_after(self, other: BasicBlock<'c>) {
        if self != other {
            // SAFETY: both blocks are alive and in a function.
            unsafe { LLVMMoveBasicBlockAfter(self.raw(), other.raw()) }
        }
    }

    /// Removes the block and its instructions. Nothing may branch here, and no handle to them may be used again.
    pub fn erase(self) {
        assert!(!self.has_predecessors(), "cannot erase a block that is branched to");
        // SAFETY: the block is alive and nothing refers to it.
        unsafe { LLVMDeleteBasicBlock(self.raw()) }
    }
}

impl fmt::Debug for BasicBlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_value(), f)
    }
}
