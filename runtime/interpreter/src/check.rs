//! Validation, and what goes beyond it: that every function can be translated.

use crate::LoadError;
use crate::frame::WINDOW;
use abi::module::Module;
use abi::types::DefinedFuncIdx;
use wasmparser::{FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures};

/// The proposals that the interpreter knows.
const FEATURES: WasmFeatures = WasmFeatures::MVP
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST);

/// Validates a module, and sees to it that its functions can be translated.
pub(crate) fn check(bytes: &[u8], module: &Module) -> Result<(), LoadError> {
    validate(bytes, module, FEATURES).map_err(|error| match error {
        LoadError::Invalid { message, offset } if validate(bytes, module, WasmFeatures::all()).is_ok() => {
            LoadError::Unsupported { message, offset }
        }
        error => error,
    })
}

fn validate(bytes: &[u8], module: &Module, features: WasmFeatures) -> Result<(), LoadError> {
    let mut validator = Validator::new_with_features(features);
    // The encoding depends on them as well: without 64-bit memories, a limit has 32 bits.
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut allocations = FuncValidatorAllocations::default();
    let mut next = 0;
    for payload in parser.parse_all(bytes) {
        let ValidPayload::Func(function, body) = validator.payload(&payload?)? else { continue };
        let index = DefinedFuncIdx(next);
        next += 1;
        let mut function = function.into_validator(std::mem::take(&mut allocations));
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader)?;
        let locals = function.len_locals();
        let mut height = 0;
        let mut operators = wasmparser::OperatorsReader::new(reader);
        while !operators.eof() {
            let offset = operators.original_position();
            operators.visit_operator(&mut function.visitor(offset))??;
            height = height.max(function.operand_stack_height());
        }
        operators.finish()?;
        allocations = function.into_allocations();
        let ty = module.function_type(module.function(index));
        let wide = features.contains(WasmFeatures::SIMD);
        let words = (u64::from(locals) + u64::from(height)) * (1 + u64::from(wide)) + ty.results.len() as u64 * 2;
        if words >= WINDOW as u64 {
            return Err(LoadError::Limit { offset: body.range().start });
        }
    }
    Ok(())
}
