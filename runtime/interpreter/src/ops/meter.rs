//! What functions are charged, and where they can be stopped ([`abi::metering`]).

use crate::instruction::{Instr, Op};
use crate::translate::Translation;

/// What a segment is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub instructions: u64,
    pub gas: u64,
}

impl Translation<'_> {
    /// Charges the segment that begins at the operator at a byte offset, if one does, and stops if that is the place for it.
    pub fn charge(&mut self, offset: u64) {
        let Some(segment) = self.segments.at(offset) else { return };
        let instructions = if self.metering.instructions { segment.instructions } else { 0 };
        let charge = Charge { instructions, gas: segment.gas };
        if charge != (Charge { instructions: 0, gas: 0 }) {
            let index = self.charges.len() as u32;
            self.charges.push(charge);
            self.emit(Instr::wide(Op::Charge, 0, index));
        }
        if segment.polls && self.metering.interruptible {
            self.emit(Instr::new(Op::Poll, 0, 0, 0));
        }
    }
}

instructions! {$ meter_instructions:
    control Charge: charge();
    control Poll: poll();
}
