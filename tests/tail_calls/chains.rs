//! Chains of tail calls that lead from engine to engine: what they carry, what they take, and how they end.

use super::{ENGINES, MANY, PAIRS, call, module};
use abi::types::{HeapType, RefType};
use artifact::Level;
use engine::{Extern, FuncType, Instance, Linker, Store, Trap, TrapCode, TrapReason, ValType, Value, function};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::Way::{self, Interpreted, Native};

/// A store with instances that share the table `table` of the first one.
struct Chain {
    store: Store,
    linker: Linker,
}

impl Chain {
    fn new() -> Chain {
        let mut chain = Chain { store: Store::new(), linker: Linker::new() };
        chain.add("table", Interpreted, r#"(module (table (export "table") 10 funcref))"#);
        chain
    }

    fn add(&mut self, name: &str, engine: Way, text: &str) -> Instance {
        let module = module(text, engine);
        let instance = self.linker.instantiate(&mut self.store, &module).expect("an instance");
        self.linker.define_instance(&self.store, name, instance);
        instance
    }

    fn host(
        &mut self,
        name: &str,
        ty: FuncType,
        function: impl Fn(&mut engine::Caller<'_>, &mut [engine::Slot]) -> Result<(), engine::HostError>
        + Send
        + Sync
        + 'static,
    ) {
        self.linker.func_new("host", name, ty, function);
    }

    fn call(&mut self, instance: Instance, name: &str, args: &[Value]) -> Result<Vec<Value>, Trap> {
        call(&mut self.store, instance, name, args)
    }
}

/// A module with a function of type `$from`, which is element `own` of the table, and tail calls element `next` as a function
/// of type `$to`, with its arguments in the reverse order, of which `$n`, the first or the last, is one less; if that is zero
/// it returns them as they are. Both types have results like the parameters of the one that is `forward`.
fn turning(types: &str, is_forward: bool, count: usize, own: u32, next: u32) -> String {
    let (from, to, n) = if is_forward { ("forward", "backward", 0) } else { ("backward", "forward", count - 1) };
    let gets = |order: &mut dyn Iterator<Item = usize>| -> String {
        order.map(|index| format!("(local.get {index})")).collect()
    };
    let reversed = gets(&mut (0..count).rev());
    let forward = if is_forward { gets(&mut (0..count)) } else { reversed.clone() };
    format!(
        r#"(module {types}
            (import "table" "table" (table 10 funcref))
            (elem (i32.const {own}) $turn)
            (func $turn (export "run") (type ${from})
                (if (i32.eqz (local.get {n})) (then (return {forward})))
                (local.set {n} (i32.sub (local.get {n}) (i32.const 1)))
                (return_call_indirect (type ${to}) {reversed} (i32.const {next})))
            (func (export "call") (type ${from}) (call $turn {})))"#,
        gets(&mut (0..count)),
    )
}

#[test]
fn arguments_and_results_of_all_types_are_carried() {
    use ValType::{F32, F64, I32, I64, V128};
    let kinds = [I32, I64, F32, V128, ValType::FUNCREF, F64, ValType::EXTERNREF];
    // From what registers hold to far more than that.
    for count in [1, 2, 3, 5, 7, 11, 17, 29] {
        let params: Vec<ValType> = (0..count).map(|index| kinds[index % kinds.len()]).collect();
        let named = |order: Vec<&ValType>| -> String { order.iter().map(|ty| format!(" {ty}")).collect() };
        let (forward, backward) = (named(params.iter().collect()), named(params.iter().rev().collect()));
        let types = format!(
            "(type $forward (func (param{forward}) (result{forward})))
             (type $backward (func (param{backward}) (result{forward})))"
        );
        for (one, other) in PAIRS {
            let mut chain = Chain::new();
            let first = chain.add("first", one, &turning(&types, true, count, 0, 1));
            chain.add("second", other, &turning(&types, false, count, 1, 0));
            let some_function = function(&chain.store, first, "run");
            let some_object = chain.store.new_externref(Box::new(7));
            let value = |index: usize| match params[index] {
                I32 => Value::I32(if index == 0 { 0 } else { -(index as i32) }),
                I64 => Value::I64(index as i64 - (1 << 40)),
                F32 => Value::F32((index as f32).to_bits()),
                F64 => Value::F64((index as f64 / 3.0).to_bits()),
                V128 => Value::V128(std::array::from_fn(|byte| (byte + index * 16) as u8)),
                ValType::FUNCREF => Value::FuncRef(some_function),
                ValType::Ref(_) => Value::ExternRef(Some(some_object)),
            };
            let results: Vec<Value> = (0..count).map(value).collect();
            for turns in [0, 1, 2, 99, 100] {
                let mut args = results.clone();
                args[0] = Value::I32(turns);
                for name in ["run", "call"] {
                    let actual = chain.call(first, name, &args).unwrap_or_else(|trap| panic!("{one}, {other}: {trap}"));
                    assert_eq!(actual, results, "{one}, {other}: {name} of {count} parameters, {turns} turns");
                }
            }
        }
    }
}

/// Results that come back in registers, of one class or of two.
#[test]
fn few_results_are_carried() {
    let lists = [
        vec![],
        vec![Value::I32(1)],
        vec![Value::F64(2f64.to_bits())],
        vec![Value::V128([3; 16])],
        vec![Value::I64(4), Value::I32(5)],
        vec![Value::F32(6f32.to_bits()), Value::V128([7; 16])],
        vec![Value::I64(8), Value::F64(9f64.to_bits())],
        vec![Value::V128([10; 16]), Value::I32(11)],
        vec![Value::I32(12), Value::I32(13), Value::F32(14f32.to_bits())],
    ];
    let constant = |value: &Value| match *value {
        Value::I32(value) => format!("(i32.const {value})"),
        Value::I64(value) => format!("(i64.const {value})"),
        Value::F32(bits) => format!("(f32.const {})", f32::from_bits(bits)),
        Value::F64(bits) => format!("(f64.const {})", f64::from_bits(bits)),
        Value::V128(bytes) => format!("(v128.const i8x16 {})", bytes.map(|byte| byte.to_string()).join(" ")),
        Value::FuncRef(_) | Value::ExternRef(_) | Value::ExnRef(_) => unreachable!("the lists have none"),
    };
    for results in lists {
        let types: String = results.iter().map(|value| format!(" {}", value.ty())).collect();
        let constants: String = results.iter().map(constant).collect();
        let text = |own: u32, next: u32| {
            format!(
                r#"(module (type $turn (func (param i32) (result{types})))
                    (import "table" "table" (table 10 funcref))
                    (elem (i32.const {own}) $turn)
                    (func $turn (export "run") (type $turn)
                        (if (i32.eqz (local.get 0)) (then (return {constants})))
                        (return_call_indirect (type $turn) (i32.sub (local.get 0) (i32.const 1)) (i32.const {next})))
                    (func (export "call") (type $turn) (call $turn (local.get 0))))"#
            )
        };
        for (one, other) in PAIRS {
            let mut chain = Chain::new();
            let first = chain.add("first", one, &text(0, 1));
            chain.add("second", other, &text(1, 0));
            for (turns, name) in [(0, "run"), (7, "run"), (8, "run"), (7, "call"), (8, "call")] {
                let actual = chain.call(first, name, &[Value::I32(turns)]).expect("no trap");
                assert_eq!(actual, results, "{one}, {other}: {turns} turns by {name}");
            }
        }
    }
}

