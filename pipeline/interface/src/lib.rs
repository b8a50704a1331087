//! What the code of a unit depends on, and nothing else.
//!
//! A unit's native code follows from the content of its bodies, and of small ones of other units that it inlines ([`Contents`]), from
//! what those refer to ([`Interface`]) and from the options. All together have a hash ([`Interface::key`]): equal keys, equal code, in
//! whatever module, and however it numbers its functions. So lowering is given an interface in place of the module, and cannot see what
//! the key leaves out.
#![forbid(unsafe_code)]

mod body;

pub use body::{Body, References};

use abi::layout::{FuncRecord, GLOBAL_SIZE, Header, Layout, MemorySlot, Place, TableDefinition};
use abi::module::{ConstExpr, ConstOp, ElementItems, ElementMode, ExportItem, Module};
use abi::symbol::Whose;
use abi::types::{DefinedFuncIdx, FuncIdx, FuncType, GlobalIdx, GlobalType, Limits, MemoryIdx, TableIdx};
use abi::types::{TagIdx, TypeIdx};
use artifact::{Metering, Options, Plan, Target};
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Range;

/// The largest function that units hold copies of, in bytes ([`Body::size`]).
const MAX_COPY: u64 = 50;

/// What the bodies of a unit refer to. Whoever asks for anything else has found a mistake in this crate: it panics.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    functions: IndexMap<FuncIdx, Function>,
    records: IndexMap<FuncIdx, Option<u32>>,
    types: IndexMap<TypeIdx, FuncType>,
    type_ids: IndexMap<TypeIdx, u32>,
    globals: IndexMap<GlobalIdx, Global>,
    tables: IndexMap<TableIdx, Table>,
    memories: IndexMap<MemoryIdx, Memory>,
    tags: IndexMap<TagIdx, Tag>,
    shares_memory: bool,
    catches: bool,
}

/// A function that is called by name, or is one of the unit's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its type.
    pub ty: FuncType,
    /// Where its code is.
    pub code: Code,
}

/// Where the code of a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Code {
    /// In the module.
    Defined {
        /// What the unit calls it.
        #[serde(with = "WhoseForm")]
        whose: Whose,
        /// Whether it is a tail function ([`abi::signature`]).
        tail: bool,
    },
    /// Elsewhere: where its record lies in the context.
    Imported(u32),
}

/// The form of [`Whose`] in a key.
#[derive(Serialize)]
#[serde(remote = "Whose")]
enum WhoseForm {
    Own(u32),
    Callee(u32),
}

/// A global.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Global {
    /// Its type.
    pub ty: GlobalType,
    /// Its value, if that never changes and is the same for each instance.
    pub constant: Option<ConstOp>,
    /// Where its cell lies.
    #[serde(with = "PlaceForm")]
    pub place: Place,
}

/// A table. How large others are to begin with, and may become, the code leaves to the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Indexed by `i64` instead of `i32`.
    pub table64: bool,
    /// Its length, if it can neither grow nor be imported at another one.
    pub length: Option<u64>,
    /// Whether every function in it is one of the module's own, with a body: it runs in the context of its caller then.
    pub own: bool,
    /// Where its definition lies.
    #[serde(with = "PlaceForm")]
    pub place: Place,
}

/// The form of [`Place`] in a key.
#[derive(Serialize)]
#[serde(remote = "Place")]
enum PlaceForm {
    Inline(u32),
    Indirect(u32),
}

/// A memory. How large it is, the code leaves to the runtime: a program that gets more data keeps its code.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// Addressed by `i64` instead of `i32`.
    pub memory64: bool,
    /// Shared between threads.
    pub shared: bool,
    /// Where its slot lies in the context.
    pub slot: u32,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its type.
    pub ty: FuncType,
    /// Where the pointer to it lies in the context.
    pub pointer: u32,
}

/// What a unit depends on in the module as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The declarations.
    pub module: &'a Module,
    /// The layout of its contexts.
    pub layout: &'a Layout,
    /// The functions that make tail calls.
    pub tail_callers: &'a BTreeSet<FuncIdx>,
    /// Whether any function catches exceptions.
    pub catches: bool,
    /// The tables that functions change.
    pub changed_tables: &'a BTreeSet<TableIdx>,
}

