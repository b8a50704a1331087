//! What the tests share: compiling in memory, and finding the tools.
#![forbid(unsafe_code)]

pub mod edit;

use artifact::{Error, Feature, Features, Level, Metering, Options};
use driver::{Request, Silent};
use engine::{
    Caller, Extern, FuncType, HostError, Instance, Linker, Loading, Mode, Module, ModuleError, Slot, Store, Tag, Trap,
    Value,
};
use std::fmt;
use std::path::PathBuf;

/// A request for a universal wasm file for this machine, made by one thread.
pub fn request(level: Level) -> Request {
    let mut options = Options::new(driver::host_target(false));
    options.level = level;
    options.features = Features::wasm2();
    Request { jobs: 1, ..Request::new(options) }
}

/// Compiles a binary module to a universal wasm file.
///
/// # Errors
/// What the compiler finds wrong.
pub fn compile(bytes: &[u8], level: Level) -> Result<Vec<u8>, Error> {
    driver::compile(bytes, &request(level), &Silent).map(|compiled| compiled.file)
}

/// What runs a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Native code of a level.
    Native(Level),
    /// Native code of a level, with relaxed traps.
    Relaxed(Level),
    /// The interpreter.
    Interpreted,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Native(level) => write!(f, "O{level}"),
            Way::Relaxed(level) => write!(f, "O{level} with relaxed traps"),
            Way::Interpreted => f.write_str("interpreter"),
        }
    }
}

impl Way {
    /// Loads a module that consists of some fields and may use some proposals beyond edition 2.
    pub fn load(self, fields: &str, proposals: &[Feature]) -> Module {
        let mut features = Features::wasm2();
        features.0.extend(proposals);
        self.load_text(&format!("(module {fields})"), features, &Metering::default())
    }

    /// Loads a module's text that may use a set of proposals, and whose code keeps track of some things.
    pub fn load_text(self, text: &str, features: Features, metering: &Metering) -> Module {
        let bytes = wat(text);
        let native = |level, relaxed_traps| {
            let mut request = request(level);
            request.options.features = features.clone();
            request.options.metering = metering.clone();
            request.options.relaxed_traps = relaxed_traps;
            // One function per unit at the lowest level, so that what crosses units is in use as well.
            request.options.unit_size = if level == Level::O0 { 0 } else { request.options.unit_size };
            let compiled = driver::compile(&bytes, &request, &Silent).unwrap_or_else(|error| panic!("{error}"));
            Module::from_bytes_in(compiled.file, Mode::Aot)
        };
        let module = match self {
            Way::Native(level) => native(level, false),
            Way::Relaxed(level) => native(level, true),
            Way::Interpreted => Module::from_bytes_in(
                bytes.clone(),
                Loading { mode: Mode::Interpreter, features: features.clone(), metering: metering.clone() },
            ),
        };
        module.unwrap_or_else(|error| panic!("{self}: {error}"))
    }
}

/// Loads a binary module that may use some proposals beyond edition 2, to interpret it.
///
/// # Errors
/// What the interpreter finds wrong.
pub fn interpreted(bytes: Vec<u8>, proposals: &[Feature]) -> Result<Module, ModuleError> {
    let mut features = Features::wasm2();
    features.0.extend(proposals);
    Module::from_bytes_in(bytes, Loading { mode: Mode::Interpreter, features, ..Loading::default() })
}

/// A store, and names for what is in it.
pub struct World {
    /// The store.
    pub store: Store,
    /// The names.
    pub linker: Linker,
}

impl World {
    /// An empty world.
    pub fn new() -> World {
        World { store: Store::new(), linker: Linker::new() }
    }

    /// Makes an instance of a module that links, and gives its exports their names.
    pub fn add(&mut self, name: &str, module: &Module) -> Instance {
        let instance = self.linker.instantiate(&mut self.store, module).expect("the module links");
        self.linker.define_instance(&self.store, name, instance);
        instance
    }

    /// Calls an exported function.
    ///
    /// # Errors
    /// If it traps.
    pub fn call(&mut self, instance: Instance, name: &str, arguments: &[Value]) -> Result<Vec<Value>, Trap> {
        let function = engine::function(&self.store, instance, name).expect("an exported function");
        self.store.call(function, arguments)
    }

    /// Calls an exported function that makes a number of a number.
    pub fn number(&mut self, instance: Instance, name: &str, argument: i32) -> i32 {
        match self.call(instance, name, &[Value::I32(argument)]).expect("no trap")[..] {
            [Value::I32(result)] => result,
            ref other => panic!("{other:?}"),
        }
    }

    /// Defines a function of the host in the module `host`.
    pub fn define(
        &mut self,
        name: &str,
        ty: FuncType,
        function: impl Fn(&mut Caller<'_>, &mut [Slot]) -> Result<(), HostError> + Send + Sync + 'static,
    ) {
        self.linker.func_new("host", name, ty, function);
    }

    /// An exported tag.
    pub fn tag(&self, instance: Instance, name: &str) -> Tag {
        match self.store.export(instance, name) {
            Some(Extern::Tag(tag)) => tag,
            other => panic!("no tag but {other:?}"),
        }
    }
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

/// Translates a module's text, which must be well-formed.
pub fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's module is well-formed")
}

/// The path of a tool (`wasmedge`, `wasmedge-stage`), built with the same profile as the tests.
pub fn tool(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows its own path");
    path.pop();
    if path.ends_with("deps") || path.ends_with("examples") {
        path.pop();
    }
    path.push(name);
    assert!(path.exists(), "{} is not built: run `make test`, or `cargo build` first", path.display());
    path
}
