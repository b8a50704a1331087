//! Exceptions: what is caught where, with which values, through which frames.
//!
//! The suite's own files hold the rules; here are the ways that an exception can take: through many frames, loops and inlined
//! functions, across modules, through the host and back, and to nobody.

mod collection;

use artifact::{Feature, Level};
use engine::{Extern, FuncType, Instance, Module, Store, TrapCode, ValType, Value};
use tests::{Way, World};

const WAYS: [Way; 6] = [
    Way::Native(Level::O0),
    Way::Native(Level::O1),
    Way::Native(Level::O2),
    Way::Native(Level::O3),
    Way::Native(Level::Oz),
    Way::Interpreted,
];

fn load(way: Way, text: &str) -> Module {
    way.load(text, &[Feature::Exceptions, Feature::FunctionReferences, Feature::TailCall])
}

/// A world with one instance.
fn world_with(way: Way, text: &str) -> (World, Instance) {
    let mut world = World::new();
    let instance = world.add("m", &load(way, text));
    (world, instance)
}

/// Locals have in the handler the values that they had when the call threw.
#[test]
fn locals_are_what_they_were_at_the_throw() {
    let text = r#"
        (tag $t (param i32))
        (func $maybe (param i32 i32) (if (i32.eq (local.get 0) (local.get 1)) (then (throw $t (local.get 0)))))
        ;; Sums up to where it throws; gives 1000 times the sum, and what was thrown.
        (func (export "f") (param $at i32) (result i32)
            (local $i i32) (local $sum i32) (local $a i64) (local $b f64)
            (local.set $a (i64.const 7))
            (block $caught (result i32)
                (try_table (catch $t $caught)
                    (loop $again
                        (local.set $sum (i32.add (local.get $sum) (local.get $i)))
                        (call $maybe (local.get $i) (local.get $at))
                        (local.set $a (i64.add (local.get $a) (i64.const 3)))
                        (local.set $b (f64.add (local.get $b) (f64.const 0.5)))
                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                        (br_if $again (i32.lt_u (local.get $i) (i32.const 100)))))
                (return (i32.const -1)))
            (i32.mul (local.get $sum) (i32.const 1000))
            i32.add
            (i32.wrap_i64 (i64.sub (local.get $a) (i64.mul (i64.extend_i32_u (local.get $i)) (i64.const 3))))
            i32.add
            (i32.trunc_f64_s (f64.sub (f64.mul (local.get $b) (f64.const 2)) (f64.convert_i32_u (local.get $i))))
            i32.sub)"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        assert_eq!(world.number(instance, "f", 0), 7, "{way:?}");
        assert_eq!(world.number(instance, "f", 10), 55_000 + 10 + 7, "{way:?}");
        assert_eq!(world.number(instance, "f", 500), -1, "{way:?}");
    }
}

/// Frames between a throw and its handler have kept much in registers for their callers.
#[test]
fn registers_come_back_through_many_frames() {
    // Each frame holds values across its call, so that it saves registers; where nothing is thrown they all count.
    let text = r#"
        (tag $t (param i64 f64))
        (func $down (param $n i32) (param $x i64) (result i64)
            (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64)
            (if (i32.eqz (local.get $n)) (then (throw $t (local.get $x) (f64.const 2.5))))
            (local.set $a (i64.mul (local.get $x) (i64.const 3)))
            (local.set $b (i64.mul (local.get $x) (i64.const 5)))
            (local.set $c (i64.mul (local.get $x) (i64.const 7)))
            (local.set $d (i64.mul (local.get $x) (i64.const 11)))
            (local.set $e (call $down (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $x) (i64.const 1))))
            (i64.add (local.get $e) (i64.add (i64.add (local.get $a) (local.get $b)) (i64.add (local.get $c) (local.get $d)))))
        (func (export "f") (param $n i32) (result i32)
            (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32) (local $x i64) (local $f f64)
            (local.set $a (i32.mul (local.get $n) (i32.const 2)))
            (local.set $b (i32.mul (local.get $n) (i32.const 3)))
            (local.set $c (i32.mul (local.get $n) (i32.const 5)))
            (local.set $d (i32.mul (local.get $n) (i32.const 7)))
            (local.set $e (i32.mul (local.get $n) (i32.const 11)))
            (block $caught (result i64 f64)
                (try_table (catch $t $caught) (drop (call $down (local.get $n) (i64.const 0))))
                unreachable)
            (local.set $f) (local.set $x)
            ;; 2 + 3 + 5 + 7 + 11 + 1 + 2.5 * 4 = 39 for each.
            (i32.add (i32.add (i32.add (local.get $a) (local.get $b)) (i32.add (local.get $c) (local.get $d)))
                (i32.add (i32.add (local.get $e) (i32.wrap_i64 (local.get $x)))
                    (i32.mul (local.get $n) (i32.trunc_f64_s (f64.mul (local.get $f) (f64.const 4)))))))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        for n in [0, 1, 5, 1000] {
            assert_eq!(world.number(instance, "f", n), 39 * n, "{way:?}");
        }
    }
}

