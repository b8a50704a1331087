//! Control: blocks, loops, conditionals, branches.
//!
//! Behind a label every operand lies in its own slot, so a branch brings the values that its label takes into theirs. Blocks
//! begin with no operand that is a local's old value, since which of several ways leads to a change of the local is not known.

use super::rows;
use crate::instruction::{Instr, Op};
use crate::translate::{Block, Condition, Error, Kind, Result, Translation, is_wide};
use abi::types::ValType;
use std::collections::HashMap;
use wasmparser::{BlockType, BrTable};

rows! {
    visit_nop => nop();
    visit_unreachable => trap();
    visit_block(ty: BlockType) => begin_block(ty);
    visit_loop(ty: BlockType) => begin_loop(ty);
    visit_if(ty: BlockType) => conditional(ty);
    visit_else => end_first_arm();
    visit_end => end_block();
    visit_br(depth: u32) => br(depth);
    visit_br_if(depth: u32) => br_if(depth);
    visit_br_on_null(depth: u32) => br_on_null(depth);
    visit_br_on_non_null(depth: u32) => br_on_non_null(depth);
    visit_br_table(targets: BrTable<'_>) => br_table(targets);
    visit_return => ret();
}

impl Translation<'_> {
    fn nop(&mut self) -> Result {
        Ok(())
    }

    fn trap(&mut self) -> Result {
        self.emit(Instr::new(Op::Unreachable, 0, 0, 0));
        self.leave();
        Ok(())
    }

    fn begin_block(&mut self, ty: BlockType) -> Result {
        self.open(Kind::Block, ty);
        Ok(())
    }

    fn begin_loop(&mut self, ty: BlockType) -> Result {
        self.open(Kind::Loop, ty);
        self.label();
        self.polls = self.metering.interruptible;
        Ok(())
    }

    fn conditional(&mut self, ty: BlockType) -> Result {
        let condition = self.pop();
        let condition = self.condition(condition);
        self.open(Kind::If, ty);
        let branch = self.branch_unless(condition);
        self.block_mut(0).otherwise = Some(branch);
        Ok(())
    }

    fn end_first_arm(&mut self) -> Result {
        self.otherwise();
        Ok(())
    }

    fn end_block(&mut self) -> Result {
        self.end();
        Ok(())
    }

    /// `else`, whether the end of the first arm is reached or not.
    pub fn otherwise(&mut self) {
        if self.reachable {
            self.settle(self.block(0).results.len());
            self.jump(0);
        }
        let Some(otherwise) = self.block_mut(0).otherwise.take() else { return };
        self.label();
        self.patch(otherwise);
        self.restart(|block| block.params.clone());
    }

    /// `end`, whether it is reached or not.
    pub fn end(&mut self) {
        if self.block(0).kind == Kind::Try {
            self.clauses();
        }
        if self.blocks.len() == 1 {
            // Branches to the outermost label are returns.
            if self.reachable {
                self.emit_return();
            }
            self.blocks.pop();
            return;
        }
        if self.reachable {
            self.settle(self.block(0).results.len());
        }
        let branches = std::mem::take(&mut self.block_mut(0).branches);
        let otherwise = self.block_mut(0).otherwise.take();
        if self.reachable || !branches.is_empty() || otherwise.is_some() {
            self.label();
            branches.into_iter().chain(otherwise).for_each(|branch| self.patch(branch));
            self.restart(|block| block.results.clone());
        }
        self.blocks.pop();
    }

    fn br(&mut self, depth: u32) -> Result {
        self.bring(depth);
        self.jump(depth);
        self.leave();
        Ok(())
    }

    fn br_if(&mut self, depth: u32) -> Result {
        let condition = self.pop();
        let condition = self.condition(condition);
        self.br_where(condition, depth);
        Ok(())
    }

    fn br_on_null(&mut self, depth: u32) -> Result {
        let condition = self.compare_with_null(Op::I64EqImm);
        self.pop();
        self.br_where(condition, depth);
        // The reference has stayed in its own slot.
        self.push(false);
        Ok(())
    }

    fn br_on_non_null(&mut self, depth: u32) -> Result {
        let condition = self.compare_with_null(Op::I64NeImm);
        self.br_where(condition, depth);
        self.pop();
        Ok(())
    }

    /// Compares the reference on top, which stays there.
    fn compare_with_null(&mut self, comparison: Op) -> Condition {
        self.settle(1);
        let slot = self.operands.last().expect("validation has counted the operands").slot;
        self.result(comparison, slot, 0);
        let condition = self.pop();
        self.condition(condition)
    }

    /// Branches to a label where a condition holds.
    fn br_where(&mut self, condition: Condition, depth: u32) {
        if self.is_in_place(depth) {
            self.settle(self.label_of(depth).len());
            let branch = self.branch_if(condition);
            self.target(branch, depth);
        } else {
            let skip = self.branch_unless(condition);
            self.bring(depth);
            self.jump(depth);
            self.label();
            self.patch(skip);
        }
    }

    fn br_table(&mut self, targets: BrTable<'_>) -> Result {
        let index = self.pop();
        let index = self.slot(index);
        let mut depths = targets.targets().collect::<std::result::Result<Vec<_>, _>>().map_err(Error::Malformed)?;
        let count = u32::try_from(depths.len()).map_err(|_| Error::Limit("a branch table of 2^32 targets"))?;
        depths.push(targets.default());
        // All labels take the same values; where they go differs.
        self.settle(self.label_of(targets.default()).len());
        self.emit(Instr::wide(Op::BrTable, index, count));
        let mut relays: HashMap<u32, Vec<usize>> = HashMap::new();
        for &depth in &depths {
            let entry = self.code.len();
            self.emit(Instr::wide(Op::Data, 0, 0));
            match self.is_in_place(depth) {
                true => self.target(entry, depth),
                false => relays.entry(depth).or_default().push(entry),
            }
        }
        // In the order of the table: translation always gives the same code.
        for depth in depths {
            let Some(entries) = relays.remove(&depth) else { continue };
            entries.into_iter().for_each(|entry| self.patch(entry));
            self.bring(depth);
            self.jump(depth);
        }
        self.leave();
        Ok(())
    }

    fn ret(&mut self) -> Result {
        self.emit_return();
        self.leave();
        Ok(())
    }

    pub(super) fn open(&mut self, kind: Kind, ty: BlockType) {
        let module = self.module;
        let widths = |types: &[ValType]| -> Vec<bool> { types.iter().map(|&ty| is_wide(ty)).collect() };
        let (params, results) = match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![ty == wasmparser::ValType::V128]),
            BlockType::FuncType(index) => {
                let ty = &module.types[index as usize];
                (widths(&ty.params), widths(&ty.results))
            }
        };
        self.settle(params.len());
        self.preserve_all();
        let height = self.operands.len() - params.len();
        let slot = self.operands.get(height).map_or_else(|| self.next_slot(), |operand| operand.slot);
        let start = self.code.len();
        self.blocks.push(Block {
            kind,
            height,
            slot,
            params,
            results,
            start,
            branches: Vec::new(),
            otherwise: None,
            catches: Vec::new(),
        });
    }

    /// Continues behind a label, with the operands that a block has there.
    fn restart(&mut self, values: impl FnOnce(&Block) -> Vec<bool>) {
        let block = self.block(0);
        let (height, values) = (block.height, values(block));
        self.drop_to(height);
        for wide in values {
            self.push(wide);
        }
        self.reachable = true;
    }

    /// The values that a label takes.
    fn label_of(&self, depth: u32) -> &[bool] {
        let block = self.block(depth);
        match block.kind {
            Kind::Loop => &block.params,
            Kind::Block | Kind::If | Kind::Try => &block.results,
        }
    }

    /// Whether the own slots of a label's values are those that the label takes them in.
    fn is_in_place(&self, depth: u32) -> bool {
        if depth as usize == self.blocks.len() - 1 {
            return false;
        }
        let count = self.label_of(depth).len();
        let slot = self.block(depth).slot;
        count == 0 || self.operands[self.operands.len() - count].slot == slot
    }

    /// Brings a label's values into the slots that it takes them in. The operands stay as they are.
    pub(super) fn bring(&mut self, depth: u32) {
        if depth as usize == self.blocks.len() - 1 {
            return;
        }
        let count = self.label_of(depth).len();
        let mut slot = self.block(depth).slot;
        // In ascending order no value is overwritten before it is read: each moves down, or stays.
        for position in self.operands.len() - count..self.operands.len() {
            let operand = self.operands[position];
            self.move_to(operand, slot);
            slot += operand.width();
        }
    }

    /// Jumps to a label that has its values.
    pub(super) fn jump(&mut self, depth: u32) {
        if depth as usize == self.blocks.len() - 1 {
            return self.emit_return();
        }
        let branch = self.code.len();
        self.emit(Instr::wide(Op::Jump, 0, 0));
        self.target(branch, depth);
    }

    /// Makes a branch go to a label.
    fn target(&mut self, branch: usize, depth: u32) {
        let block = self.block_mut(depth);
        match block.kind {
            Kind::Loop => {
                let start = block.start;
                self.patch_to(branch, start);
            }
            Kind::Block | Kind::If | Kind::Try => block.branches.push(branch),
        }
    }

    /// Returns the topmost operands. They stay as they are.
    fn emit_return(&mut self) {
        let results = self.blocks[0].results.clone();
        match results[..] {
            [] => self.emit(Instr::new(Op::Return, 0, 0, 0)),
            [false] => {
                let result = *self.operands.last().expect("validation has counted the operands");
                let result = self.slot(result);
                self.emit(Instr::new(Op::ReturnOne, result, 0, 0));
            }
            _ => {
                let first = self.operands.len() - results.len();
                // The operands stay locals or constants for what follows if this is behind a condition.
                let operands: Vec<_> = self.operands[first..].to_vec();
                operands.iter().for_each(|operand| self.move_to(*operand, operand.slot));
                let words: u32 = operands.iter().map(|operand| u32::from(operand.width())).sum();
                self.emit(Instr::wide(Op::ReturnMany, operands[0].slot, words));
            }
        }
    }

    fn branch_if(&mut self, condition: Condition) -> usize {
        match condition {
            Condition::Slot(slot) => self.emit_at(Instr::wide(Op::BrIf, slot, 0)),
            Condition::Comparison(comparison) => {
                let branch = comparison.branch().expect("conditions are comparisons that have branches");
                self.emit_at(branch)
            }
        }
    }

    fn branch_unless(&mut self, condition: Condition) -> usize {
        match condition {
            Condition::Slot(slot) => self.emit_at(Instr::wide(Op::BrUnless, slot, 0)),
            Condition::Comparison(comparison) => {
                let op = comparison.op.negated().expect("comparisons of integers can be negated");
                self.branch_if(Condition::Comparison(Instr { op, ..comparison }))
            }
        }
    }

    fn emit_at(&mut self, instr: Instr) -> usize {
        self.emit(instr);
        self.code.len() - 1
    }
}

instructions! {$ control_instructions:
    control Unreachable: unreachable();
    control Jump: jump();
    control BrIf: br_if();
    control BrUnless: br_unless();
    control BrTable: br_table();
    control Return: return_none();
    control ReturnOne: return_one();
    control ReturnMany: return_many();
    control Data: data();
}
