//! The modules of `modules/`, against the interpreter: values and traps, bit by bit but for NaNs.

use super::machine::{Item, Machine, Slot};
use super::{carry_out, compile, request};
use crate::modules;
use abi::module::ImportItem;
use abi::types::ValType;
use artifact::Level;
use engine::{Extern, Linker, Loading, Mode, Module, Store, TrapReason, Value};

/// What the modules' code can be called with: edges of each type, and something between.
const I32: [i32; 9] = [0, 1, 2, 7, 31, 65535, i32::MAX, i32::MIN, -1];
const I64: [i64; 9] = [0, 1, 2, 63, 0x1_0000_0000, 0x0123_4567_89ab_cdef, i64::MAX, i64::MIN, -1];
const F32: [u32; 10] =
    [0, 0x8000_0000, 0x3f80_0000, 0xc020_0000, 0x4f00_0000, 1, 0x7f80_0000, 0xff80_0000, 0x7fc1_2345, 0xffa5_4321];
const F64: [u64; 10] = [
    0,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xc004_0000_0000_0000,
    0x43e0_0000_0000_0000,
    1,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_1234_5678_9abc,
    0xfff4_3210_0fed_cba9,
];

/// How often each function is called.
const CALLS: usize = 60;

/// What is not compared, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("exception", "code for aarch64 catches no exceptions"),
    ("reference", "it imports a function whose result depends on no argument"),
];

/// Modules that count down from their arguments, which must be small.
const COUNTING: &[&str] = &["call", "control", "metering", "multi_value", "tail_call", "variable"];

#[test]
fn unoptimized_code_does_what_the_interpreter_does() {
    compare(Level::O0, "generic");
}

#[test]
fn optimized_code_does_what_the_interpreter_does() {
    compare(Level::O2, "generic");
    compare(Level::O2, "neoverse-v1");
}

fn compare(level: Level, cpu: &str) {
    let request = request(level, cpu);
    let mut differences = String::new();
    let mut total = 0;
    for name in modules::names() {
        if LEFT_OUT.iter().any(|(left_out, _)| *left_out == name) {
            continue;
        }
        let bytes = modules::binary(&name);
        let (features, metering) = (modules::features(&name), modules::metering(&name));
        let file = compile(&bytes, &request, &features, &metering).unwrap_or_else(|error| panic!("{name}: {error}"));
        let how = Loading { mode: Mode::Interpreter, features, metering };
        let module = Module::from_bytes_in(bytes, how).unwrap_or_else(|error| panic!("{name}: {error}"));

        let (mut store, mut linker, mut machine) = (Store::new(), Linker::new(), Machine::new());
        let compiled = machine.map(&file);
        let mut imports = Vec::new();
        for import in &compiled.module.imports {
            imports.push(match import.item {
                ImportItem::Function(ty) => {
                    // As the host's functions: what is given to them is their result.
                    let ty = compiled.module.types[ty.index()].clone();
                    linker.func_new(&import.module, &import.name, ty, |_, _| Ok(()));
                    Item::Host
                }
                ImportItem::Global(ty) => {
                    let value = argument(ty.content, 3, 0, true);
                    let global = store.new_global(ty, value);
                    linker.define(&import.module, &import.name, Extern::Global(global));
                    machine.global(ty.content, &bytes_of(value))
                }
                other => panic!("{name}: {other:?} is imported"),
            });
        }
        let own = machine.instantiate(&compiled, &imports);
        let instance = linker.instantiate(&mut store, &module).unwrap_or_else(|error| panic!("{name}: {error}"));

        let mut calls = vec![("instantiation", Vec::new(), "ok".to_string(), Vec::new())];
        for export in &compiled.module.exports {
            let Some((Item::Function(function), Some(ty))) = own.exports.get(&export.name) else { continue };
            if ty.params.iter().chain(&ty.results).any(|ty| matches!(ty, ValType::Ref(_))) {
                continue;
            }
            let called = engine::function(&store, instance, &export.name).expect("an exported function");
            for turn in 0..if ty.params.is_empty() { 2 } else { CALLS } {
                let small = COUNTING.contains(&name.as_str());
                let arguments: Vec<Value> =
                    ty.params.iter().enumerate().map(|(place, &ty)| argument(ty, turn, place, small)).collect();
                let outcome = store.call(called, &arguments);
                let expected = match &outcome {
                    Ok(results) => results.iter().fold("values".to_string(), |text, &value| text + &shown(value)),
                    Err(trap) => match trap.reason {
                        TrapReason::Code(code) => format!("trap {:x}", code.code()),
                        _ => panic!("{name}: {trap}"),
                    },
                };
                let slots: Vec<Slot> = arguments.iter().map(|&value| Slot::of(&bytes_of(value))).collect();
                machine.call(function, ty.results.len(), &slots);
                calls.push((export.name.as_str(), arguments, expected, ty.results.clone()));
            }
        }
        let (lines, ended) = carry_out(&machine);
        total += calls.len();
        for (index, (export, arguments, expected, types)) in calls.iter().enumerate() {
            let Some(line) = lines.get(index) else {
                let why = ended.clone().unwrap_or_default();
                differences.push_str(&format!("{name}: {export} {arguments:x?}: {why}\n"));
                break;
            };
            if !agrees(types, line, expected) {
                differences.push_str(&format!("{name}: {export} {arguments:x?}: {line}, not {expected}\n"));
            }
        }
    }
    println!("aarch64, level {level}, {cpu}: {total} calls");
    assert!(differences.is_empty(), "level {level}, {cpu}:\n{differences}");
}