/// More calls have exceptions come out of them than a store remembers anything about at one time.
#[test]
fn exceptions_come_out_of_many_calls() {
    const CALLS: usize = 3000;
    // Each function keeps up to five values across its call, so that it saves other registers than its neighbours. Every other
    // one catches, every other one is passed.
    let function = |index: usize| {
        let keep: String = (0..index % 6)
            .map(|at| format!("(local.set {} (i32.shl (local.get 0) (i32.const {at})))", at + 1))
            .collect();
        let sum: String = (0..index % 6).map(|at| format!("(local.get {}) i32.add", at + 1)).collect();
        let call = "(call_indirect (param i32) (local.get 0) (i32.const 0))";
        let body = match index % 2 {
            0 => format!("{call} (i32.const 0)"),
            _ => format!("(block $h (result i32) (try_table (catch $t $h) {call}) (unreachable))"),
        };
        format!("(func $f{index} (param i32) (result i32) (local i32 i32 i32 i32 i32) {keep} {body} {sum})")
    };
    let functions: String = (0..CALLS).map(function).collect();
    let elements: String = (0..CALLS).map(|index| format!(" $f{index}")).collect();
    let text = format!(
        r#"
        (tag $t (param i32))
        (table funcref (elem $throw {elements}))
        (func $throw (param i32) (throw $t (local.get 0)))
        {functions}
        ;; Calls all of them with a number. The sum of what they give and throw.
        (func (export "f") (param $x i32) (result i32) (local $i i32) (local $sum i32)
            (loop $again
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (block $h (result i32)
                    (try_table (result i32) (catch $t $h)
                        (call_indirect (param i32) (result i32) (local.get $x) (local.get $i))))
                (local.set $sum (i32.add (local.get $sum)))
                (br_if $again (i32.lt_u (local.get $i) (i32.const {CALLS}))))
            (local.get $sum))"#
    );
    // Of what a function has kept there is something left where it has caught.
    let kept = |index: usize| if index % 2 == 1 { (1 << (index % 6)) - 1 } else { 0 };
    let expected: i32 = (0..CALLS).map(|index| 1 + kept(index)).sum();
    for way in [Way::Native(Level::O0), Way::Native(Level::O2), Way::Interpreted] {
        let (mut world, instance) = world_with(way, &text);
        for x in [1, 10, 100] {
            assert_eq!(world.number(instance, "f", x), expected * x, "{way:?}");
        }
    }
}

