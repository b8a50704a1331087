//! What the code looks like: what must be in it, and what must not.

use crate::support::{lower, lower_with};

const MEMORY: &str = r#"(module (memory 1) (table 4 funcref) (global $g (mut i32) (i32.const 0))
    (func (param i32) (result i32)
        (global.set $g (local.get 0))
        (table.set (i32.const 1) (ref.null func))
        (i32.store offset=4 (local.get 0) (global.get $g))
        (i32.load (local.get 0))))"#;

#[test]
fn accesses_stay_where_they_are_for_exact_traps() {
    let lowered = lower(MEMORY);
    assert_eq!(lowered.count("load volatile i32"), 1, "{}", lowered.functions);
    assert_eq!(lowered.count("store volatile"), 3, "global, table and memory");
}

#[test]
fn accesses_are_plain_for_relaxed_traps() {
    let lowered = lower_with(MEMORY, true).expect("it is supported");
    assert_eq!(lowered.count("volatile"), 0, "{}", lowered.functions);
}

#[test]
fn accesses_to_memory_assume_no_alignment() {
    let lowered = lower("(module (memory 1) (func (param i32) (result i64) (i64.load align=8 (local.get 0))))");
    assert_eq!(lowered.count("load volatile i64"), 1);
    assert_eq!(lowered.count("align 1,"), 1, "{}", lowered.functions);
}

#[test]
fn the_base_of_a_memory_is_loaded_once() {
    let lowered = lower(MEMORY);
    assert_eq!(lowered.count("!invariant.load"), 3, "base, and what leads to the trap libcall: {}", lowered.functions);
}

#[test]
fn locals_need_no_memory() {
    let lowered = lower(
        "(module (func (param i32) (result i32) (local i32)
            (loop (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))
            (local.get 1)))",
    );
    assert_eq!(lowered.count("alloca"), 0);
    assert_eq!(lowered.count(" phi "), 1, "{}", lowered.functions);
}

#[test]
fn reasons_to_trap_share_a_cold_block() {
    let lowered = lower(
        "(module (func (param i32 i32) (result i32)
            (i32.div_u (i32.div_u (local.get 0) (local.get 1)) (i32.rem_u (local.get 1) (local.get 0)))))",
    );
    assert_eq!(lowered.count("i32 1028"), 1, "{}", lowered.functions);
    assert_eq!(lowered.count("br i1"), 3);
    assert_eq!(lowered.count("!prof"), 3);
    assert_eq!(lowered.count("cold noreturn"), 1);
}

#[test]
fn constant_divisors_need_no_checks() {
    let lowered = lower(
        "(module (func (param i32) (result i32)
            (i32.rem_s (i32.div_s (local.get 0) (i32.const 10)) (i32.const 7))))",
    );
    assert_eq!(lowered.first()[1..], ["  %3 = sdiv i32 %1, 10", "  %4 = srem i32 %3, 7", "  ret i32 %4"]);
}

#[test]
fn conditions_are_not_widened_and_compared_again() {
    let lowered = lower(
        "(module (func (param i32 i32) (result i32)
            (if (result i32) (i32.eqz (i32.lt_s (local.get 0) (local.get 1)))
                (then (local.get 0)) (else (local.get 1)))))",
    );
    assert_eq!(lowered.count("zext"), 0, "{}", lowered.functions);
    assert_eq!(lowered.count("icmp"), 1);
}

#[test]
fn identities_that_llvm_would_fold_stay_arithmetic() {
    for operation in [
        "(f32.mul (local.get 0) (f32.const 1))",
        "(f32.mul (f32.const -1) (local.get 0))",
        "(f32.div (local.get 0) (f32.const 1))",
        "(f32.sub (local.get 0) (f32.const 0))",
        "(f32.sub (f32.const -0) (local.get 0))",
        "(f32.add (local.get 0) (f32.const -0))",
        "(f32.demote_f64 (f64.promote_f32 (local.get 0)))",
        "(f32.demote_f64 (f64.neg (f64.promote_f32 (local.get 0))))",
    ] {
        let lowered = lower(&format!("(module (func (param f32) (result f32) {operation}))"));
        assert_eq!(lowered.count("call float @llvm.canonicalize.f32"), 1, "{operation}: {}", lowered.functions);
    }
    let lowered = lower("(module (func (param f32) (result f32) (f32.mul (local.get 0) (f32.const 2))))");
    assert_eq!(lowered.count("canonicalize"), 0);
}

