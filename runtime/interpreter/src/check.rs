//! Validation, and what goes beyond it: that every function can be translated.

use crate::LoadError;
use crate::frame::WINDOW;
use abi::features::{Feature, Features};
use abi::module::Module;
use abi::support::{self, Unsupported};
use abi::types::DefinedFuncIdx;
use wasmparser::{FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures};

/// Validates a module with a set of proposals, and sees to it that its functions can be translated. If a proposal that is
/// switched off gets validation past an error, the error names it.
pub(crate) fn check(bytes: &[u8], module: &Module, features: &Features) -> Result<(), LoadError> {
    validate(bytes, module, features).map_err(|error| {
        let larger = |features: &Features| validate(bytes, module, features).map_err(|error| error.offset());
        match error {
            LoadError::Invalid { message, offset } => match features.lacking(offset, larger) {
                Some(feature) => LoadError::Unsupported { message: format!("{message} ({})", feature.hint()), offset },
                None => LoadError::Invalid { message, offset },
            },
            LoadError::Malformed { .. } | LoadError::Unsupported { .. } | LoadError::Limit { .. } => error,
        }
    })
}

fn validate(bytes: &[u8], module: &Module, features: &Features) -> Result<(), LoadError> {
    // With typed references, validation lets garbage collection pass as well.
    let more_is_valid = features.has(Feature::FunctionReferences);
    // What clauses that catch exceptions take, at most, where they begin. Tags of types that there are not are found below.
    let types = module.tags.iter().filter_map(|ty| module.types.get(ty.index()));
    let carried = types.map(|ty| ty.params.len() as u64 + 1).max().unwrap_or(1);
    let features = features.wasm();
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut allocations = FuncValidatorAllocations::default();
    let mut next = 0;
    for payload in parser.parse_all(bytes) {
        let ValidPayload::Func(function, body) = validator.payload(&payload?)? else { continue };
        let index = DefinedFuncIdx(next);
        next += 1;
        let mut function = function.into_validator(std::mem::take(&mut allocations));
        if more_is_valid && let Some(Unsupported { what, offset }) = support::check(&body)? {
            return Err(LoadError::Unsupported { message: format!("{what} is not supported"), offset });
        }
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
        let words =
            (u64::from(locals) + u64::from(height) + carried) * (1 + u64::from(wide)) + ty.results.len() as u64 * 2;
        if words >= WINDOW as u64 {
            return Err(LoadError::Limit { offset: body.range().start });
        }
    }
    Ok(())
}
