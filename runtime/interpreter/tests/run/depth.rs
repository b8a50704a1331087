//! No instruction deepens the stack: each is run in a loop, on a thread whose stack holds far fewer frames than the loop has
//! rounds. Where instructions call each other (module `handler` of the crate), every such call must have become a jump.

use crate::{call, module, try_run};
use abi::types::{FuncType, ValType};
use vm::{Extern, Store, Value};

const ROUNDS: i32 = 50_000;
const STACK: usize = 256 << 10;

/// Runs a loop around operators, which leave nothing on the stack, in a module with some of everything.
fn repeat(operators: &str) {
    let text = format!(
        "(module
            (import \"h\" \"import\" (func $import (param i32) (result i32)))
            (type $unary (func (param i32) (result i32)))
            (memory $first 1) (memory $second 1) (memory $long i64 1) (memory $shared 1 1 shared)
            (tag $tag (param i32)) (global $exception (mut exnref) (ref.null exn))
            (table $table 10 funcref) (table $objects 10 externref) (table $wide i64 10 funcref)
            (elem (table $table) (i32.const 0) func $own $import)
            (elem $functions func $own)
            (data $bytes \"bytes\")
            (global $number (mut i64) (i64.const 1)) (global $function (mut funcref) (ref.null func))
            (global $vector (mut v128) (v128.const i64x2 1 2))
            (func $own (param i32) (result i32) (local i64 i64 i64) (local.get 0))
            (func $throw (param i32) (throw $tag (local.get 0)))
            (func $tail (param i32) (result i32) (return_call $own (local.get 0)))
            (func $tail_import (param i32) (result i32) (return_call $import (local.get 0)))
            (func $tail_element (param i32) (result i32)
                (return_call_indirect $table (type $unary) (local.get 0) (i32.const 0)))
            (func $tail_reference (param i32) (result i32)
                (return_call_ref $unary (local.get 0) (ref.func $own)))
            (func $pair (param i32) (result i32 i32) (local.get 0) (local.get 0))
            (func $many (local v128 v128 v128 v128 v128 v128 v128 v128 v128))
            (func (export \"f\") (param $n i32) (local $i i32) (local $l i64) (local $f f32) (local $d f64) (local $v v128)
              (local.set $i (i32.const 7)) (local.set $l (i64.const 7))
              (local.set $f (f32.const 7)) (local.set $d (f64.const 7))
              (loop $again
                {operators}
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $again (i32.gt_s (local.get $n) (i32.const 0))))))"
    );
    let run = move || {
        let mut store = Store::new();
        let same: vm::HostFn = Box::new(|_, _| Ok(()));
        let host = store.host_func(FuncType::new([ValType::I32], [ValType::I32]), "same".to_string(), same);
        let module = module(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let instance = store.instantiate(&module, &[Extern::Func(host)]).expect("an instance");
        call(&mut store, instance, "f", &[Value::I32(ROUNDS)]).unwrap_or_else(|trap| panic!("{trap}: {text}"));
    };
    std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread").join().expect("no panic");
}

/// Operators of two operands: of a local and a local, a constant, a result; of a result and a local; for a branch.
fn repeat_binary(ty: &str, local: &str, constant: &str, names: &str, result: &str) {
    for name in names.split_whitespace() {
        let (op, get) = (format!("{ty}.{name}"), format!("(local.get {local})"));
        let sum = format!("({ty}.add {get} {get})");
        let cases = [
            format!("({op} {get} {get})"),
            format!("({op} {get} ({ty}.const {constant}))"),
            format!("({op} {get} {sum})"),
            format!("({op} {sum} {get})"),
            format!("({op} {sum} ({ty}.const {constant}))"),
        ];
        let mut operators: String = cases.iter().map(|case| format!("(drop {case})")).collect();
        if result == "i32" {
            operators.extend(cases.iter().map(|case| format!("(block (br_if 0 {case})) (if {case} (then))")));
        }
        repeat(&operators);
    }
}

#[test]
fn integers_take_no_stack() {
    let arithmetic = "add sub mul and or xor shl shr_s shr_u rotl rotr div_s div_u rem_s rem_u";
    let comparisons = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
    for (ty, local) in [("i32", "$i"), ("i64", "$l")] {
        repeat_binary(ty, local, "3", arithmetic, ty);
        repeat_binary(ty, local, "3", comparisons, "i32");
        let unary = ["clz", "ctz", "popcnt", "extend8_s", "extend16_s", "eqz"];
        repeat(&unary.map(|name| format!("(drop ({ty}.{name} (local.get {local})))")).concat());
    }
}

#[test]
fn floats_take_no_stack() {
    for (ty, local) in [("f32", "$f"), ("f64", "$d")] {
        repeat_binary(ty, local, "1.1", "add sub mul div min max copysign", ty);
        repeat_binary(ty, local, "1.1", "eq ne lt gt le ge", "i32");
        let unary = ["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"];
        repeat(&unary.map(|name| format!("(drop ({ty}.{name} (local.get {local})))")).concat());
    }
}

#[test]
fn conversions_take_no_stack() {
    for (from, local) in [("f32", "$f"), ("f64", "$d")] {
        for to in ["i32", "i64"] {
            let names = ["trunc", "trunc_sat"].map(|name| {
                ["s", "u"].map(|sign| format!("(drop ({to}.{name}_{from}_{sign} (local.get {local})))")).concat()
            });
            repeat(&names.concat());
            let back = if to == "i32" { "$i" } else { "$l" };
            repeat(&["s", "u"].map(|sign| format!("(drop ({from}.convert_{to}_{sign} (local.get {back})))")).concat());
        }
    }
    repeat("(drop (i64.extend_i32_s (local.get $i))) (drop (i64.extend_i32_u (local.get $i)))");
    repeat("(drop (f32.demote_f64 (local.get $d))) (drop (f64.promote_f32 (local.get $f)))");
}

#[test]
fn memory_takes_no_stack() {
    for memory in ["$first", "$second"] {
        for address in ["(local.get $i)", "(i32.const 8)", "(i32.add (local.get $i) (i32.const 1))"] {
            for (ty, local, widths) in
                [("i32", "$i", "8 16"), ("i64", "$l", "8 16 32"), ("f32", "$f", ""), ("f64", "$d", "")]
            {
                let mut operators = format!("(drop ({ty}.load {memory} {address}))");
                operators += &format!("({ty}.store {memory} offset=64 {address} (local.get {local}))");
                operators += &format!("({ty}.store {memory} offset=64 {address} ({ty}.const 1))");
                for width in widths.split_whitespace() {
                    operators += &format!("(drop ({ty}.load{width}_s {memory} {address}))");
                    operators +=
                        &format!("(drop ({ty}.add (local.get {local}) ({ty}.load{width}_u {memory} {address})))");
                    operators += &format!(
                        "({ty}.store{width} {memory} {address} ({ty}.add (local.get {local}) (local.get {local})))"
                    );
                    operators += &format!("({ty}.store{width} {memory} {address} ({ty}.const 1))");
                }
                repeat(&operators);
            }
        }
        repeat(&format!("(drop (memory.size {memory})) (drop (memory.grow {memory} (i32.const 0)))"));
        repeat(&format!("(memory.fill {memory} (i32.const 1) (i32.const 2) (i32.const 3))"));
        repeat(&format!("(memory.init {memory} $bytes (i32.const 1) (i32.const 0) (i32.const 3))"));
    }
    repeat("(memory.copy $first $second (i32.const 1) (i32.const 2) (i32.const 3)) (data.drop $bytes)");
}

#[test]
fn calls_take_no_stack() {
    repeat("(drop (call $own (local.get $i))) (call $many) (call $pair (local.get $i)) (drop) (drop)");
    repeat("(drop (call $import (local.get $i)))");
    repeat("(drop (call_indirect $table (type $unary) (local.get $i) (i32.const 0)))");
    repeat("(drop (call_indirect $table (type $unary) (local.get $i) (i32.const 1)))");
}

#[test]
fn tail_calls_take_no_stack() {
    for callee in ["$tail", "$tail_import", "$tail_element", "$tail_reference"] {
        repeat(&format!("(drop (call {callee} (local.get $i)))"));
    }
}

#[test]
fn references_take_no_stack() {
    repeat("(drop (call_ref $unary (local.get $i) (ref.func $own)))");
    repeat("(drop (ref.as_non_null (ref.func $own)))");
    repeat("(block (drop (br_on_null 0 (global.get $function))))");
    repeat("(block (result (ref func)) (br_on_non_null 0 (global.get $function)) (ref.func $own)) (drop)");
    repeat("(table.set $wide (i64.const 2) (table.get $wide (i64.const 0))) (drop (table.size $wide))");
}

#[test]
fn exceptions_take_no_stack() {
    let catch = |clause: &str, results: &str, body: &str, drops: &str| {
        repeat(&format!("(block $c {results} (try_table ({clause} $c) {body}) (unreachable)) {drops}"));
    };
    catch("catch $tag", "(result i32)", "(call $throw (local.get $i))", "(drop)");
    catch("catch $tag", "(result i32)", "(throw $tag (local.get $i))", "(drop)");
    catch("catch_all", "", "(call $throw (local.get $i))", "");
    catch("catch_all_ref", "(result exnref)", "(call $throw (local.get $i))", "(global.set $exception)");
    catch("catch_ref $tag", "(result i32 exnref)", "(call $throw (local.get $i))", "(drop) (drop)");
    repeat(
        "(block $c (result i32) (try_table (catch $tag $c)
            (throw_ref (block $r (result exnref) (try_table (catch_all_ref $r) (call $throw (local.get $i))) (unreachable))))
            (unreachable)) (drop)",
    );
}

