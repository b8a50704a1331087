//! Running a module in wasmi, as the yardstick of what is right.

use super::{EXHAUSTED, Numbers, Outcome, Shown};
use engine::TrapCode as Reason;
use wasmi::{Config, Engine, Error, Extern, Linker, Module, Store, TrapCode, Val, ValType};

/// Runs a module.
pub fn run(bytes: &[u8], seed: u64) -> Outcome {
    let engine = Engine::new(Config::default().wasm_wide_arithmetic(true));
    let module = Module::new(&engine, bytes).expect("generated modules are valid");
    let mut store = Store::new(&engine, ());
    let mut outcome = Outcome { failed: None, calls: Vec::new(), state: Vec::new() };
    let instance = match Linker::new(&engine).instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => {
            outcome.failed = Some(reason(&error));
            return outcome;
        }
    };
    let mut exports: Vec<(String, Extern)> =
        instance.exports(&store).map(|export| (export.name().to_string(), export.into_extern())).collect();
    exports.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut numbers = Numbers::new(seed);
    for (name, item) in &exports {
        let Extern::Func(func) = item else { continue };
        let ty = func.ty(&store);
        let args: Vec<Val> = ty.params().iter().map(|&ty| argument(ty, &mut numbers)).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|&ty| Val::default_for_ty(ty)).collect();
        let result = func.call(&mut store, &args, &mut results).map_err(|error| reason(&error));
        outcome.calls.push((name.clone(), result.map(|()| results.iter().map(shown).collect())));
    }
    for (name, item) in exports {
        match item {
            Extern::Memory(memory) => outcome.state.push((name, blake3::hash(memory.data(&store)).to_string())),
            Extern::Global(global) => outcome.state.push((name, format!("{:?}", shown(&global.get(&store))))),
            Extern::Func(_) | Extern::Table(_) => {}
        }
    }
    outcome
}

fn argument(ty: ValType, numbers: &mut Numbers) -> Val {
    let number = numbers.next();
    match ty {
        ValType::I32 => Val::I32(number as i32),
        ValType::I64 => Val::I64(number as i64),
        ValType::F32 => Val::F32(wasmi::F32::from_bits(number as u32)),
        ValType::F64 => Val::F64(wasmi::F64::from_bits(number)),
        ValType::V128 => Val::V128((u128::from(number) << 64 | u128::from(number)).into()),
        other @ (ValType::FuncRef | ValType::ExternRef) => Val::default_for_ty(other),
    }
}

fn shown(value: &Val) -> Shown {
    match value {
        Val::I32(value) => Shown::Bits(*value as u32 as u128),
        Val::I64(value) => Shown::Bits(*value as u64 as u128),
        Val::F32(value) => Shown::Bits(value.to_bits().into()),
        Val::F64(value) => Shown::Bits(value.to_bits().into()),
        Val::V128(value) => Shown::Bits(value.as_u128()),
        Val::FuncRef(func) => Shown::Null(func.is_null()),
        Val::ExternRef(object) => Shown::Null(object.is_null()),
    }
}

fn reason(error: &Error) -> String {
    let reason = match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => Reason::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Reason::MemoryOutOfBounds,
        Some(TrapCode::TableOutOfBounds) => Reason::TableOutOfBounds,
        Some(TrapCode::IndirectCallToNull) => Reason::UninitializedElement,
        Some(TrapCode::IntegerDivisionByZero) => Reason::IntegerDivideByZero,
        Some(TrapCode::IntegerOverflow) => Reason::IntegerOverflow,
        Some(TrapCode::BadConversionToInteger) => Reason::InvalidConversionToInteger,
        Some(TrapCode::BadSignature) => Reason::IndirectCallTypeMismatch,
        Some(TrapCode::StackOverflow) => return EXHAUSTED.to_string(),
        Some(_) | None => return instantiation(error.to_string()),
    };
    reason.to_string()
}

/// A segment that does not fit is no trap to this engine, but an error with details.
fn instantiation(text: String) -> String {
    let bounds = [Reason::TableOutOfBounds, Reason::MemoryOutOfBounds].map(|reason| reason.to_string());
    bounds.into_iter().find(|reason| text.starts_with(reason.as_str())).unwrap_or(text)
}
