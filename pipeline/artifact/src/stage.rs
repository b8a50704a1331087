//! The stages by name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A stage of the pipeline, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Binary module → its declarations.
    Parse,
    /// Declarations → a plan, if the module is valid.
    Validate,
    /// Functions → LLVM IR.
    Lower,
    /// IR → a verdict on it.
    Verify,
    /// IR → better IR.
    Optimize,
    /// IR → relocatable objects.
    Codegen,
    /// Objects → a container.
    Output,
}

impl Stage {
    /// All stages in order.
    pub const ALL: &'static [Stage] =
        &[Stage::Parse, Stage::Validate, Stage::Lower, Stage::Verify, Stage::Optimize, Stage::Codegen, Stage::Output];

    /// The stage's name: its directory in a build directory and its word in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Parse => "parse",
            Stage::Validate => "validate",
            Stage::Lower => "lower",
            Stage::Verify => "verify",
            Stage::Optimize => "optimize",
            Stage::Codegen => "codegen",
            Stage::Output => "output",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
