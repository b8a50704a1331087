//! Data segments: whether they run or the pages that they leave are mapped or copied, memories begin with what the specification
//! says, and each instance has its own.

use abi::container::{Native, UniversalSection};
use artifact::{Feature, Level};
use driver::Silent;
use engine::{Extern, Instance, InstantiateError, Linker, Memory, Mode, Module, RefType, Store, TrapCode, Value};
use engine::{Limits, TableType};
use std::path::PathBuf;
use tempfile::TempDir;
use tests::World;

const PROPOSALS: [Feature; 4] = [Feature::Memory64, Feature::MultiMemory, Feature::Threads, Feature::ExtendedConst];

/// Enough data to be laid out as pages.
const MUCH: usize = 256 << 10;

/// A segment with much data.
fn much(place: &str) -> String {
    let bytes: String = (0..MUCH / 8).map(|at| format!("{at:07x}.")).collect();
    format!("(data {place} \"{bytes}\")")
}

/// What the much data has at an offset that is a multiple of 8.
fn much_at(offset: usize) -> [u8; 8] {
    format!("{:07x}.", offset / 8).into_bytes().try_into().expect("eight digits")
}

/// A module in all the ways that it can be loaded.
struct Loaded {
    ways: Vec<(&'static str, Module)>,
    /// Whether pages stand for its segments.
    laid_out: bool,
    /// Where the file is that its pages are mapped from, and what is in it.
    file: PathBuf,
    bytes: Vec<u8>,
    _folder: TempDir,
}

fn load(fields: &str) -> Loaded {
    let module = tests::wat(&format!("(module {fields})"));
    let mut request = tests::request(Level::O2);
    request.options.features.0.extend(PROPOSALS);
    let bytes = driver::compile(&module, &request, &Silent).unwrap_or_else(|error| panic!("{error}")).file;
    let section = UniversalSection::find(&bytes).expect("a native section");
    let (native, _) = Native::decode(&bytes[section.payload]).expect("a good one");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("app.wasm");
    std::fs::write(&file, &bytes).expect("written");
    let ways = vec![
        ("interpreted", tests::interpreted(module, &PROPOSALS).expect("a good module")),
        ("from a file", Module::from_file_in(&file, Mode::Aot).expect("a good file")),
        ("from memory", Module::from_bytes_in(bytes.clone(), Mode::Aot).expect("a good file")),
    ];
    Loaded { ways, laid_out: !native.contents.is_empty(), file, bytes, _folder: folder }
}

fn memory(store: &Store, instance: Instance, name: &str) -> Memory {
    match store.export(instance, name) {
        Some(Extern::Memory(memory)) => memory,
        other => panic!("no memory but {other:?}"),
    }
}

/// The bytes of a memory that is called `memory`.
fn bytes(store: &Store, instance: Instance) -> &[u8] {
    store.memory_data(memory(store, instance, "memory")).expect("it is not shared")
}

/// Whatever stands for the segments: the interpreter runs them.
#[test]
fn memories_begin_alike_in_all_ways() {
    let straddling = r#"(data (i32.const 8190) "four") (data (i32.const 65535) "two")"#;
    let overlapping =
        r#"(data (i32.const 8190) "0123456789") (data (i32.const 8188) "later") (data (i32.const 8191) "last")"#;
    for (what, laid_out, fields) in [
        ("one segment", true, much("(i32.const 1000)")),
        ("segments across pages", true, format!("{} {straddling}", much("(i32.const 100000)"))),
        ("segments over each other", true, format!("{} {overlapping}", much("(i32.const 0)"))),
        ("up to the end", true, much(&format!("(i32.const {})", 16 * 65536 - MUCH))),
        ("far from each other", true, format!("{} (data (i32.const 1000001) \"far\")", much("(i32.const 4096)"))),
        ("an empty one", true, format!("{} (data (i32.const 1048576) \"\")", much("(i32.const 0)"))),
        ("a passive one", false, format!("{} (data \"passive\")", much("(i32.const 0)"))),
        ("a place that is computed", false, much("(i32.add (i32.const 65536) (i32.const 8))")),
        ("little", false, r#"(data (i32.const 5) "little")"#.to_string()),
    ] {
        let loaded = load(&format!(r#"(memory (export "memory") 16) {fields}"#));
        assert_eq!(loaded.laid_out, laid_out, "{what}");
        let mut expected: Option<Vec<u8>> = None;
        for (way, module) in &loaded.ways {
            let mut store = Store::new();
            let instance = Linker::new().instantiate(&mut store, module).unwrap_or_else(|error| panic!("{error}"));
            let found = bytes(&store, instance);
            assert!(found.iter().any(|&byte| byte != 0) && found.len() == 16 << 16, "{what}, {way}");
            assert!(expected.get_or_insert_with(|| found.to_vec()) == found, "{what}, {way}");
        }
    }
}

#[test]
fn several_memories_have_each_their_own() {
    let loaded = load(&format!(
        r#"(memory (export "first") 4) (memory (export "second") i64 0x1_0010) {} {}"#,
        much("(memory 1) (i64.const 0x1_0001_0000)"),
        r#"(data (memory 0) (i32.const 4096) "first")"#
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let mut store = Store::new();
        let instance = Linker::new().instantiate(&mut store, module).unwrap_or_else(|error| panic!("{error}"));
        let first = memory(&store, instance, "first");
        assert_eq!(store.memory_data(first).expect("not shared")[4094..4102], *b"\0\0first\0", "{way}");
        let second = memory(&store, instance, "second");
        let mut found = [0; 8];
        store.memory_read(second, 0x1_0001_0000 + 4096, &mut found).expect("in bounds");
        assert_eq!(found, much_at(4096), "{way}");
    }
}

#[test]
fn instances_do_not_see_what_others_write() {
    let loaded = load(&format!(
        r#"(memory (export "memory") 16) {}
        (func (export "store") (param i32) (result i32)
            (i64.store (local.get 0) (i64.const -1)) (i32.load8_u offset=1 (local.get 0)))"#,
        much("(i32.const 4096)")
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let (mut world, mut other) = (World::new(), World::new());
        let [first, second] = ["first", "second"].map(|name| world.add(name, module));
        let elsewhere = other.add("elsewhere", module);
        // A page that the guest writes to, one that the host writes to, and one behind the data.
        assert_eq!(world.number(first, "store", 8192), 255, "{way}");
        assert_eq!(world.number(first, "store", 500_000), 255, "{way}");
        world.store.memory_write(memory(&world.store, first, "memory"), 16384, b"the host").expect("in bounds");
        let later = world.add("later", module);
        assert_eq!(bytes(&world.store, first)[8192..8200], [255; 8], "{way}");
        assert_eq!(bytes(&world.store, first)[16384..16392], *b"the host", "{way}");
        for (store, instance) in [(&world.store, second), (&world.store, later), (&other.store, elsewhere)] {
            let found = bytes(store, instance);
            assert_eq!(found[8192..8200], much_at(8192 - 4096), "{way}");
            assert_eq!(found[16384..16392], much_at(16384 - 4096), "{way}");
            assert_eq!(found[500_000], 0, "{way}");
        }
    }
    assert!(std::fs::read(&loaded.file).expect("the file is there") == loaded.bytes, "the file stays as it is");
}

#[test]
fn a_memory_grows_behind_its_data() {
    let loaded = load(&format!(
        r#"(memory (export "memory") 4 6) {}
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "store") (param i32) (result i32) (i32.store (local.get 0) (i32.const 7)) (i32.const 0))"#,
        much("(i32.const 0)")
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let mut world = World::new();
        let instance = world.add("", module);
        let outside = world.call(instance, "load", &[Value::I32(MUCH as i32)]).expect_err("nothing is there");
        assert_eq!(outside.code(), Some(TrapCode::MemoryOutOfBounds), "{way}");
        assert_eq!(world.number(instance, "grow", 2), 4, "{way}");
        assert_eq!(world.number(instance, "load", MUCH as i32), 0, "{way}");
        world.number(instance, "store", MUCH as i32 - 2);
        let found = bytes(&world.store, instance);
        assert_eq!(found[MUCH - 8..MUCH + 4], *[&much_at(MUCH - 8)[..6], &[7, 0, 0, 0, 0, 0]].concat(), "{way}");
        assert_eq!(found[..8], much_at(0), "{way}");
        let outside = world.call(instance, "load", &[Value::I32(6 << 16)]).expect_err("nothing is there");
        assert_eq!(outside.code(), Some(TrapCode::MemoryOutOfBounds), "{way}");
    }
}

#[test]
fn the_start_function_finds_the_data() {
    let loaded = load(&format!(
        r#"(memory (export "memory") 16) {}
        (func $start (i64.store (i32.const 8) (i64.load (i32.const 65536))))
        (start $start)"#,
        much("(i32.const 0)")
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let mut world = World::new();
        let instance = world.add("", module);
        assert_eq!(bytes(&world.store, instance)[8..16], much_at(65536), "{way}");
    }
}

#[test]
fn a_shared_memory_begins_with_its_data() {
    let loaded = load(&format!(
        r#"(memory (export "memory") 4 8 shared) {}
        (func (export "add") (param i32) (result i32) (i32.atomic.rmw8.add_u (local.get 0) (i32.const 1)))"#,
        much("(i32.const 0)")
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let mut world = World::new();
        let [first, second] = ["first", "second"].map(|name| world.add(name, module));
        assert_eq!(world.number(first, "add", 6), i32::from(b'0'), "{way}");
        let read = |instance| {
            let shared = world.store.shared_memory(memory(&world.store, instance, "memory")).expect("it is shared");
            let mut found = [0; 8];
            // As another thread has it.
            std::thread::scope(|scope| {
                scope.spawn(|| shared.read(0, &mut found).expect("in bounds")).join().expect("no panic");
            });
            found
        };
        assert_eq!((read(first), read(second)), (*b"0000001.", *b"0000000."), "{way}");
    }
}

/// Active segments are dropped once they have run, whether they ran one by one or not.
#[test]
fn nothing_is_left_of_active_segments() {
    let loaded = load(&format!(
        r#"(memory (export "memory") 16) {} (data (i32.const 0) "again")
        (func (export "init") (param i32) (result i32)
            (memory.init 1 (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 1))
        (func (export "drop") (param i32) (result i32) (data.drop 1) (i32.const 1))"#,
        much("(i32.const 0)")
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let mut world = World::new();
        let instance = world.add("", module);
        for _ in 0..2 {
            assert_eq!(world.number(instance, "init", 0), 1, "{way}");
            let trap = world.call(instance, "init", &[Value::I32(1)]).expect_err("it is dropped");
            assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds), "{way}");
            assert_eq!(world.number(instance, "drop", 0), 1, "{way}");
        }
    }
}

/// Elements come first (specification, section 4.5.4): a function that got into another's table before they trapped finds no data.
#[test]
fn data_comes_after_elements() {
    let loaded = load(&format!(
        r#"(import "" "table" (table 2 funcref)) (memory 16) {}
        (func $load (result i64) (i64.load (i32.const 65536)))
        (elem (i32.const 0) func $load)
        (elem (i32.const 2) func $load)"#,
        much("(i32.const 0)")
    ));
    assert!(loaded.laid_out);
    for (way, module) in &loaded.ways {
        let mut store = Store::new();
        let ty = TableType { element: RefType::FUNCREF, limits: Limits { min: 2, max: None }, table64: false };
        let table = store.new_table(ty, Value::FuncRef(None)).expect("a small table");
        let mut linker = Linker::new();
        linker.define("", "table", Extern::Table(table));
        match linker.instantiate(&mut store, module) {
            Err(InstantiateError::Trap(trap)) => assert_eq!(trap.code(), Some(TrapCode::TableOutOfBounds), "{way}"),
            other => panic!("{way}: {other:?}"),
        }
        let Some(Value::FuncRef(Some(load))) = store.table_get(table, 0) else { panic!("{way}: no function") };
        assert_eq!(store.call(load, &[]).expect("no trap"), [Value::I64(0)], "{way}");
    }
}

#[test]
fn a_segment_past_the_end_traps() {
    let past = format!(r#"(data (i32.const {}) "12")"#, 16 * 65536 - 1);
    let loaded = load(&format!(r#"(memory (export "memory") 16) {} {past}"#, much("(i32.const 0)")));
    assert!(!loaded.laid_out);
    for (way, module) in &loaded.ways {
        match Linker::new().instantiate(&mut Store::new(), module) {
            Err(InstantiateError::Trap(trap)) => assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds), "{way}"),
            other => panic!("{way}: {other:?}"),
        }
    }
}
