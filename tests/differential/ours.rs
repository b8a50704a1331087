//! Running a module in our engine.

use super::{Numbers, Outcome, Shown};
use artifact::Stage;
use driver::{Request, Silent};
use engine::{
    Extern, Feature, Features, Linker, Loading, Metering, Mode, Module, Store, Trap, TrapCode, ValType, Value,
};

/// What generated modules use beyond edition 2.
pub const PROPOSALS: &[Feature] = &[
    Feature::TailCall,
    Feature::Memory64,
    Feature::MultiMemory,
    Feature::RelaxedSimd,
    Feature::Exceptions,
    Feature::WideArithmetic,
];

/// Compiles a module as a request says and runs it.
pub fn native(bytes: &[u8], seed: u64, request: &Request) -> Result<Outcome, String> {
    let file = driver::compile(bytes, request, &Silent).map_err(|error| error.to_string())?.file;
    let module = Module::from_bytes_in(file, Mode::Aot).map_err(|error| error.to_string())?;
    run(&module, seed, None)
}

/// Compiles a module with passes of MLIR's over the units of a stage, and runs it.
pub fn passed_through_mlir(bytes: &[u8], seed: u64, request: &Request, stage: Stage) -> Result<Outcome, String> {
    let file = crate::mlir::compile(bytes, &request.options, stage)?;
    let module = Module::from_bytes_in(file, Mode::Aot).map_err(|error| error.to_string())?;
    run(&module, seed, None)
}

/// Compiles a module as a request says and runs it with a limit on gas.
pub fn native_limited(bytes: &[u8], seed: u64, request: &Request, gas: u64) -> Result<Outcome, String> {
    let file = driver::compile(bytes, request, &Silent).map_err(|error| error.to_string())?.file;
    let module = Module::from_bytes_in(file, Mode::Aot).map_err(|error| error.to_string())?;
    run(&module, seed, Some(gas))
}

/// Runs a module by the interpreter, which keeps track of some things, with a limit on gas.
pub fn interpreted_limited(bytes: &[u8], seed: u64, metering: &Metering, gas: u64) -> Result<Outcome, String> {
    let mut features = Features::wasm2();
    features.0.extend(PROPOSALS);
    let how = Loading { mode: Mode::Interpreter, features, metering: metering.clone() };
    let module = Module::from_bytes_in(bytes.to_vec(), how).map_err(|error| error.to_string())?;
    run(&module, seed, Some(gas))
}

/// Runs a module by the interpreter.
pub fn interpreted(bytes: &[u8], seed: u64) -> Result<Outcome, String> {
    let module = tests::interpreted(bytes.to_vec(), PROPOSALS).map_err(|error| error.to_string())?;
    run(&module, seed, None)
}

fn run(module: &Module, seed: u64, gas: Option<u64>) -> Result<Outcome, String> {
    let mut store = Store::new();
    gas.into_iter().for_each(|gas| store.set_gas_limit(gas));
    let mut outcome = Outcome { failed: None, calls: Vec::new(), state: Vec::new() };
    let instance = match Linker::new().instantiate(&mut store, module) {
        Ok(instance) => instance,
        Err(engine::InstantiateError::Trap(trap)) => {
            outcome.failed = Some(format!("{}{}", reason(&trap), metered(&store, gas)));
            return Ok(outcome);
        }
        Err(error) => return Err(error.to_string()),
    };
    let mut exports: Vec<(String, Extern)> =
        store.exports(instance).map(|(name, item)| (name.to_string(), item)).collect();
    exports.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut numbers = Numbers::new(seed);
    for (name, item) in &exports {
        let Extern::Func(func) = *item else { continue };
        let params = store.func_type(func).params.clone();
        let args: Vec<Value> = params.into_iter().map(|ty| argument(ty, &mut numbers)).collect();
        let result = store.call(func, &args).map(|values| values.into_iter().map(shown).collect());
        outcome.calls.push((format!("{name}{}", metered(&store, gas)), result.map_err(|trap| reason(&trap))));
    }
    for (name, item) in exports {
        match item {
            Extern::Memory(memory) => {
                outcome.state.push((
                    name,
                    blake3::hash(store.memory_data(memory).expect("memories are not shared")).to_string(),
                ));
            }
            Extern::Global(global) => outcome.state.push((name, format!("{:?}", shown(store.global_get(global))))),
            Extern::Func(_) | Extern::Table(_) | Extern::Tag(_) => {}
        }
    }
    Ok(outcome)
}

/// What a store's code was charged so far; nothing without a limit.
fn metered(store: &Store, gas: Option<u64>) -> String {
    let charged = || format!(" after {} instructions for {}", store.instruction_count(), store.gas_used());
    gas.map(|_| charged()).unwrap_or_default()
}

fn argument(ty: ValType, numbers: &mut Numbers) -> Value {
    let number = numbers.next();
    match ty {
        ValType::I32 => Value::I32(number as i32),
        ValType::I64 => Value::I64(number as i64),
        ValType::F32 => Value::F32(number as u32),
        ValType::F64 => Value::F64(number),
        ValType::V128 => Value::V128((u128::from(number) << 64 | u128::from(number)).to_le_bytes()),
        ValType::Ref(ty) => Value::null(ty),
    }
}

fn shown(value: Value) -> Shown {
    match value {
        Value::I32(value) => Shown::Bits(value as u32 as u128),
        Value::I64(value) => Shown::Bits(value as u64 as u128),
        Value::F32(bits) => Shown::Bits(bits.into()),
        Value::F64(bits) => Shown::Bits(bits.into()),
        Value::V128(bytes) => Shown::Bits(u128::from_le_bytes(bytes)),
        Value::FuncRef(func) => Shown::Null(func.is_none()),
        Value::ExternRef(object) => Shown::Null(object.is_none()),
        Value::ExnRef(exception) => Shown::Null(exception.is_none()),
    }
}

/// The reason of a trap in words that all engines share: some do not tell an undefined element from any other place out of a
/// table's bounds.
fn reason(trap: &Trap) -> String {
    match trap.code() {
        Some(TrapCode::UndefinedElement) => TrapCode::TableOutOfBounds.to_string(),
        Some(code) => code.to_string(),
        None => trap.to_string(),
    }
}
