//! What was measured, as JSON: a summary, and the events of a Chrome trace beside it.

use super::{Event, LONGEST, Lowered, State, Times};
use crate::identity;
use crate::observer::{Outcome, Task};
use artifact::{Stage, UnitId};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// Raised whenever the form changes.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report {
    schema: u32,
    tool: &'static str,
    llvm: String,
    /// Whether the compile came to its end.
    done: bool,
    wall_ms: f64,
    cpu_ms: f64,
    /// The most memory that was ever resident.
    peak_bytes: u64,
    text: Text,
    stages: Vec<Row>,
    units: Vec<UnitRow>,
    longest: Longest,
    #[serde(rename = "displayTimeUnit")]
    time_unit: &'static str,
    /// One a line.
    #[serde(rename = "traceEvents")]
    events: Vec<Box<RawValue>>,
}

/// What it took to print, write and read IR.
#[derive(Serialize)]
struct Text {
    cpu_ms: f64,
    /// Of all processor time.
    share: f64,
}

/// All tasks of a kind.
#[derive(Serialize)]
struct Row {
    task: String,
    #[serde(flatten)]
    totals: Totals,
}

#[derive(Serialize)]
struct UnitRow {
    unit: String,
    functions: u32,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    largest: Option<Body>,
    #[serde(flatten)]
    times: Took,
    peak_bytes: u64,
    tasks: Vec<Row>,
}

/// A function's body.
#[derive(Serialize)]
struct Body {
    function: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    bytes: u64,
}

/// What took the longest, the longest first, by processor time.
#[derive(Serialize)]
struct Longest {
    tasks: Vec<LongTask>,
    /// Lowering goes function by function; other stages see whole units.
    lowered: Vec<LongFunction>,
}

#[derive(Serialize)]
struct LongTask {
    task: String,
    unit: String,
    #[serde(flatten)]
    times: Took,
    #[serde(skip_serializing_if = "Option::is_none")]
    largest: Option<Body>,
}

#[derive(Serialize)]
struct LongFunction {
    #[serde(flatten)]
    body: Body,
    cpu_ms: f64,
}

#[derive(Serialize)]
struct Took {
    wall_ms: f64,
    cpu_ms: f64,
}

/// What several tasks come to.
#[derive(Serialize)]
struct Totals {
    /// How many there were.
    count: u64,
    /// Those of them for which there was nothing to do.
    kept: u64,
    failed: u64,
    #[serde(flatten)]
    times: Took,
    bytes_in: u64,
    bytes_out: u64,
    peak_bytes: u64,
}

/// Puts together what was measured.
pub(super) fn report(state: &State, done: bool, total: Times, high: u64) -> String {
    let events: Vec<&Event> = state.events.iter().collect();
    let text: Duration = events.iter().filter(|event| is_text(event.task)).map(|event| event.took.cpu).sum();
    let share = if total.cpu.is_zero() { 0.0 } else { text.as_secs_f64() / total.cpu.as_secs_f64() };
    let report = Report {
        schema: SCHEMA,
        tool: identity::TOOL,
        llvm: llvm::version(),
        done,
        wall_ms: ms(total.wall),
        cpu_ms: ms(total.cpu),
        // The system's own record can be some pages behind.
        peak_bytes: high.max(peak(&events)),
        text: Text { cpu_ms: ms(text), share: (share * 1e4).round() / 1e4 },
        stages: rows(state, &events),
        units: units(state),
        longest: Longest { tasks: long_tasks(state), lowered: state.lowered.iter().map(long_function).collect() },
        time_unit: "ms",
        events: trace(state),
    };
    let mut json = serde_json::to_string_pretty(&report).expect("it has only string keys");
    json.push('\n');
    json
}

/// Whether a task is there because IR is text between stages.
fn is_text(task: Task) -> bool {
    matches!(task, Task::Print(_) | Task::Read(_) | Task::Write(Stage::Lower | Stage::Optimize))
}

/// What some events come to, by task in the order of the pipeline.
fn rows(state: &State, events: &[&Event]) -> Vec<Row> {
    let mut by_task: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
    for event in events {
        by_task.entry(place(event.task)).or_default().push(event);
    }
    let row = |events: Vec<&Event>| Row { task: events[0].task.to_string(), totals: totals(state, &events) };
    by_task.into_values().map(row).collect()
}

fn totals(state: &State, events: &[&Event]) -> Totals {
    let of = |outcome| events.iter().filter(|event| event.outcome == outcome).count() as u64;
    let sum = |bytes: fn(&State, &Event) -> u64| events.iter().map(|event| bytes(state, event)).sum();
    Totals {
        count: events.len() as u64,
        kept: of(Outcome::Kept),
        failed: of(Outcome::Failed),
        times: took(events),
        bytes_in: sum(bytes_in),
        bytes_out: sum(bytes_out),
        peak_bytes: peak(events),
    }
}

/// The size of what a task took, as far as that has one.
fn bytes_in(state: &State, event: &Event) -> u64 {
    match (event.task, event.outcome, event.unit) {
        (Task::Read(_) | Task::Recall, Outcome::Made(Some(bytes)), _) => bytes,
        (Task::Stage(Stage::Lower), Outcome::Made(_), Some(unit)) => {
            state.units.get(&unit).map_or(0, |unit| unit.bytes)
        }
        _ => 0,
    }
}

