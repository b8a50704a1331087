//! Stage 2: validates a module and plans its units.
//!
//! In: the bytes of a module and its [`Parsed`] declarations. Out: a [`Plan`]. From here on every module is valid.
#![forbid(unsafe_code)]

mod units;

use abi::layout::Layout;
use abi::support::{self, Unsupported};
use abi::types::{DefinedFuncIdx, FuncIdx};
use artifact::{Error, Feature, Features, Kind, Options, Parsed, Plan, Stage, Unit};
use interface::{Body, Contents, Interface, Surroundings};
use rayon::prelude::*;
use std::collections::BTreeSet;
use wasmparser::{BinaryReaderError, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload};
use wasmparser::{Validator, ValidatorResources};

/// Validates a module, bodies in parallel, and plans its units.
///
/// # Errors
/// The first rule that the module breaks: of its declarations, else of the function with the lowest index. If a proposal that is
/// switched off would make it valid, the error names the switch.
pub fn validate(bytes: &[u8], parsed: &Parsed, options: &Options) -> Result<Plan, Error> {
    check(bytes, &options.features).map_err(|failure| {
        let larger = |features: &Features| check(bytes, features).map_err(|failure| failure.offset);
        let lacking = options.features.lacking(failure.offset, larger);
        let error = failure.into_error(parsed);
        match lacking {
            Some(feature) => {
                let message = format!("{} ({})", error.message, feature.hint());
                Error { kind: Kind::Unsupported, message, ..error }
            }
            None => error,
        }
    })?;
    plan(bytes, parsed, options)
}

/// Cuts a valid module into units, and finds out what each of them depends on.
fn plan(bytes: &[u8], parsed: &Parsed, options: &Options) -> Result<Plan, Error> {
    let module = &parsed.module;
    let functions = (0..module.bodies.len() as u32).into_par_iter().map(DefinedFuncIdx);
    let bodies: Vec<Result<Body, Error>> = functions.map(|function| Body::read(bytes, module, function)).collect();
    let bodies = bodies.into_iter().collect::<Result<Vec<_>, Error>>()?;
    let tail_callers = (0..).zip(&bodies).filter(|(_, body)| body.makes_tail_calls);
    let tail_callers: BTreeSet<FuncIdx> =
        tail_callers.map(|(function, _)| module.function(DefinedFuncIdx(function))).collect();
    let catches = bodies.iter().any(|body| body.catches);
    let changed_tables = bodies.iter().flat_map(|body| body.changed_tables.iter().copied()).collect();
    let layout = Layout::new(module);
    let surroundings =
        Surroundings { module, layout: &layout, tail_callers: &tail_callers, catches, changed_tables: &changed_tables };
    let units = units::cut(&bodies, options.unit_size).into_par_iter().map(|functions| {
        let own = &bodies[functions.start as usize..functions.end as usize];
        let copies = match options.level.inlines() {
            true => surroundings.copies(&functions, own, |function| &bodies[function.index()]),
            false => Vec::new(),
        };
        let contents = Contents { functions: functions.clone(), bodies: own, copies: &copies };
        let interface = Interface::new(&surroundings, &contents);
        let (key, callees) = (interface.key(&contents, options), interface.callees().collect());
        Unit { key, callees, copies: copies.into_iter().map(|(function, _)| function).collect(), functions }
    });
    let units = units.collect();
    let wrappers = Interface::of_wrappers(&surroundings).key(&Contents::default(), options);
    Ok(Plan {
        hash: parsed.hash.clone(),
        options: options.clone(),
        units,
        wrappers,
        tail_callers,
        catches,
        changed_tables,
    })
}

/// Where validation stopped.
struct Failure {
    function: Option<FuncIdx>,
    kind: Kind,
    message: String,
    offset: u64,
}

impl Failure {
    fn new(function: Option<FuncIdx>, error: &BinaryReaderError) -> Failure {
        Failure { function, kind: Kind::Invalid, message: error.message().to_string(), offset: error.offset() }
    }

    fn into_error(self, parsed: &Parsed) -> Error {
        let mut error = Error::new(Stage::Validate, self.kind, self.message).at(self.offset);
        if let Some(function) = self.function {
            error = error.in_function(function);
            error.place.name = parsed.names.get(&function).cloned();
        }
        error
    }
}

fn check(bytes: &[u8], features: &Features) -> Result<(), Failure> {
    let in_module = |error| Failure::new(None, &error);
    // With typed references, validation lets garbage collection pass as well.
    let more_is_valid = features.has(Feature::FunctionReferences);
    let features = features.wasm();
    let mut validator = Validator::new_with_features(features);
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
            let unsupported = if more_is_valid { support::check(&body) } else { Ok(None) };
            match result.and(unsupported) {
                Ok(None) => None,
                Ok(Some(Unsupported { what, offset })) => {
                    let message = format!("{what} is not supported");
                    Some(Failure { function: Some(index), kind: Kind::Unsupported, message, offset })
                }
                Err(error) => Some(Failure::new(Some(index), &error)),
            }
        });
    match failure.find_map_first(|failure| failure) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