#[test]
fn other_memories_take_no_stack() {
    for (memory, address) in [("$long", "(i64.const 8)"), ("$shared", "(i32.const 8)")] {
        for (ty, local) in [("i32", "$i"), ("i64", "$l"), ("f32", "$f"), ("f64", "$d")] {
            repeat(&format!(
                "(drop ({ty}.load {memory} {address})) ({ty}.store {memory} {address} (local.get {local}))"
            ));
        }
        repeat(&format!("(drop (i64.load8_s {memory} {address})) (i64.store32 {memory} {address} (local.get $l))"));
        repeat(&format!("(v128.store {memory} {address} (v128.load {memory} {address}))"));
        repeat(&format!("(drop (i32.atomic.load {memory} {address}))"));
        repeat(&format!("(drop (i64.atomic.rmw.add {memory} {address} (local.get $l))) (atomic.fence)"));
        repeat(&format!("(drop (memory.atomic.notify {memory} {address} (local.get $i)))"));
        repeat(&format!("(drop (memory.size {memory}))"));
    }
    repeat("(i64.add128 (local.get $l) (i64.const 1) (i64.const 2) (i64.const 3)) (drop) (drop)");
    repeat("(i64.mul_wide_s (local.get $l) (i64.const 3)) (drop) (drop)");
}

