//! What programs are charged ([`abi::metering`]) does not depend on who runs them: instructions and gas to the last unit, compiled at
//! several levels and interpreted, whether they end, exit or trap.

use super::{Way, feature, our_command, run, scratch, wasm};
use crate::programs::case::Case;
use artifact::{CostTable, Level, Metering};
use driver::Silent;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

tested! {
    args atomics bignum calls compress dispatch exitcode fannkuch fdtd fft files filter gemm hashes jacobi jsontool
    jumps lua machine mandel memory mix nbody numbers objects parser queens quickjs raytrace scan sha256 sieve simd
    sorts spectral sqlite stdin throw trap trees words
}

/// Programs that do not do the same each time, so that their totals differ from run to run.
const VARYING: &[&str] = &[
    "coremark",   // prints how long it took, in more or fewer digits
    "esbuild",    // the runtime of Go looks at clocks
    "python",     // takes random numbers
    "wasi_files", // looks at the times of files
    "wasi_net",   // waits for its other half
    "wasi_poll",  // waits
];

/// Cases that do not, either, or end where engines differ.
const VARYING_CASES: &[&str] = &[
    "quickjs-script", // looks at the times of files, and waits
    "trap-recursion", // how deep calls nest is an engine's own
];

/// Of large programs optimized code is made once only, but for `HEAVY=1`.
const LARGE: &[&str] = &["lua", "quickjs", "sqlite"];

/// Costs that differ between instructions which compilers treat alike.
const COSTS: &str = r#"{"default": 1, "local.get": 2, "i32.add": 3, "call": 11, "loop": 5, "i32.load": 7}"#;

#[test]
fn every_program_counts() {
    for case in Case::all() {
        let program = case.program.as_str();
        assert_ne!(TESTED.contains(&program), VARYING.contains(&program), "{program}: one list has it");
    }
}

/// Runs the light cases of a program by native code of some levels and by the interpreter.
fn check(program: &str) {
    let heavy = std::env::var_os("HEAVY").is_some();
    let folder = TempDir::new().expect("a temporary folder");
    let wasm = wasm(program);
    let table = folder.path().join("costs.json");
    fs::write(&table, COSTS).expect("a small file can be written");
    let gas: CostTable = serde_json::from_str(COSTS).expect("a table of costs");
    let levels: &[Level] = match LARGE.contains(&program) && !heavy {
        true => &[Level::O0, Level::O2],
        false => &[Level::O0, Level::O2, Level::O3],
    };
    // Programs see the name of their file, and some hash it.
    let file = folder.path().join(program).with_extension("wasm");
    let cases = Case::all().into_iter().filter(|case| case.program == program && !case.heavy);
    let cases: Vec<Case> = cases.filter(|case| !VARYING_CASES.contains(&case.name.as_str())).collect();
    let mut interpreted = None;
    for &level in levels {
        let mut request = tests::request(level);
        request.jobs = 0;
        request.options.features.0.extend(feature(program));
        request.options.metering = Metering { instructions: true, gas: Some(gas.clone()), interruptible: false };
        let made = driver::compile(&wasm, &request, &Silent).unwrap_or_else(|error| panic!("{program}: {error}"));
        fs::write(&file, made.file).expect("the compiled program is written");
        let all = |way| cases.iter().map(|case| totals(case, way, &file, &table)).collect::<Vec<_>>();
        let expected = interpreted.get_or_insert_with(|| all(Way::Interpreted));
        for ((case, expected), actual) in cases.iter().zip(&*expected).zip(all(Way::Compiled(level))) {
            assert_eq!(&actual, expected, "{}, {level:?} and interpreted", case.name);
        }
    }
}

/// What each step of a case tells of the instructions and the gas that it took.
fn totals(case: &Case, way: Way, file: &Path, costs: &Path) -> Vec<Vec<String>> {
    let folder = scratch(case);
    let steps = case.steps();
    let told = steps.iter().map(|step| {
        let options = ["--enable-instruction-count".as_ref(), "--cost-table".as_ref(), costs.as_os_str()];
        let command = our_command(case, step, way, file, folder.path(), &options);
        let outcome = run(command, step).unwrap_or_else(|error| panic!("{}, {way}: {error}", case.name));
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        let lines = stderr.lines().filter_map(|line| line.split_once("[info]  ")).map(|(_, line)| line.to_string());
        let lines: Vec<String> = lines.collect();
        assert_eq!(lines.len(), 2, "{}, {way}: a line for instructions and one for gas:\n{stderr}", case.name);
        lines
    });
    told.collect()
}
