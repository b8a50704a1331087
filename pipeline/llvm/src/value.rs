//! Values: constants, arguments, instructions, globals.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use llvm_sys::LLVMValue;
use llvm_sys::core::*;
use llvm_sys::prelude::*;

use crate::block::BasicBlock;
use crate::builder::AtomicOrdering;
use crate::context::Context;
use crate::error::{copy_text, take_message};
use crate::function::Function;
use crate::global::GlobalVariable;
use crate::instruction::{Call, Phi};
use crate::metadata::{Metadata, MetadataKind};
use crate::opcode::Opcode;
use crate::types::Type;

/// Anything that can be an operand. Compared by identity; equal constants are identical.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Value<'c> {
    raw: NonNull<LLVMValue>,
    context: PhantomData<&'c Context>,
}

impl<'c> Value<'c> {
    /// # Safety
    ///
    /// `raw` is a value of a context that lives for `'c`.
    pub(crate) unsafe fn from_raw(raw: LLVMValueRef) -> Self {
        Self { raw: NonNull::new(raw).expect("LLVM always returns a value"), context: PhantomData }
    }

    /// # Safety
    ///
    /// `raw` is null, or a value of a context that lives for `'c`.
    pub(crate) unsafe fn from_nullable(raw: LLVMValueRef) -> Option<Self> {
        NonNull::new(raw).map(|raw| Self { raw, context: PhantomData })
    }

    pub(crate) fn raw(self) -> LLVMValueRef {
        self.raw.as_ptr()
    }

