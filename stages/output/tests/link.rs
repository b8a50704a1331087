//! Linking objects into images: what is laid out where, and what is refused.

mod common;

use abi::container::{Native, UniversalSection, hash, original};
use abi::metering::Metered;
use abi::types::FuncIdx;
use artifact::{Kind, Unit};
use common::*;
use output::{Container, LibraryFormat};

fn decode(file: &[u8]) -> (Native, Vec<u8>, usize) {
    let section = UniversalSection::find(file).expect("a native section");
    assert_eq!(section.end, file.len());
    let (native, image) = Native::decode(&file[section.payload.clone()]).expect("a good native section");
    let bytes = file[section.payload.clone()][image.clone()].to_vec();
    (native, bytes, section.payload.start + image.start)
}

/// The error that linking these objects, and good wrappers, gives.
fn refused(sources: &[&str]) -> artifact::Error {
    let objects: Vec<_> = sources.iter().chain([&WRAPPERS]).map(|source| compile(X86_64, source)).collect();
    link(X86_64, MODULE, &objects, Container::Universal).expect_err("objects that do not fit")
}

#[test]
fn a_universal_file_holds_the_module_and_the_image() {
    for (triple, page) in [(X86_64, 4096), (AARCH64, 65536)] {
        let module = wat::parse_str(MODULE).expect("a module");
        let file = link(triple, MODULE, &objects(triple), Container::Universal).expect("good objects");
        assert_eq!(original(&file), module);
        let (native, image, position) = decode(&file);

        assert_eq!(native.fingerprint, abi::fingerprint());
        assert_eq!((native.triple.as_str(), native.page_size), (triple, page as u32));
        assert_eq!((native.module_hash, native.module_length), (hash(&module), module.len() as u64));
        assert_eq!((native.image_hash, native.image_length), (hash(&image), image.len() as u64));
        assert_eq!(position % page, 0);
        let parts = [&native.parts.text, &native.parts.read_only, &native.parts.slots];
        for (part, next) in parts.iter().zip(parts.iter().skip(1)) {
            assert!(!part.is_empty() && part.end <= next.start);
        }
        assert!(parts.iter().all(|part| part.start % page as u32 == 0));
        assert_eq!(parts[2].end, image.len() as u32);

        assert_eq!((native.functions.len(), native.entries.len(), native.hosts.len()), (2, 1, 1));
        let all: Vec<_> = [&native.functions, &native.entries, &native.hosts].into_iter().flatten().collect();
        assert!(all.iter().all(|&offset| native.parts.text.contains(offset)));
        let slots: Vec<_> =
            native.slots.iter().map(|slot| (slot.symbol.as_str(), slot.offset - parts[2].start)).collect();
        assert_eq!(slots, [("memcpy", 0), ("floor", 8)]);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let objects = objects(X86_64);
    for container in [Container::Universal, Container::Library(LibraryFormat::Elf)] {
        let once = link(X86_64, MODULE, &objects, container);
        assert_eq!(once, link(X86_64, MODULE, &objects, container));
    }
}

#[test]
fn a_file_compiled_again_is_the_same() {
    let objects = objects(X86_64);
    let once = link(X86_64, MODULE, &objects, Container::Universal).expect("good objects");
    let module = abi::module::Module::decode(original(&once)).expect("a module");
    let input = output::Input {
        bytes: &once,
        module: &module,
        triple: X86_64,
        features: &[],
        units: &[],
        objects: &objects,
        metered: Metered::default(),
    };
    assert_eq!(output::output(&input, Container::Universal), Ok(once.clone()));
}

#[test]
fn a_module_without_code_has_an_empty_image() {
    for container in [Container::Universal, Container::Library(LibraryFormat::Elf)] {
        link(X86_64, "(module)", &[], container).expect("nothing to link");
    }
    let (native, image, _) = decode(&link(X86_64, "(module)", &[], Container::Universal).expect("nothing to link"));
    assert!(image.is_empty() && native.parts == Default::default());
}

#[test]
fn code_that_rarely_runs_lies_behind_the_rest() {
    let cold =
        FIRST.replace("int first(void *, int)", "__attribute__((section(\".text.unlikely.\"))) int first(void *, int)");
    let objects = [cold.as_str(), SECOND, WRAPPERS].map(|source| compile(X86_64, source));
    let (native, ..) = decode(&link(X86_64, MODULE, &objects, Container::Universal).expect("good objects"));
    assert!(native.functions[0] > native.entries[0]);
    assert!(native.functions[1] < native.entries[0]);
}

#[test]
fn missing_and_doubled_symbols_are_named() {
    let error = refused(&[FIRST]);
    assert_eq!(error.kind, Kind::Link);
    assert!(error.message.contains("undefined symbol (to `function.1`"), "{error}");

    let error = refused(&[SECOND]);
    assert_eq!(error.kind, Kind::Link);
    assert_eq!(error.message, "no object defines `function.0`");

    let error = refused(&[FIRST, SECOND, SECOND]);
    assert_eq!(error.kind, Kind::Link);
    assert_eq!(error.message, "symbol `function.1` is defined twice, the second time in object 2");

    let error = refused(&[FIRST, &SECOND.replace("floor(", "sin(")]);
    assert!(error.message.contains("undefined symbol (to `sin`"), "{error}");

    let error = refused(&[FIRST, SECOND, "double floor(double x) { return x; }"]);
    assert_eq!(error.message, "object 2 defines `floor`, which is the runtime's");
}

/// Units number functions by themselves: each object here has a `wasm.function.0`, and the first calls that of the second.
#[test]
fn each_unit_has_names_of_its_own() {
    let first = FIRST.replace("\"function.0", "\"wasm.function.0").replace("\"function.1", "\"wasm.callee.0");
    let second = SECOND.replace("\"function.1", "\"wasm.function.0");
    let objects = [first.as_str(), second.as_str(), WRAPPERS].map(|source| compile(X86_64, source));
    let unit = |index, callees: &[u32]| Unit {
        functions: index..index + 1,
        key: String::new(),
        callees: callees.iter().map(|&index| FuncIdx(index)).collect(),
        copies: Vec::new(),
    };
    let link = |units: &[Unit]| link_units(X86_64, MODULE, units, &objects, Container::Universal);
    let (own, ..) = decode(&link(&[unit(0, &[1]), unit(1, &[])]).expect("good objects"));
    let (images, ..) =
        decode(&link_units(X86_64, MODULE, &[], &crate::objects(X86_64), Container::Universal).expect("good"));
    assert_eq!((own.functions, own.image_hash), (images.functions, images.image_hash));

    let error = link(&[unit(0, &[]), unit(1, &[])]).expect_err("the first calls a function that it does not know");
    assert_eq!(error.message, "object 0 names a function that its unit does not know: `wasm.callee.0`");
}

#[test]
fn what_an_image_cannot_have_is_refused() {
    let cases = [
        ("int x; int *const table[] = {&x}; int *get(int i) { return table[i]; }", "section `.bss`"),
        ("extern int f(void); int (*const table[])(void) = {f, f}; int f(void) { return 1; }", "absolute relocation"),
        ("int x = 4; int get(void) { return x++; }", "section `.data` is writable"),
        ("__thread int x = 4; int get(void) { return x++; }", "section `.tdata` is thread-local"),
    ];
    for (source, message) in cases {
        let error = refused(&[FIRST, SECOND, source]);
        assert_eq!(error.kind, Kind::Link, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
}

#[test]
fn objects_that_are_none_are_refused() {
    let object = compile(X86_64, FIRST);
    for objects in [vec![vec![]], vec![b"\0asm".to_vec()], vec![compile(AARCH64, FIRST)]] {
        let error = link(X86_64, MODULE, &objects, Container::Universal).expect_err("no object");
        assert_eq!(error.kind, Kind::Malformed, "{error}");
    }
    for length in 0..object.len() {
        link(X86_64, MODULE, &[object[..length].to_vec()], Container::Universal).expect_err("a truncated object");
    }
}

#[test]
fn targets_and_features_that_are_not_ours_are_refused() {
    let error = link("riscv64-unknown-linux-gnu", MODULE, &[], Container::Universal).expect_err("no such target");
    assert_eq!(error.kind, Kind::Unsupported);
    let bytes = wat::parse_str("(module)").expect("a module");
    let module = abi::module::Module::decode(&bytes).expect("a module");
    let features = ["avx2".to_string(), "magic".to_string()];
    let input = output::Input {
        bytes: &bytes,
        module: &module,
        triple: X86_64,
        features: &features,
        units: &[],
        objects: &[],
        metered: Metered::default(),
    };
    let error = output::output(&input, Container::Universal).expect_err("no such feature");
    assert_eq!(error.message, "CPU feature `magic` is not known for x86_64");
}
