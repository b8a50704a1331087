//! Tail calls need no stack: ten million of them in a row, whatever leads from one function to the next, and whatever runs them.

mod chains;

use artifact::{Feature, Features, Level};
use engine::{FuncType, Instance, Linker, Metering, Module, Store, Trap, TrapCode, ValType, Value, function};
use tests::Way::{self, Interpreted, Native};

/// With the default stack, frames of any size would exhaust it long before.
const MANY: i32 = 10_000_000;

const ENGINES: [Way; 5] = [Native(Level::O0), Native(Level::O1), Native(Level::O2), Native(Level::O3), Interpreted];

/// Ways to run two modules.
const PAIRS: [(Way, Way); 7] = [
    (Native(Level::O0), Native(Level::O0)),
    (Native(Level::O2), Native(Level::O3)),
    (Native(Level::O3), Native(Level::O2)),
    (Native(Level::O0), Interpreted),
    (Native(Level::O2), Interpreted),
    (Interpreted, Native(Level::O2)),
    (Interpreted, Interpreted),
];

fn features() -> Features {
    let mut features = Features::wasm2();
    features.0.extend([Feature::TailCall, Feature::Exceptions]);
    features
}

fn module(text: &str, way: Way) -> Module {
    way.load_text(text, features(), &Metering::default())
}

fn call(store: &mut Store, instance: Instance, name: &str, args: &[Value]) -> Result<Vec<Value>, Trap> {
    let function = function(store, instance, name).unwrap_or_else(|| panic!("no function {name}"));
    store.call(function, args)
}

/// Calls `run` of a module without imports with a number, by each engine.
#[track_caller]
fn gives(text: &str, count: i32, expected: &[Value]) {
    for engine in ENGINES {
        let mut store = Store::new();
        let instance = Linker::new().instantiate(&mut store, &module(text, engine)).expect("an instance");
        let results = call(&mut store, instance, "run", &[Value::I32(count)]);
        assert_eq!(results.unwrap_or_else(|trap| panic!("{engine}: {trap}")), expected, "{engine}");
    }
}

#[test]
fn functions_of_one_type() {
    let text = r#"(module
        (func $even (export "run") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 44))))
            (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
        (func $odd (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 44))))
            (return_call $even (i32.sub (local.get 0) (i32.const 1)))))"#;
    gives(text, MANY, &[Value::I32(44)]);
}

#[test]
fn a_function_that_calls_itself() {
    let text = r#"(module
        (func $sum (param i32 i64) (result i64)
            (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call $sum (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.extend_i32_u (local.get 0)))))
        (func (export "run") (param i32) (result i64) (return_call $sum (local.get 0) (i64.const 0))))"#;
    gives(text, MANY, &[Value::I64(50_000_005_000_000)]);
}

/// Integers and floats, more of each than there are registers, in another order at each call; the callee of the other type has
/// two parameters only.
#[test]
fn functions_with_many_and_few_parameters() {
    let text = r#"(module
        (func $few (param $n i32) (param $sum i64) (result i64)
            (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
            (return_call $many
                (i64.const 1) (f64.const 1) (i64.const 2) (f32.const 2) (i64.const 3) (f64.const 3) (i64.const 4) (f32.const 4)
                (i64.const 5) (f64.const 5) (i64.const 6) (f32.const 6) (i64.const 7) (f64.const 7) (i64.const 8) (f32.const 8)
                (i32.const 9) (f64.const 9) (i32.const 10) (f32.const 10) (local.get $n) (local.get $sum)))
        (func $many
            (param $i1 i64) (param $d1 f64) (param $i2 i64) (param $f2 f32) (param $i3 i64) (param $d3 f64) (param $i4 i64) (param $f4 f32)
            (param $i5 i64) (param $d5 f64) (param $i6 i64) (param $f6 f32) (param $i7 i64) (param $d7 f64) (param $i8 i64) (param $f8 f32)
            (param $i9 i32) (param $d9 f64) (param $i10 i32) (param $f10 f32) (param $n i32) (param $sum i64) (result i64)
            (if (i64.eq (local.get $i8) (i64.const 8)) (then
                ;; The same, with the order of equal types reversed.
                (return_call $many
                    (local.get $i8) (local.get $d9) (local.get $i7) (local.get $f10) (local.get $i6) (local.get $d7) (local.get $i5) (local.get $f8)
                    (local.get $i4) (local.get $d5) (local.get $i3) (local.get $f6) (local.get $i2) (local.get $d3) (local.get $i1) (local.get $f4)
                    (local.get $i10) (local.get $d1) (local.get $i9) (local.get $f2) (local.get $n) (local.get $sum))))
            (return_call $few
                (i32.sub (local.get $n) (i32.const 1))
                (i64.add (local.get $sum) (i64.add
                    (i64.add
                        (i64.add (i64.mul (local.get $i1) (i64.const 1)) (i64.mul (local.get $i6) (i64.const 10)))
                        (i64.mul (local.get $i8) (i64.const 100)))
                    (i64.add
                        (i64.extend_i32_u (i32.mul (local.get $i9) (i32.const 1000)))
                        (i64.trunc_f64_s (f64.add
                            (f64.mul (local.get $d9) (f64.const 10000))
                            (f64.promote_f32 (f32.mul (local.get $f10) (f32.const 100000))))))))))
        (func (export "run") (param i32) (result i64) (call $few (local.get 0) (i64.const 0))))"#;
    // 8 + 3*10 + 1*100 + 10*1000 + 1*10000 + 2*100000
    gives(text, 1000, &[Value::I64(1000 * 220_138)]);
    gives(text, MANY / 2, &[Value::I64(5_000_000 * 220_138)]);
}