/// What has no clause that fits goes on to the next `try_table`, in the same function or in a caller's.
#[test]
fn handlers_nest() {
    let text = r#"
        (tag $a) (tag $b) (tag $c)
        (func $throw (param i32)
            (block (block (block (br_table 0 1 2 (local.get 0))) (throw $a)) (throw $b)) (throw $c))
        (func $middle (param i32) (result i32)
            (block $b
                (block $a
                    (try_table (catch $b $b)
                        (try_table (catch $a $a) (call $throw (local.get 0))))
                    (return (i32.const 0)))
                (return (i32.const 1)))
            (i32.const 2))
        (func (export "f") (param i32) (result i32)
            (block $any
                (try_table (catch_all $any) (return (call $middle (local.get 0)))))
            (i32.const 3))
        ;; The same with throws that need no call.
        (func (export "g") (param i32) (result i32)
            (block $any
                (try_table (catch_all $any)
                    (block $b
                        (block $a
                            (try_table (catch $b $b)
                                (try_table (catch $a $a)
                                    (if (i32.eqz (local.get 0)) (then (throw $a)))
                                    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $b)))
                                    (throw $c)))
                            (return (i32.const 0)))
                        (return (i32.const 1)))
                    (return (i32.const 2))))
            (i32.const 3))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        for name in ["f", "g"] {
            assert_eq!([0, 1, 2].map(|n| world.number(instance, name, n)), [1, 2, 3], "{name} {way:?}");
        }
    }
}

/// What lies on the stack below a `try_table` is there behind it, whichever way leads there.
#[test]
fn operands_outside_stay() {
    let text = r#"
        (tag $t (param i32)) (tag $other)
        (func $throw (param i32)
            (if (i32.eqz (local.get 0)) (then (throw $other)))
            (if (i32.gt_s (local.get 0) (i32.const 0)) (then (throw $t (local.get 0)))))
        (func (export "f") (param i32) (result i32)
            (block $none
                (i64.const 100)
                (f64.const 10)
                (block $t (result i32)
                    (i32.const 8)
                    (i32.const 7)
                    (try_table (param i32) (result i32) (catch $t $t) (catch $other $none)
                        (drop)
                        (call $throw (local.get 0))
                        (i32.const 1))
                    (i32.add))
                (f64.convert_i32_s)
                (f64.add)
                (i64.trunc_f64_s)
                (i64.add)
                (i32.wrap_i64)
                (return))
            (i32.const -1))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        assert_eq!([-5, 0, 5].map(|n| world.number(instance, "f", n)), [119, -1, 115], "{way:?}");
    }
}

/// `throw_ref` throws the same exception again, from anywhere, and null is a trap.
#[test]
fn references_are_thrown_again() {
    let text = r#"
        (tag $t (param i32))
        (table $kept 1 exnref)
        (func $throw (param i32) (throw $t (local.get 0)))
        (func (export "keep") (param i32) (result i32) (local $e exnref)
            (block $h (result i32 exnref)
                (try_table (catch_ref $t $h) (call $throw (local.get 0)))
                (return (i32.const -1)))
            (local.set $e)
            (table.set $kept (i32.const 0) (local.get $e)))
        (func (export "again") (param i32) (result i32)
            (block $h (result i32)
                (try_table (catch $t $h) (throw_ref (table.get $kept (i32.const 0))))
                (unreachable)))
        (func (export "clear") (param i32) (result i32)
            (table.set $kept (i32.const 0) (ref.null exn)) (i32.const 0))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        assert_eq!(world.number(instance, "keep", 17), 17, "{way:?}");
        assert_eq!(world.number(instance, "again", 0), 17, "{way:?}");
        assert_eq!(world.number(instance, "again", 0), 17, "{way:?}");
        world.number(instance, "clear", 0);
        let trap = world.call(instance, "again", &[Value::I32(0)]).expect_err("null cannot be thrown");
        assert_eq!(trap.code(), Some(TrapCode::NullExceptionReference), "{way:?}");
    }
}