    /// The value's type.
    pub fn ty(self) -> Type<'c> {
        // SAFETY: the value is alive; its type is as old as the context.
        unsafe { Type::from_raw(LLVMTypeOf(self.raw())) }
    }

    /// The name, empty for unnamed values.
    pub fn name(self) -> String {
        let mut len = 0;
        // SAFETY: LLVM returns `len` bytes that stay until the name changes; they are copied at once.
        unsafe {
            let data = LLVMGetValueName2(self.raw(), &mut len);
            copy_text(data, len)
        }
    }

    /// Names the value; LLVM appends a number if the name is taken. Constants cannot be named and stay as they are.
    pub fn set_name(self, name: &str) {
        // SAFETY: LLVM copies the bytes, and ignores the call for values without a symbol table.
        unsafe { LLVMSetValueName2(self.raw(), name.as_ptr().cast(), name.len()) }
    }

    /// A constant, which includes functions and globals (their addresses).
    pub fn is_constant(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMIsConstant(self.raw()) != 0 }
    }

    /// Poison (or undef).
    pub fn is_undef_or_poison(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { LLVMIsUndef(self.raw()) != 0 || LLVMIsPoison(self.raw()) != 0 }
    }

    /// The value of an integer constant of up to 64 bits, zero-extended.
    pub fn as_const_int(self) -> Option<u64> {
        // SAFETY: the value is alive; its bits are read only once it is known to be an integer constant that fits.
        unsafe {
            if LLVMIsAConstantInt(self.raw()).is_null() || self.ty().int_width()? > 64 {
                return None;
            }
            Some(LLVMConstIntGetZExtValue(self.raw()))
        }
    }

    /// The exact bits of an `f32` (in the low half) or `f64` constant.
    pub fn as_const_float_bits(self) -> Option<u64> {
        let context = self.raw_context();
        // SAFETY: the value is alive, and is cast only once it is known to be a float constant of the same width;
        // LLVM folds the cast to an integer constant without touching NaNs (reading it as a double would quiet them).
        unsafe {
            if LLVMIsAConstantFP(self.raw()).is_null() {
                return None;
            }
            let bits = match self.ty().kind() {
                crate::TypeKind::F32 => LLVMInt32TypeInContext(context),
                crate::TypeKind::F64 => LLVMInt64TypeInContext(context),
                _ => return None,
            };
            Value::from_raw(LLVMConstBitCast(self.raw(), bits)).as_const_int()
        }
    }

    /// The element `index` of a constant vector, array or structure, if there is one.
    pub fn const_element(self, index: u32) -> Option<Value<'c>> {
        if !self.is_constant() {
            return None;
        }
        // SAFETY: the value is a constant; LLVM gives null for one without that element.
        unsafe { Value::from_nullable(LLVMGetAggregateElement(self.raw(), index)) }
    }

    /// The operation, if this is an instruction (constants and arguments have none).
    pub fn instruction_opcode(self) -> Option<Opcode> {
        // SAFETY: the value is alive; the opcode is asked of instructions only.
        unsafe {
            if LLVMIsAInstruction(self.raw()).is_null() {
                return None;
            }
            Some(Opcode::from_raw(LLVMGetInstructionOpcode(self.raw())))
        }
    }

    /// How many operands an instruction or constant has; 0 for anything else.
    pub fn operand_count(self) -> u32 {
        // SAFETY: the value is alive; operands are asked of users only.
        unsafe {
            if LLVMIsAUser(self.raw()).is_null() {
                return 0;
            }
            LLVMGetNumOperands(self.raw()) as u32
        }
    }

    /// The operand `index`, if there is one.
    pub fn operand(self, index: u32) -> Option<Value<'c>> {
        if index >= self.operand_count() {
            return None;
        }
        // SAFETY: the index is in range; an operand that was dropped is null.
        unsafe { Value::from_nullable(LLVMGetOperand(self.raw(), index)) }
    }

    /// Whether anything uses this value.
    pub fn has_uses(self) -> bool {
        // SAFETY: the value is alive.
        unsafe { !LLVMGetFirstUse(self.raw()).is_null() }
    }

    /// How many uses there are. Takes time in proportion.
    pub fn use_count(self) -> usize {
        // SAFETY: the value is alive, and so are its uses; nothing changes them in between.
        let next = |raw: LLVMUseRef| (!raw.is_null()).then_some(raw);
        // SAFETY: as above.
        let first = unsafe { LLVMGetFirstUse(self.raw()) };
        // SAFETY: each use in the chain is alive.
        std::iter::successors(next(first), |use_| next(unsafe { LLVMGetNextUse(*use_) })).count()
    }

    /// Makes every user use `other` instead.
    pub fn replace_all_uses_with(self, other: Value<'c>) {
        assert!(self != other && self.ty() == other.ty(), "cannot replace {self:?} with {other:?}");
        // SAFETY: both are alive, different and of one type.
        unsafe { LLVMReplaceAllUsesWith(self.raw(), other.raw()) }
    }

    /// This value as a function.
    pub fn as_function(self) -> Option<Function<'c>> {
        // SAFETY: the value is alive; the cast returns null for anything but a function.
        unsafe { Value::from_nullable(LLVMIsAFunction(self.raw())).map(|v| Function::from_value(v)) }
    }

    /// This value as a global variable.
    pub fn as_global(self) -> Option<GlobalVariable<'c>> {
        // SAFETY: the value is alive; the cast returns null for anything but a global variable.
        unsafe { Value::from_nullable(LLVMIsAGlobalVariable(self.raw())).map(|v| GlobalVariable::from_value(v)) }
    }

    /// This value as a phi.
    pub fn as_phi(self) -> Option<Phi<'c>> {
        // SAFETY: the opcode says what it is.
        (self.instruction_opcode() == Some(Opcode::Phi)).then(|| unsafe { Phi::from_value(self) })
    }

    /// This value as a call or an invoke.
    pub fn as_call(self) -> Option<Call<'c>> {
        let is_call = matches!(self.instruction_opcode(), Some(Opcode::Call | Opcode::Invoke));
        // SAFETY: the opcode says what it is.
        is_call.then(|| unsafe { Call::from_value(self) })
    }

    /// The block an instruction is in.
    pub fn parent_block(self) -> Option<BasicBlock<'c>> {
        self.instruction_opcode()?;
        // SAFETY: this is an instruction; one that is in no block has none.
        unsafe { BasicBlock::from_nullable(LLVMGetInstructionParent(self.raw())) }
    }

    /// Removes an instruction that has no uses left from its block and frees it. No handle to it may be used again.
    pub fn erase_instruction(self) {
        assert!(self.parent_block().is_some() && !self.has_uses(), "cannot erase {self:?}");
        // SAFETY: this is an instruction, in a block, that nothing uses.
        unsafe { LLVMInstructionEraseFromParent(self.raw()) }
    }

    /// Attaches `node` to an instruction under `kind`, replacing what was there.
    ///
    /// Constants are left alone: the builder may have folded what would have been the instruction.
    pub fn set_metadata(self, kind: MetadataKind, node: Metadata<'c>) {
        if self.instruction_opcode().is_none() {
            return;
        }
        // SAFETY: this is an instruction, and the node is of the same context; anything but a string is a node, or a
        // constant, which LLVM wraps in one.
        unsafe {
            let node = LLVMMetadataAsValue(self.raw_context(), node.raw());
            assert!(LLVMIsAMDString(node).is_null(), "a string cannot be attached by itself");
            LLVMSetMetadata(self.raw(), kind.id(), node);
        }
    }

    /// Whether an instruction has metadata of that kind.
    pub fn has_metadata(self, kind: MetadataKind) -> bool {
        // SAFETY: metadata is asked of instructions only.
        self.instruction_opcode().is_some() && unsafe { !LLVMGetMetadata(self.raw(), kind.id()).is_null() }
    }

    /// The alignment in bytes of a load, store, alloca, atomic access or global.
    pub fn alignment(self) -> Option<u32> {
        // SAFETY: alignment is asked only of what has one.
        self.has_alignment().then(|| unsafe { LLVMGetAlignment(self.raw()) })
    }

    /// Sets the alignment in bytes (a power of two) of a load, store, alloca, atomic access or global.
    pub fn set_alignment(self, bytes: u32) {
        assert!(bytes.is_power_of_two() && self.has_alignment(), "cannot align {self:?} to {bytes}");
        // SAFETY: this has an alignment, and the new one is a power of two.
        unsafe { LLVMSetAlignment(self.raw(), bytes) }
    }

    /// Whether a load, store or atomic access is volatile.
    pub fn is_volatile(self) -> bool {
        // SAFETY: asked of memory accesses only.
        self.is_memory_access() && unsafe { LLVMGetVolatile(self.raw()) != 0 }
    }

    /// Makes a load, store or atomic access volatile, or not.
    pub fn set_volatile(self, volatile: bool) {
        assert!(self.is_memory_access(), "{self:?} cannot be volatile");
        // SAFETY: this is a memory access.
        unsafe { LLVMSetVolatile(self.raw(), volatile.into()) }
    }

    /// Makes a load or store atomic. Atomic accesses need an alignment of at least their size.
    pub fn set_atomic_ordering(self, ordering: AtomicOrdering) {
        assert!(
            matches!(self.instruction_opcode(), Some(Opcode::Load | Opcode::Store)),
            "{self:?} takes no atomic ordering"
        );
        // SAFETY: this is a load or a store.
        unsafe { LLVMSetOrdering(self.raw(), ordering.raw()) }
    }

    /// Promises that an addition, subtraction, multiplication, shift or truncation does not wrap as unsigned.
    /// Like the other promises, it is dropped if the builder folded the instruction away.
    pub fn set_nuw(self) {
        if self.may_wrap() {
            // SAFETY: the instruction has this flag.
            unsafe { LLVMSetNUW(self.raw(), 1) }
        }
    }

    /// Promises that an addition, subtraction, multiplication, shift or truncation does not wrap as signed.
    pub fn set_nsw(self) {
        if self.may_wrap() {
            // SAFETY: the instruction has this flag.
            unsafe { LLVMSetNSW(self.raw(), 1) }
        }
    }

    /// Promises that a division leaves no remainder, or a right shift loses no ones.
    pub fn set_exact(self) {
        if let Some(Opcode::UDiv | Opcode::SDiv | Opcode::LShr | Opcode::AShr) = self.instruction_opcode() {
            // SAFETY: the instruction has this flag.
            unsafe { LLVMSetExact(self.raw(), 1) }
        }
    }

    /// Promises that the operand of a zero extension or unsigned-to-float conversion is not negative.
    pub fn set_nneg(self) {
        if let Some(Opcode::ZExt | Opcode::UIToFP) = self.instruction_opcode() {
            // SAFETY: the instruction has this flag.
            unsafe { LLVMSetNNeg(self.raw(), 1) }
        }
    }

    /// Promises that the operands of an `or` have no bit in common.
    pub fn set_disjoint(self) {
        if self.instruction_opcode() == Some(Opcode::Or) {
            // SAFETY: the instruction has this flag.
            unsafe { LLVMSetIsDisjoint(self.raw(), 1) }
        }
    }

    fn may_wrap(self) -> bool {
        matches!(self.instruction_opcode(), Some(Opcode::Add | Opcode::Sub | Opcode::Mul | Opcode::Shl))
    }

    fn is_memory_access(self) -> bool {
        matches!(self.instruction_opcode(), Some(Opcode::Load | Opcode::Store | Opcode::AtomicRmw | Opcode::CmpXchg))
    }

    fn has_alignment(self) -> bool {
        self.is_memory_access()
            || self.instruction_opcode() == Some(Opcode::Alloca)
            // SAFETY: the value is alive.
            || unsafe { !LLVMIsAGlobalObject(self.raw()).is_null() }
    }

    fn raw_context(self) -> LLVMContextRef {
        // SAFETY: the value is alive.
        unsafe { LLVMGetValueContext(self.raw()) }
    }
}

/// As in LLVM's text.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the value is alive, and the string is ours.
        f.write_str(unsafe { take_message(LLVMPrintValueToString(self.raw())) }.trim())
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Defines a handle that is a value of one sort.
macro_rules! value_handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(transparent)]
        pub struct $name<'c>($crate::value::Value<'c>);

        impl<'c> $name<'c> {
            /// # Safety
            ///
            /// `value` is of this sort.
            pub(crate) unsafe fn from_value(value: $crate::value::Value<'c>) -> Self {
                Self(value)
            }
        }

        impl<'c> std::ops::Deref for $name<'c> {
            type Target = $crate::value::Value<'c>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<'c> From<$name<'c>> for $crate::value::Value<'c> {
            fn from(handle: $name<'c>) -> Self {
                handle.0
            }
        }

        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use value_handle;
