//! Decoding the declarations of a module from its binary form (specification, section 5).
//!
//! Decoding finds what is malformed, or outside of what this project compiles; whether the module is valid is another matter.

use super::*;
use std::fmt;
use wasmparser as wasm;
use wasmparser::{BinaryReaderError, ExternalKind, Imports, Operator, Parser, Payload, TableInit, TypeRef};

/// Why a module could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Malformed or unsupported.
    pub kind: DecodeErrorKind,
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the start of the file.
    pub offset: u64,
}

/// The kind of a [`DecodeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// The bytes are not a WebAssembly module.
    Malformed,
    /// The module uses what this project does not compile.
    Unsupported,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {:#x})", self.message, self.offset)
    }
}

impl std::error::Error for DecodeError {}

impl From<BinaryReaderError> for DecodeError {
    fn from(error: BinaryReaderError) -> DecodeError {
        DecodeError { kind: DecodeErrorKind::Malformed, message: error.message().to_string(), offset: error.offset() }
    }
}

type Result<T> = std::result::Result<T, DecodeError>;

fn unsupported<T>(what: impl fmt::Display, offset: u64) -> Result<T> {
    Err(DecodeError { kind: DecodeErrorKind::Unsupported, message: format!("{what} not supported"), offset })
}

impl Module {
    /// Decodes the declarations of a module.
    ///
    /// # Errors
    /// If the bytes are malformed, or declare something that is not supported, such as garbage-collected types.
    pub fn decode(bytes: &[u8]) -> Result<Module> {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            module.section(payload?)?;
        }
        Ok(module)
    }

    /// Decodes the declarations of a module whose data segments nobody asks for: it has none then. There may be a hundred
    /// thousand of them.
    ///
    /// # Errors
    /// As [`Module::decode`], but for what is wrong with the data segments.
    pub fn decode_without_data(bytes: &[u8]) -> Result<Module> {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::DataSection(_) => {}
                payload => module.section(payload)?,
            }
        }
        Ok(module)
    }

    fn section(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                for item in reader.into_iter_with_offsets() {
                    let (offset, group) = item?;
                    let start = self.types.len() as u32;
                    for sub in group.into_types() {
                        self.types.push(func_type(&sub, offset)?);
                    }
                    let group = start..self.types.len() as u32;
                    if group.len() != 1 {
                        self.recursive_types.push(group);
                    }
                }
            }
            Payload::ImportSection(reader) => {
                for item in reader.into_iter_with_offsets() {
                    let (offset, imports) = item?;
                    match imports {
                        Imports::Single(_, import) => self.import(&import, offset)?,
                        Imports::Compact1 { .. } | Imports::Compact2 { .. } => {
                            return unsupported("compact imports are", offset);
                        }
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    self.functions.push(TypeIdx(ty?));
                }
            }
            Payload::TableSection(reader) => {
                for item in reader.into_iter_with_offsets() {
                    let (offset, table) = item?;
                    let init = match &table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(expr) => Some(const_expr(expr)?),
                    };
                    self.tables.push(Table { ty: table_type(&table.ty, offset)?, init });
                }
            }
            Payload::MemorySection(reader) => {
                for item in reader.into_iter_with_offsets() {
                    let (offset, ty) = item?;
                    self.memories.push(memory_type(&ty, offset)?);
                }
            }
            Payload::TagSection(reader) => {
                for tag in reader {
                    self.tags.push(TypeIdx(tag?.func_type_idx));
                }
            }
            Payload::GlobalSection(reader) => {
                for item in reader.into_iter_with_offsets() {
                    let (offset, global) = item?;
                    self.globals.push(Global {
                        ty: global_type(&global.ty, offset)?,
                        init: Some(const_expr(&global.init_expr)?),
                    });
                }
            }
            Payload::ExportSection(reader) => {
                for item in reader {
                    let export = item?;
                    let item = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => ExportItem::Function(FuncIdx(export.index)),
                        ExternalKind::Table => ExportItem::Table(TableIdx(export.index)),
                        ExternalKind::Memory => ExportItem::Memory(MemoryIdx(export.index)),
                        ExternalKind::Global => ExportItem::Global(GlobalIdx(export.index)),
                        ExternalKind::Tag => ExportItem::Tag(TagIdx(export.index)),
                    };
                    self.exports.push(Export { name: export.name.to_string(), item });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(FuncIdx(func)),
            Payload::ElementSection(reader) => {
                for item in reader.into_iter_with_offsets() {
                    let (offset, element) = item?;
                    self.elements.push(element_segment(element, offset)?);
                }
            }
            Payload::DataSection(reader) => {
                for data in reader {
                    let data = data?;
                    let mode = match &data.kind {
                        wasm::DataKind::Passive => DataMode::Passive,
                        wasm::DataKind::Active { memory_index, offset_expr } => {
                            DataMode::Active { memory: MemoryIdx(*memory_index), offset: const_expr(offset_expr)? }
                        }
                    };
                    // The segment's contents end where the segment ends.
                    let range = data.range.end - data.data.len() as u64..data.range.end;
                    self.data.push(DataSegment { mode, range });
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::CustomSection(section) if section.name() == "name" && self.name_section.is_none() => {
                self.name_section = Some(section.data_offset()..section.data_offset() + section.data().len() as u64);
            }
            Payload::Version { .. }
            | Payload::DataCountSection { .. }
            | Payload::CodeSectionStart { .. }
            | Payload::CustomSection(_)
            | Payload::End(_) => {}
            Payload::UnknownSection { range, .. } => {
                let message = "malformed section id".to_string();
                return Err(DecodeError { kind: DecodeErrorKind::Malformed, message, offset: range.start });
            }
            // The enum may grow; what it grows by is not declared by any edition that is decoded here.
            _ => return unsupported("this kind of section is", 0),
        }
        Ok(())
    }

    fn import(&mut self, import: &wasm::Import<'_>, offset: u64) -> Result<()> {
        let item = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(TypeIdx(ty));
                self.imported_functions += 1;
                ImportItem::Function(TypeIdx(ty))
            }
            TypeRef::Table(ty) => {
                let ty = table_type(&ty, offset)?;
                self.tables.push(Table { ty, init: None });
                self.imported_tables += 1;
                ImportItem::Table(ty)
            }
            TypeRef::Memory(ty) => {
                let ty = memory_type(&ty, offset)?;
                self.memories.push(ty);
                self.imported_memories += 1;
                ImportItem::Memory(ty)
            }
            TypeRef::Global(ty) => {
                let ty = global_type(&ty, offset)?;
                self.globals.push(Global { ty, init: None });
                self.imported_globals += 1;
                ImportItem::Global(ty)
            }
            TypeRef::Tag(tag) => {
                let ty = TypeIdx(tag.func_type_idx);
                self.tags.push(ty);
                self.imported_tags += 1;
                ImportItem::Tag(ty)
            }
        };
        self.imports.push(Import { module: import.module.to_string(), name: import.name.to_string(), item });
        Ok(())
    }
}