/// Four modules, of which every second is native, and a host function in the end.
#[test]
fn a_chain_through_many_instances_takes_no_stack() {
    let link = |own: u32| {
        let next = (own + 1) % 4;
        // Signatures change on the way.
        let (from, to) = if own.is_multiple_of(2) { ("$narrow", "$wide") } else { ("$wide", "$narrow") };
        let (n, args) = if own.is_multiple_of(2) {
            (0, "(i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (f32.const 0)")
        } else {
            (7, "")
        };
        format!(
            r#"(module
                (type $narrow (func (param i32) (result i32)))
                (type $wide (func (param i64 i64 i64 i64 i64 i64 f32 i32) (result i32)))
                (import "table" "table" (table 10 funcref))
                (import "host" "end" (func $end (param i32 i32) (result i32)))
                (elem (i32.const {own}) $link)
                (func $link (type {from})
                    (if (i32.eqz (local.get {n})) (then (return_call $end (i32.const 40) (i32.const {own}))))
                    (return_call_indirect (type {to}) {args} (i32.sub (local.get {n}) (i32.const 1)) (i32.const {next})))
                (func (export "call") (param i32) (result i32)
                    (i32.add (i32.const 1) (call_indirect (type $narrow) (local.get 0) (i32.const 0))))
                (func (export "run") (param i32) (result i32)
                    (return_call_indirect (type $narrow) (local.get 0) (i32.const 0))))"#
        )
    };
    let mut chain = Chain::new();
    chain.host("end", FuncType::new([ValType::I32; 2], [ValType::I32]), |_, slots| {
        let sum = slots[0].i32() + slots[1].i32();
        slots[0].set_i32(sum);
        Ok(())
    });
    let engines = [Native(Level::O2), Interpreted, Native(Level::O0), Interpreted];
    let instances: Vec<Instance> =
        (0..).zip(engines).map(|(own, engine)| chain.add(&format!("link{own}"), engine, &link(own))).collect();
    for &instance in &instances {
        for (name, more) in [("run", 0), ("call", 1)] {
            for count in [0, 1, 2, 3, MANY / 4] {
                let results = chain.call(instance, name, &[Value::I32(count)]).expect("no trap");
                assert_eq!(results, [Value::I32(40 + count % 4 + more)], "{name}");
            }
        }
    }
}

