//! Exceptions in use are kept, wherever they are: in locals and operands, registers and arguments, tables and globals, in other
//! exceptions, in traps under way; on stacks of both engines below host functions that call back. What is thrown in between
//! makes the runtime look for exceptions that are not in use, again and again.

use super::*;
use std::sync::{Arc, Mutex};

/// So many exceptions are thrown where some may be freed: more than the runtime lets be there without looking.
const MANY: &str = "1100";

/// How deep calls nest.
const DEPTH: i32 = 24;

/// What both modules have. The first has a tag and a table of functions of its own, the second the first's.
fn text(own: &str, position: usize) -> String {
    format!(
        r#"
        (type $f (func (param i32 exnref) (result exnref)))
        {own}
        (import "host" "again" (func $again (type $f)))
        (import "host" "pass" (func $pass (param i32)))
        (elem (table $functions) (i32.const {position}) func $f)
        (table $kept {table} exnref)
        (global $g (mut exnref) (ref.null exn))

        (func $throw (param i32 exnref) (throw $t (local.get 0) (local.get 1)))

        ;; A new exception with a number and a reference.
        (func $make (param i32 exnref) (result exnref) (local $e exnref)
            (block $h (result i32 exnref exnref)
                (try_table (catch_ref $t $h) (call $throw (local.get 0) (local.get 1)))
                (unreachable))
            (local.set $e) (drop) (drop) (local.get $e))

        ;; Takes an exception apart, which must have a number. Gives the reference that it carries.
        (func $check (param $e exnref) (param $number i32) (result exnref) (local $inner exnref)
            (block $h (result i32 exnref)
                (try_table (catch $t $h) (throw_ref (local.get $e)))
                (unreachable))
            (local.set $inner)
            (if (i32.ne (local.get $number)) (then (unreachable)))
            (local.get $inner))

        ;; Throws many exceptions that nobody needs.
        (func $churn (export "churn") (local $i i32)
            (loop $more
                (block $h (result i32 exnref)
                    (try_table (catch $t $h) (call $throw (local.get $i) (ref.null exn)))
                    (unreachable))
                (drop) (drop)
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $more (i32.lt_u (local.get $i) (i32.const {MANY})))))

        (func (export "boom") (param i32)
            (throw $t (local.get 0) (call $make (i32.add (local.get 0) (i32.const 1)) (ref.null exn))))

        ;; What a host function lets through is whole.
        (func $passes (param $n i32) (local $inner exnref) (local $e exnref)
            (block $h (result i32 exnref exnref)
                (try_table (catch_ref $t $h) (call $pass (local.get $n)))
                (unreachable))
            (local.set $e) (local.set $inner) (drop)
            (call $churn)
            (drop (call $check (call $check (local.get $e) (local.get $n)) (i32.add (local.get $n) (i32.const 1))))
            (drop (call $check (local.get $inner) (i32.add (local.get $n) (i32.const 1)))))

        (func $f (export "f") (param $depth i32) (param $given exnref) (result exnref)
            (local $n i32) (local $a exnref) (local $b exnref) (local $c exnref) (local $old exnref) (local $result exnref)
            (local.set $n (i32.mul (local.get $depth) (i32.const 100)))
            (if (i32.eqz (local.get $depth)) (then
                (call $churn)
                (call $passes (i32.const 50))
                (return (call $make (i32.const 9) (local.get $given)))))
            (local.set $a (call $make (i32.add (local.get $n) (i32.const 1)) (ref.null exn)))
            (local.set $b (call $make (i32.add (local.get $n) (i32.const 2)) (local.get $a)))
            ;; What it carries is referred to by nothing else.
            (local.set $c (call $make (i32.add (local.get $n) (i32.const 3))
                (call $make (i32.add (local.get $n) (i32.const 10)) (ref.null exn))))
            (table.set $kept (local.get $depth) (call $make (i32.add (local.get $n) (i32.const 4)) (ref.null exn)))
            (local.set $old (global.get $g))
            (global.set $g (call $make (i32.add (local.get $n) (i32.const 5)) (ref.null exn)))
            ;; Two operands below the call, and one that is passed.
            (call $make (i32.add (local.get $n) (i32.const 6)) (ref.null exn))
            (call $make (i32.add (local.get $n) (i32.const 7)) (local.get $c))
            (if (result exnref) (i32.and (local.get $depth) (i32.const 1))
                (then (call $again
                    (i32.sub (local.get $depth) (i32.const 1))
                    (call $make (i32.add (local.get $n) (i32.const 8)) (ref.null exn))))
                (else (call_indirect $functions (type $f)
                    (i32.sub (local.get $depth) (i32.const 1))
                    (call $make (i32.add (local.get $n) (i32.const 8)) (ref.null exn))
                    (i32.and (i32.shr_u (local.get $depth) (i32.const 1)) (i32.const 1)))))
            (local.set $result)
            (call $churn)
            ;; The operands.
            (i32.add (local.get $n) (i32.const 7))
            (call $check)
            (i32.add (local.get $n) (i32.const 3))
            (call $check)
            (i32.add (local.get $n) (i32.const 10))
            (call $check)
            (drop)
            (i32.add (local.get $n) (i32.const 6))
            (call $check)
            (drop)
            ;; The locals, and what they carry.
            (drop (call $check (local.get $c) (i32.add (local.get $n) (i32.const 3))))
            (drop (call $check
                (call $check (local.get $b) (i32.add (local.get $n) (i32.const 2)))
                (i32.add (local.get $n) (i32.const 1))))
            (drop (call $check (local.get $a) (i32.add (local.get $n) (i32.const 1))))
            (drop (call $check (table.get $kept (local.get $depth)) (i32.add (local.get $n) (i32.const 4))))
            (drop (call $check (global.get $g) (i32.add (local.get $n) (i32.const 5))))
            (global.set $g (local.get $old))
            ;; The argument; the result, which carries the argument.
            (drop (call $check (local.get $given) (i32.add (local.get $n) (i32.const 108))))
            (drop (call $check
                (call $check (local.get $result) (i32.sub (local.get $n) (i32.const 91)))
                (i32.add (local.get $n) (i32.const 8))))
            (call $make (i32.add (local.get $n) (i32.const 9)) (local.get $given)))"#,
        table = DEPTH + 1,
    )
}