impl<'a> Surroundings<'a> {
    /// What a plan says of a module.
    pub fn new(module: &'a Module, layout: &'a Layout, plan: &'a Plan) -> Surroundings<'a> {
        let Plan { tail_callers, catches, changed_tables, .. } = plan;
        Surroundings { module, layout, tail_callers, catches: *catches, changed_tables }
    }

    /// The functions of other units that a unit holds copies of, to inline them: small ones that its functions call. None that makes
    /// tail calls, whose callers have calls of another kind, nor that catches, which LLVM hardly inlines. `body` gives the body of any
    /// function that has one.
    pub fn copies<'b>(
        &self,
        functions: &Range<u32>,
        bodies: &[Body],
        body: impl Fn(DefinedFuncIdx) -> &'b Body,
    ) -> Vec<(FuncIdx, &'b Body)> {
        let called: IndexSet<FuncIdx> =
            bodies.iter().flat_map(|body| body.references.functions.iter().copied()).collect();
        let copy = |index| {
            let body = body(self.module.defined(index).filter(|defined| !functions.contains(&defined.0))?);
            (body.size <= MAX_COPY && !body.makes_tail_calls && !body.catches).then_some((index, body))
        };
        called.into_iter().filter_map(copy).collect()
    }

    fn table(&self, index: TableIdx) -> Table {
        let ty = self.module.tables[index.index()].ty;
        let Limits { min, max } = ty.limits;
        // What nobody else sees and no function changes stays as instantiation leaves it.
        let constant = index.0 >= self.module.imported_tables
            && !self.module.exports.iter().any(|export| export.item == ExportItem::Table(index))
            && !self.changed_tables.contains(&index);
        let length = (constant || max == Some(min)).then_some(min);
        Table { table64: ty.table64, length, own: constant && self.is_own(index), place: self.layout.table(index) }
    }

    /// Whether a table that never changes holds only functions of the module with a body.
    fn is_own(&self, index: TableIdx) -> bool {
        let own = |function: &FuncIdx| self.module.defined(*function).is_some();
        let segments = self
            .module
            .elements
            .iter()
            .filter(|segment| matches!(segment.mode, ElementMode::Active { table, .. } if table == index));
        self.module.tables[index.index()].init.is_none()
            && segments.map(|segment| &segment.items).all(|items| match items {
                ElementItems::Functions(functions) => functions.iter().all(own),
                ElementItems::Expressions(items) => items.iter().all(|ConstExpr(item)| match item[..] {
                    [ConstOp::RefFunc(function)] => own(&function),
                    [ConstOp::RefNull(_)] => true,
                    _ => false,
                }),
            })
    }

    fn code(&self, function: FuncIdx, whose: impl FnOnce() -> Whose) -> Code {
        match self.module.defined(function) {
            Some(_) => Code::Defined { whose: whose(), tail: self.tail_callers.contains(&function) },
            None => Code::Imported(self.layout.record(function).expect("imported functions have records")),
        }
    }
}

/// What a unit is made of.
#[derive(Clone, Debug, Default)]
pub struct Contents<'a> {
    /// Its functions, by their positions among those with a body.
    pub functions: Range<u32>,
    /// Their bodies.
    pub bodies: &'a [Body],
    /// The functions of other units that it holds copies of, with their bodies ([`Surroundings::copies`]).
    pub copies: &'a [(FuncIdx, &'a Body)],
}

impl Contents<'_> {
    fn all(&self) -> impl Iterator<Item = &Body> {
        self.bodies.iter().chain(self.copies.iter().map(|(_, body)| *body))
    }
}

