//! Where an exception goes on that comes out of an instruction or a call.

use crate::boundary;
use crate::run::{Caller, Run, Stop};
use crate::translate::width;
use vm::Trap;

impl Run<'_, '_> {
    /// Finds the innermost clause that catches an exception, among the functions of this run. Makes that function the one that
    /// runs, with what the clause takes in its slots. Gives where its frame starts and the clause's first instruction.
    ///
    /// # Errors
    /// If there is no such clause; then nothing has changed.
    pub fn catch(&mut self, trap: Trap) -> Result<(usize, usize), Stop> {
        let exception = trap.exception().and_then(|exception| self.guest.exception(exception));
        let Some(exception) = exception else { return Err(trap.into()) };
        let module = self.guest.module().clone();
        let (start, pc) = self.stopped;
        let here = Caller { function: self.function, pc, start };
        for depth in (0..=self.callers.len()).rev() {
            let Caller { function, pc, start } = *self.callers.get(depth).unwrap_or(&here);
            // The counter is behind the instruction.
            let around = function.handlers.iter().filter(|handler| handler.code.contains(&(pc - 1)));
            for (clause, slot) in around.flat_map(|handler| handler.clauses.iter().map(|clause| (clause, handler.slot)))
            {
                let words = &mut self.stack.words[start + usize::from(slot)..];
                let mut carried = 0;
                if let Some(tag) = clause.tag {
                    let Some(slots) = self.guest.caught(exception, tag) else { continue };
                    let params = &module.declarations().tag_type(tag).params;
                    boundary::to_words(params, &slots, words);
                    carried = width(params) as usize;
                }
                if clause.takes_reference {
                    words[carried] = exception;
                }
                self.callers.truncate(depth);
                self.function = function;
                return Ok((start, clause.start));
            }
        }
        Err(trap.into())
    }
}
