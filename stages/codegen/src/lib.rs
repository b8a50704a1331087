//! Stage 6: turns a unit's IR into a relocatable object.
//!
//! In: an optimized module. Out: an ELF object's bytes, whatever system the code is for. Equal text gives equal bytes.
#![forbid(unsafe_code)]

use artifact::{Error, Kind, Level, Options, Stage};
use llvm::{CodeGenLevel, Module, Position, TargetMachine, TargetSpec};

/// The code generator for a compile's target and level. Lowering and optimization ask it for the target's data layout and costs.
///
/// # Errors
/// If LLVM was built without the target.
pub fn target_machine(options: &Options) -> Result<TargetMachine, Error> {
    let target = &options.target;
    let spec = TargetSpec {
        triple: target.code_triple(),
        cpu: target.baseline().to_string(),
        features: target.feature_string(),
    };
    let level = match options.level {
        Level::O0 => CodeGenLevel::None,
        Level::O1 => CodeGenLevel::Less,
        Level::O2 | Level::Os | Level::Oz => CodeGenLevel::Default,
        Level::O3 => CodeGenLevel::Aggressive,
    };
    TargetMachine::new(&spec, level).map_err(error)
}

/// Makes a unit's object. `machine` is the one for the options.
///
/// # Errors
/// If LLVM refuses the module.
pub fn codegen(module: &Module<'_>, machine: &TargetMachine, options: &Options) -> Result<Vec<u8>, Error> {
    // A function that was too large to optimize is too large for the optimizing register allocator as well, which LLVM chooses
    // for a whole module. A function of that size makes a unit of its own.
    let exempt = module.functions().any(|function| function.has_attribute(Position::Function, "optnone"));
    if exempt && options.level != Level::O0 {
        let quick = target_machine(&Options { level: Level::O0, ..options.clone() })?;
        return quick.emit_object(module).map_err(error);
    }
    machine.emit_object(module).map_err(error)
}

fn error(error: llvm::Error) -> Error {
    Error::new(Stage::Codegen, Kind::Llvm, error.to_string())
}
