//! What counts, and when.

use super::*;

/// `end` and `else` only delimit.
#[test]
fn a_function_without_instructions_costs_nothing() {
    are_charged(
        r#"(module (func (export "run")) (func (export "blocks") (block (block) (block))))"#,
        &[("run", "[]", 0), ("blocks", "[]", 3)],
    );
}

#[test]
fn instructions_count_once_each() {
    are_charged(
        r#"(module (global $g (mut i32) (i32.const 0)) (memory 1)
            (func (export "run") (result i32) (local i32)
                (local.set 0 (i32.const 5))
                (global.set $g (local.get 0))
                (i32.store (i32.const 8) (global.get $g))
                nop
                (i32.add (i32.load (i32.const 8)) (i32.const 1))))"#,
        &[("run", "[I32(6)]", 12)],
    );
}

/// Behind a branch that is taken, or an instruction that does not go on, nothing counts.
#[test]
fn code_that_control_does_not_reach_costs_nothing() {
    are_charged(
        r#"(module
            (func (export "branch") (block (br 0) nop nop (loop (br 0)) (block nop)) nop)
            (func (export "return") (result i32) (return (i32.const 1)) nop (block nop) (i32.const 2))
            (func (export "trap") nop unreachable nop (loop nop (br 0)))
            (func (export "arm") (result i32)
                (if (result i32) (i32.const 0) (then unreachable nop (loop (br 0)) (i32.const 9)) (else (i32.const 2)))))"#,
        &[("branch", "[]", 3), ("return", "[I32(1)]", 2), ("trap", "unreachable", 2), ("arm", "[I32(2)]", 3)],
    );
}

#[test]
fn branches_are_charged_whether_they_are_taken_or_not() {
    are_charged(
        r#"(module
            (func (export "taken") (block (br_if 0 (i32.const 1)) nop nop) nop)
            (func (export "not_taken") (block (br_if 0 (i32.const 0)) nop nop) nop)
            (func (export "then") (if (i32.const 1) (then nop)) nop)
            (func (export "no_else") (if (i32.const 0) (then nop)) nop)
            (func (export "out") nop (br_if 0 (i32.const 1)) nop nop)
            (func (export "null") (block (br_on_null 0 (ref.null func)) drop nop) nop)
            (func (export "non_null") (block (result (ref func)) (br_on_non_null 0 (ref.func 0)) nop unreachable) drop)
            (elem declare func 0))"#,
        &[
            ("taken", "[]", 4),
            ("not_taken", "[]", 6),
            ("then", "[]", 4),
            ("no_else", "[]", 3),
            ("out", "[]", 3),
            ("null", "[]", 4),
            ("non_null", "[]", 4),
        ],
    );
}

/// Cases that share a label, one that goes back to a loop, and the default.
#[test]
fn tables_of_branches_cost_the_way_that_is_taken() {
    are_charged(
        r#"(module
            (func $way (param i32) (result i32) (local i32)
                (block
                    (block
                        (block
                            (loop
                                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                                (br_table 1 2 1 3 0 (i32.sub (local.get 0) (local.get 1)))))
                        (return (i32.const 10)))
                    nop (return (i32.const 20)))
                nop nop (i32.const 30))
            (func (export "first") (result i32) (call $way (i32.const 1)))
            (func (export "second") (result i32) (call $way (i32.const 2)))
            (func (export "fourth") (result i32) (call $way (i32.const 4)))
            (func (export "turns") (result i32) (call $way (i32.const 8))))"#,
        &[
            // 2 for the call, 3 for blocks, 9 for each turn, then the way.
            ("first", "[I32(10)]", 2 + 3 + 9 + 2),
            ("second", "[I32(20)]", 2 + 3 + 9 + 3),
            ("fourth", "[I32(30)]", 2 + 3 + 9 + 3),
            ("turns", "[I32(30)]", 2 + 3 + 4 * 9 + 9 + 3),
        ],
    );
}

/// A branch to a loop executes its `loop` again.
#[test]
fn each_turn_of_a_loop_counts_the_loop() {
    are_charged(
        r#"(module
            (func $first (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "first") (call $first (i32.const 10)))
            (func (export "once") (loop) (loop nop) (loop (loop (loop))))
            (func (export "nested") (local $i i32) (local $j i32)
                (loop $outer
                    (local.set $j (i32.const 0))
                    (loop $inner
                        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 3))))
                    (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4)))))
            (func (export "values") (result i64) (local i32)
                (i64.const 1)
                (i32.const 5)
                (loop (param i64 i32) (result i64)
                    (local.set 0)
                    (i64.mul (i64.const 2))
                    (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
                    (br_if 0 (local.get 0))
                    drop)))"#,
        &[
            ("first", "[]", 2 + 10 * 6),
            ("once", "[]", 6),
            ("nested", "[]", 4 * (3 + 3 * 8 + 7)),
            ("values", "[I64(32)]", 2 + 5 * 10 + 1),
        ],
    );
}