const ENDING: &str = r#"(module
    (import "table" "table" (table 10 funcref))
    (import "host" "end" (func $end (param i32) (result i32)))
    (type $turn (func (param i32 i32) (result i32)))
    (elem (i32.const 0) $ending)
    (func $ending (export "run") (type $turn)
        (if (local.get 0) (then
            (return_call_indirect (type $turn) (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (i32.const 1))))
        (return_call $end (local.get 1)))
    (func $outer (export "call") (type $turn)
        (i32.add (i32.const 1) (call $ending (local.get 0) (local.get 1)))))"#;

const TURNING: &str = r#"(module
    (import "table" "table" (table 10 funcref))
    (type $turn (func (param i32 i32) (result i32)))
    (elem (i32.const 1) $turning)
    (func $turning (type $turn)
        (if (i32.eq (local.get 1) (i32.const 99)) (then (unreachable)))
        (return_call_indirect (type $turn) (local.get 0) (local.get 1) (i32.const 0))))"#;

/// What a host function does comes through as from a call.
#[test]
fn chains_end_in_traps_errors_and_panics() {
    for (one, other) in PAIRS {
        let mut chain = Chain::new();
        chain.host("end", FuncType::new([ValType::I32], [ValType::I32]), |caller, slots| match slots[0].i32() {
            0 => Err("refused".into()),
            1 => panic!("broken"),
            again @ 2..9 => {
                // The same chain once more, below the first.
                let Some(Extern::Func(run)) = caller.export("run") else { panic!("the caller exports it") };
                let results = caller.store().call(run, &[Value::I32(50), Value::I32(again + 1)])?;
                let [Value::I32(result)] = results[..] else { panic!("{results:?}") };
                slots[0].set_i32(result + 1);
                Ok(())
            }
            other => {
                slots[0].set_i32(other);
                Ok(())
            }
        });
        let first = chain.add("first", one, ENDING);
        chain.add("second", other, TURNING);
        for _ in 0..2 {
            for name in ["run", "call"] {
                let mut end = |how| chain.call(first, name, &[Value::I32(3), Value::I32(how)]);
                let more = i32::from(name == "call");
                assert_eq!(end(20).expect("no trap"), [Value::I32(20 + more)], "{one}, {other}");
                assert_eq!(end(2).expect("no trap"), [Value::I32(16 + more)], "{one}, {other}");
                let trap = end(0).expect_err("an error");
                assert!(matches!(&trap.reason, TrapReason::Host(error) if error.to_string() == "refused"));
                let panic = catch_unwind(AssertUnwindSafe(|| end(1))).expect_err("a panic");
                assert_eq!(panic.downcast_ref::<&str>(), Some(&"broken"));
                let trap = end(99).expect_err("unreachable");
                assert_eq!(trap.code(), Some(TrapCode::Unreachable));
                let names: Vec<&str> = trap.frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
                // Who has made a tail call is not there any more; optimized, others may be inlined.
                assert_eq!(names[0], "turning", "{one}, {other}");
                assert!(
                    !names.contains(&"ending") || matches!(one, Native(Level::O2 | Level::O3)),
                    "{one}, {other}: {names:?}"
                );
                assert_eq!(names.contains(&"outer"), name == "call", "{one}, {other}: {names:?}");
            }
        }
    }
}

