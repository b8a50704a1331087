//! Stage 5: runs the pass pipeline of an optimization level over a unit.
//!
//! In: a verified module. Out: the same module, better. Equal text gives equal text.
#![forbid(unsafe_code)]

mod large;
mod parts;
mod versioning;

use artifact::{Error, Kind, Level, Options, Stage};
use llvm::{Context, Module, PassOptions, Position, TargetMachine};

/// Optimizes a unit. Gives the names of functions that are too large for it and stay as they are.
///
/// # Errors
/// If LLVM refuses the module, or passes that the options name.
pub fn optimize(module: &mut Module<'_>, machine: &TargetMachine, options: &Options) -> Result<Vec<String>, Error> {
    let parts = match &options.passes {
        Some(passes) => passes.split('|').map(|part| part.trim().to_owned()).collect(),
        None => parts::of(options.level),
    };
    if parts.iter().all(String::is_empty) {
        // The fast instruction selector takes the IR as it is lowered.
        return Ok(Vec::new());
    }
    let context = module.context();
    let exempt = large::exempt(context, module);
    large::limit_inlining(context, module);
    prefer_size(context, module, options.level);
    let run = |module: &mut Module<'_>, passes: &str| module.run_passes(passes, machine, PassOptions::default());
    let done = match &parts[..] {
        [all] => run(module, all),
        [simplify, vectorize, finish] => run(module, simplify).and_then(|()| {
            for function in module.functions().filter(|function| !function.has_attribute(Position::Function, "optnone"))
            {
                let run = |passes: &str| function.run_passes(context, passes, machine, PassOptions::default());
                if versioning::version_loops(context, function) > 0 {
                    run(vectorize)?;
                    versioning::undo_scalar(context, function);
                } else if options.relaxed_traps {
                    run(vectorize)?;
                }
                if options.relaxed_traps {
                    run(parts::STRAIGHT)?;
                }
            }
            run(module, finish)
        }),
        _ => {
            let message = format!("passes come in one part or in three, with `|` between them, not in {}", parts.len());
            return Err(Error::new(Stage::Optimize, Kind::Llvm, message));
        }
    };
    done.map(|()| exempt).map_err(|error| Error::new(Stage::Optimize, Kind::Llvm, error.to_string()))
}

/// Has passes and code generation prefer small code to fast code, as a level asks for it.
fn prefer_size<'c>(context: &'c Context, module: &Module<'c>, level: Level) {
    let attributes: &[&str] = match level {
        Level::O0 | Level::O1 | Level::O2 | Level::O3 => &[],
        Level::Os => &["optsize"],
        Level::Oz => &["optsize", "minsize"],
    };
    // A function that is to be left alone may not have them.
    let functions = module.functions().filter(|function| !function.has_attribute(Position::Function, "optnone"));
    for function in functions.filter(|function| function.entry().is_some()) {
        for name in attributes {
            function.add_attribute(Position::Function, context.enum_attribute(name));
        }
    }
}