fn func_type(sub: &wasm::SubType, offset: u64) -> Result<FuncType> {
    match &sub.composite_type.inner {
        wasm::CompositeInnerType::Func(ty) if sub.is_final && sub.supertype_idxs.is_empty() => {
            let all =
                |types: &[wasm::ValType]| types.iter().map(|&ty| val_type(ty, offset)).collect::<Result<Vec<_>>>();
            Ok(FuncType { params: all(ty.params())?, results: all(ty.results())? })
        }
        _ => unsupported("garbage-collected types are", offset),
    }
}

impl ValType {
    /// The type that wasmparser names; none for those that are not supported.
    pub fn from_wasm(ty: wasm::ValType) -> Option<ValType> {
        match ty {
            wasm::ValType::I32 => Some(ValType::I32),
            wasm::ValType::I64 => Some(ValType::I64),
            wasm::ValType::F32 => Some(ValType::F32),
            wasm::ValType::F64 => Some(ValType::F64),
            wasm::ValType::V128 => Some(ValType::V128),
            wasm::ValType::Ref(ty) => RefType::from_wasm(ty).map(ValType::Ref),
        }
    }
}

impl RefType {
    /// The type that wasmparser names; none for those that are not supported.
    pub fn from_wasm(ty: wasm::RefType) -> Option<RefType> {
        Some(RefType { nullable: ty.is_nullable(), heap: HeapType::from_wasm(ty.heap_type())? })
    }
}

impl HeapType {
    /// The type that wasmparser names; none for those that are not supported.
    pub fn from_wasm(ty: wasm::HeapType) -> Option<HeapType> {
        use wasm::AbstractHeapType as Abstract;
        match ty {
            wasm::HeapType::Abstract { shared: false, ty } => match ty {
                Abstract::Func => Some(HeapType::Func),
                Abstract::NoFunc => Some(HeapType::NoFunc),
                Abstract::Extern => Some(HeapType::Extern),
                Abstract::NoExtern => Some(HeapType::NoExtern),
                Abstract::Exn => Some(HeapType::Exn),
                Abstract::NoExn => Some(HeapType::NoExn),
                Abstract::Any
                | Abstract::None
                | Abstract::Eq
                | Abstract::Struct
                | Abstract::Array
                | Abstract::I31
                | Abstract::Cont
                | Abstract::NoCont => None,
            },
            wasm::HeapType::Concrete(index) => index.as_module_index().map(|index| HeapType::Defined(TypeIdx(index))),
            wasm::HeapType::Abstract { shared: true, .. } | wasm::HeapType::Exact(_) => None,
        }
    }
}

