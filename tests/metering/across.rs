//! Calls, tail calls and exceptions, within an instance and from one to another: all instances of a store share its meter.

use super::*;
use rules::looking;

/// Functions that others import and call in all ways: each is charged 3.
const CALLEE: &str = r#"(module
    (tag $t (export "t") (param i32))
    (func $plain (export "plain") (result i32) nop nop (i32.const 7))
    (func $tail (export "tail") (result i32) (return_call $end (i32.const 7)))
    (func $end (param i32) (result i32) (local.get 0))
    (func (export "throws") (result i32) nop (throw $t (i32.const 7)))
    (table (export "table") 3 funcref)
    (elem (i32.const 0) func $plain $tail))"#;

/// Runs `run` of a module that imports from [`CALLEE`] and `host.look`, by each pair of engines. `seen` are the counts that the
/// host function sees.
#[track_caller]
fn pairs_are_charged(caller: &str, ends: &str, count: u64, seen: &[u64]) {
    let second = format!("(module {IMPORTS} {caller})");
    for (first_engine, second_engine) in PAIRS {
        let first = load(CALLEE, first_engine, &counts());
        let second = load(&second, second_engine, &counts());
        let title = format!("{second_engine} calls {first_engine}");
        let (linker, noted) = looking();
        is_charged(&title, &[("callee", &first), ("caller", &second)], &linker, "run", ends, count);
        let noted = noted.lock().expect("no panic");
        let seen: Vec<_> = seen.iter().copied().map(both).collect();
        assert_eq!(noted[..seen.len()], seen, "{title}");
    }
}

const IMPORTS: &str = r#"
    (import "callee" "plain" (func $plain (result i32)))
    (import "callee" "tail" (func $tail (result i32)))
    (import "callee" "throws" (func $throws (result i32)))
    (import "callee" "table" (table $table 3 funcref))
    (import "callee" "t" (tag $t (param i32)))
    (import "host" "look" (func $look))
    (type $i32 (func (result i32)))
    (elem declare func $plain $own $look)
    (func $own (result i32) nop (i32.const 8))"#;

#[test]
fn calls() {
    pairs_are_charged(
        r#"(func (export "run") (result i32)
            (call $look)
            (i32.add (call $plain) (call $tail))
            (i32.add (call_indirect $table (type $i32) (i32.const 0)))
            (i32.add (call_indirect $table (type $i32) (i32.const 1)))
            (i32.add (call_ref $i32 (ref.func $own)))
            (call $look))"#,
        "[I32(36)]",
        1 + 4 + 4 + 6 + 6 + 5 + 2,
        &[1, 1 + 4 + 4 + 6 + 6 + 5 + 2],
    );
}

/// Each way to make a tail call, of functions that make some and of those that do not, and of the host's.
#[test]
fn tail_calls() {
    for (body, count) in [
        ("(return_call $plain)", 3),
        ("(return_call $tail)", 3),
        ("(return_call $own)", 2),
        ("(return_call_indirect $table (type $i32) (i32.const 0))", 1 + 3),
        ("(return_call_indirect $table (type $i32) (i32.const 1))", 1 + 3),
        ("(return_call_ref $i32 (ref.func $own))", 1 + 2),
        ("(return_call_ref $i32 (ref.func $plain))", 1 + 3),
    ] {
        let ends = if body.contains("$own") { "[I32(8)]" } else { "[I32(7)]" };
        let caller = format!(
            r#"(func $run (result i32) nop {body})
               (func (export "run") (result i32) (call $run) (call $look))"#
        );
        pairs_are_charged(&caller, ends, 1 + 2 + count + 1, &[1 + 2 + count + 1]);
    }
}

