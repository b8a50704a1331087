//! Which features a processor has.
//!
//! LLVM knows, with all that features imply and exclude, but the C API has no list to ask. Its inliner answers: it copies a
//! function only into one that has all its features. So a function for the processor calls one function for each feature,
//! which has that one besides; the calls that are gone afterwards asked for nothing new.

use crate::attributes::Position;
use crate::context::Context;
use crate::error::Error;
use crate::passes::PassOptions;
use crate::target::{CodeGenLevel, TargetMachine, TargetSpec};

/// Those of some features that code for a target may use: features of its CPU, or added to it, or implied by one of them.
///
/// # Errors
/// If LLVM does not know the target, or one of the features for it.
pub fn enabled_features<'n>(
    spec: &TargetSpec,
    candidates: impl IntoIterator<Item = &'n str>,
) -> Result<Vec<&'n str>, Error> {
    let machine = TargetMachine::new(spec, CodeGenLevel::None)?;
    let context = Context::new();
    let mut module = context.module("features");
    module.set_target(&machine);
    let ty = context.function(context.void(), &[], false);
    let cpu = context.string_attribute("target-cpu", &spec.cpu);
    let builder = context.builder();
    let add = |name: &str, features: &str| {
        let function = module.add_function(name, ty);
        if !spec.cpu.is_empty() {
            function.add_attribute(Position::Function, cpu);
        }
        if !features.is_empty() {
            function.add_attribute(Position::Function, context.string_attribute("target-features", features));
        }
        function
    };
    let mut enabled: Vec<&str> = candidates.into_iter().collect();
    let asking: Vec<_> = enabled
        .iter()
        .map(|name| {
            let added = format!("+{name}");
            let features = if spec.features.is_empty() { added } else { format!("{},{added}", spec.features) };
            let function = add(name, &features);
            builder.position_at_end(function.append_block(""));
            builder.ret_void();
            function
        })
        .collect();
    let caller = add("", &spec.features);
    let block = caller.append_block("");
    builder.position_at_end(block);
    for function in asking {
        builder.call_function(function, &[]);
    }
    builder.ret_void();
    // Nothing is called from outside of the module, but the inliner keeps what could be.
    module.run_passes("inline", &machine, PassOptions::default())?;
    let left: Vec<String> =
        block.instructions().filter_map(|instruction| instruction.as_call()).map(|call| call.callee().name()).collect();
    enabled.retain(|name| !left.iter().any(|left| left == name));
    Ok(enabled)
}
