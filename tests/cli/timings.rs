//! `--timings`: what is measured is all that was done, and does not change what is made.

use super::Folder;
use serde_json::Value;
use std::collections::BTreeMap;

/// Three functions, the second the largest, and nothing that would make one of them a part of another.
const MODULE: &str = r#"(module
  (memory 1)
  (func (export "first") (param i32) (result i32) (local.get 0))
  (func $second (export "second") (param i32) (result i32)
    (i32.store (i32.const 0) (local.get 0))
    (i32.store (i32.const 4) (local.get 0))
    (i32.add (i32.load (i32.const 8)) (i32.const 1)))
  (func (export "third") (param i32) (result i32) (i32.add (local.get 0) (i32.const 3))))"#;

const UNITS: u64 = 4;
const STAGES: [&str; 4] = ["lower", "verify", "optimize", "codegen"];

/// What a file of timings says, after looking whether it agrees with itself.
fn timings(folder: &Folder, name: &str) -> Value {
    let report: Value = serde_json::from_slice(&folder.read(name)).expect("timings are JSON");
    assert_eq!(report["schema"], 1);
    let wall = report["wall_ms"].as_f64().expect("it is measured");
    let mut counts = BTreeMap::new();
    let mut ends: BTreeMap<u64, f64> = BTreeMap::new();
    for event in report["traceEvents"].as_array().expect("there is a trace").iter().filter(|event| event["ph"] == "X") {
        let [start, length] = ["ts", "dur"].map(|key| event[key].as_f64().expect("it is measured"));
        let before = ends.insert(event["tid"].as_u64().expect("a worker"), start + length);
        assert!(before.is_none_or(|end| end <= start), "a thread does one thing at a time: {event}");
        assert!((start + length) / 1e3 <= wall, "{event}");
        assert!(event["args"]["peak_bytes"].as_u64() <= report["peak_bytes"].as_u64(), "{event}");
        *counts.entry(event["name"].as_str().expect("a task").to_string()).or_insert(0) += 1;
    }
    let stages = report["stages"].as_array().expect("there is a summary");
    let summed: BTreeMap<String, u64> = stages
        .iter()
        .map(|row| (row["task"].as_str().expect("a task").to_string(), row["count"].as_u64().expect("a number")))
        .collect();
    assert_eq!(summed, counts);
    report
}

/// The row of a task.
fn row<'a>(rows: &'a Value, task: &str) -> Option<&'a Value> {
    rows.as_array().expect("it is a list").iter().find(|row| row["task"] == task)
}

