//! What an interpreter is to the runtime, and what it may do to a store.
//!
//! An interpreter is safe code outside this crate. It gets a [`Guest`]: the instance that it runs, with views of its memories,
//! globals and tables, and ways to call whatever is not its own. Values are words of 64 bits to it. Two facts make its accesses
//! as cheap as those of native code:
//!
//! - What a view points to never moves while the store lives, and a memory never shrinks, so a view stays good across calls.
//!   The store is not freed while guest code runs ([`crate::activation::Running`]).
//! - A word is no reference until it goes where somebody would follow it: into a table, a global or a call. There it is
//!   looked up among the references that the store has made; a word that is none panics.

use crate::activation::{Binding, Target};
use crate::exception::Exception;
use crate::module::Module;
use crate::stack;
use crate::store::{Data, Store};
use crate::tail::TailCall;
use crate::trap::{Frame, Trap};
use crate::types;
use crate::value::Slot;
use crate::view::{AnyView, MemoryView};
use abi::layout::{FuncRecord, HOST_MAGIC, MemoryDefinition, Meter, PAGE_SIZE, TableDefinition};
use abi::metering::Metered;
use abi::trap::TrapCode;
use abi::types::{
    DefinedFuncIdx, FuncIdx, FuncType, GlobalIdx, HeapType, Hierarchy, MemoryIdx, RefType, TableIdx, TagIdx, TypeIdx,
    ValType,
};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

/// Runs the functions of one module.
pub trait Interpret: Send + Sync {
    /// Runs a function. It finds its arguments in the slots and leaves its results there, beginning at the first; there are
    /// [`FuncType::slots`] of them. It may end with a tail call instead ([`Guest::tail_call`]), which it hands to its caller to
    /// carry out, so that nothing of it is left when the callee runs.
    ///
    /// # Errors
    /// If it traps. The frames that this call made stand in the trap, innermost first ([`Guest::record_frame`]).
    fn call(
        &self,
        guest: &mut Guest<'_>,
        function: DefinedFuncIdx,
        slots: &mut [Slot],
    ) -> Result<Option<TailCall>, Trap>;

    /// What the functions keep track of.
    fn metered(&self) -> Metered;
}

/// Space for the frames of interpreted functions. A store has one; whoever runs takes it, and gives it back while a function of
/// another kind runs, which may need it in turn.
#[derive(Debug, Default)]
pub struct FrameStack {
    /// The words. All are initialized; what lies from `top` on has no meaning.
    pub words: Vec<u64>,
    /// Where free words begin.
    pub top: usize,
    /// How many calls are under way.
    pub depth: usize,
}

/// The things of an instance by the module's indices, at addresses that never change.
pub(crate) struct Parts {
    /// With whether each is shared.
    pub(crate) memories: Box<[(NonNull<MemoryDefinition>, bool)]>,
    pub(crate) globals: Box<[(NonNull<Slot>, ValType)]>,
    pub(crate) tables: Box<[(NonNull<TableDefinition>, RefType)]>,
}

/// What a call through a table or an import leads to.
#[derive(Clone, Copy, Debug)]
pub enum Callee {
    /// A function of the instance itself.
    Own(DefinedFuncIdx),
    /// A function of another instance or of the host.
    Foreign(Foreign),
}

/// A function that is not the instance's own.
#[derive(Clone, Copy, Debug)]
pub struct Foreign {
    record: NonNull<FuncRecord>,
    /// An address of the store's data, to tell stores apart.
    data: NonNull<Data>,
}

/// An instance of an interpreted module while its code runs. The store is borrowed mutably for `'s`.
pub struct Guest<'s> {
    data: NonNull<Data>,
    store: NonNull<Store>,
    instance: usize,
    parts: NonNull<Parts>,
    module: Arc<Module>,
    meter: NonNull<Meter>,
    borrow: PhantomData<&'s mut Store>,
}

