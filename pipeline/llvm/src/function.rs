//! Functions.

use std::ffi::c_uint;

use llvm_sys::LLVMCallConv;
use llvm_sys::core::*;

use crate::attributes::{Attribute, Position, attribute_kind};
use crate::block::BasicBlock;
use crate::types::FunctionType;
use crate::value::{Value, value_handle};

value_handle! {
    /// A function; as a value, its address.
    Function
}

/// How arguments and results travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallConv {
    /// The platform's C convention.
    C,
    /// `fastcc`: LLVM's own, in as many registers as it likes.
    Fast,
    /// `tailcc`: as `fastcc`, and tail calls between any signatures work.
    Tail,
    /// `coldcc`: spares the caller's registers; for calls that are rarely made.
    Cold,
    /// `preserve_mostcc`: the callee saves almost all registers.
    PreserveMost,
}

impl CallConv {
    /// `CallingConv::Tail` of LLVM's C++ side; the C API's enumeration leaves it out.
    const TAIL: c_uint = 18;

    pub(crate) fn raw(self) -> c_uint {
        match self {
            Self::C => LLVMCallConv::LLVMCCallConv as c_uint,
            Self::Fast => LLVMCallConv::LLVMFastCallConv as c_uint,
            Self::Tail => Self::TAIL,
            Self::Cold => LLVMCallConv::LLVMColdCallConv as c_uint,
            Self::PreserveMost => LLVMCallConv::LLVMPreserveMostCallConv as c_uint,
        }
    }

    /// None for a convention that this compiler never uses.
    pub(crate) fn from_raw(raw: c_uint) -> Option<Self> {
        [Self::C, Self::Fast, Self::Tail, Self::Cold, Self::PreserveMost]
            .into_iter()
            .find(|convention| convention.raw() == raw)
    }
}

