//! The public API of the runtime: load modules, link them, call them. Safe throughout.
//!
//! # A first call
//!
//! A [`Module`] is what a module declares together with what runs it: native code, or the interpreter. A [`Store`] owns instances
//! and everything that they consist of. A [`Linker`] finds by name what a module imports, and makes the [`Instance`].
//!
//! ```
//! use engine::{Linker, Module, Store};
//!
//! let module = Module::from_text(r#"(module
//!     (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#)?;
//! let mut store = Store::new();
//! let instance = Linker::new().instantiate(&mut store, &module)?;
//! let add = instance.typed_func::<(i32, i32), i32>(&store, "add")?;
//! assert_eq!(add.call(&mut store, (40, 2))?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Loading
//!
//! [`Module::from_file`] and [`Module::from_bytes`] take WebAssembly, or what `wasmedge compile` has made: WebAssembly with native
//! code beside it, or a shared library. Native code is checked and mapped, and runs if it is for this machine; else the
//! interpreter runs the module, and [`Module::warning`] says why. [`Mode`] forces the one or the other. [`Loading`] says which
//! proposals an interpreted module may use; a compiled one was checked when it was compiled. The compiler itself is another crate,
//! which brings LLVM along: the example `compile` compiles and runs in one process.
//!
//! ```
//! use engine::{Mode, Module};
//!
//! let bytes = wat::parse_str("(module)")?;
//! assert!(!Module::from_bytes(bytes.clone())?.is_native());
//! let error = Module::from_bytes_in(bytes, Mode::Aot).expect_err("it has no native code");
//! assert_eq!(error.to_string(), "the module is not compiled: compile it first (wasmedge compile)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Host functions
//!
//! [`Linker::func_wrap`] gives a closure a name to import it by. Its parameters and results are those of the function:
//!
//! | Rust | WebAssembly |
//! |---|---|
//! | `i32`, `u32` | `i32` |
//! | `i64`, `u64` | `i64` |
//! | `f32`, `f64` | `f32`, `f64` |
//! | `u128` (lane 0 in its lowest bits), `[u8; 16]` (in memory order) | `v128` |
//! | `Option<`[`Func`]`>` | `funcref` |
//! | `Option<`[`ExternRef`]`>` | `externref` |
//! | `Option<`[`ExnRef`]`>` | `exnref` |
//!
//! Several results are a tuple. A closure that can fail gives a `Result`; its error ends the guest and reaches whoever called it.
//! With [`&mut Caller`](Caller) as its first parameter a closure learns who calls and reaches the store: what takes a store takes a
//! caller. What belongs to one store, while the closure serves many, is that store's [state](Store::state).
//!
//! ```
//! use engine::{Caller, HostError, Linker, Module, Store};
//!
//! struct Log(Vec<String>);
//!
//! let mut linker = Linker::new();
//! linker.func_wrap("env", "log", |caller: &mut Caller<'_>, address: u32, length: u32| -> Result<(), HostError> {
//!     let memory = caller.memory("memory").ok_or("the caller exports no memory")?;
//!     let text = String::from_utf8(memory.read_vec(caller, address.into(), length.into())?)?;
//!     caller.state_mut::<Log>().ok_or("nobody listens")?.0.push(text);
//!     Ok(())
//! });
//!
//! let module = Module::from_text(r#"(module
//!     (import "env" "log" (func $log (param i32 i32)))
//!     (memory (export "memory") 1)
//!     (data (i32.const 8) "hello")
//!     (func (export "run") (call $log (i32.const 8) (i32.const 5))))"#)?;
//! let mut store = Store::new();
//! store.set_state(Log(Vec::new()));
//! let instance = linker.instantiate(&mut store, &module)?;
//! instance.typed_func::<(), ()>(&store, "run")?.call(&mut store, ())?;
//! assert_eq!(store.state::<Log>().map(|log| &log.0[..]), Some(&["hello".to_string()][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Linker::func_new`] defines functions of types that are known only when the program runs, and [`add_wasi`] those of WASI.
//!
//! # Calls
//!
//! [`Instance::typed_func`] compares types once; a call of the [`TypedFunc`] only moves values and allocates nothing. Where types
//! are not known beforehand, [`Func::call`] takes [`Value`]s and compares each time.
//!
//! ```
//! # use engine::{Linker, Module, Store, Value};
//! # let module = Module::from_text(r#"(module
//! #     (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#)?;
//! # let mut store = Store::new();
//! # let instance = Linker::new().instantiate(&mut store, &module)?;
//! for (name, item) in instance.exports(&store).map(|(name, item)| (name.to_string(), item)).collect::<Vec<_>>() {
//!     println!("{name}: {}", item.ty(&store));
//!     if let Some(func) = item.func() {
//!         let zeros: Option<Vec<Value>> = func.ty(&store).params.iter().map(|&ty| Value::default_of(ty)).collect();
//!         let results = func.call(&mut store, &zeros.ok_or("a parameter cannot be null")?)?;
//!         assert_eq!(results, [Value::I32(0)]);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Memories, globals and tables
//!
//! [`Memory`], [`Global`], [`Table`] and [`Func`] are handles: small copies that name something in a store and are good for that
//! store alone. Their methods take the store. A [`Memory`] copies bytes in and out, with bounds checked, or lends them all.
//!
//! ```
//! # use engine::{Linker, Module, Store, TrapCode, Value};
//! # let mut store = Store::new();
//! let module = Module::from_text(r#"(module
//!     (memory (export "memory") 1)
//!     (global (export "counter") (mut i32) (i32.const 7)))"#)?;
//! let instance = Linker::new().instantiate(&mut store, &module)?;
//! let memory = instance.memory(&store, "memory").ok_or("no memory")?;
//! memory.write(&mut store, 10, b"bytes")?;
//! assert_eq!(memory.data(&store).map(|bytes| &bytes[9..15]), Some(&b"\0bytes"[..]));
//! assert_eq!(memory.read_vec(&store, 65_535, 2), Err(TrapCode::MemoryOutOfBounds));
//!
//! let counter = instance.global(&store, "counter").ok_or("no global")?;
//! counter.set(&mut store, Value::I32(8))?;
//! assert_eq!(counter.get(&store), Value::I32(8));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When something goes wrong
//!
//! Each operation has its own error, whose text says what was expected and what was found: [`ModuleError`],
//! [`InstantiateError`] with its [`LinkError`], [`TypedFuncError`], [`CallError`], [`AccessError`], [`ResourceError`]. A guest that
//! ends early gives a [`Trap`]: a [`TrapCode`], or an error of the host's, and the functions that were running. The instance can
//! be used further.
//!
//! ```
//! use engine::{Linker, Module, Store, TrapCode};
//!
//! #[derive(Debug, thiserror::Error)]
//! #[error("order {0} is unknown")]
//! struct UnknownOrder(u32);
//!
//! let mut linker = Linker::new();
//! linker.func_wrap("shop", "order", |number: u32| -> Result<(), UnknownOrder> { Err(UnknownOrder(number)) });
//! let module = Module::from_text(r#"(module
//!     (import "shop" "order" (func $order (param i32)))
//!     (func $inner (param i32) (call $order (local.get 0)))
//!     (func $outer (export "outer") (param i32) (call $inner (i32.div_u (i32.const 100) (local.get 0)))))"#)?;
//! let mut store = Store::new();
//! let outer = linker.instantiate(&mut store, &module)?.typed_func::<u32, ()>(&store, "outer")?;
//!
//! let trap = outer.call(&mut store, 0).expect_err("a division by zero");
//! assert_eq!(trap.code(), Some(TrapCode::IntegerDivideByZero));
//!
//! let trap = outer.call(&mut store, 5).expect_err("there are no orders");
//! assert_eq!(trap.downcast_ref::<UnknownOrder>().map(|error| error.0), Some(20));
//! assert_eq!(trap.to_string(), "order 20 is unknown");
//! for frame in &trap.frames {
//!     println!("    at {frame}");
//! }
//! let names: Vec<_> = trap.frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
//! assert_eq!(names, ["inner", "outer"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What only a mistake in the host's own program can cause is a panic: a handle or reference that is used with another store. A
//! panic of a host function goes on in whoever called the guest.
//!
//! # Limits
//!
//! A [`Config`] limits a store's memories and its stack. Time and work are limited by code that was made to count or to look
//! whether it shall stop: [`Loading::metering`] for what is interpreted, switches of the compiler for native code
//! (`--enable-gas-measuring`, `--enable-instruction-count`, `--interruptible`). Both engines count alike. [`Config::required`] keeps
//! out what does not count.
//!
//! ```
//! use engine::{Ability, Config, CostTable, Linker, Loading, Metering, Module, Store, TrapCode};
//!
//! let metering = Metering { gas: Some(CostTable::default()), interruptible: true, ..Metering::default() };
//! let how = Loading { metering, ..Loading::default() };
//! let module = Module::from_text_in(r#"(module (func (export "endless") (loop (br 0))))"#, how)?;
//! let required = vec![Ability::CountGas, Ability::BeInterrupted];
//! let mut store = Store::with_config(Config { required, memory_page_limit: Some(16), ..Config::default() });
//! let endless = Linker::new().instantiate(&mut store, &module)?.typed_func::<(), ()>(&store, "endless")?;
//!
//! store.set_gas_limit(1_000_000);
//! let trap = endless.call(&mut store, ()).expect_err("it uses up all gas");
//! assert_eq!(trap.code(), Some(TrapCode::CostLimitExceeded));
//! assert!(store.gas_used() <= 1_000_000);
//!
//! // From another thread, at any time.
//! store.set_gas_limit(u64::MAX);
//! let handle = store.interrupt_handle();
//! let other = std::thread::spawn(move || handle.interrupt());
//! let trap = endless.call(&mut store, ()).expect_err("it is stopped");
//! assert_eq!(trap.code(), Some(TrapCode::Interrupted));
//! # other.join().expect("no panic");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Threads
//!
//! Modules, linkers of host functions, [`HostFunc`]s and [`SharedMemory`]s are shared between threads and cheap to clone. A store
//! is used by one thread at a time, and may move to another between calls. So many threads run one module, each in a store of its
//! own:
//!
//! ```
//! use engine::{Linker, Module, Store};
//!
//! let module = Module::from_text(r#"(module
//!     (import "env" "offset" (func $offset (result i32)))
//!     (func (export "run") (param i32) (result i32) (i32.add (local.get 0) (call $offset))))"#)?;
//! let mut linker = Linker::new();
//! linker.func_wrap("env", "offset", || 100);
//! let run = |number: i32| -> Result<i32, Box<dyn std::error::Error + Send + Sync>> {
//!     let mut store = Store::new();
//!     let run = linker.instantiate(&mut store, &module)?.typed_func::<i32, i32>(&store, "run")?;
//!     Ok(run.call(&mut store, number)?)
//! };
//! std::thread::scope(|scope| {
//!     let threads: Vec<_> = (0..8).map(|number| (number, scope.spawn(move || run(number)))).collect();
//!     for (number, thread) in threads {
//!         assert_eq!(thread.join().expect("no panic").expect("no trap"), 100 + number);
//!     }
//! });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Examples
//!
//! In the folder `examples`, each a program (`cargo run -p engine --example hello`): `hello`, `compile`, `host_functions`,
//! `memory`, `linking`, `wasi`, `limits`, `interrupt`, `threads`, `shared_memory`; and `call_cost`, which measures calls.
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
    Ability, AccessError, CallError, Caller, Config, Exception, ExnRef, Extern, ExternRef, ExternType, Frame, Func,
    Global, HostError, HostFn, HostFunc, HostResults, Instance, InstantiateError, InterruptHandle, IntoHostFunc,
    LinkError, LinkErrorKind, Memory, ResourceError, SharedMemory, Slot, Store, Table, Tag, Times, Trap, TrapReason,
    TypedFunc, TypedFuncError, Value, WaitResult, WasmList, WasmTy, WithCaller,
};
pub use wasi::{
    Builder as WasiBuilder, Context as WasiContext, Exit as WasiExit, Input as WasiInput, Interrupt as WasiInterrupt,
    MODULE as WASI_MODULE, Output as WasiOutput, Pipe as WasiPipe,
};

/// The function that an instance exports under a name.
pub fn function(store: &Store, instance: Instance, name: &str) -> Option<Func> {
    instance.func(store, name)
}
