//! Lowering: WebAssembly functions become LLVM IR, each on its own.
//!
//! In: bodies of a valid module and what they refer to. Out: LLVM modules that follow the contracts of [`abi`]: [`unit()`] gives
//! the native code of a run of functions, [`wrappers()`] what joins native code and the host.
//!
//! What must hold: the module has passed validation. Operators outside of the supported set are reported as unsupported with
//! function and byte offset. Same input, same IR: nothing here depends on addresses, time, or the order of a hash table.
//!
//! # How
//!
//! One pass over a body (`function`): each operator pops SSA values from a stack of operands, builds instructions, and pushes
//! their results. Locals become SSA values on the way (`ssa`), with what a quick scan ahead says about loops (`scan`).
//! All that touches the context, calls and traps goes through `env`; what the functions of a unit share is in `unit`.
//! Operators are lowered by class in `ops`.
//!
//! # Traps
//!
//! By default a trap happens exactly when the specification says (section 4.4), with all stores before it done. LLVM does not
//! know that a memory access may trap, so accesses to linear memory, and stores to globals and tables, are volatile: they
//! are neither dropped nor reordered among each other. [`Input::relaxed_traps`] makes them plain, but for accesses to memory in
//! modules that share one: where threads race, LLVM gives a plain load no value at all, and a volatile one what is there.
#![forbid(unsafe_code)]

mod charge;
mod env;
mod frame;
mod function;
mod ops;
mod scan;
mod ssa;
mod types;
mod unit;
mod wrappers;

use abi::metering::Metering;
use abi::types::{FuncIdx, FuncType};
use artifact::{Error, Target};
use interface::Interface;
use std::ops::Range;

/// What lowering reads.
pub struct Input<'a> {
    /// All of the module that the code may depend on, besides its bodies.
    pub interface: &'a Interface,
    /// What the code is for.
    pub target: &'a Target,
    /// Leave to drop and reorder memory accesses around traps.
    pub relaxed_traps: bool,
    /// What the code is to keep track of.
    pub metering: &'a Metering,
}

/// A function of a unit.
pub struct Function<'a> {
    /// Its index in the module.
    pub index: FuncIdx,
    /// Where its body lies in the module.
    pub range: Range<u64>,
    /// Its body.
    pub body: &'a [u8],
}

/// Lowers one unit: definitions of its functions, copies of others to inline, declarations of what they call. `turn` is told of each
/// of its functions before it is lowered, and of none when all are.
///
/// # Errors
/// If a function uses what is not supported.
pub fn unit<'c>(
    context: &'c llvm::Context,
    machine: &llvm::TargetMachine,
    input: &Input<'_>,
    functions: &[Function<'_>],
    copies: &[Function<'_>],
    turn: impl Fn(Option<&Function<'_>>),
) -> Result<llvm::Module<'c>, Error> {
    let unit = unit::Unit::new(context, machine, input, "unit");
    for function in functions {
        turn(Some(function));
        function::lower(&unit, function)?;
    }
    turn(None);
    for copy in copies {
        function::lower(&unit, copy)?.set_linkage(llvm::Linkage::AvailableExternally);
    }
    Ok(unit.finish())
}

/// The type of a function as units define and call it, or of its tail function ([`abi::signature`]).
pub fn function_type<'c>(context: &'c llvm::Context, ty: &FuncType, tail: bool) -> llvm::FunctionType<'c> {
    let types = types::Types::new(context);
    if tail { types.tail(ty) } else { types.native(ty) }
}

/// The type of the wrappers into native code.
pub fn entry_type(context: &llvm::Context) -> llvm::FunctionType<'_> {
    types::Types::new(context).entry()
}

/// Makes the wrappers: for each distinct function type of the module one into native code and one out to the host
/// ([`abi::signature`]).
///
/// # Errors
/// None yet; wrappers exist for every type that can be declared.
pub fn wrappers<'c>(
    context: &'c llvm::Context,
    machine: &llvm::TargetMachine,
    input: &Input<'_>,
) -> Result<llvm::Module<'c>, Error> {
    let unit = unit::Unit::new(context, machine, input, "module");
    wrappers::lower(&unit);
    Ok(unit.finish())
}
