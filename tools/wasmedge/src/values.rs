//! Parameters and results as text.

use engine::{Func, FuncType, Store, ValType, Value};

/// How a null reference is written.
const NULL: &str = "<null>";

/// Reads the parameters of a function, strictly: as many as it has, each a number that its type can hold.
pub fn parse(ty: &FuncType, words: &[&str]) -> Result<Vec<Value>, String> {
    if words.len() != ty.params.len() {
        let s = if words.len() == 1 { "" } else { "s" };
        return Err(format!("{} parameter{s} given, expected {}", words.len(), ty.params.len()));
    }
    ty.params.iter().zip(words).map(|(&ty, word)| value(ty, word)).collect()
}

fn value(ty: ValType, word: &str) -> Result<Value, String> {
    let invalid = || format!("`{word}` is not a valid {ty}");
    match ty {
        // Integers have no sign in WebAssembly: both readings are allowed.
        ValType::I32 => {
            let signed = word.parse::<i32>().ok();
            signed.or_else(|| word.parse::<u32>().ok().map(|value| value as i32)).map(Value::I32).ok_or_else(invalid)
        }
        ValType::I64 => {
            let signed = word.parse::<i64>().ok();
            signed.or_else(|| word.parse::<u64>().ok().map(|value| value as i64)).map(Value::I64).ok_or_else(invalid)
        }
        ValType::F32 => {
            let value = word.parse::<f32>().ok().filter(|value| value.is_finite() || !is_number(word));
            value.map(|value| Value::F32(value.to_bits())).ok_or_else(invalid)
        }
        ValType::F64 => {
            let value = word.parse::<f64>().ok().filter(|value| value.is_finite() || !is_number(word));
            value.map(|value| Value::F64(value.to_bits())).ok_or_else(invalid)
        }
        ValType::V128 => word.parse::<u128>().map(|value| Value::V128(value.to_le_bytes())).map_err(|_| invalid()),
        ValType::Ref(ty) if !ty.nullable => Err(format!("{}: no such reference can be given here", invalid())),
        ValType::Ref(ty) if word == NULL || word == "null" => Ok(Value::null(ty)),
        ValType::Ref(_) => Err(format!("{} (only `{NULL}` can be given)", invalid())),
    }
}

/// Whether a word is a number in digits, rather than `inf` or `nan`: Rust reads digits that no float can hold as infinity.
fn is_number(word: &str) -> bool {
    word.contains(|character: char| character.is_ascii_digit())
}

/// A result as text: integers as signed decimals, floats in the shortest form that reads back as the same value.
pub fn text(value: Value) -> String {
    match value {
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::F32(bits) => float(format!("{:?}", f32::from_bits(bits))),
        Value::F64(bits) => float(format!("{:?}", f64::from_bits(bits))),
        Value::V128(bytes) => u128::from_le_bytes(bytes).to_string(),
        Value::FuncRef(None) | Value::ExternRef(None) | Value::ExnRef(None) => NULL.to_string(),
        Value::FuncRef(Some(_)) => "<funcref>".to_string(),
        Value::ExternRef(Some(_)) => "<externref>".to_string(),
        Value::ExnRef(Some(_)) => "<exnref>".to_string(),
    }
}

/// Rust writes whole numbers as `1.0`; the shortest form is `1`.
fn float(debug: String) -> String {
    debug.strip_suffix(".0").map(str::to_string).unwrap_or(debug)
}

/// A function as users know it: its name and type.
pub fn signature(store: &Store, name: &str, func: Func) -> String {
    format!("{name}: {}", store.func_type(func))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_strictly() {
        let read = |ty, word| value(ty, word).ok();
        assert_eq!(read(ValType::I32, "4294967295"), Some(Value::I32(-1)));
        assert_eq!(read(ValType::I32, "-2147483648"), Some(Value::I32(i32::MIN)));
        for word in ["12abc", "", "4294967296", "-2147483649", "1.5", " 1"] {
            assert_eq!(read(ValType::I32, word), None, "{word}");
        }
        assert_eq!(read(ValType::I64, "18446744073709551615"), Some(Value::I64(-1)));
        assert_eq!(read(ValType::F64, "1e3"), Some(Value::F64(1000f64.to_bits())));
        assert_eq!(read(ValType::F32, "-inf"), Some(Value::F32(f32::NEG_INFINITY.to_bits())));
        assert_eq!([read(ValType::F32, "1e39"), read(ValType::F64, "-1e309"), read(ValType::F64, "0x1p3")], [None; 3]);
    }

    #[test]
    fn what_is_printed_can_be_given() {
        let values = [
            Value::I32(-1),
            Value::I64(i64::MIN),
            Value::F32(0.1f32.to_bits()),
            Value::F64(f64::NEG_INFINITY.to_bits()),
            Value::F64((-0f64).to_bits()),
            Value::V128([0xff; 16]),
        ];
        let types = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::F64, ValType::V128];
        for (given, ty) in values.into_iter().zip(types) {
            assert_eq!(value(ty, &text(given)), Ok(given));
        }
        assert!(
            matches!(value(ValType::F32, &text(Value::F32(f32::NAN.to_bits()))), Ok(Value::F32(bits)) if f32::from_bits(bits).is_nan())
        );
        assert_eq!(value(ValType::FUNCREF, &text(Value::FuncRef(None))), Ok(Value::FuncRef(None)));
        assert_eq!(value(ValType::EXTERNREF, "null"), Ok(Value::ExternRef(None)));
        assert!(value(ValType::FUNCREF, "<funcref>").is_err());
    }

    #[test]
    fn results_are_written_in_their_shortest_form() {
        assert_eq!(text(Value::F64(1f64.to_bits())), "1");
        assert_eq!(text(Value::F64(1e300f64.to_bits())), "1e300");
        assert_eq!(text(Value::F32(0.1f32.to_bits())), "0.1");
        assert_eq!(text(Value::F32((-0f32).to_bits())), "-0");
        assert_eq!(text(Value::I64(-1)), "-1");
    }
}
