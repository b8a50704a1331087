//! Generated modules, run by our engines and by another one: results, traps, memories and globals must agree.
//!
//! Seeds are numbers. `DIFFERENTIAL_SEEDS=FROM..TO` chooses others than the test's own; a failure names its seed, and leaves the
//! module in the system's folder for temporary files.

mod generate;
mod ours;
mod wasmi_engine;

use artifact::{Feature, Level};
use engine::Metering;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many modules the test runs unless told otherwise.
const SEEDS: u64 = 300;

/// One in so many of the seeds goes through MLIR, whose programs take their time.
const PER_MLIR: u64 = 20;

/// What running a module showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it could not be instantiated.
    failed: Option<String>,
    /// Each call of an exported function: its name, and its results or why it trapped.
    calls: Vec<(String, Result<Vec<Shown>, String>)>,
    /// The exported memories' contents (hashed) and globals at the end, by name.
    state: Vec<(String, String)>,
}

/// A value that can be compared across engines: a number's bits, or whether a reference is null.
#[derive(Clone, Copy, PartialEq)]
pub enum Shown {
    /// A number.
    Bits(u128),
    /// Whether a reference is null.
    Null(bool),
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shown::Bits(bits) => write!(f, "{bits:#x}"),
            Shown::Null(null) => f.write_str(if *null { "null" } else { "reference" }),
        }
    }
}

/// The trap after which nothing more can be compared: engines differ in how deep calls may go.
pub const EXHAUSTED: &str = "call stack exhausted";

/// The seeds that are chosen, or so many.
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("DIFFERENTIAL_SEEDS") else { return 0..count };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.expect("DIFFERENTIAL_SEEDS is FROM..TO")
}

#[test]
fn engines_agree_on_generated_modules() {
    none_fails(seeds(SEEDS), disagreement);
}

/// What the specification leaves open must not depend on the processor, nor on the level.
#[test]
fn relaxed_vectors_mean_the_same_everywhere() {
    none_fails(seeds(SEEDS), relaxed_disagreement);
}

/// No other engine at hand has exceptions: ours are compared with each other.
#[test]
fn exceptions_mean_the_same_everywhere() {
    none_fails(seeds(SEEDS), throwing_disagreement);
}

/// What code is charged, and where it stops for lack of gas, does not depend on who runs it.
#[test]
fn code_is_charged_the_same_everywhere() {
    none_fails(seeds(SEEDS), metering_disagreement);
}

/// Passes of MLIR's in the middle of a compile change nothing that can be seen.
#[test]
fn mlir_passes_keep_what_modules_do() {
    let seeds = seeds(SEEDS);
    none_fails(seeds.start..seeds.start + (seeds.end - seeds.start).div_ceil(PER_MLIR), mlir_disagreement);
}

/// Tries something for each seed, on all cores.
pub fn none_fails(seeds: std::ops::Range<u64>, tried: impl Fn(u64) -> Result<(), String> + Sync) {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| seeds.contains(seed));
        std::iter::from_fn(take).filter_map(|seed| tried(seed).err()).collect::<Vec<_>>()
    };
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let failures = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a failure is a value")).collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs one module by all engines.
fn disagreement(seed: u64) -> Result<(), String> {
    let Some(bytes) = generate::module(seed) else { return Ok(()) };
    let expected = wasmi_engine::run(&bytes, seed);
    let request = |level| {
        let mut request = tests::request(level);
        request.options.features.0.extend(ours::PROPOSALS);
        request
    };
    let mut apart = request(Level::O2);
    apart.options.target.cpu_features.clear();
    apart.options.unit_size = 0;
    let requests = [Level::O0, Level::O2, Level::O3].map(|level| (format!("O{level}"), request(level)));
    for (title, request) in
        requests.into_iter().chain([("O2 for any processor, function by function".to_string(), apart)])
    {
        let told = |what: String| report(seed, &bytes, &format!("{title}: {what}"));
        let actual = ours::native(&bytes, seed, &request).map_err(told)?;
        if let Some(difference) = difference(&expected, &actual) {
            return Err(told(difference));
        }
    }
    let told = |what: String| report(seed, &bytes, &format!("interpreter: {what}"));
    let interpreted = ours::interpreted(&bytes, seed).map_err(told)?;
    match difference(&expected, &interpreted) {
        Some(difference) => Err(told(difference)),
        None => Ok(()),
    }
}

/// Runs one module with exceptions, compiled in several ways and interpreted.
fn throwing_disagreement(seed: u64) -> Result<(), String> {
    let Some(bytes) = generate::throwing(seed) else { return Ok(()) };
    let expected = ours::interpreted(&bytes, seed).map_err(|what| report(seed, &bytes, &what))?;
    for level in [Level::O0, Level::O1, Level::O2, Level::O3, Level::Oz] {
        let told = |what: String| report(seed, &bytes, &format!("O{level}: {what}"));
        let mut request = tests::request(level);
        request.options.features.0.extend(ours::PROPOSALS);
        let actual = ours::native(&bytes, seed, &request).map_err(told)?;
        if let Some(difference) = difference(&expected, &actual) {
            return Err(told(difference));
        }
    }
    Ok(())
}

