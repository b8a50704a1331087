//! Traps: the segment that traps stays charged whole, and what came before it is there, too.

use super::*;

/// What the functions that trap work on.
const PRELUDE: &str = r#"
    (memory $m 1 1) (memory $m64 i64 1 1) (memory $shared 1 1 shared)
    (table $t 2 4 funcref) (table $t64 i64 2 2 funcref)
    (elem $e func 0) (data $d "abc")
    (type $none (func)) (tag $tag)
    (func $nothing)
    (func $i32 (result i32) (i32.const 0))
    (elem declare func $nothing $i32)
    (table $full 1 1 funcref) (elem (table $full) (i32.const 0) func $i32)"#;

/// Each body stands in the middle of a segment of seven other instructions, behind a segment of two. `own` is how many it has.
fn all_are_charged(bodies: &[(&str, u64, TrapCode)]) {
    let functions: String = (0..)
        .zip(bodies)
        .map(|(index, (body, ..)): (usize, _)| {
            format!(
                r#"(func (export "{index}") (local i32 i64 f32 f64)
                    (block nop)
                    nop (local.set 0 (i32.const 1)) nop {body} nop (local.set 0 (i32.const 2)))"#
            )
        })
        .collect();
    let names: Vec<String> = (0..bodies.len()).map(|index| index.to_string()).collect();
    let expected: Vec<_> = names
        .iter()
        .zip(bodies)
        .map(|(name, &(_, own, code))| (name.as_str(), code.message(), 2 + 4 + own + 3))
        .collect();
    are_charged(&format!("(module {PRELUDE} {functions})"), &expected);
}

#[test]
fn of_numbers() {
    use TrapCode::*;
    all_are_charged(&[
        ("(drop (i32.div_s (i32.const 1) (i32.sub (local.get 0) (i32.const 1))))", 6, IntegerDivideByZero),
        ("(drop (i32.rem_u (i32.const 1) (i32.const 0)))", 4, IntegerDivideByZero),
        ("(drop (i64.div_u (i64.const 1) (local.get 1)))", 4, IntegerDivideByZero),
        ("(drop (i64.rem_s (i64.const 1) (local.get 1)))", 4, IntegerDivideByZero),
        ("(drop (i64.div_s (i64.const -9223372036854775808) (i64.const -1)))", 4, IntegerOverflow),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", 3, InvalidConversionToInteger),
        ("(drop (i64.trunc_f64_u (f64.sub (local.get 3) (f64.const 1))))", 5, IntegerOverflow),
        ("(drop (i32.trunc_f64_s (f64.const 1e10)))", 3, IntegerOverflow),
        // Two of the same kind in one segment, the second of which traps.
        (
            "(drop (i32.div_u (i32.const 1) (local.get 0))) (drop (i32.div_u (i32.const 1) (i32.wrap_i64 (local.get 1))))",
            9,
            IntegerDivideByZero,
        ),
    ]);
}

#[test]
fn of_memories() {
    use TrapCode::*;
    let out = MemoryOutOfBounds;
    all_are_charged(&[
        ("(drop (i32.load $m (i32.const 65533)))", 3, out),
        ("(i32.store $m offset=4294967295 (i32.const 65533) (i32.const 1))", 3, out),
        ("(drop (v128.load32_splat $m (i32.const -1)))", 3, out),
        ("(drop (i64.load8_u $m64 (i64.const 65536)))", 3, out),
        ("(drop (i64.load $m64 offset=18446744073709551615 (i64.const 65536)))", 3, out),
        ("(i64.store $m64 (i64.const -1) (i64.const 65536))", 3, out),
        ("(memory.fill $m (i32.const 65530) (i32.const 1) (i32.const 7))", 4, out),
        ("(memory.copy $m $m64 (i32.const 0) (i64.const 65536) (i32.const 1))", 4, out),
        ("(memory.init $m $d (i32.const 0) (i32.const 2) (i32.const 2))", 4, out),
        ("(data.drop $d) (memory.init $m $d (i32.const 0) (i32.const 0) (i32.const 1))", 5, out),
        // A segment that stores and then traps.
        ("(i32.store $m (i32.const 0) (i32.const 1)) (drop (i32.load $m (i32.const -4)))", 6, out),
    ]);
}

