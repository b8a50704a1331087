//! Memories and tables with 64-bit addresses and indices: where they end, to the byte, and past 4 GiB.

use artifact::{Feature, Level};
use engine::{
    Extern, Instance, InstantiateError, Limits, Linker, MemoryType, Module, RefType, Store, TableType, TrapCode,
};
use engine::{Value, function};
use tests::Way::{self, Interpreted, Native, Relaxed};

const OUTSIDE: TrapCode = TrapCode::MemoryOutOfBounds;

/// All that may differ: levels, with and without exact traps, and the interpreter.
const WAYS: [Way; 5] = [Native(Level::O0), Native(Level::O2), Relaxed(Level::O2), Relaxed(Level::O3), Interpreted];

fn module(fields: &str, way: Way) -> Module {
    way.load(fields, &[Feature::Memory64, Feature::MultiMemory, Feature::ExtendedConst, Feature::Threads])
}

struct Guest {
    store: Store,
    instance: Instance,
}

impl Guest {
    fn new(fields: &str, way: Way) -> Guest {
        let mut store = Store::new();
        let instance = Linker::new().instantiate(&mut store, &module(fields, way));
        Guest { instance: instance.unwrap_or_else(|error| panic!("{error}")), store }
    }

    /// Calls a function whose parameters are 64-bit integers and which gives one, or nothing.
    fn call(&mut self, name: &str, args: &[u64]) -> Result<u64, TrapCode> {
        let function = function(&self.store, self.instance, name).unwrap_or_else(|| panic!("no function {name}"));
        let args: Vec<_> = args.iter().map(|&arg| Value::I64(arg as i64)).collect();
        let results = self.store.call(function, &args).map_err(|trap| trap.code().expect("a guest's trap"))?;
        Ok(results.first().map_or(0, |result| if let Value::I64(value) = result { *value as u64 } else { u64::MAX }))
    }
}

/// Accesses of each width with offsets on both sides of what needs a check of its own.
#[test]
fn a_memory_ends_where_it_ends() {
    let mut fields =
        r#"(memory i64 2 3) (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))"#.to_string();
    let offsets =
        [0, 1, 7, 65_536, 131_064, 131_071, 131_072, 0xffff_fff0, 0xffff_fff1, 1 << 32, u64::MAX - 8, u64::MAX];
    for offset in offsets {
        fields.push_str(&format!(
            r#"(func (export "load8 {offset}") (param i64) (result i64) (i64.load8_u offset={offset} (local.get 0)))
            (func (export "load64 {offset}") (param i64) (result i64) (i64.load offset={offset} (local.get 0)))
            (func (export "store16 {offset}") (param i64) (i64.store16 offset={offset} (local.get 0) (i64.const 0)))
            (func (export "vector {offset}") (param i64) (result i64)
                (i64x2.extract_lane 1 (v128.load offset={offset} (local.get 0))))
            (func (export "lane {offset}") (param i64)
                (v128.store32_lane offset={offset} 1 (local.get 0) (v128.const i64x2 0 0)))
            (func (export "add {offset}") (param i64) (result i64)
                (i64.atomic.rmw.add offset={offset} (local.get 0) (i64.const 0)))
            (func (export "notify {offset}") (param i64)
                (drop (memory.atomic.notify offset={offset} (local.get 0) (i32.const 1))))"#
        ));
    }
    for way in WAYS {
        let mut guest = Guest::new(&fields, way);
        let mut check = |bytes: u64| {
            let around =
                |edge: u64| (0..10).map(move |i| edge.wrapping_sub(i)).chain((1..3).map(move |i| edge.wrapping_add(i)));
            for offset in offsets {
                let edges = [bytes, bytes.wrapping_sub(offset), 0u64.wrapping_sub(offset), 1 << 32, 1 << 63, u64::MAX];
                for address in edges.into_iter().flat_map(around) {
                    for (name, size, aligned) in [
                        ("load8", 1, false),
                        ("load64", 8, false),
                        ("store16", 2, false),
                        ("vector", 16, false),
                        ("lane", 4, false),
                        ("add", 8, true),
                        ("notify", 4, true),
                    ] {
                        let sum = u128::from(address) + u128::from(offset);
                        let expected = match sum {
                            _ if aligned && sum % size != 0 => Err(TrapCode::UnalignedAtomic),
                            _ if sum + size > bytes.into() => Err(OUTSIDE),
                            _ => Ok(0),
                        };
                        let result = guest.call(&format!("{name} {offset}"), &[address]);
                        assert_eq!(result, expected, "{name} at {address:#x} + {offset:#x} of {bytes:#x}, {way:?}");
                    }
                }
            }
            guest.call("grow", &[1])
        };
        assert_eq!(check(2 << 16), Ok(2));
        assert_eq!(check(3 << 16), Ok(u64::MAX));
    }
}

