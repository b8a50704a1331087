//! Putting back what a unit loses on its way through MLIR.
//!
//! Compared before and after, with no pass in between, for every module of the tests at both stages:
//!
//! - **Survive by themselves:** functions with their types, calling conventions, visibility, linkage, personalities, attributes of
//!   parameters; landing pads; `musttail`; volatile and atomic accesses, alignments; `!invariant.load`, alias scopes, weights of
//!   branches, hints for loops; promises of instructions (`nuw`, `inbounds`, `disjoint`, ...); most attributes of functions; the triple.
//! - **Put back:** the data layout as our LLVM writes it; the source file's name, which objects hold; on functions every attribute
//!   that is text (`frame-pointer`, `probe-stack`, `disable-tail-calls`, processor and features: declarations lose `tune-cpu`), and
//!   those that later stages go by ([`KEPT`]); that a call is cold and does not come back, where nothing follows it.
//! - **Lost for good,** which costs at most speed: what optimization found out about captured and initialized parameters
//!   (`captures`, `initializes`) and the range of a call's result; `samesign` of comparisons; weights of selections; alias scopes of
//!   gathers and scatters; the names of values; the order of blocks, of phis' operands and of use-lists. So even MLIR that nobody
//!   changed may give other, equally good bytes. Calls gain what is known of the callee's effects on memory, and the module a flag
//!   that nothing reads (`Debug Info Version`).
//!
//! Facts that passes infer (`memory`, `nofree`, ...) are never put back: a pass may have changed what they were about.
//!
//! A unit that does not define what it did, or defines or needs more, or does not agree with itself about a calling convention, is
//! refused: other units, the runtime and the output stage rely on these.

use llvm::{Attribute, Context, Function, Linkage, Module, Opcode, Position};

/// Attributes without text that are put back: for exceptions, and so that a function too large to be optimized is left alone.
const KEPT: [&str; 3] = ["uwtable", "optnone", "noinline"];

/// Puts back into a unit what the original has and it has lost. Both are of one context.
///
/// # Errors
/// What is missing, or too much, if that cannot be mended.
pub fn restore<'c>(original: &Module<'c>, returned: &Module<'c>) -> Result<(), String> {
    returned.set_target_like(original);
    let mut pairs = Vec::new();
    for function in functions(original) {
        let name = function.name();
        match returned.function(&name) {
            Some(same) => {
                compare(function, same).map_err(|what| format!("`{name}` {what}"))?;
                pairs.push((function, same));
            }
            None if returned.global(&name).is_some() => return Err(format!("`{name}` is a variable now")),
            // Nothing calls it any more, or every call of it was inlined.
            None if function.is_declaration() || is_local(function.linkage()) => {}
            None => return Err(format!("`{name}` is gone")),
        }
    }
    if let Some(new) = functions(returned).find(|function| original.function(&function.name()).is_none()) {
        let what = match new.is_declaration() {
            true => "is needed, and nothing defines it",
            false => "is new: which functions a unit defines is fixed",
        };
        return Err(format!("`{}` {what}", new.name()));
    }
    restore_globals(original, returned)?;
    for (function, same) in pairs {
        restore_function(returned, function, same);
    }
    functions(returned).try_for_each(|function| restore_calls(returned.context(), function))
}

fn functions<'c>(module: &Module<'c>) -> impl Iterator<Item = Function<'c>> + use<'c> {
    module.functions().filter(|function| !function.is_intrinsic())
}

fn is_local(linkage: Linkage) -> bool {
    matches!(linkage, Linkage::Internal | Linkage::Private)
}

