//! Stage 5: runs the pass pipeline of an optimization level over a unit.
//!
//! In: a verified module. Out: the same module, better. Equal text gives equal text.
#![forbid(unsafe_code)]

mod large;

use artifact::{Error, Kind, Level, Options, Stage};
use llvm::{Module, PassOptions, TargetMachine};

/// The passes of a level, in the syntax of `opt -passes`.
pub fn pipeline(level: Level) -> &'static str {
    match level {
        // Not even that: the fast instruction selector takes the IR as it is lowered.
        Level::O0 => "",
        // Producers of WebAssembly have optimized already; what is left is what lowering itself brings in.
        Level::O1 => "function(early-cse<memssa>,instcombine<max-iterations=1;no-verify-fixpoint>,simplifycfg)",
        Level::O2 => "default<O2>",
        Level::O3 => "default<O3>",
        Level::Os => "default<Os>",
        Level::Oz => "default<Oz>",
    }
}

/// Optimizes a unit. Gives the names of functions that are too large for it and stay as they are.
///
/// # Errors
/// If LLVM refuses the module, or passes that the options name.
pub fn optimize(module: &mut Module<'_>, machine: &TargetMachine, options: &Options) -> Result<Vec<String>, Error> {
    let passes = options.passes.as_deref().unwrap_or_else(|| pipeline(options.level));
    if passes.is_empty() {
        return Ok(Vec::new());
    }
    let exempt = large::exempt(module.context(), module);
    large::limit_inlining(module.context(), module);
    let run = module.run_passes(passes, machine, PassOptions::default());
    run.map(|()| exempt).map_err(|error| Error::new(Stage::Optimize, Kind::Llvm, error.to_string()))
}
