//! Instances and how they are made (specification, section 4.5.4).

use crate::activation::{Binding, Runtime, Target};
use crate::const_expr::evaluate;
use crate::func::Wrappers;
use crate::global::GlobalData;
use crate::interpret::Parts;
use crate::libcalls;
use crate::link::LinkError;
use crate::memory::{MemoryData, ResourceError};
use crate::meter::Ability;
use crate::module::Module;
use crate::store::{Data, Store};
use crate::table::{Elements, TableData, Word};
use crate::trap::Trap;
use crate::value::{Extern, Func, Global, Instance, Memory, Slot, Table, Tag};
use abi::layout::{FuncRecord, Header, INSTANCE_MAGIC, Layout, MemorySlot, Place};
use abi::module::{DataMode, ElementItems, ElementMode, ExportItem};
use abi::trap::TrapCode;
use abi::types::{DataIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use std::alloc;
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// Why a module cannot be instantiated.
#[derive(Debug, thiserror::Error)]
pub enum InstantiateError {
    /// An import does not fit.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A segment does not fit, or the start function trapped. What happened before stays.
    #[error(transparent)]
    Trap(#[from] Trap),
    /// A memory or table cannot be made.
    #[error(transparent)]
    Resource(#[from] ResourceError),
    /// Its code cannot do what the store requires ([`crate::Config::required`]).
    #[error("the code of the module {0}")]
    Unable(Ability),
}

/// An instance's context: a block of memory that never moves.
pub(crate) struct Context {
    start: NonNull<u8>,
    layout: alloc::Layout,
    binding: NonNull<Binding>,
}

impl Context {
    fn new(layout: &Layout, runtime: *mut Runtime, poll: *const u8, instance: u32) -> Context {
        let binding = Binding { runtime, instance: Some(instance), target: Target::Instance };
        let binding = NonNull::from(Box::leak(Box::new(binding)));
        let layout =
            alloc::Layout::from_size_align(layout.size() as usize, 16).expect("contexts are far smaller than memory");
        // SAFETY: a context has a header, so its size is not zero.
        let start =
            NonNull::new(unsafe { alloc::alloc_zeroed(layout) }).unwrap_or_else(|| alloc::handle_alloc_error(layout));
        let header = Header {
            magic: INSTANCE_MAGIC,
            libcalls: &raw const libcalls::TABLE,
            runtime: binding.as_ptr().cast(),
            // SAFETY: the runtime is that of the store which makes the instance.
            tail_arguments: unsafe { (*runtime).tail_arguments.as_ptr().cast() },
            // SAFETY: likewise.
            meter: unsafe { (*runtime).meter.as_ptr() },
            poll,
        };
        let context = Context { start, layout, binding };
        context.set(0, header);
        context
    }

    fn header(&self) -> *mut Header {
        self.start.as_ptr().cast()
    }

    /// The address of what lies at an offset.
    fn at<T>(&self, offset: u32) -> NonNull<T> {
        assert!(offset as usize + size_of::<T>() <= self.layout.size(), "offsets come from the context's own layout");
        // SAFETY: just checked.
        unsafe { self.start.add(offset as usize).cast() }
    }

    fn set<T>(&self, offset: u32, value: T) {
        // SAFETY: `at` stays within the block, whose parts are aligned as their types need (`abi::layout`); native code that
        // reads it is suspended or was not started.
        unsafe { self.at(offset).write(value) }
    }

    /// The record of a function that has one: an imported or escaping one.
    pub(crate) fn record(&self, layout: &Layout, index: FuncIdx) -> NonNull<FuncRecord> {
        self.at(layout.record(index).expect("functions that are used as values have records"))
    }

    /// The value of a global.
    pub(crate) fn global(&self, layout: &Layout, index: GlobalIdx) -> Slot {
        // SAFETY: own cells lie in the context; pointers to imported ones were set when the instance was made, and the cells
        // live as long as the store.
        unsafe {
            match layout.global(index) {
                Place::Inline(offset) => self.at::<Slot>(offset).read(),
                Place::Indirect(offset) => self.at::<*mut Slot>(offset).read().read(),
            }
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: both were allocated in `new` with these layouts and are freed once, with the whole store.
        unsafe {
            drop(Box::from_raw(self.binding.as_ptr()));
            alloc::dealloc(self.start.as_ptr(), self.layout);
        }
    }
}

/// An instance that a store owns. Failed ones stay too: their functions may have got into tables of others.
pub(crate) struct InstanceData {
    module: Arc<Module>,
    context: Context,
    /// The store's things by the module's indices.
    memories: Vec<Memory>,
    tables: Vec<Table>,
    globals: Vec<Global>,
    tags: Vec<Tag>,
    /// The contents of element segments; empty once dropped.
    elements: Vec<Vec<Word>>,
    /// Data segments that the module does not declare are dropped, too: code may name some that the contents of memories stand for.
    dropped_data: Vec<bool>,
    /// On the heap: interpreters hold pointers to it.
    parts: Box<Parts>,
}

impl InstanceData {
    pub(crate) fn module(&self) -> &Arc<Module> {
        &self.module
    }

    pub(crate) fn memory(&self, index: MemoryIdx) -> Memory {
        self.memories[index.index()]
    }

    pub(crate) fn tag(&self, index: TagIdx) -> Tag {
        self.tags[index.index()]
    }

    pub(crate) fn table(&self, index: TableIdx) -> Table {
        self.tables[index.index()]
    }

    /// The contents of a data segment; empty once dropped.
    pub(crate) fn data(&self, index: DataIdx) -> &[u8] {
        match self.dropped_data.get(index.index()) {
            Some(false) => self.module.data(index),
            Some(true) | None => &[],
        }
    }

    /// The contents of an element segment; empty once dropped.
    pub(crate) fn elements(&self, index: usize) -> &[Word] {
        &self.elements[index]
    }

    pub(crate) fn drop_data(&mut self, index: DataIdx) {
        if let Some(dropped) = self.dropped_data.get_mut(index.index()) {
            *dropped = true;
        }
    }

    pub(crate) fn drop_elements(&mut self, index: usize) {
        self.elements[index] = Vec::new();
    }

    /// The record of a function that has one.
    pub(crate) fn record(&self, index: FuncIdx) -> NonNull<FuncRecord> {
        self.context.record(self.module.layout(), index)
    }

    /// What an interpreter sees.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    fn extern_of(&self, item: ExportItem, store: crate::value::StoreId) -> Extern {
        match item {
            ExportItem::Function(index) => Extern::Func(Func { store, record: self.record(index) }),
            ExportItem::Table(index) => Extern::Table(self.tables[index.index()]),
            ExportItem::Memory(index) => Extern::Memory(self.memories[index.index()]),
            ExportItem::Global(index) => Extern::Global(self.globals[index.index()]),
            ExportItem::Tag(index) => Extern::Tag(self.tags[index.index()]),
        }
    }
}

impl Store {
    /// Makes an instance: links its imports, given in the order in which the module declares them, makes what it defines, runs
    /// its segments and its start function.
    ///
    /// # Errors
    /// If an import is missing or does not fit, a memory or table cannot be made, a segment does not fit (then what the
    /// segments before it wrote stays), or the start function traps.
    ///
    /// # Panics
    /// If more is given than imported. A panic of a host function goes on here.
    pub fn instantiate(&mut self, module: &Arc<Module>, imports: &[Extern]) -> Result<Instance, InstantiateError> {
        let data = self.data_mut();
        if let Some(ability) = Ability::missing(&data.config.required, module) {
            return Err(InstantiateError::Unable(ability));
        }
        data.match_imports(module, imports)?;
        let instance = data.allocate(module, imports)?;
        data.run_segments(instance.index as usize).map_err(Trap::from)?;
        if let Some(start) = module.declarations().start {
            let record = data.instance(instance).context.record(module.layout(), start);
            // SAFETY: the record is of this store, and a start function takes and gives nothing.
            unsafe { self.call_slots(record, &mut [])? };
        }
        Ok(instance)
    }

    /// An export of an instance.
    pub fn export(&self, instance: Instance, name: &str) -> Option<Extern> {
        let data = self.data();
        let instance = data.instance(instance);
        Some(instance.extern_of(instance.module.export(name)?, data.id))
    }

    /// The exports of an instance, in the order of its module.
    pub fn exports(&self, instance: Instance) -> impl Iterator<Item = (&str, Extern)> {
        let data = self.data();
        let instance = data.instance(instance);
        let exports = instance.module.declarations().exports.iter();
        exports.map(|export| (export.name.as_str(), instance.extern_of(export.item, data.id)))
    }

    /// The module of an instance.
    pub fn module(&self, instance: Instance) -> &Arc<Module> {
        &self.data().instance(instance).module
    }
}

impl Data {
    /// Makes an instance of a module whose imports match. Segments are evaluated but not run.
    fn allocate(&mut self, module: &Arc<Module>, imports: &[Extern]) -> Result<Instance, ResourceError> {
        let declarations = module.declarations();
        let layout = module.layout();
        let index = u32::try_from(self.instances.len()).expect("a store holds fewer than 2^32 instances");

        // What can fail comes first: from the context on, nothing must be forgotten.
        let own_memories = &declarations.memories[declarations.imported_memories as usize..];
        let limit = self.config.memory_page_limit;
        let own_memories = own_memories.iter().map(|&ty| MemoryData::new(ty, limit)).collect::<Result<Vec<_>, _>>()?;
        let own_tables = &declarations.tables[declarations.imported_tables as usize..];
        let own_elements = own_tables.iter().map(|table| Elements::new(table.ty)).collect::<Result<Vec<_>, _>>()?;

        let poll = if module.metered().interruptible { self.poll().byte() } else { ptr::null() };
        let context = Context::new(layout, self.runtime.as_ptr(), poll, index);
        for (ty, &id) in (0..).map(TypeIdx).zip(module.type_ids()) {
            context.set(layout.type_id(ty), id);
            if let Some(wrappers) = Wrappers::of(module, ty) {
                self.functions.add_wrappers(id, wrappers);
            }
        }

        let mut functions = Vec::new();
        let mut memories = Vec::new();
        let mut tables = Vec::new();
        let mut globals = Vec::new();
        let mut tags = Vec::new();
        for &import in imports {
            match import {
                Extern::Func(func) => functions.push(func),
                Extern::Memory(memory) => memories.push(memory),
                Extern::Table(table) => tables.push(table),
                Extern::Global(global) => globals.push(global),
                Extern::Tag(tag) => tags.push(tag),
            }
        }

        for (function, &ty) in (0..).map(FuncIdx).zip(&declarations.functions) {
            let Some(offset) = layout.record(function) else { continue };
            let type_id = module.type_ids()[ty.index()];
            let record = match (declarations.defined(function), module.code()) {
                (None, _) => self.import_record(functions[function.index()], index, Wrappers::of(module, ty)),
                (Some(body), Some(code)) => FuncRecord {
                    code: code.function(body),
                    context: context.header(),
                    entry: code.entry(ty),
                    type_id,
                    reserved: 0,
                    tail: code.tail(body),
                },
                // SAFETY: the record was just made; its fields are plain words.
                (Some(body), None) => unsafe {
                    self.bind(Target::Interpreted(body), Some(index), type_id, None).read()
                },
            };
            context.set(offset, record);
            // SAFETY: the context lives as long as the store.
            unsafe { self.publish(context.at(offset)) };
        }

        let own_tags = &declarations.tags[declarations.imported_tags as usize..];
        tags.extend(own_tags.iter().map(|ty| self.new_tag(module.type_ids()[ty.index()])));
        for (at, &tag) in (0..).map(TagIdx).zip(&tags) {
            context.set(layout.tag(at), self.tag(tag).definition().as_ptr());
        }

        memories.extend(own_memories.into_iter().map(|memory| self.add_memory(memory)));
        for (at, &memory) in (0..).map(MemoryIdx).zip(&memories) {
            let memory = self.memory(memory);
            context
                .set(layout.memory(at), MemorySlot { base: memory.base(), definition: memory.definition().as_ptr() });
        }

        for (at, &global) in (0..).map(GlobalIdx).zip(&globals) {
            if let Place::Indirect(offset) = layout.global(at) {
                context.set(offset, self.global(global).cell().as_ptr());
            }
        }
        for (at, global) in (0..).map(GlobalIdx).zip(&declarations.globals) {
            if let (Place::Inline(offset), Some(init)) = (layout.global(at), &global.init) {
                context.set(offset, evaluate(init, &context, layout));
                // SAFETY: the cell lives as long as the context, which is dropped after the globals; it was just set.
                globals.push(
                    self.add_global(unsafe {
                        GlobalData::inline(context.at(offset), module.canonical_global(global.ty))
                    }),
                );
            }
        }

        for (at, &table) in (0..).map(TableIdx).zip(&tables) {
            if let Place::Indirect(offset) = layout.table(at) {
                context.set(offset, self.table(table).definition().as_ptr());
            }
        }
        for ((at, table), elements) in (declarations.imported_tables..).map(TableIdx).zip(own_tables).zip(own_elements)
        {
            let Place::Inline(offset) = layout.table(at) else { unreachable!("own tables lie in the context") };
            // SAFETY: the definition lives as long as the context, which is dropped after the tables; only the table writes it.
            let mut data = unsafe { TableData::inline(context.at(offset), elements, module.canonical_table(table.ty)) };
            if let Some(init) = &table.init {
                let word = evaluate(init, &context, layout).word();
                data.fill(0, word, table.ty.limits.min).expect("a table holds its minimum");
            }
            tables.push(self.add_table(data));
        }

        let elements = declarations.elements.iter().map(|segment| match &segment.items {
            ElementItems::Functions(items) => {
                items.iter().map(|&function| context.record(layout, function).as_ptr().cast()).collect()
            }
            ElementItems::Expressions(items) => {
                items.iter().map(|item| evaluate(item, &context, layout).word()).collect()
            }
        });
        let elements = elements.collect();
        let dropped_data = vec![false; declarations.data.len()];
        let module = module.clone();
        let parts = Box::new(Parts {
            memories: memories
                .iter()
                .map(|&memory| (self.memory(memory).definition(), self.memory(memory).ty().shared))
                .collect(),
            globals: globals
                .iter()
                .map(|&global| (self.global(global).cell(), self.global(global).ty().content))
                .collect(),
            tables: tables
                .iter()
                .map(|&table| (self.table(table).definition(), self.table(table).ty().element))
                .collect(),
        });
        Ok(self.add_instance(InstanceData {
            module,
            context,
            memories,
            tables,
            globals,
            tags,
            elements,
            dropped_data,
            parts,
        }))
    }

    /// Runs the active segments of an instance in order and drops them.
    fn run_segments(&mut self, instance: usize) -> Result<(), TrapCode> {
        let module = self.instances[instance].module.clone();
        let layout = module.layout();
        for (position, segment) in module.declarations().elements.iter().enumerate() {
            let instance = &mut self.instances[instance];
            match &segment.mode {
                ElementMode::Active { table, offset } => {
                    let wide = module.declarations().tables[table.index()].ty.table64;
                    let start = index(evaluate(offset, &instance.context, layout), wide);
                    let table = instance.tables[table.index()];
                    self.tables[table.index as usize].write(start, &instance.elements[position])?;
                    instance.drop_elements(position);
                }
                ElementMode::Declared => instance.drop_elements(position),
                ElementMode::Passive => {}
            }
        }
        if let Some(code) = module.code().filter(|code| !code.contents().is_empty()) {
            let instance = &mut self.instances[instance];
            instance.dropped_data.fill(true);
            for contents in code.contents() {
                let memory = instance.memories[contents.memory.index()];
                code.fill(&self.memories[memory.index as usize], contents)?;
            }
            return Ok(());
        }
        for (position, segment) in (0..).map(DataIdx).zip(&module.declarations().data) {
            let instance = &mut self.instances[instance];
            match &segment.mode {
                DataMode::Active { memory, offset } => {
                    let wide = module.declarations().memories[memory.index()].memory64;
                    let start = index(evaluate(offset, &instance.context, layout), wide);
                    let memory = instance.memories[memory.index()];
                    self.memories[memory.index as usize].write(start, module.data(position))?;
                    instance.drop_data(position);
                }
                DataMode::Passive => {}
            }
        }
        Ok(())
    }
}

/// The value of a segment's offset, which is an `i64` where addresses or indices are.
fn index(offset: Slot, wide: bool) -> u64 {
    if wide { offset.u64() } else { offset.u32().into() }
}