/// A program that throws without end holds no more exceptions than it refers to.
#[test]
fn exceptions_are_freed() {
    // The hundredth of each hundred is kept in a table; all others are only caught, one by one with a reference.
    let text = r#"
        (tag $t (param i32 exnref))
        (table $kept 100 exnref)
        (func $throw (param i32 exnref) (throw $t (local.get 0) (local.get 1)))
        (func (export "f") (param $n i32) (result i32)
            (local $i i32) (local $e exnref) (local $sum i32)
            (loop $again
                (block $h (result i32 exnref exnref)
                    (try_table (catch_ref $t $h)
                        (call $throw (local.get $i) (table.get $kept (i32.rem_u (local.get $i) (i32.const 100)))))
                    (unreachable))
                (local.set $e) (drop) (drop)
                (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 101)))
                    (then (table.set $kept (i32.rem_u (local.get $i) (i32.const 100)) (local.get $e))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
            ;; What is kept is whole: each holds its number, and the one kept at its place before.
            (local.set $i (i32.const 0))
            (loop $again
                (block $next
                    (block $h (result i32 exnref)
                        (try_table (catch $t $h)
                            (throw_ref (br_on_null $next (table.get $kept (local.get $i)))))
                        (unreachable))
                    (drop)
                    i32.const 100
                    i32.rem_u
                    local.get $sum
                    i32.add
                    local.set $sum)
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (i32.const 100))))
            (local.get $sum))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        assert_eq!(world.number(instance, "f", 50_000), (0..100).sum::<i32>(), "{way:?}");
        let count = world.store.exception_count();
        assert!(count < 60_000 / 10, "{count} exceptions are there, {way:?}");
    }
}

/// Exceptions of several tags take turns, so that what was one is used for another one over and over.
#[test]
fn exceptions_are_used_again() {
    let text = r#"
        (tag $none) (tag $one (param i32)) (tag $two (param i64 i32)) (tag $same (param i32))
        (func $throw (param $i i32)
            (block $3 (block $2 (block $1 (block $0
                (br_table $0 $1 $2 $3 (i32.rem_u (local.get $i) (i32.const 4))))
                (throw $none))
                (throw $one (local.get $i)))
                (throw $two (i64.const -1) (local.get $i)))
            (throw $same (local.get $i)))
        ;; The sum of i + 1, i + 2, i + 3 for the tags behind the first one, and of i for that, throwing 0 to n.
        (func (export "f") (param $n i32) (result i32) (local $i i32) (local $sum i32)
            (loop $again
                (block $end (result i32)
                    (block $same (result i32)
                        (block $two (result i64 i32)
                            (block $one (result i32)
                                (block $none
                                    (try_table (catch $same $same) (catch $two $two) (catch $one $one) (catch $none $none)
                                        (call $throw (local.get $i)))
                                    (unreachable))
                                (br $end (local.get $i)))
                            (br $end (i32.add (i32.const 1))))
                        (local.set $sum (i32.add (local.get $sum)))
                        (i32.wrap_i64)
                        (br $end (i32.add (i32.const 3))))
                    (i32.add (i32.const 3)))
                (local.set $sum (i32.add (local.get $sum)))
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
            (local.get $sum))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        let n = 20_000;
        assert_eq!(world.number(instance, "f", n), n * (n - 1) / 2 + n / 4 * (1 + 2 + 3), "{way:?}");
        let count = world.store.exception_count();
        assert!(count < n as usize / 4, "{count} exceptions are there, {way:?}");
    }
}

/// What frames hold while others throw is not freed, and a deep stack does not keep what nobody holds.
#[test]
fn frames_hold_exceptions() {
    let text = r#"
        (tag $t (param i32))
        (func $throw (param i32) (throw $t (local.get 0)))
        (func $many (local $i i32)
            (loop $again
                (block $h (result i32) (try_table (catch $t $h) (call $throw (local.get $i))) (unreachable))
                drop
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000)))))
        ;; Catches its number, goes down, and throws what it has caught again: the sum of what all those carry.
        (func $down (param $n i32) (result i32) (local $e exnref) (local $sum i32)
            (if (i32.eqz (local.get $n)) (then (call $many) (return (i32.const 0))))
            (block $h (result i32 exnref)
                (try_table (catch_ref $t $h) (call $throw (local.get $n)))
                (unreachable))
            (local.set $e)
            drop
            (local.set $sum (call $down (i32.sub (local.get $n) (i32.const 1))))
            (block $h (result i32) (try_table (catch $t $h) (throw_ref (local.get $e))) (unreachable))
            (i32.add (local.get $sum)))
        (func (export "f") (param $n i32) (result i32) (call $down (local.get $n)))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        assert_eq!(world.number(instance, "f", 5000), 5000 * 5001 / 2, "{way:?}");
        let count = world.store.exception_count();
        assert!(count < 3 * 5000, "{count} exceptions are there, {way:?}");
    }
}

