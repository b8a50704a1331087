//! Loops over memory that optimization has two versions of: native code does what the interpreter does, trap by trap and byte by
//! byte.

mod generate;

use crate::differential::{none_fails, seeds};
use artifact::{Feature, Level};
use engine::{Extern, Linker, Module, Store, Value};
use generate::Numbers;
use tests::Way;

/// How many random loops there are, unless `DIFFERENTIAL_SEEDS` chooses others.
const SEEDS: u64 = 150;
/// How often each of them runs, with other arguments.
const RUNS: u64 = 20;

/// What is held against the interpreter.
const WAYS: [Way; 3] = [Way::Native(Level::O2), Way::Native(Level::O3), Way::Relaxed(Level::O2)];

/// What a run showed: the result or why it trapped, and the contents of all memories (hashed).
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<Vec<Value>, String>,
    memories: Vec<String>,
}

/// Runs a module's function `run` in an instance of its own.
fn run(module: &Module, arguments: &[u32]) -> Outcome {
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, module).expect("the module links");
    let function = engine::function(&store, instance, "run").expect("an exported function");
    let arguments: Vec<Value> = arguments.iter().map(|&number| Value::I32(number as i32)).collect();
    let result = store.call(function, &arguments).map_err(|trap| trap.to_string());
    let mut exports: Vec<_> = store.exports(instance).map(|(name, item)| (name.to_string(), item)).collect();
    exports.sort_by(|(a, _), (b, _)| a.cmp(b));
    let memories = exports.into_iter().filter_map(|(_, item)| match item {
        Extern::Memory(memory) => {
            Some(blake3::hash(store.memory_data(memory).expect("memories are not shared")).to_string())
        }
        _ => None,
    });
    let memories = memories.collect();
    Outcome { result, memories }
}

/// The first run in which native code differs from the interpreter.
fn difference(fields: &str, runs: &[Vec<u32>]) -> Result<(), String> {
    let load = |way: Way| way.load(fields, &[Feature::MultiMemory]);
    let interpreted = load(Way::Interpreted);
    let expected: Vec<_> = runs.iter().map(|arguments| run(&interpreted, arguments)).collect();
    for way in WAYS {
        let native = load(way);
        // Where traps are relaxed, what would end in one may have no end.
        let exact = matches!(way, Way::Native(_));
        for (arguments, expected) in runs.iter().zip(&expected).filter(|(_, expected)| exact || expected.result.is_ok())
        {
            let actual = run(&native, arguments);
            if actual != *expected {
                return Err(format!("{way}, run({arguments:x?}): expected {expected:?}, found {actual:?}\n{fields}"));
            }
        }
    }
    Ok(())
}

#[test]
fn random_loops_do_the_same() {
    none_fails(seeds(SEEDS), |seed| {
        let mut numbers = Numbers::new(seed ^ 0xffff);
        let runs: Vec<_> = (0..RUNS).map(|_| generate::arguments(&mut numbers).to_vec()).collect();
        difference(&generate::module(seed), &runs).map_err(|what| format!("seed {seed}: {what}"))
    });
}

/// Loops that copy from one place to another and run over the end of memory, or around its beginning, by each number of bytes.
#[test]
fn loops_that_leave_memory_trap_at_the_same_access() {
    let widths = [
        ("i64.load8_u", "i64.store8", "i64.add", "i64.const 1", 1),
        ("i64.load16_u", "i64.store16", "i64.add", "i64.const 1", 2),
        ("i64.load32_u", "i64.store32", "i64.add", "i64.const 1", 4),
        ("i64.load", "i64.store", "i64.add", "i64.const 1", 8),
        ("v128.load", "v128.store", "i8x16.add", "v128.const i64x2 1 2", 16),
    ];
    let cases = widths.iter().flat_map(|&width| (-8..=8i32).map(move |step| (width, step)));
    let cases: Vec<_> = cases.filter(|&(_, step)| step != 0).collect();
    none_fails(0..cases.len() as u64, |case| {
        let ((load, store, add, one, size), step) = cases[case as usize];
        let fields = format!(
            r#"(memory (export "memory") 1)
               (data (i32.const 0) "{data}") (data (i32.const 64000) "{data}")
               (func (export "run") (param $from i32) (param $to i32) (param $count i32)
                 (loop $again
                   ({store} (local.get $to) ({add} ({load} (local.get $from)) ({one})))
                   (local.set $from (i32.add (local.get $from) (i32.const {step})))
                   (local.set $to (i32.add (local.get $to) (i32.const {step})))
                   (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))"#,
            data = "0123456789abcdef".repeat(96)
        );
        // The address of the last access, if all goes well: up to the last place where there is room, and on. Numbers of iterations
        // that leave no rest, so that what is out of bounds would be part of a vector, and one that does.
        let edge = if step > 0 { 65536 - size } else { 0 };
        let beyond = [64, 256, 50].into_iter().flat_map(|count| (-9..=9i32).map(move |beyond| (count, beyond)));
        let runs = beyond.flat_map(|(count, beyond)| {
            let first = (edge + beyond * step.signum() - (count - 1) * step) as u32;
            let count = count as u32;
            [vec![first, 1000, count], vec![32_000, first, count], vec![first, first, count]]
        });
        difference(&fields, &runs.collect::<Vec<_>>())
    });
}

/// The same with a step that is known only when the loop runs.
#[test]
fn loops_of_any_step_trap_at_the_same_access() {
    let fields = r#"(memory (export "memory") 1) (data (i32.const 0) "0123456789abcdef")
        (func (export "run") (param $at i32) (param $step i32) (param $count i32) (result i32)
          (local $sum i32) (local $i i32)
          (loop $again
            (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
            (i32.store offset=4 (local.get $at) (local.get $sum))
            (local.set $at (i32.add (local.get $at) (local.get $step)))
            (br_if $again
              (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
          (local.get $sum))"#;
    let steps = [
        0,
        1,
        4,
        8,
        12,
        4096,
        1 << 30,
        1 << 31,
        u32::MAX,
        4u32.wrapping_neg(),
        8u32.wrapping_neg(),
        (1u32 << 30).wrapping_neg(),
    ];
    let runs = steps.into_iter().flat_map(|step| {
        let edges =
            [0u32, 8, 65536 - 8, 32_768].into_iter().flat_map(move |edge| (0..10).map(move |by| edge.wrapping_sub(by)));
        edges.flat_map(move |edge| {
            [0, 1, 2, 17].into_iter().flat_map(move |count: u32| {
                let first = edge.wrapping_sub(step.wrapping_mul(count.max(1) - 1));
                [vec![first, step, count], vec![edge, step, count]]
            })
        })
    });
    assert_eq!(difference(fields, &runs.collect::<Vec<_>>()), Ok(()));
}
