//! Functions: records of guest functions, host functions, and calls from the host.

use crate::activation::{self, Binding, Running, Runtime, Target};
use crate::caller::Caller;
use crate::handles::CallError;
use crate::interpret;
use crate::libcalls;
use crate::meter::{Runs, Timed};
use crate::module::Module;
use crate::store::{Data, Store};
use crate::tail::{self, TailCall};
use crate::trap::{HostError, Trap};
use crate::typed::IntoHostFunc;
use crate::types;
use crate::value::{Func, Instance, Slot, Value};
use abi::layout::{FuncRecord, HOST_MAGIC, Header};
use abi::trap::TrapCode;
use abi::types::{FuncType, TypeIdx};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::process;
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// A function of the host. It finds its arguments in the slots and leaves its results there, beginning at the first; there are
/// [`FuncType::slots`] of them.
pub type HostFn = Box<dyn Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync>;

/// A function of the host that belongs to no store: any number of stores, on any threads, can have it ([`Store::add_host_func`]).
#[derive(Clone)]
pub struct HostFunc(Arc<Definition>);

struct Definition {
    ty: &'static FuncType,
    type_id: u32,
    name: String,
    function: HostFn,
}

impl HostFunc {
    /// A function of the host. `name` is for people. Indices in the type are canonical ids ([`Store::func_type`] gives types with
    /// such). A type that refers to itself, or that stands in one group with others, cannot be named so: what a module imports as
    /// such a function must be a module's.
    pub fn new(ty: &FuncType, name: impl Into<String>, function: HostFn) -> HostFunc {
        let type_id = types::intern(ty);
        HostFunc(Arc::new(Definition { ty: types::lookup(type_id), type_id, name: name.into(), function }))
    }

    /// A closure as a function of the host, with its type. `name` is for people.
    pub fn wrap<Params, Results>(name: impl Into<String>, function: impl IntoHostFunc<Params, Results>) -> HostFunc {
        let (ty, function) = function.into_host_fn();
        HostFunc::new(&ty, name, function)
    }

    /// Its type.
    pub fn ty(&self) -> &FuncType {
        self.0.ty
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Debug for HostFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunc").field("name", &self.name()).field("ty", self.ty()).finish_non_exhaustive()
    }
}

/// A function that is not native as native code sees it: a context and a record. A host function has one for each instance that
/// imports it, so that it knows who calls, and one for handles. An interpreted function has one if it escapes its module.
#[repr(C)]
pub(crate) struct HostContext {
    header: Header,
    binding: Binding,
    record: FuncRecord,
}

/// The wrappers of a function type.
#[derive(Clone, Copy)]
pub(crate) struct Wrappers {
    entry: *const u8,
    host: *const u8,
}

impl Wrappers {
    /// The wrappers of a type that a module has; none if it is interpreted.
    pub(crate) fn of(module: &Module, ty: TypeIdx) -> Option<Wrappers> {
        module.code().map(|code| Wrappers { entry: code.entry(ty), host: code.host(ty) })
    }
}

/// The host functions of a store.
#[derive(Default)]
pub(crate) struct HostFunctions {
    functions: Vec<HostFunc>,
    /// By the address of the definition, which `functions` keeps: what the store calls the function.
    handles: HashMap<usize, Func>,
    /// What host functions keep in the store, by its type.
    pub(crate) state: HashMap<TypeId, Box<dyn Any + Send>>,
    /// Owned; native code holds pointers to them.
    contexts: Vec<NonNull<HostContext>>,
    /// By canonical type id: the wrappers of the first native module that has the type. The store keeps the module.
    wrappers: HashMap<u32, Wrappers>,
    /// Records by canonical type id that wait for a native module with the type.
    waiting: HashMap<u32, Vec<NonNull<FuncRecord>>>,
}

impl HostFunctions {
    /// Makes the wrappers of a type known, which functions of the type may have waited for.
    pub(crate) fn add_wrappers(&mut self, type_id: u32, wrappers: Wrappers) {
        self.wrappers.entry(type_id).or_insert(wrappers);
        for record in self.waiting.remove(&type_id).unwrap_or_default() {
            // SAFETY: records live as long as the store. Native code that could call this one is compiled from a module that
            // has its type, and no such module was instantiated before.
            unsafe {
                (*record.as_ptr()).code = wrappers.host;
                (*record.as_ptr()).entry = wrappers.entry;
            }
        }
    }
}

impl Drop for HostFunctions {
    fn drop(&mut self) {
        for context in &self.contexts {
            // SAFETY: it came from a box in `bind` and is freed once, with the whole store.
            drop(unsafe { Box::from_raw(context.as_ptr()) });
        }
    }
}