/// A different mixture of arguments each time.
fn argument(ty: ValType, turn: usize, place: usize, small: bool) -> Value {
    let pick = turn * (2 * place + 1) + turn / 7 + 3 * place;
    let integers = if small { 4 } else { I32.len() };
    match ty {
        ValType::I32 => Value::I32(I32[pick % integers]),
        ValType::I64 => Value::I64(I64[pick % integers.min(if small { 3 } else { I64.len() })]),
        ValType::F32 => Value::F32(F32[pick % F32.len()]),
        ValType::F64 => Value::F64(F64[pick % F64.len()]),
        ValType::V128 => {
            let halves = [I64[pick % I64.len()] as u64, F64[(pick + turn) % F64.len()]];
            let other = u64::from(F32[pick % F32.len()]) << 32 | u64::from(F32[(pick + 1) % F32.len()]);
            let [low, high] = if turn.is_multiple_of(3) { [halves[0], other] } else { [other, halves[1]] };
            Value::V128((u128::from(high) << 64 | u128::from(low)).to_le_bytes())
        }
        ValType::Ref(_) => panic!("functions with references are left out"),
    }
}

fn bytes_of(value: Value) -> Vec<u8> {
    match value {
        Value::I32(value) => value.to_le_bytes().to_vec(),
        Value::I64(value) => value.to_le_bytes().to_vec(),
        Value::F32(bits) => bits.to_le_bytes().to_vec(),
        Value::F64(bits) => bits.to_le_bytes().to_vec(),
        Value::V128(bytes) => bytes.to_vec(),
        Value::FuncRef(_) | Value::ExternRef(_) | Value::ExnRef(_) => panic!("functions with references are left out"),
    }
}

/// A result as the host prints it, as far as a value reaches in its slot.
fn shown(value: Value) -> String {
    bytes_of(value).iter().fold(" ".to_string(), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether a line of the host's says what is expected, as far as values reach in their slots. Where both give a NaN it may be another
/// one: of two NaNs aarch64 takes the one that is signalling, and those that it makes itself have no sign. It is quiet in any case.
fn agrees(types: &[ValType], line: &str, expected: &str) -> bool {
    let (printed, wanted): (Vec<&str>, Vec<&str>) = (line.split(' ').collect(), expected.split(' ').collect());
    if printed[0] != "values" || wanted[0] != "values" || printed.len() != wanted.len() {
        return line == expected;
    }
    let fits = |((&ty, printed), wanted): ((&ValType, &&str), &&str)| {
        let Some(printed) = printed.get(..wanted.len()) else { return false };
        printed == *wanted
            || match ty {
                ValType::F32 => same_lanes::<4>(printed, wanted),
                ValType::F64 => same_lanes::<8>(printed, wanted),
                ValType::V128 => same_lanes::<4>(printed, wanted) || same_lanes::<8>(printed, wanted),
                ValType::I32 | ValType::I64 | ValType::Ref(_) => false,
            }
    };
    types.iter().zip(&printed[1..]).zip(&wanted[1..]).all(fits)
}

/// Whether lanes of so many bytes are equal or quiet NaNs.
fn same_lanes<const SIZE: usize>(printed: &str, wanted: &str) -> bool {
    let lanes = |text: &str| {
        let bytes =
            (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"));
        bytes
            .collect::<Vec<_>>()
            .chunks(SIZE)
            .map(|lane| lane.iter().rev().fold(0, |all, &byte| all << 8 | u64::from(byte)))
            .collect::<Vec<_>>()
    };
    let quiet: u64 = if SIZE == 4 { 0x7fc0_0000 } else { 0x7ff8_0000_0000_0000 };
    let is_quiet = |lane: u64| lane & quiet == quiet;
    lanes(printed).into_iter().zip(lanes(wanted)).all(|(a, b)| a == b || is_quiet(a) && is_quiet(b))
}
