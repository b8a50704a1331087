//! Compiling with make, through the file that Makefiles include: the same bytes as in any other way, and only the work that there is.
//!
//! All of it happens below a folder whose name has a space.

use crate::process::{self, Input, Outcome};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What is compiled, and with which options. Small units are many.
const MODULES: [(&str, &str); 10] = [
    ("args", "--optimize 1 --unit-size 2048"),
    ("calls", "--optimize 2 --unit-size 2048"),
    ("dispatch", "--optimize 1 --enable-tail-call"),
    ("exitcode", "--optimize 2"),
    ("fannkuch", "--optimize 0 --unit-size 0"),
    ("jumps", "--optimize 1 --enable-exception-handling --unit-size 4096"),
    ("mix", "--optimize 2 --unit-size 1024 --enable-gas-measuring"),
    ("sieve", "--optimize s --relaxed-traps"),
    ("simd", "--optimize 1 --generic-binary"),
    ("trap", "--optimize 2 --interruptible --unit-size 8192"),
];

/// Three functions, of which make needs to make only those again that change; each is a unit.
const THREE: &str = r#"(module
    (func (export "one") (result i32) (i32.const 1))
    (func (export "two") (result i32) (i32.const 2))
    (func (export "three") (result i32) (i32.const 3)))"#;
const EACH: &str = "--unit-size 0";

/// A folder with a Makefile in which `wasmedge.mk` is included.
struct Project {
    root: TempDir,
}

/// A stage's work on a unit, as make has it done: `("opt", "0002")`. Those that are not about a unit have an empty one.
type Work = BTreeSet<(String, String)>;

impl Project {
    /// With these lines in front of what is included.
    fn new(lines: &str) -> Project {
        let project = Project { root: TempDir::new().expect("a temporary folder") };
        fs::create_dir(project.folder()).expect("a new folder can be made");
        project.write("Makefile", format!("{lines}\ninclude wasmedge.mk\n"));
        project.write("wasmedge.mk", project.tool("wasmedge-stage", &["makefile"]).stdout);
        project
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("a folder")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(name)).expect("it is text");
        assert!(text.contains(from), "{text}");
        self.write(name, text.replace(from, to));
    }

    fn write_module(&self, name: &str, text: &str) {
        self.write(name, wat::parse_str(text).expect("the module is well-formed"));
    }

    /// A command as a user would type it: with the tools on the path, and without the variables of a make around the tests.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
        let tool = tests::tool("wasmedge-stage");
        let tools = tool.parent().expect("a tool lies in a folder");
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder()).env("PATH", format!("{}:/usr/bin:/bin", tools.display()));
        for variable in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Outcome {
        let command = self.command(program, args);
        process::run(command, Input::Text(String::new())).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn tool(&self, tool: &str, args: &[&str]) -> Outcome {
        let outcome = self.run(tests::tool(tool), args);
        assert_eq!(outcome.code, Some(0), "{tool} {args:?}: {}", String::from_utf8_lossy(&outcome.stderr));
        outcome
    }

    /// Runs make, which has to succeed. Gives what it had done.
    #[track_caller]
    fn make(&self, args: &[&str]) -> Work {
        let Outcome { code, stdout, stderr } = self.run("make", args);
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("it is text"));
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "make {args:?}: {stdout}");
        let work = stdout.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(words.first().is_some_and(|&word| word == "wasmedge-stage"), "make {args:?}: {line}");
            let unit = words.iter().skip_while(|&&word| word != "--unit").nth(1).copied().unwrap_or_default();
            (words[1].to_string(), unit.to_string())
        });
        work.collect()
    }

    /// Runs make, which has to fail. Gives what it said about it.
    #[track_caller]
    fn fail(&self, args: &[&str]) -> String {
        let Outcome { code, stderr, .. } = self.run("make", args);
        assert_eq!(code, Some(2), "make {args:?}");
        String::from_utf8(stderr).expect("it is text")
    }

    /// Compiling a module at once gives the bytes of a file.
    #[track_caller]
    fn same(&self, file: &str, module: &str, flags: &str) {
        let direct = if file.ends_with(".so") { "direct.so" } else { "direct.wasm" };
        let flags = flags.split_whitespace();
        let args: Vec<&str> =
            ["compile", "--quiet", "--no-cache"].into_iter().chain(flags).chain([module, direct]).collect();
        self.tool("wasmedge", &args);
        assert!(self.read(file) == self.read(direct), "{file} differs from what {module} is compiled to at once");
    }

    /// All files below a folder whose names have this in them.
    fn found(&self, folder: &str, part: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
                match path.is_dir() {
                    true => folders.push(path),
                    false if path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)) => {
                        found.push(path)
                    }
                    false => {}
                }
            }
        }
        found
    }
}

