//! WebAssembly types and index spaces (specification, section 2.3 and 2.5.1).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Reference.
    Ref(RefType),
}

impl ValType {
    /// A reference to any function, or null.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// A reference to any host object, or null.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// A reference to any exception, or null.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);

    /// The reference type, if it is one.
    pub const fn reference(self) -> Option<RefType> {
        match self {
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
            ValType::Ref(ty) => Some(ty),
        }
    }

    /// Whether a value of this type can stand where one of `other` is expected (specification, section 3.3.3).
    pub fn matches(self, other: ValType) -> bool {
        match (self, other) {
            (ValType::Ref(ty), ValType::Ref(other)) => ty.matches(other),
            (ty, other) => ty == other,
        }
    }

    /// The type with each type index replaced.
    pub fn map_index(self, map: impl FnOnce(TypeIdx) -> TypeIdx) -> ValType {
        match self {
            ValType::Ref(RefType { nullable, heap: HeapType::Defined(index) }) => {
                ValType::Ref(RefType { nullable, heap: HeapType::Defined(map(index)) })
            }
            other => other,
        }
    }

    /// The letter that stands for the type in symbol names: types of one letter are the same to native code.
    pub const fn letter(self) -> char {
        match self {
            ValType::I32 => 'i',
            ValType::I64 => 'l',
            ValType::F32 => 'f',
            ValType::F64 => 'd',
            ValType::V128 => 'v',
            ValType::Ref(ty) => match ty.hierarchy() {
                Hierarchy::Func => 'r',
                Hierarchy::Extern => 'x',
                Hierarchy::Exn => 'e',
            },
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => ty.fmt(f),
        }
    }
}

impl FromStr for ValType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<ValType, UnknownType> {
        match text {
            "i32" => Ok(ValType::I32),
            "i64" => Ok(ValType::I64),
            "f32" => Ok(ValType::F32),
            "f64" => Ok(ValType::F64),
            "v128" => Ok(ValType::V128),
            _ => text.parse().map(ValType::Ref),
        }
    }
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefType {
    /// Whether null is among its values.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeapType {
    /// Any function.
    Func,
    /// No function.
    NoFunc,
    /// A function of one type. In what a module declares this is an index into its types; in the types of what is in a store
    /// it is a number that equal types of all modules share.
    Defined(TypeIdx),
    /// Any host object.
    Extern,
    /// No host object.
    NoExtern,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
}

/// How a reference is represented: types of different hierarchies have no value in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// A pointer to a [`crate::layout::FuncRecord`], or null.
    Func,
    /// An opaque word, or null (zero).
    Extern,
    /// A pointer to a [`crate::layout::Exception`], or null.
    Exn,
}

impl HeapType {
    /// The hierarchy that the type belongs to.
    pub const fn hierarchy(self) -> Hierarchy {
        match self {
            HeapType::Func | HeapType::NoFunc | HeapType::Defined(_) => Hierarchy::Func,
            HeapType::Extern | HeapType::NoExtern => Hierarchy::Extern,
            HeapType::Exn | HeapType::NoExn => Hierarchy::Exn,
        }
    }

    /// Whether this is a subtype of `other` (specification, section 3.3.4). Function types are final: a defined type has no
    /// subtype but itself and the bottom of its hierarchy.
    pub fn matches(self, other: HeapType) -> bool {
        match (self, other) {
            (HeapType::NoFunc, HeapType::Func | HeapType::Defined(_))
            | (HeapType::Defined(_), HeapType::Func)
            | (HeapType::NoExtern, HeapType::Extern)
            | (HeapType::NoExn, HeapType::Exn) => true,
            (ty, other) => ty == other,
        }
    }
}

impl RefType {
    /// A reference to any function, or null.
    pub const FUNCREF: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// A reference to any host object, or null.
    pub const EXTERNREF: RefType = RefType { nullable: true, heap: HeapType::Extern };
    /// A reference to any exception, or null.
    pub const EXNREF: RefType = RefType { nullable: true, heap: HeapType::Exn };

    /// The hierarchy that the type belongs to.
    pub const fn hierarchy(self) -> Hierarchy {
        self.heap.hierarchy()
    }

