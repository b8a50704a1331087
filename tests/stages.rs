//! One truth: in memory or through a build directory, at once or stage by stage, unit by unit in any order, with any number of threads,
//! a compile gives the same artifacts and the same bytes.

use artifact::{Artifact, BuildDir, Level, Manifest, Metering, Options, Parsed, Plan, Stage, Target, UnitId, Verdict};
use driver::{Container, LibraryFormat, Making, Request, Silent, Step};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Levels whose code generation differs.
const LEVELS: [Level; 5] = [Level::O0, Level::O1, Level::O2, Level::O3, Level::Os];
/// Gives the small programs many units.
const SMALL_UNITS: u32 = 4096;

#[test]
fn modules_agree() {
    for name in crate::modules::names() {
        let bytes = crate::modules::binary(&name);
        for level in LEVELS {
            // One unit, and one for each function.
            for unit_size in [Options::DEFAULT_UNIT_SIZE, 0] {
                let (features, metering) = (crate::modules::features(&name), crate::modules::metering(&name));
                let options = Options { features, metering, ..options(level, unit_size) };
                agree(&format!("{name} at -O{level}, units of {unit_size}"), &bytes, &options);
            }
        }
    }
}

/// Code that keeps track of itself, by costs that a build directory must keep, too.
#[test]
fn metered_modules_agree() {
    let costs = serde_json::from_str(r#"{"default": 2, "call": 10, "memory.grow": 1000}"#).expect("a table of costs");
    let metering = Metering { instructions: true, gas: Some(costs), interruptible: true };
    for name in crate::modules::names() {
        let bytes = crate::modules::binary(&name);
        let features = crate::modules::features(&name);
        let plain = Options { features, ..options(Level::O2, 0) };
        let options = Options { metering: metering.clone(), ..plain.clone() };
        agree(&format!("{name}, metered"), &bytes, &options);
        let [plain, metered] = [plain, options].map(|options| compile(&bytes, &options, Container::Universal, 1, None));
        assert!(plain != metered, "{name}: nothing is metered");
    }
}

#[test]
fn mix_agrees() {
    program_agrees("mix", &LEVELS);
}

#[test]
fn jsontool_agrees() {
    program_agrees("jsontool", &[Level::O0, Level::O2]);
}

#[test]
fn simd_agrees() {
    program_agrees("simd", &[Level::O2]);
}

/// What another system asks of code is in the text, too.
#[test]
fn other_systems_agree() {
    for triple in ["x86_64-pc-windows-msvc", "aarch64-apple-darwin"] {
        let mut options = options(Level::O2, 0);
        options.target = Target { triple: triple.into(), tune: "generic".into(), cpu_features: Vec::new() };
        agree(triple, &crate::modules::binary("simd"), &options);
    }
}

/// Large functions, of which LLVM's passes show most of what text might lose.
#[test]
#[ignore = "takes minutes"]
fn sqlite_agrees() {
    let options = options(Level::O2, Options::DEFAULT_UNIT_SIZE);
    agree("sqlite", &crate::programs::wasm("sqlite"), &options);
}

#[test]
fn library_agrees() {
    let bytes = crate::modules::binary("call");
    let options = options(Level::O2, 0);
    let direct = compile(&bytes, &options, Container::Library(LibraryFormat::Elf), 1, None);
    let again = compile(&bytes, &options, Container::Library(LibraryFormat::Elf), 2, None);
    assert!(direct == again, "the library differs when made again");
    let folder = TempDir::new().expect("a temporary folder");
    let dir = BuildDir::new(folder.path().join("build"));
    compile(&bytes, &options, Container::Universal, 1, Some(dir.clone()));
    let path = folder.path().join("out.so");
    step(&dir, Step::Output { path: &path, container: Container::Library(LibraryFormat::Elf) });
    assert!(direct == read(&path), "the library made from a build directory differs");
}

#[test]
fn a_compiled_file_compiles_to_itself() {
    let options = options(Level::O2, 0);
    let once = compile(&crate::modules::binary("memory"), &options, Container::Universal, 1, None);
    let twice = compile(&once, &options, Container::Universal, 1, None);
    assert!(once == twice, "native code of an earlier compile is not taken for part of the module");
}

/// Where a unit calls a small function of another one, a copy of it is inlined, and nothing else is left of that.
#[test]
fn small_functions_of_other_units_are_inlined() {
    let bytes = tests::wat(
        r#"(module (memory 1)
            (func $small (param i32) (result i32) (i32.load8_u offset=7 (local.get 0)))
            (func (export "sum") (param i32) (result i32)
                (i32.add (call $small (local.get 0)) (call $small (i32.add (local.get 0) (i32.const 8))))))"#,
    );
    let folder = TempDir::new().expect("a temporary folder");
    let dir = BuildDir::new(folder.path().join("build"));
    compile(&bytes, &options(Level::O2, 0), Container::Universal, 1, Some(dir.clone()));
    let [lowered, optimized] =
        [Stage::Lower, Stage::Optimize].map(|stage| ir("sum", &dir.unit(stage, UnitId::Functions(1))));
    let copies = lowered
        .lines()
        .filter(|line| line.starts_with("define available_externally hidden fastcc i32 @wasm.callee.0("));
    assert_eq!(copies.count(), 1, "{lowered}");
    assert!(!optimized.contains("wasm.callee"), "{optimized}");
    assert_eq!(optimized.matches("load volatile i8").count(), 2, "{optimized}");
}

