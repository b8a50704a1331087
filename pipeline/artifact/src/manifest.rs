//! `manifest.json`: what a build directory holds, and what each artifact was made from.

use crate::{Artifact, Options, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The record of a build directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this tool.
    pub tool: String,
    /// The version of LLVM.
    pub llvm: String,
    /// The ABI's fingerprint, hexadecimal.
    pub abi: String,
    /// The options of the compile.
    pub options: Options,
    /// Each artifact by its path in the build directory, with `/` between parts.
    pub artifacts: BTreeMap<String, Entry>,
    /// The hash of this record's text with nothing here: nobody but the tool writes it, so that a changed one is a damaged one.
    pub check: String,
}

/// An artifact's record. Hashes are blake3, hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The hash of what it was made from: the hashes of those artifacts, in order.
    pub from: String,
    /// The hash of what it is.
    pub is: String,
}

impl Artifact for Manifest {
    const STAGE: Stage = Stage::Parse;
    const SCHEMA: u32 = 2;
}
