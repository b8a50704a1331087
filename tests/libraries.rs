//! Libraries for other systems, as the tools of these see them: LLVM's readers and linkers, and what dyld and Windows check.
//!
//! Nothing here runs on those systems. What can be held from here is that the files are what their formats say, that each
//! exported function is where it is said to be, and that the code for Windows does what it should: it follows the same ABI on
//! every system, so that it runs here, too.

mod code;
mod consumers;
mod macho;
mod pe;
mod refusals;

use abi::container::{
    MACH_O_MODULE_SECTION, MACH_O_NATIVE_SECTION, Native, PE_MODULE_SECTION, PE_NATIVE_SECTION, hash,
};
use abi::module::{ExportItem, Module};
use artifact::{Error, Feature, Features, Level, Target};
use driver::{Container, LibraryFormat, Request, Silent};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const MAC_ARM: &str = "aarch64-apple-darwin";
const MAC_INTEL: &str = "x86_64-apple-darwin";
const WINDOWS_ARM: &str = "aarch64-pc-windows-msvc";
const WINDOWS_INTEL: &str = "x86_64-pc-windows-msvc";
const LINUX_INTEL: &str = "x86_64-unknown-linux-gnu";
const LINUX_ARM: &str = "aarch64-unknown-linux-gnu";

const FOREIGN: [&str; 4] = [MAC_ARM, MAC_INTEL, WINDOWS_ARM, WINDOWS_INTEL];

/// Modules at the edges of what libraries hold, as text.
const EDGES: [(&str, &str); 4] = [
    ("nothing", "(module)"),
    ("no exports", "(module (memory 1) (data (i32.const 0) \"x\") (func (result i32) i32.const 1) (start 1) (func))"),
    ("no memory", r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#),
    (
        "odd names",
        r#"(module (func (export "") (export "a\00b") (export "_") (export "Straße") (export "x@y") (export "two words")
             (export "line\nbreak") (export "\"quoted\"") (export "f") (export "fo") (export "foo") (export "\u{10FFFF}")))"#,
    ),
];

/// A request for a library for a target.
fn request(triple: &str) -> Request {
    let mut request = tests::request(Level::O2);
    request.options.target = Target { triple: triple.into(), tune: "generic".into(), cpu_features: Vec::new() };
    let format = LibraryFormat::of(triple).expect("a system that is known");
    Request { container: Container::Library(format), ..request }
}

fn compile(bytes: &[u8], request: &Request) -> Result<Vec<u8>, Error> {
    driver::compile(bytes, request, &Silent).map(|compiled| compiled.file)
}

/// A library of a module's text.
fn library(triple: &str, text: &str) -> Vec<u8> {
    compile(&tests::wat(text), &request(triple)).unwrap_or_else(|error| panic!("{triple}: {error}"))
}

/// Every small module whose code can be compiled for a target and the edges, with what they may use.
fn modules(triple: &str) -> Vec<(String, Vec<u8>, Request)> {
    let mut all = Vec::new();
    for name in crate::modules::names() {
        let mut request = request(triple);
        request.options.features = crate::modules::features(&name);
        request.options.metering = crate::modules::metering(&name);
        let catches = request.options.features.0.contains(&Feature::Exceptions);
        if !(catches && triple.starts_with("aarch64")) {
            all.push((name.clone(), crate::modules::binary(&name), request));
        }
    }
    for (name, text) in EDGES {
        let mut request = request(triple);
        request.options.features = Features::wasm2();
        all.push((name.into(), tests::wat(text), request));
    }
    all
}

/// Does something with the library of each of these.
fn each_library(triples: &[&str], check: impl Fn(&str, &str, &[u8], &[u8])) {
    for triple in triples {
        for (name, bytes, request) in modules(triple) {
            let file = compile(&bytes, &request).unwrap_or_else(|error| panic!("{triple}, {name}: {error}"));
            check(triple, &name, &bytes, &file);
        }
    }
}

/// What a tool prints when it looks at a file of this name; neither a failure nor a warning is accepted.
fn tool(name: &str, arguments: &[&str], extension: &str, file: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app").with_extension(extension);
    std::fs::write(&path, file).expect("the folder can be written to");
    run(Command::new(name).args(arguments).arg(&path))
}

/// What a command prints; neither a failure nor a warning is accepted.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: run `make setup`"));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{command:?}: {errors}");
    assert!(!text.to_lowercase().contains("warning"), "{command:?}: {text}");
    text.into_owned()
}

fn extension(triple: &str) -> &'static str {
    LibraryFormat::of(triple).expect("a system that is known").extension()
}

/// What a library says and holds, read without the code that wrote it.
struct Opened {
    native: Native,
    image: Vec<u8>,
    /// Where the image is, from where the library is loaded.
    image_at: u64,
    module: Vec<u8>,
    /// Where the exported functions are, from where the library is loaded; their names without a symbol's underscore.
    exports: BTreeMap<String, u64>,
}

