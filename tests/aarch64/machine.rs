//! What the script for `host.c` says: images, contexts, and how they are linked, in the order in which things are made.

use abi::container::{Native, UniversalSection, original};
use abi::layout::{FuncRecord, Layout, MemorySlot, Place};
use abi::module::{ConstExpr, ConstOp, DataMode, ElementItems, ElementMode, ExportItem, ImportItem, Module};
use abi::types::{
    DataIdx, FuncIdx, FuncType, GlobalIdx, MemoryIdx, MemoryType, TableIdx, TableType, TagIdx, TypeIdx, ValType,
};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;
use tempfile::TempDir;

/// A slot as the script writes it: known bytes, or a word that the host works out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    Bytes([u8; 16]),
    Word(String),
}

impl Slot {
    pub fn of(bytes: &[u8]) -> Slot {
        let mut slot = [0; 16];
        slot[..bytes.len()].copy_from_slice(bytes);
        Slot::Bytes(slot)
    }

    fn number<const N: usize>(&self) -> [u8; N] {
        match self {
            Slot::Bytes(bytes) => *bytes.first_chunk().expect("a number is smaller than a slot"),
            Slot::Word(word) => panic!("{word} is no number"),
        }
    }

    /// The reference in it.
    fn word(&self) -> String {
        match self {
            Slot::Bytes(_) => format!("#{:x}", u64::from_le_bytes(self.number())),
            Slot::Word(word) => word.clone(),
        }
    }
}

/// Something that can be imported.
#[derive(Clone, Debug)]
pub enum Item {
    /// A function of the host, which does nothing.
    Host,
    Function(Function),
    /// By its number, as a memory and a tag.
    Table(u32),
    Memory(u32),
    Tag(u32),
    /// The address of its cell, and what it was made with.
    Global {
        cell: String,
        ty: ValType,
        value: Slot,
    },
}

/// A function: the address of its record, the words in it, and its type's canonical id.
#[derive(Clone, Debug)]
pub struct Function {
    record: String,
    code: String,
    context: String,
    entry: String,
    tail: String,
    type_id: u32,
}

/// An instance: what it exports, functions with their types.
#[derive(Clone, Debug)]
pub struct Instance {
    pub exports: HashMap<String, (Item, Option<FuncType>)>,
}

/// A compiled module.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub module: Module,
    native: Native,
    /// The original module.
    bytes: Vec<u8>,
    image: u32,
}

/// The script, and what it has made so far.
pub struct Machine {
    pub script: String,
    folder: TempDir,
    /// As the runtime does it: the id of the first type of each group, whose references are made canonical.
    types: HashMap<Vec<FuncType>, u32>,
    next_type: u32,
    images: u32,
    memories: u32,
    tables: u32,
    globals: u32,
    tags: u32,
    contexts: u32,
}

/// Writes a line of the script.
macro_rules! say {
    ($machine:expr, $($text:tt)*) => {
        writeln!($machine.script, $($text)*).expect("a string takes everything")
    };
}

impl Machine {
    pub fn new() -> Machine {
        Machine {
            script: String::new(),
            folder: TempDir::new().expect("a temporary folder"),
            types: HashMap::new(),
            next_type: 0,
            images: 0,
            memories: 0,
            tables: 0,
            globals: 0,
            tags: 0,
            contexts: 0,
        }
    }

    /// Writes the script to its file.
    pub fn path(&self) -> PathBuf {
        let path = self.folder.path().join("script");
        std::fs::write(&path, &self.script).expect("a temporary file can be written");
        path
    }

    /// Maps the image of a universal file.
    pub fn map(&mut self, file: &[u8]) -> Compiled {
        let section = UniversalSection::find(file).expect("the file has native code");
        let payload = &file[section.payload];
        let (native, range) = Native::decode(payload).expect("the section is whole");
        assert_eq!(native.fingerprint, abi::fingerprint());
        assert!(native.triple.starts_with("aarch64-"), "{}", native.triple);
        let image = self.images;
        self.images += 1;
        let path = self.folder.path().join(format!("image{image}"));
        std::fs::write(&path, &payload[range]).expect("a temporary file can be written");
        let [text, read_only] = [&native.parts.text, &native.parts.read_only].map(|part| part.end);
        say!(self, "image {} {:x} {text:x} {:x}", path.display(), native.image_length, read_only.max(text));
        for slot in &native.slots {
            say!(self, "slot {image:x} {:x} {}", slot.offset, slot.symbol);
        }
        say!(self, "seal {image:x}");
        let bytes = original(file).to_vec();
        Compiled { module: Module::decode(&bytes).expect("a compiled module is valid"), native, bytes, image }
    }