impl Data {
    /// Makes a context for calls of a function that is not native. `instance` is that of an interpreted function, or the one
    /// that imports a host function. `wrappers` are those of its type; without, those that are known or will be. Gives the
    /// function's record.
    pub(crate) fn bind(
        &mut self,
        target: Target,
        instance: Option<u32>,
        type_id: u32,
        wrappers: Option<Wrappers>,
    ) -> NonNull<FuncRecord> {
        let wrappers = wrappers.unwrap_or(Wrappers { entry: ptr::null(), host: ptr::null() });
        let context = NonNull::from(Box::leak(Box::new(HostContext {
            header: Header {
                magic: HOST_MAGIC,
                libcalls: &raw const libcalls::TABLE,
                runtime: ptr::null_mut(),
                // SAFETY: the runtime lives as long as the store.
                tail_arguments: unsafe { (*self.runtime.as_ptr()).tail_arguments.as_ptr().cast() },
                meter: self.meter().as_ptr(),
                poll: ptr::null(),
            },
            binding: Binding { runtime: self.runtime.as_ptr(), instance, target },
            record: FuncRecord {
                code: wrappers.host,
                context: ptr::null_mut(),
                entry: wrappers.entry,
                type_id,
                reserved: 0,
                tail: tail::enter as *const u8,
            },
        })));
        self.functions.contexts.push(context);
        let context = context.as_ptr();
        // SAFETY: the context was just made; nobody else knows it.
        unsafe {
            (*context).header.runtime = (&raw mut (*context).binding).cast();
            (*context).record.context = (&raw mut (*context).header).cast();
            NonNull::new_unchecked(&raw mut (*context).record)
        }
    }

    /// Makes a record known to which references will point, and sees to it that native code can call it as soon as there is
    /// some.
    ///
    /// # Safety
    /// The record is valid as long as the store lives.
    pub(crate) unsafe fn publish(&mut self, record: NonNull<FuncRecord>) {
        self.records.insert(record.as_ptr().expose_provenance());
        // SAFETY: the caller's promise; nobody runs.
        let (code, type_id) = unsafe { ((*record.as_ptr()).code, (*record.as_ptr()).type_id) };
        if !code.is_null() {
            return;
        }
        match self.functions.wrappers.get(&type_id) {
            // SAFETY: as above.
            Some(wrappers) => unsafe {
                (*record.as_ptr()).code = wrappers.host;
                (*record.as_ptr()).entry = wrappers.entry;
            },
            None => self.functions.waiting.entry(type_id).or_default().push(record),
        }
    }

    /// The record that an instance gets for a function that it imports. `wrappers` are its own; an interpreted one has none.
    pub(crate) fn import_record(&mut self, func: Func, instance: u32, wrappers: Option<Wrappers>) -> FuncRecord {
        let record = self.record(func).as_ptr();
        // SAFETY: the record is of this store (checked), and records, contexts and bindings live as long as the store.
        let (target, type_id) =
            unsafe { (binding((*record).context).map(|binding| (*binding).target), (*record).type_id) };
        let record = match target {
            // The instance's own binding tells the function who calls.
            Some(target @ Target::Host(_)) => self.bind(target, Some(instance), type_id, wrappers).as_ptr(),
            Some(Target::Interpreted(_) | Target::Instance) | None => record,
        };
        // SAFETY: as above; the record's fields are plain words.
        let mut record = unsafe { record.read() };
        if let (Some(_), Some(wrappers)) = (target, wrappers) {
            (record.code, record.entry) = (wrappers.host, wrappers.entry);
        }
        record
    }

    /// Whether a host function has left values of its result types in the slots.
    fn check_results(&self, host: &Definition, slots: &[Slot]) {
        for (&ty, slot) in host.ty.results.iter().zip(slots) {
            assert!(self.is_valid(ty, slot), "host function {} returns no {ty}", host.name);
        }
    }
}

/// The binding of a context of a host or interpreted function; none for an instance's.
pub(crate) fn binding(context: *mut Header) -> Option<*const Binding> {
    // SAFETY: contexts that records hold are valid as long as their store, which the callers borrow.
    unsafe { ((*context).magic == HOST_MAGIC).then(|| (*context).runtime.cast_const().cast()) }
}