fn options(level: Level, unit_size: u32) -> Options {
    Options { unit_size, ..tests::request(level).options }
}

fn program_agrees(name: &str, levels: &[Level]) {
    let bytes = crate::programs::wasm(name);
    for &level in levels {
        agree(&format!("{name} at -O{level}"), &bytes, &options(level, SMALL_UNITS));
    }
}

/// Compiles a module in every way and compares.
fn agree(what: &str, bytes: &[u8], options: &Options) {
    let memory = compile(bytes, options, Container::Universal, 1, None);
    let threads = compile(bytes, options, Container::Universal, 2, None);
    assert!(memory == threads, "{what}: two threads give other bytes than one");

    let folder = TempDir::new().expect("a temporary folder");
    let whole = BuildDir::new(folder.path().join("whole"));
    let kept = compile(bytes, options, Container::Universal, 2, Some(whole.clone()));
    assert!(memory == kept, "{what}: keeping the artifacts changes the bytes");
    round_trips(what, &whole);

    for (name, by_unit) in [("by-stage", false), ("by-unit", true)] {
        let dir = BuildDir::new(folder.path().join("elsewhere").join(name));
        let stepped = stepwise(&dir, bytes, options, by_unit);
        same_artifacts(&format!("{what}, {name}"), &whole, &dir);
        assert!(memory == stepped, "{what}: {name} gives another file from the same artifacts");
    }
}

fn compile(bytes: &[u8], options: &Options, container: Container, jobs: usize, build_dir: Option<BuildDir>) -> Vec<u8> {
    let request = Request { container, jobs, build_dir, ..Request::new(options.clone()) };
    driver::compile(bytes, &request, &Silent).unwrap_or_else(|error| panic!("{error}")).file
}

/// Compiles stage by stage from disk; with `by_unit` each unit alone, the last one first.
fn stepwise(dir: &BuildDir, bytes: &[u8], options: &Options, by_unit: bool) -> Vec<u8> {
    step(dir, Step::Parse { bytes: Some(bytes), options });
    step(dir, Step::Validate);
    let (plan, _) = dir.read_artifact::<Plan>(&dir.plan(), Stage::Validate).expect("the plan is there");
    for stage in [Step::Lower, Step::Verify, Step::Optimize, Step::Codegen] {
        match by_unit {
            true => plan.unit_ids().rev().for_each(|unit| step(dir, stage(Some(unit)))),
            false => step(dir, stage(None)),
        }
    }
    let path = dir.path().join("out.wasm");
    step(dir, Step::Output { path: &path, container: Container::Universal });
    let file = read(&path);
    std::fs::remove_file(&path).expect("it is there");
    file
}

