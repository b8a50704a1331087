//! Gives up copies that were not worth it.

use super::loops::Flow;
use llvm::{BasicBlock, Context, Function, Value};

/// The weights of a guard's branch: the copy's, and the exact loop's. Passes that turn the branch around keep them in order.
pub const WEIGHTS: [u32; 2] = [1 << 10, 1];

/// Marks the branch of a guard.
pub fn mark<'c>(context: &'c Context, branch: Value<'c>) {
    branch.set_metadata(context.md_kind(KIND), context.md_node(&[]));
    branch.set_metadata(context.kinds().prof, context.branch_weights(&WEIGHTS));
}

const KIND: &str = "wasm.versioned";

/// Has each copy in a function that holds no vectors never be entered. Gives how many stay.
///
/// Vectors may be the producer's own. LLVM makes no wider ones of these, but copies take their addresses as they are, without an
/// addition of 32 bits for each, and are unrolled: a sum of five neighbours in `f64x2` takes two thirds of the time.
pub fn undo_scalar<'c>(context: &'c Context, function: Function<'c>) -> usize {
    let kind = context.md_kind(KIND);
    let guards: Vec<_> =
        function.blocks().filter_map(|block| block.terminator()).filter(|last| last.has_metadata(kind)).collect();
    let Some(flow) = Flow::new(function).filter(|_| !guards.is_empty()) else { return 0 };
    let mut kept = 0;
    for guard in guards {
        guard.remove_metadata(kind);
        let [Some(first), Some(second)] = [guard.successor(0), guard.successor(1)] else { continue };
        let Some(weights) = guard.branch_weights(context).filter(|weights| weights.len() == 2) else { continue };
        let first_is_copy = weights[0] > weights[1];
        let (copy, exact) = if first_is_copy { (first, second) } else { (second, first) };
        if has_vectors(&flow, copy) {
            kept += 1;
        } else {
            guard.set_operand(0, context.const_bool(!first_is_copy));
            for last in flow.dominated_by(exact).iter().filter_map(|block| block.terminator()) {
                last.remove_metadata(context.kinds().loop_);
            }
        }
    }
    kept
}

/// Whether vectors occur where control comes only through a block.
fn has_vectors<'c>(flow: &Flow<'c>, block: BasicBlock<'c>) -> bool {
    let mut instructions = flow.dominated_by(block).into_iter().flat_map(|block| block.instructions());
    instructions.any(|one| {
        let mut operands = (0..one.operand_count()).filter_map(|index| one.operand(index));
        one.ty().is_vector() || operands.any(|operand| operand.ty().is_vector())
    })
}