impl<'c> Function<'c> {
    /// The function's type (as a value, it is a pointer).
    pub fn function_type(self) -> FunctionType<'c> {
        // SAFETY: a function's value type is a function type.
        unsafe { FunctionType::from_raw(LLVMGlobalGetValueType(self.raw())) }
    }

    /// How many parameters it has.
    pub fn param_count(self) -> u32 {
        // SAFETY: this is a function.
        unsafe { LLVMCountParams(self.raw()) }
    }

    /// The parameter `index`.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn param(self, index: u32) -> Value<'c> {
        let count = self.param_count();
        assert!(index < count, "parameter {index} of {count}");
        // SAFETY: the function has that parameter.
        unsafe { Value::from_raw(LLVMGetParam(self.raw(), index)) }
    }

    /// The parameters in order.
    pub fn params(self) -> impl ExactSizeIterator<Item = Value<'c>> + use<'c> {
        // The range's end is fixed here, so that it is exact.
        (0..self.param_count()).map(move |index| self.param(index))
    }

    /// Adds a block at the end; an empty name leaves it unnamed.
    pub fn append_block(self, name: &str) -> BasicBlock<'c> {
        // SAFETY: this is a function, alive with its context; the C string is static.
        let block = unsafe {
            BasicBlock::from_raw(LLVMAppendBasicBlockInContext(
                LLVMGetValueContext(self.raw()),
                self.raw(),
                c"".as_ptr(),
            ))
        };
        if !name.is_empty() {
            block.as_value().set_name(name);
        }
        block
    }

    /// The blocks in the order of the text. The one just returned may be erased.
    pub fn blocks(self) -> impl Iterator<Item = BasicBlock<'c>> + use<'c> {
        std::iter::successors(self.entry(), |block| block.next())
    }

    /// The block that control enters by; none in a declaration.
    pub fn entry(self) -> Option<BasicBlock<'c>> {
        // SAFETY: this is a function; without blocks the answer is null.
        unsafe { BasicBlock::from_nullable(LLVMGetFirstBasicBlock(self.raw())) }
    }

    /// Sets the calling convention. Calls must say the same.
    pub fn set_call_conv(self, convention: CallConv) {
        // SAFETY: this is a function.
        unsafe { LLVMSetFunctionCallConv(self.raw(), convention.raw()) }
    }

    /// The calling convention; none if it is one that this compiler never uses.
    pub fn call_conv(self) -> Option<CallConv> {
        // SAFETY: this is a function.
        CallConv::from_raw(unsafe { LLVMGetFunctionCallConv(self.raw()) })
    }

    /// Names the function that exceptions ask on their way through this one, which has landing pads.
    pub fn set_personality(self, personality: Function<'c>) {
        // SAFETY: both are functions, and alive.
        unsafe { LLVMSetPersonalityFn(self.raw(), personality.raw()) }
    }

    /// The function that exceptions ask on their way through this one, if it names one.
    pub fn personality(self) -> Option<Function<'c>> {
        // SAFETY: this is a function, and asked for its personality only if it has one.
        unsafe {
            (LLVMHasPersonalityFn(self.raw()) != 0)
                .then(|| Value::from_raw(LLVMGetPersonalityFn(self.raw())))
                .and_then(Value::as_function)
        }
    }

    /// Whether this is one of LLVM's intrinsics.
    pub fn is_intrinsic(self) -> bool {
        // SAFETY: this is a function.
        unsafe { LLVMGetIntrinsicID(self.raw()) != 0 }
    }

    /// Adds an attribute.
    pub fn add_attribute(self, position: Position, attribute: Attribute<'c>) {
        self.check(position);
        // SAFETY: this is a function, and it has that position.
        unsafe { LLVMAddAttributeAtIndex(self.raw(), position.index(), attribute.raw()) }
    }

    /// Whether the attribute `name` (not a string attribute) is there.
    ///
    /// # Panics
    ///
    /// LLVM has no attribute of that name.
    pub fn has_attribute(self, position: Position, name: &str) -> bool {
        self.find_attribute(position, name).is_some()
    }

    /// The attribute `name` (not a string attribute), if it is there. Equal attributes are the same handle.
    ///
    /// # Panics
    ///
    /// LLVM has no attribute of that name.
    pub fn find_attribute(self, position: Position, name: &str) -> Option<Attribute<'c>> {
        self.check(position);
        // SAFETY: this is a function, it has that position, and the kind is known to LLVM; the attribute lives with the
        // context.
        unsafe {
            let raw = LLVMGetEnumAttributeAtIndex(self.raw(), position.index(), attribute_kind(name));
            (!raw.is_null()).then(|| Attribute::from_raw(raw))
        }
    }

    /// All attributes at a position.
    pub fn attributes(self, position: Position) -> Vec<Attribute<'c>> {
        self.check(position);
        // SAFETY: this is a function, and it has that position; LLVM fills as many places as it has said there are.
        let raw = unsafe {
            let count = LLVMGetAttributeCountAtIndex(self.raw(), position.index());
            let mut raw = vec![std::ptr::null_mut(); count as usize];
            LLVMGetAttributesAtIndex(self.raw(), position.index(), raw.as_mut_ptr());
            raw
        };
        // SAFETY: attributes live with the context.
        raw.into_iter().map(|raw| unsafe { Attribute::from_raw(raw) }).collect()
    }

    /// The value of the string attribute `key`, if it is there.
    pub fn string_attribute(self, position: Position, key: &str) -> Option<String> {
        self.find_string_attribute(position, key).map(Attribute::string_value)
    }

    /// The string attribute `key`, if it is there. Equal attributes are the same handle.
    pub fn find_string_attribute(self, position: Position, key: &str) -> Option<Attribute<'c>> {
        self.check(position);
        // SAFETY: this is a function, and it has that position; the attribute lives with the context.
        unsafe {
            let raw =
                LLVMGetStringAttributeAtIndex(self.raw(), position.index(), key.as_ptr().cast(), key.len() as u32);
            (!raw.is_null()).then(|| Attribute::from_raw(raw))
        }
    }

    /// Removes the attribute `name` (not a string attribute), if it is there.
    ///
    /// # Panics
    ///
    /// LLVM has no attribute of that name.
    pub fn remove_attribute(self, position: Position, name: &str) {
        self.check(position);
        // SAFETY: this is a function, it has that position, and the kind is known to LLVM.
        unsafe { LLVMRemoveEnumAttributeAtIndex(self.raw(), position.index(), attribute_kind(name)) }
    }

    /// Removes the function, which nothing uses. No handle to it or into it may be used again.
    pub fn erase(self) {
        assert!(!self.has_uses(), "cannot erase a function in use");
        // SAFETY: this is a function, in a module, that nothing uses.
        unsafe { LLVMDeleteFunction(self.raw()) }
    }

    fn check(self, position: Position) {
        if let Position::Param(index) = position {
            let count = self.param_count();
            assert!(index < count, "attribute of parameter {index} of {count}");
        }
    }
}
