//! What running code is charged: instructions, gas, and a way to stop it.
//!
//! # The rule
//!
//! Native code at every optimization level and the interpreter count alike, because both follow this rule and neither knows
//! another:
//!
//! - **What counts.** Each instruction of the specification (section 2.4) counts 1 and costs what the [`CostTable`] says, each time
//!   control reaches it. `else` and `end` only delimit: they count nothing. A branch to a loop executes its `loop` again
//!   (section 4.6.8), so that counts once for each turn. What a host function does, and what the runtime does to instantiate a
//!   module, counts nothing; the start function counts.
//! - **When.** Code is charged by [`Segment`], when control enters one and before its first instruction runs. A segment is a run of
//!   instructions that control enters at the start only. It ends in front of a `loop`, and behind whatever may lead elsewhere: a
//!   branch, whether it is taken or not, `if`, `else`, `end`, `return`, `unreachable`, `throw`, and every call. So all totals are exact
//!   wherever the host can look: in a host function, when a function returns, when one throws.
//! - **Traps.** A segment that traps in the middle stays charged whole.
//! - **Limits.** A segment that costs more than the gas that is left does not begin: the program traps in front of it. Its instructions are
//!   not counted, and the gas that was left is gone: a program that ran out of gas has used all of it.
//! - **Interrupts.** Code looks whether it shall stop where a function begins that calls others, and at each turn of a loop
//!   ([`Segment::polls`]): nothing runs long without either. A wait for another thread ends as well.
//!
//! How deep calls nest before the stack is exhausted differs between engines and levels, and what was counted by then with it; so it
//! does when somebody interrupts a program. Leave to reorder memory accesses around traps is leave to have charged more or less when one
//! of them traps; the totals of programs that do not trap are the same.

mod costs;
mod operator;
mod segment;

pub use costs::CostTable;
pub use segment::{Segment, Segments};

use crate::container::Hash;
use serde::{Deserialize, Serialize};
use wasmparser::{BinaryReaderError, OperatorsReader};

/// What code is to keep track of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metering {
    /// It counts instructions.
    pub instructions: bool,
    /// It counts gas, by this table, and stops where a limit is reached.
    pub gas: Option<CostTable>,
    /// It can be interrupted: it looks now and then whether it shall stop.
    pub interruptible: bool,
}

/// What code keeps track of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metered {
    /// It counts instructions.
    pub instructions: bool,
    /// It counts gas, by the table with this hash ([`CostTable::hash`]).
    pub gas: Option<Hash>,
    /// It can be interrupted.
    pub interruptible: bool,
}

impl Metering {
    /// What code that was made so keeps track of.
    pub fn metered(&self) -> Metered {
        Metered {
            instructions: self.instructions,
            gas: self.gas.as_ref().map(CostTable::hash),
            interruptible: self.interruptible,
        }
    }

    /// Whether it counts anything.
    pub fn counts(&self) -> bool {
        self.instructions || self.gas.is_some()
    }

    /// The segments of a body, or none if nothing is done about them.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn segments(&self, operators: &OperatorsReader<'_>) -> Result<Segments, BinaryReaderError> {
        match self.counts() || self.interruptible {
            true => Segments::new(operators.clone(), self.gas.as_ref()),
            false => Ok(Segments::default()),
        }
    }
}