#[test]
fn tail_calls_of_host_functions() {
    for (body, own) in [("(return_call $look)", 1), ("(return_call_ref $none (ref.func $look))", 2)] {
        let caller = format!(
            r#"(type $none (func))
               (func $run nop {body})
               (func (export "run") (call $run) nop)"#
        );
        pairs_are_charged(&caller, "[]", 1 + 1 + own + 1, &[1 + 1 + own]);
    }
}

/// A long chain, half of whose members live elsewhere.
#[test]
fn chains_of_tail_calls() {
    let first = r#"(module
        (type $step (func (param i32) (result i32)))
        (table (export "table") 2 funcref)
        (func $step (export "step") (type $step)
            (return_call_indirect (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
        (elem (i32.const 0) func $step))"#;
    let second = r#"(module
        (type $step (func (param i32) (result i32)))
        (import "first" "table" (table 2 funcref))
        (import "first" "step" (func $other (type $step)))
        (func $step (type $step)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
            (return_call $other (local.get 0)))
        (elem (i32.const 1) func $step)
        (func (export "run") (result i32) (call $step (i32.const 1000))))"#;
    for (first_engine, second_engine) in PAIRS {
        let first = load(first, first_engine, &everything());
        let second = load(second, second_engine, &everything());
        let title = format!("{second_engine} and {first_engine}");
        let total = 2 + 1000 * (3 + 2 + 5) + 3 + 2;
        is_charged(&title, &[("first", &first), ("second", &second)], &Linker::new(), "run", "[I32(5)]", total);
    }
}

/// Caught where it was thrown, in a caller, behind a frame that catches others; thrown again; with clauses that lead to a loop.
#[test]
fn exceptions() {
    are_charged(
        r#"(module
            (tag $t (param i32)) (tag $other)
            (func $throws (param i32) (result i32) nop (throw $t (local.get 0)))
            (func (export "here") (result i32)
                (block $caught (result i32)
                    (try_table (catch $t $caught) nop (throw $t (i32.const 3)) nop)
                    nop unreachable))
            (func (export "called") (result i32)
                (block $none
                    (return (block $caught (result i32)
                        (try_table (catch $other $none) (catch $t $caught) (drop (call $throws (i32.const 4))) nop)
                        nop unreachable)))
                (i32.const -1))
            (func (export "again") (result i32)
                (block $outer (result i32)
                    (try_table (catch $t $outer)
                        (block $inner (result i32 exnref)
                            (try_table (catch_ref $t $inner) (drop (call $throws (i32.const 5))))
                            unreachable)
                        nop throw_ref)
                    unreachable))
            (func (export "through") (result i32)
                (block $none
                    (return (block $caught (result i32)
                        (try_table (catch $t $caught)
                            (try_table (catch $other $none) nop (drop (call $throws (i32.const 6))) nop)
                            nop)
                        unreachable)))
                (i32.const -1))
            (func (export "to_loop") (result i32) (local i32)
                (loop $again
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (try_table (catch_all $again)
                        (if (i32.lt_u (local.get 0) (i32.const 4)) (then (throw $other)))))
                (loop $again
                    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (try_table (catch_all $again)
                        (if (i32.lt_u (local.get 0) (i32.const 9)) (then (drop (call $throws (i32.const 0)))))))
                (local.get 0)))"#,
        &[
            ("here", "[I32(3)]", 5),
            ("called", "[I32(4)]", 5 + 3 + 1),
            ("again", "[I32(5)]", 6 + 3 + 2),
            ("through", "[I32(6)]", 7 + 3 + 1),
            ("to_loop", "[I32(9)]", (4 * 10 + 3) + (5 * 10 + 4 * (2 + 3)) + 1),
        ],
    );
}

#[test]
fn exceptions_of_other_instances() {
    pairs_are_charged(
        r#"(func (export "run") (result i32)
            (block $caught (result i32)
                (try_table (catch $t $caught) nop (drop (call $throws)) nop)
                unreachable)
            (call $look))"#,
        "[I32(7)]",
        4 + 3 + 1,
        &[4 + 3 + 1],
    );
}