/// One normal call on each way around takes stack, which ends, and is there again.
#[test]
fn calls_among_tail_calls_exhaust_the_stack() {
    let first = r#"(module
        (import "table" "table" (table 10 funcref))
        (type $turn (func (param i32) (result i32)))
        (elem (i32.const 0) $first)
        (func $first (export "run") (type $turn)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
            (return_call_indirect (type $turn) (local.get 0) (i32.const 1))))"#;
    let second = r#"(module
        (import "table" "table" (table 10 funcref))
        (type $turn (func (param i32) (result i32)))
        (elem (i32.const 1) $second)
        (func $second (type $turn)
            (if (i32.gt_s (local.get 0) (i32.const 9)) (then
                (return_call_indirect (type $turn) (i32.const 9) (i32.const 0))))
            (i32.add (i32.const 1) (call_indirect (type $turn) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))
        (func (export "deep") (param i32) (result i32)
            (i32.add (call_indirect (type $turn) (i32.const 10) (i32.const 1))
                (i32.add (i32.const 1) (call_indirect (type $turn) (i32.const 2) (i32.const 2)))))
        (elem (i32.const 2) $deeper)
        (func $deeper (type $turn)
            (i32.add (i32.const 1) (call_indirect (type $turn) (i32.const 3) (i32.const 3)))))"#;
    let third = r#"(module
        (import "table" "table" (table 10 funcref))
        (type $turn (func (param i32) (result i32)))
        (elem (i32.const 3) $third)
        (func $third (type $turn) (return_call_indirect (type $turn) (i32.const 2) (i32.const 2))))"#;
    for (one, other) in PAIRS {
        let mut chain = Chain::new();
        let run = chain.add("first", one, first);
        let deep = chain.add("second", other, second);
        chain.add("third", one, third);
        for _ in 0..2 {
            assert_eq!(chain.call(run, "run", &[Value::I32(10)]).expect("no trap"), [Value::I32(14)], "{one}, {other}");
            let trap = chain.call(deep, "deep", &[Value::I32(1)]).expect_err("no stack is left");
            assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted), "{one}, {other}");
        }
    }
}

