//! Resolving imports by name.

use crate::module::Module;
use abi::types::FuncType;
use std::collections::HashMap;
use vm::{Caller, Extern, HostError, Instance, InstantiateError, LinkError, SharedMemory, Slot, Store};

/// Names for what modules import: `module` and `name` together stand for one item of a store.
#[derive(Clone, Debug, Default)]
pub struct Linker {
    items: HashMap<String, HashMap<String, Extern>>,
}

impl Linker {
    /// A linker that knows no name.
    pub fn new() -> Linker {
        Linker::default()
    }

    /// Gives an item a name. A name that was taken stands for the new item.
    pub fn define(&mut self, module: &str, name: &str, item: Extern) {
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

    /// Gives a shared memory a name, for instances of a store. Any number of stores may hold the memory, each with a linker.
    pub fn define_shared_memory(&mut self, store: &mut Store, module: &str, name: &str, memory: &SharedMemory) {
        let memory = store.add_shared_memory(memory);
        self.define(module, name, Extern::Memory(memory));
    }

    /// What a name stands for.
    pub fn get(&self, module: &str, name: &str) -> Option<Extern> {
        self.items.get(module)?.get(name).copied()
    }

    /// Instantiates a module with imports by their names. Its start function runs.
    ///
    /// # Errors
    /// If an import is unknown or of another type, or if instantiation traps.
    pub fn instantiate(&self, store: &mut Store, module: &Module) -> Result<Instance, InstantiateError> {
        let resolve = |import: &abi::module::Import| {
            self.get(&import.module, &import.name).ok_or_else(|| LinkError::unknown(import))
        };
        let imports = module.declarations().imports.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
        store.instantiate(module.inner(), &imports)
    }
}
