//! Functions: records of guest functions, host functions, and calls from the host.

use crate::activation::{self, Binding, Running};
use crate::caller::Caller;
use crate::libcalls;
use crate::module::Module;
use crate::store::{Data, Store};
use crate::trap::{HostError, Trap};
use crate::types;
use crate::value::{Func, Instance, Slot, Value};
use abi::layout::{FuncRecord, HOST_MAGIC, Header};
use abi::types::{FuncType, TypeIdx};
use std::collections::HashMap;
use std::ptr::{self, NonNull};

/// A function of the host. It finds its arguments in the slots and leaves its results there, beginning at the first; there are
/// [`FuncType::slots`] of them.
pub type HostFn = Box<dyn Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync>;

type RawHostFn = dyn Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync;

/// A host function.
struct HostFunction {
    ty: &'static FuncType,
    name: String,
    /// Owned. A pointer, since the function may run (and be entered again) while the store is borrowed mutably.
    function: NonNull<RawHostFn>,
}

impl Drop for HostFunction {
    fn drop(&mut self) {
        // SAFETY: it came from a box in `host_func` and is freed once, with the store, when no guest code is suspended. A host
        // function that runs without guest code below it has the store borrowed mutably.
        drop(unsafe { Box::from_raw(self.function.as_ptr()) });
    }
}

/// A host function as native code sees it: a context and a record. One for each instance that imports the function, so that
/// the function knows who calls, and one for handles.
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
    pub(crate) fn of(module: &Module, ty: TypeIdx) -> Wrappers {
        Wrappers { entry: module.code().entry(ty), host: module.code().host(ty) }
    }
}

/// The host functions of a store.
#[derive(Default)]
pub(crate) struct HostFunctions {
    functions: Vec<HostFunction>,
    /// Owned; native code holds pointers to them.
    contexts: Vec<NonNull<HostContext>>,
    /// By canonical type id: the wrappers of the first module that has the type. The store keeps the module.
    wrappers: HashMap<u32, Wrappers>,
    /// Records by canonical type id that wait for a module with the type.
    waiting: HashMap<u32, Vec<NonNull<FuncRecord>>>,
}

impl HostFunctions {
    /// Makes the wrappers of a type known, which host functions of the type may have waited for.
    pub(crate) fn add_wrappers(&mut self, type_id: u32, wrappers: Wrappers) {
        self.wrappers.entry(type_id).or_insert(wrappers);
        for record in self.waiting.remove(&type_id).unwrap_or_default() {
            // SAFETY: records of host functions live as long as the store. Guest code that could call this one is compiled
            // from a module that has its type, and no such module was instantiated before.
            unsafe {
                (*record.as_ptr()).code = wrappers.host;
                (*record.as_ptr()).entry = wrappers.entry;
            }
        }
    }

