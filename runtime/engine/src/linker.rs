//! Resolving imports by name.

use crate::module::Module;
use abi::module::{Import, ImportItem};
use abi::types::FuncType;
use std::collections::HashMap;
use vm::{Caller, Extern, Func, HostError, Instance, InstantiateError, LinkError, SharedMemory, Slot, Store};

/// Names for what modules import: `module` and `name` together stand for one item of a store.
#[derive(Clone, Debug, Default)]
pub struct Linker {
    items: HashMap<String, HashMap<String, Extern>>,
    /// Functions of other types that have the name of an item, which is a function.
    overloads: HashMap<String, HashMap<String, Vec<Func>>>,
}

impl Linker {
    /// A linker that knows no name.
    pub fn new() -> Linker {
        Linker::default()
    }

    /// Gives an item a name. A name that was taken stands for the new item.
    pub fn define(&mut self, module: &str, name: &str, item: Extern) {
        if let Some(overloads) = self.overloads.get_mut(module) {
            overloads.remove(name);
        }
        self.items.entry(module.to_string()).or_default().insert(name.to_string(), item);
    }

    /// Gives all exports of an instance their names in `module`.
    pub fn define_instance(&mut self, store: &Store, module: &str, instance: Instance) {
        for (name, item) in store.exports(instance) {
            self.define(module, name, item);
        }
    }

    /// Defines a host function. It finds its arguments in slots, and leaves its results there.
    pub fn define_function(
        &mut self,
        store: &mut Store,
        module: &str,
        name: &str,
        ty: FuncType,
        function: impl Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync + 'static,
    ) {
        let func = store.host_func(ty, name.to_string(), Box::new(function));
        self.define(module, name, Extern::Func(func));
    }

    /// Defines a host function of another type under the name of a function, for the imports that ask for that type.
    pub(crate) fn define_overload(
        &mut self,
        store: &mut Store,
        module: &str,
        name: &str,
        ty: FuncType,
        function: impl Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync + 'static,
    ) {
        let func = store.host_func(ty, name.to_string(), Box::new(function));
        self.overloads.entry(module.to_string()).or_default().entry(name.to_string()).or_default().push(func);
    }

    /// Gives a shared memory a name, for instances of a store. Any number of stores may hold the memory, each with a linker.
    pub fn define_shared_memory(&mut self, store: &mut Store, module: &str, name: &str, memory: &SharedMemory) {
        let memory = store.add_shared_memory(memory);
        self.define(module, name, Extern::Memory(memory));
    }

    /// What a name stands for.
    pub fn get(&self, module: &str, name: &str) -> Option<Extern> {
        self.items.get(module)?.get(name).copied()
    }

    /// What an import of a module stands for.
    fn resolve(&self, store: &Store, module: &Module, import: &Import) -> Option<Extern> {
        let item = self.get(&import.module, &import.name)?;
        let overloads = self.overloads.get(&import.module).and_then(|overloads| overloads.get(&import.name));
        if let (Some(overloads), ImportItem::Function(ty), Extern::Func(func)) = (overloads, import.item, item) {
            let expected = &module.declarations().types[ty.index()];
            let mut all = std::iter::once(&func).chain(overloads);
            let fitting = all.find(|&&func| store.func_type(func) == expected);
            return Some(Extern::Func(*fitting.unwrap_or(&func)));
        }
        Some(item)
    }

    /// Instantiates a module with imports by their names. Its start function runs.
    ///
    /// # Errors
    /// If an import is unknown or of another type, or if instantiation traps.
    pub fn instantiate(&self, store: &mut Store, module: &Module) -> Result<Instance, InstantiateError> {
        let resolve = |import| self.resolve(store, module, import).ok_or_else(|| LinkError::unknown(import));
        let imports = module.declarations().imports.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
        store.instantiate(module.inner(), &imports)
    }
}
