//! The store: owner of everything that instances consist of.

use crate::activation::Runtime;
use crate::exception::{Exceptions, TagData};
use crate::func::HostFunctions;
use crate::global::GlobalData;
use crate::instance::InstanceData;
use crate::interpret::FrameStack;
use crate::memory::MemoryData;
use crate::meter::{Ability, Clock, UNLIMITED};
use crate::records::Records;
use crate::signals;
use crate::table::{TableData, Word};
use crate::value::{ExnRef, ExternRef, Func, Global, Instance, Memory, Slot, StoreId, Table, Tag, Value};
use abi::layout::FuncRecord;
use abi::types::{HeapType, Hierarchy, RefType, ValType};
use std::any::Any;
use std::fmt;
use std::ptr::NonNull;

/// What a store allows.
#[derive(Clone, Debug)]
pub struct Config {
    /// The size of the stack that guest code runs on, in bytes.
    pub stack_size: usize,
    /// The most pages of 64 KiB that each memory may have; none leaves it to the memory's type.
    pub memory_page_limit: Option<u32>,
    /// What the code of every module must be able to do.
    pub required: Vec<Ability>,
    /// Whether time is measured ([`Store::times`]).
    pub measure_time: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config { stack_size: 8 << 20, memory_page_limit: None, required: Vec::new(), measure_time: false }
    }
}

/// Owns instances, memories, tables, globals, functions and host objects, and frees them together.
///
/// One thread at a time uses a store. Dropping it while its guest code is suspended (which takes a host function that swaps
/// stores) frees nothing, as the code would return into what was freed. A host function that puts another store in its place and
/// keeps it until the function ends, aborts the process.
pub struct Store {
    data: NonNull<Data>,
}

// SAFETY: everything that the store owns is reached through it alone, but for shared memories, which are `Sync`; host functions and objects are `Send`, and modules are
// `Send` and `Sync`. What belongs to a thread (alternate signal stack, current activation) is set up by each call.
unsafe impl Send for Store {}

/// What a store owns. It stays at one place, because libcalls reach it by address. Fields are dropped in this order: tables and
/// globals before the instances whose contexts hold their definitions.
pub(crate) struct Data {
    pub(crate) id: StoreId,
    pub(crate) config: Config,
    pub(crate) tables: Vec<TableData>,
    pub(crate) globals: Vec<GlobalData>,
    pub(crate) memories: Vec<MemoryData>,
    pub(crate) instances: Vec<InstanceData>,
    pub(crate) functions: HostFunctions,
    externrefs: Vec<Box<dyn Any + Send + Sync>>,
    pub(crate) tags: Vec<TagData>,
    pub(crate) exceptions: Exceptions,
    /// The addresses of all records that references point to.
    pub(crate) records: Records,
    /// Where interpreted functions have their frames.
    pub(crate) frames: FrameStack,
    /// The gas that the meter began with.
    pub(crate) gas_limit: u64,
    /// None if time is not measured.
    pub(crate) clock: Option<Clock>,
    /// On the heap, owned; assembly and the signal handler write to it.
    pub(crate) runtime: NonNull<Runtime>,
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

impl Store {
    /// A store of the default configuration.
    pub fn new() -> Store {
        Store::with_config(Config::default())
    }

    /// A store.
    ///
    /// # Panics
    /// If the system has no address space left for the guest's stack.
    pub fn with_config(config: Config) -> Store {
        signals::install();
        let runtime = NonNull::from(Box::leak(Box::new(Runtime::new(config.stack_size))));
        let data = NonNull::from(Box::leak(Box::new(Data {
            id: StoreId::fresh(),
            clock: config.measure_time.then(Clock::default),
            gas_limit: UNLIMITED,
            config,
            tables: Vec::new(),
            globals: Vec::new(),
            memories: Vec::new(),
            instances: Vec::new(),
            functions: HostFunctions::default(),
            externrefs: Vec::new(),
            tags: Vec::new(),
            exceptions: Exceptions::default(),
            records: Records::default(),
            frames: FrameStack::default(),
            runtime,
        })));
        // SAFETY: the runtime was just made; nobody else knows it.
        unsafe { (*runtime.as_ptr()).data = data.as_ptr() };
        Store { data }
    }