    /// Whether this is a subtype of `other` (specification, section 3.3.5).
    pub fn matches(self, other: RefType) -> bool {
        (other.nullable || !self.nullable) && self.heap.matches(other.heap)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = match self.heap {
            HeapType::Func => "func",
            HeapType::NoFunc => "nullfunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "nullextern",
            HeapType::Exn => "exn",
            HeapType::NoExn => "nullexn",
            HeapType::Defined(index) => {
                return write!(f, "(ref {}{index})", if self.nullable { "null " } else { "" });
            }
        };
        match self.nullable {
            true => write!(f, "{short}ref"),
            false => write!(f, "(ref {})", short.replace("null", "no")),
        }
    }
}

/// A text that is no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no type of values")]
pub struct UnknownType(String);

impl FromStr for RefType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<RefType, UnknownType> {
        let unknown = || UnknownType(text.to_string());
        let Some(inner) = text.strip_prefix("(ref ").and_then(|rest| rest.strip_suffix(')')) else {
            let heap = match text {
                "funcref" => HeapType::Func,
                "nullfuncref" => HeapType::NoFunc,
                "externref" => HeapType::Extern,
                "nullexternref" => HeapType::NoExtern,
                "exnref" => HeapType::Exn,
                "nullexnref" => HeapType::NoExn,
                _ => return Err(unknown()),
            };
            return Ok(RefType { nullable: true, heap });
        };
        let (nullable, heap) = match inner.strip_prefix("null ") {
            Some(heap) => (true, heap),
            None => (false, inner),
        };
        let heap = match heap {
            "func" => HeapType::Func,
            "nofunc" => HeapType::NoFunc,
            "extern" => HeapType::Extern,
            "noextern" => HeapType::NoExtern,
            "exn" => HeapType::Exn,
            "noexn" => HeapType::NoExn,
            index => HeapType::Defined(TypeIdx(index.parse().map_err(|_| unknown())?)),
        };
        Ok(RefType { nullable, heap })
    }
}

/// Types stand in artifacts as they stand in text modules.
macro_rules! serialized_as_text {
    ($($ty:ident),*) => {$(
        impl Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$ty, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serialized_as_text!(ValType, RefType);

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
    /// The type of the elements.
    pub element: RefType,
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
    /// An index into all tags of a module, imported ones first.
    TagIdx,
    /// An index into the element segments of a module.
    ElementIdx,
    /// An index into the data segments of a module.
    DataIdx,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAPS: [HeapType; 8] = [
        HeapType::Func,
        HeapType::NoFunc,
        HeapType::Defined(TypeIdx(0)),
        HeapType::Defined(TypeIdx(17)),
        HeapType::Extern,
        HeapType::NoExtern,
        HeapType::Exn,
        HeapType::NoExn,
    ];

    #[test]
    fn types_are_read_as_they_are_written() {
        let references = HEAPS.iter().flat_map(|&heap| [true, false].map(|nullable| RefType { nullable, heap }));
        let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
        for ty in references.map(ValType::Ref).chain(numbers) {
            assert_eq!(ty.to_string().parse(), Ok(ty));
        }
        let short = |nullable, heap| RefType { nullable, heap }.to_string();
        assert_eq!(short(true, HeapType::NoFunc), "nullfuncref");
        assert_eq!(short(false, HeapType::NoFunc), "(ref nofunc)");
        assert_eq!(short(true, HeapType::Defined(TypeIdx(3))), "(ref null 3)");
        assert!("(ref null)".parse::<ValType>().is_err());
    }

    #[test]
    fn subtypes_stay_in_their_hierarchy() {
        for a in HEAPS {
            for b in HEAPS {
                assert!(!a.matches(b) || a.hierarchy() == b.hierarchy());
                assert!(!a.matches(b) || !b.matches(a) || a == b);
            }
        }
        let (nullable, not) = (RefType::FUNCREF, RefType { nullable: false, heap: HeapType::Defined(TypeIdx(1)) });
        assert!(not.matches(nullable) && !nullable.matches(not));
        assert!(!not.matches(RefType { nullable: false, heap: HeapType::Defined(TypeIdx(2)) }));
    }
}
