//! Stage 5: runs the pass pipeline of an optimization level over a unit.
//!
//! In: a verified module. Out: the same module, better. Equal text gives equal text.
#![forbid(unsafe_code)]

mod large;
mod parts;
mod versioning;

use artifact::{Error, Kind, Level, Stage};
use llvm::{Module, PassOptions, TargetMachine};

/// Optimizes a unit. Gives the names of functions that are too large for it and stay as they are.
///
/// # Errors
/// If LLVM refuses the module.
pub fn optimize(module: &mut Module<'_>, machine: &TargetMachine, level: Level) -> Result<Vec<String>, Error> {
    if level == Level::O0 {
        // The fast instruction selector takes the IR as it is lowered.
        return Ok(Vec::new());
    }
    let context = module.context();
    let exempt = large::exempt(context, module);
    large::limit_inlining(context, module);
    let run = |module: &mut Module<'_>, passes: &str| {
        let run = module.run_passes(passes, machine, PassOptions::default());
        run.map_err(|error| Error::new(Stage::Optimize, Kind::Llvm, error.to_string()))
    };
    match level {
        Level::O0 => {}
        Level::O1 => run(module, parts::LEAST)?,
        Level::O2 | Level::O3 => {
            run(module, &parts::simplify(level))?;
            if versioning::version_loops(context, module) > 0 {
                run(module, parts::TIDY)?;
            }
            run(module, parts::VECTORIZE)?;
            versioning::undo_scalar(context, module);
            run(module, parts::FINISH)?;
        }
        Level::Os => run(module, "default<Os>")?,
        Level::Oz => run(module, "default<Oz>")?,
    }
    Ok(exempt)
}
