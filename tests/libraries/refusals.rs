//! What is refused: endings that do not fit, systems that are not known, and libraries where they do not run.

use super::*;
use artifact::Kind;
use engine::{Mode, Module};

#[test]
fn endings_ask_for_formats() {
    for (name, container) in [
        ("app.so", Container::Library(LibraryFormat::Elf)),
        ("a.b.dylib", Container::Library(LibraryFormat::MachO)),
        ("app.dll", Container::Library(LibraryFormat::Pe)),
        ("app.wasm", Container::Universal),
        ("app", Container::Universal),
        ("so", Container::Universal),
        ("app.so.1", Container::Universal),
    ] {
        assert_eq!(Container::of_file(Path::new(name)), container, "{name}");
    }
}

#[test]
fn an_ending_that_does_not_fit_the_target_is_an_error() {
    let bytes = tests::wat("(module)");
    for (triple, format, message) in [
        (
            WINDOWS_INTEL,
            LibraryFormat::Elf,
            "a shared library for `x86_64-pc-windows-msvc` is a .dll file, not a .so file",
        ),
        (MAC_ARM, LibraryFormat::Pe, "a shared library for `aarch64-apple-darwin` is a .dylib file, not a .dll file"),
        (
            LINUX_INTEL,
            LibraryFormat::MachO,
            "a shared library for `x86_64-unknown-linux-gnu` is a .so file, not a .dylib file",
        ),
    ] {
        let error = compile(&bytes, &Request { container: Container::Library(format), ..request(triple) });
        let error = error.expect_err("another system's library");
        assert_eq!((error.stage, error.kind, &*error.message), (artifact::Stage::Output, Kind::Unsupported, message));
    }
    let mut request = request(LINUX_INTEL);
    request.options.target.triple = "x86_64-unknown-freebsd".into();
    let error = compile(&bytes, &request).expect_err("a system that is not known");
    assert_eq!(error.message, "shared libraries for `x86_64-unknown-freebsd` are not supported");
}

#[test]
fn a_universal_file_for_another_system_is_interpreted_here() {
    for triple in FOREIGN {
        let request = Request { container: Container::Universal, ..request(triple) };
        let file = compile(&tests::wat(crate::containers::SAMPLE), &request).expect("it compiles");
        let module = Module::from_bytes_in(file, Mode::default()).expect("a module");
        assert!(!module.is_native());
        let warning = module.warning().expect("a reason").to_string();
        let reason =
            if triple.starts_with("x86_64") { format!("target `{triple}`, not for linux") } else { "aarch64".into() };
        assert!(warning.contains(&reason), "{triple}: {warning}");
        crate::containers::run(&module);
    }
}

#[test]
fn a_library_for_another_system_is_refused_here() {
    for (triple, what) in [(MAC_ARM, "macOS (Mach-O)"), (WINDOWS_INTEL, "Windows (PE)")] {
        let file = library(triple, EDGES[2].1);
        let refused =
            |file: Vec<u8>| Module::from_bytes_in(file, Mode::Aot).expect_err("no library for Linux").to_string();
        let expected = format!("the shared library cannot be used: it is a library for {what}, not for linux");
        assert_eq!(refused(file.clone()), expected);
        // Of what is cut off before it can be told, nothing is said but that.
        let unknown = "the file is neither WebAssembly nor a shared library";
        for length in 1..300.min(file.len()) {
            let message = refused(file[..length].to_vec());
            assert!(message == expected || message == unknown, "{length}: {message}");
        }
        assert_eq!(refused(file[..3].to_vec()), unknown);
    }
    let program =
        b"MZ but nothing of what Windows wants, though it is long enough to hold the place where that would be";
    assert!(
        Module::from_bytes_in(program.to_vec(), Mode::Aot).is_err_and(|error| error.to_string().contains("neither"))
    );
}
