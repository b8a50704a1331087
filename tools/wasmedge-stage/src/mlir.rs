//! `wasmedge-stage to-mlir` and `from-mlir`: units as MLIR, for the passes of `mlir-opt`.

use crate::step::unit_arg;
use crate::{failure, options};
use artifact::{Stage, UnitId};
use clap::builder::PossibleValue;
use clap::{Arg, ArgMatches, Command};
use console::codes::Failure;
use console::{Console, compile};

const EXAMPLES: &str = "\
Examples:
  wasmedge-stage to-mlir --build-dir build --unit 3
          Writes build/lower/unit-0003.mlir
  mlir-opt-22 --canonicalize --cse build/lower/unit-0003.mlir -o changed.mlir
  mv changed.mlir build/lower/unit-0003.mlir
          Some passes of MLIR's; mlir-opt must not write to the file that it reads
  wasmedge-stage from-mlir --build-dir build --unit 3
          Makes build/lower/unit-0003.ll of it, which counts as edited
  wasmedge-stage run --build-dir build app_aot.wasm
          The stages that have something to do again";

/// The subcommands.
pub fn commands() -> [Command; 2] {
    let command = |name: &'static str, about: &'static str| {
        let build_dir = compile::build_dir().required(true).help("The directory with the stages' artifacts");
        let stage = Arg::new("stage").long("stage").value_name("STAGE").default_value("lower").value_parser([
            PossibleValue::new("lower").help("The IR as it is lowered"),
            PossibleValue::new("optimize").alias("opt").help("The IR after optimization"),
        ]);
        Command::new(name)
            .about(about)
            .arg(build_dir)
            .arg(unit_arg())
            .arg(stage.help("The stage whose IR it is"))
            .arg(compile::jobs())
            .args(Console::args())
            .after_help(EXAMPLES)
    };
    [
        command("to-mlir", "Writes units as MLIR (LLVM's dialect) beside their IR; needs mlir-translate"),
        command(
            "from-mlir",
            "Takes units back from MLIR: the one that is named, or all whose MLIR was changed; needs mlir-translate",
        ),
    ]
}

/// Runs one of them.
pub fn run(name: &str, matches: &ArgMatches) -> Result<(), Failure> {
    let dir = options::build_dir(matches).expect("clap requires it");
    let stage = if options::string(matches, "stage") == "lower" { Stage::Lower } else { Stage::Optimize };
    let unit = matches.get_one::<UnitId>("unit").copied();
    let translate = if name == "to-mlir" { driver::to_mlir } else { driver::from_mlir };
    let remarks = translate(&dir, stage, unit, options::jobs(matches)).map_err(|error| failure(error, None))?;
    remarks.iter().for_each(|remark| Console::given(matches).warning(remark));
    Ok(())
}