/// A section's place: its address from where the library is loaded, and its offset in the file, which are the same.
fn section(library: &object::File<'_>, name: &str) -> Option<std::ops::Range<u64>> {
    let section = library.section_by_name(name)?;
    let (offset, _) = section.file_range().expect("in the file");
    assert_eq!(section.address() - library.relative_address_base(), offset, "`{name}` is mapped from where it lies");
    Some(offset..offset + section.size())
}

/// Opens a library, and checks what holds for all of them.
fn open(file: &[u8]) -> Opened {
    let library = object::File::parse(file).expect("a library");
    let (begin, module, parts, underscore) = match library.format() {
        object::BinaryFormat::MachO => {
            (MACH_O_NATIVE_SECTION.1, MACH_O_MODULE_SECTION.1, ["__text", "__const", "__slots"], "_")
        }
        object::BinaryFormat::Pe => (PE_NATIVE_SECTION, PE_MODULE_SECTION, [".text", ".rdata", ".data"], ""),
        other => panic!("{other:?}"),
    };
    let begin = section(&library, begin).expect("the native section");
    let parts = parts.map(|name| section(&library, name));
    let end = parts.iter().flatten().map(|part| part.end).fold(begin.end, u64::max);
    let (native, image) = Native::decode(&file[begin.start as usize..end as usize]).expect("a native section");
    let image_at = begin.start + image.start as u64;
    let image = file[image_at as usize..end as usize].to_vec();
    assert_eq!(image_at % u64::from(native.page_size), 0);
    assert_eq!(native.image_hash, hash(&image));
    for (said, found) in [&native.parts.text, &native.parts.read_only, &native.parts.slots].into_iter().zip(parts) {
        let said = (!said.is_empty()).then(|| image_at + u64::from(said.start)..image_at + u64::from(said.end));
        assert_eq!(said, found);
    }
    let module = section(&library, module).expect("the original module");
    let module = file[module.start as usize..module.end as usize].to_vec();
    assert_eq!(native.module_hash, hash(&module));
    // Of a Mach-O file tools read the trie in another test.
    let found: Vec<(Vec<u8>, u64)> = match library.format() {
        object::BinaryFormat::MachO => {
            let defined = library.symbols().filter(|symbol| symbol.is_definition() && symbol.is_global());
            defined.map(|symbol| (symbol.name_bytes().expect("a name").to_vec(), symbol.address())).collect()
        }
        _ => {
            let exports = library.exports().expect("a table of exports").map(|export| export.expect("an export"));
            let place = |export: object::Export<'_>| {
                let object::ExportTarget::Address { address } = export.target() else { panic!("{export:?}") };
                (export.name().into_name().expect("a name").to_vec(), address - library.relative_address_base())
            };
            exports.map(place).collect()
        }
    };
    let exports = found.into_iter().map(|(name, address)| {
        let name = String::from_utf8(name).expect("names of exports are UTF-8");
        (name.strip_prefix(underscore).expect("a symbol of C").to_string(), address)
    });
    let exports = exports.collect();
    Opened { native, image, image_at, module, exports }
}

/// The functions that a module exports under names that can be symbols, by their positions among those with bodies.
fn exported(bytes: &[u8]) -> BTreeMap<String, usize> {
    let module = Module::decode(bytes).expect("a module");
    let functions = module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(index) => Some((export.name.to_string(), module.defined(index)?.index())),
        _ => None,
    });
    functions.filter(|(name, _)| !name.is_empty() && !name.contains('\0')).collect()
}

#[test]
fn every_exported_function_is_where_its_code_is() {
    each_library(&FOREIGN, |triple, name, bytes, file| {
        let opened = open(file);
        assert_eq!(opened.module, bytes, "{triple}, {name}");
        assert_eq!(opened.native.triple, triple);
        let expected = exported(bytes).into_iter().map(|(function, position)| {
            let offset = opened.native.functions[position];
            (function, opened.image_at + u64::from(offset))
        });
        assert_eq!(opened.exports, expected.collect(), "{triple}, {name}");
    });
}

#[test]
fn libraries_made_twice_are_the_same() {
    each_library(&FOREIGN, |triple, name, bytes, file| {
        let mut request = modules(triple).into_iter().find(|module| module.0 == name).expect("it was compiled").2;
        request.jobs = 2;
        assert!(compile(bytes, &request).expect("it compiled before") == file, "{triple}, {name}");
    });
}

#[test]
fn different_modules_make_libraries_with_different_names() {
    for triple in FOREIGN {
        let named = |text| {
            let file = library(triple, text);
            let start = file.windows(9).position(|window| window == b"wasmedge-").expect("a name of its own");
            file[start..][..41].to_vec()
        };
        let name = named(EDGES[2].1);
        assert_eq!(name, named(EDGES[2].1));
        assert_ne!(name, named(&EDGES[2].1.replace("local.get 0", "i32.const 0")));
    }
}

/// A file in a folder.
fn stored(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the folder can be written to");
    path.to_str().expect("temporary folders have such names").to_string()
}