/// An exception that a host function throws in the end comes to the handler around the call with which the chain began, which
/// finds its own values as they were.
#[test]
fn exceptions_come_out_of_chains() {
    let first = r#"(module
        (import "table" "table" (table 10 funcref))
        (import "host" "throw" (func $throw (param i32) (result i64)))
        (type $turn (func (param i32) (result i64)))
        (tag $tag (export "tag") (param i32))
        (elem (i32.const 0) $first)
        (func $first (type $turn)
            (if (i32.eqz (local.get 0)) (then (return_call $throw (i32.const 30))))
            (return_call_indirect (type $turn) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
        (func $caught (export "caught") (param $turns i32) (param $a i64) (param $b i64) (param $c i64) (param $d i64) (result i64)
            (block $handler (result i32)
                (try_table (catch $tag $handler) (drop (call $first (local.get $turns))))
                (unreachable))
            (i64.extend_i32_u)
            (i64.add (i64.mul (local.get $a) (local.get $b)))
            (i64.add (i64.sub (local.get $c) (local.get $d))))
        (func (export "run") (param i32) (result i64)
            (call $caught (local.get 0) (i64.const 11) (i64.const 12) (i64.const 14) (i64.const 15))))"#;
    let second = r#"(module
        (import "table" "table" (table 10 funcref))
        (type $turn (func (param i32) (result i64)))
        (elem (i32.const 1) $second)
        (func $second (type $turn) (return_call_indirect (type $turn) (local.get 0) (i32.const 0))))"#;
    for (one, other) in PAIRS {
        let mut chain = Chain::new();
        chain.host("throw", FuncType::new([ValType::I32], [ValType::I64]), |caller, slots| {
            let Some(Extern::Tag(tag)) = caller.export("tag") else { panic!("the caller exports it") };
            let exception = caller.store().new_exception(tag, &[Value::I32(slots[0].i32())]);
            Err(caller.store().thrown(exception).into())
        });
        let instance = chain.add("first", one, first);
        chain.add("second", other, second);
        for turns in [0, 1, 2, 1001] {
            let results = chain
                .call(instance, "run", &[Value::I32(turns)])
                .unwrap_or_else(|trap| panic!("{one}, {other}: {trap}"));
            assert_eq!(results, [Value::I64(30 + 11 * 12 + 14 - 15)], "{one}, {other}");
        }
    }
}

/// An exception stays as long as a host function can look at it, though nobody else refers to it any more.
#[test]
fn the_host_is_passed_exceptions() {
    let text = r#"(module
        (tag $tag (export "tag") (param i32))
        (import "host" "look" (func $look (param i64 i64 i64 i64 exnref i64) (result i32)))
        (func (export "many") (param i32) (result i32)
            (loop $again
                (block $handler (result i32)
                    (try_table (catch $tag $handler) (throw $tag (local.get 0)))
                    (unreachable))
                (drop)
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.const 0))
        (func $throw (param i32) (throw $tag (local.get 0)))
        (func $tail (param i32) (result i32) (local exnref)
            (block $handler (result i32 exnref)
                (try_table (catch_ref $tag $handler) (call $throw (local.get 0)))
                (unreachable))
            (local.set 1)
            (drop)
            (return_call $look (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (local.get 1) (i64.const 0)))
        (func (export "run") (param i32) (result i32) (call $tail (local.get 0))))"#;
    let exnref = ValType::Ref(RefType { nullable: true, heap: HeapType::Exn });
    for engine in ENGINES {
        let mut chain = Chain::new();
        let [word] = [ValType::I64];
        let ty = FuncType::new([word, word, word, word, exnref, word], [ValType::I32]);
        chain.host("look", ty, move |caller, slots| {
            let Some(Extern::Func(many)) = caller.export("many") else { panic!("the caller exports it") };
            caller.store().call(many, &[Value::I32(5000)])?;
            let Value::ExnRef(Some(exception)) = caller.store().value(exnref, &slots[4]) else {
                panic!("an exception")
            };
            let [Value::I32(carried)] = caller.store().exception_values(exception)[..] else { panic!("a number") };
            slots[0].set_i32(carried);
            Ok(())
        });
        let instance = chain.add("first", engine, text);
        assert_eq!(chain.call(instance, "run", &[Value::I32(77)]).expect("no trap"), [Value::I32(77)], "{engine}");
    }
}