/// The number that an exception carries.
fn number(store: &Store, value: Value) -> i32 {
    let Value::ExnRef(Some(exception)) = value else { panic!("no exception but {value:?}") };
    match store.exception_values(exception)[0] {
        Value::I32(number) => number,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn exceptions_in_use_are_kept() {
    let (native, interpreted) = (Way::Native, Way::Interpreted);
    let pairs = [
        [native(Level::O0), native(Level::O2)],
        [native(Level::O3), native(Level::Oz)],
        [native(Level::O2), interpreted],
        [interpreted, native(Level::O3)],
        [interpreted, interpreted],
    ];
    for pair in pairs {
        let mut world = World::new();
        let functions: Arc<Mutex<Vec<[engine::Func; 3]>>> = Arc::default();
        let exnref = ValType::EXNREF;
        let known = functions.clone();
        // The one module's functions for even numbers, the other's for odd ones.
        let choose = move |number: i32| known.lock().expect("no panic")[number as usize / 2 % 2];
        let chosen = choose.clone();
        world.define("again", FuncType::new([ValType::I32, exnref], [exnref]), move |caller, slots| {
            let [f, churn, _] = chosen(slots[0].i32());
            // The argument is only known to the guest, and to the slots.
            caller.store().call(churn, &[])?;
            let given = caller.store().value(exnref, &slots[1]);
            let results = caller.store().call(f, &[Value::I32(slots[0].i32()), given])?;
            caller.store().call(churn, &[])?;
            slots[0] = caller.store().slot(results[0]);
            Ok(())
        });
        world.define("pass", FuncType::new([ValType::I32], []), move |caller, slots| {
            let [_, churn, boom] = choose(slots[0].i32());
            let trap = caller.store().call(boom, &[Value::I32(slots[0].i32())]).expect_err("it throws");
            // The exception is in the trap alone.
            caller.store().call(churn, &[])?;
            Err(trap.into())
        });
        let first = r#"(tag $t (export "t") (param i32 exnref)) (table $functions (export "functions") 2 funcref)"#;
        let second =
            r#"(import "a" "t" (tag $t (param i32 exnref))) (import "a" "functions" (table $functions 2 funcref))"#;
        let mut instances = Vec::new();
        for (position, (name, own)) in [("a", first), ("b", second)].into_iter().enumerate() {
            // Imports come first.
            let (imports, definitions) = if position == 0 { ("", own) } else { (own, "") };
            let text = text(imports, position).replace("(elem ", &format!("{definitions} (elem "));
            let instance = world.add(name, &load(pair[position], &text));
            let function = |name: &str| engine::function(&world.store, instance, name).expect("it is exported");
            functions.lock().expect("no panic").push(["f", "churn", "boom"].map(function));
            instances.push(instance);
        }
        let tag = world.tag(instances[0], "t");
        for instance in instances {
            let given = world.store.new_exception(tag, &[Value::I32(DEPTH * 100 + 108), Value::ExnRef(None)]);
            let result = world.call(instance, "f", &[Value::I32(DEPTH), Value::ExnRef(Some(given))]).expect("no trap");
            assert_eq!(number(&world.store, result[0]), DEPTH * 100 + 9, "{pair:?}");
            let count = world.store.exception_count();
            assert!(count < 4000, "{count} exceptions are there, {pair:?}");
        }
    }
}