/// Runs one module that is charged, compiled in several ways and interpreted: with more gas than it needs, then with less.
fn metering_disagreement(seed: u64) -> Result<(), String> {
    let module = if seed.is_multiple_of(2) { generate::throwing(seed) } else { generate::module(seed) };
    let Some(bytes) = module else { return Ok(()) };
    let costs = ["{}", r#"{"local.get": 3, "call": 50, "block": 0}"#, r#"{"default": 0, "i32.const": 7, "loop": 2}"#];
    let metering = Metering {
        instructions: !seed.is_multiple_of(3),
        gas: Some(serde_json::from_str(costs[seed as usize / 2 % costs.len()]).expect("a table of costs")),
        interruptible: seed.is_multiple_of(5),
    };
    let told = |what: String| report(seed, &bytes, &what);
    for gas in [u64::MAX, 20_000, 300 + seed % 100] {
        let expected = ours::interpreted_limited(&bytes, seed, &metering, gas).map_err(told)?;
        for level in [Level::O0, Level::O2, Level::O3] {
            let told = |what: String| told(format!("O{level} with {gas} of gas: {what}"));
            let mut request = tests::request(level);
            request.options.features.0.extend(ours::PROPOSALS);
            request.options.metering = metering.clone();
            let actual = ours::native_limited(&bytes, seed, &request, gas).map_err(told)?;
            if let Some(difference) = difference(&expected, &actual) {
                return Err(told(difference));
            }
        }
    }
    Ok(())
}

/// Runs one module with relaxed vectors, compiled in several ways and interpreted.
fn relaxed_disagreement(seed: u64) -> Result<(), String> {
    let Some(bytes) = generate::relaxed(seed) else { return Ok(()) };
    let told = |what: String| report(seed, &bytes, &what);
    let run = |level, newer: &[&str]| {
        let mut request = tests::request(level);
        request.options.features.0.insert(Feature::RelaxedSimd);
        request.options.target.cpu_features.retain(|feature| newer.contains(&feature.as_str()));
        ours::native(&bytes, seed, &request).map_err(told)
    };
    let expected = run(Level::O0, &[])?;
    for newer in [&[][..], &["sse3", "ssse3"], &["sse3", "ssse3", "sse4.1", "avx", "avx2", "fma"], abi::cpu::X86_64] {
        if let Some(difference) = difference(&expected, &run(Level::O2, newer)?) {
            return Err(told(format!("with {newer:?}: {difference}")));
        }
    }
    let interpreted = ours::interpreted(&bytes, seed).map_err(told)?;
    match difference(&expected, &interpreted) {
        Some(difference) => Err(told(format!("interpreter: {difference}"))),
        None => Ok(()),
    }
}

/// Runs one module, some with exceptions, compiled by way of MLIR at each stage, and interpreted.
fn mlir_disagreement(seed: u64) -> Result<(), String> {
    let module = if seed.is_multiple_of(3) { generate::throwing(seed) } else { generate::module(seed) };
    let Some(bytes) = module else { return Ok(()) };
    let expected = ours::interpreted(&bytes, seed).map_err(|what| report(seed, &bytes, &what))?;
    for stage in crate::mlir::STAGES {
        for level in [Level::O0, Level::O2] {
            let told = |what: String| report(seed, &bytes, &format!("O{level}, through MLIR at {stage}: {what}"));
            let mut request = tests::request(level);
            request.options.features.0.extend(ours::PROPOSALS);
            let actual = ours::passed_through_mlir(&bytes, seed, &request, stage).map_err(told)?;
            if let Some(difference) = difference(&expected, &actual) {
                return Err(told(difference));
            }
        }
    }
    Ok(())
}

fn report(seed: u64, bytes: &[u8], what: &str) -> String {
    let path = std::env::temp_dir().join(format!("differential-{seed}.wasm"));
    let kept =
        std::fs::write(&path, bytes).map(|()| path.display().to_string()).unwrap_or_else(|error| error.to_string());
    format!("seed {seed}: {what} ({kept})")
}

/// The first thing in which two outcomes differ, up to where the call stack was exhausted in either.
fn difference(expected: &Outcome, actual: &Outcome) -> Option<String> {
    if [expected, actual]
        .iter()
        .any(|outcome| outcome.failed.as_deref().is_some_and(|failed| failed.starts_with(EXHAUSTED)))
    {
        return None;
    }
    if expected.failed != actual.failed {
        return Some(format!("instantiation: expected {:?}, found {:?}", expected.failed, actual.failed));
    }
    for (expected, actual) in expected.calls.iter().zip(&actual.calls) {
        if [expected, actual].iter().any(|(_, result)| result.as_ref().err().is_some_and(|trap| trap == EXHAUSTED)) {
            return None;
        }
        if expected != actual {
            return Some(format!("call: expected {expected:?}, found {actual:?}"));
        }
    }
    let different = expected.state.iter().zip(&actual.state).find(|(expected, actual)| expected != actual);
    different.map(|(expected, actual)| format!("state: expected {expected:?}, found {actual:?}"))
}

/// A small generator of numbers for arguments (xorshift64*): the same for all engines.
pub struct Numbers(u64);

impl Numbers {
    /// Numbers for a seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next one: often at an edge, else anything.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let any = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D);
        match any % 8 {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << 31 | 1 << 63,
            3 => any % 100,
            _ => any,
        }
    }
}