fn step(dir: &BuildDir, step: Step<'_>) {
    driver::step(dir, &step, Making::Always, 1, &Silent).unwrap_or_else(|error| panic!("{step:?}: {error}"));
}

/// Each text artifact, read and written again, is the same text.
fn round_trips(what: &str, dir: &BuildDir) {
    round_trip::<Manifest>(what, &dir.manifest());
    round_trip::<Parsed>(what, &dir.parsed());
    let plan = round_trip::<Plan>(what, &dir.plan());
    for unit in plan.unit_ids() {
        round_trip::<Verdict>(what, &dir.unit(Stage::Verify, unit));
        let lowered = ir(what, &dir.unit(Stage::Lower, unit));
        assert_same(&format!("{what}: lower/{unit}.ll written again"), &lowered, ir_again(&lowered));
        // Passes add attributes to the declarations of intrinsics, which reading takes back to what LLVM says of each.
        let optimized = ir_again(&ir(what, &dir.unit(Stage::Optimize, unit)));
        assert_same(&format!("{what}: optimize/{unit}.ll written a third time"), &optimized, ir_again(&optimized));
    }
}

fn round_trip<A: Artifact + PartialEq>(what: &str, path: &Path) -> A {
    let text = String::from_utf8(read(path)).expect("the artifact is text");
    let artifact = A::read(&text).unwrap_or_else(|error| panic!("{what}: {}: {error}", path.display()));
    let again = artifact.write();
    assert_same(&format!("{what}: {} written again", path.display()), &text, &again);
    assert!(A::read(&again).expect("just written") == artifact, "{what}: {} changes when read again", path.display());
    artifact
}

fn ir(what: &str, path: &Path) -> String {
    String::from_utf8(read(path)).unwrap_or_else(|error| panic!("{what}: {}: {error}", path.display()))
}

/// IR's text, read and written.
fn ir_again(text: &str) -> String {
    let context = llvm::Context::new();
    llvm::Module::parse(&context, "text", text).unwrap_or_else(|error| panic!("{error}")).print()
}

/// Both directories hold the same artifacts.
fn same_artifacts(what: &str, expected: &BuildDir, actual: &BuildDir) {
    let [expected, actual] = [expected, actual].map(|dir| artifacts(dir.path()));
    let [expected_paths, actual_paths] = [&expected, &actual].map(|artifacts| artifacts.keys().collect::<Vec<_>>());
    assert_eq!(expected_paths, actual_paths, "{what}: other artifacts");
    for (key, expected) in &expected {
        assert_same(&format!("{what}: {}", key.1.display()), expected, &actual[key]);
    }
}

/// All artifacts below a directory, ordered by stage, so that the first difference found is the cause of the others.
fn artifacts(root: &Path) -> BTreeMap<(usize, PathBuf), Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the build directory can be read") {
            let path = entry.expect("the build directory can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(root).expect("it lies below the root").to_owned();
            let stage = Stage::ALL.iter().position(|stage| relative.starts_with(stage.name()));
            found.insert((stage.unwrap_or(Stage::ALL.len()), relative), read(&path));
        }
    }
    found
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Panics with the first line, or byte, that differs.
fn assert_same(what: &str, expected: impl AsRef<[u8]>, actual: impl AsRef<[u8]>) {
    let [expected, actual] = [expected.as_ref(), actual.as_ref()];
    if expected == actual {
        return;
    }
    match [expected, actual].map(std::str::from_utf8) {
        [Ok(expected), Ok(actual)] => {
            let mut lines = (1..).zip(expected.lines().zip(actual.lines()));
            let difference = lines.find(|(_, (expected, actual))| expected != actual);
            panic!("{what}: the first lines to differ: {difference:?}");
        }
        _ => {
            let at = expected.iter().zip(actual).position(|(expected, actual)| expected != actual);
            panic!("{what}: the first byte to differ is at {at:?} of {} and {}", expected.len(), actual.len());
        }
    }
}