fn work<const N: usize>(all: [(&str, &str); N]) -> Work {
    all.map(|(stage, unit)| (stage.to_string(), unit.to_string())).into()
}

/// Makes a file's time stamp new.
fn touch(path: &Path) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    fs::write(path, bytes).expect("it can be written");
}

#[test]
fn make_gives_the_same_bytes() {
    let all: String = MODULES.map(|(name, _)| format!(" {name}.aot.wasm")).concat();
    let flags = MODULES.map(|(name, flags)| format!("{name}.%: WASMEDGE_FLAGS := {flags}\n")).concat();
    let project = Project::new(&format!("all:{all} mix.so\n{flags}"));
    for (name, _) in MODULES {
        project.write(&format!("{name}.wasm"), crate::programs::wasm(name));
    }
    let made = project.make(&["-j2"]);
    assert!(made.contains(&("emit".into(), "0010".into())), "there are not many units: {made:?}");
    for (name, flags) in MODULES {
        let [module, file] = ["wasm", "aot.wasm"].map(|extension| format!("{name}.{extension}"));
        project.same(&file, &module, flags);
        let parse = ["parse", "--build-dir", "whole", &module];
        project.tool("wasmedge-stage", &parse.into_iter().chain(flags.split_whitespace()).collect::<Vec<_>>());
        project.tool("wasmedge-stage", &["run", "--quiet", "--build-dir", "whole", "whole.wasm"]);
        assert!(project.read(&file) == project.read("whole.wasm"), "{name}: `wasmedge-stage run` gives other bytes");
        project.tool("wasmedge-stage", &["clean", "--build-dir", "whole"]);
    }
    project.same("mix.so", "mix.wasm", MODULES.iter().find(|(name, _)| *name == "mix").expect("it is there").1);
    assert_eq!(project.make(&["-j2"]), work([]), "everything is there");
}

