//! The operators, by class (specification, section 2.4). A class has its own file with a row for each operator, which says how
//! it is lowered, and the functions that the rows name.
//!
//! Dispatch is exhaustive: an operator of a supported proposal without a row does not compile.

mod atomic;
mod bulk;
mod call;
mod control;
mod convert;
mod exception;
mod float;
mod int;
mod memory;
mod parametric;
mod reference;
mod simd;
mod table;
mod variable;
mod wide;

use crate::function::{Lowering, Result};
use wasmparser::{VisitOperator, VisitSimdOperator};

/// Sends each operator to its row.
pub(crate) struct Dispatch<'l, 'a, 'c>(pub &'l mut Lowering<'a, 'c>);

/// Defines rows: the operator (as wasmparser calls its visitor's method) with its immediates, and the call that lowers it.
macro_rules! rows {
    ($($($visit:ident),+ $(($($imm:ident: $ty:ty),*))? => $lower:ident($($arg:expr),*);)*) => {
        impl<'c> $crate::function::Lowering<'_, 'c> {
            $($crate::ops::row!([$($visit)+] ($($($imm: $ty),*)?) $lower($($arg),*));)*
        }
    };
}
macro_rules! row {
    ([$visit:ident $($more:ident)*] ($($imm:ident: $ty:ty),*) $lower:ident($($arg:expr),*)) => {
        pub(in crate::ops) fn $visit(&mut self $(, $imm: $ty)*) -> $crate::function::Result {
            self.$lower($($arg),*)
        }
        $crate::ops::row!([$($more)*] ($($imm: $ty),*) $lower($($arg),*));
    };
    ([] ($($imm:ident: $ty:ty),*) $lower:ident($($arg:expr),*)) => {};
}
use {row, rows};

macro_rules! dispatch {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {$(
        fn $visit(&mut self $($(, $arg: $ty)*)?) -> Result {
            abi::if_supported!($proposal self.0.$visit($($($arg),*)?), {
                $($(let _ = $arg;)*)?
                Err(self.0.unsupported(abi::operator_title!($proposal $op)))
            })
        }
    )*};
}

// The lifetime is called `'a` in the operators' own table.
impl<'a> VisitOperator<'a> for Dispatch<'_, '_, '_> {
    type Output = Result;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Result>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(dispatch);
}

impl<'a> VisitSimdOperator<'a> for Dispatch<'_, '_, '_> {
    wasmparser::for_each_visit_simd_operator!(dispatch);
}