    pub fn memory(&mut self, ty: MemoryType) -> Item {
        let max = ty.limits.max.unwrap_or(u64::MAX);
        say!(self, "memory {:x} {max:x} {:x} {:x}", ty.limits.min, u8::from(ty.memory64), u8::from(ty.shared));
        self.memories += 1;
        Item::Memory(self.memories - 1)
    }

    /// A table with a place of its own.
    pub fn table(&mut self, ty: TableType) -> Item {
        self.table_at("#0", ty, "#0")
    }

    fn table_at(&mut self, place: &str, ty: TableType, value: &str) -> Item {
        say!(self, "table {place} {:x} {:x} {value}", ty.limits.min, ty.limits.max.unwrap_or(u64::MAX));
        self.tables += 1;
        Item::Table(self.tables - 1)
    }

    pub fn global(&mut self, content: ValType, bytes: &[u8]) -> Item {
        let value = Slot::of(bytes);
        say!(self, "global {}", hex(&value));
        self.globals += 1;
        Item::Global { cell: format!("g{:x}", self.globals - 1), ty: content, value }
    }

    /// Makes an instance, as the runtime does (`runtime/vm/src/instance.rs`). The host prints how it went.
    pub fn instantiate(&mut self, compiled: &Compiled, imports: &[Item]) -> Instance {
        let Compiled { module, native, bytes, image } = compiled;
        let layout = Layout::new(module);
        let own = self.contexts;
        self.contexts += 1;
        let at = |offset: u32| format!("c{own:x}+{offset:x}");
        let code = |offset: u32| format!("i{image:x}+{offset:x}");
        let sizes =
            [module.memories.len(), module.tables.len(), module.tags.len(), module.data.len(), module.elements.len()];
        let sizes: String = sizes.iter().map(|size| format!(" {size:x}")).collect();
        say!(self, "context {:x}{sizes}", layout.size());

        let ids = self.canonical(module);
        for (ty, id) in (0..).map(TypeIdx).zip(&ids) {
            say!(self, "half {own:x} {:x} {id:x}", layout.type_id(ty));
        }

        let mut given = imports.iter();
        let mut functions: Vec<Item> = Vec::new();
        let mut memories: Vec<Item> = Vec::new();
        let mut tables: Vec<Item> = Vec::new();
        let mut globals: Vec<Item> = Vec::new();
        let mut tags: Vec<Item> = Vec::new();
        for import in &module.imports {
            let item = given.next().expect("as many items as imports").clone();
            match import.item {
                ImportItem::Function(_) => functions.push(item),
                ImportItem::Memory(_) => memories.push(item),
                ImportItem::Table(_) => tables.push(item),
                ImportItem::Global(_) => globals.push(item),
                ImportItem::Tag(_) => tags.push(item),
            }
        }

        let mut functions = functions.into_iter().map(Some).collect::<Vec<_>>();
        functions.resize(module.functions.len(), None);
        for (function, &ty) in (0..).map(FuncIdx).zip(&module.functions) {
            let Some(offset) = layout.record(function) else { continue };
            let entry = code(native.entries[ty.index()]);
            let item = match (functions[function.index()].take(), module.defined(function)) {
                (Some(Item::Host), _) => Function {
                    record: at(offset),
                    code: code(native.hosts[ty.index()]),
                    context: "h".to_string(),
                    entry,
                    tail: "#0".to_string(),
                    type_id: ids[ty.index()],
                },
                (Some(Item::Function(function)), _) => function,
                (None, Some(body)) => {
                    let tail = native.tails.iter().find(|tail| tail.function == body);
                    Function {
                        record: at(offset),
                        code: code(native.functions[body.index()]),
                        context: at(0),
                        entry,
                        tail: tail.map_or("#0".to_string(), |tail| code(tail.offset)),
                        type_id: ids[ty.index()],
                    }
                }
                (other, _) => panic!("{other:?} is no function"),
            };
            let fields = FuncRecord::FIELDS;
            say!(self, "word {own:x} {:x} {}", offset + fields.code.offset, item.code);
            say!(self, "word {own:x} {:x} {}", offset + fields.context.offset, item.context);
            say!(self, "word {own:x} {:x} {}", offset + fields.entry.offset, item.entry);
            say!(self, "word {own:x} {:x} {}", offset + fields.tail.offset, item.tail);
            say!(self, "half {own:x} {:x} {:x}", offset + fields.type_id.offset, item.type_id);
            functions[function.index()] = Some(Item::Function(item));
        }

        for ty in &module.tags[module.imported_tags as usize..] {
            say!(self, "tag {:x}", ids[ty.index()]);
            tags.push(Item::Tag(self.tags));
            self.tags += 1;
        }
        for (index, tag) in (0..).map(TagIdx).zip(&tags) {
            let Item::Tag(number) = tag else { panic!("{tag:?} is no tag") };
            say!(self, "word {own:x} {:x} e{number:x}", layout.tag(index));
            say!(self, "uses-tag {own:x} {:x} {number:x}", index.0);
        }

        for ty in &module.memories[module.imported_memories as usize..] {
            memories.push(self.memory(*ty));
        }
        for (index, memory) in (0..).map(MemoryIdx).zip(&memories) {
            let Item::Memory(number) = memory else { panic!("{memory:?} is no memory") };
            let (slot, fields) = (layout.memory(index), MemorySlot::FIELDS);
            say!(self, "word {own:x} {:x} b{number:x}", slot + fields.base.offset);
            say!(self, "word {own:x} {:x} m{number:x}", slot + fields.definition.offset);
            say!(self, "uses-memory {own:x} {:x} {number:x}", index.0);
        }

        for (index, global) in (0..).map(GlobalIdx).zip(&module.globals) {
            match (layout.global(index), &global.init) {
                (Place::Indirect(offset), _) => {
                    let Item::Global { cell, .. } = &globals[index.index()] else { panic!("no global") };
                    say!(self, "word {own:x} {offset:x} {cell}");
                }
                (Place::Inline(offset), Some(init)) => {
                    let value = evaluate(init, &layout, own, &globals);
                    match &value {
                        Slot::Bytes(_) => say!(self, "cell {own:x} {offset:x} {}", hex(&value)),
                        Slot::Word(word) => say!(self, "word {own:x} {offset:x} {word}"),
                    }
                    globals.push(Item::Global { cell: at(offset), ty: global.ty.content, value });
                }
                (Place::Inline(_), None) => panic!("a global has no value"),
            }
        }

        for (index, table) in (0..).map(TableIdx).zip(&module.tables) {
            match layout.table(index) {
                Place::Indirect(offset) => {
                    let Item::Table(number) = tables[index.index()] else { panic!("no table") };
                    say!(self, "word {own:x} {offset:x} t{number:x}");
                }
                Place::Inline(offset) => {
                    let value = table.init.as_ref().map(|init| evaluate(init, &layout, own, &globals).word());
                    tables.push(self.table_at(&at(offset), table.ty, value.as_deref().unwrap_or("#0")));
                }
            }
            let Item::Table(number) = tables[index.index()] else { panic!("no table") };
            say!(self, "uses-table {own:x} {:x} {number:x}", index.0);
        }

        for (position, segment) in module.elements.iter().enumerate() {
            let words: Vec<String> = match &segment.items {
                ElementItems::Functions(items) => {
                    items.iter().map(|&function| at(layout.record(function).expect("it is used as a value"))).collect()
                }
                ElementItems::Expressions(items) => {
                    items.iter().map(|item| evaluate(item, &layout, own, &globals).word()).collect()
                }
            };
            // A declared segment is there for validation only.
            let words = if matches!(segment.mode, ElementMode::Declared) { Vec::new() } else { words };
            say!(self, "elements {own:x} {position:x} {:x} {}", words.len(), words.join(" "));
        }
        for (position, segment) in (0..).map(DataIdx).zip(&module.data) {
            let bytes = &bytes[segment.range.start as usize..segment.range.end as usize];
            say!(self, "data {own:x} {:x} {}", position.0, bytes_hex(bytes));
        }
        for (position, segment) in module.elements.iter().enumerate() {
            if let ElementMode::Active { table, offset } = &segment.mode {
                let wide = module.tables[table.index()].ty.table64;
                let start = index(&evaluate(offset, &layout, own, &globals), wide);
                say!(self, "init-table {own:x} {:x} {position:x} {start:x}", table.0);
            }
        }
        for (position, segment) in module.data.iter().enumerate() {
            if let DataMode::Active { memory, offset } = &segment.mode {
                let wide = module.memories[memory.index()].memory64;
                let start = index(&evaluate(offset, &layout, own, &globals), wide);
                say!(self, "init-memory {own:x} {:x} {position:x} {start:x}", memory.0);
            }
        }
        if let Some(start) = module.start {
            say!(self, "start {}", at(layout.record(start).expect("it is called from outside")));
        }
        say!(self, "end");

        let export = |item| match item {
            ExportItem::Function(index) => functions[index.index()].clone().expect("exported functions have records"),
            ExportItem::Table(index) => tables[index.index()].clone(),
            ExportItem::Memory(index) => memories[index.index()].clone(),
            ExportItem::Global(index) => globals[index.index()].clone(),
            ExportItem::Tag(index) => tags[index.index()].clone(),
        };
        let of_type = |item| match item {
            ExportItem::Function(index) => Some(module.function_type(index).clone()),
            _ => None,
        };
        let exports = module.exports.iter();
        let exports = exports.map(|export_| (export_.name.clone(), (export(export_.item), of_type(export_.item))));
        Instance { exports: exports.collect() }
    }

