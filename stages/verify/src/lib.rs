//! Stage 4: checks a lowered unit.
//!
//! In: a module as text gives it, perhaps edited by hand. Out: a [`Verdict`]. Besides LLVM's own rules it holds to the ABI's:
//! what a unit defines and uses has the ABI's names, calling conventions and attributes, so that a mistake shows here and not as
//! a crash.
#![forbid(unsafe_code)]

use abi::symbol::{self, Local};
use artifact::{Error, Kind, Stage, Verdict};
use llvm::{CallConv, Function, FunctionType, Module, Position, Visibility};
use std::collections::BTreeMap;

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

/// What a unit calls a function, and its type.
pub type Symbols<'c> = BTreeMap<String, FunctionType<'c>>;

/// Checks that a unit whose text was read, lowered or optimized, is the one that is planned: it defines all of these symbols, and
/// uses no functions of other units but these, all with their types. Functions with other names are nobody else's business.
///
/// # Errors
/// The first symbol that is missing, or belongs to another unit.
pub fn symbols<'c>(module: &Module<'c>, defines: &Symbols<'c>, uses: &Symbols<'c>) -> Result<(), String> {
    let defined = |name: &&String| module.function(name).is_some_and(|function| !function.is_declaration());
    if let Some(missing) = defines.keys().find(|name| !defined(name)) {
        return Err(format!("`{missing}` is not defined, which this unit is to define"));
    }
    for function in module.functions() {
        let name = function.name();
        if Local::parse(&name).is_none() && !name.starts_with("wasm.entry.") && !name.starts_with("wasm.host.") {
            continue;
        }
        let (planned, what) = match function.is_declaration() {
            true => (uses, "used, which is not among what this unit may use"),
            false => (defines, "defined, which is not among what this unit is to define"),
        };
        match planned.get(&name) {
            None => return Err(format!("`{name}` is {what}")),
            Some(&ty) if ty != function.function_type() => {
                return Err(format!("`{name}` is of another type than the function that it should be"));
            }
            Some(_) => {}
        }
    }
    Ok(())
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
    fn a_unit_has_the_symbols_of_its_plan() {
        let checked = |text: &str| {
            let context = Context::new();
            let module = Module::parse(&context, "unit", text).expect("the test's module is well-formed");
            let ty = context.function(context.void(), &[], false);
            let planned = |names: &[&str]| names.iter().map(|name| (name.to_string(), ty)).collect();
            symbols(&module, &planned(&["wasm.function.0", "wasm.function.1"]), &planned(&["wasm.callee.0"]))
        };
        let define = |name: &str| format!("define void @{name}() {{\n  ret void\n}}\n");
        let [zero, one, two] = ["wasm.function.0", "wasm.function.1", "wasm.function.2"].map(define);
        let callee = |index: u32| format!("declare void @wasm.callee.{index}()\n");
        assert_eq!(checked(&format!("{zero}{one}")), Ok(()));
        assert_eq!(checked(&format!("{zero}{one}{}{}", callee(0), define("outlined"))), Ok(()));
        for (text, symbol) in [
            (zero.clone(), "wasm.function.1"),
            (format!("{zero}declare void @wasm.function.1()\n"), "wasm.function.1"),
            (format!("{zero}{one}{two}"), "wasm.function.2"),
            (format!("{zero}{one}{}", callee(1)), "wasm.callee.1"),
            (format!("{zero}{one}declare void @wasm.callee.0(i32)\n"), "wasm.callee.0"),
            (format!("{zero}define i32 @wasm.function.1() {{\n  ret i32 0\n}}\n"), "wasm.function.1"),
            (format!("{zero}{one}{}", define("wasm.entry.i.")), "wasm.entry.i."),
        ] {
            let message = checked(&text).expect_err(&text);
            assert!(message.starts_with(&format!("`{symbol}` is ")), "{message}");
        }
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