/// Runs a function that is not native until it returns or ends with a tail call, which is still to be carried out
/// ([`crate::tail`]).
///
/// # Safety
/// `store` is valid and borrowed by nobody else for the time of the call; `binding` is one of its functions'; `slots` points to
/// as many slots as the function's type has, with its parameters.
pub(crate) unsafe fn call_bound(
    store: *mut Store,
    binding: *const Binding,
    slots: *mut Slot,
) -> Result<Option<TailCall>, Trap> {
    // SAFETY: the caller's promise; bindings live as long as the store, and neither move nor change. The runtime's data are
    // those that the binding belongs to, whatever store `store` holds by now.
    let (instance, target, data) = unsafe { ((*binding).instance, (*binding).target, (*(*binding).runtime).data) };
    match (target, instance) {
        (Target::Host(host), _) => {
            // SAFETY: the caller's promise.
            unsafe { call_host(store, data, instance, host as usize, slots) }.map_err(Trap::of_host_error)?;
            Ok(None)
        }
        (Target::Interpreted(function), Some(instance)) => {
            // SAFETY: as above; the borrow ends before the function runs.
            let count = unsafe {
                let declarations = (&(*data).instances)[instance as usize].module().declarations();
                declarations.function_type(declarations.function(function)).slots()
            };
            // SAFETY: the caller's promise.
            let slots = unsafe { std::slice::from_raw_parts_mut(slots, count) };
            // SAFETY: the caller's promise; the caller is a call from the host, or made by guest code in one.
            unsafe { interpret::call_interpreted(store, data, instance, function, slots) }
        }
        (Target::Interpreted(_) | Target::Instance, _) => unreachable!("bindings of functions name them"),
    }
}

/// The type of a function that is not native.
///
/// # Safety
/// The binding is one of a function of a living store, whose data nobody borrows mutably.
pub(crate) unsafe fn bound_type(binding: *const Binding) -> &'static FuncType {
    // SAFETY: the caller's promise.
    let (data, binding) = unsafe { (&*(*(*binding).runtime).data, &*binding) };
    match (binding.target, binding.instance) {
        (Target::Host(host), _) => data.functions.functions[host as usize].0.ty,
        (Target::Interpreted(function), Some(instance)) => {
            let module = data.instances[instance as usize].module();
            let declarations = module.declarations();
            let ty = declarations.functions[declarations.function(function).index()];
            types::lookup(module.type_ids()[ty.index()])
        }
        (Target::Interpreted(_) | Target::Instance, _) => unreachable!("bindings of functions name them"),
    }
}

/// Runs a host function, which `instance` calls, if it is known.
///
/// # Safety
/// As for [`call_bound`]; `host` is a function of the store that `data` belong to.
unsafe fn call_host(
    store: *mut Store,
    data: *mut Data,
    instance: Option<u32>,
    host: usize,
    slots: *mut Slot,
) -> Result<(), HostError> {
    // SAFETY: the caller's promise; the borrow ends before the function runs, which may add others.
    let (host, id) = unsafe {
        let data = &*data;
        (Arc::as_ptr(&data.functions.functions[host].0), data.id)
    };
    // SAFETY: the store keeps the definition, and a store that runs is not freed.
    let host = unsafe { &*host };
    // SAFETY: the caller's promise.
    let slots = unsafe { std::slice::from_raw_parts_mut(slots, host.ty.slots()) };
    let instance = instance.map(|index| Instance { store: id, index });
    // SAFETY: the data outlive the call, and no reference to them is held.
    let _timed = unsafe { Timed::begin(data, Runs::Host) };
    let outcome = {
        // SAFETY: the caller's promise. Nothing of the store is touched between the function's end, or its panic, and this one's.
        let _in_place = unsafe { InPlace::new(store) };
        // SAFETY: the caller's promise; the borrow ends with the function.
        (host.function)(&mut Caller { store: unsafe { &mut *store }, instance }, slots)
    };
    outcome?;
    // SAFETY: as above; the function has returned, and with it the borrow of the store.
    unsafe { &*data }.check_results(host, slots);
    Ok(())
}

/// While a host function runs, which gets a running store by reference and so may put another one in its place. If it has, and has
/// not dropped the store either, somebody has it who may be another thread, while this one goes on in it: nothing then is sound, not
/// even to unwind. So the process ends.
struct InPlace {
    store: *mut Store,
    /// The runtime of the store that runs, if that one does.
    runtime: Option<*mut Runtime>,
}

impl InPlace {
    /// # Safety
    /// The store is valid until this is dropped, and nobody borrows it now or then.
    unsafe fn new(store: *mut Store) -> InPlace {
        // SAFETY: the caller's promise; the runtime lives as long as its store.
        let runtime = unsafe { (*store).runtime() };
        // SAFETY: as above.
        let runs = unsafe { (*runtime).is_active() };
        InPlace { store, runtime: runs.then_some(runtime) }
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime else { return };
        // SAFETY: see `new`; a store that runs is not freed, so its runtime lives.
        let is_kept = unsafe { (*self.store).runtime() != runtime && !(*runtime).is_dropped() };
        if is_kept {
            eprintln!("a host function has kept the store that runs it, and put another one in its place");
            process::abort();
        }
    }
}