    /// The canonical ids of a module's types.
    fn canonical(&mut self, module: &Module) -> Vec<u32> {
        /// Marks an index that names a type by its place in its own group.
        const IN_GROUP: u32 = 1 << 31;
        let mut ids: Vec<u32> = Vec::new();
        for group in module.type_groups() {
            let relative = |index: TypeIdx| match index.0.checked_sub(group.start) {
                Some(place) => TypeIdx(IN_GROUP | place),
                None => TypeIdx(ids[index.index()]),
            };
            let all = |types: &[ValType]| types.iter().map(|ty| ty.map_index(relative)).collect::<Vec<_>>();
            let types = &module.types[group.start as usize..group.end as usize];
            let types: Vec<_> = types.iter().map(|ty| FuncType::new(all(&ty.params), all(&ty.results))).collect();
            let count = types.len() as u32;
            let first = *self.types.entry(types).or_insert(self.next_type);
            self.next_type = self.next_type.max(first + count);
            ids.extend(first..first + count);
        }
        ids
    }

    /// Calls a function with slots. The host prints its results, or the trap.
    pub fn call(&mut self, function: &Function, results: usize, arguments: &[Slot]) {
        let arguments: String = arguments.iter().map(|slot| format!(" {}", hex(slot))).collect();
        say!(self, "call {} {results:x}{arguments}", function.record);
    }