#[test]
fn only_what_changed_is_made_again() {
    let project = Project::new("three.%: WASMEDGE_FLAGS := --unit-size 0 $(MORE)");
    let make = |args: &[&str]| project.make(&[&["-j2", "three.aot.wasm"], args].concat());
    project.write_module("three.wasm", THREE);
    assert_eq!(make(&[]).len(), 4 * 4 + 1);
    assert_eq!(make(&[]), work([]));
    project.same("three.aot.wasm", "three.wasm", EACH);

    // A time stamp alone gives the stages something to look at, and nothing to do.
    let object = ".wasmedge/three/codegen/unit-0001.o";
    let lowered = ".wasmedge/three/lower/unit-0001.ll";
    let after = [("verify", "0001"), ("opt", "0001"), ("emit", "0001"), ("output", "")];
    touch(&project.path(lowered));
    assert_eq!(make(&[]), work(after));
    assert_eq!(make(&[]), work([]));

    // An edit.
    project.edit(lowered, "i32 2", "i32 5");
    assert_eq!(make(&[]), work(after));
    assert_eq!(make(&[]), work([]));
    let call = |name| String::from_utf8(project.tool("wasmedge", &["--reactor", "three.aot.wasm", name]).stdout);
    assert_eq!(call("two"), Ok("5\n".to_string()));
    let edited = project.read(object);
    // It is still what goes on after another function's change,
    let all = |unit| [("lower", unit), ("verify", unit), ("opt", unit), ("emit", unit), ("output", "")];
    project.write_module("three.wasm", &THREE.replace("i32.const 3", "i32.const 4"));
    assert_eq!(make(&[]), work(all("0002")));
    assert_eq!((call("two"), call("three")), (Ok("5\n".to_string()), Ok("4\n".to_string())));
    // also of IR that was optimized,
    project.edit(".wasmedge/three/optimize/unit-0000.ll", "i32 1", "i32 6");
    assert_eq!(make(&[]), work([("emit", "0000"), ("output", "")]));
    assert_eq!(call("one"), Ok("6\n".to_string()));
    assert!(project.read(object) == edited);
    // and until its own function is another.
    let other = THREE.replace("i32.const 2", "i32.const 7");
    project.write_module("three.wasm", &other);
    assert_eq!(make(&[]), &work(all("0001")) | &work(all("0002")));
    assert_eq!((call("one"), call("two")), (Ok("6\n".to_string()), Ok("7\n".to_string())));

    // What is no code of any unit.
    project.write_module("three.wasm", &other.replace("(module", "(module (@custom \"note\" \"text\")"));
    assert_eq!(make(&[]), work([("output", "")]));
    // Other options; a unit that there is no more; everything anew.
    assert_eq!(make(&["MORE=--optimize 0"]).len(), 4 * 4 + 1);
    project.same("three.aot.wasm", "three.wasm", "--unit-size 0 --optimize 0");
    let less = r#"(module (func (export "one") (result i32) (i32.const 1)))"#;
    project.write_module("three.wasm", less);
    make(&["MORE=--optimize 0"]);
    project.same("three.aot.wasm", "three.wasm", "--unit-size 0 --optimize 0");
    assert_eq!(make(&["-B", "MORE=--optimize 0"]).len(), 4 * 2 + 1);
    assert_eq!(make(&["MORE=--optimize 0"]), work([]));
}

#[test]
fn stages_are_targets() {
    let project = Project::new("WASMEDGE_FLAGS = --unit-size 0\nWASMEDGE_BUILD =");
    fs::create_dir(project.path("sub")).expect("a new folder can be made");
    project.write_module("sub/three.wasm", THREE);
    let units = ["0000", "0001", "0002", "module"];
    for (target, stages) in [
        ("parse", &[][..]),
        ("validate", &[]),
        ("lower", &["lower"]),
        ("verify", &["verify"]),
        ("opt", &["opt"]),
        ("emit", &["emit"]),
    ] {
        let expected = stages.iter().flat_map(|stage| units.map(|unit| (stage.to_string(), unit.to_string())));
        assert_eq!(project.make(&[&format!("sub/three.{target}")]), expected.collect::<Work>(), "{target}");
    }
    assert_eq!(project.make(&["sub/three.so"]), work([("output", "")]));
    project.same("sub/three.so", "sub/three.wasm", EACH);

    // The directory may move, or be copied in any order; make can also be run in it.
    fs::rename(project.path("sub/three.build"), project.path("moved")).expect("it can be renamed");
    fs::write(project.path("sub/three.wasm"), "").expect("it can be written");
    let made =
        project.make(&["-C", "moved", "--no-print-directory", "-f", "units.mk", "output", "WASMEDGE_OUT=out.so"]);
    assert_eq!(made, work([("output", "")]));
    assert!(project.read("moved/out.so") == project.read("sub/three.so"));
    let text = String::from_utf8(project.read("moved/units.mk")).expect("it is text");
    assert!(!text.contains(&project.folder().display().to_string()), "{text}");

    fs::rename(project.path("moved"), project.path("sub/three.build")).expect("it can be renamed");
    let outcome = project.run("make", &["-s", "sub/clean-three"]);
    assert_eq!(outcome.code, Some(0));
    let left: Vec<_> =
        project.found("sub", "").iter().map(|path| path.file_name().expect("it is a file").to_owned()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&"three.wasm".into()) && left.contains(&"out.so".into()), "{left:?}");
}

