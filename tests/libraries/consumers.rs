//! Linkers that link with the libraries.

use super::*;

/// The first function is not exported: LLVM's linker takes what lies at the very start of a section of a .dll file for a part of the
/// section before it.
const MODULE: &str = r#"(module
    (func)
    (func (export "first") (result i32) i32.const 1)
    (func (export "second") (result i32) i32.const 2))"#;

/// A program that calls what the module exports.
const CONSUMER: &str = "int first(void); int second(void); int both(void) { return first() + second(); }";

/// Compiles the consumer, and gives its path.
fn consumer(folder: &Path, triple: &str) -> String {
    let source = stored(folder, "consumer.c", CONSUMER.as_bytes());
    let object = folder.join("consumer.o").to_str().expect("UTF-8").to_string();
    run(Command::new("clang-22").args(["-c", &format!("--target={triple}"), &source, "-o", &object]));
    object
}

#[test]
fn apples_linker_takes_a_dylib() {
    for (triple, arch) in [(MAC_ARM, "arm64"), (MAC_INTEL, "x86_64")] {
        let folder = tempfile::tempdir().expect("a folder");
        let object = consumer(folder.path(), &format!("{arch}-apple-macos11"));
        let library = stored(folder.path(), "app.dylib", &library(triple, MODULE));
        let out = folder.path().join("out.dylib").to_str().expect("UTF-8").to_string();
        let arguments = ["-dylib", "-arch", arch, "-fixup_chains", "-platform_version", "macos", "11.0", "11.0"];
        run(Command::new("ld64.lld-22").args(arguments).args([&object, &library, "-o", &out]));
        let text = run(Command::new("llvm-objdump-22").args(["--macho", "--dyld-info", &out]));
        for function in ["_first", "_second"] {
            let bound = |line: &str| line.contains(" bind ") && line.contains("wasmedge-") && line.ends_with(function);
            assert!(text.lines().any(bound), "{triple}: {text}");
        }
    }
}

#[test]
fn windows_linker_takes_a_dll() {
    for triple in [WINDOWS_INTEL, WINDOWS_ARM] {
        let folder = tempfile::tempdir().expect("a folder");
        let object = consumer(folder.path(), triple);
        let library = stored(folder.path(), "app.dll", &library(triple, MODULE));
        let out = folder.path().join("out.dll");
        // As MinGW's linker does, it reads the library itself.
        run(Command::new("lld-link-22")
            .args(["-lldmingw", "-dll", "-noentry", "-release", &object, &library])
            .arg(format!("-out:{}", out.display())));
        let text = run(Command::new("llvm-readobj-22").arg("--coff-imports").arg(&out));
        for imported in ["Name: wasmedge-", "Symbol: first ", "Symbol: second "] {
            assert!(text.contains(imported), "{triple}: {text}");
        }
        // That linker computes a checksum, too: so it is the same as ours.
        let (said, found) = pe::checksum(&std::fs::read(&out).expect("it was linked"));
        assert_eq!(said, found);
    }
}
