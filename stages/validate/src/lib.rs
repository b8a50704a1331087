//! Stage 2: validates a module and plans its units.
//!
//! In: the bytes of a module and its [`Parsed`] declarations. Out: a [`Plan`]. From here on every module is valid.
#![forbid(unsafe_code)]

mod units;
mod uses;

use abi::types::FuncIdx;
use artifact::{Error, Feature, Features, Kind, Options, Parsed, Plan, Stage};
use rayon::prelude::*;
use uses::Uses;
use wasmparser::{BinaryReaderError, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload};
use wasmparser::{Validator, ValidatorResources, WasmFeatures};

/// Validates a module, bodies in parallel, and plans its units.
///
/// # Errors
/// The first rule that the module breaks: of its declarations, else of the function with the lowest index. If a proposal that is
/// switched off would make it valid, the error names the switch.
pub fn validate(bytes: &[u8], parsed: &Parsed, options: &Options) -> Result<Plan, Error> {
    check(bytes, &options.features).map_err(|failure| {
        let switches: Vec<_> =
            Feature::ALL.iter().filter(|feature| needs(bytes, &options.features, **feature, &failure)).collect();
        let error = failure.into_error(parsed);
        match switches.first() {
            Some(feature) => {
                let switch = feature.switch();
                let hint = if feature.on_by_default() { "do not pass --disable" } else { "pass --enable" };
                Error { kind: Kind::Unsupported, message: format!("{} ({hint}-{switch})", error.message), ..error }
            }
            None => error,
        }
    })?;
    let Uses { tail_callers, catches } =
        match [Feature::TailCall, Feature::Exceptions].iter().any(|&feature| options.features.has(feature)) {
            true => Uses::of(bytes, &parsed.module)?,
            false => Uses::default(),
        };
    let units = units::plan(parsed, options.unit_size);
    Ok(Plan { hash: parsed.hash.clone(), options: options.clone(), units, tail_callers, catches })
}

/// Where validation stopped.
struct Failure {
    function: Option<FuncIdx>,
    error: BinaryReaderError,
}

impl Failure {
    fn into_error(self, parsed: &Parsed) -> Error {
        let mut error = Error::new(Stage::Validate, Kind::Invalid, self.error.message()).at(self.error.offset());
        if let Some(function) = self.function {
            error = error.in_function(function);
            error.place.name = parsed.names.get(&function).cloned();
        }
        error
    }
}

/// Whether switching one more proposal on gets validation past a failure.
fn needs(bytes: &[u8], features: &Features, feature: Feature, failure: &Failure) -> bool {
    if features.has(feature) {
        return false;
    }
    let mut more = features.clone();
    more.0.insert(feature);
    match check(bytes, &more) {
        Ok(()) => true,
        Err(next) => next.error.offset() > failure.error.offset(),
    }
}

fn check(bytes: &[u8], features: &Features) -> Result<(), Failure> {
    let in_module = |error| Failure { function: None, error };
    let features = wasm_features(features);
    let mut validator = Validator::new_with_features(features);
    // The encoding depends on them as well: without 64-bit memories, a limit has 32 bits.
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut bodies: Vec<(FuncToValidate<ValidatorResources>, FunctionBody<'_>)> = Vec::new();
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(in_module)?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(in_module)? {
            bodies.push((function, body));
        }
    }
    // `find_map_first` gives the failure of the lowest index, whichever thread finds one first.
    let failure =
        bodies.into_par_iter().map_init(FuncValidatorAllocations::default, |allocations, (function, body)| {
            let index = FuncIdx(function.index);
            let mut validator = function.into_validator(std::mem::take(allocations));
            let result = validator.validate(&body);
            *allocations = validator.into_allocations();
            result.err().map(|error| Failure { function: Some(index), error })
        });
    match failure.find_map_first(|failure| failure) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn wasm_features(features: &Features) -> WasmFeatures {
    let each = features.0.iter().map(|feature| match feature {
        Feature::MutableGlobals => WasmFeatures::MUTABLE_GLOBAL,
        Feature::SaturatingConversions => WasmFeatures::SATURATING_FLOAT_TO_INT,
        Feature::SignExtension => WasmFeatures::SIGN_EXTENSION,
        Feature::MultiValue => WasmFeatures::MULTI_VALUE,
        Feature::BulkMemory => WasmFeatures::BULK_MEMORY,
        Feature::ReferenceTypes => WasmFeatures::REFERENCE_TYPES,
        Feature::Simd => WasmFeatures::SIMD,
        Feature::RelaxedSimd => WasmFeatures::RELAXED_SIMD,
        Feature::MultiMemory => WasmFeatures::MULTI_MEMORY,
        Feature::TailCall => WasmFeatures::TAIL_CALL,
        Feature::ExtendedConst => WasmFeatures::EXTENDED_CONST,
        Feature::Threads => WasmFeatures::THREADS,
        Feature::Memory64 => WasmFeatures::MEMORY64,
        Feature::WideArithmetic => WasmFeatures::WIDE_ARITHMETIC,
        // Groups of types that refer to each other are validated with garbage collection only; what else comes with that is
        // not supported, and was refused when the declarations were decoded, or will be when functions are lowered.
        Feature::FunctionReferences => WasmFeatures::FUNCTION_REFERENCES.union(WasmFeatures::GC),
        Feature::Exceptions => WasmFeatures::EXCEPTIONS,
    });
    each.fold(WasmFeatures::MVP, WasmFeatures::union)
}