/// Tags have an identity: imported, it is the same tag; a tag of the same type is another one.
#[test]
fn exceptions_cross_modules() {
    let thrower = r#"
        (tag $t (export "t") (param i32)) (tag $other (export "other") (param i32))
        (func (export "throw") (param i32)
            (if (i32.and (local.get 0) (i32.const 1)) (then (throw $other (local.get 0))))
            (throw $t (local.get 0)))"#;
    // Knows nothing of exceptions, and keeps values in registers across the call.
    let between = r#"
        (import "a" "throw" (func $throw (param i32)))
        (func (export "pass") (param i32) (result i32) (local i32 i32 i32)
            (local.set 1 (i32.mul (local.get 0) (i32.const 3)))
            (local.set 2 (i32.mul (local.get 0) (i32.const 5)))
            (local.set 3 (i32.mul (local.get 0) (i32.const 7)))
            (call $throw (local.get 0))
            (i32.add (local.get 1) (i32.add (local.get 2) (local.get 3))))"#;
    let catcher = r#"
        (import "a" "t" (tag $t (param i32)))
        (import "b" "pass" (func $pass (param i32) (result i32)))
        (tag $other (param i32))
        (func (export "f") (param i32) (result i32) (local i32 i32)
            (local.set 1 (i32.mul (local.get 0) (i32.const 13)))
            (local.set 2 (i32.mul (local.get 0) (i32.const 17)))
            (block $all
                (block $h (result i32)
                    (try_table (catch $other $h) (catch $t $h) (catch_all $all) (drop (call $pass (local.get 0))))
                    (unreachable))
                (i32.add (local.get 1) (local.get 2))
                i32.add
                return)
            (i32.sub (local.get 1) (local.get 2)))"#;
    for a in WAYS {
        for b in WAYS {
            for c in WAYS {
                let mut world = World::new();
                world.add("a", &load(a, thrower));
                world.add("b", &load(b, between));
                let instance = world.add("c", &load(c, catcher));
                let results = [world.number(instance, "f", 10), world.number(instance, "f", 11)];
                assert_eq!(results, [310, -44], "{a:?} {b:?} {c:?}");
            }
        }
    }
}