/// Sees to it that a function is for its callers what it was.
fn compare<'c>(original: Function<'c>, returned: Function<'c>) -> Result<(), &'static str> {
    if original.function_type() != returned.function_type() {
        return Err("has another type than before");
    }
    if original.call_conv() != returned.call_conv() {
        return Err("has another calling convention than before");
    }
    match (original.is_declaration(), returned.is_declaration()) {
        (false, true) => return Err("has no body any more"),
        (true, false) => return Err("has a body, which is another unit's"),
        (true, true) | (false, false) => {}
    }
    // A copy of another unit's function may be left out.
    match original.linkage() == returned.linkage() || original.linkage() == Linkage::AvailableExternally {
        true => Ok(()),
        false => Err("has another linkage than before"),
    }
}

fn restore_function<'c>(module: &Module<'c>, original: Function<'c>, returned: Function<'c>) {
    returned.set_visibility(original.visibility());
    for attribute in promises(original) {
        // Replaces one of another value, too.
        returned.add_attribute(Position::Function, attribute);
    }
    if let Some(personality) = original.personality().filter(|_| returned.personality().is_none()) {
        let declared = module.add_function(&personality.name(), personality.function_type());
        declared.set_visibility(personality.visibility());
        returned.set_personality(declared);
    }
}

/// The attributes of a function that its code is not right without.
fn promises(function: Function<'_>) -> Vec<Attribute<'_>> {
    let mut attributes = function.attributes(Position::Function);
    attributes.retain(|attribute| attribute.string_key().is_some());
    attributes.extend(KEPT.iter().filter_map(|name| function.find_attribute(Position::Function, name)));
    attributes
}

fn restore_globals<'c>(original: &Module<'c>, returned: &Module<'c>) -> Result<(), String> {
    for global in original.globals().filter(|global| !is_local(global.linkage())) {
        let name = global.name();
        let same = returned.global(&name).ok_or_else(|| format!("`{name}` is gone"))?;
        if same.value_type() != global.value_type() || same.linkage() != global.linkage() {
            return Err(format!("`{name}` is another variable than before"));
        }
        same.set_visibility(global.visibility());
    }
    match returned.globals().find(|global| global.is_declaration()) {
        Some(missing) => Err(format!("`{}` is needed, and nothing defines it", missing.name())),
        None => Ok(()),
    }
}