    /// Whether a record of a handle to a host function lies at an address.
    pub(crate) fn has_record(&self, address: usize) -> bool {
        let record = std::mem::offset_of!(HostContext, record);
        self.contexts.iter().any(|context| context.as_ptr().addr() + record == address)
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
    /// Makes a context for calls of a host function by an instance, or by nobody known. `wrappers` are those of its type, if
    /// there are any yet. Gives the function's record.
    fn bind(
        &mut self,
        host: u32,
        instance: Option<u32>,
        type_id: u32,
        wrappers: Option<Wrappers>,
    ) -> NonNull<FuncRecord> {
        let wrappers = wrappers.unwrap_or(Wrappers { entry: ptr::null(), host: ptr::null() });
        let context = NonNull::from(Box::leak(Box::new(HostContext {
            header: Header { magic: HOST_MAGIC, libcalls: &raw const libcalls::TABLE, runtime: ptr::null_mut() },
            binding: Binding { runtime: self.runtime.as_ptr(), instance, host },
            record: FuncRecord {
                code: wrappers.host,
                context: ptr::null_mut(),
                entry: wrappers.entry,
                type_id,
                reserved: 0,
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

    /// The record that an instance gets for a function that it imports.
    pub(crate) fn import_record(&mut self, func: Func, instance: u32, wrappers: Wrappers) -> FuncRecord {
        let record = self.record(func).as_ptr();
        // SAFETY: the record is of this store (checked), and records and contexts live as long as the store.
        let (context, type_id) = unsafe { ((*record).context, (*record).type_id) };
        let record = match host_binding(context) {
            // The instance's own binding tells the function who calls.
            // SAFETY: the binding lives as long as its context.
            Some(binding) => self.bind(unsafe { (*binding).host }, Some(instance), type_id, Some(wrappers)).as_ptr(),
            None => record,
        };
        // SAFETY: as above; the record's fields are plain words.
        unsafe { record.read() }
    }

    /// Whether the host function that a binding belongs to has left values of its result types in the slots.
    fn check_results(&self, host: &HostFunction, slots: &[Slot]) {
        for (&ty, slot) in host.ty.results.iter().zip(slots) {
            assert!(!ty.is_reference() || self.is_valid(ty, slot), "host function {} returns no {ty}", host.name);
        }
    }
}

/// The binding of a host function's context; none for an instance's.
fn host_binding(context: *mut Header) -> Option<*const Binding> {
    // SAFETY: contexts that records hold are valid as long as their store, which the callers borrow.
    unsafe { ((*context).magic == HOST_MAGIC).then(|| (*context).runtime.cast_const().cast()) }
}

/// Runs a host function.
///
/// # Safety
/// `store` is valid and borrowed by nobody else for the time of the call; `binding` is one of its host functions'; `slots`
/// points to as many slots as the function's type has.
pub(crate) unsafe fn call_host(store: *mut Store, binding: *const Binding, slots: *mut Slot) -> Result<(), HostError> {
    // SAFETY: the caller's promise; bindings and host functions live as long as the store, and neither moves nor changes.
    let (instance, host) = unsafe { ((*binding).instance, (*binding).host as usize) };
    // SAFETY: as above. The runtime's data are those that the binding belongs to, whatever store `store` holds by now.
    let data = unsafe { (*(*binding).runtime).data };
    // SAFETY: as above; the borrow ends before the function runs.
    let (function, count, id) = unsafe {
        let data = &*data;
        let host = &data.functions.functions[host];
        (host.function, host.ty.slots(), data.id)
    };
    // SAFETY: the caller's promise.
    let slots = unsafe { std::slice::from_raw_parts_mut(slots, count) };
    // SAFETY: the caller's promise.
    let store = unsafe { &mut *store };
    let instance = instance.map(|index| Instance { store: id, index });
    // SAFETY: the function is freed with the store only.
    unsafe { function.as_ref()(&mut Caller { store, instance }, slots)? };
    // SAFETY: as above; the function has returned, and with it the borrow of the store.
    let data = unsafe { &*data };
    data.check_results(&data.functions.functions[host], slots);
    Ok(())
}

impl Store {
    /// Makes a function of the host. `name` is for people.
    pub fn host_func(&mut self, ty: FuncType, name: String, function: HostFn) -> Func {
        let type_id = types::intern(&ty);
        let data = self.data_mut();
        // SAFETY: a box's pointer is not null.
        let function = unsafe { NonNull::new_unchecked(Box::into_raw(function)) };
        let host = u32::try_from(data.functions.functions.len()).expect("a store holds fewer than 2^32 host functions");
        data.functions.functions.push(HostFunction { ty: types::lookup(type_id), name, function });
        let wrappers = data.functions.wrappers.get(&type_id).copied();
        let record = data.bind(host, None, type_id, wrappers);
        if wrappers.is_none() {
            data.functions.waiting.entry(type_id).or_default().push(record);
        }
        Func { store: data.id, record }
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
        let record = self.data().record(func);
        // SAFETY: the record is of this store and lives as long.
        let ty = types::lookup(unsafe { (*record.as_ptr()).type_id });
        let types = arguments.iter().map(|argument| argument.ty());
        assert!(types.eq(ty.params.iter().copied()), "the arguments are of the types that the function takes: {ty}");
        let mut slots = vec![Slot::ZERO; ty.slots()];
        for (slot, &argument) in slots.iter_mut().zip(arguments) {
            *slot = self.slot(argument);
        }
        let data = self.data_pointer();
        // SAFETY: the slots are as many as the type has, and hold its parameters.
        unsafe { self.call_slots(record, &mut slots)? };
        // SAFETY: a store is not freed while it runs. `self` may be another one by now (a host function can swap stores).
        let data = unsafe { &*data };
        // SAFETY: the function has left values of its result types in the slots: guest code by the compiler's doing, host
        // functions as `check_results` has seen.
        Ok(ty.results.iter().zip(&slots).map(|(&ty, slot)| unsafe { data.trusted_value(ty, slot) }).collect())
    }

    /// Calls a function with arguments in slots, where it leaves its results.
    ///
    /// # Safety
    /// The record is of this store; there are as many slots as its type has, and they hold its parameters.
    pub(crate) unsafe fn call_slots(&mut self, record: NonNull<FuncRecord>, slots: &mut [Slot]) -> Result<(), Trap> {
        let _running = Running::begin(self.runtime());
        // SAFETY: the record is of this store and lives as long.
        match host_binding(unsafe { (*record.as_ptr()).context }) {
            // SAFETY: the store is borrowed mutably by us; the rest is the caller's promise.
            Some(binding) => unsafe { call_host(self, binding, slots.as_mut_ptr()) }.map_err(Trap::of_host_error),
            // SAFETY: as above.
            None => unsafe { activation::invoke(self, record, slots.as_mut_ptr()) },
        }
    }
}
