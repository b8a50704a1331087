//! Making a module in memory the same as one read from its text.
//!
//! Text, with the order of use-lists, holds everything that LLVM's passes go by, but for one thing: how much room phis and
//! switches have. Room grows ahead of need as edges are added; reading gives each exactly what it needs. A pass that adds an edge
//! where there is no room left makes LLVM move all operands, which brings their uses to the front of the use-lists, and other
//! passes work in the order of those.

use crate::module::Module;
use crate::opcode::Opcode;

impl Module<'_> {
    /// Gives each phi and switch just the room that it needs, as in a module read from text. After this, going on in memory or
    /// by way of [`Module::print`] and [`Module::parse`] is the same.
    ///
    /// Handles to phis and switches may not be used any more.
    pub fn settle(&mut self) {
        let builder = self.context().builder();
        for block in self.functions().flat_map(|function| function.blocks()) {
            let phis = block.instructions().take_while(|instruction| instruction.as_phi().is_some());
            let terminator = block.terminator();
            let switch = terminator.filter(|instruction| instruction.instruction_opcode() == Some(Opcode::Switch));
            for instruction in phis.chain(switch) {
                builder.position_before(instruction);
                // A copy has no spare room.
                let copy = builder.copy(instruction);
                let name = instruction.name();
                instruction.replace_all_uses_with(copy);
                instruction.erase_instruction();
                copy.set_name(&name);
            }
        }
    }
}