/// Sees to it that calls are made as their callees expect it, and marks those that do not come back.
fn restore_calls<'c>(context: &'c Context, function: Function<'c>) -> Result<(), String> {
    let marks = ["cold", "noreturn"].map(|name| context.enum_attribute(name));
    for block in function.blocks() {
        let mut instructions = block.instructions().peekable();
        while let Some(instruction) = instructions.next() {
            let Some(call) = instruction.as_call() else { continue };
            let callee = call.callee().as_function();
            if callee.is_some_and(|callee| callee.is_intrinsic()) {
                continue;
            }
            if let Some(callee) = callee.filter(|callee| callee.call_conv() != call.call_conv()) {
                let (name, callee) = (function.name(), callee.name());
                return Err(format!("`{name}` calls `{callee}` by another calling convention than it has"));
            }
            // After a call comes the next instruction; after an invoke, the first one of the block that it goes on in.
            let next = instructions.peek().copied();
            let next = next.or_else(|| call.successor(0).and_then(|block| block.first_instruction()));
            if next.is_some_and(|next| next.instruction_opcode() == Some(Opcode::Unreachable)) {
                marks.iter().for_each(|&mark| call.add_attribute(Position::Function, mark));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: &str = r#"
        source_filename = "unit"
        target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
        target triple = "x86_64-unknown-linux-gnu"
        @table = hidden constant i32 1
        define hidden fastcc void @wasm.function.0(ptr %0) #0 personality ptr @wasm.personality {
          invoke fastcc void @wasm.function.1(ptr %0) to label %2 unwind label %3
        2:
          call void %0(ptr %0) cold noreturn
          unreachable
        3:
          %4 = landingpad { ptr, i32 } catch ptr null
          ret void
        }
        declare hidden fastcc void @wasm.function.1(ptr) #0
        declare hidden i32 @wasm.personality(...)
        attributes #0 = { noinline optnone uwtable(sync) "frame-pointer"="all" "no-builtins" "probe-stack"="inline-asm" "tune-cpu"="znver5" }
        "#;

    /// What becomes of [`ORIGINAL`] if this is what comes back of it.
    fn restored(returned: &str) -> Result<String, String> {
        let context = Context::new();
        let [original, returned] = [ORIGINAL, returned]
            .map(|text| Module::parse(&context, "unit", text).unwrap_or_else(|error| panic!("{error}")));
        restore(&original, &returned)?;
        returned.verify().map_err(|error| error.to_string())?;
        Ok(returned.print())
    }

    #[test]
    fn what_was_lost_is_back() {
        let mut bare = ORIGINAL.replace("cold noreturn", "").replace("personality ptr @wasm.personality", "");
        for line in ["source_filename", "target ", "attributes #0", "declare hidden i32 @wasm.personality"] {
            let lines = bare.lines().filter(|text| !text.trim_start().starts_with(line));
            bare = lines.collect::<Vec<_>>().join("\n");
        }
        let bare = bare.replace(" #0", "").replace("hidden ", "");
        for lost in ["target", "attributes", "personality", "hidden", "noreturn"] {
            assert!(!bare.contains(lost), "{bare}");
        }
        let context = Context::new();
        let original = Module::parse(&context, "unit", ORIGINAL).expect("it is well-formed").print();
        assert_eq!(restored(&bare), Ok(original.clone()));
        assert_eq!(restored(&original), Ok(original));
    }

    #[test]
    fn what_was_changed_is_as_it_was() {
        let changed = ORIGINAL.replace(r#""frame-pointer"="all""#, r#""frame-pointer"="none""#);
        assert_eq!(restored(&changed), restored(ORIGINAL));
    }

    #[test]
    fn what_cannot_be_mended_is_refused() {
        let refused = |from: &str, to: &str| {
            let changed = ORIGINAL.replace(from, to);
            assert_ne!(changed, ORIGINAL);
            restored(&changed).expect_err(to)
        };
        assert_eq!(refused("wasm.function.0", "wasm.function.7"), "`wasm.function.0` is gone");
        assert_eq!(refused("@table", "@tables"), "`table` is gone");
        assert_eq!(refused("constant i32 1", "constant i64 1"), "`table` is another variable than before");
        assert_eq!(
            refused("void @wasm.function.0(ptr %0)", "void @wasm.function.0(ptr %0, i32 %x)"),
            "`wasm.function.0` has another type than before"
        );
        assert_eq!(
            refused("hidden fastcc void @wasm.function.0", "tailcc void @wasm.function.0"),
            "`wasm.function.0` has another calling convention than before"
        );
        assert_eq!(
            refused("hidden fastcc void @wasm.function.0", "internal fastcc void @wasm.function.0"),
            "`wasm.function.0` has another linkage than before"
        );
        assert_eq!(
            refused("invoke fastcc", "invoke"),
            "`wasm.function.0` calls `wasm.function.1` by another calling convention than it has"
        );
        assert_eq!(
            refused(
                "declare hidden fastcc void @wasm.function.1(ptr) #0",
                "define hidden fastcc void @wasm.function.1(ptr %0) { ret void }"
            ),
            "`wasm.function.1` has a body, which is another unit's"
        );
        assert_eq!(
            refused(
                "ret void",
                "call void @sin() ret void } declare void @sin() define internal void @unused() { ret void"
            ),
            "`sin` is needed, and nothing defines it"
        );
        assert_eq!(
            refused("ret void", "ret void } define internal void @helper() { ret void"),
            "`helper` is new: which functions a unit defines is fixed"
        );
        assert_eq!(
            refused("@table", "@errno = external global i32 @table"),
            "`errno` is needed, and nothing defines it"
        );
        let declared = ORIGINAL.split("define").next().expect("text").to_string()
            + "declare hidden fastcc void @wasm.function.0(ptr)";
        assert_eq!(restored(&declared), Err("`wasm.function.0` has no body any more".to_string()));
    }
}
