//! WebAssembly types and index spaces (specification, section 2.3 and 2.5.1).

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference to a function: a pointer to a [`crate::layout::FuncRecord`], or null.
    FuncRef,
    /// Reference to a host object: an opaque word, or null (zero).
    ExternRef,
}

impl ValType {
    /// Whether the type is a reference type.
    pub const fn is_reference(self) -> bool {
        matches!(self, ValType::FuncRef | ValType::ExternRef)
    }

    /// The letter that stands for the type in symbol names.
    pub const fn letter(self) -> char {
        match self {
            ValType::I32 => 'i',
            ValType::I64 => 'l',
            ValType::F32 => 'f',
            ValType::F64 => 'd',
            ValType::V128 => 'v',
            ValType::FuncRef => 'r',
            ValType::ExternRef => 'x',
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::F32 => "f32",
            ValType::F64 => "f64",
            ValType::V128 => "v128",
            ValType::FuncRef => "funcref",
            ValType::ExternRef => "externref",
        })
    }
}

/// A function type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FuncType {
    /// Parameter types, first parameter first.
    pub params: Vec<ValType>,
    /// Result types, first result first.
    pub results: Vec<ValType>,
}

impl FuncType {
    /// A function type of the given parameters and results.
    pub fn new(params: impl Into<Vec<ValType>>, results: impl Into<Vec<ValType>>) -> FuncType {
        FuncType { params: params.into(), results: results.into() }
    }

    /// How many 16-byte slots hold the parameters on the way in and the results on the way out.
    pub fn slots(&self) -> usize {
        self.params.len().max(self.results.len())
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("(")?;
            for (i, ty) in types.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write!(f, "{ty}")?;
            }
            f.write_str(")")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}

/// Bounds of a memory (in pages of 64 KiB) or of a table (in elements).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The size at instantiation.
    pub min: u64,
    /// The size that growing must not pass, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// A memory type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryType {
    /// Bounds in pages.
    pub limits: Limits,
    /// Addressed by `i64` instead of `i32`.
    pub memory64: bool,
    /// Shared between threads.
    pub shared: bool,
}

/// A table type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableType {
    /// The type of the elements, a reference type.
    pub element: ValType,
    /// Bounds in elements.
    pub limits: Limits,
    /// Indexed by `i64` instead of `i32`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub table64: bool,
}

/// A global's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalType {
    /// The type of its value.
    pub content: ValType,
    /// Whether `global.set` may change it.
    pub mutable: bool,
}

macro_rules! indices {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a vector.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

indices! {
    /// An index into the types of a module.
    TypeIdx,
    /// An index into all functions of a module, imported ones first.
    FuncIdx,
    /// An index into the functions that have a body in the module.
    DefinedFuncIdx,
    /// An index into all tables of a module, imported ones first.
    TableIdx,
    /// An index into all memories of a module, imported ones first.
    MemoryIdx,
    /// An index into all globals of a module, imported ones first.
    GlobalIdx,
    /// An index into the element segments of a module.
    ElementIdx,
    /// An index into the data segments of a module.
    DataIdx,
}