#[test]
fn functions_with_vectors() {
    let text = r#"(module
        (func $rotate
            (param $n i32) (param v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128) (result v128 v128 v128)
            (if (i32.eqz (local.get $n)) (then (return (local.get 1) (local.get 8) (local.get 11))))
            (return_call $step
                (local.get 11) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7)
                (local.get 8) (local.get 9) (local.get 10) (local.get $n)))
        (func $step (param v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128) (param $n i32) (result v128 v128 v128)
            (return_call $rotate
                (i32.sub (local.get $n) (i32.const 1))
                (i32x4.add (local.get 0) (i32x4.splat (i32.const 1)))
                (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7)
                (local.get 8) (local.get 9) (local.get 10)))
        (func (export "run") (param i32) (result i32 i32 i32)
            (local v128 v128 v128)
            (call $rotate (local.get 0)
                (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 1 0 0) (v128.const i32x4 0 2 0 0) (v128.const i32x4 0 3 0 0)
                (v128.const i32x4 0 4 0 0) (v128.const i32x4 0 5 0 0) (v128.const i32x4 0 6 0 0) (v128.const i32x4 0 7 0 0)
                (v128.const i32x4 0 8 0 0) (v128.const i32x4 0 9 0 0) (v128.const i32x4 0 10 0 0))
            (local.set 3) (local.set 2) (local.set 1)
            (i32x4.extract_lane 0 (local.get 1))
            (i32.sub (i32x4.extract_lane 1 (local.get 2)) (i32x4.extract_lane 0 (local.get 2)))
            (i32.sub (i32x4.extract_lane 1 (local.get 3)) (i32x4.extract_lane 0 (local.get 3)))))"#;
    // Each of eleven vectors has gone around n / 11 times; lane 1 was its place at first, and one more each time.
    gives(text, 11 * 400_000, &[Value::I32(400_000), Value::I32(7), Value::I32(10)]);
}

#[test]
fn functions_with_many_results() {
    let text = r#"(module
        (func $a (param $n i32) (param $x i64) (param $y f64) (result i32 i64 f64 i32)
            (if (i32.eqz (local.get $n)) (then (return (local.get $n) (local.get $x) (local.get $y) (i32.const 7))))
            (return_call $b (local.get $y) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 1) (local.get $x) (local.get $n)))
        (func $b (param $y f64) (param i64 i64 i64) (param $one i64) (param $x i64) (param $n i32) (result i32 i64 f64 i32)
            (return_call $a
                (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $x) (local.get $one)) (f64.add (local.get $y) (f64.const 0.5))))
        ;; A normal call, whose results are used, between tail calls.
        (func $middle (param $n i32) (result i32 i64 f64 i32)
            (local i32 i64 f64 i32)
            (call $a (local.get $n) (i64.const 10) (f64.const 0))
            (local.set 4) (local.set 3) (local.set 2) (local.set 1)
            (return_call $c (i32.add (local.get 4) (i32.const 1)) (local.get 3) (local.get 2) (local.get 1)))
        (func $c (param $w i32) (param $z f64) (param $y i64) (param $x i32) (result i32 i64 f64 i32)
            (local.get $x) (local.get $y) (local.get $z) (local.get $w))
        (func (export "run") (param i32) (result i32 i64 f64 i32) (return_call $middle (local.get 0))))"#;
    gives(text, MANY / 2, &[Value::I32(0), Value::I64(5_000_010), Value::F64(2_500_000f64.to_bits()), Value::I32(8)]);
}

