//! The operators, by class (specification, section 2.4). A class has its own file with two lists of rows: how each operator is
//! translated (`rows!`), and the instructions that it is translated to, each with the function that runs it (`instructions!`).
//!
//! Both kinds of dispatch are exhaustive: an operator of a supported proposal, or an instruction, without a row does not compile.

/// Defines the instructions of a class: `SHAPE Name: function(arguments);`. The shape says what the function gets and gives (see
/// `run`). The list becomes a macro that hands it to the next class's, which adds its own; see `for_each_instruction`.
macro_rules! instructions {
    ($d:tt $name:ident: $($rows:tt)*) => {
        macro_rules! $name {
            ($d use:ident [$d($d done:tt)*] [$d next:ident $d($d more:ident)*]) => {
                $d next! { $d use [$d($d done)* $($rows)*] [$d($d more)*] }
            };
        }
    };
}

#[macro_use]
mod atomic;
#[macro_use]
mod bulk;
#[macro_use]
mod call;
#[macro_use]
mod control;
#[macro_use]
mod convert;
#[macro_use]
mod exception;
#[macro_use]
mod float;
#[macro_use]
mod int;
#[macro_use]
mod memory;
#[macro_use]
mod meter;
#[macro_use]
mod parametric;
#[macro_use]
mod reference;
#[macro_use]
mod simd;
#[macro_use]
mod table;
#[macro_use]
mod variable;
#[macro_use]
mod wide;

/// Gives the rows of all classes to a macro.
macro_rules! for_each_instruction {
    ($use:ident) => {
        control_instructions! {
            $use [] [
                call_instructions parametric_instructions variable_instructions int_instructions float_instructions
                convert_instructions memory_instructions bulk_instructions table_instructions reference_instructions
                simd_instructions wide_instructions exception_instructions atomic_instructions
                meter_instructions last_instructions
            ]
        }
    };
}

macro_rules! last_instructions {
    ($use:ident [$($rows:tt)*] []) => {
        $use! { $($rows)* }
    };
}

use crate::translate::{Error, Result, Translation};
pub(crate) use atomic::AtomicOp;
pub(crate) use exception::Handler;
pub(crate) use memory::Access;
pub(crate) use meter::Charge;
pub(crate) use simd::VectorOp;
use wasmparser::{VisitOperator, VisitSimdOperator};

/// Sends each operator to its row.
pub(crate) struct Dispatch<'t, 'm>(pub &'t mut Translation<'m>);

/// Defines rows: the operator (as wasmparser calls its visitor's method) with its immediates, and the call that translates it.
macro_rules! rows {
    ($($($visit:ident),+ $(($($imm:ident: $ty:ty),*))? => $translate:ident($($arg:expr),*);)*) => {
        impl $crate::translate::Translation<'_> {
            $($crate::ops::row!([$($visit)+] ($($($imm: $ty),*)?) $translate($($arg),*));)*
        }
    };
}
macro_rules! row {
    ([$visit:ident $($more:ident)*] ($($imm:ident: $ty:ty),*) $translate:ident($($arg:expr),*)) => {
        pub(in crate::ops) fn $visit(&mut self $(, $imm: $ty)*) -> $crate::translate::Result {
            self.$translate($($arg),*)
        }
        $crate::ops::row!([$($more)*] ($($imm: $ty),*) $translate($($arg),*));
    };
    ([] ($($imm:ident: $ty:ty),*) $translate:ident($($arg:expr),*)) => {};
}
use {row, rows};

// Loading refuses what is not supported.
macro_rules! dispatch {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {$(
        fn $visit(&mut self $($(, $arg: $ty)*)?) -> Result {
            abi::if_supported!($proposal self.0.$visit($($($arg),*)?), {
                $($(let _ = $arg;)*)?
                Err(Error::Unsupported(abi::operator_title!($proposal $op)))
            })
        }
    )*};
}

// The lifetime is called `'a` in the operators' own table.
impl<'a> VisitOperator<'a> for Dispatch<'_, '_> {
    type Output = Result;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Result>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(dispatch);
}

impl<'a> VisitSimdOperator<'a> for Dispatch<'_, '_> {
    wasmparser::for_each_visit_simd_operator!(dispatch);
}