/// The operations that native code has libcalls for, as methods.
macro_rules! bulk {
    ($($(#[$meta:meta])* $name:ident($($param:ident: $ty:ty),*) -> $result:ty;)*) => {$(
        $(#[$meta])*
        ///
        /// # Errors
        /// If it traps.
        pub fn $name(&mut self $(, $param: $ty)*) -> Result<$result, TrapCode> {
            let instance = self.instance;
            self.data_mut().$name(instance $(, $param)*)
        }
    )*};
}
impl<'s> Guest<'s> {
    /// The module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    fn data(&self) -> &Data {
        // SAFETY: the data live as long as the store runs; guest code is suspended in the interpreter, and the calls that lent
        // the store hold no references to them.
        unsafe { self.data.as_ref() }
    }

    fn data_mut(&mut self) -> &mut Data {
        // SAFETY: as in `data`; `self` is borrowed mutably, so this is the only reference.
        unsafe { self.data.as_mut() }
    }

    #[inline(always)]
    fn parts(&self) -> &Parts {
        // SAFETY: parts are boxed, never change, and live as long as the store.
        unsafe { self.parts.as_ref() }
    }

    /// A view of a memory; an empty one if there is none of this index, or it is shared.
    #[inline]
    pub fn memory(&self, index: MemoryIdx) -> MemoryView<'s> {
        match self.parts().memories.get(index.index()) {
            // SAFETY: definitions live as long as the store.
            Some(&(definition, false)) => unsafe { MemoryView::new(definition) },
            Some((_, true)) | None => MemoryView::EMPTY,
        }
    }

    /// A view of a memory, shared or not, as it is now.
    ///
    /// # Panics
    /// If there is none of this index.
    pub fn any_memory(&self, index: MemoryIdx) -> AnyView<'s> {
        let (definition, shared) = self.parts().memories[index.index()];
        // SAFETY: definitions live as long as the store.
        unsafe { AnyView::new(definition, shared) }
    }

    /// A memory's size in pages.
    pub fn memory_size(&self, index: MemoryIdx) -> u64 {
        self.any_memory(index).bytes() / PAGE_SIZE
    }

    /// Grows a memory by some pages. Gives the old size; none if it cannot grow so far.
    pub fn memory_grow(&mut self, index: MemoryIdx, delta: u64) -> Option<u64> {
        let memory = self.data().instances[self.instance].memory(index);
        self.data().memory(memory).grow(delta)
    }

    /// The first word of a global.
    #[inline(always)]
    pub fn global(&self, index: GlobalIdx) -> u64 {
        let (cell, _) = self.parts().globals[index.index()];
        // SAFETY: cells live as long as the store and have sixteen initialized bytes; no reference to them exists.
        unsafe { cell.cast::<u64>().read() }
    }

    /// Both words of a global, the lower first.
    pub fn global_vector(&self, index: GlobalIdx) -> [u64; 2] {
        let (cell, _) = self.parts().globals[index.index()];
        // SAFETY: as in `global`.
        unsafe { cell.cast::<[u64; 2]>().read() }
    }

    /// Sets the first word of a global.
    ///
    /// # Panics
    /// If the global holds references, and the word is none.
    #[inline(always)]
    pub fn set_global(&mut self, index: GlobalIdx, word: u64) {
        let (cell, ty) = &self.parts().globals[index.index()];
        let cell = *cell;
        if matches!(ty, ValType::Ref(_)) {
            self.check_global(index, word);
        }
        // SAFETY: as in `global`; the word is a value of the cell's type.
        unsafe { cell.cast::<u64>().write(word) }
    }

    /// Apart, so that who sets a number needs no room for this.
    #[inline(never)]
    fn check_global(&self, index: GlobalIdx, word: u64) {
        if let (_, ValType::Ref(ty)) = self.parts().globals[index.index()] {
            self.check_reference(ty, word);
        }
    }

    /// Sets both words of a global, which must hold a vector.
    ///
    /// # Panics
    /// If it does not.
    pub fn set_global_vector(&mut self, index: GlobalIdx, words: [u64; 2]) {
        let (cell, ty) = self.parts().globals[index.index()];
        assert_eq!(ty, ValType::V128, "the global holds a vector");
        // SAFETY: as in `global`.
        unsafe { cell.cast::<[u64; 2]>().write(words) }
    }

    /// A table's elements: their address and number.
    #[inline]
    fn table(&self, index: TableIdx) -> (NonNull<u64>, u64) {
        let (definition, _) = self.parts().tables[index.index()];
        // SAFETY: definitions live as long as the store; native code that writes them is suspended.
        let TableDefinition { elements, length } = unsafe { definition.read() };
        (NonNull::new(elements.cast()).unwrap_or(NonNull::dangling()), length)
    }

    /// A table's length.
    pub fn table_size(&self, index: TableIdx) -> u64 {
        self.table(index).1
    }

    /// An element of a table.
    ///
    /// # Errors
    /// If the index is past the end.
    #[inline]
    pub fn table_get(&self, table: TableIdx, index: u64) -> Result<u64, TrapCode> {
        let (elements, length) = self.table(table);
        if index >= length {
            return Err(TrapCode::TableOutOfBounds);
        }
        // SAFETY: just checked; elements are words.
        Ok(unsafe { elements.add(index as usize).read() })
    }

    /// Sets elements of a table to a reference.
    ///
    /// # Errors
    /// If some are past the end.
    ///
    /// # Panics
    /// If the word is no reference of the table's type.
    pub fn table_fill(&mut self, table: TableIdx, start: u64, word: u64, length: u64) -> Result<(), TrapCode> {
        let word = self.element(table, word);
        let instance = self.instance;
        self.data_mut().table_fill(instance, table.0, start, word, length)
    }

    /// Grows a table by some elements, each `word`. Gives the old length; none if it cannot grow so far.
    ///
    /// # Panics
    /// If the word is no reference of the table's type.
    pub fn table_grow(&mut self, table: TableIdx, word: u64, delta: u64) -> Option<u64> {
        let word = self.element(table, word);
        let table = self.data().instances[self.instance].table(table);
        self.data_mut().table_mut(table).grow(delta, word)
    }

    /// A word as an element of a table.
    fn element(&self, table: TableIdx, word: u64) -> *mut u8 {
        let table = self.data().instances[self.instance].table(table);
        self.check_reference(self.data().table(table).ty().element, word);
        std::ptr::with_exposed_provenance_mut(word as usize)
    }

    fn check_reference(&self, ty: RefType, word: u64) {
        assert!(self.data().is_reference(ty, word as usize), "the word is no {ty} of this store");
    }

    /// A reference to a function, which must be one that can be referred to.
    pub fn reference(&self, function: FuncIdx) -> u64 {
        let record = self.data().instances[self.instance].record(function);
        record.as_ptr().expose_provenance() as u64
    }

    /// What an imported function is.
    pub fn import(&self, function: FuncIdx) -> Callee {
        self.callee(self.data().instances[self.instance].record(function))
    }

    /// What an element of a table leads to when it is called as a function of a type.
    ///
    /// # Errors
    /// If the index is past the end, the element is null, or the function is of another type.
    #[inline]
    pub fn indirect(&self, table: TableIdx, index: u64, ty: TypeIdx) -> Result<Callee, TrapCode> {
        let word = self.table_get(table, index).map_err(|_| TrapCode::UndefinedElement)?;
        let record: *mut FuncRecord = std::ptr::with_exposed_provenance_mut(word as usize);
        let record = NonNull::new(record).ok_or(TrapCode::UninitializedElement)?;
        // SAFETY: the elements of a table of functions are records of its store, which live as long. Validation has seen that
        // the table is one of functions; a table of anything else is refused here, too.
        let type_id = unsafe {
            assert_eq!(self.element_type(table).hierarchy(), Hierarchy::Func, "calls go through tables of functions");
            record.as_ref().type_id
        };
        match type_id == self.module.type_ids()[ty.index()] {
            true => Ok(self.callee(record)),
            false => Err(TrapCode::IndirectCallTypeMismatch),
        }
    }

    #[inline]
    fn element_type(&self, table: TableIdx) -> RefType {
        self.parts().tables[table.index()].1
    }

    #[inline]
    fn callee(&self, record: NonNull<FuncRecord>) -> Callee {
        // SAFETY: records and the contexts and bindings that they lead to live as long as the store.
        unsafe {
            let context = record.as_ref().context;
            if (*context).magic == HOST_MAGIC {
                let binding = Binding::of(context);
                if let Target::Interpreted(function) = (*binding).target
                    && (*binding).instance == Some(self.instance as u32)
                {
                    return Callee::Own(function);
                }
            }
        }
        Callee::Foreign(Foreign { record, data: self.data })
    }

    /// The type of a function.
    pub fn function_type(&self, function: Foreign) -> &'static FuncType {
        assert_eq!(function.data, self.data, "functions are called in their own store");
        // SAFETY: records live as long as their store, which is this one.
        types::lookup(unsafe { function.record.as_ref().type_id })
    }

    /// Calls a function that is not the instance's own. It finds its arguments in the slots and leaves its results there.
    ///
    /// # Errors
    /// If it traps.
    ///
    /// # Panics
    /// If there are fewer slots than its type has, or an argument is no reference where one must be.
    pub fn call(&mut self, function: Foreign, slots: &mut [Slot]) -> Result<(), Trap> {
        self.check_arguments(function, slots);
        // SAFETY: the store is lent to us for `'s`, and nobody else uses it until we return; no reference to its data is held.
        let store = unsafe { self.store.as_mut() };
        // SAFETY: the record is of the guest's store; the slots were checked.
        unsafe { store.call_slots(function.record, slots) }
    }

    /// A tail call of a function that is not the instance's own, with its arguments in as many slots as its type has.
    ///
    /// # Panics
    /// If there are fewer, or an argument is no reference where one must be.
    pub fn tail_call(&self, function: Foreign, slots: Vec<Slot>) -> TailCall {
        self.check_arguments(function, &slots);
        TailCall::new(function.record, slots)
    }

    fn check_arguments(&self, function: Foreign, slots: &[Slot]) {
        let ty = self.function_type(function);
        assert!(slots.len() >= ty.slots(), "there are slots for parameters and results");
        for (&ty, slot) in ty.params.iter().zip(slots) {
            if let ValType::Ref(ty) = ty {
                self.check_reference(ty, slot.u64());
            }
        }
    }

    /// What a reference leads to when it is called.
    ///
    /// # Errors
    /// If it is null.
    ///
    /// # Panics
    /// If the word is no reference to a function of a type.
    pub fn referred(&self, word: u64, ty: TypeIdx) -> Result<Callee, TrapCode> {
        let record: *mut FuncRecord = std::ptr::with_exposed_provenance_mut(word as usize);
        let record = NonNull::new(record).ok_or(TrapCode::NullFunctionReference)?;
        let heap = HeapType::Defined(TypeIdx(self.module.type_ids()[ty.index()]));
        self.check_reference(RefType { nullable: false, heap }, word);
        Ok(self.callee(record))
    }

    /// Makes an exception with a tag. The slots hold what it carries. `frames` are words in use by this interpreter: references
    /// among them keep exceptions from being freed.
    ///
    /// # Panics
    /// If what the slots hold is not what the tag says.
    pub fn new_exception(&mut self, tag: TagIdx, slots: &[Slot], frames: &[u64]) -> u64 {
        let tag = self.data().instances[self.instance].tag(tag);
        let params = &self.data().tag(tag).ty().params;
        assert_eq!(slots.len(), params.len(), "there is a slot for each value");
        for (&ty, slot) in params.iter().zip(slots) {
            if let ValType::Ref(ty) = ty {
                self.check_reference(ty, slot.u64());
            }
        }
        self.data_mut().new_exception_with(tag, slots, frames).as_ptr().expose_provenance() as u64
    }

    /// What ends a function that throws the exception which a word refers to.
    ///
    /// # Errors
    /// If it is null.
    ///
    /// # Panics
    /// If the word is no reference to an exception.
    pub fn thrown(&self, word: u64) -> Result<Trap, TrapCode> {
        self.data().thrown(word as usize)
    }

    /// What an exception carries, if the one that a word refers to has a tag.
    pub fn caught(&self, word: u64, tag: TagIdx) -> Option<Vec<Slot>> {
        let tag = self.data().instances[self.instance].tag(tag);
        self.data().carried(word as usize, tag)
    }

    /// The reference to an exception that came out of a call; none if it is of another store, whose exceptions nothing here
    /// can catch.
    pub fn exception(&self, exception: &Exception) -> Option<u64> {
        self.data().exceptions.contains(exception.address()).then(|| exception.address() as u64)
    }

    /// Counts instructions, and gas.
    ///
    /// # Errors
    /// If so much gas is not left. Then none is left, and no instructions are counted.
    #[inline]
    pub fn charge(&mut self, instructions: u64, gas: u64) -> Result<(), TrapCode> {
        // SAFETY: the meter lives as long as the store; native code that writes to it is suspended.
        let meter = unsafe { self.meter.as_mut() };
        let (left, missing) = meter.gas.overflowing_sub(gas);
        if missing {
            meter.gas = 0;
            return Err(TrapCode::CostLimitExceeded);
        }
        meter.gas = left;
        meter.instructions = meter.instructions.wrapping_add(instructions);
        Ok(())
    }

    /// Whether somebody has asked for the code to stop.
    ///
    /// # Errors
    /// If so.
    #[inline]
    pub fn poll(&self) -> Result<(), TrapCode> {
        match self.data().poll().is_requested() {
            true => Err(TrapCode::Interrupted),
            false => Ok(()),
        }
    }

    /// Takes the stack of frames, to run on.
    pub fn take_stack(&mut self) -> FrameStack {
        std::mem::take(&mut self.data_mut().frames)
    }

    /// Gives the stack of frames back, for others to run on from its top.
    pub fn give_stack(&mut self, stack: FrameStack) {
        self.data_mut().frames = stack;
    }

    /// How many bytes the frames of all interpreted functions may take.
    pub fn stack_size(&self) -> usize {
        self.data().config.stack_size
    }

    /// Adds a function to the frames of a trap that goes through it.
    pub fn record_frame(&self, trap: &mut Trap, function: DefinedFuncIdx) {
        trap.push(|| Frame::new(&self.module, function));
    }

    /// `table.copy`
    ///
    /// # Errors
    /// If it traps.
    ///
    /// # Panics
    /// If one table's elements cannot all be the other's.
    pub fn table_copy(
        &mut self,
        to_table: u32,
        from_table: u32,
        to: u64,
        from: u64,
        length: u64,
    ) -> Result<(), TrapCode> {
        let [to_type, from_type] = [to_table, from_table].map(|table| self.element_type(TableIdx(table)));
        assert!(from_type.matches(to_type), "what one table holds the other may hold");
        let instance = self.instance;
        self.data_mut().table_copy(instance, to_table, from_table, to, from, length)
    }

    /// `table.init`
    ///
    /// # Errors
    /// If it traps.
    ///
    /// # Panics
    /// If the segment's elements cannot all be the table's.
    pub fn table_init(&mut self, table: u32, element: u32, to: u64, from: u32, length: u32) -> Result<(), TrapCode> {
        let segment = self.module.declarations().elements[element as usize].element;
        let segment = self.module.canonical_reference(segment);
        assert!(segment.matches(self.element_type(TableIdx(table))), "what the segment holds the table may hold");
        let instance = self.instance;
        self.data_mut().table_init(instance, table, element, to, from, length)
    }

    bulk! {
        /// `memory.copy`
        memory_copy(to_memory: u32, from_memory: u32, to: u64, from: u64, length: u64) -> ();
        /// `memory.fill`
        memory_fill(memory: u32, to: u64, value: u32, length: u64) -> ();
        /// `memory.init`
        memory_init(memory: u32, data: u32, to: u64, from: u32, length: u32) -> ();
        /// `data.drop`
        data_drop(data: u32) -> ();
        /// `elem.drop`
        elem_drop(element: u32) -> ();
        /// `memory.atomic.wait32`
        memory_wait32(memory: u32, address: u64, expected: u32, timeout: u64) -> u32;
        /// `memory.atomic.wait64`
        memory_wait64(memory: u32, address: u64, expected: u64, timeout: u64) -> u32;
        /// `memory.atomic.notify`
        memory_notify(memory: u32, address: u64, count: u32) -> u32;
    }
}

