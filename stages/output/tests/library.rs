//! Shared libraries, as other tools see them.

mod common;

use abi::container::{LIBRARY_MODULE_SECTION, LIBRARY_SECTION, Native};
use common::*;
use object::{Object, ObjectSection};
use output::{Container, LibraryFormat};
use std::process::Command;

/// What a tool prints about a file; neither a failure nor a warning is accepted.
fn tool(name: &str, arguments: &[&str], file: &[u8]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("app.so");
    std::fs::write(&path, file).expect("written");
    let output =
        Command::new(name).args(arguments).arg(&path).output().expect("the tool is part of the project's set-up");
    assert!(output.status.success() && output.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.to_lowercase().contains("warning"), "{text}");
    text
}

#[test]
fn tools_accept_a_library() {
    for triple in [X86_64, AARCH64] {
        let file =
            link(triple, MODULE, &objects(triple), Container::Library(LibraryFormat::Elf)).expect("good objects");
        tool("llvm-readobj-22", &["--all"], &file);
        tool("readelf", &["--all", "--wide"], &file);
        assert!(tool("llvm-nm-22", &["-D"], &file).contains(" T twice"));
        assert!(tool("llvm-objdump-22", &["-d"], &file).contains("<twice>:"));
    }
    for wat in ["(module)", r#"(module (import "a" "b" (func (result i32))) (export "f" (func 0)))"#] {
        let wrappers = WRAPPERS.replace("wasm.entry.i.i", "wasm.entry..i").replace("wasm.host.i.i", "wasm.host..i");
        let file = link(X86_64, wat, &[compile(X86_64, &wrappers)], Container::Library(LibraryFormat::Elf))
            .expect("good objects");
        tool("readelf", &["--all", "--wide"], &file);
    }
}

#[test]
fn a_library_holds_the_module_and_the_image_once() {
    let file = link(X86_64, MODULE, &objects(X86_64), Container::Library(LibraryFormat::Elf)).expect("good objects");
    let elf = object::read::elf::ElfFile64::<object::LittleEndian>::parse(&*file).expect("an ELF file");
    let module = elf.section_by_name(LIBRARY_MODULE_SECTION).expect("the module");
    assert_eq!(module.data().expect("in the file"), wat::parse_str(MODULE).expect("a module"));

    let section = elf.section_by_name(LIBRARY_SECTION).expect("the native section");
    let (native, image) = Native::decode(section.data().expect("in the file")).expect("a good native section");
    let (at, _) = section.file_range().expect("in the file");
    let image_at = at + image.start as u64;
    assert_eq!(image_at % 4096, 0);
    let text = elf.section_by_name(".text").expect("code");
    assert_eq!(text.file_range(), Some((image_at, u64::from(native.parts.text.end))));
    assert_eq!(text.address(), image_at);
}

#[test]
fn only_names_that_can_be_symbols_are_exported() {
    let wat = r#"(module
        (func (export "") (export "a\00b") (export "Straße") (export "x@y") (param i32) (result i32) local.get 0)
        (func (param i32) (result i32) local.get 0))"#;
    let file = link(X86_64, wat, &objects(X86_64), Container::Library(LibraryFormat::Elf)).expect("good objects");
    let symbols = tool("llvm-nm-22", &["-D"], &file);
    assert_eq!(symbols.lines().count(), 2, "{symbols}");
    assert!(symbols.contains("Straße") && symbols.contains("x@y"));
}