    pub(crate) fn data(&self) -> &Data {
        // SAFETY: the data live until the store is dropped. Others that reach them do so while guest code or a host function
        // runs, and then the store is borrowed mutably by the call.
        unsafe { self.data.as_ref() }
    }

    pub(crate) fn data_mut(&mut self) -> &mut Data {
        // SAFETY: as in `data`; the store itself is borrowed mutably.
        unsafe { self.data.as_mut() }
    }

    /// The data, to look at after guest code or a host function has run: a reference from before would have ended by then.
    pub(crate) fn data_pointer(&self) -> *const Data {
        self.data.as_ptr()
    }

    pub(crate) fn runtime(&self) -> *mut Runtime {
        self.data().runtime.as_ptr()
    }

    /// Whether a value of this store is one of a type, whose indices are canonical ids ([`Store::func_type`] gives such types).
    pub fn matches(&self, value: Value, ty: ValType) -> bool {
        let hierarchy = |ty: ValType| ty.reference().map(RefType::hierarchy);
        match hierarchy(ty) {
            None => value.ty() == ty,
            same => same == hierarchy(value.ty()) && self.data().is_valid(ty, &self.slot(value)),
        }
    }

    /// Makes a reference to a host object, which is kept until the store is dropped.
    pub fn new_externref(&mut self, object: Box<dyn Any + Send + Sync>) -> ExternRef {
        let data = self.data_mut();
        data.externrefs.push(object);
        ExternRef { store: data.id, index: position(data.externrefs.len()) }
    }

    /// The host object that a reference stands for.
    pub fn externref_data(&self, reference: ExternRef) -> &(dyn Any + Send + Sync) {
        let data = self.data();
        data.check(reference.store);
        &*data.externrefs[reference.index as usize]
    }

    /// A value as it crosses the boundary.
    pub fn slot(&self, value: Value) -> Slot {
        let mut slot = Slot::ZERO;
        match value {
            Value::I32(value) => slot.set_i32(value),
            Value::I64(value) => slot.set_i64(value),
            Value::F32(bits) => slot.set_u32(bits),
            Value::F64(bits) => slot.set_u64(bits),
            Value::V128(bytes) => slot.set_v128(bytes),
            Value::FuncRef(None) | Value::ExternRef(None) | Value::ExnRef(None) => {}
            Value::ExnRef(Some(reference)) => {
                return Slot::of_word(self.data().exception(reference).as_ptr().cast());
            }
            Value::FuncRef(Some(func)) => return Slot::of_word(self.data().record(func).as_ptr().cast()),
            Value::ExternRef(Some(reference)) => {
                self.data().check(reference.store);
                slot.set_u64(u64::from(reference.index) + 1);
            }
        }
        slot
    }

    /// Reads a slot as a value of a type, such as an argument of a host function.
    ///
    /// # Panics
    /// If it is to be a reference and the slot holds none that this store made.
    pub fn value(&self, ty: ValType, slot: &Slot) -> Value {
        let data = self.data();
        assert!(data.is_valid(ty, slot), "the slot holds a reference of type {ty}");
        // SAFETY: just checked.
        unsafe { data.trusted_value(ty, slot) }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let runtime = self.runtime();
        // SAFETY: the runtime lives as long as the data.
        if unsafe { (*runtime).is_active() } {
            // SAFETY: as above.
            unsafe { (*runtime).drop_later() };
            return;
        }
        // SAFETY: both came from boxes in `with_config` and are freed once; no guest code is suspended, so nobody else reaches
        // them. The runtime goes last: it holds the guest's stack, which nothing points into any more.
        unsafe {
            drop(Box::from_raw(self.data.as_ptr()));
            drop(Box::from_raw(runtime));
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data();
        f.debug_struct("Store").field("id", &data.id).field("instances", &data.instances.len()).finish_non_exhaustive()
    }
}

/// The index of the last of `count` things.
fn position(count: usize) -> u32 {
    u32::try_from(count - 1).expect("a store holds fewer than 2^32 things of a kind")
}

macro_rules! parts {
    ($($add:ident $get:ident $(, $get_mut:ident)? in $list:ident: $handle:ident, $part:ident;)*) => {$(
        pub(crate) fn $add(&mut self, part: $part) -> $handle {
            self.$list.push(part);
            $handle { store: self.id, index: position(self.$list.len()) }
        }

        pub(crate) fn $get(&self, handle: $handle) -> &$part {
            self.check(handle.store);
            &self.$list[handle.index as usize]
        }

        $(pub(crate) fn $get_mut(&mut self, handle: $handle) -> &mut $part {
            self.check(handle.store);
            &mut self.$list[handle.index as usize]
        })?
    )*};
}

impl Data {
    parts! {
        add_table table, table_mut in tables: Table, TableData;
        add_global global in globals: Global, GlobalData;
        add_memory memory in memories: Memory, MemoryData;
        add_tag tag in tags: Tag, TagData;
        add_instance instance in instances: Instance, InstanceData;
    }

