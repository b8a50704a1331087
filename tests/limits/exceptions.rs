//! Exceptions and types of sizes that no one writes by hand, by both engines.

use super::repeat;
use artifact::{Feature, Level};
use engine::{Instance, Linker, Store, Value};
use tests::Way;

const WAYS: [Way; 2] = [Way::Native(Level::O2), Way::Interpreted];

fn load(way: Way, fields: &str) -> engine::Module {
    way.load(fields, &[Feature::Exceptions, Feature::FunctionReferences])
}

fn call(store: &mut Store, instance: Instance, argument: i32) -> i32 {
    let function = engine::function(store, instance, "f").expect("the module exports it");
    match store.call(function, &[Value::I32(argument)]).expect("the function does not trap")[..] {
        [Value::I32(result)] => result,
        ref other => panic!("{other:?}"),
    }
}

/// What the exported function of a module gives for some arguments.
fn results<const N: usize>(way: Way, fields: &str, arguments: [i32; N]) -> [i32; N] {
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, &load(way, fields)).expect("the module imports nothing");
    arguments.map(|argument| call(&mut store, instance, argument))
}

/// Two tags, and a function that throws its argument with the second, unless it is zero.
const THROW: &str = "
    (tag $a) (tag $b (param i32))
    (func $throw (param i32) (if (local.get 0) (then (throw $b (local.get 0)))))";

/// A function that gives what its body throws with the second tag, or -1.
fn catching(body: &str) -> String {
    let opening = "(func (export \"f\") (param i32) (result i32) block (result i32) try_table (catch $b 0)";
    format!("{THROW} {opening} {body} end i32.const -1 end)")
}

#[test]
fn fifty_thousand_nested_try_tables() {
    let (open, close) = ("block try_table (catch $a 0) ".repeat(50_000), "end end ".repeat(50_000));
    let text = catching(&format!("{open} local.get 0 call $throw {close}"));
    for way in WAYS {
        assert_eq!(results(way, &text, [7, 0]), [7, -1], "{way:?}");
    }
}

#[test]
fn two_thousand_nested_try_tables_with_calls() {
    // The argument is the level that throws. What is called is not known to the optimizer: with one condition after another on
    // the same value, its time is quadratic.
    let call = "i32.eq i32.const 0 call_indirect (param i32)";
    let open = repeat(2000, |i| format!("block try_table (catch $a 0) local.get 0 i32.const {i} {call} "));
    let table = "(table (export \"t\") 1 funcref) (elem (i32.const 0) $throw)";
    let text = format!("{table} {}", catching(&format!("{open} {}", "end end ".repeat(2000))));
    for way in WAYS {
        assert_eq!(results(way, &text, [0, 1000, 1999, 2000]), [1, 1, 1, -1], "{way:?}");
    }
}

#[test]
fn a_try_table_of_ten_thousand_clauses() {
    // More are refused when the module is validated.
    let clauses = "(catch $a 1) ".repeat(9_999);
    let text = format!(
        "{THROW} (func (export \"f\") (param i32) (result i32)
            block block (result i32) try_table {clauses} (catch $b 0) local.get 0 call $throw end i32.const -1 end
            return end i32.const -2)"
    );
    for way in WAYS {
        assert_eq!(results(way, &text, [7, 0]), [7, -1], "{way:?}");
    }
    let bytes = tests::wat(&format!("(module {})", text.replace("(catch $b 0)", "(catch $b 0) (catch_all 1)")));
    let mut request = tests::request(Level::O2);
    request.options.features.0.insert(Feature::Exceptions);
    let error = driver::compile(&bytes, &request, &driver::Silent).err().expect("there are too many clauses");
    assert_eq!(error.kind, artifact::Kind::Invalid, "{error}");
}

#[test]
fn twenty_thousand_calls_in_a_try_table() {
    // Each counts down, until one throws or all have returned. What is called is not known to the optimizer.
    let text = format!(
        "{THROW} (type $down (func (param i32) (result i32))) (table $functions (export \"t\") 1 funcref)
        (elem (i32.const 0) $down)
        (func $down (type $down)
            (call $throw (i32.mul (i32.eq (local.get 0) (i32.const 1)) (i32.const 5)))
            (i32.sub (local.get 0) (i32.const 1)))
        (func (export \"f\") (param i32) (result i32)
            block (result i32) try_table (catch $b 0)
            {}
            end local.get 0 return end
            local.get 0 i32.add)",
        "local.get 0 i32.const 0 call_indirect (type $down) local.set 0 ".repeat(20_000),
    );
    for way in WAYS {
        assert_eq!(results(way, &text, [1, 20_000, 20_001, 30_000]), [6, 6, 1, 10_000], "{way:?}");
    }
}

#[test]
fn a_tag_of_a_thousand_values() {
    let params = "i64 ".repeat(1000);
    let text = format!(
        "(tag $t (param {params}))
        (func $throw (param i32) local.get 0 if {} throw $t end)
        (func (export \"f\") (param i32) (result i32)
            block (result {params}) try_table (catch $t 0) local.get 0 call $throw end i32.const -1 return end
            {} i32.wrap_i64)",
        repeat(1000, |i| format!("i64.const {i} ")),
        "i64.add ".repeat(999),
    );
    // With optimization, LLVM's scheduler takes some seconds for so many accesses in a row; more values than these are invalid.
    for way in [Way::Native(Level::O0), Way::Interpreted] {
        assert_eq!(results(way, &text, [0, 1]), [-1, 499_500], "{way:?}");
    }
}

#[test]
fn a_thousand_tags() {
    let throws = repeat(1000, |i| format!("end i32.const {} throw $t{i} ", 2 * i));
    let text = format!(
        "{} (func $throw (param i32) {} local.get 0 br_table {} 0 {throws})
        (func (export \"f\") (param i32) (result i32)
            block (result i32) try_table {} local.get 0 call $throw end i32.const -1 end)",
        repeat(1000, |i| format!("(tag $t{i} (param i32))")),
        "block ".repeat(1000),
        repeat(1000, |i| format!("{i} ")),
        repeat(1000, |i| format!("(catch $t{i} 0)")),
    );
    for way in WAYS {
        assert_eq!(results(way, &text, [0, 1, 999, 5000]), [0, 2, 1998, 0], "{way:?}");
    }
}

#[test]
fn thousands_of_types_that_refer_to_each_other() {
    const COUNT: usize = 5000;
    let group = repeat(COUNT, |i| {
        let (param, result) = ((i * 7 + 1) % COUNT, (i * 3 + 2) % COUNT);
        format!("(type $t{i} (func (param (ref null $t{param})) (result (ref null $t{result}))))")
    });
    let group = format!("(rec {group})");
    // They are the same types for a module that has others before them.
    let exporter = format!("{group} (func (export \"g\") (type $t4321) (ref.null $t{}))", (4321 * 3 + 2) % COUNT);
    let importer = format!(
        "(type $before (func (param i32 i64))) {group} (import \"m\" \"g\" (func $g (type $t4321)))
        (func (export \"f\") (param i32) (result i32) (ref.is_null (call $g (ref.null $t{}))))",
        (4321 * 7 + 1) % COUNT
    );
    for ways in [WAYS, [WAYS[1], WAYS[0]]] {
        let (mut store, mut linker) = (Store::new(), Linker::new());
        let instance = linker.instantiate(&mut store, &load(ways[0], &exporter)).expect("the module imports nothing");
        linker.define_instance(&store, "m", instance);
        let instance = linker.instantiate(&mut store, &load(ways[1], &importer)).expect("the types are equal");
        assert_eq!(call(&mut store, instance, 0), 1);
    }
}