/// A host function lets an exception through, catches it, or throws one itself.
#[test]
fn exceptions_cross_the_host() {
    let text = r#"
        (import "host" "call" (func $call (param i32) (result i32)))
        (import "host" "throw" (func $throw (param i32)))
        (tag $t (export "t") (param i32 f64))
        (func (export "inner") (param i32) (result i32) (throw $t (local.get 0) (f64.const 1.5)))
        (func (export "outer") (param i32) (result i32)
            (block $h (result i32 f64)
                (try_table (catch $t $h) (return (call $call (local.get 0))))
                (unreachable))
            f64.const 2
            f64.mul
            i32.trunc_f64_s
            i32.add)
        (func (export "host_throws") (param i32) (result i32)
            (block $h (result i32 f64)
                (try_table (catch $t $h) (call $throw (local.get 0)))
                (unreachable))
            drop)"#;
    for way in WAYS {
        let mut world = World::new();
        let [i32] = [ValType::I32];
        // Odd numbers pass through, of even ones the host catches the exception and gives 99.
        world.define("call", FuncType::new([i32], [i32]), |caller, slots| {
            let argument = slots[0].i32();
            let Some(Extern::Func(inner)) = caller.export("inner") else { panic!("no function") };
            let trap = caller.store().call(inner, &[Value::I32(argument)]).expect_err("it throws");
            let exception = trap.exception().expect("it is an exception").clone();
            if argument % 2 == 1 {
                return Err(trap.into());
            }
            let exception = caller.store().exception(&exception);
            assert_eq!(
                caller.store().exception_values(exception),
                [Value::I32(argument), Value::F64(1.5f64.to_bits())]
            );
            slots[0].set_i32(99);
            Ok(())
        });
        world.define("throw", FuncType::new([i32], []), |caller, slots| {
            let Some(Extern::Tag(tag)) = caller.export("t") else { panic!("no tag") };
            let values = [Value::I32(slots[0].i32() + 1), Value::F64(0)];
            let exception = caller.store().new_exception(tag, &values);
            assert_eq!(caller.store().exception_tag(exception), tag);
            Err(caller.store().thrown(exception).into())
        });
        let instance = world.add("m", &load(way, text));
        assert_eq!(world.number(instance, "outer", 7), 10, "{way:?}");
        assert_eq!(world.number(instance, "outer", 8), 99, "{way:?}");
        assert_eq!(world.number(instance, "host_throws", 41), 42, "{way:?}");
        let trap = world.call(instance, "inner", &[Value::I32(1)]).expect_err("nobody catches it");
        assert_eq!(trap.code(), Some(TrapCode::UncaughtException));
        assert_eq!(trap.to_string(), "uncaught exception");
        assert_eq!(trap.frames.len(), 1, "{way:?}");
        let exception = world.store.exception(trap.exception().expect("an exception"));
        assert_eq!(world.store.exception_tag(exception), world.tag(instance, "t"));
    }
}

/// A trap is no exception: nothing catches it.
#[test]
fn traps_are_not_caught() {
    let text = r#"
        (func $div (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
        (func (export "f") (param i32) (result i32)
            (block $all (try_table (catch_all $all) (return (call $div (local.get 0))))) (i32.const -1))
        (func (export "g") (param i32) (result i32)
            (block $all (try_table (catch_all $all) (return (call $deep (local.get 0))))) (i32.const -1))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        let trap = world.call(instance, "f", &[Value::I32(0)]).expect_err("it traps");
        assert_eq!(trap.code(), Some(TrapCode::IntegerDivideByZero), "{way:?}");
        let trap = world.call(instance, "g", &[Value::I32(0)]).expect_err("it traps");
        assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted), "{way:?}");
        assert_eq!(world.number(instance, "f", 1), 1);
    }
}

/// A tail call leaves the `try_table`s around it; what it calls throws past them.
#[test]
fn tail_calls_leave_their_handlers() {
    let text = r#"
        (tag $t (param i32))
        (type $to_i32 (func (param i32) (result i32)))
        (func $throw (param i32) (result i32) (throw $t (local.get 0)))
        (func $tail (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (return_call $throw (local.get 0)))
                (return)) (drop) (i32.const -1))
        (func $count (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 5))))
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (return_call $count (i32.sub (local.get 0) (i32.const 1))))
                (return)) (drop) (i32.const -2))
        (elem declare func $count)
        (func $count_ref (param i32) (result i32)
            (return_call_ref $to_i32 (local.get 0) (ref.func $count)))
        (func (export "f") (param i32) (result i32)
            (block $h (result i32) (try_table (result i32) (catch $t $h) (call $tail (local.get 0)))))
        (func (export "g") (param i32) (result i32)
            (block $h (result i32) (try_table (result i32) (catch $t $h) (call $count_ref (local.get 0)))))"#;
    for way in WAYS {
        let (mut world, instance) = world_with(way, text);
        assert_eq!(world.number(instance, "f", 3), 3, "{way:?}");
        assert_eq!(world.number(instance, "g", 1_000_000), 5, "{way:?}");
    }
}