#[test]
fn of_atomic_accesses() {
    use TrapCode::*;
    all_are_charged(&[
        ("(drop (i32.atomic.load $shared (i32.const 1)))", 3, UnalignedAtomic),
        ("(drop (i32.atomic.load $shared (i32.const 65536)))", 3, MemoryOutOfBounds),
        ("(i64.atomic.store $shared (i32.const 4) (i64.const 0))", 3, UnalignedAtomic),
        ("(drop (i64.atomic.rmw.add $shared (i32.const 65536) (i64.const 0)))", 4, MemoryOutOfBounds),
        ("(drop (i32.atomic.rmw8.cmpxchg_u $m (i32.const 65536) (i32.const 0) (i32.const 0)))", 5, MemoryOutOfBounds),
        ("(drop (memory.atomic.notify $m (i32.const 2) (i32.const 0)))", 4, UnalignedAtomic),
        ("(drop (memory.atomic.wait32 $m (i32.const 0) (i32.const 0) (i64.const 0)))", 5, ExpectedSharedMemory),
        ("(drop (memory.atomic.wait64 $shared (i32.const 65536) (i64.const 0) (i64.const 0)))", 5, MemoryOutOfBounds),
    ]);
}

#[test]
fn of_tables_and_references() {
    use TrapCode::*;
    all_are_charged(&[
        ("(drop (table.get $t (i32.const 2)))", 3, TableOutOfBounds),
        ("(table.set $t64 (i64.const 4294967296) (ref.null func))", 3, TableOutOfBounds),
        ("(table.fill $t (i32.const 1) (ref.null func) (i32.const 2))", 4, TableOutOfBounds),
        ("(table.copy $t $full (i32.const 0) (i32.const 1) (i32.const 1))", 4, TableOutOfBounds),
        ("(table.init $t $e (i32.const 2) (i32.const 0) (i32.const 1))", 4, TableOutOfBounds),
        // Growing too far is no trap: the one behind it is.
        (
            "(drop (i32.div_u (i32.const 1) (i32.add (i32.const 1) (table.grow $t (ref.null func) (i32.const 3)))))",
            8,
            IntegerDivideByZero,
        ),
        ("(drop (ref.as_non_null (ref.null func)))", 3, NullReference),
    ]);
}

/// A call ends its segment: the last three instructions are no part of it.
#[test]
fn of_calls() {
    use TrapCode::*;
    let text = format!(
        r#"(module {PRELUDE}
            (func (export "null") nop (call_indirect $t (i32.const 0)) nop nop nop)
            (func (export "outside") nop (call_indirect $t (i32.const 9)) nop nop nop)
            (func (export "type") nop (call_indirect $full (i32.const 0)) nop nop nop)
            (func (export "tail_null") nop (return_call_indirect $t64 (i64.const 1)))
            (func (export "tail_type") nop (return_call_indirect $full (i32.const 0)))
            (func (export "ref") nop (call_ref $none (ref.null $none)) nop nop)
            (func (export "tail_ref") nop (return_call_ref $none (ref.null $none)))
            (func (export "throw_ref") nop (ref.null exn) throw_ref)
            (func (export "throw") nop (throw $tag)))"#
    );
    are_charged(
        &text,
        &[
            ("null", UninitializedElement.message(), 3),
            ("outside", UndefinedElement.message(), 3),
            ("type", IndirectCallTypeMismatch.message(), 3),
            ("tail_null", UninitializedElement.message(), 3),
            ("tail_type", IndirectCallTypeMismatch.message(), 3),
            ("ref", NullFunctionReference.message(), 3),
            ("tail_ref", NullFunctionReference.message(), 3),
            ("throw_ref", NullExceptionReference.message(), 3),
            ("throw", UncaughtException.message(), 2),
        ],
    );
}

/// How deep calls go differs, and what was charged with it: but each call that was made is.
#[test]
fn of_a_stack_that_is_exhausted() {
    let text = r#"(module
        (func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get 0))))
        (func (export "run") (result i32) (call $deeper (i32.const 1)))
        (func (export "again") nop))"#;
    for engine in ENGINES {
        let module = load(text, engine, &everything());
        let mut store = Store::new();
        let instance = Linker::new().instantiate(&mut store, &module).expect("an instance");
        let trap = call(&mut store, instance, "run").expect_err("it never returns");
        assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted), "{engine}");
        let Charged { instructions, gas } = charged(&store);
        assert_eq!(instructions, gas, "{engine}");
        // 2 for the first call; 3 for each that the next one follows.
        assert!(gas > 2 + 3 * 1000 && (gas - 2).is_multiple_of(3), "{engine}: {gas}");
        call(&mut store, instance, "again").expect("the stack is free again");
        assert_eq!(charged(&store), both(gas + 1), "{engine}");
    }
}