/// More than 60,000 of LLVM's instructions, which are not optimized: twelve thousand ways out, of which one or none is taken.
#[test]
fn large_functions_are_charged_like_others() {
    let ways = 12_000;
    let text = format!(
        r#"(module (memory 1) (data (i32.const 100) "\01")
            (func $large (param i32) (result i32) {} (i32.const 0))
            (func (export "all") (result i32) (call $large (i32.const 0)))
            (func (export "one") (result i32) (call $large (i32.const 100))))"#,
        "(br_if 0 (i32.const 7) (i32.load (local.get 0))) drop ".repeat(ways)
    );
    for engine in [Native(Level::O2), Interpreted] {
        let module = load(&text, engine, &counts());
        let (title, modules): (_, &Modules<'_>) = (engine.to_string(), &[("it", &module)]);
        is_charged(&title, modules, &Linker::new(), "all", "[I32(0)]", 2 + 5 * ways as u64 + 1);
        is_charged(&title, modules, &Linker::new(), "one", "[I32(7)]", 2 + 4);
    }
}

/// Leave to reorder accesses around traps changes no total of code that does not trap, nor what a host function sees.
#[test]
fn relaxed_traps_change_no_totals() {
    let text = r#"(module (import "host" "look" (func $look)) (memory 1)
        (func (export "run") (result i32) (local i32 i32)
            (loop
                (local.set 1 (i32.add (local.get 1) (i32.load (i32.mul (local.get 0) (i32.const 4)))))
                (i32.store (i32.const 400) (local.get 1))
                (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))
            (i32.store (i32.const 0) (i32.const 1))
            (call $look)
            (i32.load (i32.const 0))))"#;
    for level in [Level::O0, Level::O2, Level::O3] {
        let module = load(text, Way::Relaxed(level), &counts());
        let (linker, seen) = looking();
        let total = 100 * 18 + 4 + 2;
        is_charged(&format!("O{level}"), &[("it", &module)], &linker, "run", "[I32(1)]", total);
        assert_eq!(seen.lock().expect("no panic").first(), Some(&both(total - 2)), "O{level}");
    }
}

/// A host function `host.look` that notes what was charged until then.
pub(super) fn looking() -> (Linker, std::sync::Arc<std::sync::Mutex<Vec<Charged>>>) {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut linker = Linker::new();
    let noted = seen.clone();
    linker.func_wrap("host", "look", move |caller: &mut engine::Caller<'_>| {
        noted.lock().expect("no panic").push(charged(caller));
    });
    (linker, seen)
}

#[test]
fn start_functions_count() {
    let text = r#"(module
        (func $start (local i32) (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3)))))
        (start $start)
        (memory 1) (data (i32.const 0) "abc") (table 4 funcref) (elem (i32.const 0) func 0 0 0) (global i32 (i32.const 7))
        (func (export "run") nop))"#;
    are_charged(text, &[("run", "[]", 3 * 8 + 1)]);
}

/// Instructions that the table does not name cost what it says of all others; a cost of nothing is one.
#[test]
fn tables_say_what_instructions_cost() {
    let text = r#"(module
        (memory 1 2)
        (func $callee (param i32) nop)
        (func (export "run") (result i32)
            (call $callee (i32.const 1))
            (block (br_if 0 (i32.const 1)) nop)
            (memory.grow (i32.const 1))))"#;
    let tables = [
        (r#"{"default": 0}"#, 0),
        (r#"{"default": 0, "nop": 3}"#, 3),
        (r#"{"memory.grow": 1000, "call": 10, "block": 0}"#, 1 + 10 + 1 + 1 + 1 + 1 + 1000),
        (r#"{"default": 4294967295}"#, 8 * 4_294_967_295),
    ];
    for engine in ENGINES {
        for (table, gas) in tables {
            for instructions in [false, true] {
                let metering = Metering {
                    instructions,
                    gas: Some(serde_json::from_str(table).expect("a table")),
                    interruptible: false,
                };
                let module = load(text, engine, &metering);
                let title = format!("{engine}, {table}, instructions: {instructions}");
                let counted = Charged { instructions: if instructions { 8 } else { 0 }, gas };
                let modules: &Modules<'_> = &[("it", &module)];
                assert_eq!(run(modules, &Linker::new(), gas, "run"), ("[I32(1)]".to_string(), counted), "{title}");
                if let Some(less) = gas.checked_sub(1) {
                    let (end, charged) = run(modules, &Linker::new(), less, "run");
                    assert_eq!((end, charged.gas), (TrapCode::CostLimitExceeded.to_string(), less), "{title}");
                }
            }
        }
    }
}
