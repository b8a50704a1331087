//! A binary module as text, section by section; decoded, but not validated. Also what proposals have that nothing here runs is shown.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use wasmparser::{
    BinaryReader, BinaryReaderError, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, GlobalType,
    MemoryType, Name, NameMap, NameSectionReader, Operator, Parser, Payload, SectionLimited, TableInit, TableType,
    TypeRef,
};

type Result<T> = std::result::Result<T, BinaryReaderError>;

/// Describes a module. If it is malformed, what comes before that place is described, and the error given as well.
pub fn describe(bytes: &[u8]) -> (String, Option<BinaryReaderError>) {
    let mut printer = Printer { names: Names::read(bytes), ..Printer::default() };
    let result = printer.module(bytes);
    (printer.text, result.err())
}

/// The function whose body holds a byte, and its name if it has one.
pub fn function_at(bytes: &[u8], offset: u64) -> Option<(u32, Option<String>)> {
    let mut next = 0;
    for payload in Parser::new(0).parse_all(bytes).map_while(std::result::Result::ok) {
        match payload {
            Payload::ImportSection(reader) => {
                let imports = reader.into_imports().map_while(std::result::Result::ok);
                next += imports.filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_))).count()
                    as u32;
            }
            Payload::CodeSectionEntry(body) => {
                // That something is missing is found at the end.
                let range = body.range();
                if range.start <= offset && offset <= range.end {
                    return Some((next, Names::read(bytes).functions.remove(&next)));
                }
                next += 1;
            }
            _ => {}
        }
    }
    None
}

/// The names that a module's `name` section gives, as far as it can be read.
#[derive(Default)]
struct Names {
    functions: BTreeMap<u32, String>,
    types: BTreeMap<u32, String>,
    tables: BTreeMap<u32, String>,
    memories: BTreeMap<u32, String>,
    globals: BTreeMap<u32, String>,
    tags: BTreeMap<u32, String>,
    elements: BTreeMap<u32, String>,
    data: BTreeMap<u32, String>,
}

impl Names {
    fn read(bytes: &[u8]) -> Names {
        let mut names = Names::default();
        for payload in Parser::new(0).parse_all(bytes).map_while(std::result::Result::ok) {
            let Payload::CustomSection(section) = payload else { continue };
            if section.name() != "name" {
                continue;
            }
            let contents = BinaryReader::new(section.data(), section.data_offset());
            for subsection in NameSectionReader::new(contents).map_while(std::result::Result::ok) {
                match subsection {
                    Name::Function(map) => add(&mut names.functions, map),
                    Name::Type(map) => add(&mut names.types, map),
                    Name::Table(map) => add(&mut names.tables, map),
                    Name::Memory(map) => add(&mut names.memories, map),
                    Name::Global(map) => add(&mut names.globals, map),
                    Name::Tag(map) => add(&mut names.tags, map),
                    Name::Element(map) => add(&mut names.elements, map),
                    Name::Data(map) => add(&mut names.data, map),
                    // Names of the module itself, and within functions and types.
                    _ => {}
                }
            }
        }
        names
    }
}

fn add(names: &mut BTreeMap<u32, String>, map: NameMap<'_>) {
    let namings = map.into_iter().map_while(std::result::Result::ok);
    names.extend(namings.map(|naming| (naming.index, naming.name.to_string())));
}

/// An index, with the name if there is one.
fn item(names: &BTreeMap<u32, String>, index: u32) -> String {
    match names.get(&index) {
        Some(name) => format!("{index} `{name}`"),
        None => index.to_string(),
    }
}

/// Collects the text. The counters are the next index of each space.
#[derive(Default)]
struct Printer {
    text: String,
    names: Names,
    types: u32,
    functions: u32,
    bodies: u32,
    tables: u32,
    memories: u32,
    globals: u32,
    tags: u32,
    elements: u32,
    data: u32,
}

/// The next index of a space.
fn next(counter: &mut u32) -> u32 {
    *counter += 1;
    *counter - 1
}

