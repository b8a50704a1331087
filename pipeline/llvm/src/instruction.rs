//! Instructions that can be changed after they are built: phis, switches, calls.

use llvm_sys::core::*;
use llvm_sys::{LLVMAttributeFunctionIndex, LLVMTailCallKind};

use crate::attributes::{Attribute, Position};
use crate::block::BasicBlock;
use crate::function::CallConv;
use crate::opcode::Opcode;
use crate::types::FunctionType;
use crate::value::{Value, value_handle};

value_handle! {
    /// A phi: a value chosen by the block that control came from.
    Phi
}

value_handle! {
    /// A switch.
    Switch
}

value_handle! {
    /// A call or an invoke.
    Call
}

/// Whether a call may or must reuse its caller's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailCall {
    /// As the optimizer likes.
    None,
    /// Allowed: the callee sees no alloca of the caller.
    Tail,
    /// Required; conventions and (but for `tailcc`) signatures must agree, and `ret` must follow.
    MustTail,
    /// Forbidden.
    NoTail,
}

impl<'c> Phi<'c> {
    /// Says which `value` the phi has when control comes from `block`.
    pub fn add_incoming(self, value: Value<'c>, block: BasicBlock<'c>) {
        debug_assert_eq!(self.ty(), value.ty(), "incoming value of a phi");
        // SAFETY: this is a phi; LLVM reads one value and one block.
        unsafe { LLVMAddIncoming(self.raw(), &mut value.raw(), &mut block.raw(), 1) }
    }

    /// How many edges have been added.
    pub fn incoming_count(self) -> u32 {
        // SAFETY: this is a phi.
        unsafe { LLVMCountIncoming(self.raw()) }
    }

    /// The value and block of edge `index`.
    pub fn incoming(self, index: u32) -> Option<(Value<'c>, BasicBlock<'c>)> {
        if index >= self.incoming_count() {
            return None;
        }
        // SAFETY: this is a phi, and the index is in range.
        unsafe {
            Some((
                Value::from_raw(LLVMGetIncomingValue(self.raw(), index)),
                BasicBlock::from_raw(LLVMGetIncomingBlock(self.raw(), index)),
            ))
        }
    }
}

impl<'c> Switch<'c> {
    /// Goes to `block` on the integer constant `on`, which no other case has.
    pub fn add_case(self, on: Value<'c>, block: BasicBlock<'c>) {
        assert!(
            // SAFETY: the value is alive.
            unsafe { !LLVMIsAConstantInt(on.raw()).is_null() },
            "a case is an integer constant, not {on:?}"
        );
        // SAFETY: this is a switch, and the case an integer constant.
        unsafe { LLVMAddCase(self.raw(), on.raw(), block.raw()) }
    }
}

impl<'c> Call<'c> {
    /// The callee's calling convention; it must be the one of the function called.
    pub fn set_call_conv(self, convention: CallConv) {
        // SAFETY: this is a call.
        unsafe { LLVMSetInstructionCallConv(self.raw(), convention.raw()) }
    }

    /// The calling convention.
    pub fn call_conv(self) -> Option<CallConv> {
        // SAFETY: this is a call.
        CallConv::from_raw(unsafe { LLVMGetInstructionCallConv(self.raw()) })
    }

    /// Whether the call may or must be a tail call.
    pub fn set_tail_call(self, kind: TailCall) {
        let kind = match kind {
            TailCall::None => LLVMTailCallKind::LLVMTailCallKindNone,
            TailCall::Tail => LLVMTailCallKind::LLVMTailCallKindTail,
            TailCall::MustTail => LLVMTailCallKind::LLVMTailCallKindMustTail,
            TailCall::NoTail => LLVMTailCallKind::LLVMTailCallKindNoTail,
        };
        // SAFETY: this is a call.
        unsafe { LLVMSetTailCallKind(self.raw(), kind) }
    }

    /// Whether the call may or must be a tail call.
    pub fn tail_call(self) -> TailCall {
        // SAFETY: this is a call.
        match unsafe { LLVMGetTailCallKind(self.raw()) } {
            LLVMTailCallKind::LLVMTailCallKindNone => TailCall::None,
            LLVMTailCallKind::LLVMTailCallKindTail => TailCall::Tail,
            LLVMTailCallKind::LLVMTailCallKindMustTail => TailCall::MustTail,
            LLVMTailCallKind::LLVMTailCallKindNoTail => TailCall::NoTail,
        }
    }

    /// Adds an attribute to this call only.
    pub fn add_attribute(self, position: Position, attribute: Attribute<'c>) {
        let index = position.index();
        assert!(index == LLVMAttributeFunctionIndex || index <= self.arg_count(), "no {position:?} in {self:?}");
        // SAFETY: this is a call, and it has that position.
        unsafe { LLVMAddCallSiteAttribute(self.raw(), index, attribute.raw()) }
    }

    /// How many arguments are passed.
    pub fn arg_count(self) -> u32 {
        // SAFETY: this is a call.
        unsafe { LLVMGetNumArgOperands(self.raw()) }
    }

    /// What is called: a function, or a pointer.
    pub fn callee(self) -> Value<'c> {
        // SAFETY: this is a call.
        unsafe { Value::from_raw(LLVMGetCalledValue(self.raw())) }
    }

    /// The type the callee is called with.
    pub fn function_type(self) -> FunctionType<'c> {
        // SAFETY: this is a call.
        unsafe { FunctionType::from_raw(LLVMGetCalledFunctionType(self.raw())) }
    }
}

impl<'c> Value<'c> {
    /// How many blocks a terminator may go to; 0 for anything else.
    pub fn successor_count(self) -> u32 {
        match self.instruction_opcode() {
            // SAFETY: these are the terminators that have successors.
            Some(Opcode::Br | Opcode::Switch | Opcode::Invoke) => unsafe { LLVMGetNumSuccessors(self.raw()) },
            _ => 0,
        }
    }

    /// The block number `index` that a terminator may go to.
    pub fn successor(self, index: u32) -> Option<BasicBlock<'c>> {
        if index >= self.successor_count() {
            return None;
        }
        // SAFETY: this is a terminator, and the index is in range.
        unsafe { Some(BasicBlock::from_raw(LLVMGetSuccessor(self.raw(), index))) }
    }
}
