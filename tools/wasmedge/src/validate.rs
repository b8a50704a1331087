//! `wasmedge validate`: checks a module and runs nothing.

use crate::arguments;
use crate::load::load;
use clap::ArgMatches;
use console::codes::Failure;
use console::{Console, features};
use engine::{Loading, Mode};

/// Validates what the command line names. A file with native code is validated by the module that it was compiled from.
pub fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let file = arguments::file(matches);
    load(file, Loading { mode: Mode::Interpreter, features: features::given(matches), ..Loading::default() })?;
    Console::given(matches).info(format!("{}: module is valid", file.display()));
    Ok(())
}