#[test]
fn identities_in_a_lane_stay_arithmetic() {
    for (operation, quiet) in [
        ("(f32x4.mul (local.get 0) (v128.const f32x4 2 3 -1 5))", 1),
        ("(f64x2.add (v128.const f64x2 7 -0) (local.get 0))", 1),
        ("(f32x4.div (v128.const f32x4 1 1 1 1) (local.get 0))", 0),
        ("(f64x2.sub (local.get 0) (v128.const f64x2 1 2))", 0),
    ] {
        let lowered = lower(&format!("(module (func (param v128) (result v128) {operation}))"));
        assert_eq!(lowered.count("@llvm.canonicalize"), 2 * quiet, "call and declaration: {}", lowered.functions);
    }
}

#[test]
fn constants_keep_their_bits() {
    let lowered = lower("(module (func (result f32 f64) (f32.const nan:0x200000) (f64.const -nan:0x4000000000000)))");
    assert_eq!(lowered.count("0x7FF4000000000000"), 1, "{}", lowered.functions);
    assert_eq!(lowered.count("0xFFF4000000000000"), 1, "{}", lowered.functions);
}

#[test]
fn immutable_globals_with_constant_values_are_constants() {
    let lowered = lower("(module (global i64 (i64.const 42)) (func (result i64) (global.get 0)))");
    assert_eq!(lowered.first()[1..], ["  ret i64 42"]);
}

#[test]
fn tables_of_one_size_have_a_constant_length() {
    let code = "(func (param i32) (call_indirect (type 0) (local.get 0))) (type (func)))";
    let fixed = lower(&format!("(module (type (func)) (table 7 7 funcref) {code}"));
    let own = lower(&format!("(module (type (func)) (table 7 funcref) {code}"));
    let growing = lower(&format!("(module (type (func)) (table (export \"t\") 7 funcref) {code}"));
    assert_eq!(fixed.count("icmp uge i64 %4, 7"), 1, "{}", fixed.functions);
    assert_eq!(own.count("icmp uge i64 %4, 7"), 1, "nobody makes it grow: {}", own.functions);
    assert_eq!(growing.count("load i64"), 1, "{}", growing.functions);
}

#[test]
fn few_results_return_directly_and_many_through_an_area() {
    let lowered = lower(
        "(module (func $two (result i32 f64) (i32.const 1) (f64.const 2))
            (func $three (result i32 i64 f32) (i32.const 1) (i64.const 2) (f32.const 3))
            (func (result i32) (call $three) drop drop (call $three) drop drop i32.add (call $two) drop i32.add))",
    );
    assert_eq!(lowered.count("define hidden fastcc { i32, double } @wasm.function.0(ptr "), 1);
    assert_eq!(lowered.count("define hidden fastcc void @wasm.function.1(ptr "), 1);
    assert_eq!(lowered.count("alloca [3 x i128], align 16"), 1, "calls share the area: {}", lowered.functions);
}

#[test]
fn there_is_one_pair_of_wrappers_for_each_type() {
    let lowered =
        lower("(module (type (func (param i32))) (type (func (param i32))) (type (func (result f64 f64 f64))))");
    for name in ["@wasm.entry.i.(ptr", "@wasm.host.i.(ptr", "@wasm.entry..ddd(ptr", "@wasm.host..ddd(ptr"] {
        assert_eq!(lowered.wrappers.matches(name).count(), 1, "{name}: {}", lowered.wrappers);
    }
}

#[test]
fn functions_carry_the_attributes_that_code_generation_needs() {
    let lowered = lower("(module (func) (func (call 0)))");
    for attribute in [
        "nounwind",
        "uwtable(sync)",
        "\"frame-pointer\"=\"all\"",
        "\"probe-stack\"=\"inline-asm\"",
        "\"no-builtins\"",
        "\"target-cpu\"=\"x86-64\"",
        "\"tune-cpu\"=\"generic\"",
        "\"target-features\"=\"+avx\"",
    ] {
        // LLVM repeats the first two above each function.
        let repeated = ["nounwind", "uwtable(sync)"].contains(&attribute);
        assert_eq!(lowered.count(attribute), 1 + usize::from(repeated) * 2, "{attribute}");
    }
    for forbidden in ["mustprogress", "strictfp"] {
        assert_eq!(lowered.count(forbidden), 0, "{forbidden}");
    }
}

