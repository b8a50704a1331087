//! What the stages exchange.
//!
//! Every stage is a function from artifacts to artifacts. Here are the artifacts that are not LLVM's own, with their text form
//! ([`Artifact`]), the place of each in a build directory ([`BuildDir`]), the record of what was made from what ([`Manifest`]),
//! and the one error type of all stages ([`Error`]).
#![forbid(unsafe_code)]

mod build_dir;
mod error;
mod manifest;
mod options;
mod parsed;
mod plan;
pub mod region;
mod stage;
mod text;
mod units_mk;
mod verdict;

pub use abi::features::{Feature, Features};
pub use abi::metering::{CostTable, Metering};
pub use build_dir::{BuildDir, PART, folder_of, write_atomically};
pub use error::{Error, Kind, Place};
pub use manifest::{Entry, Manifest};
pub use options::{Level, Options, Target};
pub use parsed::Parsed;
pub use plan::{Plan, Unit, UnitId};
pub use stage::Stage;
pub use text::Artifact;
pub use verdict::Verdict;
