//! Control and locals: every shape gives valid SSA form, and no more phis than it needs.

use crate::support::{lower, lower_with};

/// A function of an `i32` and two more locals.
fn phis(body: &str) -> usize {
    lower(&format!("(module (func (param i32) (result i32) (local i32 i32) {body}))")).count(" phi ")
}

#[test]
fn a_label_without_branches_needs_no_phi() {
    assert_eq!(phis("(block (result i32) (local.set 1 (i32.const 1)) (local.get 1))"), 0);
}

#[test]
fn a_label_with_one_branch_needs_no_phi() {
    assert_eq!(phis("(block (local.set 1 (i32.const 1)) (br 0)) (local.get 1)"), 0);
    assert_eq!(phis("(block (result i32) (br 0 (i32.const 1)))"), 0);
}

#[test]
fn locals_that_differ_meet_in_a_phi() {
    assert_eq!(phis("(if (local.get 0) (then (local.set 1 (i32.const 1)))) (local.get 1)"), 1);
    let both = "(if (local.get 0) (then (local.set 1 (i32.const 1))) (else (local.set 1 (i32.const 2)))) (local.get 1)";
    assert_eq!(phis(both), 1);
}

#[test]
fn locals_that_nobody_reads_need_no_phi() {
    assert_eq!(phis("(if (local.get 0) (then (local.set 1 (i32.const 1)))) (local.get 2)"), 0);
}

#[test]
fn locals_that_do_not_differ_need_no_phi() {
    let same = "(if (local.get 0) (then (local.set 1 (i32.const 1))) (else (local.set 1 (i32.const 1)))) (local.get 1)";
    assert_eq!(phis(same), 0);
    assert_eq!(phis("(if (local.get 0) (then (local.set 1 (i32.const 1)) (return (i32.const 2)))) (local.get 1)"), 1);
}

#[test]
fn loops_need_phis_for_what_they_change_only() {
    assert_eq!(phis("(loop (br_if 0 (local.get 0))) (local.get 1)"), 0);
    assert_eq!(phis("(loop (local.set 1 (local.get 0)) (br_if 0 (local.get 1))) (local.get 1)"), 0);
    assert_eq!(
        phis("(loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))) (local.get 1)"),
        1
    );
    // Changed where the loop is left for good.
    assert_eq!(
        phis("(block (loop (br_if 0 (local.get 1)) (local.set 1 (i32.const 1)) (br 1))) (local.get 1)"),
        0,
        "the phi in the header is trivial"
    );
}

#[test]
fn a_swap_in_a_loop_keeps_both_values() {
    let swap = "(loop
        (local.get 1) (local.set 1 (local.get 2)) (local.set 2)
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.add (local.get 1) (local.get 2))";
    // Both begin as zero.
    assert_eq!(phis(swap), 3);
}

#[test]
fn parameters_of_blocks_and_loops_are_carried() {
    assert_eq!(
        phis(
            "(i32.const 1) (loop (param i32) (result i32)
                (i32.const 2) (i32.mul) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
        ),
        2
    );
    assert_eq!(phis("(i32.const 1) (if (param i32) (result i32) (local.get 0) (then (i32.const 2) (i32.add)))"), 1);
    assert_eq!(phis("(i32.const 1) (if (param i32) (result i32) (local.get 0) (then (drop) (i32.const 2)) (else))"), 1);
}

#[test]
fn what_is_not_reached_is_skipped() {
    for body in [
        "(unreachable) (block (loop (br 0)) (if (i32.const 1) (then (nop)) (else (nop)))) (i32.add)",
        "(block (br 0) (block (br_table 0 1 (i32.const 0)))) (local.get 0)",
        "(if (result i32) (local.get 0) (then (return (i32.const 1))) (else (unreachable)))",
        "(loop (result i32) (br 0))",
        "(block (result i32) (block (br 1 (i32.const 1))) (unreachable))",
        "(return (local.get 0)) (local.set 1) (drop) (i32.const 1)",
        "(if (local.get 0) (then (unreachable))) (local.get 0)",
        "(if (result i32) (local.get 0) (then (unreachable)) (else (local.get 0)))",
    ] {
        phis(body);
    }
}

#[test]
fn tables_reach_each_label_by_one_edge() {
    let lowered = lower(
        "(module (func (param i32) (result i32)
            (block (result i32) (block (result i32)
                (i32.const 7) (br_table 0 1 0 1 0 1 1 (local.get 0)))
                (i32.const 1) (i32.add))))",
    );
    assert_eq!(lowered.count("switch i32"), 1);
    assert_eq!(lowered.count(" phi "), 1, "{}", lowered.functions);
    assert!(lowered.functions.contains("phi i32 [ 7, %2 ], ["), "{}", lowered.functions);
}

#[test]
fn large_functions_take_time_in_proportion() {
    let many = |count: usize, text: &dyn Fn(usize) -> String| (0..count).map(text).collect::<Vec<_>>().join(" ");
    let locals = 40_000;
    let declared = many(locals, &|_| "i32".into());
    let all = many(locals, &|i| format!("local.get {} i32.const 1 i32.add local.set {}", i + 1, i + 1));
    lower(&format!("(module (func (param i32) (local {declared}) {all} loop {all} local.get 0 br_if 0 end {all}))"));

    let depth = 30_000;
    let (open, close) = (many(depth, &|_| "block".into()), many(depth, &|_| "end".into()));
    let out = many(depth, &|i| format!("local.get 0 br_if {i} local.get 1 i32.const 1 i32.add local.set 1"));
    lower(&format!("(module (func (param i32) (result i32) (local i32) {open} {out} {close} local.get 1))"));
    let loops = many(depth, &|_| "loop".into());
    let latches = many(depth, &|_| "local.get 0 local.set 1 local.get 1 br_if 0 end".into());
    lower(&format!("(module (func (param i32) (result i32) (local i32) {loops} {latches} local.get 1))"));

    let entries = many(60_000, &|i| (i * 7919 % 500).to_string());
    let (open, close) = (many(500, &|_| "block (result i32)".into()), many(500, &|_| "end local.tee 0".into()));
    lower(&format!(
        "(module (func (param i32) (result i32) {open} i32.const 1 local.get 0 br_table {entries} 0 {close}))"
    ));
}

#[test]
fn what_would_need_more_phis_than_fit_is_a_limit() {
    let (locals, depth) = (1000, 4000);
    let declared = vec!["i32"; locals].join(" ");
    let arms: String =
        (0..depth).map(|i| format!("local.get 0 if local.get 0 local.set {} ", 1 + i % locals)).collect();
    let reads: String = (1..=locals).map(|i| format!("local.get {i} drop ")).collect();
    let wat = format!("(module (func (param i32) (local {declared}) {arms} {} {reads}))", "end ".repeat(depth));
    let error = lower_with(&wat, false).err().expect("some millions of phis");
    assert_eq!(error.kind, artifact::Kind::Limit);
}
