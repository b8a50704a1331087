//! `verify/unit-NNNN.json`.

use crate::{Artifact, Stage};
use serde::{Deserialize, Serialize};

/// What was found in a lowered unit that is in order. One that is not is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The names of the functions that it defines.
    pub defines: Vec<String>,
    /// The names of the functions that it calls by name and leaves to other units.
    pub uses: Vec<String>,
}

impl Artifact for Verdict {
    const STAGE: Stage = Stage::Verify;
    const SCHEMA: u32 = 1;
}
