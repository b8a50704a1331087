//! Objects made from small C sources, and a module that they could be the code of.

use abi::metering::Metered;
use abi::module::Module;
use artifact::Unit;
use output::{Container, Input};
use std::io::Write;
use std::process::{Command, Stdio};

pub const X86_64: &str = "x86_64-unknown-linux-gnu";
pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// Two functions of one type; the first is exported.
pub const MODULE: &str = r#"(module
    (func (export "twice") (param i32) (result i32) local.get 0)
    (func (param i32) (result i32) local.get 0))"#;

/// The code of [`MODULE`]'s first function, under the names of the image, with a constant table and a private function that other objects have as well.
pub const FIRST: &str = r#"
    static const int table[5] = {2, 3, 5, 7, 11};
    static __attribute__((noinline)) int helper(int x) { return table[x % 5u]; }
    int second(void *, int) __asm__("function.1");
    int first(void *, int) __asm__("function.0");
    int first(void *vmctx, int x) { return helper(x) + second(vmctx, x); }"#;

/// The code of its second function, which uses runtime symbols.
pub const SECOND: &str = r#"
    void *memcpy(void *, const void *, unsigned long);
    double floor(double);
    static __attribute__((noinline)) int helper(double x) { return floor(x * 1.5); }
    int second(void *, int) __asm__("function.1");
    int second(void *vmctx, int x) { memcpy(vmctx, (char *)vmctx + 4096, x); return helper(x); }"#;

/// The wrappers of its type.
pub const WRAPPERS: &str = r#"
    void entry(void *, int (*)(void *, int), int *) __asm__("wasm.entry.i.i");
    void entry(void *ctx, int (*code)(void *, int), int *slots) { slots[0] = code(ctx, slots[0]); }
    int host(void *, int) __asm__("wasm.host.i.i");
    int host(void *ctx, int x) { return x; }"#;

/// Compiles C to an object.
pub fn compile(triple: &str, source: &str) -> Vec<u8> {
    compile_as("c", triple, source)
}

/// Compiles source text of a language that clang knows to an object.
pub fn compile_as(language: &str, triple: &str, source: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("unit.o");
    let mut compiler = Command::new("clang-22")
        .args(["-c", "-O2", "-fPIC", "-fvisibility=hidden", "-ffreestanding", "-w", "-x", language, "-"])
        .arg(format!("--target={triple}"))
        .arg("-o")
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("clang-22 is part of the project's set-up");
    compiler.stdin.take().expect("piped").write_all(source.as_bytes()).expect("clang reads");
    assert!(compiler.wait().expect("clang ends").success());
    std::fs::read(&path).expect("an object")
}

/// Links objects as the code of a module.
pub fn link(triple: &str, wat: &str, objects: &[Vec<u8>], container: Container) -> Result<Vec<u8>, artifact::Error> {
    link_units(triple, wat, &[], objects, container)
}

/// The same, where the first objects are those of units with names of their own.
pub fn link_units(
    triple: &str,
    wat: &str,
    units: &[Unit],
    objects: &[Vec<u8>],
    container: Container,
) -> Result<Vec<u8>, artifact::Error> {
    let bytes = wat::parse_str(wat).expect("a module");
    let module = Module::decode(&bytes).expect("a module");
    let metered = Metered::default();
    output::output(&Input { bytes: &bytes, module: &module, triple, features: &[], units, objects, metered }, container)
}

/// The objects of [`MODULE`].
pub fn objects(triple: &str) -> Vec<Vec<u8>> {
    [FIRST, SECOND, WRAPPERS].map(|source| compile(triple, source)).to_vec()
}
