//! `parse/module.json`.

use crate::{Artifact, Stage};
use abi::module::Module;
use abi::types::FuncIdx;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a module declares, and how its bodies can be told apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parsed {
    /// The hash (blake3, hexadecimal) of the module's bytes.
    pub hash: String,
    /// The declarations.
    pub module: Module,
    /// The hash (blake3, hexadecimal) of each body.
    pub body_hashes: Vec<String>,
    /// The names of functions that the `name` section gives.
    pub names: BTreeMap<FuncIdx, String>,
}

impl Artifact for Parsed {
    const STAGE: Stage = Stage::Parse;
    const SCHEMA: u32 = 1;
}
