//! Stage 4: checks a lowered unit.
//!
//! In: a module as text gives it, perhaps edited by hand. Out: a [`Verdict`]. Besides LLVM's own rules it holds to the ABI's:
//! what a unit defines and uses has the ABI's names, calling conventions and attributes, so that a mistake shows here and not as
//! a crash.
#![forbid(unsafe_code)]

use abi::symbol::{self, Local};
use artifact::{Error, Kind, Stage, Verdict};
use llvm::{CallConv, Function, Module, Position, Visibility};

/// Checks a unit.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify(module: &Module<'_>) -> Result<Verdict, Error> {
    module.verify().map_err(|error| Error::new(Stage::Verify, Kind::Llvm, error.to_string()))?;
    let mut verdict = Verdict::default();
    for function in module.functions() {
        if function.is_intrinsic() {
            continue;
        }
        let name = function.name();
        convention(function, &name)
            .map_err(|message| Error::new(Stage::Verify, Kind::Invalid, format!("`{name}` {message}")))?;
        if function.is_declaration() { verdict.uses.push(name) } else { verdict.defines.push(name) }
    }
    if let Some(global) = module.globals().find(|global| global.is_declaration()) {
        let message = format!("`{}` is declared and never defined", global.name());
        return Err(Error::new(Stage::Verify, Kind::Invalid, message));
    }
    verdict.defines.sort();
    verdict.uses.sort();
    Ok(verdict)
}

fn convention(function: Function<'_>, name: &str) -> Result<(), &'static str> {
    let expected = match Local::parse(name) {
        Some(Local { tail: true, .. }) => CallConv::Tail,
        Some(Local { tail: false, .. }) => CallConv::Fast,
        None if name.starts_with("wasm.host.") => CallConv::Fast,
        None if name.starts_with("wasm.entry.") || name == symbol::PERSONALITY => CallConv::C,
        None => return Err("is not a symbol of the ABI"),
    };
    if function.call_conv() != Some(expected) {
        return Err("has another calling convention than the ABI says");
    }
    if function.visibility() != Visibility::Hidden {
        return Err("is not hidden");
    }
    if function.is_declaration() {
        return Ok(());
    }
    if !function.has_attribute(Position::Function, "uwtable") {
        return Err("does not say what it saves (uwtable), which exceptions rely on");
    }
    for (key, value) in [("frame-pointer", "all"), ("probe-stack", "inline-asm")] {
        if function.string_attribute(Position::Function, key).as_deref() != Some(value) {
            return Err("lacks an attribute that traps rely on (frame-pointer, probe-stack)");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use llvm::Context;

    fn rejected(text: &str) -> Option<String> {
        let context = Context::new();
        let module = Module::parse(&context, "unit", text).expect("the test's module is well-formed");
        verify(&module).err().map(|error| error.message)
    }

    #[test]
    fn each_symbol_has_its_convention() {
        for (name, right, wrong) in [
            ("wasm.function.0", "fastcc", "tailcc"),
            ("wasm.host.i.", "fastcc", "ccc"),
            ("wasm.function.0.tail", "tailcc", "fastcc"),
            ("wasm.callee.0", "fastcc", "tailcc"),
            ("wasm.entry.i.", "ccc", "fastcc"),
            ("wasm.personality", "ccc", "fastcc"),
        ] {
            let declared = |convention| rejected(&format!("declare hidden {convention} void @{name}(ptr)"));
            assert_eq!(declared(right), None);
            let message = declared(wrong).expect("another convention");
            assert!(message.ends_with("has another calling convention than the ABI says"), "{message}");
        }
        assert!(rejected("declare hidden fastcc void @wasm.function.0.tale(ptr)").is_some());
    }
}