/// Through a table, to functions of three types that tail call each other; the last one makes no tail calls.
#[test]
fn functions_in_a_table() {
    let text = r#"(module
        (type $one (func (param i32) (result i32 i32)))
        (type $two (func (param f64 i32) (result i32 i32)))
        (type $seven (func (param i32 i32 i32 i32 i32 i32 i32) (result i32 i32)))
        (table funcref (elem $a $b $c $last))
        (func $a (type $one)
            (if (i32.le_s (local.get 0) (i32.const 0)) (then (return_call_indirect (type $one) (i32.const 5) (i32.const 3))))
            (return_call_indirect (type $two) (f64.const 1) (local.get 0) (i32.const 1)))
        (func $b (type $two)
            (return_call_indirect (type $seven)
                (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 1) (local.get 1) (i32.const 2)))
        (func $c (type $seven)
            (return_call_indirect (type $one) (i32.sub (local.get 6) (local.get 5)) (i32.const 0)))
        (func $last (type $one) (i32.add (local.get 0) (i32.const 1)) (i32.const 2))
        (func (export "run") (param i32) (result i32 i32) (return_call_indirect (type $one) (local.get 0) (i32.const 0))))"#;
    gives(text, MANY / 3, &[Value::I32(6), Value::I32(2)]);
}

