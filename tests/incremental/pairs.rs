//! Pairs of modules with the same bodies but another meaning of them: for each thing that code depends on, one that takes the
//! object of the other if the key leaves it out.

use super::compiles::compile;
use super::{Cached, functions, options};
use artifact::{CostTable, Level, Metering, Options, Target};
use driver::Request;

/// What differs; the fields of both modules. Some function's code is not the same in both.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "whether a global changes",
        "(global $g i32 (i32.const 1)) (func (export \"f\") (result i32) (global.get $g))",
        "(global $g (mut i32) (i32.const 1)) (func (export \"f\") (result i32) (global.get $g))",
    ),
    (
        "the value of a constant global",
        "(global $g i32 (i32.const 1)) (func (export \"f\") (result i32) (global.get $g))",
        "(global $g i32 (i32.const 2)) (func (export \"f\") (result i32) (global.get $g))",
    ),
    (
        "the bits of a constant NaN",
        "(global $g f32 (f32.const nan:0x400001)) (func (export \"f\") (result f32) (global.get $g))",
        "(global $g f32 (f32.const nan:0x400002)) (func (export \"f\") (result f32) (global.get $g))",
    ),
    (
        "the sign of a constant zero",
        "(global $g f64 (f64.const 0)) (func (export \"f\") (result f64) (global.get $g))",
        "(global $g f64 (f64.const -0)) (func (export \"f\") (result f64) (global.get $g))",
    ),
    (
        "the value of a constant vector",
        "(global $g v128 (v128.const i32x4 1 2 3 4)) (func (export \"f\") (result v128) (global.get $g))",
        "(global $g v128 (v128.const i32x4 1 2 3 5)) (func (export \"f\") (result v128) (global.get $g))",
    ),
    (
        "who gives a global's value",
        "(import \"\" \"i\" (global $i i32)) (global $g i32 (global.get $i))
         (func (export \"f\") (result i32) (global.get $g))",
        "(import \"\" \"i\" (global $i i32)) (global $g i32 (i32.const 0))
         (func (export \"f\") (result i32) (global.get $g))",
    ),
    (
        "whether a global is imported",
        "(import \"\" \"g\" (global $g (mut i32))) (func (export \"f\") (result i32) (global.get $g))",
        "(global $g (mut i32) (i32.const 0)) (func (export \"f\") (result i32) (global.get $g))",
    ),
    (
        "whether a constant global is imported",
        "(import \"\" \"g\" (global $g i32)) (func (export \"f\") (result i32) (global.get $g))",
        "(global $g i32 (i32.const 0)) (func (export \"f\") (result i32) (global.get $g))",
    ),
    (
        "the type of a global",
        "(global $g (mut i32) (i32.const 0)) (global $h (mut i32) (i32.const 0))
         (func (export \"f\") (drop (global.get $g)))",
        "(global $g (mut i64) (i64.const 0)) (global $h (mut i32) (i32.const 0))
         (func (export \"f\") (drop (global.get $g)))",
    ),
    (
        "how many memories there are",
        "(memory 1) (global $g (mut i32) (i32.const 0)) (func (export \"f\") (global.set $g (i32.const 1)))",
        "(memory 1) (memory 1) (global $g (mut i32) (i32.const 0)) (func (export \"f\") (global.set $g (i32.const 1)))",
    ),
    (
        "whether a table can grow",
        "(table $t (export \"t\") 5 5 funcref) (func (export \"f\") (result i32) (table.size $t))",
        "(table $t (export \"t\") 5 6 funcref) (func (export \"f\") (result i32) (table.size $t))",
    ),
    (
        "the length of a table that cannot grow",
        "(table $t 5 5 funcref) (func (export \"f\") (result funcref) (table.get $t (i32.const 4)))",
        "(table $t 4 4 funcref) (func (export \"f\") (result funcref) (table.get $t (i32.const 4)))",
    ),
    (
        "whether a table is imported",
        "(import \"\" \"t\" (table $t 5 6 funcref)) (func (export \"f\") (result funcref) (table.get $t (i32.const 4)))",
        "(table $t 5 6 funcref) (func (export \"f\") (result funcref) (table.get $t (i32.const 4)))",
    ),
    (
        "how a table is indexed",
        "(table $t 5 6 funcref) (func (export \"f\") (drop (table.grow $t (ref.null func) (table.size $t))))",
        "(table $t i64 5 6 funcref) (func (export \"f\") (drop (table.grow $t (ref.null func) (table.size $t))))",
    ),
    (
        "how a memory is addressed",
        "(memory 1) (func (export \"f\") (result i32) (i32.load offset=8 (memory.grow (memory.size))))",
        "(memory i64 1) (func (export \"f\") (result i32) (i32.load offset=8 (memory.grow (memory.size))))",
    ),
    (
        "whether a memory is shared",
        "(memory 1 1) (func (export \"f\") (result i32) (memory.size))",
        "(memory 1 1 shared) (func (export \"f\") (result i32) (memory.size))",
    ),
    (
        "whether some memory is shared",
        "(memory $m 1 1) (memory 1 1) (func (export \"f\") (result i32) (i32.load $m (i32.const 8)))",
        "(memory $m 1 1) (memory 1 1 shared) (func (export \"f\") (result i32) (i32.load $m (i32.const 8)))",
    ),
    (
        "whether a called function is imported",
        "(import \"\" \"i\" (func $i)) (func $d) (func (export \"f\") (call $i))",
        "(import \"\" \"i\" (func)) (func $i) (func (export \"f\") (call $i))",
    ),
    (
        "which imported function is called",
        "(import \"\" \"a\" (func $a)) (import \"\" \"b\" (func $b)) (func (export \"f\") (call $a))",
        "(import \"\" \"a\" (func $a)) (import \"\" \"b\" (func $b)) (func (export \"f\") (call $b))",
    ),
    (
        "the type of a called function",
        "(func $v (result i32) (unreachable)) (func $s (param i32)) (func (export \"f\") (call $s (call $v)))",
        "(func $v (result f64) (unreachable)) (func $s (param f64)) (func (export \"f\") (call $s (call $v)))",
    ),
    (
        "whether a called function makes tail calls",
        "(func $h) (func $i (call $h)) (func (export \"f\") (call $i))",
        "(func $h) (func $i (return_call $h)) (func (export \"f\") (call $i))",
    ),
    (
        "whether a function that is called last makes tail calls",
        "(func $h) (func $i (call $h)) (func (export \"f\") (return_call $i))",
        "(func $h) (func $i (return_call $h)) (func (export \"f\") (return_call $i))",
    ),
    (
        "which functions are called",
        "(func $a) (func $b (unreachable)) (func (export \"f\") (call $a) (call $b))",
        "(func $a) (func $b (unreachable)) (func (export \"f\") (call $a) (call $a))",
    ),
    (
        "whether a function calls itself",
        "(func $a (call $a)) (func $b (call $a))",
        "(func $a (call $b)) (func $b (call $a))",
    ),
    ("a function's parameters", "(func (export \"f\") (param i32))", "(func (export \"f\") (param i64))"),
    (
        "a function's results",
        "(func (export \"f\") (result i32) (unreachable))",
        "(func (export \"f\") (result f32) (unreachable))",
    ),
    (
        "whether results are returned in memory",
        "(func (export \"f\") (result i32 i32) (unreachable))",
        "(func (export \"f\") (result i32 i32 i32) (unreachable))",
    ),
    (
        "the type of a block",
        "(type $t (func (result i32))) (func $v (result i32) (i32.const 1))
         (func (export \"f\") (local i32) (drop (block (type $t) (br_if 0 (call $v) (local.get 0)))))",
        "(type $t (func (result f64))) (func $v (result f64) (f64.const 1))
         (func (export \"f\") (local i32) (drop (block (type $t) (br_if 0 (call $v) (local.get 0)))))",
    ),
    (
        "what a loop takes",
        "(type $t (func (param i32))) (func $v (result i32) (i32.const 1)) (func (export \"f\") (param i32)
         (call $v) (loop $l (type $t) (drop) (br_if $l (call $v) (local.get 0)) (drop)))",
        "(type $t (func (param f64))) (func $v (result f64) (f64.const 1)) (func (export \"f\") (param i32)
         (call $v) (loop $l (type $t) (drop) (br_if $l (call $v) (local.get 0)) (drop)))",
    ),
    (
        "the type of what is called indirectly",
        "(type $t (func (result i32))) (table 1 2 funcref) (func (export \"f\") (drop (call_indirect (type $t)
         (i32.const 0))))",
        "(type $t (func (result v128))) (table 1 2 funcref) (func (export \"f\") (drop (call_indirect (type $t)
         (i32.const 0))))",
    ),
    (
        "where the id of a type lies",
        "(type $a (func)) (type $b (func)) (table 1 2 funcref) (func (export \"f\") (call_indirect (type $a) (i32.const 0)))",
        "(type $a (func)) (type $b (func)) (table 1 2 funcref) (func (export \"f\") (call_indirect (type $b) (i32.const 0)))",
    ),
    (
        "which of two types of one shape is which",
        "(type $a (func)) (type $b (func)) (table 1 2 funcref)
         (func (export \"f\") (call_indirect (type $a) (i32.const 0)) (call_indirect (type $b) (i32.const 0)))",
        "(type $a (func)) (type $b (func)) (table 1 2 funcref)
         (func (export \"f\") (call_indirect (type $a) (i32.const 0)) (call_indirect (type $a) (i32.const 0)))",
    ),
    (
        "the type of what is called through a reference",
        "(type $t (func (result i32))) (func (export \"f\") (param (ref $t)) (drop (call_ref $t (local.get 0))))",
        "(type $t (func (result f32))) (func (export \"f\") (param (ref $t)) (drop (call_ref $t (local.get 0))))",
    ),
    (
        "which function is referenced",
        "(func $a (export \"a\")) (func $b (export \"b\")) (func (export \"f\") (result funcref) (ref.func $a))",
        "(func $a (export \"a\")) (func $b (export \"b\")) (func (export \"f\") (result funcref) (ref.func $b))",
    ),
    (
        "whether another function has a record",
        "(func $a) (func $b (export \"b\")) (func (export \"f\") (result funcref) (ref.func $b))",
        "(func $a (export \"a\")) (func $b (export \"b\")) (func (export \"f\") (result funcref) (ref.func $b))",
    ),
    (
        "whether some function catches",
        "(func $g) (func (export \"f\") (call $g)) (func (export \"c\") (block (call $g)))",
        "(func $g) (func (export \"f\") (call $g)) (func (export \"c\") (block (try_table (catch_all 0) (call $g))))",
    ),
    (
        "what an exception carries",
        "(type $c (func (result i32))) (tag $t (param i32)) (func $g)
         (func (export \"f\") (drop (block $b (type $c) (try_table (catch $t $b) (call $g)) (unreachable))))",
        "(type $c (func (result i64))) (tag $t (param i64)) (func $g)
         (func (export \"f\") (drop (block $b (type $c) (try_table (catch $t $b) (call $g)) (unreachable))))",
    ),
    (
        "what is thrown",
        "(tag $t (param i32)) (func $v (result i32) (i32.const 1)) (func (export \"f\") (throw $t (call $v)))",
        "(tag $t (param f64)) (func $v (result f64) (f64.const 1)) (func (export \"f\") (throw $t (call $v)))",
    ),
    (
        "where a tag lies",
        "(tag $t) (func $g) (func (export \"f\") (block $b (try_table (catch $t $b) (call $g))))",
        "(import \"\" \"g\" (global i32)) (tag $t) (func $g)
         (func (export \"f\") (block $b (try_table (catch $t $b) (call $g))))",
    ),
    (
        "whether an imported global changes",
        "(import \"\" \"g\" (global $g i32)) (func $x) (func (export \"f\") (result i32) (i32.add (global.get $g) (call $x)
         (global.get $g)))",
        "(import \"\" \"g\" (global $g (mut i32))) (func $x) (func (export \"f\") (result i32) (i32.add (global.get $g)
         (call $x) (global.get $g)))",
    ),
    (
        "which memory is shared",
        "(memory 1 1) (memory 1 1 shared) (func (export \"f\") (result i32) (i32.add (memory.size 0) (memory.size 0)))",
        "(memory 1 1 shared) (memory 1 1) (func (export \"f\") (result i32) (i32.add (memory.size 0) (memory.size 0)))",
    ),
    (
        "which global of the unit a function uses",
        "(global $a (mut i32) (i32.const 0)) (global $b (mut i32) (i32.const 0)) (func (global.set $a (global.get $b)))
         (func (export \"f\") (result i32) (global.get $a))",
        "(global $a (mut i32) (i32.const 0)) (global $b (mut i32) (i32.const 0)) (func (global.set $a (global.get $b)))
         (func (export \"f\") (result i32) (global.get $b))",
    ),
    (
        "which function of the unit a function calls",
        "(func $a (unreachable)) (func $b) (func (export \"f\") (call $a))",
        "(func $a (unreachable)) (func $b) (func (export \"f\") (call $b))",
    ),
    (
        "which reference of the unit a function makes",
        "(func $a (export \"a\") (drop (ref.func $b)) (drop (ref.func $a))) (func $b (export \"b\") (result funcref)
         (ref.func $a))",
        "(func $a (export \"a\") (drop (ref.func $b)) (drop (ref.func $a))) (func $b (export \"b\") (result funcref)
         (ref.func $b))",
    ),
    (
        "which type of the unit a function checks",
        "(type $a (func)) (type $b (func)) (table 1 2 funcref) (func (call_indirect (type $a) (i32.const 0)) (call_indirect
         (type $b) (i32.const 0))) (func (export \"f\") (call_indirect (type $a) (i32.const 0)))",
        "(type $a (func)) (type $b (func)) (table 1 2 funcref) (func (call_indirect (type $a) (i32.const 0)) (call_indirect
         (type $b) (i32.const 0))) (func (export \"f\") (call_indirect (type $b) (i32.const 0)))",
    ),
    (
        "which type of the unit a function calls by",
        "(type $a (func (result i32 i32 i32))) (type $b (func)) (func (param (ref $a) (ref $b)) (call_ref $a (local.get 0))
         (call_ref $b (local.get 1)) (unreachable)) (func (export \"f\") (param nullfuncref) (call_ref $a (local.get 0))
         (unreachable))",
        "(type $a (func (result i32 i32 i32))) (type $b (func)) (func (param (ref $a) (ref $b)) (call_ref $a (local.get 0))
         (call_ref $b (local.get 1)) (unreachable)) (func (export \"f\") (param nullfuncref) (call_ref $b (local.get 0))
         (unreachable))",
    ),
];

/// What differs; the fields of both modules. No code depends on it.
const EQUAL: &[(&str, &str, &str)] = &[
    (
        "the limits of a memory",
        "(memory 1) (func (export \"f\") (result i32) (i32.load (memory.grow (i32.const 1))))",
        "(memory 2 9) (func (export \"f\") (result i32) (i32.load (memory.grow (i32.const 1))))",
    ),
    (
        "whether a memory is imported",
        "(memory 1) (func (export \"f\") (result i32) (i32.load (memory.grow (i32.const 1))))",
        "(import \"\" \"m\" (memory 1)) (func (export \"f\") (result i32) (i32.load (memory.grow (i32.const 1))))",
    ),
    (
        "the limits of a table that can grow",
        "(table $t (export \"t\") 5 funcref) (func (export \"f\") (result funcref) (table.get $t (i32.const 4)))",
        "(table $t (export \"t\") 6 9 funcref) (func (export \"f\") (result funcref) (table.get $t (i32.const 4)))",
    ),
    (
        "what a global that changes begins with",
        "(global $g (mut i32) (i32.const 1)) (func (export \"f\") (result i32) (global.get $g))",
        "(global $g (mut i32) (i32.const 2)) (func (export \"f\") (result i32) (global.get $g))",
    ),
    (
        "the number of a function that a global holds",
        "(func $i) (global $g funcref (ref.func $i)) (func (export \"f\") (result funcref) (global.get $g))",
        "(func $i) (func $j) (global $g funcref (ref.func $j)) (func (export \"f\") (result funcref) (global.get $g))",
    ),
    (
        "the numbers of functions and types",
        "(type $t (func (result i64))) (func $i (type $t) (i64.const 9)) (func (export \"f\") (drop (call $i)))",
        "(type (func)) (type $t (func (result i64))) (func) (func $i (type $t) (i64.const 9))
         (func (export \"f\") (drop (call $i)))",
    ),
    (
        "names, data and elements",
        "(memory 1) (table 1 2 funcref) (func $i) (func (export \"f\") (call $i) (memory.fill (i32.const 1) (i32.const 2)
         (i32.const 3)))",
        "(memory 1) (table 1 2 funcref) (func $i) (func $f (export \"another\") (call $i) (memory.fill (i32.const 1)
         (i32.const 2) (i32.const 3)))
         (data (i32.const 0) \"data\") (elem (i32.const 0) $i)",
    ),
];

/// The ways in which pairs are compiled.
fn ways() -> Vec<Options> {
    let sizes = [(Level::O0, 0), (Level::O2, 0), (Level::O0, 1 << 16), (Level::O2, 1 << 16)];
    let plain = sizes.into_iter().map(|(level, unit_size)| options(level, unit_size));
    // Without the care that exact traps take, other differences show.
    let relaxed = Options { relaxed_traps: true, ..options(Level::O2, 0) };
    plain.chain([relaxed]).collect()
}

fn module(fields: &str) -> Vec<u8> {
    tests::wat(&format!("(module {fields})"))
}

#[test]
fn keys_hold_what_code_depends_on() {
    for (name, one, other) in DIFFERENT {
        let mut differ = false;
        for options in ways() {
            for [first, second] in [[one, other], [other, one]] {
                let cached = Cached::new(options.clone());
                cached.must_compile(name, &module(first));
                let made = cached.must_compile(name, &module(second)).made;
                differ |= !functions(&made).is_empty();
            }
        }
        assert!(differ, "{name}: the two modules are one to the compiler");
    }
}

#[test]
fn keys_hold_nothing_else() {
    for (name, one, other) in EQUAL {
        for options in ways().into_iter().filter(|options| options.unit_size == 0) {
            for [first, second] in [[one, other], [other, one]] {
                let cached = Cached::new(options.clone());
                cached.must_compile(name, &module(first));
                let bytes = module(second);
                let after = cached.must_compile(name, &bytes);
                let last = functions(&after.kept).last().copied();
                let count = after.ranges.len() as u32;
                assert_eq!(last, Some(artifact::UnitId::Functions(count - 1)), "{name}: {:?} were made", after.made);
            }
        }
    }
}

/// A module whose code differs by every option.
const ANY: &str = "(memory 1) (table 2 4 funcref)
    (func $square (param f64) (result f64) (f64.mul (local.get 0) (local.get 0)))
    (func (export \"sum\") (param i32) (result f64) (local f64)
      (loop $again
        (local.set 1 (f64.add (local.get 1) (call $square (f64.load (local.get 0)))))
        (drop (i32.load (local.get 0)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.popcnt (local.get 0))))))
      (local.get 1))
    (func (export \"floor\") (param v128) (result v128) (f32x4.floor (f32x4.mul (local.get 0) (local.get 0))))
    (func (export \"rows\") (param i32) (local i32)
      (loop $again
        (i32.store (local.get 1) (i32.mul (i32.load offset=400 (local.get 1)) (i32.const 3)))
        (br_if $again (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 4))) (local.get 0)))))";

#[test]
fn keys_hold_the_options() {
    let base = options(Level::O2, 0);
    let host = &base.target;
    let costs = |text: &str| Some(serde_json::from_str::<CostTable>(text).expect("a table"));
    let metering = |metering: Metering| Options { metering, ..base.clone() };
    let target = |target: Target| Options { target, ..base.clone() };
    let triple = |triple: &str| target(Target { triple: triple.into(), tune: "generic".into(), cpu_features: vec![] });
    let features = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        names.sort();
        target(Target { cpu_features: names, tune: "generic".into(), ..host.clone() })
    };
    let mut all = vec![
        base.clone(),
        Options { relaxed_traps: true, ..base.clone() },
        Options { unit_size: 1 << 16, ..base.clone() },
        metering(Metering { instructions: true, ..Metering::default() }),
        metering(Metering { gas: Some(CostTable::default()), ..Metering::default() }),
        metering(Metering { gas: costs(r#"{"default": 2}"#), ..Metering::default() }),
        metering(Metering { gas: costs(r#"{"i32.load": 2}"#), ..Metering::default() }),
        metering(Metering { gas: costs(r#"{"f64.load": 2}"#), instructions: true, interruptible: false }),
        metering(Metering { interruptible: true, ..Metering::default() }),
        triple("x86_64-unknown-linux-gnu"),
        triple("x86_64-apple-darwin"),
        triple("x86_64-pc-windows-msvc"),
        triple("aarch64-unknown-linux-gnu"),
        triple("aarch64-apple-darwin"),
        triple("aarch64-pc-windows-msvc"),
    ];
    if host.architecture() == "x86_64" {
        all.push(features(&["sse3", "ssse3", "sse4.1"]));
        all.push(features(&["sse3", "ssse3", "sse4.1", "sse4.2", "popcnt"]));
        all.push(features(&["sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "avx", "avx2", "fma"]));
        all.push(target(Target { tune: "znver4".into(), ..host.clone() }));
        all.push(target(Target { tune: "atom".into(), ..host.clone() }));
    }
    for level in [Level::O0, Level::O1, Level::O3, Level::Os, Level::Oz] {
        all.push(Options { level, ..base.clone() });
    }
    let cached = Cached::new(base.clone());
    let bytes = module(ANY);
    let mut files = std::collections::BTreeSet::new();
    for options in all.iter().chain(all.iter().rev()) {
        let request = Request { options: options.clone(), ..cached.request.clone() };
        let (with, _) = compile(&bytes, &request).unwrap_or_else(|error| panic!("{error}"));
        let (without, _) =
            compile(&bytes, &Request { cache: None, ..request }).unwrap_or_else(|error| panic!("{error}"));
        assert!(with == without, "{options:?} takes the code for other options");
        files.insert(with);
    }
    // Some tunings, and the names of systems whose code is the same, make no difference.
    assert!(files.len() > all.len() / 2, "{} files for {} options", files.len(), all.len());
}