/// The size of what a task made, as far as that has one.
fn bytes_out(_: &State, event: &Event) -> u64 {
    match (event.task, event.outcome) {
        (Task::Stage(_) | Task::Print(_) | Task::Write(_), Outcome::Made(Some(bytes))) => bytes,
        _ => 0,
    }
}

fn took(events: &[&Event]) -> Took {
    let sum = |time: fn(&Times) -> Duration| ms(events.iter().map(|event| time(&event.took)).sum());
    Took { wall_ms: sum(|times| times.wall), cpu_ms: sum(|times| times.cpu) }
}

fn peak(events: &[&Event]) -> u64 {
    events.iter().map(|event| event.peak).max().unwrap_or_default()
}

fn units(state: &State) -> Vec<UnitRow> {
    let mut by_unit: BTreeMap<UnitId, Vec<&Event>> = state.units.keys().map(|&unit| (unit, Vec::new())).collect();
    for event in &state.events {
        if let Some(events) = event.unit.and_then(|unit| by_unit.get_mut(&unit)) {
            events.push(event);
        }
    }
    let row = |(id, events): (UnitId, Vec<&Event>)| {
        let unit = &state.units[&id];
        UnitRow {
            unit: id.to_string(),
            functions: unit.functions,
            bytes: unit.bytes,
            largest: unit.largest.as_ref().map(body),
            times: took(&events),
            peak_bytes: peak(&events),
            tasks: rows(state, &events),
        }
    };
    by_unit.into_iter().map(row).collect()
}

fn body(function: &Lowered) -> Body {
    Body { function: function.index, name: function.name.clone(), bytes: function.bytes }
}

fn long_tasks(state: &State) -> Vec<LongTask> {
    let of_units = state.events.iter().filter_map(|event| Some((event, event.unit?)));
    let mut tasks: Vec<(&Event, UnitId)> = of_units.filter(|(event, _)| event.outcome != Outcome::Kept).collect();
    tasks.sort_by_key(|&(event, unit)| (Reverse(event.took.cpu), unit, place(event.task)));
    let task = |&(event, unit): &(&Event, UnitId)| LongTask {
        task: event.task.to_string(),
        unit: unit.to_string(),
        times: took(&[event]),
        largest: state.units.get(&unit).and_then(|unit| unit.largest.as_ref()).map(body),
    };
    tasks.iter().take(LONGEST).map(task).collect()
}

fn long_function(function: &Lowered) -> LongFunction {
    LongFunction { body: body(function), cpu_ms: ms(function.cpu) }
}

/// The events of the trace: a row for each thread, and memory over time.
fn trace(state: &State) -> Vec<Box<RawValue>> {
    let names = (0..state.workers.len()).map(|worker| {
        let name = format!("worker {worker}");
        json!({ "name": "thread_name", "ph": "M", "pid": 1, "tid": worker, "args": { "name": name } })
    });
    let events = state.events.iter().flat_map(|event| {
        let memory = json!({ "name": "memory", "ph": "C", "pid": 1, "ts": us(event.start + event.took.wall),
            "args": { "resident_bytes": event.resident } });
        [Some(task(state, event)), Some(memory).filter(|_| event.outcome != Outcome::Kept)].into_iter().flatten()
    });
    names.chain(events).map(|event| to_raw_value(&event).expect("it has only string keys")).collect()
}

fn task(state: &State, event: &Event) -> Value {
    let mut args = json!({
        "outcome": match event.outcome {
            Outcome::Made(_) => "made",
            Outcome::Kept => "kept",
            Outcome::Failed => "failed",
        },
        "cpu_ms": ms(event.took.cpu),
        "resident_bytes": event.resident,
        "peak_bytes": event.peak,
    });
    if let Outcome::Made(Some(bytes)) = event.outcome {
        args["bytes"] = bytes.into();
    }
    if let Some(unit) = event.unit {
        args["unit"] = unit.to_string().into();
        if let Some(largest) = state.units.get(&unit).and_then(|unit| unit.largest.as_ref()) {
            args["largest"] = json!(body(largest));
        }
    }
    let category = match event.task {
        task if is_text(task) => "text",
        Task::Stage(_) => "stage",
        _ => "artifact",
    };
    json!({
        "name": event.task.to_string(),
        "cat": category,
        "ph": "X",
        "pid": 1,
        "tid": event.worker,
        "ts": us(event.start),
        "dur": us(event.took.wall),
        "args": args,
    })
}

/// Where a task belongs among all: with its stage; what has none, last.
fn place(task: Task) -> (bool, Option<Stage>, Task) {
    let stage = match task {
        Task::Stage(stage) | Task::Print(stage) | Task::Read(stage) | Task::Write(stage) => Some(stage),
        Task::Recall => None,
    };
    (stage.is_none(), stage, task)
}

fn ms(time: Duration) -> f64 {
    us(time) / 1e3
}

/// Microseconds, as a trace counts.
fn us(time: Duration) -> f64 {
    time.as_micros() as f64
}