/// Runs an interpreted function until it returns or ends with a tail call, which gives results of the same types.
///
/// # Safety
/// `store` is valid and borrowed by nobody else for the time of the call, and a call from the host is under way; `data` are
/// those of the store that the instance belongs to; the slots are as many as the function's type has, with its parameters.
pub(crate) unsafe fn call_interpreted(
    store: *mut Store,
    data: *mut Data,
    instance: u32,
    function: DefinedFuncIdx,
    slots: &mut [Slot],
) -> Result<Option<TailCall>, Trap> {
    if !stack::host_has_room() {
        return Err(Trap::from(TrapCode::CallStackExhausted));
    }
    // SAFETY: the caller's promise; the borrow ends before the function runs.
    let (module, parts, meter, top, depth) = unsafe {
        let data = &*data;
        let meter = data.meter();
        let instance = &data.instances[instance as usize];
        (instance.module().clone(), NonNull::from(instance.parts()), meter, data.frames.top, data.frames.depth)
    };
    // SAFETY: the caller's promise: both are valid, hence not null.
    let (data, store) = unsafe { (NonNull::new_unchecked(data), NonNull::new_unchecked(store)) };
    // Panics, too, leave the stack as it was.
    let _restore = Restore { data, top, depth };
    let interpreter = module.clone();
    let interpreter = interpreter.interpreter().expect("the binding is that of an interpreted function");
    let mut guest = Guest { data, store, instance: instance as usize, parts, module, meter, borrow: PhantomData };
    let tail_call = interpreter.call(&mut guest, function, slots)?;
    let ty = guest.module.declarations().function_type(guest.module.declarations().function(function));
    if let Some(tail_call) = tail_call {
        // SAFETY: the guest has made the tail call, of a function of its store.
        let given = &unsafe { tail_call.ty() }.results;
        let fit = given.len() == ty.results.len()
            && given.iter().zip(&ty.results).all(|(given, &ty)| given.matches(guest.module.canonical(ty)));
        assert!(fit, "a tail call gives what its caller has to give");
        return Ok(Some(tail_call));
    }
    for (&ty, slot) in ty.results.iter().zip(&*slots) {
        if let ValType::Ref(ty) = guest.module.canonical(ty) {
            guest.check_reference(ty, slot.u64());
        }
    }
    Ok(None)
}

struct Restore {
    data: NonNull<Data>,
    top: usize,
    depth: usize,
}

impl Drop for Restore {
    fn drop(&mut self) {
        // SAFETY: the data live as long as the store runs, and the interpreter has returned.
        let frames = unsafe { &mut (*self.data.as_ptr()).frames };
        (frames.top, frames.depth) = (self.top, self.depth);
    }
}