impl Printer {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "    {line}").expect("writing to a string succeeds");
    }

    fn section(&mut self, name: &str, range: &Range<u64>) {
        writeln!(self.text, "\n{name} ({})", place(range)).expect("writing to a string succeeds");
    }

    fn module(&mut self, bytes: &[u8]) -> Result<()> {
        for payload in Parser::new(0).parse_all(bytes) {
            self.payload(payload?)?;
        }
        Ok(())
    }

    fn payload(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                self.section("types", &reader.range());
                for group in reader {
                    let group = group?;
                    let recursive = group.types().len() > 1;
                    for ty in group.types() {
                        let index = next(&mut self.types);
                        let remark = if recursive { ", in a recursive group" } else { "" };
                        self.line(&format!("type {}: {ty}{remark}", item(&self.names.types, index)));
                    }
                }
            }
            Payload::ImportSection(reader) => {
                self.section("imports", &reader.range());
                for import in reader.into_imports() {
                    let import = import?;
                    let what = self.imported(import.ty);
                    self.line(&format!("{:?} {:?}: {what}", import.module, import.name));
                }
            }
            Payload::FunctionSection(reader) => {
                self.section("functions", &reader.range());
                self.bodies = self.functions;
                for ty in reader {
                    let ty = ty?;
                    let index = next(&mut self.functions);
                    self.line(&format!("function {}: type {ty}", item(&self.names.functions, index)));
                }
            }
            Payload::TableSection(reader) => {
                self.section("tables", &reader.range());
                for table in reader {
                    let table = table?;
                    let init = match &table.init {
                        TableInit::RefNull => String::new(),
                        TableInit::Expr(expr) => format!(" = {}", expression(expr)?),
                    };
                    let index = next(&mut self.tables);
                    self.line(&format!("table {}: {}{init}", item(&self.names.tables, index), table_type(&table.ty)));
                }
            }
            Payload::MemorySection(reader) => {
                self.section("memories", &reader.range());
                for ty in reader {
                    let ty = memory_type(&ty?);
                    let index = next(&mut self.memories);
                    self.line(&format!("memory {}: {ty}", item(&self.names.memories, index)));
                }
            }
            Payload::TagSection(reader) => {
                self.section("tags", &reader.range());
                for tag in reader {
                    let ty = tag?.func_type_idx;
                    let index = next(&mut self.tags);
                    self.line(&format!("tag {}: type {ty}", item(&self.names.tags, index)));
                }
            }
            Payload::GlobalSection(reader) => {
                self.section("globals", &reader.range());
                for global in reader {
                    let global = global?;
                    let (ty, init) = (global_type(&global.ty), expression(&global.init_expr)?);
                    let index = next(&mut self.globals);
                    self.line(&format!("global {}: {ty} = {init}", item(&self.names.globals, index)));
                }
            }
            Payload::ExportSection(reader) => {
                self.section("exports", &reader.range());
                for export in reader {
                    let export = export?;
                    let what = self.exported(export.kind, export.index);
                    self.line(&format!("{:?}: {what}", export.name));
                }
            }
            Payload::StartSection { func, range } => {
                self.section("start", &range);
                self.line(&format!("function {}", item(&self.names.functions, func)));
            }
            Payload::ElementSection(reader) => {
                self.section("elements", &reader.range());
                for element in reader {
                    let element = element?;
                    let mode = match &element.kind {
                        ElementKind::Passive => "passive".to_string(),
                        ElementKind::Declared => "declared".to_string(),
                        ElementKind::Active { table_index, offset_expr } => {
                            format!("table {} from {} on", table_index.unwrap_or(0), expression(offset_expr)?)
                        }
                    };
                    let items = match element.items {
                        ElementItems::Functions(items) => {
                            format!("functions {}", list(items, |index| Ok(item(&self.names.functions, index)))?)
                        }
                        ElementItems::Expressions(ty, items) => {
                            format!("{ty} {}", list(items, |expr| expression(&expr))?)
                        }
                    };
                    let index = next(&mut self.elements);
                    self.line(&format!("segment {}: {mode}: {items}", item(&self.names.elements, index)));
                }
            }
            Payload::DataCountSection { count, range } => {
                self.section("data count", &range);
                self.line(&count.to_string());
            }
            Payload::CodeSectionStart { unchecked_range, .. } => self.section("code", &unchecked_range),
            Payload::CodeSectionEntry(body) => {
                let (range, index) = (body.range(), next(&mut self.bodies));
                let mut locals: u64 = 0;
                for group in body.get_locals_reader()? {
                    locals += u64::from(group?.0);
                }
                let function = item(&self.names.functions, index);
                self.line(&format!("function {function}: {}, {}", place(&range), count(locals, "local")));
            }
            Payload::DataSection(reader) => {
                self.section("data", &reader.range());
                for data in reader {
                    let data = data?;
                    let mode = match &data.kind {
                        DataKind::Passive => "passive".to_string(),
                        DataKind::Active { memory_index, offset_expr } => {
                            format!("memory {memory_index} from {} on", expression(offset_expr)?)
                        }
                    };
                    // The segment's contents end where the segment ends.
                    let contents = data.range.end - data.data.len() as u64..data.range.end;
                    let index = next(&mut self.data);
                    let segment = item(&self.names.data, index);
                    self.line(&format!("segment {segment}: {mode}: {}", place(&contents)));
                }
            }
            Payload::CustomSection(section) => {
                self.section(&format!("custom section `{}`", section.name()), &section.data_range());
                if section.name() == "name" {
                    let Names { functions, types, tables, memories, globals, tags, elements, data } = &self.names;
                    let all = [
                        ("function", functions),
                        ("type", types),
                        ("table", tables),
                        ("memory", memories),
                        ("global", globals),
                        ("tag", tags),
                        ("element segment", elements),
                        ("data segment", data),
                    ];
                    let named = all.into_iter().filter(|(_, names)| !names.is_empty());
                    let counts: Vec<String> = named.map(|(what, names)| count(names.len() as u64, what)).collect();
                    if !counts.is_empty() {
                        self.line(&format!("names of {}", counts.join(", ")));
                    }
                }
            }
            Payload::UnknownSection { id, range, .. } => self.section(&format!("unknown section {id}"), &range),
            // The version, and the end; the enum may grow.
            _ => {}
        }
        Ok(())
    }

    fn imported(&mut self, ty: TypeRef) -> String {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                let index = next(&mut self.functions);
                format!("function {}: type {ty}", item(&self.names.functions, index))
            }
            TypeRef::Table(ty) => {
                let index = next(&mut self.tables);
                format!("table {}: {}", item(&self.names.tables, index), table_type(&ty))
            }
            TypeRef::Memory(ty) => {
                let index = next(&mut self.memories);
                format!("memory {}: {}", item(&self.names.memories, index), memory_type(&ty))
            }
            TypeRef::Global(ty) => {
                let index = next(&mut self.globals);
                format!("global {}: {}", item(&self.names.globals, index), global_type(&ty))
            }
            TypeRef::Tag(ty) => {
                let index = next(&mut self.tags);
                format!("tag {}: type {}", item(&self.names.tags, index), ty.func_type_idx)
            }
        }
    }

    fn exported(&self, kind: ExternalKind, index: u32) -> String {
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => format!("function {}", item(&self.names.functions, index)),
            ExternalKind::Table => format!("table {}", item(&self.names.tables, index)),
            ExternalKind::Memory => format!("memory {}", item(&self.names.memories, index)),
            ExternalKind::Global => format!("global {}", item(&self.names.globals, index)),
            ExternalKind::Tag => format!("tag {}", item(&self.names.tags, index)),
        }
    }
}