impl Interface {
    /// The interface of a unit.
    pub fn new(surroundings: &Surroundings<'_>, contents: &Contents<'_>) -> Interface {
        let Surroundings { module, layout, catches, .. } = *surroundings;
        let mut interface = Interface {
            shares_memory: module.memories.iter().any(|memory| memory.shared),
            catches,
            ..Interface::default()
        };
        for (position, index) in (0..).zip(contents.functions.clone()) {
            let index = module.function(DefinedFuncIdx(index));
            let function = Function {
                ty: module.function_type(index).clone(),
                code: surroundings.code(index, || Whose::Own(position)),
            };
            interface.functions.insert(index, function);
        }
        let mut callees = 0;
        for References { functions, records, types, type_ids, globals, tables, memories, tags } in
            contents.all().map(|body| &body.references)
        {
            for &index in functions {
                interface.functions.entry(index).or_insert_with(|| Function {
                    ty: module.function_type(index).clone(),
                    code: surroundings.code(index, || {
                        callees += 1;
                        Whose::Callee(callees - 1)
                    }),
                });
            }
            interface.records.extend(records.iter().map(|&index| (index, layout.record(index))));
            interface.types.extend(types.iter().map(|&index| (index, module.types[index.index()].clone())));
            interface.type_ids.extend(type_ids.iter().map(|&index| (index, layout.type_id(index))));
            for &index in globals {
                let declared = &module.globals[index.index()];
                let constant = declared.init.as_ref().filter(|_| !declared.ty.mutable).and_then(constant);
                interface.globals.insert(index, Global { ty: declared.ty, constant, place: layout.global(index) });
            }
            for &index in tables {
                interface.tables.entry(index).or_insert_with(|| surroundings.table(index));
            }
            for &index in memories {
                let ty = module.memories[index.index()];
                let memory = Memory { memory64: ty.memory64, shared: ty.shared, slot: layout.memory(index) };
                interface.memories.insert(index, memory);
            }
            for &index in tags {
                interface.tags.insert(index, Tag { ty: module.tag_type(index).clone(), pointer: layout.tag(index) });
            }
        }
        interface
    }

    /// The interface of the wrappers: all types of the module.
    pub fn of_wrappers(surroundings: &Surroundings<'_>) -> Interface {
        let types = (0..).map(TypeIdx).zip(surroundings.module.types.iter().cloned());
        Interface { types: types.collect(), catches: surroundings.catches, ..Interface::default() }
    }

    /// The hash, hexadecimal, of all that the code of the unit depends on.
    pub fn key(&self, contents: &Contents<'_>, options: &Options) -> String {
        let content = |body: &Body| Content {
            hash: body.content.to_hex().to_string(),
            functions: positions(&body.references.functions, &self.functions),
            records: positions(&body.references.records, &self.records),
            types: positions(&body.references.types, &self.types),
            type_ids: positions(&body.references.type_ids, &self.type_ids),
            globals: positions(&body.references.globals, &self.globals),
        };
        // Without what only validation and planning go by: the proposals, and the size of units.
        let Options { target, level, features: _, relaxed_traps, metering, passes, unit_size: _ } = options;
        let material = Material {
            target,
            level: level.to_string(),
            passes: passes.as_deref(),
            relaxed_traps: *relaxed_traps,
            metering,
            bodies: contents.bodies.iter().map(content).collect(),
            copies: contents.copies.iter().map(|&(index, body)| (self.position(index), content(body))).collect(),
            functions: self.functions.values().collect(),
            records: self.records.values().copied().collect(),
            types: self.types.values().collect(),
            type_ids: self.type_ids.values().copied().collect(),
            globals: self.globals.values().collect(),
            // These keep their numbers in code.
            tables: self.tables.iter().collect(),
            memories: self.memories.iter().collect(),
            tags: self.tags.iter().collect(),
            shares_memory: self.shares_memory,
            catches: self.catches,
        };
        let text = serde_json::to_vec(&material).expect("it has a text form");
        blake3::hash(&text).to_hex().to_string()
    }

    fn position(&self, index: FuncIdx) -> usize {
        self.functions.get_index_of(&index).expect("the interface has what is called")
    }

