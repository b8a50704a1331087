//! The switches of the proposals that a module may use, as all tools take them.

use abi::features::{Feature, Features};
use clap::{Arg, ArgAction, ArgMatches};

/// The switches.
pub fn args() -> Vec<Arg> {
    let flag = |name: String, help: String| {
        Arg::new(name.clone()).long(name).action(ArgAction::SetTrue).help(help).help_heading("Proposals")
    };
    let edition = |name: &str, help: &str| flag(name.to_string(), help.to_string());
    let mut args = vec![
        edition("enable-all", "Allow every proposal; --help lists the switches of single ones")
            .conflicts_with_all(["wasm-1", "wasm-2", "wasm-3"]),
        edition("wasm-1", "Allow what edition 1 of the standard has; single switches apply on top")
            .conflicts_with_all(["wasm-2", "wasm-3"]),
        edition("wasm-2", "Allow what edition 2 of the standard has; single switches apply on top")
            .conflicts_with("wasm-3"),
        edition("wasm-3", "Allow what is supported of edition 3 of the standard; single switches apply on top"),
    ];
    for &feature in Feature::ALL {
        for (verb, on) in [("enable", false), ("disable", true)] {
            let name = format!("{verb}-{}", feature.switch());
            // Each switch works; help shows those that change the default.
            let hidden = feature.on_by_default() != on;
            let help = format!("{} {}", if on { "Refuse" } else { "Allow" }, described(feature));
            let opposite = format!("{}-{}", if on { "enable" } else { "disable" }, feature.switch());
            args.push(flag(name, help).hide(hidden).hide_short_help(true).conflicts_with(opposite));
        }
    }
    args
}

/// What a proposal adds to modules.
fn described(feature: Feature) -> &'static str {
    match feature {
        Feature::MutableGlobals => "imports and exports of globals that can be set",
        Feature::SaturatingConversions => {
            "conversions of floats to integers that end at the nearest integer instead of a trap"
        }
        Feature::SignExtension => "operators that extend the sign of a part of an integer",
        Feature::MultiValue => "functions with several results, and blocks with parameters",
        Feature::BulkMemory => "operators that copy and fill whole ranges of memories and tables",
        Feature::ReferenceTypes => "references as values, and several tables",
        Feature::Simd => "vectors of 128 bits",
        Feature::MultiMemory => "several memories",
        Feature::TailCall => "calls that end a function and take no stack",
        Feature::ExtendedConst => "sums and products in constant expressions",
        Feature::Threads => "shared memories and atomic operations",
        Feature::RelaxedSimd => "operators on vectors that may differ between processors, though here they do not",
        Feature::Memory64 => "memories with 64-bit addresses, and tables with 64-bit indices",
        Feature::WideArithmetic => "operators with results of 128 bits",
        Feature::FunctionReferences => "references to functions of one type, and calls through them",
        Feature::Exceptions => "exceptions: try_table, throw, throw_ref",
    }
}

/// The set that the switches on a command line ask for.
///
/// # Panics
/// If the command does not have them.
pub fn given(matches: &ArgMatches) -> Features {
    let mut features = match () {
        () if matches.get_flag("enable-all") => Features::all(),
        () if matches.get_flag("wasm-1") => Features::wasm1(),
        () if matches.get_flag("wasm-3") => Features::wasm3(),
        () => Features::wasm2(),
    };
    for &feature in Feature::ALL {
        if matches.get_flag(&format!("enable-{}", feature.switch())) {
            features.0.insert(feature);
        }
        if matches.get_flag(&format!("disable-{}", feature.switch())) {
            features.0.remove(&feature);
        }
    }
    features
}
