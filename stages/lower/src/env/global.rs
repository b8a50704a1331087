//! Globals: each has a cell, in the context or elsewhere.

use super::Env;
use abi::module::ConstOp;
use abi::types::GlobalIdx;
use artifact::region::Region;
use llvm::Value;

impl<'c> Env<'_, 'c> {
    /// The value of a global.
    pub fn global_get(&mut self, global: GlobalIdx) -> Value<'c> {
        let declared = self.unit.input.interface.global(global);
        if let Some(value) = declared.constant.and_then(|op| self.constant(op)) {
            return value;
        }
        let cell = self.cell(global);
        let load = self.builder.load(self.unit.types.value(declared.ty.content), cell);
        if declared.ty.mutable {
            self.unit.facts.within(self.unit.context, Region::Globals, load);
        } else {
            self.unit.facts.invariant(self.unit.context, load);
        }
        load
    }

    /// Sets a global.
    pub fn global_set(&mut self, global: GlobalIdx, value: Value<'c>) {
        let cell = self.cell(global);
        let store = self.builder.store(value, cell);
        self.observable(store);
        self.unit.facts.within(self.unit.context, Region::Globals, store);
    }

    fn cell(&mut self, global: GlobalIdx) -> Value<'c> {
        if let Some(&cell) = self.cells.get(&global) {
            return cell;
        }
        let cell = self.place(self.unit.input.interface.global(global).place);
        self.cells.insert(global, cell);
        cell
    }

    /// The value of a constant instruction, where it is the same for each instance.
    fn constant(&self, op: ConstOp) -> Option<Value<'c>> {
        let context = self.unit.context;
        match op {
            ConstOp::I32Const(value) => Some(context.const_i32(value)),
            ConstOp::I64Const(value) => Some(context.const_i64(value)),
            ConstOp::F32Const(bits) => Some(context.const_f32_bits(bits)),
            ConstOp::F64Const(bits) => Some(context.const_f64_bits(bits)),
            ConstOp::RefNull(_) => Some(self.unit.types.ptr.null()),
            ConstOp::V128Const(bytes) => Some(self.unit.types.vector(bytes)),
            ConstOp::GlobalGet(_)
            | ConstOp::RefFunc(_)
            | ConstOp::I32Add
            | ConstOp::I32Sub
            | ConstOp::I32Mul
            | ConstOp::I64Add
            | ConstOp::I64Sub
            | ConstOp::I64Mul => None,
        }
    }
}
