//! What a WebAssembly module declares (specification, section 2.5), without its code.
//!
//! Compiler and runtime decode it from the same bytes with the same function, so that indices, layouts and names agree.

mod decode;
mod names;

pub use decode::{DecodeError, DecodeErrorKind};

use crate::types::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// The declarations of a module. Index spaces hold imported items first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// Function types.
    pub types: Vec<FuncType>,
    /// Runs of types that may refer to each other; every other type is a group of its own (specification, section 3.1.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recursive_types: Vec<Range<u32>>,
    /// Imports in the order of the import section.
    pub imports: Vec<Import>,
    /// How many functions are imported.
    pub imported_functions: u32,
    /// How many tables are imported.
    pub imported_tables: u32,
    /// How many memories are imported.
    pub imported_memories: u32,
    /// How many globals are imported.
    pub imported_globals: u32,
    /// How many tags are imported.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub imported_tags: u32,
    /// The type of each function.
    pub functions: Vec<TypeIdx>,
    /// The type of each table.
    pub tables: Vec<Table>,
    /// The type of each memory.
    pub memories: Vec<MemoryType>,
    /// Each global.
    pub globals: Vec<Global>,
    /// The type of each tag: what an exception with it carries are the parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TypeIdx>,
    /// Exports in the order of the export section.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<FuncIdx>,
    /// Element segments.
    pub elements: Vec<ElementSegment>,
    /// Data segments.
    pub data: Vec<DataSegment>,
    /// The byte range of each body in the file, from its local declarations to its last `end`.
    pub bodies: Vec<Range<u64>>,
    /// The byte range of the contents of the `name` section.
    pub name_section: Option<Range<u64>>,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// The module's name.
    pub module: String,
    /// The item's name.
    pub name: String,
    /// What is imported.
    pub item: ImportItem,
}

/// What an import asks for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportItem {
    /// A function.
    Function(TypeIdx),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag.
    Tag(TypeIdx),
}

/// An export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// The name.
    pub name: String,
    /// What is exported.
    pub item: ExportItem,
}

/// What an export gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportItem {
    /// A function.
    Function(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Memory(MemoryIdx),
    /// A global.
    Global(GlobalIdx),
    /// A tag.
    Tag(TagIdx),
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its type.
    pub ty: TableType,
    /// The initial value of its elements; null without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<ConstExpr>,
}

/// A global.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Global {
    /// Its type.
    pub ty: GlobalType,
    /// Its initial value; none if it is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<ConstExpr>,
}

/// A constant expression (specification, section 3.4.13): instructions in stack order, without the `end`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConstExpr(pub Vec<ConstOp>);

/// An instruction of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstOp {
    /// `i32.const`
    I32Const(i32),
    /// `i64.const`
    I64Const(i64),
    /// `f32.const`, as bits.
    F32Const(u32),
    /// `f64.const`, as bits.
    F64Const(u64),
    /// `v128.const`, its bytes in memory order.
    V128Const([u8; 16]),
    /// `global.get`
    GlobalGet(GlobalIdx),
    /// `ref.null`, with the type of its result.
    RefNull(RefType),
    /// `ref.func`
    RefFunc(FuncIdx),
    /// `i32.add`
    I32Add,
    /// `i32.sub`
    I32Sub,
    /// `i32.mul`
    I32Mul,
    /// `i64.add`
    I64Add,
    /// `i64.sub`
    I64Sub,
    /// `i64.mul`
    I64Mul,
}

/// An element segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElementSegment {
    /// When it is used.
    pub mode: ElementMode,
    /// The type of its elements.
    pub element: RefType,
    /// Its elements.
    pub items: ElementItems,
}

/// When an element segment is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementMode {
    /// Copied into a table at instantiation.
    Active {
        /// The table.
        table: TableIdx,
        /// The first element that it sets.
        offset: ConstExpr,
    },
    /// Read by `table.init`.
    Passive,
    /// Only declares that its functions are referenced.
    Declared,
}

/// The elements of a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementItems {
    /// References to functions.
    Functions(Vec<FuncIdx>),
    /// Values of constant expressions.
    Expressions(Vec<ConstExpr>),
}

impl ElementItems {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            ElementItems::Functions(items) => items.len(),
            ElementItems::Expressions(items) => items.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A data segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSegment {
    /// When it is used.
    pub mode: DataMode,
    /// The byte range of its contents in the file.
    pub range: Range<u64>,
}

/// When a data segment is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataMode {
    /// Copied into a memory at instantiation.
    Active {
        /// The memory.
        memory: MemoryIdx,
        /// The address of its first byte.
        offset: ConstExpr,
    },
    /// Read by `memory.init`.
    Passive,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Module {
    /// The type of a tag.
    pub fn tag_type(&self, index: TagIdx) -> &FuncType {
        &self.types[self.tags[index.index()].index()]
    }

    /// The types in groups: those of a group may refer to each other, and are equal to others only as a group.
    pub fn type_groups(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        let mut recursive = self.recursive_types.iter().peekable();
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = next;
            let group = recursive.next_if(|group| group.start == start).cloned().unwrap_or(start..start + 1);
            next = group.end;
            (start < self.types.len() as u32).then_some(group)
        })
    }

    /// The type of a function.
    pub fn function_type(&self, index: FuncIdx) -> &FuncType {
        &self.types[self.functions[index.index()].index()]
    }

    /// The position of a function among those with a body; none if it is imported.
    pub fn defined(&self, index: FuncIdx) -> Option<DefinedFuncIdx> {
        index.0.checked_sub(self.imported_functions).map(DefinedFuncIdx)
    }

    /// The index of a function with a body among all functions.
    pub fn function(&self, index: DefinedFuncIdx) -> FuncIdx {
        FuncIdx(index.0 + self.imported_functions)
    }

    /// The functions that can be called from outside their module's code or through a reference: exported, in an element
    /// segment, named by a constant expression, or the start function. Validation makes sure that every `ref.func` names one
    /// of them (specification, section 3.4.1: declared references).
    pub fn escaping(&self) -> BTreeSet<FuncIdx> {
        fn of_expr(expr: &ConstExpr) -> impl Iterator<Item = FuncIdx> + '_ {
            expr.0.iter().filter_map(|op| match op {
                ConstOp::RefFunc(function) => Some(*function),
                _ => None,
            })
        }
        // A set is made of a list faster than item by item.
        let mut functions = Vec::new();
        functions.extend(self.start);
        functions.extend(self.exports.iter().filter_map(|export| match export.item {
            ExportItem::Function(function) => Some(function),
            ExportItem::Table(_) | ExportItem::Memory(_) | ExportItem::Global(_) | ExportItem::Tag(_) => None,
        }));
        functions.extend(self.globals.iter().filter_map(|global| global.init.as_ref()).flat_map(of_expr));
        functions.extend(self.tables.iter().filter_map(|table| table.init.as_ref()).flat_map(of_expr));
        for segment in &self.elements {
            match &segment.items {
                ElementItems::Functions(items) => functions.extend(items),
                ElementItems::Expressions(items) => functions.extend(items.iter().flat_map(of_expr)),
            }
        }
        functions.into_iter().collect()
    }
}