/// `1 byte`, `2 bytes`, `2 memories`.
fn count(number: u64, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}

/// Where bytes lie, and how many.
fn place(range: &Range<u64>) -> String {
    format!("{} at {:#x}", count(range.end - range.start, "byte"), range.start)
}

fn limits(min: u64, max: Option<u64>) -> String {
    max.map_or_else(|| format!("{min} or more"), |max| format!("{min} to {max}"))
}

fn table_type(ty: &TableType) -> String {
    let (shared, width) = (if ty.shared { ", shared" } else { "" }, if ty.table64 { ", 64-bit" } else { "" });
    format!("{} elements, {}{width}{shared}", limits(ty.initial, ty.maximum), ty.element_type)
}

fn memory_type(ty: &MemoryType) -> String {
    let (shared, width) = (if ty.shared { ", shared" } else { "" }, if ty.memory64 { ", 64-bit" } else { "" });
    let size = ty.page_size_log2.map(|log2| format!(" of 2^{log2} bytes")).unwrap_or_default();
    format!("{} pages{size}{width}{shared}", limits(ty.initial, ty.maximum))
}

fn global_type(ty: &GlobalType) -> String {
    let (shared, mutable) = (if ty.shared { "shared " } else { "" }, if ty.mutable { "mutable " } else { "" });
    format!("{shared}{mutable}{}", ty.content_type)
}

/// Items one after the other, the first of them if they are many.
fn list<'a, T: wasmparser::FromReader<'a>>(
    items: SectionLimited<'a, T>,
    text: impl Fn(T) -> Result<String>,
) -> Result<String> {
    const SHOWN: usize = 12;
    let texts = items.into_iter().map(|item| text(item?)).collect::<Result<Vec<String>>>()?;
    Ok(match texts.len() {
        0 => "(none)".to_string(),
        length if length <= SHOWN => texts.join(", "),
        length => format!("{} and {} more", texts[..SHOWN].join(", "), length - SHOWN),
    })
}

/// A constant expression as the text format has it.
fn expression(expr: &ConstExpr<'_>) -> Result<String> {
    let mut texts = Vec::new();
    for operator in expr.get_operators_reader() {
        texts.push(match operator? {
            Operator::End => continue,
            Operator::I32Const { value } => format!("i32.const {value}"),
            Operator::I64Const { value } => format!("i64.const {value}"),
            Operator::F32Const { value } => format!("f32.const {:?}", f32::from_bits(value.bits())),
            Operator::F64Const { value } => format!("f64.const {:?}", f64::from_bits(value.bits())),
            Operator::V128Const { value } => format!("v128.const {:#034x}", value.i128()),
            Operator::GlobalGet { global_index } => format!("global.get {global_index}"),
            Operator::RefNull { hty } => match wasmparser::RefType::new(true, hty) {
                Some(ty) => format!("null of {ty}"),
                None => "ref.null".to_string(),
            },
            Operator::RefFunc { function_index } => format!("ref.func {function_index}"),
            Operator::I32Add => "i32.add".to_string(),
            Operator::I32Sub => "i32.sub".to_string(),
            Operator::I32Mul => "i32.mul".to_string(),
            Operator::I64Add => "i64.add".to_string(),
            Operator::I64Sub => "i64.sub".to_string(),
            Operator::I64Mul => "i64.mul".to_string(),
            // Garbage collection has more.
            other => format!("{other:?}"),
        });
    }
    Ok(texts.join(" "))
}
