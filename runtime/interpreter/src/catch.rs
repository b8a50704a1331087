//! Where an exception goes on that comes out of an instruction or a call.

use crate::boundary;
use crate::context::Caller;
use crate::run::{Run, Stop};
use crate::translate::width;
use vm::Trap;

impl Run<'_, '_, '_> {
    /// Finds the innermost clause that catches an exception, among the functions of this run. Makes the clause what is to be run
    /// next, with what it takes in its slots.
    ///
    /// # Errors
    /// If there is no such clause; then nothing has changed.
    pub fn catch(&mut self, trap: Trap) -> Result<(), Stop> {
        let exception = trap.exception().and_then(|exception| self.guest.exception(exception));
        let Some(exception) = exception else { return Err(trap.into()) };
        let here = Caller { function: self.function, at: self.at, start: self.start };
        for depth in (0..=self.callers.len()).rev() {
            let Caller { function, at, start } = *self.callers.get(depth).unwrap_or(&here);
            // The function would go on behind the instruction.
            let around = function.handlers.iter().filter(|handler| handler.code.contains(&(at as usize - 1)));
            let clauses = around.flat_map(|handler| handler.clauses.iter().map(|clause| (clause, handler.slot)));
            for (clause, slot) in clauses {
                let words = &mut self.stack.words[start + usize::from(slot)..];
                let mut carried = 0;
                if let Some(tag) = clause.tag {
                    let Some(slots) = self.guest.caught(exception, tag) else { continue };
                    let params = &self.module.declarations().tag_type(tag).params;
                    boundary::to_words(params, &slots, words);
                    carried = width(params) as usize;
                }
                if clause.takes_reference {
                    words[carried] = exception;
                }
                self.callers.truncate(depth);
                (self.function, self.start, self.at) = (function, start, clause.start as u32);
                return Ok(());
            }
        }
        Err(trap.into())
    }
}
