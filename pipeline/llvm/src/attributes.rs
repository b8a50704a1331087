//! Attributes of functions, results, parameters and calls.

use std::marker::PhantomData;
use std::ptr::NonNull;

use llvm_sys::core::*;
use llvm_sys::prelude::*;
use llvm_sys::{LLVMAttributeFunctionIndex, LLVMAttributeIndex, LLVMAttributeReturnIndex, LLVMOpaqueAttributeRef};

use crate::context::Context;
use crate::error::copy_text;
use crate::types::Type;

/// An attribute. Make it once and use it for every function: adding it costs little, looking up its name more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Attribute<'c> {
    raw: NonNull<LLVMOpaqueAttributeRef>,
    context: PhantomData<&'c Context>,
}

/// What an attribute is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The function, or the call.
    Function,
    /// The result.
    Return,
    /// The parameter or argument with this number, from 0.
    Param(u32),
}

/// What is done to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    None = 0,
    /// It is read.
    Read = 1,
    /// It is written.
    Write = 2,
    /// Both.
    ReadWrite = 3,
}

/// What a function does to memory: the contents of the `memory` attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryEffects {
    /// Through its pointer arguments.
    pub arguments: Access,
    /// To memory that no instruction of this module can reach.
    pub inaccessible: Access,
    /// To everything else.
    pub other: Access,
}

impl MemoryEffects {
    /// None at all.
    pub const NONE: Self = Self { arguments: Access::None, inaccessible: Access::None, other: Access::None };

    /// LLVM's encoding: two bits for each location. `other` stands for `errno` too, and for the locations that are
    /// a target's own, as it does in the text form.
    fn encoded(self) -> u64 {
        let locations = [
            self.arguments,
            self.inaccessible,
            self.other, // errno
            self.other,
            self.other, // target's own
            self.other, // target's own
        ];
        locations.iter().rev().fold(0, |bits, access| bits << 2 | *access as u64)
    }
}

impl Position {
    pub(crate) fn index(self) -> LLVMAttributeIndex {
        match self {
            Self::Function => LLVMAttributeFunctionIndex,
            Self::Return => LLVMAttributeReturnIndex,
            Self::Param(index) => index + 1,
        }
    }
}

/// The number of the attribute `name`.
///
/// # Panics
///
/// LLVM has no attribute of that name.
pub(crate) fn attribute_kind(name: &str) -> u32 {
    // SAFETY: LLVM reads as many bytes as it is told.
    let kind = unsafe { LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()) };
    assert!(kind != 0, "LLVM has no attribute named {name:?}");
    kind
}

impl Context {
    /// An attribute without a value, such as `nounwind` or `noalias`.
    ///
    /// # Panics
    ///
    /// LLVM has no attribute of that name.
    pub fn enum_attribute(&self, name: &str) -> Attribute<'_> {
        self.int_attribute(name, 0)
    }

    /// An attribute with a number, such as `dereferenceable` (bytes), `align` (bytes).
    ///
    /// # Panics
    ///
    /// LLVM has no attribute of that name.
    pub fn int_attribute(&self, name: &str, value: u64) -> Attribute<'_> {
        // SAFETY: the kind is known to LLVM.
        unsafe { Attribute::from_raw(LLVMCreateEnumAttribute(self.raw(), attribute_kind(name), value)) }
    }

    /// The attribute `memory`.
    pub fn memory_attribute(&self, effects: MemoryEffects) -> Attribute<'_> {
        self.int_attribute("memory", effects.encoded())
    }

    /// An attribute that names a type, such as `sret`.
    ///
    /// # Panics
    ///
    /// LLVM has no attribute of that name.
    pub fn type_attribute<'c>(&'c self, name: &str, ty: Type<'c>) -> Attribute<'c> {
        // SAFETY: the kind is known to LLVM, and the type alive.
        unsafe { Attribute::from_raw(LLVMCreateTypeAttribute(self.raw(), attribute_kind(name), ty.raw())) }
    }

    /// A `"key"="value"` attribute, such as `target-cpu`; with an empty value just `"key"`.
    pub fn string_attribute(&self, key: &str, value: &str) -> Attribute<'_> {
        // SAFETY: LLVM copies as many bytes as it is told.
        unsafe {
            Attribute::from_raw(LLVMCreateStringAttribute(
                self.raw(),
                key.as_ptr().cast(),
                key.len() as u32,
                value.as_ptr().cast(),
                value.len() as u32,
            ))
        }
    }
}

impl<'c> Attribute<'c> {
    /// # Safety
    ///
    /// `raw` is an attribute of a context that lives for `'c`.
    pub(crate) unsafe fn from_raw(raw: LLVMAttributeRef) -> Self {
        Self { raw: NonNull::new(raw).expect("LLVM always returns an attribute"), context: PhantomData }
    }

    pub(crate) fn raw(self) -> LLVMAttributeRef {
        self.raw.as_ptr()
    }

    /// The key of a string attribute; none for any other.
    pub fn string_key(self) -> Option<String> {
        let mut len = 0;
        // SAFETY: the attribute is alive, and only string attributes are asked for their string, whose bytes live with
        // the context.
        unsafe {
            if LLVMIsStringAttribute(self.raw()) == 0 {
                return None;
            }
            let data = LLVMGetStringAttributeKind(self.raw(), &mut len);
            Some(copy_text(data, len as usize))
        }
    }

    /// The value of a string attribute; empty for any other.
    pub fn string_value(self) -> String {
        let mut len = 0;
        // SAFETY: the attribute is alive, and only string attributes are asked for their string, whose bytes live with
        // the context.
        unsafe {
            if LLVMIsStringAttribute(self.raw()) == 0 {
                return String::new();
            }
            let data = LLVMGetStringAttributeValue(self.raw(), &mut len);
            copy_text(data, len as usize)
        }
    }
}
