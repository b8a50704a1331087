//! Loading files: good ones, and all kinds of bad ones.

use abi::container::{
    ContainerError, Contents, Frame, Handler, Native, Parts, Slot, Tail, UniversalSection, Unwinding, hash, universal,
};
use abi::metering::Metered;
use abi::module::Module;
use abi::types::{DefinedFuncIdx, Limits, MemoryIdx, MemoryType};
use loader::{LoadError, Loaded, Rejected, load, load_bytes};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

fn module() -> Vec<u8> {
    wat::parse_str(r#"(module (func (export "f")) (data "constant"))"#).expect("a module")
}

/// An image with one function and the wrappers of its type, all `ret`, and an import slot.
fn image() -> (Native, Vec<u8>) {
    let mut image = vec![0xC3; 3];
    image.resize(4104, 0);
    let module = module();
    let native = Native {
        fingerprint: abi::fingerprint(),
        triple: TRIPLE.into(),
        page_size: 4096,
        features: Vec::new(),
        module_hash: hash(&module),
        module_length: module.len() as u64,
        image_hash: hash(&image),
        image_length: image.len() as u64,
        parts: Parts { text: 0..3, read_only: 0..0, slots: 4096..4104 },
        functions: vec![0],
        tails: Vec::new(),
        entries: vec![1],
        hosts: vec![2],
        slots: vec![Slot { symbol: "memcpy".into(), offset: 4096 }],
        unwinding: Unwinding::default(),
        metered: Metered::default(),
        contents: Vec::new(),
    };
    (native, image)
}

fn tail(function: u32, offset: u32) -> Tail {
    Tail { function: DefinedFuncIdx(function), offset }
}

fn frame(start: u32, saves: u32) -> Frame {
    Frame { start, saves }
}

fn frames(starts: [u32; 2]) -> Unwinding {
    let frames = starts.map(|start| frame(start, 0)).to_vec();
    Unwinding { frames, saves: vec![Vec::new()], handlers: Vec::new() }
}

fn handler(start: u32, end: u32, pad: u32) -> Handler {
    Handler { call: start..end, pad, pushed: 0 }
}

fn outside_handler() -> Rejected {
    Rejected::Layout("a handler is outside of the code, or overlaps another")
}

fn good() -> Vec<u8> {
    let (native, image) = image();
    universal(&module(), &native, &image).expect("small")
}

/// A library with the same module, made by the output stage from code that only returns.
fn library() -> Vec<u8> {
    let object = {
        let directory = tempfile::tempdir().expect("a directory");
        let (source, object) = (directory.path().join("unit.s"), directory.path().join("unit.o"));
        let names = ["function.0", "wasm.entry..", "wasm.host.."];
        let text: String =
            names.iter().map(|name| format!(".globl {name}\n.hidden {name}\n{name}: jmp memcpy@PLT\n")).collect();
        std::fs::write(&source, text).expect("written");
        let mut clang = std::process::Command::new("clang-22");
        let status = clang.arg("-c").arg(format!("--target={TRIPLE}")).arg(&source).arg("-o").arg(&object).status();
        assert!(status.expect("clang-22 is part of the project's set-up").success());
        std::fs::read(&object).expect("an object")
    };
    let bytes = module();
    let declarations = Module::decode(&bytes).expect("a module");
    let input = output::Input {
        bytes: &bytes,
        module: &declarations,
        triple: TRIPLE,
        features: &[],
        units: &[],
        objects: &[object],
        metered: Metered::default(),
    };
    output::output(&input, output::Container::Library(output::LibraryFormat::Elf)).expect("a good object")
}

fn assert_native(loaded: Result<Loaded, LoadError>) -> vm::Module {
    match loaded {
        Ok(Loaded::Native(loaded)) => {
            assert_eq!(loaded.bytes(), module());
            loaded
        }
        Ok(Loaded::Plain { reason, .. }) => panic!("plain: {reason:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// Why a universal file's native code does not run; the module must still be there.
fn refused(file: Vec<u8>) -> Rejected {
    match load_bytes(file) {
        Ok(Loaded::Plain { bytes, reason }) => {
            assert_eq!((*bytes).as_ref(), module());
            reason.expect("a reason")
        }
        Ok(Loaded::Native(_)) => panic!("it runs"),
        Err(error) => panic!("{error}"),
    }
}

fn stored(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("app.wasm");
    std::fs::write(&path, bytes).expect("written");
    (directory, path)
}

#[test]
fn good_files_load_from_disk_and_from_memory() {
    for file in [good(), library()] {
        assert_native(load_bytes(file.clone()));
        let (_directory, path) = stored(&file);
        let module = assert_native(load(&path));
        assert_eq!(module.name(), Some("app.wasm"));
        assert_eq!(std::fs::read(&path).expect("read"), file, "the file stays as it is");
    }
}

#[test]
fn pipes_are_read() {
    let (directory, path) = (tempfile::tempdir().expect("a directory"), "pipe");
    let path = directory.path().join(path);
    assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || std::fs::write(path, good())
    });
    assert_native(load(&path));
    writer.join().expect("no panic").expect("written");
}

#[test]
fn a_library_dismembered_by_tools_still_loads() {
    let (_directory, path) = stored(&library());
    let status = std::process::Command::new("strip").arg(&path).status().expect("strip runs");
    assert!(status.success());
    assert_native(load(&path));
}

#[test]
fn plain_files_are_plain() {
    for bytes in
        [module(), b"\0asm".to_vec(), b"\0asm\x0d\0\x01\0".to_vec(), b"\0asm\x01\0\0\0\0\xff\xff\xff\xff\xff".to_vec()]
    {
        let (_directory, path) = stored(&bytes);
        for loaded in [load(&path), load_bytes(bytes.clone())] {
            let Ok(Loaded::Plain { bytes: plain, reason: None }) = loaded else { panic!("not plain") };
            assert_eq!((*plain).as_ref(), bytes);
        }
    }
}

#[test]
fn other_files_are_errors() {
    let directory = tempfile::tempdir().expect("a directory");
    assert!(matches!(load(&directory.path().join("none")), Err(LoadError::NotFound)));
    assert!(matches!(load(directory.path()), Err(LoadError::Directory)));
    let (_directory, path) = stored(b"");
    assert!(matches!(load(&path), Err(LoadError::Empty)));
    assert!(matches!(load_bytes(Vec::new()), Err(LoadError::Empty)));
    assert!(matches!(load_bytes(b"#!/bin/sh".to_vec()), Err(LoadError::Unknown)));
    assert!(matches!(load_bytes(b"\x7fELF".to_vec()), Err(LoadError::Library(Rejected::Damaged(_)))));
    let program = std::fs::read("/proc/self/exe").expect("this program");
    assert!(matches!(load_bytes(program), Err(LoadError::Library(Rejected::Missing(_)))));
}

#[test]
fn each_check_has_its_own_reason() {
    type Change = fn(&mut Native);
    let cases: &[(Change, Rejected)] = &[
        (|native| native.fingerprint[0] ^= 1, Rejected::Abi),
        (|native| native.triple = "aarch64-unknown-linux-gnu".into(), Rejected::Architecture("aarch64".into())),
        (|native| native.triple = "x86_64-apple-darwin".into(), Rejected::System("x86_64-apple-darwin".into())),
        (|native| native.page_size = 2048, Rejected::PageSize(2048)),
        (|native| native.features = vec!["magic".into()], Rejected::UnknownFeature("magic".into())),
        (|native| native.module_hash[0] ^= 1, Rejected::ModuleChanged),
        (|native| native.module_length += 1, Rejected::ModuleChanged),
        (|native| native.image_hash[0] ^= 1, Rejected::ImageChanged),
        (|native| native.parts.slots.end += 1, Rejected::Layout("a part is out of bounds")),
        (|native| native.parts.text.start = 4, Rejected::Layout("a part is out of bounds")),
        (|native| native.parts.text = 0..u32::MAX, Rejected::Layout("a part is out of bounds")),
        (|native| native.parts.text.start = 1, Rejected::Layout("a part does not begin on a page")),
        (|native| native.parts.read_only = 0..3, Rejected::Layout("parts overlap")),
        (|native| native.parts.text.end = 4097, Rejected::Layout("parts overlap")),
        (|native| native.functions[0] = 3, Rejected::Layout("a function is outside of the code")),
        (|native| native.entries[0] = u32::MAX, Rejected::Layout("a function is outside of the code")),
        (|native| native.hosts[0] = 4096, Rejected::Layout("a function is outside of the code")),
        (|native| native.tails.push(tail(0, 3)), Rejected::Layout("a function is outside of the code")),
        (|native| native.tails.push(tail(1, 0)), Rejected::Layout("tail functions are out of order")),
        (|native| native.tails = vec![tail(0, 0); 2], Rejected::Layout("tail functions are out of order")),
        (|native| native.unwinding.frames.push(frame(0, 0)), Rejected::Layout("frames are out of order")),
        (|native| native.unwinding = frames([1, 1]), Rejected::Layout("frames are out of order")),
        (|native| native.unwinding.handlers.push(handler(0, 1, 3)), outside_handler()),
        (|native| native.unwinding.handlers.push(handler(1, 1, 2)), outside_handler()),
        (|native| native.unwinding.handlers.push(handler(2, 4, 2)), outside_handler()),
        (|native| native.unwinding.handlers = vec![handler(0, 2, 2), handler(1, 3, 2)], outside_handler()),
        (|native| native.slots[0].offset = 0, Rejected::Layout("import slots overlap")),
        (|native| native.slots[0].offset = 4097, Rejected::Layout("import slots overlap")),
        (|native| native.slots[0].offset = 4104, Rejected::Layout("an import slot is out of bounds")),
        (|native| native.slots[0].offset = u32::MAX - 7, Rejected::Layout("an import slot is out of bounds")),
        (|native| native.slots.push(native.slots[0].clone()), Rejected::Layout("import slots overlap")),
        (|native| native.slots[0].symbol = "system".into(), Rejected::Symbol("system".into())),
        (|native| native.functions.push(0), Rejected::Count { what: "functions", found: 2, expected: 1 }),
        (|native| native.entries.clear(), Rejected::Count { what: "entry wrappers", found: 0, expected: 1 }),
        (|native| native.hosts.clear(), Rejected::Count { what: "host wrappers", found: 0, expected: 1 }),
    ];
    for (change, reason) in cases {
        let (mut native, image) = image();
        change(&mut native);
        assert_eq!(refused(universal(&module(), &native, &image).expect("small")), *reason);
    }
    let lacking =
        ["avx512vpopcntdq", "avx512f", "avx2"].into_iter().find(|_| !std::is_x86_feature_detected!("avx512vpopcntdq"));
    if let Some(feature) = lacking {
        let (mut native, image) = image();
        native.features = vec![feature.into()];
        assert_eq!(refused(universal(&module(), &native, &image).expect("small")), Rejected::Feature(feature.into()));
    }
}

/// A file with two pages of contents for the second of two memories, of which the module imports the first.
fn with_contents(memory: u32, address: u64, place: Range<u32>) -> Vec<u8> {
    let text = r#"(module (import "m" "n" (memory 2)) (memory (export "memory") 2) (func (export "f")) (data (memory 1) (i32.const 1) "x"))"#;
    let module = wat::parse_str(text).expect("a module");
    let mut image = vec![0xC3; 3];
    image.resize(4096, 0);
    image.resize(3 * 4096, b'x');
    let native = Native {
        module_hash: hash(&module),
        module_length: module.len() as u64,
        image_hash: hash(&image),
        image_length: image.len() as u64,
        parts: Parts { text: 0..3, read_only: 4096..12288, slots: 0..0 },
        slots: Vec::new(),
        contents: vec![Contents { memory: MemoryIdx(memory), address, place }],
        ..self::image().0
    };
    universal(&module, &native, &image).expect("small")
}

/// They stand for the data segments, which are not even decoded.
#[test]
fn memories_begin_with_the_contents_in_the_image() {
    let file = with_contents(1, 2 * 65536 - 8192, 4096..12288);
    let (_directory, path) = stored(&file);
    for loaded in [load(&path), load_bytes(file.clone())] {
        let Ok(Loaded::Native(module)) = loaded else { panic!("it does not run") };
        let (mut store, module) = (vm::Store::new(), Arc::new(module));
        let limits = Limits { min: 2, max: None };
        let other = store.new_memory(MemoryType { limits, memory64: false, shared: false }).expect("a small memory");
        let instance = store.instantiate(&module, &[vm::Extern::Memory(other)]).expect("an instance");
        let Some(vm::Extern::Memory(memory)) = store.export(instance, "memory") else { panic!("no memory") };
        let (zeros, data) = store.memory_data(memory).expect("not shared").split_at(2 * 65536 - 8192);
        assert!(zeros.iter().all(|&byte| byte == 0) && data == [b'x'; 8192]);
        assert!(store.memory_data(other).expect("not shared").iter().all(|&byte| byte == 0));
    }
}

#[test]
fn contents_of_memories_must_fit() {
    let outside = "the contents of a memory are outside of what is only read";
    let pages = "the contents of a memory are no whole pages";
    let fit = "the contents of a memory do not fit into it";
    for (memory, address, place, reason) in [
        (1, 0, 0..8192, outside),
        (1, 0, 8192..16384, outside),
        (1, 0, 8192..8192, outside),
        (1, 0, Range { start: 12288, end: 8192 }, outside),
        (1, 0, 4096..8191, pages),
        (1, 0, 4097..8192, pages),
        (1, 1, 4096..8192, pages),
        (1, 2 * 65536 - 4096, 4096..12288, fit),
        (1, 0u64.wrapping_sub(4096), 4096..8192, fit),
        (0, 0, 4096..8192, fit),
        (2, 0, 4096..8192, fit),
        (u32::MAX, 0, 4096..8192, fit),
    ] {
        match load_bytes(with_contents(memory, address, place.clone())) {
            Ok(Loaded::Plain { reason: found, .. }) => assert_eq!(found, Some(Rejected::Layout(reason))),
            Ok(Loaded::Native(_)) => panic!("it runs: {memory}, {address}, {place:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_module_that_cannot_be_decoded_is_not_run() {
    let mut bytes = module();
    bytes.extend([1, 1, 0xff]);
    let (mut native, image) = image();
    (native.module_hash, native.module_length) = (hash(&bytes), bytes.len() as u64);
    let loaded = load_bytes(universal(&bytes, &native, &image).expect("small"));
    assert!(matches!(loaded, Ok(Loaded::Plain { reason: Some(Rejected::Module(_)), .. })));
}

#[test]
fn sections_behind_the_native_code_are_noticed() {
    let mut file = good();
    file.extend(b"\0\x02\x01x");
    let Ok(Loaded::Plain { bytes, reason: Some(Rejected::NotLast) }) = load_bytes(file.clone()) else {
        panic!("it runs")
    };
    assert_eq!((*bytes).as_ref(), file);
}

/// Changes and cuts of a universal file: the native code must not run, and nothing may panic.
#[test]
fn no_damage_to_a_universal_file_gets_through() {
    let file = good();
    let section = UniversalSection::find(&file).expect("a section");
    let (module, header) = (section.start, section.payload.start);
    for at in 0..file.len() {
        for bit in [0x01, 0x80] {
            let mut damaged = file.clone();
            damaged[at] ^= bit;
            match load_bytes(damaged) {
                Ok(Loaded::Native(_)) => panic!("byte {at} does not matter"),
                Ok(Loaded::Plain { reason: Some(_), .. }) => {}
                // Frames of sections, up to the name of ours: what is then there is no file of ours any more.
                Ok(Loaded::Plain { reason: None, .. }) => assert!(at < header, "byte {at}"),
                Err(LoadError::Unknown) => assert!(at < 4, "byte {at}"),
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
    for length in 0..file.len() {
        match load_bytes(file[..length].to_vec()) {
            Ok(Loaded::Native(_)) => panic!("length {length} is enough"),
            Ok(Loaded::Plain { reason: Some(reason), bytes }) => {
                assert_eq!(reason, Rejected::Truncated, "length {length}");
                assert_eq!((*bytes).as_ref().len(), module);
            }
            Ok(Loaded::Plain { reason: None, .. }) => assert!(length < header, "length {length}"),
            Err(LoadError::Empty | LoadError::Unknown) => assert!(length < 4, "length {length}"),
            Err(error) => panic!("length {length}: {error}"),
        }
    }
}

/// As above, for a library. Bytes that only a dynamic loader reads do not matter.
#[test]
fn no_damage_to_a_library_gets_through() {
    let file = library();
    let elf = object::read::elf::ElfFile64::<object::LittleEndian>::parse(&*file).expect("an ELF file");
    let covered: Vec<_> = [abi::container::LIBRARY_SECTION, abi::container::LIBRARY_MODULE_SECTION]
        .map(|name| {
            use object::{Object, ObjectSection};
            let (at, size) = elf.section_by_name(name).and_then(|section| section.file_range()).expect("a section");
            at as usize..(at + size) as usize
        })
        .into();
    for at in 0..file.len() {
        for bit in [0x01, 0x80] {
            let mut damaged = file.clone();
            damaged[at] ^= bit;
            match load_bytes(damaged) {
                Ok(Loaded::Native(loaded)) => {
                    assert_eq!(loaded.bytes(), module());
                    assert!(!covered.iter().any(|range| range.contains(&at)), "byte {at} does not matter");
                }
                Err(LoadError::Library(_)) => {}
                Err(LoadError::Unknown) => assert!(at < 4, "byte {at}"),
                Ok(Loaded::Plain { .. }) => panic!("byte {at} makes it plain"),
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
    for length in 0..file.len() {
        assert!(load_bytes(file[..length].to_vec()).is_err(), "length {length} is enough");
    }
}

#[test]
fn reasons_read_well() {
    let error = LoadError::Library(Rejected::Container(ContainerError::Version(9)));
    assert_eq!(
        error.to_string(),
        "the shared library cannot be used: the native code cannot be read: its format version is 9, not 5"
    );
}
