//! The public API of the runtime: load modules, link them, call them. Safe throughout.
//!
//! - A [`Module`] is what a module declares together with what runs it, native code or the interpreter; it can be instantiated in
//!   any number of stores, and beside modules of either kind.
//! - A [`Store`] owns instances and everything that they consist of. One thread uses it at a time.
//! - A [`Linker`] resolves imports by name: instances, host functions, WASI.
//! - A [`SharedMemory`] can be held by any number of stores, on any threads.
//! - [`Func`], [`Memory`], [`Table`], [`Global`] and [`Instance`] are handles into a store.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use engine::{Linker, Module, Store, Value};
//!
//! let module = Module::from_file("fib_aot.wasm".as_ref())?;
//! let mut store = Store::new();
//! let instance = Linker::new().instantiate(&mut store, &module)?;
//! let fib = engine::function(&store, instance, "fib").ok_or("no function `fib`")?;
//! assert_eq!(store.call(fib, &[Value::I32(30)])?, [Value::I32(1346269)]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod error;
mod linker;
mod module;
mod preview1;

pub use abi::features::{Feature, Features};
pub use abi::metering::{CostTable, Metered, Metering};
pub use abi::trap::TrapCode;
pub use abi::types::{FuncType, GlobalType, HeapType, Limits, MemoryType, RefType, TableType, TypeIdx, ValType};
pub use error::ModuleError;
pub use interpreter::LoadError as InterpreterError;
pub use linker::Linker;
pub use loader::{LoadError, Rejected};
pub use module::{Loading, Mode, Module};
pub use preview1::add_wasi;
pub use vm::{
    Ability, Caller, Config, Exception, ExnRef, Extern, ExternRef, Frame, Func, Global, HostError, HostFn, Instance,
    InstantiateError, InterruptHandle, LinkError, LinkErrorKind, Memory, ResourceError, SharedMemory, Slot, Store,
    Table, Tag, Times, Trap, TrapReason, Value, WaitResult,
};
pub use wasi::{Builder as WasiBuilder, Context as WasiContext, Exit as WasiExit, MODULE as WASI_MODULE};

/// The function that an instance exports under a name.
pub fn function(store: &Store, instance: Instance, name: &str) -> Option<Func> {
    match store.export(instance, name)? {
        Extern::Func(func) => Some(func),
        Extern::Table(_) | Extern::Memory(_) | Extern::Global(_) | Extern::Tag(_) => None,
    }
}
