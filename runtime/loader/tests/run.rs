//! Running what was linked and loaded: machine code made by clang instead of our own compiler, which keeps to the same ABI
//! where functions are this simple.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use abi::metering::Metered;
use abi::module::Module;
use loader::{Loaded, load, load_bytes};
use output::{Container, Input, LibraryFormat};
use std::ffi::CString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use vm::{Extern, Store, Value};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

const MODULE: &str = r#"(module
    (func (export "word") (param i32) (result i32) local.get 0)
    (func (export "digits") (param i32) (result i32) local.get 0)
    (func (export "floor") (param i32) (result i32) local.get 0))"#;

/// A jump table, a table of constants, calls between objects, a private function of a common name, and runtime symbols
/// reached by calls and by their addresses.
const SOURCES: [&str; 3] = [
    r#"
    static __attribute__((noinline)) int table(int x) { static const int values[4] = {2, 3, 5, 7}; return values[x & 3]; }
    int word(void *, int) __asm__("function.0");
    int digits(void *, int) __asm__("function.1");
    int word(void *ctx, int x) {
        switch (x) {
        case 0: return digits(ctx, 10);
        case 1: return table(1) + 1000;
        case 2: return digits(ctx, x) * 3;
        case 3: return -7;
        case 4: return table(x) ^ 0x55;
        case 5: return digits(ctx, digits(ctx, 1234567));
        default: return x;
        }
    }"#,
    r#"
    void *memcpy(void *, const void *, unsigned long);
    double floor(double);
    static __attribute__((noinline)) int table(int x) { static const char digits[] = "0123456789"; return digits[x]; }
    int digits(void *, int) __asm__("function.1");
    int digits(void *ctx, int x) { int sum = 0; for (; x; x /= 10) sum += table(x % 10) - '0'; return sum; }
    int floored(void *, int) __asm__("function.2");
    int floored(void *ctx, int x) {
        double (*volatile function)(double) = floor;
        double from = x / 8.0, to;
        void *(*volatile copy)(void *, const void *, unsigned long) = memcpy;
        copy(&to, &from, sizeof to);
        return function(to) * 100 + floor(to * 0.5);
    }"#,
    r#"
    void entry(void *, int (*)(void *, int), int *) __asm__("wasm.entry.i.i");
    void entry(void *ctx, int (*code)(void *, int), int *slots) { slots[0] = code(ctx, slots[0]); }
    int host(void *, int) __asm__("wasm.host.i.i");
    int host(void *ctx, int x) { return x; }"#,
];

fn compile(source: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("unit.o");
    let mut clang = Command::new("clang-22")
        .args(["-c", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-builtin", "-w", "-x", "c", "-"])
        .arg(format!("--target={TRIPLE}"))
        .arg("-o")
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("clang-22 is part of the project's set-up");
    clang.stdin.take().expect("piped").write_all(source.as_bytes()).expect("clang reads");
    assert!(clang.wait().expect("clang ends").success());
    std::fs::read(&path).expect("an object")
}

fn link(wat: &str, sources: &[&str], container: Container) -> Vec<u8> {
    let bytes = wat::parse_str(wat).expect("a module");
    let module = Module::decode(&bytes).expect("a module");
    let objects: Vec<_> = sources.iter().map(|source| compile(source)).collect();
    let metered = Metered::default();
    let input =
        Input { bytes: &bytes, module: &module, triple: TRIPLE, features: &[], units: &[], objects: &objects, metered };
    output::output(&input, container).expect("good objects")
}

#[test]
fn linked_code_runs() {
    for container in [Container::Universal, Container::Library(LibraryFormat::Elf)] {
        let file = link(MODULE, &SOURCES, container);
        let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
        std::fs::write(&path, &file).expect("written");
        for loaded in [load(&path), load_bytes(file)] {
            let Ok(Loaded::Native(module)) = loaded else { panic!("not native") };
            let mut store = Store::new();
            let instance = store.instantiate(&Arc::new(module), &[]).expect("nothing to go wrong");
            let mut call = |name: &str, argument: i32| {
                let Some(Extern::Func(function)) = store.export(instance, name) else { panic!("{name} is a function") };
                store.call(function, &[Value::I32(argument)]).expect("no trap")
            };
            let words: Vec<_> = (0..7).flat_map(|x| call("word", x)).collect();
            assert_eq!(words, [1, 1003, 6, -7, 2 ^ 0x55, 10, 6].map(Value::I32));
            assert_eq!(call("digits", 98_765), [Value::I32(35)]);
            assert_eq!(call("floor", 29), [Value::I32(301)]);
        }
    }
}

#[test]
fn a_dynamic_loader_accepts_libraries() {
    let without_imports = r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#;
    let code = r#"int f(void *, int) __asm__("function.0"); int f(void *ctx, int x) { return x; }"#;
    let libraries = [
        (link(MODULE, &SOURCES, Container::Library(LibraryFormat::Elf)), Some("word")),
        (link(without_imports, &[code, SOURCES[2]], Container::Library(LibraryFormat::Elf)), Some("f")),
        (link("(module)", &[], Container::Library(LibraryFormat::Elf)), None),
    ];
    for (library, symbol) in libraries {
        let path = tempfile::NamedTempFile::new().expect("a file").into_temp_path();
        std::fs::write(&path, &library).expect("written");
        let name = CString::new(path.to_str().expect("a plain path")).expect("no NUL");
        // SAFETY: the library has no initializers, and none of its code is run.
        unsafe {
            let handle = libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
            assert!(!handle.is_null());
            if let Some(symbol) = symbol {
                let symbol = CString::new(symbol).expect("no NUL");
                assert!(!libc::dlsym(handle, symbol.as_ptr()).is_null());
            }
            assert_eq!(libc::dlclose(handle), 0);
        }
    }
}
