//! What a compile depends on besides its input.

use crate::Features;
use abi::metering::Metering;
use abi::system::System;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a compile depends on besides its input. Equal options and equal input give equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// What the code is for.
    pub target: Target,
    /// How much to optimize.
    pub level: Level,
    /// The proposals that modules may use.
    pub features: Features,
    /// Leave to drop and reorder memory accesses around traps.
    pub relaxed_traps: bool,
    /// What the code is to keep track of.
    pub metering: Metering,
    /// Passes to run in place of the level's, in the syntax of `opt -passes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passes: Option<String>,
    /// The size that units are cut to, in bytes of function bodies; 0 makes each function a unit.
    pub unit_size: u32,
}

impl Options {
    /// The size of units unless told otherwise: some tenths of a second of work at full optimization.
    pub const DEFAULT_UNIT_SIZE: u32 = 32 << 10;

    /// The default options for a target.
    pub fn new(target: Target) -> Options {
        Options {
            target,
            level: Level::O2,
            features: Features::default(),
            relaxed_traps: false,
            metering: Metering::default(),
            passes: None,
            unit_size: Options::DEFAULT_UNIT_SIZE,
        }
    }
}

/// What code is compiled for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// LLVM's name for architecture, system and ABI, such as `x86_64-unknown-linux-gnu`.
    pub triple: String,
    /// The processor that instruction scheduling is tuned for. It adds no features.
    pub tune: String,
    /// The processor features beyond the architecture's baseline that code may use, sorted ([`abi::cpu`]).
    pub cpu_features: Vec<String>,
}

impl Target {
    /// The architecture: the first part of the triple.
    pub fn architecture(&self) -> &str {
        self.triple.split('-').next().unwrap_or_default()
    }

    /// The processor whose features are the architecture's baseline.
    pub fn baseline(&self) -> &'static str {
        match self.architecture() {
            "x86_64" => "x86-64",
            _ => "generic",
        }
    }

    /// The operating system; none if it is not known.
    pub fn system(&self) -> Option<System> {
        System::of(&self.triple)
    }

    /// The triple that LLVM is given.
    ///
    /// For macOS and Windows it is the one for Linux: what these ask of code ([`System`]) is said by attributes, and all else
    /// must be as our ABI has it. LLVM's own idea of them would bring calls of what no runtime has (`__chkstk` and `__bzero`),
    /// large frames that skip pages in spite of `probe-stack`, and a convention with fewer registers than
    /// [`abi::signature`] counts on. ELF objects are what the output stage reads, for all systems.
    pub fn code_triple(&self) -> String {
        match self.system() {
            Some(System::MacOs | System::Windows) => format!("{}-unknown-linux-gnu", self.architecture()),
            Some(System::Linux) | None => self.triple.clone(),
        }
    }

    /// The features as LLVM wants them: `+avx,+avx2`; among them which registers it must leave alone.
    pub fn feature_string(&self) -> String {
        let reserved = self.architecture() == "aarch64" && self.system().is_some_and(System::reserves_x18);
        let reserved = reserved.then_some("reserve-x18");
        let features = self.cpu_features.iter().map(String::as_str).chain(reserved);
        features.map(|feature| format!("+{feature}")).collect::<Vec<_>>().join(",")
    }
}

/// An optimization level, as `--optimize` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Level {
    /// No optimization: the quickest compile.
    #[serde(rename = "0")]
    O0,
    /// Little optimization.
    #[serde(rename = "1")]
    O1,
    /// The default.
    #[serde(rename = "2")]
    O2,
    /// More inlining and vectorization.
    #[serde(rename = "3")]
    O3,
    /// Like 2, but no larger than it must be.
    #[serde(rename = "s")]
    Os,
    /// As small as possible.
    #[serde(rename = "z")]
    Oz,
}

impl Level {
    /// Every level with its name.
    pub const ALL: &'static [(Level, &'static str)] =
        &[(Level::O0, "0"), (Level::O1, "1"), (Level::O2, "2"), (Level::O3, "3"), (Level::Os, "s"), (Level::Oz, "z")];

    /// Whether its passes inline functions.
    pub fn inlines(self) -> bool {
        !matches!(self, Level::O0 | Level::O1)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Level::ALL.iter().find(|(level, _)| level == self);
        f.write_str(named.expect("every level is in the list").1)
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        let named = Level::ALL.iter().find(|(_, name)| *name == text);
        named
            .map(|(level, _)| *level)
            .ok_or_else(|| format!("`{text}` is not an optimization level (0, 1, 2, 3, s, z)"))
    }
}
