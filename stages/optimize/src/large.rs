//! Functions too large for passes whose time grows faster than their input.

use llvm::{Context, Function, Module, Opcode, Position};

/// A function with more instructions is not optimized: value tracking and instruction selection over one block or one chain of
/// conditions of this length take minutes.
const INSTRUCTIONS: usize = 60_000;
/// Nor is a function that can jump to more places by one instruction: value propagation is quadratic in them.
const TARGETS: u32 = 10_000;

/// In a function with more calls of functions that the unit knows, none of them is inlined: each may bring a condition, and a
/// long row of them takes the time of the square of their number.
const CALLS: usize = 2_000;

/// Keeps calls from being inlined where there are too many. It depends on the function alone.
pub fn limit_inlining<'c>(context: &'c Context, module: &Module<'c>) {
    for function in module.functions() {
        let calls = || {
            let instructions = function.blocks().flat_map(|block| block.instructions());
            let calls = instructions.filter_map(|instruction| instruction.as_call());
            calls.filter(|call| call.callee().as_function().is_some_and(|callee| !callee.is_intrinsic()))
        };
        if calls().count() > CALLS {
            let no_inline = context.enum_attribute("noinline");
            calls().for_each(|call| call.add_attribute(Position::Function, no_inline));
        }
    }
}

/// Takes the functions that are too large out of optimization, by LLVM's own mark for it, which code generation respects as
/// well. It depends on the function alone. Gives their names.
pub fn exempt<'c>(context: &'c Context, module: &Module<'c>) -> Vec<String> {
    let large = module.functions().filter(|function| is_large(*function));
    large
        .map(|function| {
            for name in ["optnone", "noinline"] {
                function.add_attribute(Position::Function, context.enum_attribute(name));
            }
            function.name()
        })
        .collect()
}

fn is_large(function: Function<'_>) -> bool {
    let instructions = function.blocks().map(|block| block.instructions().count()).sum::<usize>();
    let wide = || {
        let switches = function.blocks().filter_map(|block| block.terminator());
        let mut switches = switches.filter(|last| last.instruction_opcode() == Some(Opcode::Switch));
        switches.any(|switch| switch.successor_count() > TARGETS)
    };
    instructions > INSTRUCTIONS || wide()
}
