//! Stage 1: decodes a binary module into its declarations.
//!
//! In: the bytes of a module. Out: [`Parsed`]. What is malformed ends here; whether the module is valid is the next stage's.
#![forbid(unsafe_code)]

use abi::module::Module;
use artifact::{Error, Kind, Parsed, Stage};

/// Decodes a module.
///
/// # Errors
/// If the bytes are not a WebAssembly module, or one with declarations that are not supported.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    let module = Module::decode(bytes).map_err(|error| Error::decode(Stage::Parse, error))?;
    let defined = module.functions.len() - module.imported_functions as usize;
    if defined != module.bodies.len() {
        // Checked here, because every later stage pairs functions with bodies.
        let message = "function and code section have inconsistent lengths";
        return Err(Error::new(Stage::Parse, Kind::Malformed, message));
    }
    let body_hashes =
        module.bodies.iter().map(|range| hash(&bytes[range.start as usize..range.end as usize])).collect();
    let names = module.function_names(bytes);
    Ok(Parsed { hash: hash(bytes), module, body_hashes, names })
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use artifact::Artifact;

    const MODULE: &str = r#"
        (module $m
          (import "env" "log" (func $log (param i32)))
          (import "env" "base" (global $base i32))
          (memory (export "memory") 1 2)
          (table $t 2 funcref)
          (global $g (mut f32) (f32.const nan:0x200000))
          (elem (i32.const 0) $log $f)
          (data (i32.const 8) "hello")
          (func $f (export "f") (param i32) (result i32) local.get 0))"#;

    #[test]
    fn the_text_form_gives_the_same_value() {
        let bytes = wat::parse_str(MODULE).expect("the module is well-formed");
        let parsed = parse(&bytes).expect("the module can be decoded");
        assert_eq!(Parsed::read(&parsed.write()).expect("own text"), parsed);
        assert_eq!(parsed.names[&abi::types::FuncIdx(1)], "f");
        let data = parsed.module.data[0].range.clone();
        assert_eq!(&bytes[data.start as usize..data.end as usize], b"hello");
    }

    #[test]
    fn malformed_bytes_are_errors_with_a_place() {
        let error = parse(b"\0asm\x01\0\0\0\x01\x05").expect_err("the type section is cut");
        assert_eq!((error.kind, error.stage), (Kind::Malformed, Stage::Parse));
        assert!(error.place.offset.is_some(), "{error}");
    }
}