/// Only pages that are touched take real memory.
#[test]
fn a_memory_grows_past_4_gib() {
    let fields = r#"(memory (export "memory") i64 0)
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
        (func (export "size") (result i64) (memory.size))
        (func (export "set") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
        (func (export "get") (param i64) (result i64) (i64.load (local.get 0)))
        (func (export "copy") (param i64 i64 i64) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill") (param i64 i64 i64) (memory.fill (local.get 0) (i32.wrap_i64 (local.get 1)) (local.get 2)))"#;
    for way in WAYS {
        let mut guest = Guest::new(fields, way);
        let pages = (5u64 << 30) / 65_536;
        assert_eq!(guest.call("get", &[0]), Err(OUTSIDE), "a memory without pages has no address");
        assert_eq!(guest.call("grow", &[pages]), Ok(0));
        assert_eq!(guest.call("size", &[]), Ok(pages));
        let far = (5 << 30) - 8;
        assert_eq!(guest.call("set", &[far, 42]), Ok(0));
        assert_eq!(guest.call("get", &[far]), Ok(42));
        assert_eq!(guest.call("get", &[far & 0xffff_ffff]), Ok(0), "addresses are not cut");
        assert_eq!(guest.call("get", &[far + 1]), Err(OUTSIDE));
        assert_eq!(guest.call("copy", &[8, far, 8]), Ok(0));
        assert_eq!(guest.call("get", &[8]), Ok(42));
        assert_eq!(guest.call("copy", &[0, far, 9]), Err(OUTSIDE));
        assert_eq!(guest.call("copy", &[u64::MAX, 0, 2]), Err(OUTSIDE));
        assert_eq!(guest.call("fill", &[far, 1, 8]), Ok(0));
        assert_eq!(guest.call("fill", &[far, 1, u64::MAX]), Err(OUTSIDE));
        assert_eq!(guest.call("get", &[far]), Ok(0x0101_0101_0101_0101));
        for too_many in [1 << 32, 1 << 48, u64::MAX] {
            assert_eq!(guest.call("grow", &[too_many]), Ok(u64::MAX));
        }
    }
}

#[test]
fn segments_and_copies_mix_widths() {
    let fields = r#"
        (memory $wide (export "wide") i64 1) (memory $narrow (export "narrow") 1)
        (data (memory $wide) (i64.add (i64.const 65000) (i64.const 10)) "abcdef")
        (data $passive "uvwxyz")
        (func (export "out") (param i64 i64 i64)
            (memory.copy $narrow $wide (i32.wrap_i64 (local.get 0)) (local.get 1) (i32.wrap_i64 (local.get 2))))
        (func (export "in") (param i64 i64 i64)
            (memory.copy $wide $narrow (local.get 0) (i32.wrap_i64 (local.get 1)) (i32.wrap_i64 (local.get 2))))
        (func (export "init") (param i64)
            (memory.init $wide $passive (local.get 0) (i32.const 1) (i32.const 3)))"#;
    for way in WAYS {
        let mut guest = Guest::new(fields, way);
        assert_eq!(guest.call("out", &[5, 65_011, 4]), Ok(0));
        assert_eq!(guest.call("in", &[1 << 32, 0, 0]), Err(OUTSIDE), "the address is not cut");
        assert_eq!(guest.call("in", &[65_532, 6, 4]), Ok(0));
        assert_eq!(guest.call("init", &[65_535]), Err(OUTSIDE));
        assert_eq!(guest.call("init", &[0]), Ok(0));
        let bytes = |name, at: usize, length| {
            let Some(Extern::Memory(memory)) = guest.store.export(guest.instance, name) else {
                panic!("no memory {name}")
            };
            guest.store.memory_data(memory).expect("it is not shared")[at..at + length].to_vec()
        };
        assert_eq!(bytes("narrow", 5, 5), b"bcde\0");
        assert_eq!(bytes("wide", 65_532, 4), b"cde\0");
        assert_eq!(bytes("wide", 0, 4), b"vwx\0");
    }
    for way in [Native(Level::O0), Interpreted] {
        let outside = module(r#"(memory i64 1) (data (i64.const -1) "a")"#, way);
        let error = Linker::new().instantiate(&mut Store::new(), &outside).expect_err("the segment does not fit");
        assert!(matches!(&error, InstantiateError::Trap(trap) if trap.code() == Some(OUTSIDE)), "{error}");
    }
}

#[test]
fn tables_have_64_bit_indices() {
    let fields = r#"
        (type $number (func (result i64)))
        (table $wide i64 4 10 funcref) (table $narrow 4 funcref)
        (elem (table $wide) (i64.const 1) func $one $two)
        (elem $passive func $two)
        (func $one (result i64) (i64.const 1))
        (func $two (result i64) (i64.const 2))
        (func (export "call") (param i64) (result i64) (call_indirect $wide (type $number) (local.get 0)))
        (func (export "get") (param i64) (result i64)
            (i64.extend_i32_u (ref.is_null (table.get $wide (local.get 0)))))
        (func (export "set") (param i64) (table.set $wide (local.get 0) (ref.func $one)))
        (func (export "grow") (param i64) (result i64) (table.grow $wide (ref.func $two) (local.get 0)))
        (func (export "size") (result i64) (table.size $wide))
        (func (export "fill") (param i64 i64) (table.fill $wide (local.get 0) (ref.null func) (local.get 1)))
        (func (export "init") (param i64) (table.init $wide $passive (local.get 0) (i32.const 0) (i32.const 1)))
        (func (export "there_and_back") (param i64 i64)
            (table.copy $narrow $wide (i32.const 0) (local.get 0) (i32.const 2))
            (table.copy $wide $narrow (local.get 1) (i32.const 0) (i32.const 2)))"#;
    for way in WAYS {
        let mut guest = Guest::new(fields, way);
        assert_eq!(guest.call("call", &[2]), Ok(2));
        assert_eq!(guest.call("call", &[3]), Err(TrapCode::UninitializedElement));
        let outside = TrapCode::TableOutOfBounds;
        for far in [4, 1 << 32, (1 << 32) + 1, 1 << 61, u64::MAX] {
            assert_eq!(guest.call("call", &[far]), Err(TrapCode::UndefinedElement));
            assert_eq!(guest.call("get", &[far]), Err(outside));
            assert_eq!(guest.call("set", &[far]), Err(outside));
            assert_eq!(guest.call("init", &[far]), Err(outside));
            assert_eq!(guest.call("fill", &[far, 1]), Err(outside));
            assert_eq!(guest.call("fill", &[1, far]), Err(outside));
            assert_eq!(guest.call("there_and_back", &[0, far]), Err(outside));
        }
        assert_eq!(guest.call("there_and_back", &[1, 2]), Ok(0));
        assert_eq!((guest.call("call", &[2]), guest.call("call", &[3])), (Ok(1), Ok(2)));
        assert_eq!(
            (guest.call("grow", &[2]), guest.call("size", &[]), guest.call("call", &[5])),
            (Ok(4), Ok(6), Ok(2))
        );
        assert_eq!((guest.call("grow", &[5]), guest.call("grow", &[u64::MAX])), (Ok(u64::MAX), Ok(u64::MAX)));
        assert_eq!((guest.call("init", &[0]), guest.call("call", &[0])), (Ok(0), Ok(2)));
        assert_eq!((guest.call("fill", &[0, 6]), guest.call("get", &[5])), (Ok(0), Ok(1)));
    }
}

#[test]
fn widths_must_match() {
    let mut store = Store::new();
    let mut linker = Linker::new();
    let limits = Limits { min: 1, max: None };
    let memory = store.new_memory(MemoryType { limits, memory64: true, shared: false }).expect("a small memory");
    linker.define("", "memory", Extern::Memory(memory));
    let ty = TableType { element: RefType::FUNCREF, limits, table64: true };
    let table = store.new_table(ty, Value::FuncRef(None)).expect("a small table");
    linker.define("", "table", Extern::Table(table));
    for (import, fits) in
        [("memory i64 1", true), ("memory 1", false), ("table i64 1 funcref", true), ("table 1 funcref", false)]
    {
        let name = import.split(' ').next().unwrap_or_default();
        for way in [Native(Level::O0), Interpreted] {
            let module = module(&format!(r#"(import "" "{name}" ({import}))"#), way);
            assert_eq!(linker.instantiate(&mut store, &module).is_ok(), fits, "{import}");
        }
    }
}

/// What no machine has is refused when it is asked for, not when the module is compiled.
#[test]
fn a_memory_above_the_limit_is_an_error() {
    for way in [Native(Level::O0), Interpreted] {
        let module = module("(memory i64 0x1000000000 0x1000000000000)", way);
        let error = Linker::new().instantiate(&mut Store::new(), &module).expect_err("4 PiB are too many");
        assert!(error.to_string().contains("is above the limit"), "{error}");
    }
}
