//! The suite's notation for arguments and expected results.

use engine::{Store, Value};
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The value that an argument stands for. `ref.extern N` is a reference to the number N.
pub fn argument(store: &mut Store, argument: &WastArg<'_>) -> Result<Value, String> {
    let WastArg::Core(argument) = argument else { return Err(format!("argument of an unknown kind: {argument:?}")) };
    Ok(match argument {
        WastArgCore::I32(value) => Value::I32(*value),
        WastArgCore::I64(value) => Value::I64(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(value.to_le_bytes()),
        WastArgCore::RefNull(ty) => null(ty).ok_or_else(|| format!("null of an unknown type: {ty:?}"))?,
        WastArgCore::RefExtern(number) => Value::ExternRef(Some(store.new_externref(Box::new(*number)))),
        WastArgCore::RefHost(_) => return Err("`ref.host` is of a later edition".to_string()),
    })
}

/// Compares results with what is expected.
pub fn check_all(store: &Store, results: &[Value], expected: &[WastRet<'_>]) -> Result<(), String> {
    let fit = |(&result, expected): (&Value, &WastRet<'_>)| match expected {
        WastRet::Core(expected) => fits(store, result, expected),
        _ => false,
    };
    match results.len() == expected.len() && results.iter().zip(expected).all(fit) {
        true => Ok(()),
        false => Err(format!("gives {results:x?}, not {expected:x?}")),
    }
}

fn fits(store: &Store, result: Value, expected: &WastRetCore<'_>) -> bool {
    match (expected, result) {
        (WastRetCore::I32(expected), Value::I32(value)) => value == *expected,
        (WastRetCore::I64(expected), Value::I64(value)) => value == *expected,
        (WastRetCore::F32(expected), Value::F32(bits)) => f32_fits(bits, expected),
        (WastRetCore::F64(expected), Value::F64(bits)) => f64_fits(bits, expected),
        (WastRetCore::V128(expected), Value::V128(bytes)) => v128_fits(bytes, expected),
        (WastRetCore::RefNull(None), Value::FuncRef(None) | Value::ExternRef(None) | Value::ExnRef(None)) => true,
        (WastRetCore::RefNull(Some(ty)), value) => null(ty) == Some(value),
        (WastRetCore::RefExtern(None), Value::ExternRef(reference)) => reference.is_some(),
        (WastRetCore::RefExtern(Some(number)), Value::ExternRef(Some(reference))) => {
            store.externref_data(reference).downcast_ref::<u32>() == Some(number)
        }
        (WastRetCore::RefFunc(None), Value::FuncRef(function)) => function.is_some(),
        (WastRetCore::Either(choices), value) => choices.iter().any(|choice| fits(store, value, choice)),
        _ => false,
    }
}

fn null(ty: &HeapType<'_>) -> Option<Value> {
    match ty {
        HeapType::Abstract { shared: false, ty } => match ty {
            AbstractHeapType::Func | AbstractHeapType::NoFunc => Some(Value::FuncRef(None)),
            AbstractHeapType::Extern | AbstractHeapType::NoExtern => Some(Value::ExternRef(None)),
            AbstractHeapType::Exn | AbstractHeapType::NoExn => Some(Value::ExnRef(None)),
            _ => None,
        },
        _ => None,
    }
}

/// A canonical NaN has only the highest bit of its payload set, an arithmetic NaN at least that; the sign is free.
fn f32_fits(bits: u32, expected: &NanPattern<F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn f64_fits(bits: u64, expected: &NanPattern<F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn v128_fits(bytes: [u8; 16], expected: &V128Pattern) -> bool {
    match expected {
        V128Pattern::I8x16(lanes) => lanes.map(i8::to_le_bytes).as_flattened() == bytes,
        V128Pattern::I16x8(lanes) => lanes.map(i16::to_le_bytes).as_flattened() == bytes,
        V128Pattern::I32x4(lanes) => lanes.map(i32::to_le_bytes).as_flattened() == bytes,
        V128Pattern::I64x2(lanes) => lanes.map(i64::to_le_bytes).as_flattened() == bytes,
        V128Pattern::F32x4(lanes) => {
            let (values, _) = bytes.as_chunks();
            values.iter().zip(lanes).all(|(&value, lane)| f32_fits(u32::from_le_bytes(value), lane))
        }
        V128Pattern::F64x2(lanes) => {
            let (values, _) = bytes.as_chunks();
            values.iter().zip(lanes).all(|(&value, lane)| f64_fits(u64::from_le_bytes(value), lane))
        }
    }
}