    /// Has the host print a global.
    pub fn get(&mut self, cell: &str) {
        say!(self, "get {cell}");
    }
}

/// The value of a constant expression in the context of a number.
fn evaluate(expr: &ConstExpr, layout: &Layout, own: u32, globals: &[Item]) -> Slot {
    let mut stack: Vec<Slot> = Vec::new();
    for &op in &expr.0 {
        let mut pop = || stack.pop().expect("constant expressions are valid");
        let slot = match op {
            ConstOp::I32Const(value) => Slot::of(&value.to_le_bytes()),
            ConstOp::I64Const(value) => Slot::of(&value.to_le_bytes()),
            ConstOp::F32Const(bits) => Slot::of(&bits.to_le_bytes()),
            ConstOp::F64Const(bits) => Slot::of(&bits.to_le_bytes()),
            ConstOp::V128Const(bytes) => Slot::Bytes(bytes),
            ConstOp::GlobalGet(index) => match &globals[index.index()] {
                Item::Global { value, .. } => value.clone(),
                other => panic!("{other:?} is no global"),
            },
            ConstOp::RefNull(_) => Slot::of(&[]),
            ConstOp::RefFunc(index) => {
                Slot::Word(format!("c{own:x}+{:x}", layout.record(index).expect("it is used as a value")))
            }
            ConstOp::I32Add | ConstOp::I32Sub | ConstOp::I32Mul => {
                let (right, left) = (i32::from_le_bytes(pop().number()), i32::from_le_bytes(pop().number()));
                let value = match op {
                    ConstOp::I32Add => left.wrapping_add(right),
                    ConstOp::I32Sub => left.wrapping_sub(right),
                    _ => left.wrapping_mul(right),
                };
                Slot::of(&value.to_le_bytes())
            }
            ConstOp::I64Add | ConstOp::I64Sub | ConstOp::I64Mul => {
                let (right, left) = (i64::from_le_bytes(pop().number()), i64::from_le_bytes(pop().number()));
                let value = match op {
                    ConstOp::I64Add => left.wrapping_add(right),
                    ConstOp::I64Sub => left.wrapping_sub(right),
                    _ => left.wrapping_mul(right),
                };
                Slot::of(&value.to_le_bytes())
            }
        };
        stack.push(slot);
    }
    stack.pop().expect("constant expressions are valid")
}

/// The value of a segment's offset, which is an `i64` where addresses or indices are.
fn index(offset: &Slot, wide: bool) -> u64 {
    if wide { u64::from_le_bytes(offset.number()) } else { u32::from_le_bytes(offset.number()).into() }
}

fn hex(slot: &Slot) -> String {
    match slot {
        Slot::Bytes(bytes) => bytes_hex(bytes),
        Slot::Word(word) => panic!("{word} has no bytes yet"),
    }
}

fn bytes_hex(bytes: &[u8]) -> String {
    bytes.iter().fold("x".to_string(), |text, byte| text + &format!("{byte:02x}"))
}
