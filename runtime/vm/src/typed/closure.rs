//! Closures as host functions.

use super::list::{List, for_each_arity};
use super::value::Typed;
use crate::caller::Caller;
use crate::func::HostFn;
use crate::trap::HostError;
use abi::types::FuncType;

/// A closure that can be a host function: up to sixteen parameters ([`WasmTy`](crate::WasmTy)), before them a
/// [`&mut Caller<'_>`](Caller) if it wants to know who calls and reach the store, and [`HostResults`].
///
/// `Params` and `Results` are inferred; the closure's parameters need their types written out.
pub trait IntoHostFunc<Params, Results>: Closure<Params, Results> {}

impl<Params, Results, F: Closure<Params, Results>> IntoHostFunc<Params, Results> for F {}

/// What such closures can do. Out of reach for other crates, so that there are no others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a host function",
    note = "it must be `Fn + Send + Sync + 'static`, take up to sixteen values, before them `&mut Caller<'_>` if it likes, and give \
            `()`, one value, a tuple of values, or a `Result` of these"
)]
pub trait Closure<Params, Results> {
    /// The type, and the function that finds its arguments in slots.
    fn into_host_fn(self) -> (FuncType, HostFn);
}

/// Marks the closures whose first parameter is the caller. No value exists.
#[derive(Debug)]
pub enum WithCaller {}

/// What a closure may give: `()`, one value ([`WasmTy`](crate::WasmTy)), a tuple of values, or a `Result` of one of these. Its
/// error reaches whoever called the guest ([`TrapReason::Host`](crate::TrapReason::Host)); a [`Trap`](crate::Trap) or a
/// [`TrapCode`](abi::trap::TrapCode) stays that trap.
pub trait HostResults: Outcome {}

impl<T: Outcome> HostResults for T {}

/// What such results can do. Out of reach for other crates, so that there are no others.
#[diagnostic::on_unimplemented(
    message = "a host function cannot give `{Self}`",
    note = "it gives `()`, one value, a tuple of up to sixteen, or a `Result` of these"
)]
pub trait Outcome {
    /// The results if nothing fails.
    type Values: List;

    /// The results, or why there are none.
    fn into_result(self) -> Result<Self::Values, HostError>;
}

impl<T: List> Outcome for T {
    type Values = T;

    fn into_result(self) -> Result<T, HostError> {
        Ok(self)
    }
}

impl<T: List, E: Into<HostError>> Outcome for Result<T, E> {
    type Values = T;

    fn into_result(self) -> Result<T, HostError> {
        self.map_err(E::into)
    }
}

macro_rules! closures {
    ($($count:literal: $($name:ident $index:tt)*;)*) => {$(
        impl<F, $($name,)* R> Closure<($($name,)*), R> for F
        where
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            $($name: Typed,)*
            R: Outcome,
        {
            fn into_host_fn(self) -> (FuncType, HostFn) {
                let ty = FuncType::new(<($($name,)*)>::types(), R::Values::types());
                let function: HostFn = Box::new(move |caller, slots| {
                    let _params = <($($name,)*)>::lift(caller, slots);
                    let results = self($(_params.$index),*).into_result()?;
                    results.lower(caller, slots);
                    Ok(())
                });
                (ty, function)
            }
        }

        impl<F, $($name,)* R> Closure<(WithCaller, $($name,)*), R> for F
        where
            F: Fn(&mut Caller<'_>, $($name),*) -> R + Send + Sync + 'static,
            $($name: Typed,)*
            R: Outcome,
        {
            fn into_host_fn(self) -> (FuncType, HostFn) {
                let ty = FuncType::new(<($($name,)*)>::types(), R::Values::types());
                let function: HostFn = Box::new(move |caller, slots| {
                    let _params = <($($name,)*)>::lift(caller, slots);
                    let results = self(caller, $(_params.$index),*).into_result()?;
                    results.lower(caller, slots);
                    Ok(())
                });
                (ty, function)
            }
        }
    )*};
}

closures! { 0: ; }
for_each_arity!(closures);