/// Many arguments, many results, vectors: more than registers hold on the way to the call that throws.
#[test]
fn calls_with_many_arguments_throw() {
    let params: String = (0..40).map(|_| "i64 ").collect();
    let text = format!(
        r#"
        (tag $t (param v128 i64))
        (func $many (param {params}) (result i64 i64 i64 i64)
            (if (i64.eqz (local.get 39)) (then (throw $t (v128.const i32x4 1 2 3 4) (local.get 38))))
            (local.get 36) (local.get 37) (local.get 38) (local.get 39))
        (func $few (param i32)
            (if (i32.eq (local.get 0) (i32.const 77)) (then (throw $t (v128.const i32x4 0 0 1 0) (i64.const 100)))))
        (func (export "f") (param $n i32) (result i32) (local $v v128) (local $x i64) (local $w v128)
            (local.set $w (i32x4.splat (local.get $n)))
            (block $h (result v128 i64)
                (try_table (catch $t $h)
                    (call $few (local.get $n))
                    (call $many {arguments})
                    (call $few (i32.const 1))
                    i64.add i64.add i64.add i32.wrap_i64 return)
                (unreachable))
            (local.set $x) (local.set $v)
            (i32.add (i32.wrap_i64 (local.get $x))
                (i32x4.extract_lane 2 (i32x4.add (local.get $v) (local.get $w)))))"#,
        arguments = (0..40)
            .map(|i| format!("(i64.mul (i64.extend_i32_s (local.get $n)) (i64.const {i})) "))
            .collect::<String>(),
    );
    for way in WAYS {
        let (mut world, instance) = world_with(way, &text);
        assert_eq!(world.number(instance, "f", 2), 2 * (36 + 37 + 38 + 39), "{way:?}");
        assert_eq!(world.number(instance, "f", 0), 3, "{way:?}");
        assert_eq!(world.number(instance, "f", 77), 178, "{way:?}");
    }
}

/// An exception of one store means nothing to the code of another, which it ends like an error of the host.
#[test]
fn exceptions_of_another_store_are_not_caught() {
    let thrower = r#"(tag $t (param i32)) (func (export "throw") (param i32) (throw $t (local.get 0)))"#;
    let catcher = r#"
        (import "host" "other" (func $other (param i32)))
        (tag $t (param i32))
        (func (export "f") (param i32) (result i32)
            (block $h
                (block $r (result exnref)
                    (try_table (catch_all_ref $r) (try_table (catch_all $h) (call $other (local.get 0))))
                    (return (i32.const 1)))
                (drop))
            (i32.const 2))"#;
    for way in WAYS {
        let mut world = World::new();
        world.define("other", FuncType::new([ValType::I32], []), move |_, slots| {
            // Nothing is left of the other store but the exception.
            let (mut other, thrower) = world_with(way, thrower);
            other.call(thrower, "throw", &[Value::I32(slots[0].i32())])?;
            Ok(())
        });
        let instance = world.add("m", &load(way, catcher));
        let trap = world.call(instance, "f", &[Value::I32(1)]).expect_err("it passes");
        assert_eq!(trap.code(), Some(TrapCode::UncaughtException), "{way:?}");
        assert_eq!(trap.frames.len(), 2, "{way:?}");
        assert!(trap.exception().is_some());
    }
}

/// A host function that puts another store in the place of the one that runs keeps guest code from calling native code again:
/// it would run on the other store's stack.
#[test]
fn stores_that_are_swapped_do_not_mix() {
    let native = r#"(func (export "one") (result i32) (i32.const 1))"#;
    let calls = r#"
        (import "host" "swap" (func $swap))
        (import "n" "one" (func $one (result i32)))
        (func (export "f") (param i32) (result i32) (call $swap) (call $one))"#;
    let mut world = World::new();
    world.define("swap", FuncType::new([], []), |caller, _| {
        drop(std::mem::take(caller.store()));
        Ok(())
    });
    world.add("n", &load(Way::Native(Level::O1), native));
    let instance = world.add("m", &load(Way::Interpreted, calls));
    let call = std::panic::AssertUnwindSafe(|| world.call(instance, "f", &[Value::I32(0)]));
    let payload = std::panic::catch_unwind(call).expect_err("it does not go on");
    let message = payload.downcast_ref::<&str>().expect("a text");
    assert_eq!(*message, "no host function on the way has put another store in this one's place");
}
