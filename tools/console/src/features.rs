//! The switches of the proposals that a module may use, as all tools take them.

use abi::features::{Feature, Features};
use clap::{Arg, ArgAction, ArgMatches};

/// The switches.
pub fn args() -> Vec<Arg> {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let mut args = vec![
        flag("enable-all", "Allow every proposal"),
        flag("wasm-1", "Allow what edition 1 of the standard has; single switches apply on top")
            .conflicts_with_all(["wasm-2", "wasm-3"]),
        flag("wasm-2", "Allow what edition 2 of the standard has; single switches apply on top")
            .conflicts_with("wasm-3"),
        flag("wasm-3", "Allow what is supported of edition 3 of the standard; single switches apply on top"),
    ];
    for &feature in Feature::ALL {
        for (verb, on) in [("enable", false), ("disable", true)] {
            let name = format!("{verb}-{}", feature.switch());
            // Each switch works; help shows those that change the default.
            let hidden = feature.on_by_default() != on;
            let help = format!("{} the proposal {}", if on { "Refuse" } else { "Allow" }, feature.switch());
            args.push(Arg::new(name.clone()).long(name).action(ArgAction::SetTrue).help(help).hide(hidden));
        }
    }
    args
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
