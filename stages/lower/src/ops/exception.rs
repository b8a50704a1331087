//! Exceptions (specification, section 4.6.10).
//!
//! A call in a `try_table` that throws goes on in the landing pad of its function, which LLVM calls the unwind edge of an
//! invoke. The pad hands the exception to the handler, which compares tags and branches to the label of the clause that
//! fits. What a function throws within a `try_table` of its own goes to the handler by a branch, and so does what an inner
//! handler has no clause for; the runtime is asked only where there is no `try_table` around in the function.

use super::rows;
use crate::frame::{Frame, Kind, Label, Try};
use crate::function::{Lowering, Result};
use crate::ssa::Edge;
use abi::trap::TrapCode;
use abi::types::TagIdx;
use llvm::Value;
use wasmparser::{Catch, TryTable};

rows! {
    visit_try_table(table: TryTable) => try_table(table);
    visit_throw(tag: u32) => throw(TagIdx(tag));
    visit_throw_ref => throw_ref();
}

impl<'c> Lowering<'_, 'c> {
    fn try_table(&mut self, table: TryTable) -> Result {
        let (params, results) = self.arity(table.ty);
        self.tries.push(self.frames.len());
        self.env.pads.push(None);
        self.open(
            Kind::Try(Try { catches: table.catches, calls: Vec::new(), handler: Label::new(1) }),
            params,
            results,
        );
        Ok(())
    }

    fn throw(&mut self, tag: TagIdx) -> Result {
        let values = self.pop_many(self.env.unit.input.interface.tag(tag).ty.params.len());
        let exception = self.env.new_exception(tag, &values);
        self.raise(exception);
        self.leave();
        Ok(())
    }

    fn throw_ref(&mut self) -> Result {
        let exception = self.pop();
        self.trap_if_null(exception, TrapCode::NullExceptionReference);
        self.raise(exception);
        self.leave();
        Ok(())
    }

    /// Throws an exception.
    fn raise(&mut self, exception: Value<'c>) {
        self.env.store_counters();
        match self.tries.last() {
            Some(&position) => {
                let edge = self.edge();
                let env = &self.env;
                let Kind::Try(frame) = &mut self.frames[position].kind else {
                    unreachable!("`tries` holds the positions of such frames");
                };
                frame.handler.edges.push(edge);
                frame.handler.values.push(exception);
                let handler = *frame.handler.block.get_or_insert_with(|| env.block());
                self.env.builder.br(handler);
            }
            None => self.env.throw(exception),
        }
    }

    /// Notes that the last call may have gone to the landing pad of the innermost `try_table`, if there is one around.
    pub(super) fn catch_from_calls(&mut self) {
        let Some(block) = self.env.invoked.take() else { return };
        let from = self.ssa.current();
        let position = *self.tries.last().expect("only calls in a `try_table` have a pad");
        if let Kind::Try(frame) = &mut self.frames[position].kind {
            frame.calls.push(Edge { from, block });
        }
        self.ssa.begin_after(from, self.offset);
    }

    /// Builds what catches the exceptions of a frame that ends. Control is at the end of the frame, or not there.
    pub(super) fn handlers(&mut self) {
        self.tries.pop();
        let pad = self.env.pads.pop().flatten();
        let Some(Frame { kind: Kind::Try(frame), entry, height, .. }) = self.frames.last_mut() else {
            unreachable!("such a frame ends");
        };
        let (entry, height) = (*entry, *height);
        let Try { catches, calls, mut handler } = std::mem::take(frame);
        if pad.is_none() && handler.edges.is_empty() {
            return;
        }
        if self.reachable {
            self.br_to(0);
        }
        // Labels are counted from outside, where the frame's own operands are gone.
        let frame = self.frames.pop().expect("the frame is there");
        self.operands.truncate(height);
        if let Some(pad) = pad {
            self.env.start(pad);
            self.ssa.begin_join(entry, self.offset, pad, calls);
            let exception = self.env.landing_pad();
            self.reload_counters();
            if handler.edges.is_empty() {
                self.dispatch(&catches, exception);
            } else {
                handler.edges.push(self.edge());
                handler.values.push(exception);
                self.env.builder.br(handler.block.expect("edges have led there"));
            }
        }
        if let Some(block) = handler.block {
            self.env.start(block);
            let values = handler.carried(0);
            self.ssa.begin_join(entry, self.offset, block, handler.edges);
            let exception = match values[..] {
                [exception] => exception,
                _ => self.ssa.carried(self.ssa.current(), values),
            };
            self.refresh_stored_counters();
            self.dispatch(&catches, exception);
        }
        self.frames.push(frame);
        self.reachable = false;
    }

    /// Goes to the label of the first clause that fits an exception, or throws it again.
    fn dispatch(&mut self, catches: &[Catch], exception: Value<'c>) {
        for catch in catches {
            match *catch {
                Catch::All { label } => return self.caught(label, vec![]),
                Catch::AllRef { label } => return self.caught(label, vec![exception]),
                Catch::One { tag, label } => self.catch_tag(TagIdx(tag), label, exception, vec![]),
                Catch::OneRef { tag, label } => self.catch_tag(TagIdx(tag), label, exception, vec![exception]),
            }
        }
        self.raise(exception);
    }

    /// Goes to a label if an exception has a tag, with what it carries and `more`.
    fn catch_tag(&mut self, tag: TagIdx, label: u32, exception: Value<'c>, more: Vec<Value<'c>>) {
        let fits = self.env.has_tag(exception, tag);
        let from = self.ssa.current();
        let [then, next] = [self.env.block(), self.env.block()];
        self.env.builder.cond_br(fits, then, next);
        self.env.start(then);
        self.ssa.begin_after(from, self.offset);
        let mut values = self.env.exception_values(exception, tag);
        values.extend(more);
        self.caught(label, values);
        self.env.start(next);
        self.ssa.begin_after(from, self.offset);
    }

    fn caught(&mut self, label: u32, values: Vec<Value<'c>>) {
        let height = self.operands.len();
        values.into_iter().for_each(|value| self.push(value));
        let target = self.branch(label);
        self.env.builder.br(target);
        self.operands.truncate(height);
    }
}
