//! Control: blocks, loops, conditionals, branches.
//!
//! Labels become LLVM blocks when a branch first asks for them; values that branches carry meet in phis there. A label with one
//! branch needs no phi, one without needs no block.

use super::rows;
use crate::frame::{Frame, Kind, Label};
use crate::function::{Lowering, Operand, Result, malformed};
use crate::ssa::Edge;
use abi::trap::TrapCode;
use abi::types::TypeIdx;
use llvm::{BasicBlock, IntPredicate, Value};
use std::collections::BTreeMap;
use wasmparser::{BlockType, BrTable};

rows! {
    visit_nop => nop();
    visit_unreachable => trap();
    visit_block(ty: BlockType) => block(ty);
    visit_loop(ty: BlockType) => begin_loop(ty);
    visit_if(ty: BlockType) => conditional(ty);
    visit_else => end_first_arm();
    visit_end => end_frame();
    visit_br(depth: u32) => br(depth);
    visit_br_if(depth: u32) => br_if(depth);
    visit_br_on_null(depth: u32) => br_on_null(depth);
    visit_br_on_non_null(depth: u32) => br_on_non_null(depth);
    visit_br_table(targets: BrTable<'_>) => br_table(targets);
    visit_return => ret();
}

impl<'c> Lowering<'_, 'c> {
    fn nop(&mut self) -> Result {
        Ok(())
    }

    fn trap(&mut self) -> Result {
        let trap = self.env.trap(TrapCode::Unreachable);
        self.env.builder.br(trap);
        self.leave();
        Ok(())
    }

    fn block(&mut self, ty: BlockType) -> Result {
        let (params, results) = self.arity(ty);
        self.open(Kind::Block, params, results);
        Ok(())
    }

    fn begin_loop(&mut self, ty: BlockType) -> Result {
        let (params, _) = self.arity(ty);
        let end = self.ssa.scan().region(self.offset).end;
        let values = self.pop_many(params);
        let entry = self.ssa.current();
        let edge = self.edge();
        let block = self.env.block();
        self.env.builder.br(block);
        self.env.start(block);
        let header = self.ssa.begin_loop(self.offset, block, end);
        let phis: Vec<_> = values.iter().map(|&value| self.ssa.carried_to_loop(header, value)).collect();
        let kind = Kind::Loop { params: phis.iter().map(|phi| phi.0).collect() };
        let label = Label { block: Some(block), arity: params, edges: vec![edge], values };
        self.frames.push(Frame { kind, entry, height: self.operands.len(), label });
        phis.iter().for_each(|phi| self.push(phi.1));
        Ok(())
    }

    fn conditional(&mut self, ty: BlockType) -> Result {
        let (params, results) = self.arity(ty);
        let has_else = self.ssa.scan().region(self.offset).has_else;
        let condition = self.pop_condition();
        let then = self.env.block();
        let entry = self.ssa.current();
        let otherwise = if has_else {
            let otherwise = self.env.block();
            let kind = Kind::Then { otherwise, params: self.peek_many(params) };
            self.open(kind, params, results);
            otherwise
        } else {
            // Without an `else`, what the parameters are is what the results are.
            self.open(Kind::Block, params, results);
            self.branch(0)
        };
        self.env.builder.cond_br(condition, then, otherwise);
        self.env.start(then);
        self.ssa.begin_after(entry, self.offset);
        Ok(())
    }

    fn end_first_arm(&mut self) -> Result {
        self.otherwise();
        Ok(())
    }

    /// `else`, whether the end of the first arm is reached or not.
    pub fn otherwise(&mut self) {
        if self.reachable {
            self.br_to(0);
        }
        let frame = self.frames.last_mut().expect("validation pairs else with if");
        if let Kind::Then { otherwise, params } = std::mem::replace(&mut frame.kind, Kind::Block) {
            let entry = frame.entry;
            self.operands.truncate(frame.height);
            self.operands.extend(params.into_iter().map(Operand::Value));
            self.env.start(otherwise);
            self.ssa.begin_after(entry, self.offset);
            self.reachable = true;
        }
    }

    fn end_frame(&mut self) -> Result {
        self.end();
        Ok(())
    }

    /// `end`, whether it is reached or not.
    pub fn end(&mut self) {
        if self.frames.last().is_some_and(|frame| matches!(frame.kind, Kind::Try(_))) {
            self.handlers();
        }
        let is_loop = self.frames.last().is_some_and(|frame| matches!(frame.kind, Kind::Loop { .. }));
        let joins = self.frames.last().is_some_and(|frame| !is_loop && !frame.label.edges.is_empty());
        if joins && self.reachable {
            self.br_to(0);
        }
        let frame = self.frames.pop().expect("validation pairs end with a frame");
        if let Kind::Loop { params } = &frame.kind {
            for (position, &phi) in params.iter().enumerate() {
                self.ssa.set_carried(phi, frame.label.carried(position));
            }
            self.ssa.end_loop(frame.label.edges);
        } else if joins {
            self.join(frame);
        }
        if self.frames.is_empty() && self.reachable {
            if joins {
                self.refresh_counters();
            }
            self.env.store_counters();
            let results = self.pop_many(self.ty.results.len());
            self.env.ret(self.ty, &results);
        }
    }

    /// Continues where the branches to a frame's label meet.
    fn join(&mut self, frame: Frame<'c>) {
        let Frame { entry, height, label, .. } = frame;
        let Some(block) = label.block else { return };
        self.operands.truncate(height);
        self.reachable = true;
        self.env.start(block);
        let columns: Vec<_> = (0..label.arity).map(|position| label.carried(position)).collect();
        self.ssa.begin_join(entry, self.offset, block, label.edges);
        for values in columns {
            let value = match values[0] {
                same if values.iter().all(|&value| value == same) => same,
                _ => self.ssa.carried(self.ssa.current(), values),
            };
            self.push(value);
        }
    }

    fn br(&mut self, depth: u32) -> Result {
        self.br_to(depth);
        Ok(())
    }

    fn br_if(&mut self, depth: u32) -> Result {
        let condition = self.pop_condition();
        self.br_where(condition, depth);
        Ok(())
    }

    fn br_on_null(&mut self, depth: u32) -> Result {
        let reference = self.pop();
        let null = self.is_null(reference);
        self.br_where(null, depth);
        self.push(reference);
        Ok(())
    }

    fn br_on_non_null(&mut self, depth: u32) -> Result {
        let reference = self.pop();
        let some = self.env.builder.icmp(IntPredicate::Ne, reference, reference.ty().null());
        self.push(reference);
        self.br_where(some, depth);
        self.pop();
        Ok(())
    }

    /// Branches to a label if a condition holds, and continues where it does not.
    fn br_where(&mut self, condition: Value<'c>, depth: u32) {
        let target = self.branch(depth);
        let next = self.env.block();
        self.env.builder.cond_br(condition, target, next);
        self.env.start(next);
        self.ssa.begin_after(self.ssa.current(), self.offset);
    }

    /// A table becomes a switch. A label that it names often is reached by one edge all the same, over a block of its own: phis
    /// would otherwise have as many operands as the table has entries.
    fn br_table(&mut self, targets: BrTable<'_>) -> Result {
        let index = self.pop();
        let default = targets.default();
        let depths = targets.targets().collect::<std::result::Result<Vec<_>, _>>().map_err(malformed)?;
        let mut named = BTreeMap::new();
        for &depth in depths.iter().filter(|&&depth| depth != default) {
            *named.entry(depth).or_insert(0usize) += 1;
        }
        let default_block = self.branch(default);
        if named.is_empty() {
            self.env.builder.br(default_block);
            self.leave();
            return Ok(());
        }
        let cases: usize = named.values().sum();
        let mut relays = Vec::new();
        let blocks: BTreeMap<u32, BasicBlock<'c>> = named
            .into_iter()
            .map(|(depth, count)| {
                if count == 1 {
                    return (depth, self.branch(depth));
                }
                let relay = self.env.block();
                relays.push((depth, relay));
                (depth, relay)
            })
            .collect();
        let switch = self.env.builder.switch(index, default_block, cases as u32);
        for (value, depth) in (0u64..).zip(&depths) {
            if let Some(&block) = blocks.get(depth) {
                switch.add_case(index.ty().const_int(value), block);
            }
        }
        for (depth, relay) in relays {
            self.env.start(relay);
            let target = self.branch(depth);
            self.env.builder.br(target);
        }
        self.leave();
        Ok(())
    }

    fn ret(&mut self) -> Result {
        // The body is the outermost frame: returning is branching behind it.
        self.br_to(self.frames.len() as u32 - 1);
        Ok(())
    }

    /// Opens a frame whose label is behind its end.
    pub(super) fn open(&mut self, kind: Kind<'c>, params: usize, results: usize) {
        let height = self.operands.len() - params;
        self.frames.push(Frame { kind, entry: self.ssa.current(), height, label: Label::new(results) });
    }

    pub(super) fn br_to(&mut self, depth: u32) {
        let target = self.branch(depth);
        self.env.builder.br(target);
        self.leave();
    }

    /// Notes a branch to a label from here, with the operands that it carries. Gives the block to branch to.
    pub(super) fn branch(&mut self, depth: u32) -> BasicBlock<'c> {
        let frame = self.frames.len() - 1 - depth as usize;
        let values: Vec<Value<'c>> = self.peek_many(self.frames[frame].label.arity);
        let edge = self.edge();
        let label = &mut self.frames[frame].label;
        label.edges.push(edge);
        label.values.extend(values);
        *label.block.get_or_insert_with(|| self.env.block())
    }

    /// Control leaving from here.
    pub(super) fn edge(&self) -> Edge<'c> {
        Edge { from: self.ssa.current(), block: self.env.current_block() }
    }

    /// What follows is not reached.
    pub(super) fn leave(&mut self) {
        self.reachable = false;
        if let Some(frame) = self.frames.last() {
            self.operands.truncate(frame.height);
        }
    }

    /// How many parameters and results a block has.
    pub(super) fn arity(&self, ty: BlockType) -> (usize, usize) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => {
                let ty = self.env.unit.input.interface.ty(TypeIdx(index));
                (ty.params.len(), ty.results.len())
            }
        }
    }
}
