//! What a pass of our own needs beyond building: to look at uses, flags and metadata, to copy instructions, to change operands.

use llvm_sys::LLVMAttributeReturnIndex;
use llvm_sys::core::*;
use llvm_sys::prelude::*;

use crate::block::BasicBlock;
use crate::builder::{Builder, FloatPredicate, IntPredicate};
use crate::context::Context;
use crate::instruction::Call;
use crate::metadata::{Metadata, MetadataKind};
use crate::opcode::Opcode;
use crate::types::Type;
use crate::value::Value;

impl<'c> Value<'c> {
    /// What uses this value, once for each use, the latest use first.
    pub fn users(self) -> Vec<Value<'c>> {
        let next = |raw: LLVMUseRef| (!raw.is_null()).then_some(raw);
        // SAFETY: the value is alive, and so are its uses; nothing changes them in between.
        let first = unsafe { LLVMGetFirstUse(self.raw()) };
        // SAFETY: each use in the chain is alive.
        let uses = std::iter::successors(next(first), |use_| next(unsafe { LLVMGetNextUse(*use_) }));
        // SAFETY: a use that is alive has a user, which is alive.
        uses.map(|use_| unsafe { Value::from_raw(LLVMGetUser(use_)) }).collect()
    }

    /// Makes an instruction use `value`, which has the type that the old one had, as its operand `index`.
    pub fn set_operand(self, index: u32, value: Value<'c>) {
        let old = self.operand(index).filter(|_| self.instruction_opcode().is_some());
        assert!(old.is_some_and(|old| old.ty() == value.ty()), "operand {index} of {self:?} cannot be {value:?}");
        // SAFETY: this is an instruction, which has that operand, and the type stays.
        unsafe { LLVMSetOperand(self.raw(), index, value.raw()) }
    }

    /// Makes a terminator go to `block` where it went to its successor `index`.
    pub fn set_successor(self, index: u32, block: BasicBlock<'c>) {
        assert!(index < self.successor_count(), "no successor {index} of {self:?}");
        // SAFETY: this is a terminator, and the index is in range.
        unsafe { LLVMSetSuccessor(self.raw(), index, block.raw()) }
    }

    /// How an integer comparison compares.
    pub fn int_predicate(self) -> Option<IntPredicate> {
        // SAFETY: the predicate is asked of integer comparisons only.
        (self.instruction_opcode() == Some(Opcode::ICmp))
            .then(|| IntPredicate::from_raw(unsafe { LLVMGetICmpPredicate(self.raw()) }))
    }

    /// How a comparison of floats compares.
    pub fn float_predicate(self) -> Option<FloatPredicate> {
        // SAFETY: the predicate is asked of comparisons of floats only.
        (self.instruction_opcode() == Some(Opcode::FCmp))
            .then(|| FloatPredicate::from_raw(unsafe { LLVMGetFCmpPredicate(self.raw()) }))
            .flatten()
    }

    /// Whether two instructions have the same leave to deviate from the standard of floats, as most have none.
    pub fn has_same_fast_math(self, other: Value<'c>) -> bool {
        // SAFETY: both values are alive; flags are asked only of what has them.
        let flags = |value: Value<'c>| unsafe {
            (LLVMCanValueUseFastMathFlags(value.raw()) != 0).then(|| LLVMGetFastMathFlags(value.raw()))
        };
        flags(self) == flags(other)
    }

    /// Takes back what was promised of an instruction's operands or result, without which it would be poison.
    pub fn drop_promises(self) {
        // SAFETY: each flag is set only of instructions that have it.
        unsafe {
            match self.instruction_opcode() {
                Some(Opcode::Add | Opcode::Sub | Opcode::Mul | Opcode::Shl | Opcode::Trunc) => {
                    LLVMSetNUW(self.raw(), 0);
                    LLVMSetNSW(self.raw(), 0);
                }
                Some(Opcode::UDiv | Opcode::SDiv | Opcode::LShr | Opcode::AShr) => LLVMSetExact(self.raw(), 0),
                Some(Opcode::ZExt | Opcode::UIToFP) => LLVMSetNNeg(self.raw(), 0),
                Some(Opcode::Or) => LLVMSetIsDisjoint(self.raw(), 0),
                Some(Opcode::ICmp) => LLVMSetICmpSameSign(self.raw(), 0),
                _ => {}
            }
        }
    }

    /// Whether this is an `or` whose operands have no bit in common.
    pub fn is_disjoint(self) -> bool {
        // SAFETY: the flag is asked only of what has it.
        self.instruction_opcode() == Some(Opcode::Or) && unsafe { LLVMGetIsDisjoint(self.raw()) != 0 }
    }

    /// Whether this is an atomic access or a fence.
    pub fn is_atomic(self) -> bool {
        // SAFETY: asked of instructions only.
        self.instruction_opcode().is_some() && unsafe { LLVMIsAtomic(self.raw()) != 0 }
    }

    /// What the indices of an address computation count in.
    pub fn gep_element(self) -> Option<Type<'c>> {
        // SAFETY: the type is asked of address computations only, and lives with the context.
        (self.instruction_opcode() == Some(Opcode::GetElementPtr))
            .then(|| unsafe { Type::from_raw(LLVMGetGEPSourceElementType(self.raw())) })
    }

    /// The node that an instruction has under `kind`.
    pub fn metadata(self, kind: MetadataKind) -> Option<Metadata<'c>> {
        self.instruction_opcode()?;
        // SAFETY: metadata is asked of instructions only; LLVM wraps the node in a value, which is unwrapped.
        unsafe {
            let node = LLVMGetMetadata(self.raw(), kind.id());
            (!node.is_null()).then(|| Metadata::from_raw(LLVMValueAsMetadata(node)))
        }
    }

    /// The weights of a branch or switch, in the order of its successors.
    pub fn branch_weights(self, context: &Context) -> Option<Vec<u64>> {
        self.instruction_opcode()?;
        // SAFETY: this is an instruction; LLVM wraps its node in a value, and writes as many operands as it has said there are. A
        // constant's wrapper is the constant itself; what is no value is null.
        let operands = unsafe {
            let node = LLVMGetMetadata(self.raw(), context.kinds().prof.id());
            if node.is_null() {
                return None;
            }
            let mut operands = vec![std::ptr::null_mut(); LLVMGetMDNodeNumOperands(node) as usize];
            LLVMGetMDNodeOperands(node, operands.as_mut_ptr());
            operands
        };
        // SAFETY: operands live as long as the node, which the instruction keeps.
        let numbers = operands.into_iter().filter_map(|raw| unsafe { Value::from_nullable(raw) }?.as_const_int());
        Some(numbers.collect())
    }

    /// Takes away what an instruction has under `kind`.
    pub fn remove_metadata(self, kind: MetadataKind) {
        assert!(self.instruction_opcode().is_some(), "{self:?} is no instruction");
        // SAFETY: this is an instruction; null stands for nothing.
        unsafe { LLVMSetMetadata(self.raw(), kind.id(), std::ptr::null_mut()) }
    }
}

impl Call<'_> {
    /// Whether something is promised of this call's result.
    pub fn has_result_attributes(self) -> bool {
        // SAFETY: this is a call.
        unsafe { LLVMGetCallSiteAttributeCount(self.raw(), LLVMAttributeReturnIndex) != 0 }
    }
}

impl<'c> Builder<'c> {
    /// Builds an unnamed copy of an instruction, with its flags and metadata.
    pub fn copy(&self, instruction: Value<'c>) -> Value<'c> {
        assert!(instruction.instruction_opcode().is_some(), "{instruction:?} is no instruction");
        // SAFETY: this is an instruction; its copy is in no block yet, and inserted at once.
        unsafe {
            let copy = Value::from_raw(LLVMInstructionClone(instruction.raw()));
            LLVMInsertIntoBuilder(self.positioned(), copy.raw());
            copy
        }
    }
}
