//! Parameters and results as text.

use engine::{Func, FuncType, Store, ValType, Value};

/// Reads the parameters of a function, strictly: as many as it has, each a number that its type can hold.
pub fn parse(ty: &FuncType, words: &[String]) -> Result<Vec<Value>, String> {
    if words.len() != ty.params.len() {
        return Err(format!("{} parameters given, expected {}", words.len(), ty.params.len()));
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
        ValType::F32 => word.parse::<f32>().map(|value| Value::F32(value.to_bits())).map_err(|_| invalid()),
        ValType::F64 => word.parse::<f64>().map(|value| Value::F64(value.to_bits())).map_err(|_| invalid()),
        ValType::V128 => word.parse::<u128>().map(|value| Value::V128(value.to_le_bytes())).map_err(|_| invalid()),
        ValType::Ref(ty) if !ty.nullable => Err(format!("{}: no such reference can be given here", invalid())),
        ValType::Ref(ty) if word == "null" => Ok(Value::null(ty)),
        ValType::Ref(_) => Err(format!("{} (only `null` can be given)", invalid())),
    }
}

/// A result as text: integers as signed decimals, floats in the shortest form that reads back as the same value.
pub fn text(value: Value) -> String {
    match value {
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::F32(bits) => float(format!("{:?}", f32::from_bits(bits))),
        Value::F64(bits) => float(format!("{:?}", f64::from_bits(bits))),
        Value::V128(bytes) => u128::from_le_bytes(bytes).to_string(),
        Value::FuncRef(None) | Value::ExternRef(None) | Value::ExnRef(None) => "<null>".to_string(),
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