#[test]
fn a_failure_leaves_the_rest_to_go_on_from() {
    let project = Project::new("WASMEDGE_FLAGS = --unit-size 0");
    project.write_module("three.wasm", THREE);
    project.make(&["three.lower"]);
    let lowered = ".wasmedge/three/lower/unit-0001.ll";
    project.write(lowered, "nonsense\n");
    for _ in 0..2 {
        let said = project.fail(&["-k", "-j2", "three.aot.wasm"]);
        assert!(said.contains("unit-0001.ll"), "{said}");
        assert!(!project.path("three.aot.wasm").exists());
        assert!(project.path(".wasmedge/three/codegen/unit-0002.o").exists());
        assert!(!project.path(".wasmedge/three/optimize/unit-0001.ll").exists());
        let half = project.found("", ".wasmedge-");
        assert!(half.is_empty(), "half-written: {half:?}");
    }
    fs::remove_file(project.path(lowered)).expect("it is there");
    let unit = [("lower", "0001"), ("verify", "0001"), ("opt", "0001"), ("emit", "0001"), ("output", "")];
    assert_eq!(project.make(&["-j2", "three.aot.wasm"]), work(unit));
    project.same("three.aot.wasm", "three.wasm", EACH);

    // Damage is said, and which stage to run; what says which units there are is made again without a word.
    let optimized = project.read(".wasmedge/three/optimize/unit-0001.ll");
    project.write(".wasmedge/three/optimize/unit-0001.ll", &optimized[..optimized.len() / 2]);
    let said = project.fail(&["three.aot.wasm"]);
    assert!(said.contains("it is damaged: run the stage `optimize` again"), "{said}");
    project.tool("wasmedge-stage", &["opt", "--quiet", "--unit", "1", "--build-dir", ".wasmedge/three"]);
    project.make(&["three.aot.wasm"]);
    project.same("three.aot.wasm", "three.wasm", EACH);
    for file in ["units.mk", "validate/plan.json"] {
        project.write(&format!(".wasmedge/three/{file}"), "damaged (");
        project.make(&["three.aot.wasm"]);
        assert_eq!(project.make(&["three.aot.wasm"]), work([]), "{file}");
    }
    // What nothing is known of is not taken for right because it is new.
    fs::remove_file(project.path(".wasmedge/three/manifest.json")).expect("it is there");
    touch(&project.path(".wasmedge/three/codegen/unit-0000.o"));
    assert_eq!(project.make(&["three.aot.wasm"]).len(), 4 * 4 + 1);

    project.write("invalid.wasm", wat::parse_str("(module (func (result i32)))").expect("it is well-formed"));
    let said = project.fail(&["invalid.aot.wasm"]);
    assert!(said.contains("validation failed") && said.contains("invalid.validate"), "{said}");
}

#[test]
fn what_was_killed_goes_on() {
    const FLAGS: &str = "--optimize 1 --unit-size 1024";
    let project = Project::new(&format!("WASMEDGE_FLAGS = {FLAGS}"));
    project.write("jsontool.wasm", crate::programs::wasm("jsontool"));
    let objects = || project.found(".wasmedge/jsontool/codegen", ".o").len();
    for enough in [1, 4, 10] {
        let mut make = project.command("make", &["-j2", "jsontool.aot.wasm"]);
        let mut make =
            make.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().expect("make is there");
        let begin = Instant::now();
        while objects() < enough {
            assert!(begin.elapsed() < Duration::from_secs(60), "there are no objects");
            std::thread::sleep(Duration::from_millis(1));
        }
        // All of its group.
        let kill = project.run("sh", &["-c", &format!("kill -s KILL -- -{}", make.id())]);
        assert_eq!(kill.code, Some(0), "make was done already");
        make.wait().expect("it can be waited for");
        assert!(!project.path("jsontool.aot.wasm").exists());
    }
    let before = objects();
    let made = project.make(&["-j2", "jsontool.aot.wasm"]);
    let emitted = made.iter().filter(|(stage, _)| stage == "emit").count();
    assert!(emitted <= objects() - before + 2, "{emitted} of {} objects are made again, after {before}", objects());
    project.same("jsontool.aot.wasm", "jsontool.wasm", FLAGS);
}