#[test]
fn all_work_is_measured_and_the_bytes_are_the_same() {
    let folder = Folder::new();
    folder.write("module.wat", MODULE);
    let compile = |rest: &[&str]| {
        let args = [&["compile", "--quiet", "--unit-size", "0", "--build-dir", "build"], rest].concat();
        folder.stage(&args).succeeds("");
    };
    folder.stage(&["compile", "--quiet", "--unit-size", "0", "--no-cache", "module.wat", "plain.wasm"]).succeeds("");
    compile(&["--timings", "timings.json", "module.wat", "out.wasm"]);
    assert!(folder.read("plain.wasm") == folder.read("out.wasm"));

    let report = timings(&folder, "timings.json");
    assert_eq!(report["done"], true);
    let stages = &report["stages"];
    for task in ["parse", "validate", "output"] {
        assert_eq!(row(stages, task).expect("it was done")["count"], 1, "{stages}");
    }
    for task in STAGES {
        let row = row(stages, task).expect("it was done");
        assert_eq!((&row["count"], &row["kept"], &row["failed"]), (&UNITS.into(), &0.into(), &0.into()), "{stages}");
        assert!(row["cpu_ms"].as_f64() > Some(0.0), "{stages}");
    }
    for task in ["lower", "optimize"] {
        let written: usize = ["unit-0000", "unit-0001", "unit-0002", "module"]
            .iter()
            .map(|unit| folder.read(&format!("build/{task}/{unit}.ll")).len())
            .sum();
        for text in ["print", "write"] {
            let row = row(stages, &format!("{text} {task}")).expect("there is text");
            assert_eq!(row["bytes_out"], written, "{stages}");
        }
    }
    let share = report["text"]["share"].as_f64().expect("it is measured");
    assert!(share > 0.0 && share < 1.0, "{share}");

    let units = report["units"].as_array().expect("there are units");
    let names: Vec<&str> = units.iter().filter_map(|unit| unit["unit"].as_str()).collect();
    assert_eq!(names, ["unit-0000", "unit-0001", "unit-0002", "module"]);
    assert_eq!((&units[1]["functions"], &units[1]["largest"]["name"]), (&1.into(), &"second".into()));
    assert_eq!(row(&units[1]["tasks"], "lower").expect("it was lowered")["bytes_in"], units[1]["bytes"]);
    let lowered = report["longest"]["lowered"].as_array().expect("functions are lowered");
    assert_eq!(lowered.len(), 3, "{report}");
    assert_eq!(report["longest"]["tasks"].as_array().map(Vec::len), Some(10), "{report}");

    compile(&["--timings", "again.json", "module.wat", "out.wasm"]);
    let again = timings(&folder, "again.json");
    for task in STAGES {
        let row = row(&again["stages"], task).expect("it is looked at");
        assert_eq!((&row["count"], &row["kept"]), (&UNITS.into(), &UNITS.into()), "{again}");
    }
    assert_eq!(again["text"]["cpu_ms"], 0.0, "nothing was printed or read");
    let tasks = again["longest"]["tasks"].as_array().expect("it is a list");
    assert!(tasks.iter().all(|task| task["task"] == "recall"), "only looking was done: {again}");
}

#[test]
fn single_stages_are_measured() {
    let folder = Folder::new();
    folder.write("module.wat", MODULE);
    folder.stage(&["parse", "--build-dir", "build", "--timings", "parse.json", "module.wat"]).succeeds("");
    assert_eq!(row(&timings(&folder, "parse.json")["stages"], "parse").expect("it was done")["count"], 1);
    for (stage, task) in [("validate", "validate"), ("lower", "lower"), ("verify", "verify"), ("opt", "optimize")] {
        folder.stage(&[stage, "--quiet", "--build-dir", "build", "--timings", "stage.json"]).succeeds("");
        let report = timings(&folder, "stage.json");
        let of = |name: &str| row(&report["stages"], name).map(|row| row["count"].as_u64().expect("a number"));
        let count = if stage == "validate" { 1 } else { 2 };
        assert_eq!(of(task), Some(count), "{report}");
        assert_eq!(of("read lower"), ["verify", "opt"].contains(&stage).then_some(2), "{report}");
    }
    folder.stage(&["run", "--quiet", "--build-dir", "build", "--timings", "run.json", "out.wasm"]).succeeds("");
    let report = timings(&folder, "run.json");
    let kept: Vec<&Value> =
        STAGES.iter().map(|task| &row(&report["stages"], task).expect("it was seen")["kept"]).collect();
    assert_eq!(kept, [2, 2, 2, 0]);
    let read = row(&report["stages"], "read optimize").expect("objects are made from text");
    let text = ["unit-0000", "module"].map(|unit| folder.read(&format!("build/optimize/{unit}.ll")).len());
    assert_eq!(read["bytes_in"], text.iter().sum::<usize>());
}

#[test]
fn what_fails_is_measured_as_far_as_it_got() {
    let folder = Folder::new();
    folder.write("wrong.wat", "(module (func (result i32) (i64.const 1)))");
    folder.stage(&["compile", "--timings", "timings.json", "wrong.wat", "out.wasm"]).fails().says("type mismatch");
    let report = timings(&folder, "timings.json");
    assert_eq!(report["done"], false);
    assert_eq!(row(&report["stages"], "parse").expect("it was done")["failed"], 0);
    assert_eq!(row(&report["stages"], "validate").expect("it was tried")["failed"], 1);
    assert!(row(&report["stages"], "lower").is_none(), "{report}");
    assert_eq!(folder.names(), ["timings.json", "wrong.wat"]);
}