/// Two instances of two modules, which find each other in a shared table: one imports the other's function, too.
#[test]
fn functions_of_other_instances() {
    let first = r#"(module
        (type $back (func (param i32 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
        (table (export "table") 1 funcref)
        (global $calls (mut i64) (i64.const 0))
        (func (export "there") (param $n i32) (param $sum i64) (result i64)
            (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
            (if (i32.eqz (local.get $n)) (then (return (i64.add (local.get $sum) (global.get $calls)))))
            (return_call_indirect (type $back)
                (i32.sub (local.get $n) (i32.const 1)) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
                (i64.const 6) (i64.const 7) (local.get $sum) (i32.const 0))))"#;
    let second = r#"(module
        (import "first" "table" (table 1 funcref))
        (import "first" "there" (func $there (param i32 i64) (result i64)))
        (global $calls (mut i64) (i64.const 1000000000))
        (elem (i32.const 0) $back)
        (func $back (param $n i32) (param i64 i64 i64 i64 i64) (param $six i64) (param $seven i64) (param $sum i64) (result i64)
            (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
            (return_call $there (local.get $n) (i64.add (local.get $sum) (i64.sub (local.get $seven) (local.get $six)))))
        (func (export "calls") (result i64) (global.get $calls))
        (func (export "run") (param i32) (result i64) (return_call $there (local.get 0) (i64.const 0))))"#;
    for (one, other) in PAIRS {
        let mut store = Store::new();
        let mut linker = Linker::new();
        let instance = linker.instantiate(&mut store, &module(first, one)).expect("an instance");
        linker.define_instance(&store, "first", instance);
        let instance = linker.instantiate(&mut store, &module(second, other)).expect("an instance");
        let results = call(&mut store, instance, "run", &[Value::I32(MANY / 2)])
            .unwrap_or_else(|trap| panic!("{one}, {other}: {trap}"));
        assert_eq!(results, [Value::I64(10_000_001)], "{one}, {other}");
        let calls = call(&mut store, instance, "calls", &[]).unwrap_or_else(|trap| panic!("{one}, {other}: {trap}"));
        assert_eq!(calls, [Value::I64(1_005_000_000)], "{one}, {other}");
    }
}

/// A host function, and a function of a module that knows nothing of tail calls, as the last of ten million, and often.
#[test]
fn functions_that_make_no_tail_calls() {
    let plain = r#"(module
        (func (export "add") (param i32 i32 i32 i32 i32 i32 i32) (result i32 i32 i32)
            (i32.add (local.get 0) (local.get 6)) (local.get 1) (local.get 5)))"#;
    let text = r#"(module
        (type $add (func (param i32 i32 i32 i32 i32 i32 i32) (result i32 i32 i32)))
        (import "host" "add" (func $host (type $add)))
        (import "plain" "add" (func $plain (type $add)))
        (table funcref (elem $host $plain $own))
        (func $own (type $add)
            (i32.add (local.get 0) (local.get 6)) (local.get 1) (local.get 5))
        (func $count (param $n i32) (param $which i32) (result i32 i32 i32)
            (if (local.get $n) (then (return_call $count (i32.sub (local.get $n) (i32.const 1)) (local.get $which))))
            (block $own (block $plain (block $host
                (br_table $host $plain $own (local.get $which)))
                (return_call $host (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7)))
                (return_call $plain (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7)))
            (return_call $own (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7)))
        (func $through_table (param $which i32) (result i32 i32 i32)
            (return_call_indirect (type $add)
                (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7) (local.get $which)))
        (func (export "run") (param i32 i32) (result i32)
            (local $left i32) (local $sum i32)
            (call $count (local.get 0) (local.get 1))
            (local.set $sum (i32.add (i32.add)))
            (local.set $left (i32.const 1000))
            (loop $again
                (call $through_table (local.get 1))
                (local.set $sum (i32.add (local.get $sum) (i32.add (i32.add))))
                (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
            (local.get $sum)))"#;
    for (plain_engine, engine) in PAIRS {
        let mut store = Store::new();
        let mut linker = Linker::new();
        let ty = FuncType::new([ValType::I32; 7], [ValType::I32; 3]);
        linker.func_new("host", "add", ty, |_, slots| {
            let results = [slots[0].i32() + slots[6].i32(), slots[1].i32(), slots[5].i32()];
            slots.iter_mut().zip(results).for_each(|(slot, result)| slot.set_i32(result));
            Ok(())
        });
        let instance = linker.instantiate(&mut store, &module(plain, plain_engine)).expect("an instance");
        linker.define_instance(&store, "plain", instance);
        let instance = linker.instantiate(&mut store, &module(text, engine)).expect("an instance");
        for which in 0..3 {
            let results = call(&mut store, instance, "run", &[Value::I32(MANY), Value::I32(which)])
                .unwrap_or_else(|trap| panic!("{plain_engine}, {engine}: {trap}"));
            assert_eq!(results, [Value::I32(16 * 1001)], "{plain_engine}, {engine}: {which}");
        }
    }
}

#[test]
fn a_trap_shows_the_functions_that_are_left() {
    let text = r#"(module
        (table funcref (elem $trap))
        (func $outer (export "run") (param i32) (result i32)
            (i32.add (call $first (local.get 0)) (i32.const 1)))
        (func $first (param i32) (result i32)
            (return_call $second (local.get 0) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))
        (func $second (param $n i32) (param i64 i64 i64 i64 i64 i64) (result i32)
            (if (local.get $n) (then (return_call $first (i32.sub (local.get $n) (i32.const 1)))))
            (i32.sub (call_indirect (param i32) (result i32) (local.get $n) (i32.const 0)) (i32.const 1)))
        (func $trap (param i32) (result i32)
            (if (local.get 0) (then (return_call $trap (local.get 0))))
            (i32.div_u (i32.const 1) (local.get 0))))"#;
    for engine in ENGINES {
        let mut store = Store::new();
        let instance = Linker::new().instantiate(&mut store, &module(text, engine)).expect("an instance");
        let trap = call(&mut store, instance, "run", &[Value::I32(1000)]).expect_err("a division by zero");
        assert_eq!(trap.code(), Some(TrapCode::IntegerDivideByZero));
        let names: Vec<&str> = trap.frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
        // Optimized, one may be inlined into another, whose frame it then is.
        let expected = if matches!(engine, Native(Level::O0 | Level::O1) | Interpreted) {
            &["trap", "second", "outer"][..]
        } else {
            &["trap"][..]
        };
        assert!(names.starts_with(expected), "{engine}: {names:?}");
    }
}

/// A call is no tail call because it comes last.
#[test]
fn other_calls_exhaust_the_stack() {
    let text = r#"(module
        (func $even (export "run") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
            (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
        (func $odd (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return_call $even (i32.const 0))))
            (call $even (i32.sub (local.get 0) (i32.const 1)))))"#;
    for engine in ENGINES {
        let mut store = Store::new();
        let instance = Linker::new().instantiate(&mut store, &module(text, engine)).expect("an instance");
        let trap = call(&mut store, instance, "run", &[Value::I32(MANY)]).expect_err("no stack is left");
        assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted), "{engine}");
        assert_eq!(call(&mut store, instance, "run", &[Value::I32(9)]).expect("there is stack again"), [Value::I32(1)]);
    }
}
