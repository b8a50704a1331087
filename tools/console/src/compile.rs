//! The command line of `compile`: `wasmedge-stage` carries it out, and `wasmedge` describes it as a command of its own.

use crate::{Console, features, metering};
use clap::builder::ValueHint;
use clap::{Arg, ArgAction, Command, value_parser};
use std::path::PathBuf;

/// The optimization levels.
pub const LEVELS: [&str; 6] = ["0", "1", "2", "3", "s", "z"];
/// The level unless told otherwise.
pub const LEVEL: &str = "2";
/// The size that units are cut to unless told otherwise, in bytes of function bodies.
pub const UNIT_SIZE: u32 = 32 << 10;
/// The size that the cache is kept to unless told otherwise, in MiB.
pub const CACHE_SIZE: &str = "2048";

const EXAMPLES: &str = "\
Examples:
  wasmedge compile app.wasm app_aot.wasm
          One file for every runtime: the module, and its native code for this one
  wasmedge compile --optimize 3 app.wasm app.so
          A shared library, optimized for speed
  wasmedge compile --target aarch64-unknown-linux-gnu app.wasm app_aot.wasm
          For another machine
  wasmedge app_aot.wasm
          Runs what was compiled

Exit codes:
  0    OUT is written
  1    Something is wrong: standard error says what and where, and OUT is as it was before";

/// The command. What it takes is worked out when it is needed: who runs a module need not wait for it.
pub fn command() -> Command {
    Command::new("compile").about("Compiles a module to native code").defer(describe)
}

fn describe(command: Command) -> Command {
    let output = "The file to write: a shared library if it ends in .so, .dylib or .dll, as the target has it; else a universal wasm";
    command
        .arg(file("WASM", "The module, binary or (.wat) text").required(true))
        .arg(file("OUT", output).required(true))
        .args(args())
        .next_help_heading("Artifacts")
        .arg(Arg::new("dump").long("dump").action(ArgAction::SetTrue).help(
            "Write the whole module's LLVM IR before (wasm.ll) and after optimization (wasm-opt.ll) to the current directory",
        ))
        .arg(build_dir().long_help(
            "Keep the stages' artifacts in this directory, and go on from those that are there and current; \
             IR that was edited there is used",
        ))
        .next_help_heading("Work that was done before")
        .args(cache())
        .next_help_heading("Messages and work")
        .arg(jobs())
        .arg(timings())
        .args(Console::args())
        .after_help(EXAMPLES)
}

/// The switches that a compile's output depends on.
pub fn args() -> Vec<Arg> {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help).help_heading("Native code")
    };
    let valued = |name: &'static str, value: &'static str| {
        Arg::new(name).long(name).value_name(value).help_heading("Native code")
    };
    let mut args = vec![
        valued("optimize", "LEVEL")
            .value_parser(LEVELS)
            .default_value(LEVEL)
            .help("How much to optimize: 0 not at all, 3 most for speed, s and z for size"),
        valued("target", "TRIPLE").help("Make code for this architecture and system: `help` lists them [default: the host's]"),
        valued("cpu", "NAME").conflicts_with("generic-binary").help(
            "Make code for this processor and later ones: `help` lists them [default: the host's; any for another target]",
        ),
        valued("cpu-features", "LIST")
            .allow_hyphen_values(true)
            .help("Use processor features besides (+avx2) or not (-bmi), with commas between them: `help` lists them"),
        flag("generic-binary", "Make code for any processor of the target's architecture"),
        valued("passes", "PIPELINE")
            .help("Run these passes of LLVM's in place of the level's, as `opt -passes=PIPELINE` would; or three lists with | between them, of which the second is for functions whose loops have got copies"),
        flag("relaxed-traps", "Allow memory accesses to be dropped and reordered around traps"),
        valued("unit-size", "BYTES").value_parser(value_parser!(u32)).help(format!(
            "Cut units to about this size of function bodies; 0 makes each function a unit [default: {UNIT_SIZE}]"
        )),
    ];
    args.push(flag(metering::INTERRUPTIBLE, "Make code that can be interrupted: wasmedge --time-limit needs it"));
    args.extend(metering::args().map(|arg| arg.help_heading("Statistics")));
    args.extend(features::args());
    args
}

/// `-j`.
pub fn jobs() -> Arg {
    let help = "How many threads work [default: one per core]";
    Arg::new("jobs").short('j').long("jobs").value_name("N").value_parser(value_parser!(u16).range(1..)).help(help)
}

/// `--timings`.
pub fn timings() -> Arg {
    let help = "Write what took how long, and how much memory, by stage and unit: JSON, and a trace for Perfetto";
    let arg = Arg::new("timings").long("timings").value_name("FILE").help(help);
    arg.value_parser(value_parser!(PathBuf)).value_hint(ValueHint::FilePath)
}

/// `--build-dir`.
pub fn build_dir() -> Arg {
    let arg =
        Arg::new("build-dir").long("build-dir").value_name("DIR").help("Keep the stages' artifacts in this directory");
    arg.value_parser(value_parser!(PathBuf)).value_hint(ValueHint::DirPath)
}

/// `--cache` and what goes with it.
fn cache() -> [Arg; 3] {
    let folder = "Keep code in this directory, and take from it what does not have to be compiled again; \
                  not used with --build-dir or --dump [default: wasmedge in the user's cache folder]";
    let folder = Arg::new("cache").long("cache").value_name("DIR").help(folder);
    let size = Arg::new("cache-size").long("cache-size").value_name("MIB").value_parser(value_parser!(u32));
    let none = Arg::new("no-cache").long("no-cache").action(ArgAction::SetTrue).help("Compile everything again");
    [
        folder.value_parser(value_parser!(PathBuf)).value_hint(ValueHint::DirPath),
        size.default_value(CACHE_SIZE).help("Remove what was not used the longest where there is more"),
        none.conflicts_with_all(["cache", "cache-size"]),
    ]
}

/// A path argument.
pub fn file(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(name).value_parser(value_parser!(PathBuf)).value_hint(ValueHint::FilePath).help(help)
}
