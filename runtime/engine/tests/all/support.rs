//! What the tests share: both engines.

use artifact::{Features, Options};
use driver::{Request, Silent};
use engine::{Instance, Linker, Mode, Module, Store};

/// A module for both engines: interpreted, and compiled.
pub fn both(text: &str) -> [Module; 2] {
    let bytes = wat::parse_str(text).expect("the test's module is well-formed");
    let mut options = Options::new(driver::host_target(false));
    options.features = Features::wasm2();
    let request = Request { jobs: 1, ..Request::new(options) };
    let compiled = driver::compile(&bytes, &request, &Silent).expect("the module compiles");
    [(bytes, Mode::Interpreter), (compiled.file, Mode::Aot)]
        .map(|(bytes, mode)| Module::from_bytes_in(bytes, mode).expect("the module loads"))
}

/// Runs a test with an instance of a module in both engines.
pub fn with_both(text: &str, linker: &Linker, test: impl Fn(Store, Instance)) {
    for module in both(text) {
        let mut store = Store::new();
        let instance = linker.instantiate(&mut store, &module).unwrap_or_else(|error| panic!("{error}"));
        test(store, instance);
    }
}
