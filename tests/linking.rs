//! Native and interpreted instances in one store: calls in both directions, directly and through tables, shared memories,
//! globals and references, traps with the frames of both, and recursion through both, which must end in a trap.

use artifact::Level;
use engine::{Extern, FuncType, Mode, Module, Trap, TrapCode, ValType, Value};
use tests::World;

/// What runs a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Native,
    Interpreted,
}

use Kind::{Interpreted, Native};

/// All ways to run two modules.
const PAIRS: [(Kind, Kind); 4] =
    [(Native, Interpreted), (Interpreted, Native), (Interpreted, Interpreted), (Native, Native)];

fn load(kind: Kind, text: &str) -> Module {
    let bytes = tests::wat(text);
    let module = match kind {
        Native => {
            let file = tests::compile(&bytes, Level::O0).expect("the module compiles");
            Module::from_bytes_in(file, Mode::Aot)
        }
        Interpreted => Module::from_bytes_in(bytes, Mode::Interpreter),
    };
    let module = module.expect("the module loads");
    assert_eq!(module.is_native(), kind == Native);
    module
}

fn names(trap: &Trap) -> Vec<&str> {
    trap.frames.iter().map(|frame| frame.name.as_deref().unwrap_or("?")).collect()
}

const LOWER: &str = r#"
    (module
      (memory (export "memory") 1 3)
      (table (export "table") 4 funcref)
      (global (export "global") (mut i64) (i64.const 1))
      (elem (i32.const 0) $twice)
      (func $twice (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
      (func $load (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "mixed") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
        (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
      (func (export "via") (param i32 i32) (result i32)
        (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
      (func (export "global_now") (param i32) (result i32) (i32.wrap_i64 (global.get 0))))"#;

const UPPER: &str = r#"
    (module
      (import "lower" "twice" (func $twice (param i32) (result i32)))
      (import "lower" "load" (func $load (param i32) (result i32)))
      (import "lower" "mixed" (func $mixed (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)))
      (import "lower" "memory" (memory 1))
      (import "lower" "table" (table 4 funcref))
      (import "lower" "global" (global $global (mut i64)))
      (elem (i32.const 1) $thrice)
      (elem declare func $thrice)
      (func $thrice (export "thrice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
      (func (export "sum") (param i32) (result i32) (i32.add (call $twice (local.get 0)) (call $thrice (local.get 0))))
      (func $outer (export "outer") (param i32) (result i32) (i32.add (call $load (local.get 0)) (i32.const 1)))
      (func (export "via") (param i32 i32) (result i32)
        (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
      (func (export "write") (param i32) (result i32)
        (i32.store8 (local.get 0) (i32.const 77))
        (call $load (local.get 0)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "set") (param i32) (result i32)
        (global.set $global (i64.extend_i32_u (local.get 0)))
        (i32.const 0))
      (func (export "move") (param i32) (result i32)
        (table.set (local.get 0) (table.get (i32.const 1)))
        (table.set (i32.const 3) (ref.func $thrice))
        (table.size))
      (func (export "mixed") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
        (call $mixed (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))"#;

#[test]
fn functions_memories_tables_and_globals_are_shared() {
    for (lower_kind, upper_kind) in PAIRS {
        let mut world = World::new();
        let lower = world.add("lower", &load(lower_kind, LOWER));
        let upper = world.add("upper", &load(upper_kind, UPPER));
        assert_eq!(world.number(upper, "sum", 5), 25);
        assert_eq!(world.number(upper, "write", 300), 77);
        assert_eq!(world.number(lower, "load", 300), 77);
        assert_eq!(world.number(upper, "grow", 1), 1);
        assert_eq!(world.number(lower, "load", 65536), 0);
        assert_eq!(world.number(upper, "write", 131071), 77);
        world.number(upper, "set", 9);
        assert_eq!(world.number(lower, "global_now", 0), 9);
        assert_eq!(world.number(upper, "move", 2), 4);
        for instance in [lower, upper] {
            for (index, expected) in [(0, 10), (1, 15), (2, 15), (3, 15)] {
                let result = world.call(instance, "via", &[Value::I32(5), Value::I32(index)]).expect("no trap");
                assert_eq!(result, [Value::I32(expected)], "{lower_kind:?} {upper_kind:?} element {index}");
            }
        }
        let values = [Value::I32(-1), Value::I64(-2), Value::F32(3), Value::F64(4), Value::V128([5; 16])];
        let mut reversed = values;
        reversed.reverse();
        assert_eq!(world.call(upper, "mixed", &values).expect("no trap"), reversed);
    }
}

#[test]
fn a_trap_goes_through_both_and_names_all_frames() {
    for (lower, upper) in PAIRS {
        let mut world = World::new();
        world.add("lower", &load(lower, LOWER));
        let upper = world.add("upper", &load(upper, UPPER));
        let trap = world.call(upper, "outer", &[Value::I32(-1)]).expect_err("out of bounds");
        assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
        assert_eq!(names(&trap), ["load", "outer"]);
        assert!(trap.frames.iter().all(|frame| frame.offset > 0));
        let trap = world.call(upper, "via", &[Value::I32(0), Value::I32(4)]).expect_err("no such element");
        assert_eq!(trap.code(), Some(TrapCode::UndefinedElement));
        let trap = world.call(upper, "via", &[Value::I32(0), Value::I32(3)]).expect_err("a null element");
        assert_eq!(trap.code(), Some(TrapCode::UninitializedElement));
        // Nothing is left behind.
        assert_eq!(world.number(upper, "sum", 1), 5);
    }
}

/// A function that is called through an element of another instance's table, which it gets after that instance was made.
#[test]
fn recursion_through_both_ends_in_a_trap() {
    for (lower, upper) in PAIRS {
        let mut world = World::new();
        let first = r#"
            (module
              (table (export "table") 1 funcref)
              (func $ping (export "ping") (param i32) (result i32)
                (i32.add (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)) (i32.const 1))))"#;
        let second = r#"
            (module
              (import "first" "ping" (func $ping (param i32) (result i32)))
              (import "first" "table" (table 1 funcref))
              (elem (i32.const 0) $pong)
              (func $pong (param i32) (result i32)
                (if (result i32) (local.get 0)
                  (then (call $ping (i32.sub (local.get 0) (i32.const 1))))
                  (else (i32.const 0)))))"#;
        let first = world.add("first", &load(lower, first));
        world.add("second", &load(upper, second));
        assert_eq!(world.number(first, "ping", 20), 21);
        for _ in 0..2 {
            let trap = world.call(first, "ping", &[Value::I32(i32::MAX)]).expect_err("endless recursion");
            assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted), "{lower:?} {upper:?}");
            assert!(trap.frames.len() > 10 && trap.omitted > 10, "{} {}", trap.frames.len(), trap.omitted);
            assert!(names(&trap).contains(&"ping") && names(&trap).contains(&"pong"));
        }
        assert_eq!(world.number(first, "ping", 20), 21);
    }
}

/// The same with the host between: it gets traps of the guest, and passes them on.
#[test]
fn recursion_through_the_host_ends_in_a_trap() {
    for kind in [Native, Interpreted] {
        let mut world = World::new();
        let ty = FuncType::new([], [ValType::I32]);
        world.linker.func_new("host", "again", ty, |caller, slots| {
            let instance = caller.instance().ok_or("called by nobody known")?;
            let function = engine::function(caller.store(), instance, "call").ok_or("no function")?;
            let results = caller.store().call(function, &[])?;
            slots[0] = caller.store().slot(results[0]);
            Ok(())
        });
        let text = r#"(module (import "host" "again" (func $again (result i32)))
            (func $call (export "call") (result i32) (i32.add (call $again) (i32.const 1))))"#;
        let instance = world.add("guest", &load(kind, text));
        let trap = world.call(instance, "call", &[]).expect_err("endless recursion");
        assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
        assert!(names(&trap).iter().all(|&name| name == "call") && trap.frames.len() > 10);
    }
}

/// A function of the host goes through an interpreted module's export and table before native code calls it.
#[test]
fn functions_are_passed_on() {
    for (lower, upper) in PAIRS {
        let mut world = World::new();
        let ty = FuncType::new([ValType::I64], [ValType::I64]);
        world.linker.func_new("host", "negate", ty, |_, slots| {
            let value = slots[0].i64();
            slots[0].set_i64(-value);
            Ok(())
        });
        let middle = r#"
            (module
              (import "host" "negate" (func $negate (param i64) (result i64)))
              (export "negate" (func $negate))
              (table (export "table") 2 funcref)
              (elem (i32.const 0) $negate $own)
              (func $own (param i64) (result i64) (i64.add (call $negate (local.get 0)) (i64.const 1)))
              (func (export "first") (result funcref) (table.get (i32.const 1))))"#;
        let last = r#"
            (module
              (import "middle" "negate" (func $negate (param i64) (result i64)))
              (import "middle" "table" (table 2 funcref))
              (import "middle" "first" (func $first (result funcref)))
              (func (export "direct") (param i64) (result i64) (call $negate (local.get 0)))
              (func (export "taken") (param i64) (result i64)
                (table.set (i32.const 0) (call $first))
                (call_indirect (param i64) (result i64) (local.get 0) (i32.const 0)))
              (func (export "indirect") (param i64 i32) (result i64)
                (call_indirect (param i64) (result i64) (local.get 0) (local.get 1))))"#;
        world.add("middle", &load(lower, middle));
        let last = world.add("last", &load(upper, last));
        let five = Value::I64(5);
        assert_eq!(world.call(last, "direct", &[five]).expect("no trap"), [Value::I64(-5)]);
        assert_eq!(world.call(last, "indirect", &[five, Value::I32(0)]).expect("no trap"), [Value::I64(-5)]);
        assert_eq!(world.call(last, "indirect", &[five, Value::I32(1)]).expect("no trap"), [Value::I64(-4)]);
        assert_eq!(world.call(last, "taken", &[five]).expect("no trap"), [Value::I64(-4)]);
        // What the table holds is a function for the host, too.
        let Some(Extern::Table(table)) = world.linker.get(&mut world.store, "middle", "table") else {
            panic!("no table")
        };
        let Some(Value::FuncRef(Some(function))) = world.store.table_get(table, 0) else { panic!("no function") };
        assert_eq!(world.store.call(function, &[five]).expect("no trap"), [Value::I64(-4)]);
    }
}
