//! `validate/plan.json`.

use crate::{Artifact, Options, Stage};
use abi::module::Module;
use abi::symbol::Whose;
use abi::types::{DefinedFuncIdx, FuncIdx, TableIdx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// How a valid module is compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The hash of the module's bytes ([`crate::Parsed::hash`]).
    pub hash: String,
    /// What the compile depends on besides the module.
    pub options: Options,
    /// The units: each function with a body is in exactly one, in order.
    pub units: Vec<Unit>,
    /// The hash (blake3, hexadecimal) of all that the wrappers between host and native code depend on.
    pub wrappers: String,
    /// The functions that make tail calls: their code is a tail function ([`abi::signature`]), which callers must know.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tail_callers: BTreeSet<FuncIdx>,
    /// Whether any function catches exceptions: then the optimizer must know where they may come from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub catches: bool,
    /// The tables whose elements or length some function changes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changed_tables: BTreeSet<TableIdx>,
}

/// A run of functions that are compiled together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Positions among the functions with a body.
    pub functions: Range<u32>,
    /// The hash (blake3, hexadecimal) of all that its code depends on. Units of one key have the same code.
    pub key: String,
    /// The functions of other units that it calls, in the order in which its code numbers them ([`abi::symbol::Whose::Callee`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callees: Vec<FuncIdx>,
    /// Those of them that it holds copies of, to inline them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<FuncIdx>,
}

impl Unit {
    /// The function that the unit calls by a name of its own; none if it gives nothing that name.
    pub fn function(&self, module: &Module, whose: Whose) -> Option<FuncIdx> {
        match whose {
            Whose::Own(position) => {
                let own = self.functions.clone().nth(position as usize);
                own.map(|own| module.function(DefinedFuncIdx(own)))
            }
            Whose::Callee(position) => self.callees.get(position as usize).copied(),
        }
    }
}

impl Plan {
    /// Everything that is compiled on its own: the units, then the wrappers.
    pub fn unit_ids(&self) -> impl DoubleEndedIterator<Item = UnitId> + ExactSizeIterator + use<> {
        // The wrappers come last, as one past the last unit.
        let units = self.units.len();
        (0..units + 1).map(move |index| if index < units { UnitId::Functions(index as u32) } else { UnitId::Wrappers })
    }

    /// The hash of all that the code of a unit depends on.
    pub fn key(&self, unit: UnitId) -> &str {
        match unit {
            UnitId::Functions(index) => &self.units[index as usize].key,
            UnitId::Wrappers => &self.wrappers,
        }
    }

    /// The unit that holds a function with a body.
    pub fn unit_of(&self, function: DefinedFuncIdx) -> Option<UnitId> {
        let index = self.units.partition_point(|unit| unit.functions.end <= function.0);
        let unit = self.units.get(index)?;
        unit.functions.contains(&function.0).then_some(UnitId::Functions(index as u32))
    }
}

impl Artifact for Plan {
    const STAGE: Stage = Stage::Validate;
    const SCHEMA: u32 = 2;
}

/// Something that is compiled on its own. Displayed, it is the stem of its files' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitId {
    /// The functions of the unit at this position.
    Functions(u32),
    /// The wrappers between host and native code.
    Wrappers,
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnitId::Functions(index) => write!(f, "unit-{index:04}"),
            UnitId::Wrappers => f.write_str("module"),
        }
    }
}
