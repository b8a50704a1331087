//! What functions and global variables have in common, and global variables.

use std::ffi::CString;

use llvm_sys::core::*;
use llvm_sys::{LLVMLinkage, LLVMUnnamedAddr, LLVMVisibility};

use crate::function::Function;
use crate::types::Type;
use crate::value::{Value, value_handle};

value_handle! {
    /// A global variable; as a value, its address.
    GlobalVariable
}

/// How a symbol is joined with others of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// Visible to other objects.
    External,
    /// A copy to inline from; the definition is elsewhere, and no code is emitted.
    AvailableExternally,
    /// Known in this module only.
    Internal,
    /// As internal, and not in the symbol table.
    Private,
    /// Any of several equal definitions.
    LinkOnceOdr,
    /// A definition that another one may replace.
    Weak,
    /// Anything else LLVM knows; never set by this compiler.
    Other,
}

/// Who sees a symbol of external linkage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone; another library's symbol may come first.
    Default,
    /// This image only. Implies `dso_local`: no indirection to reach it.
    Hidden,
    /// Everyone, but this image uses its own. Implies `dso_local`.
    Protected,
}

/// Whether a symbol's address tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnnamedAddr {
    /// It does.
    None,
    /// Not within this module.
    Local,
    /// Nowhere: equal constants and functions may be merged.
    Global,
}

impl Linkage {
    fn raw(self) -> LLVMLinkage {
        match self {
            Self::External => LLVMLinkage::LLVMExternalLinkage,
            Self::AvailableExternally => LLVMLinkage::LLVMAvailableExternallyLinkage,
            Self::Internal => LLVMLinkage::LLVMInternalLinkage,
            Self::Private => LLVMLinkage::LLVMPrivateLinkage,
            Self::LinkOnceOdr => LLVMLinkage::LLVMLinkOnceODRLinkage,
            Self::Weak => LLVMLinkage::LLVMWeakAnyLinkage,
            Self::Other => panic!("`Linkage::Other` is read, never set"),
        }
    }

    fn from_raw(raw: LLVMLinkage) -> Self {
        match raw {
            LLVMLinkage::LLVMExternalLinkage => Self::External,
            LLVMLinkage::LLVMAvailableExternallyLinkage => Self::AvailableExternally,
            LLVMLinkage::LLVMInternalLinkage => Self::Internal,
            LLVMLinkage::LLVMPrivateLinkage => Self::Private,
            LLVMLinkage::LLVMLinkOnceODRLinkage => Self::LinkOnceOdr,
            LLVMLinkage::LLVMWeakAnyLinkage => Self::Weak,
            _ => Self::Other,
        }
    }
}

impl Visibility {
    fn raw(self) -> LLVMVisibility {
        match self {
            Self::Default => LLVMVisibility::LLVMDefaultVisibility,
            Self::Hidden => LLVMVisibility::LLVMHiddenVisibility,
            Self::Protected => LLVMVisibility::LLVMProtectedVisibility,
        }
    }
}

/// Defines the methods that functions and global variables share.
macro_rules! symbol_methods {
    ($name:ident) => {
        impl<'c> $name<'c> {
            /// How the symbol is joined with others of its name.
            pub fn linkage(self) -> Linkage {
                // SAFETY: this is a global value.
                Linkage::from_raw(unsafe { LLVMGetLinkage(self.raw()) })
            }

            /// Sets how the symbol is joined with others of its name.
            pub fn set_linkage(self, linkage: Linkage) {
                // SAFETY: this is a global value.
                unsafe { LLVMSetLinkage(self.raw(), linkage.raw()) }
            }

            /// Who sees the symbol.
            pub fn visibility(self) -> Visibility {
                // SAFETY: this is a global value.
                match unsafe { LLVMGetVisibility(self.raw()) } {
                    LLVMVisibility::LLVMDefaultVisibility => Visibility::Default,
                    LLVMVisibility::LLVMHiddenVisibility => Visibility::Hidden,
                    LLVMVisibility::LLVMProtectedVisibility => Visibility::Protected,
                }
            }

            /// Sets who sees the symbol. Symbols of internal or private linkage have default visibility.
            pub fn set_visibility(self, visibility: Visibility) {
                // SAFETY: this is a global value.
                unsafe { LLVMSetVisibility(self.raw(), visibility.raw()) }
            }

            /// Says whether the address tells the symbol from others.
            pub fn set_unnamed_addr(self, unnamed: UnnamedAddr) {
                let unnamed = match unnamed {
                    UnnamedAddr::None => LLVMUnnamedAddr::LLVMNoUnnamedAddr,
                    UnnamedAddr::Local => LLVMUnnamedAddr::LLVMLocalUnnamedAddr,
                    UnnamedAddr::Global => LLVMUnnamedAddr::LLVMGlobalUnnamedAddr,
                };
                // SAFETY: this is a global value.
                unsafe { LLVMSetUnnamedAddress(self.raw(), unnamed) }
            }

            /// The section to place it in.
            ///
            /// # Panics
            ///
            /// The name contains a NUL byte.
            pub fn set_section(self, section: &str) {
                let section = CString::new(section).expect("a section's name has no NUL byte");
                // SAFETY: this is a function or variable; LLVM copies the name.
                unsafe { LLVMSetSection(self.raw(), section.as_ptr()) }
            }

            /// Whether the definition is elsewhere: there is none here, or a copy to inline.
            pub fn is_declaration(self) -> bool {
                // SAFETY: this is a global value.
                self.linkage() == Linkage::AvailableExternally || unsafe { LLVMIsDeclaration(self.raw()) != 0 }
            }
        }
    };
}

symbol_methods!(Function);
symbol_methods!(GlobalVariable);

impl<'c> GlobalVariable<'c> {
    /// The type of what is stored (as a value, the variable is a pointer to it).
    pub fn value_type(self) -> Type<'c> {
        // SAFETY: this is a global value.
        unsafe { Type::from_raw(LLVMGlobalGetValueType(self.raw())) }
    }

    /// The value it starts with; without one, the variable is a declaration.
    pub fn initializer(self) -> Option<Value<'c>> {
        // SAFETY: this is a variable; a declaration gives null.
        unsafe { Value::from_nullable(LLVMGetInitializer(self.raw())) }
    }

    /// Defines the variable, with a constant of its type.
    pub fn set_initializer(self, value: Value<'c>) {
        assert!(
            value.is_constant() && value.ty() == self.value_type(),
            "a global of type {} cannot start as {value:?}",
            self.value_type()
        );
        // SAFETY: this is a variable, and the value a constant of its type.
        unsafe { LLVMSetInitializer(self.raw(), value.raw()) }
    }

    /// Says that nobody writes to it.
    pub fn set_constant(self, constant: bool) {
        // SAFETY: this is a variable.
        unsafe { LLVMSetGlobalConstant(self.raw(), constant.into()) }
    }

    /// Whether nobody writes to it.
    pub fn is_global_constant(self) -> bool {
        // SAFETY: this is a variable.
        unsafe { LLVMIsGlobalConstant(self.raw()) != 0 }
    }

    /// Removes the variable, which nothing uses. No handle to it may be used again.
    pub fn erase(self) {
        assert!(!self.has_uses(), "cannot erase a global in use");
        // SAFETY: this is a variable, in a module, that nothing uses.
        unsafe { LLVMDeleteGlobal(self.raw()) }
    }
}
