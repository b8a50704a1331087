//! The switches for what code keeps track of ([`abi::metering`]), as compiling and running take them.

use abi::metering::{CostTable, Metering};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::path::{Path, PathBuf};

/// The switch for time.
pub const TIME: &str = "enable-time-measuring";
/// The switch for gas.
pub const GAS: &str = "enable-gas-measuring";
/// The switch for instructions.
pub const INSTRUCTIONS: &str = "enable-instruction-count";
/// The switch for all three.
pub const ALL: &str = "enable-all-statistics";
/// The switch for code that can be interrupted.
pub const INTERRUPTIBLE: &str = "interruptible";
const COST_TABLE: &str = "cost-table";

/// The switches that compiling and running share.
pub fn args() -> [Arg; 5] {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    [
        flag(TIME, "Measure the time that the program takes, host functions apart"),
        flag(GAS, "Count gas: each instruction costs 1, or what --cost-table says"),
        flag(INSTRUCTIONS, "Count the instructions that are executed"),
        flag(ALL, "All three of these"),
        Arg::new(COST_TABLE).long(COST_TABLE).value_name("FILE").value_parser(value_parser!(PathBuf)).help(
            "What instructions cost, as JSON: {\"default\": 1, \"memory.grow\": 1000}; implies --enable-gas-measuring",
        ),
    ]
}

/// Whether a switch is on, by itself or since all are.
pub fn is_on(matches: &ArgMatches, switch: &str) -> bool {
    matches.get_flag(switch) || matches.get_flag(ALL)
}

/// Whether a table of costs is given.
pub fn has_table(matches: &ArgMatches) -> bool {
    matches.contains_id(COST_TABLE)
}

/// What a command line asks for.
///
/// # Errors
/// If the table of costs cannot be read, or is none; a text for the user.
///
/// # Panics
/// If the command does not have these switches.
pub fn given(matches: &ArgMatches) -> Result<Metering, String> {
    let table = matches.get_one::<PathBuf>(COST_TABLE).map(|path| read(path)).transpose()?;
    let gas = is_on(matches, GAS) || table.is_some();
    Ok(Metering {
        instructions: is_on(matches, INSTRUCTIONS),
        gas: gas.then(|| table.unwrap_or_default()),
        interruptible: false,
    })
}

fn read(path: &Path) -> Result<CostTable, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read(path).map_err(|error| failed(&error))?;
    serde_json::from_slice(&text).map_err(|error| failed(&format!("no table of costs: {error}")))
}
