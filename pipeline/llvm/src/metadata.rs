//! Metadata: facts attached to instructions, which optimizers may use and may forget.

use std::marker::PhantomData;
use std::ptr::NonNull;

use llvm_sys::LLVMOpaqueMetadata;
use llvm_sys::core::*;
use llvm_sys::prelude::*;

use crate::context::Context;
use crate::value::Value;

/// A metadata string, wrapped constant, or node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Metadata<'c> {
    raw: NonNull<LLVMOpaqueMetadata>,
    context: PhantomData<&'c Context>,
}

/// The number of a metadata kind, good in the context that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetadataKind(u32);

impl MetadataKind {
    pub(crate) fn id(self) -> u32 {
        self.0
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        /// The kinds that lowering attaches, looked up once per context.
        #[derive(Clone, Copy, Debug)]
        pub struct MetadataKinds {
            $($(#[$doc])* pub $field: MetadataKind,)*
        }

        impl MetadataKinds {
            pub(crate) fn new(context: LLVMContextRef) -> Self {
                Self { $($field: kind(context, $name),)* }
            }
        }
    };
}

kinds! {
    /// The location never changes while the load's address can be computed. An empty node.
    invariant_load = "invariant.load",
    /// The location does not change between accesses in the same invariant group. An empty or distinct node.
    invariant_group = "invariant.group",
    /// Scopes the access belongs to. A list of scopes.
    alias_scope = "alias.scope",
    /// Scopes the access does not alias. A list of scopes.
    noalias = "noalias",
    /// Bounds of a loaded integer or a call's result. Pairs of constants: from, up to but not including.
    range = "range",
    /// Profile: branch weights among others.
    prof = "prof",
    /// The branch is hard to predict. An empty node.
    unpredictable = "unpredictable",
    /// The loaded pointer is not null. An empty node.
    nonnull = "nonnull",
    /// The loaded value is not undef. An empty node.
    noundef = "noundef",
    /// How many bytes the loaded pointer points to. An `i64`.
    dereferenceable = "dereferenceable",
    /// The alignment of the loaded pointer. An `i64`.
    align = "align",
    /// Hints for the loop whose latch branches here.
    loop_ = "llvm.loop",
    /// The type of what is accessed.
    tbaa = "tbaa",
}

fn kind(context: LLVMContextRef, name: &str) -> MetadataKind {
    // SAFETY: the context is alive; LLVM reads as many bytes as it is told.
    MetadataKind(unsafe { LLVMGetMDKindIDInContext(context, name.as_ptr().cast(), name.len() as u32) })
}

impl Context {
    /// The number of the metadata kind `name`, made up if it is new.
    pub fn md_kind(&self, name: &str) -> MetadataKind {
        kind(self.raw(), name)
    }

    /// A string.
    pub fn md_string(&self, text: &str) -> Metadata<'_> {
        // SAFETY: LLVM copies as many bytes as it is told.
        unsafe { Metadata::from_raw(LLVMMDStringInContext2(self.raw(), text.as_ptr().cast(), text.len())) }
    }

    /// A constant, wrapped for use in a node.
    pub fn md_value<'c>(&'c self, value: Value<'c>) -> Metadata<'c> {
        assert!(value.is_constant(), "metadata of {value:?}");
        // SAFETY: the constant is alive.
        unsafe { Metadata::from_raw(LLVMValueAsMetadata(value.raw())) }
    }

    /// A node; nodes with equal operands are the same.
    pub fn md_node<'c>(&'c self, operands: &[Metadata<'c>]) -> Metadata<'c> {
        // SAFETY: `Metadata` is transparent over its reference; LLVM copies the slice and does not write to it.
        unsafe {
            Metadata::from_raw(LLVMMDNodeInContext2(self.raw(), operands.as_ptr().cast_mut().cast(), operands.len()))
        }
    }

    /// A node that equals no other: `distinct !{!itself, operands...}`.
    pub fn md_distinct<'c>(&'c self, operands: &[Metadata<'c>]) -> Metadata<'c> {
        let mut all = Vec::with_capacity(operands.len() + 1);
        // Held by no other node, so that none but the new one changes.
        all.push(self.md_string("\0placeholder of md_distinct"));
        all.extend_from_slice(operands);
        let node = self.md_node(&all);
        // SAFETY: this is a node with at least one operand. The C API has no distinct nodes, but a node that comes to
        // refer to itself can no longer be found by its operands, and LLVM makes it distinct.
        unsafe {
            LLVMReplaceMDNodeOperandWith(LLVMMetadataAsValue(self.raw(), node.raw()), 0, node.raw());
        }
        node
    }

    /// A family of alias scopes, told from others by its name.
    pub fn alias_domain(&self, name: &str) -> Metadata<'_> {
        self.md_node(&[self.md_string(name)])
    }

    /// A scope in `domain`, told from others in it by its name. Attach lists of scopes (`md_node(&[scope])`) as
    /// [`MetadataKinds::alias_scope`] and [`MetadataKinds::noalias`].
    ///
    /// A string stands where LLVM's own scopes refer to themselves, so that text and module agree on which is which
    /// after linking, cloning and printing.
    pub fn alias_scope<'c>(&'c self, name: &str, domain: Metadata<'c>) -> Metadata<'c> {
        self.md_node(&[self.md_string(name), domain])
    }

    /// `!prof` of a branch or switch: how often each successor is taken, in proportion.
    pub fn branch_weights(&self, weights: &[u32]) -> Metadata<'_> {
        let mut operands = Vec::with_capacity(weights.len() + 1);
        operands.push(self.md_string("branch_weights"));
        operands.extend(weights.iter().map(|weight| self.md_value(self.i32().const_int((*weight).into()))));
        self.md_node(&operands)
    }
}

impl<'c> Metadata<'c> {
    /// # Safety
    ///
    /// `raw` is metadata of a context that lives for `'c`.
    pub(crate) unsafe fn from_raw(raw: LLVMMetadataRef) -> Self {
        Self { raw: NonNull::new(raw).expect("LLVM always returns metadata"), context: PhantomData }
    }

    pub(crate) fn raw(self) -> LLVMMetadataRef {
        self.raw.as_ptr()
    }
}
