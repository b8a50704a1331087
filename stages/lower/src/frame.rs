//! Control frames: what `block`, `loop` and `if` put on the stack until their `end` (specification, section 3.4).

use crate::ssa::{BlockId, Edge};
use llvm::{BasicBlock, Value};
use wasmparser::Catch;

/// An open control construct.
pub(crate) struct Frame<'c> {
    pub kind: Kind<'c>,
    /// The last block before the construct.
    pub entry: BlockId,
    /// How many operands lie below its own.
    pub height: usize,
    pub label: Label<'c>,
}

/// Which construct.
pub(crate) enum Kind<'c> {
    /// `block`, the arms of an `if` but for what follows, or the function's body.
    Block,
    /// `loop`, with the numbers of the phis of its parameters.
    Loop { params: Vec<usize> },
    /// The first arm of an `if` that has an `else`: where that begins, with what parameters.
    Then { otherwise: BasicBlock<'c>, params: Vec<Value<'c>> },
    /// `try_table`.
    Try(Try<'c>),
}

/// What a `try_table` catches.
#[derive(Default)]
pub(crate) struct Try<'c> {
    pub catches: Vec<Catch>,
    /// The calls in it: edges to the landing pad.
    pub calls: Vec<Edge<'c>>,
    /// Where exceptions go that are thrown in it by other ways; branches carry the exception.
    pub handler: Label<'c>,
}

/// Where branches to a frame go: behind its end, or to the start of a loop.
#[derive(Default)]
pub(crate) struct Label<'c> {
    /// The LLVM block, once a branch has asked for it.
    pub block: Option<BasicBlock<'c>>,
    /// How many values a branch carries.
    pub arity: usize,
    /// The branches.
    pub edges: Vec<Edge<'c>>,
    /// The values that they carry, `arity` for each.
    pub values: Vec<Value<'c>>,
}

impl<'c> Label<'c> {
    pub fn new(arity: usize) -> Self {
        Self { block: None, arity, edges: Vec::new(), values: Vec::new() }
    }

    /// The values that the branches carry at one position.
    pub fn carried(&self, position: usize) -> Vec<Value<'c>> {
        self.values.iter().skip(position).step_by(self.arity.max(1)).copied().collect()
    }
}