    /// # Panics
    /// If a handle is of another store.
    pub(crate) fn check(&self, store: StoreId) {
        assert_eq!(store, self.id, "a handle is used with the store that it belongs to");
    }

    pub(crate) fn exception(&self, reference: ExnRef) -> NonNull<abi::layout::Exception> {
        self.check(reference.store);
        reference.exception
    }

    pub(crate) fn record(&self, func: Func) -> NonNull<FuncRecord> {
        self.check(func.store);
        func.record
    }

    /// A reference as a value.
    ///
    /// # Safety
    /// `word` is a reference of that type of this store, or null.
    pub(crate) unsafe fn reference(&self, ty: RefType, word: Word) -> Value {
        let store = self.id;
        match ty.hierarchy() {
            Hierarchy::Extern => {
                let index = (word.addr() as u64).checked_sub(1);
                Value::ExternRef(index.map(|index| ExternRef { store, index: index as u32 }))
            }
            Hierarchy::Func => Value::FuncRef(NonNull::new(word.cast()).map(|record| Func { store, record })),
            Hierarchy::Exn => {
                self.exceptions.hold(word.addr());
                Value::ExnRef(NonNull::new(word.cast()).map(|exception| ExnRef { store, exception }))
            }
        }
    }

    /// Reads a slot.
    ///
    /// # Safety
    /// The slot holds a value of that type of this store.
    pub(crate) unsafe fn trusted_value(&self, ty: ValType, slot: &Slot) -> Value {
        match ty {
            ValType::I32 => Value::I32(slot.i32()),
            ValType::I64 => Value::I64(slot.i64()),
            ValType::F32 => Value::F32(slot.u32()),
            ValType::F64 => Value::F64(slot.u64()),
            ValType::V128 => Value::V128(slot.v128()),
            // SAFETY: the caller's promise.
            ValType::Ref(ty) => unsafe { self.reference(ty, slot.word()) },
        }
    }

    /// Whether a slot that safe code may have written holds a value of a type. Every slot holds some number.
    pub(crate) fn is_valid(&self, ty: ValType, slot: &Slot) -> bool {
        ty.reference().is_none_or(|ty| self.is_reference(ty, slot.word().addr()))
    }

    /// Whether a word is a reference of a type, whose indices are canonical ids.
    pub(crate) fn is_reference(&self, ty: RefType, word: usize) -> bool {
        if word == 0 {
            return ty.nullable;
        }
        match ty.heap {
            HeapType::Func => self.records.contains(word),
            HeapType::Defined(id) => {
                let record: *const FuncRecord = std::ptr::with_exposed_provenance(word);
                // SAFETY: what is published are records that live as long as the store.
                self.records.contains(word) && unsafe { (*record).type_id } == id.0
            }
            HeapType::Extern => word <= self.externrefs.len(),
            HeapType::Exn => self.exceptions.contains(word),
            HeapType::NoFunc | HeapType::NoExtern | HeapType::NoExn => false,
        }
    }
}