impl Store {
    /// Makes a function of the host that no other store has ([`HostFunc::new`]).
    pub fn host_func(&mut self, ty: FuncType, name: String, function: HostFn) -> Func {
        self.add_host_func(&HostFunc::new(&ty, name, function))
    }

    /// Makes a function of the host one of this store's. One that it has already is not added again.
    pub fn add_host_func(&mut self, function: &HostFunc) -> Func {
        let data = self.data_mut();
        let address = Arc::as_ptr(&function.0).addr();
        if let Some(&func) = data.functions.handles.get(&address) {
            return func;
        }
        let host = u32::try_from(data.functions.functions.len()).expect("a store holds fewer than 2^32 host functions");
        data.functions.functions.push(function.clone());
        let record = data.bind(Target::Host(host), None, function.0.type_id, None);
        // SAFETY: records of host functions live as long as the store.
        unsafe { data.publish(record) };
        let func = Func { store: data.id, record };
        data.functions.handles.insert(address, func);
        func
    }

    /// A function's type.
    pub fn func_type(&self, func: Func) -> &FuncType {
        // SAFETY: the record is of this store (checked) and lives as long.
        types::lookup(unsafe { (*self.data().record(func).as_ptr()).type_id })
    }

    /// Calls a function.
    ///
    /// # Errors
    /// If it traps, or a host function fails.
    ///
    /// # Panics
    /// If the arguments do not match the function's type. A panic of a host function goes on here.
    pub fn call(&mut self, func: Func, arguments: &[Value]) -> Result<Vec<Value>, Trap> {
        func.call(self, arguments).map_err(|error| match error {
            CallError::Trap(trap) => trap,
            CallError::Arguments { .. } => panic!("the arguments are of the types that the function takes: {error}"),
        })
    }

    /// Calls a function with arguments in slots, where it leaves its results.
    ///
    /// # Safety
    /// The record is of this store, or of one that a host function has put this one in the place of; there are as many slots as
    /// its type has, and they hold its parameters.
    ///
    /// # Panics
    /// If the function is native and not of this store.
    pub(crate) unsafe fn call_slots(&mut self, record: NonNull<FuncRecord>, slots: &mut [Slot]) -> Result<(), Trap> {
        let runtime = self.runtime();
        let running = Running::begin(runtime);
        // SAFETY: a store that runs is not freed, so its data outlive the call; no reference to them is held.
        let _timed = unsafe { Timed::begin((*runtime).data, Runs::Wasm) };
        // SAFETY: the record lives as long as its store, which runs if it is not this one.
        let result = match binding(unsafe { (*record.as_ptr()).context }) {
            // SAFETY: the store is borrowed mutably by us; the rest is the caller's promise.
            Some(binding) => unsafe { tail::call(self, binding, slots.as_mut_ptr()) },
            // SAFETY: as above.
            None => unsafe { activation::invoke(self, record, slots.as_mut_ptr()) },
        };
        if let Err(trap) = &result
            && trap.code() == Some(TrapCode::Interrupted)
        {
            running.interrupted();
        }
        result
    }
}

impl Func {
    /// Calls the function.
    ///
    /// # Errors
    /// If it takes other arguments or traps, or a host function fails.
    ///
    /// # Panics
    /// If the function, or a reference among the arguments, is of another store. A panic of a host function goes on here.
    pub fn call(self, store: &mut Store, arguments: &[Value]) -> Result<Vec<Value>, CallError> {
        let record = store.data().record(self);
        // SAFETY: the record is of this store and lives as long.
        let ty = types::lookup(unsafe { (*record.as_ptr()).type_id });
        let fit = arguments.len() == ty.params.len()
            && arguments.iter().zip(&ty.params).all(|(&argument, &param)| store.matches(argument, param));
        if !fit {
            let found = arguments.iter().map(|argument| argument.ty()).collect();
            return Err(CallError::Arguments { expected: ty.clone(), found });
        }
        let mut slots = vec![Slot::ZERO; ty.slots()];
        for (slot, &argument) in slots.iter_mut().zip(arguments) {
            *slot = store.slot(argument);
        }
        let data = store.data_pointer();
        // SAFETY: the slots are as many as the type has, and hold its parameters.
        unsafe { store.call_slots(record, &mut slots)? };
        // SAFETY: a store is not freed while it runs. `store` may be another one by now (a host function can swap stores).
        let data = unsafe { &*data };
        // SAFETY: the function has left values of its result types in the slots: native code by the compiler's doing, other
        // functions as was checked when they returned.
        Ok(ty.results.iter().zip(&slots).map(|(&ty, slot)| unsafe { data.trusted_value(ty, slot) }).collect())
    }
}