    /// The functions of other units that the unit calls, in the order in which it numbers them.
    pub fn callees(&self) -> impl Iterator<Item = FuncIdx> + '_ {
        self.functions.iter().filter_map(|(&index, function)| match function.code {
            Code::Defined { whose: Whose::Callee(_), .. } => Some(index),
            Code::Defined { whose: Whose::Own(_), .. } | Code::Imported(_) => None,
        })
    }

    /// A function that is called, or one of the unit's own.
    pub fn function(&self, index: FuncIdx) -> &Function {
        &self.functions[&index]
    }

    /// Where the record of a function lies that a reference is made of; none if the module gives it no record, which validation
    /// rules out.
    pub fn record(&self, index: FuncIdx) -> Option<u32> {
        self.records[&index]
    }

    /// A type.
    pub fn ty(&self, index: TypeIdx) -> &FuncType {
        &self.types[&index]
    }

    /// All types that there are.
    pub fn types(&self) -> impl Iterator<Item = &FuncType> {
        self.types.values()
    }

    /// Where the canonical id of a type lies that functions are checked to have.
    pub fn type_id(&self, index: TypeIdx) -> u32 {
        self.type_ids[&index]
    }

    /// A global.
    pub fn global(&self, index: GlobalIdx) -> &Global {
        &self.globals[&index]
    }

    /// A table.
    pub fn table(&self, index: TableIdx) -> &Table {
        &self.tables[&index]
    }

    /// A memory.
    pub fn memory(&self, index: MemoryIdx) -> &Memory {
        &self.memories[&index]
    }

    /// A tag.
    pub fn tag(&self, index: TagIdx) -> &Tag {
        &self.tags[&index]
    }

    /// Whether any memory of the module is shared. Two indices may name the same memory, but then both say so.
    pub fn shares_memory(&self) -> bool {
        self.shares_memory
    }

    /// Whether any function of the module catches exceptions.
    pub fn catches(&self) -> bool {
        self.catches
    }

    /// As many bytes as a context has at least.
    pub fn context_size(&self) -> u32 {
        let in_place = |place, size| match place {
            Place::Inline(offset) => offset + size,
            Place::Indirect(offset) => offset + 8,
        };
        let imported = self.functions.values().filter_map(|function| match function.code {
            Code::Imported(record) => Some(record),
            Code::Defined { .. } => None,
        });
        let records = imported.chain(self.records.values().copied().flatten()).map(|at| at + FuncRecord::SIZE);
        let ends = records
            .chain(self.type_ids.values().map(|at| at + 4))
            .chain(self.globals.values().map(|global| in_place(global.place, GLOBAL_SIZE)))
            .chain(self.tables.values().map(|table| in_place(table.place, TableDefinition::SIZE)))
            .chain(self.memories.values().map(|memory| memory.slot + MemorySlot::SIZE))
            .chain(self.tags.values().map(|tag| tag.pointer + 8));
        ends.max().unwrap_or_default().max(Header::SIZE)
    }
}

/// The value of an expression, where it is the same for each instance and known without computing.
fn constant(expression: &ConstExpr) -> Option<ConstOp> {
    let [op] = expression.0[..] else { return None };
    match op {
        ConstOp::I32Const(_)
        | ConstOp::I64Const(_)
        | ConstOp::F32Const(_)
        | ConstOp::F64Const(_)
        | ConstOp::V128Const(_)
        | ConstOp::RefNull(_) => Some(op),
        // These name a global or function by its number in the module.
        ConstOp::GlobalGet(_) | ConstOp::RefFunc(_) => None,
        ConstOp::I32Add | ConstOp::I32Sub | ConstOp::I32Mul | ConstOp::I64Add | ConstOp::I64Sub | ConstOp::I64Mul => {
            None
        }
    }
}

/// Where the things that a body refers to stand in the interface of its unit.
fn positions<I: std::hash::Hash + Eq, T>(references: &indexmap::IndexSet<I>, space: &IndexMap<I, T>) -> Vec<usize> {
    references.iter().map(|index| space.get_index_of(index).expect("the interface has what bodies refer to")).collect()
}

/// What a key is the hash of.
#[derive(Serialize)]
struct Material<'a> {
    target: &'a Target,
    level: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<&'a str>,
    relaxed_traps: bool,
    metering: &'a Metering,
    bodies: Vec<Content>,
    /// Which functions, and what is in them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<(usize, Content)>,
    functions: Vec<&'a Function>,
    records: Vec<Option<u32>>,
    types: Vec<&'a FuncType>,
    type_ids: Vec<u32>,
    globals: Vec<&'a Global>,
    tables: Vec<(&'a TableIdx, &'a Table)>,
    memories: Vec<(&'a MemoryIdx, &'a Memory)>,
    tags: Vec<(&'a TagIdx, &'a Tag)>,
    shares_memory: bool,
    catches: bool,
}

#[derive(Serialize)]
struct Content {
    hash: String,
    functions: Vec<usize>,
    records: Vec<usize>,
    types: Vec<usize>,
    type_ids: Vec<usize>,
    globals: Vec<usize>,
}
