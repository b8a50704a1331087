//! What the tests share: compiling in memory, and finding the tools.
#![forbid(unsafe_code)]

use artifact::{Error, Feature, Features, Level, Options};
use driver::{Container, Request, Silent};
use engine::{Loading, Mode, Module, ModuleError};
use std::path::PathBuf;

/// A request for a universal wasm file for this machine, made by one thread.
pub fn request(level: Level) -> Request {
    let mut options = Options::new(driver::host_target(false));
    options.level = level;
    options.features = Features::wasm2();
    Request { options, container: Container::Universal, jobs: 1, build_dir: None, dump: false }
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

impl Way {
    /// Loads a module that consists of some fields and may use some proposals beyond edition 2.
    pub fn load(self, fields: &str, proposals: &[Feature]) -> Module {
        let bytes = wat(&format!("(module {fields})"));
        let native = |level, relaxed_traps| {
            let mut request = request(level);
            request.options.features.0.extend(proposals);
            request.options.relaxed_traps = relaxed_traps;
            let compiled = driver::compile(&bytes, &request, &Silent).unwrap_or_else(|error| panic!("{error}"));
            Module::from_bytes_in(compiled.file, Mode::Aot)
        };
        let module = match self {
            Way::Native(level) => native(level, false),
            Way::Relaxed(level) => native(level, true),
            Way::Interpreted => interpreted(bytes, proposals),
        };
        module.unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

/// Loads a binary module that may use some proposals beyond edition 2, to interpret it.
///
/// # Errors
/// What the interpreter finds wrong.
pub fn interpreted(bytes: Vec<u8>, proposals: &[Feature]) -> Result<Module, ModuleError> {
    let mut features = Features::wasm2();
    features.0.extend(proposals);
    Module::from_bytes_in(bytes, Loading { mode: Mode::Interpreter, features })
}

/// Translates a module's text, which must be well-formed.
pub fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's module is well-formed")
}

/// The path of a tool (`wasmedge`, `wasmedge-stage`), built with the same profile as the tests.
pub fn tool(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows its own path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push(name);
    assert!(path.exists(), "{} is not built: run `make test`, or `cargo build` first", path.display());
    path
}