/// Calls in a `try_table` have a landing pad; others do not, and what the runtime does throws only where it may.
#[test]
fn calls_have_landing_pads_where_exceptions_are_caught() {
    let lowered = lower(
        "(module (tag $t) (memory 1)
            (func $callee)
            (func (block $h (try_table (catch $t $h) (call $callee) (call $callee))) (call $callee))
            (func (drop (memory.grow (i32.const 1)))))",
    );
    assert_eq!(lowered.count("invoke fastcc void @wasm.function.0("), 2, "{}", lowered.functions);
    assert_eq!(lowered.count("call fastcc void @wasm.function.0("), 1, "{}", lowered.functions);
    assert_eq!(lowered.count("landingpad"), 1, "{}", lowered.functions);
    assert_eq!(lowered.count("personality ptr @wasm.personality"), 1, "{}", lowered.functions);
    // On the call of the libcall only.
    assert_eq!(lowered.count("nounwind"), 1, "{}", lowered.functions);
}

#[test]
fn the_same_module_gives_the_same_text() {
    let first = lower(MEMORY);
    let second = lower(MEMORY);
    assert_eq!((first.functions, first.wrappers), (second.functions, second.wrappers));
}

/// Calls the first element of a table, in a module that besides has `more`. Gives how many words are loaded from the function's
/// record: its type, its code and, where it could be another module's, its context.
fn loads_from_a_record(table: &str, more: &str) -> usize {
    let lowered = lower(&format!(
        r#"(module (type $t (func)) (func $imported (import "" "f") (type $t)) {table} (func $f (type $t)) {more}
            (func (call_indirect $table (type $t) (i32.const 0))))"#
    ));
    let call = lowered.functions.find("= icmp eq ptr").expect("the element may be null");
    let end = call + lowered.functions[call..].find("call fastcc").expect("there is a call");
    let of_the_runtime = 1; // The type that is expected, from the caller's context.
    lowered.functions[call..end].matches("!invariant.load").count() - of_the_runtime
}

#[test]
fn functions_in_a_table_of_the_modules_own_run_in_the_context_of_their_caller() {
    let table = "(table $table 2 funcref) (elem (table $table) (i32.const 0) func $f)";
    assert_eq!(loads_from_a_record(table, ""), 2);
    assert_eq!(loads_from_a_record(&table.replace("$f)", "$f $imported)"), ""), 3, "one is imported");
    assert_eq!(loads_from_a_record(table, r#"(export "table" (table $table))"#), 3, "others may write to it");
    assert_eq!(loads_from_a_record(r#"(table $table (import "" "t") 2 funcref)"#, ""), 3, "others have written to it");
    let set = "(func (param funcref) (table.set $table (i32.const 0) (local.get 0)))";
    assert_eq!(loads_from_a_record(table, set), 3, "a function comes from elsewhere");
}

#[test]
fn memories_are_copied_and_filled_in_place() {
    let text = "(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 8) (i32.const 8))
                 (memory.fill (i32.const 0) (i32.const 1) (i32.const 9))))";
    let lowered = lower(text);
    assert_eq!(lowered.count("call void @llvm.memmove"), 1, "{}", lowered.functions);
    assert_eq!(lowered.count("call void @llvm.memset"), 1);
    assert_eq!(lowered.count("i1 true"), 2, "what the bytes are at a trap can be seen: {}", lowered.functions);
    let shared = lower(&text.replace("memory 1", "memory 1 1 shared"));
    assert_eq!(shared.count("@llvm.mem"), 0, "threads may race: {}", shared.functions);
    let both = lower(&text.replace("(memory 1)", "(memory 1) (memory 1 1 shared)"));
    assert_eq!(both.count("call void @llvm.mem"), 2, "it is another one that threads share: {}", both.functions);
}
