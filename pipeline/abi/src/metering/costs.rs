//! What instructions cost.

use super::operator::Operator;
use crate::container::{Hash, hash};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The key that stands for all instructions that a table does not name.
const DEFAULT: &str = "default";
/// What an instruction costs unless a table says otherwise.
const DEFAULT_COST: u64 = 1;
/// The most that an instruction can cost.
const MAX_COST: u64 = u32::MAX as u64;

/// What each instruction costs, in units of gas.
///
/// As JSON, an object with numbers by instructions' names in the text format, from 0 to 4294967295; `default` stands for all others and is
/// 1 if it is not there: `{"default": 1, "memory.grow": 1000, "call": 5}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTable {
    default: u64,
    /// By name, without what is the default.
    others: BTreeMap<String, u64>,
    /// By the operator's number.
    by_operator: Vec<u64>,
}

impl Default for CostTable {
    fn default() -> CostTable {
        CostTable::new(DEFAULT_COST, BTreeMap::new())
    }
}

impl CostTable {
    /// A table. Names are those of instructions.
    fn new(default: u64, mut others: BTreeMap<String, u64>) -> CostTable {
        others.retain(|_, &mut cost| cost != default);
        let cost = |(operator, name): (Operator, String)| (operator, others.get(&name).copied().unwrap_or(default));
        let mut by_operator = Vec::new();
        for (operator, cost) in Operator::instructions().map(cost) {
            let number = operator as usize;
            by_operator.resize(by_operator.len().max(number + 1), 0);
            by_operator[number] = cost;
        }
        CostTable { default, others, by_operator }
    }

    /// What an operator costs.
    pub(super) fn cost(&self, operator: Operator) -> u64 {
        match operator.is_delimiter() {
            true => 0,
            false => self.by_operator[operator as usize],
        }
    }

    /// A hash that tables have in common if all instructions cost the same by them.
    pub fn hash(&self) -> Hash {
        let lines: BTreeSet<String> =
            Operator::instructions().map(|(operator, name)| format!("{name} {}\n", self.cost(operator))).collect();
        hash(lines.into_iter().collect::<String>().as_bytes())
    }

    fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        [(DEFAULT, self.default)].into_iter().chain(self.others.iter().map(|(name, &cost)| (name.as_str(), cost)))
    }
}

impl Serialize for CostTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.entries())
    }
}

impl<'de> Deserialize<'de> for CostTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CostTable, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = CostTable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with costs by instructions' names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CostTable, A::Error> {
        let names: Vec<String> = Operator::instructions().map(|(_, name)| name).collect();
        let (mut default, mut others) = (None, BTreeMap::new());
        while let Some(name) = map.next_key::<String>()? {
            if name != DEFAULT && !names.contains(&name) {
                return Err(de::Error::custom(format_args!("there is no instruction `{name}`")));
            }
            let cost = map.next_value()?;
            if cost > MAX_COST {
                return Err(de::Error::custom(format_args!("`{name}` costs more than {MAX_COST}")));
            }
            let before = match name.as_str() {
                DEFAULT => default.replace(cost),
                _ => others.insert(name.clone(), cost),
            };
            if before.is_some() {
                return Err(de::Error::custom(format_args!("`{name}` has two costs")));
            }
        }
        Ok(CostTable::new(default.unwrap_or(DEFAULT_COST), others))
    }
}
