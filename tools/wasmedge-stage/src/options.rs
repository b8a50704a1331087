//! What the switches of a compile ask for.

use artifact::{BuildDir, Metering, Options};
use clap::ArgMatches;
use console::codes::Failure;
use console::metering;
use driver::{Cache, Container, GENERIC, TargetError, Wanted};
use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};

/// The options that the switches ask for.
pub fn options(matches: &ArgMatches) -> Result<Options, Failure> {
    options_for(matches, &wanted(matches))
}

/// The same for a target, whatever the switches say about that.
pub fn options_for(matches: &ArgMatches, wanted: &Wanted<'_>) -> Result<Options, Failure> {
    let mut options = Options::new(wanted.target().map_err(unknown)?);
    options.level = string(matches, "optimize").parse().expect("clap allows only the levels that there are");
    options.relaxed_traps = matches.get_flag("relaxed-traps");
    options.passes = matches.get_one::<String>("passes").cloned();
    if let Some(size) = matches.get_one("unit-size") {
        options.unit_size = *size;
    }
    options.features = console::features::given(matches);
    let interruptible = matches.get_flag(metering::INTERRUPTIBLE);
    options.metering = Metering { interruptible, ..metering::given(matches)? };
    Ok(options)
}

/// What the switches say about the target.
pub fn wanted(matches: &ArgMatches) -> Wanted<'_> {
    let value = |name| matches.get_one::<String>(name).map(String::as_str);
    let generic = matches.get_flag("generic-binary").then_some(GENERIC);
    Wanted { triple: value("target"), cpu: value("cpu").or(generic), features: value("cpu-features") }
}

/// What a user is told about a target that there is not.
pub fn unknown(error: TargetError) -> Failure {
    let list = match error {
        TargetError::Triple(_) => "target",
        TargetError::Cpu(..) => "cpu",
        TargetError::Feature(..) | TargetError::Sign(_) => "cpu-features",
        TargetError::Foreign(_) => return Failure::Plain(error.to_string()),
    };
    Failure::Plain(format!("{error}: see --{list} help"))
}

/// The value of `-j`; 0 for one thread per core.
pub fn jobs(matches: &ArgMatches) -> usize {
    matches.get_one::<u16>("jobs").map_or(0, |&jobs| jobs.into())
}

/// The value of a path argument.
pub fn path<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a Path> {
    matches.get_one::<PathBuf>(name).map(PathBuf::as_path)
}

/// The value of `--build-dir`.
pub fn build_dir(matches: &ArgMatches) -> Option<BuildDir> {
    path(matches, "build-dir").map(BuildDir::new)
}

/// The cache that the switches ask for; none where there is no folder for it.
pub fn cache(matches: &ArgMatches) -> Option<Cache> {
    if matches.get_flag("no-cache") {
        return None;
    }
    let users = || Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("wasmedge"));
    let folder = path(matches, "cache").map(Path::to_owned).or_else(users)?;
    let limit = matches.get_one::<u32>("cache-size").expect("the argument has a default");
    Some(Cache::new(folder, u64::from(*limit) << 20))
}

/// The value of an argument that has a default.
pub fn string<'a>(matches: &'a ArgMatches, name: &str) -> &'a str {
    matches.get_one::<String>(name).expect("the argument has a default")
}

/// What kind of file a name asks for.
pub fn container(path: &Path) -> Container {
    Container::of_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use artifact::Level;

    #[test]
    fn help_says_what_holds() {
        let levels: Vec<_> = Level::ALL.iter().map(|(_, name)| *name).collect();
        assert_eq!(levels, console::compile::LEVELS);
        let default = Options::new(driver::host_target(true));
        assert_eq!(Ok(default.level), console::compile::LEVEL.parse());
        assert_eq!(default.unit_size, console::compile::UNIT_SIZE);
        assert_eq!(Ok(Cache::DEFAULT_LIMIT >> 20), console::compile::CACHE_SIZE.parse());
    }
}
