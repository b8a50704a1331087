//! Resolving imports by name.

use crate::module::Module;
use abi::types::FuncType;
use std::collections::HashMap;
use vm::{
    Caller, Extern, HostError, HostFunc, Instance, InstantiateError, IntoHostFunc, LinkError, SharedMemory, Slot, Store,
};

/// Names for what modules import: `module` and `name` together stand for one item.
///
/// Host functions and shared memories belong to no store, and become part of each store in which something that imports them is
/// instantiated. So a linker that knows only these serves any number of stores, on any threads. Items of a store
/// ([`Linker::define`], [`Linker::define_instance`]) bind it to that store.
///
/// ```
/// use engine::{Linker, Module, Store};
///
/// let module = Module::from_text(r#"(module
///     (import "env" "add" (func $add (param i32 i32) (result i32)))
///     (func (export "next") (param i32) (result i32) (call $add (local.get 0) (i32.const 1))))"#)?;
/// let mut linker = Linker::new();
/// linker.func_wrap("env", "add", |a: i32, b: i32| a.wrapping_add(b));
///
/// let mut store = Store::new();
/// let instance = linker.instantiate(&mut store, &module)?;
/// let next = instance.typed_func::<i32, i32>(&store, "next")?;
/// assert_eq!(next.call(&mut store, 41)?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Linker {
    items: HashMap<String, HashMap<String, Item>>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Item {
    /// Something in a store.
    Extern(Extern),
    /// A host function for any store.
    Function(HostFunc),
    /// A memory for any store.
    Memory(SharedMemory),
}

impl Item {
    /// The item as one of a store's.
    fn in_store(&self, store: &mut Store) -> Extern {
        match self {
            Item::Extern(item) => *item,
            Item::Function(function) => Extern::Func(store.add_host_func(function)),
            Item::Memory(memory) => Extern::Memory(store.add_shared_memory(memory)),
        }
    }
}

impl Linker {
    /// A linker that knows no name.
    pub fn new() -> Linker {
        Linker::default()
    }

    /// Gives an item of a store a name. A name that was taken stands for the new item; this holds for all that define something.
    pub fn define(&mut self, module: &str, name: &str, item: Extern) -> &mut Linker {
        self.insert(module, name, Item::Extern(item))
    }

    /// Gives all exports of an instance their names in `module`.
    pub fn define_instance(&mut self, store: &Store, module: &str, instance: Instance) -> &mut Linker {
        for (name, item) in store.exports(instance) {
            self.define(module, name, item);
        }
        self
    }

    /// Defines a closure as a host function. Its type is that of the closure: up to sixteen parameters and results of types that
    /// [`WasmTy`](vm::WasmTy) names. With `&mut Caller<'_>` as its first parameter it learns who calls, and reaches the store.
    ///
    /// ```
    /// # use engine::{Caller, HostError, Linker};
    /// let mut linker = Linker::new();
    /// linker.func_wrap("env", "half", |x: f64| x / 2.0);
    /// linker.func_wrap("env", "divide", |a: u32, b: u32| a.checked_div(b).ok_or("nothing is divided by zero"));
    /// linker.func_wrap("env", "print", |caller: &mut Caller<'_>, address: u32, length: u32| -> Result<(), HostError> {
    ///     let memory = caller.memory("memory").ok_or("the caller exports no memory")?;
    ///     let text = memory.read_vec(caller, address.into(), length.into())?;
    ///     println!("{}", String::from_utf8(text)?);
    ///     Ok(())
    /// });
    /// ```
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        function: impl IntoHostFunc<Params, Results>,
    ) -> &mut Linker {
        self.define_host_func(module, &HostFunc::wrap(name, function))
    }

    /// Defines a host function of a type that is known only when the program runs. It finds its arguments in slots, and leaves its
    /// results there, beginning at the first.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        function: impl Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync + 'static,
    ) -> &mut Linker {
        self.define_host_func(module, &HostFunc::new(&ty, name, Box::new(function)))
    }

    /// Defines a host function that others may have as well, by its own name.
    pub fn define_host_func(&mut self, module: &str, function: &HostFunc) -> &mut Linker {
        self.insert(module, function.name(), Item::Function(function.clone()))
    }

    /// Gives a shared memory a name.
    pub fn define_shared_memory(&mut self, module: &str, name: &str, memory: &SharedMemory) -> &mut Linker {
        self.insert(module, name, Item::Memory(memory.clone()))
    }

    fn insert(&mut self, module: &str, name: &str, item: Item) -> &mut Linker {
        self.items.entry(module.to_string()).or_default().insert(name.to_string(), item);
        self
    }

    /// What a name stands for in a store, of which it becomes part if it was not.
    ///
    /// ```
    /// # use engine::{Linker, Store, Value};
    /// # let (mut linker, mut store) = (Linker::new(), Store::new());
    /// linker.func_wrap("env", "one", || 1);
    /// let one = linker.get(&mut store, "env", "one").and_then(|item| item.func()).expect("it was defined");
    /// assert_eq!(one.call(&mut store, &[])?, [Value::I32(1)]);
    /// # Ok::<(), engine::CallError>(())
    /// ```
    pub fn get(&self, store: &mut Store, module: &str, name: &str) -> Option<Extern> {
        Some(self.items.get(module)?.get(name)?.in_store(store))
    }

    /// Instantiates a module with imports by their names. Its start function runs.
    ///
    /// # Errors
    /// If an import is unknown or of another type, a memory or table cannot be made, or if instantiation traps.
    ///
    /// # Panics
    /// If an import's name stands for an item of another store. A panic of a host function goes on here.
    pub fn instantiate(&self, store: &mut Store, module: &Module) -> Result<Instance, InstantiateError> {
        let resolve = |import: &abi::module::Import| {
            self.get(store, &import.module, &import.name).ok_or_else(|| LinkError::unknown(import))
        };
        let imports = module.declarations().imports.iter().map(resolve).collect::<Result<Vec<_>, _>>()?;
        store.instantiate(module.inner(), &imports)
    }
}
