//! The proposals whose operators are supported, by compiler and interpreter alike.
//!
//! Validation refuses the others, but for one thing: where typed function references are on, it has to let garbage collection
//! pass as well, since groups of types that refer to each other are a part of that to it. [`check`] refuses what is left.

use crate::types::ValType;
use wasmparser::{BinaryReaderError, FunctionBody, VisitOperator, VisitSimdOperator};

/// Expands to the first expression for an operator of a supported proposal, which is called as in wasmparser's table, else to
/// the second.
#[macro_export]
macro_rules! if_supported {
    (mvp $then:expr, $otherwise:expr) => {
        $then
    };
    (sign_extension $then:expr, $otherwise:expr) => {
        $then
    };
    (saturating_float_to_int $then:expr, $otherwise:expr) => {
        $then
    };
    (bulk_memory $then:expr, $otherwise:expr) => {
        $then
    };
    (reference_types $then:expr, $otherwise:expr) => {
        $then
    };
    (tail_call $then:expr, $otherwise:expr) => {
        $then
    };
    (threads $then:expr, $otherwise:expr) => {
        $then
    };
    (simd $then:expr, $otherwise:expr) => {
        $then
    };
    (relaxed_simd $then:expr, $otherwise:expr) => {
        $then
    };
    (wide_arithmetic $then:expr, $otherwise:expr) => {
        $then
    };
    (function_references $then:expr, $otherwise:expr) => {
        $then
    };
    (exceptions $then:expr, $otherwise:expr) => {
        $then
    };
    ($other:ident $then:expr, $otherwise:expr) => {
        $otherwise
    };
}

/// What an operator is called where it is refused.
#[macro_export]
macro_rules! operator_title {
    ($proposal:ident $op:ident) => {
        concat!("operator ", stringify!($op), " (", stringify!($proposal), ")")
    };
}

/// What is not supported, and where, in bytes from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// What it is.
    pub what: String,
    /// Where it stands.
    pub offset: u64,
}

/// Looks for locals and operators in a body that are not supported.
///
/// # Errors
/// If the body is malformed.
pub fn check(body: &FunctionBody<'_>) -> Result<Option<Unsupported>, BinaryReaderError> {
    let mut locals = body.get_locals_reader()?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position();
        let (_, ty) = locals.read()?;
        if ValType::from_wasm(ty).is_none() {
            return Ok(Some(Unsupported { what: format!("type {ty}"), offset }));
        }
    }
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let offset = operators.original_position();
        if let Err(what) = operators.visit_operator(&mut Support)? {
            return Ok(Some(Unsupported { what: what.to_string(), offset }));
        }
    }
    Ok(None)
}

/// Tells of each operator whether it is supported; else what it is.
struct Support;

macro_rules! supported {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {$(
        fn $visit(&mut self $($(, $arg: $ty)*)?) -> Result<(), &'static str> {
            $($(let _ = $arg;)*)?
            if_supported!($proposal Ok(()), Err(operator_title!($proposal $op)))
        }
    )*};
}

// The lifetime is called `'a` in the operators' own table.
impl<'a> VisitOperator<'a> for Support {
    type Output = Result<(), &'static str>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(supported);
}

impl<'a> VisitSimdOperator<'a> for Support {
    wasmparser::for_each_visit_simd_operator!(supported);
}