#[test]
fn first_calls_take_no_stack() {
    // A function is translated at its first call. Each of these calls the next one.
    let functions: String = (2..20_000).map(|next| format!("(func (call {next}))")).collect();
    let text = format!("(module (func (export \"f\") (call 1)) {functions} (func))");
    let run = move || assert!(try_run(&text, &[]).expect("no trap").is_empty());
    std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread").join().expect("no panic");

    let functions: String = (2..20_000).map(|next| format!("(func (return_call {next}))")).collect();
    let text = format!("(module (func (export \"f\") (return_call 1)) {functions} (func))");
    let run = move || assert!(try_run(&text, &[]).expect("no trap").is_empty());
    std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread").join().expect("no panic");
}

#[test]
fn control_takes_no_stack() {
    repeat("(block (br_table 0 0 (local.get $i))) (block (br_table 0 0 (i32.add (local.get $i) (i32.const -7))))");
    repeat("(block (block (br_if 0 (local.get $i)) (br 1)) (br 0)) (block (br_table 0 (i32.const 1)))");
    repeat("(if (local.get $i) (then (local.set $l (i64.const 1))) (else (local.set $l (local.get $l))))");
    repeat("(drop (select (local.get $i) (i32.const 1) (local.get $n))) (drop (i64.const 0x123456789abc))");
    repeat("(drop (select (local.get $v) (global.get $vector) (local.get $n))) (global.set $vector (local.get $v))");
    repeat("(global.set $number (i64.add (global.get $number) (i64.const 1))) (local.set $v (global.get $vector))");
    repeat("(local.set $i (local.get $n)) (local.set $l (i64.const 1)) (local.set $i (local.get $n))");
}

#[test]
fn tables_and_vectors_take_no_stack() {
    repeat("(table.set $table (i32.const 2) (table.get $table (i32.const 0))) (drop (table.size $table))");
    repeat("(table.fill $table (i32.const 2) (ref.null func) (i32.const 2)) (elem.drop $functions)");
    repeat("(table.copy $table $table (i32.const 2) (i32.const 0) (i32.const 2))");
    repeat("(table.init $table $functions (i32.const 2) (i32.const 0) (i32.const 0))");
    repeat(
        "(drop (table.grow $objects (ref.null extern) (i32.const 0))) (drop (ref.is_null (table.get $objects (i32.const 0))))",
    );
    repeat("(global.set $function (ref.func $own)) (drop (ref.is_null (global.get $function)))");
    repeat("(local.set $v (i32x4.add (local.get $v) (i32x4.splat (i32x4.extract_lane 1 (local.get $v)))))");
    repeat("(v128.store (i32.const 1) (v128.load $second (i32.const 2)))");
}
