//! The switches that a compile depends on.

use crate::Failure;
use artifact::{BuildDir, Level, Metering, Options};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use console::metering;
use driver::Container;
use std::path::{Path, PathBuf};

/// The switches.
pub fn args() -> Vec<Arg> {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let levels: Vec<_> = Level::ALL.iter().map(|(_, name)| *name).collect();
    let mut args = vec![
        Arg::new("optimize")
            .long("optimize")
            .value_name("LEVEL")
            .value_parser(levels)
            .default_value("2")
            .help("How much to optimize"),
        flag("generic-binary", "Make code for any processor of the host's architecture"),
        flag("relaxed-traps", "Allow memory accesses to be dropped and reordered around traps"),
        Arg::new("unit-size").long("unit-size").value_name("BYTES").value_parser(value_parser!(u32)).help(format!(
            "Cut units to about this size of function bodies; 0 makes each function a unit [default: {}]",
            Options::DEFAULT_UNIT_SIZE
        )),
    ];
    args.push(flag(metering::INTERRUPTIBLE, "Make code that can be interrupted: wasmedge --time-limit needs it"));
    args.extend(metering::args());
    args.extend(console::features::args());
    args
}

/// The options that the switches ask for.
pub fn options(matches: &ArgMatches) -> Result<Options, Failure> {
    let mut options = Options::new(driver::host_target(matches.get_flag("generic-binary")));
    options.level = string(matches, "optimize").parse().expect("clap allows only the levels that there are");
    options.relaxed_traps = matches.get_flag("relaxed-traps");
    if let Some(size) = matches.get_one("unit-size") {
        options.unit_size = *size;
    }
    options.features = console::features::given(matches);
    let interruptible = matches.get_flag(metering::INTERRUPTIBLE);
    options.metering = Metering { interruptible, ..metering::given(matches)? };
    Ok(options)
}

/// `-j`.
pub fn jobs_arg() -> Arg {
    let help = "How many threads work [default: one per core]";
    Arg::new("jobs").short('j').long("jobs").value_name("N").value_parser(value_parser!(u16).range(1..)).help(help)
}

/// The value of `-j`; 0 for one thread per core.
pub fn jobs(matches: &ArgMatches) -> usize {
    matches.get_one::<u16>("jobs").map_or(0, |&jobs| jobs.into())
}

/// A path argument.
pub fn path_arg(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(name).value_parser(value_parser!(PathBuf)).help(help)
}

/// The value of a path argument.
pub fn path<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a Path> {
    matches.get_one::<PathBuf>(name).map(PathBuf::as_path)
}

/// `--build-dir`.
pub fn build_dir_arg() -> Arg {
    path_arg("DIR", "Keep the stages' artifacts in this directory").id("build-dir").long("build-dir")
}

/// The value of `--build-dir`.
pub fn build_dir(matches: &ArgMatches) -> Option<BuildDir> {
    path(matches, "build-dir").map(BuildDir::new)
}

/// The value of an argument that has a default.
pub fn string<'a>(matches: &'a ArgMatches, name: &str) -> &'a str {
    matches.get_one::<String>(name).expect("the argument has a default")
}

/// What kind of file a name asks for.
pub fn container(path: &Path) -> Container {
    match path.extension() {
        Some(extension) if extension == std::env::consts::DLL_EXTENSION => Container::Library,
        _ => Container::Universal,
    }
}