fn val_type(ty: wasm::ValType, offset: u64) -> Result<ValType> {
    match ValType::from_wasm(ty) {
        Some(ty) => Ok(ty),
        None => unsupported(format_args!("type {ty} is"), offset),
    }
}

fn ref_type(ty: wasm::RefType, offset: u64) -> Result<RefType> {
    match RefType::from_wasm(ty) {
        Some(ty) => Ok(ty),
        None => unsupported(format_args!("type {ty} is"), offset),
    }
}

fn table_type(ty: &wasm::TableType, offset: u64) -> Result<TableType> {
    if ty.shared {
        return unsupported("shared tables are", offset);
    }
    let element = ref_type(ty.element_type, offset)?;
    Ok(TableType { element, limits: Limits { min: ty.initial, max: ty.maximum }, table64: ty.table64 })
}

fn memory_type(ty: &wasm::MemoryType, offset: u64) -> Result<MemoryType> {
    if ty.page_size_log2.is_some() {
        return unsupported("custom page sizes are", offset);
    }
    let limits = Limits { min: ty.initial, max: ty.maximum };
    Ok(MemoryType { limits, memory64: ty.memory64, shared: ty.shared })
}

fn global_type(ty: &wasm::GlobalType, offset: u64) -> Result<GlobalType> {
    if ty.shared {
        return unsupported("shared globals are", offset);
    }
    Ok(GlobalType { content: val_type(ty.content_type, offset)?, mutable: ty.mutable })
}

fn element_segment(element: wasm::Element<'_>, offset: u64) -> Result<ElementSegment> {
    let mode = match &element.kind {
        wasm::ElementKind::Passive => ElementMode::Passive,
        wasm::ElementKind::Declared => ElementMode::Declared,
        wasm::ElementKind::Active { table_index, offset_expr } => {
            ElementMode::Active { table: TableIdx(table_index.unwrap_or(0)), offset: const_expr(offset_expr)? }
        }
    };
    let (ty, items) = match element.items {
        wasm::ElementItems::Functions(reader) => {
            let items = reader.into_iter().map(|index| Ok(FuncIdx(index?))).collect::<Result<_>>()?;
            (RefType::FUNCREF, ElementItems::Functions(items))
        }
        wasm::ElementItems::Expressions(ty, reader) => {
            let items = reader.into_iter().map(|expr| const_expr(&expr?)).collect::<Result<_>>()?;
            (ref_type(ty, offset)?, ElementItems::Expressions(items))
        }
    };
    Ok(ElementSegment { mode, element: ty, items })
}

fn const_expr(expr: &wasm::ConstExpr<'_>) -> Result<ConstExpr> {
    let mut ops = Vec::new();
    let mut reader = expr.get_operators_reader();
    while !reader.eof() {
        let (op, offset) = reader.read_with_offset()?;
        ops.push(match op {
            Operator::I32Const { value } => ConstOp::I32Const(value),
            Operator::I64Const { value } => ConstOp::I64Const(value),
            Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
            Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
            Operator::V128Const { value } => ConstOp::V128Const(*value.bytes()),
            Operator::GlobalGet { global_index } => ConstOp::GlobalGet(GlobalIdx(global_index)),
            Operator::RefNull { hty } => match wasm::RefType::new(true, hty) {
                Some(ty) => ConstOp::RefNull(ref_type(ty, offset)?),
                None => return unsupported("a type of `ref.null` is", offset),
            },
            Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(function_index)),
            Operator::I32Add => ConstOp::I32Add,
            Operator::I32Sub => ConstOp::I32Sub,
            Operator::I32Mul => ConstOp::I32Mul,
            Operator::I64Add => ConstOp::I64Add,
            Operator::I64Sub => ConstOp::I64Sub,
            Operator::I64Mul => ConstOp::I64Mul,
            Operator::End => break,
            _ => {
                let message = "constant expression required".to_string();
                return Err(DecodeError { kind: DecodeErrorKind::Malformed, message, offset });
            }
        });
    }
    Ok(ConstExpr(ops))
}
