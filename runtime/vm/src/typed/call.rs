//! Calls with types that were compared before.

use super::list::WasmList;
use crate::store::Store;
use crate::trap::Trap;
use crate::value::{Func, Slot};
use abi::types::FuncType;
use std::fmt;
use std::marker::PhantomData;

/// A function whose type is known to Rust: `TypedFunc<(i32, i32), i64>` takes two 32-bit integers and gives a 64-bit one.
///
/// A small copy that is good for one store; using it with another one panics. [`Instance::typed_func`](crate::Instance::typed_func)
/// and [`Func::typed`] make one.
pub struct TypedFunc<Params, Results> {
    func: Func,
    /// It takes and gives these, and holds none.
    types: PhantomData<fn(Params) -> Results>,
}

/// Why a function cannot be called with the types that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypedFuncError {
    /// The instance has no such export.
    #[error("nothing is exported as `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The export is something else.
    #[error("`{name}` is a {found}, not a function")]
    NotAFunction {
        /// The name.
        name: String,
        /// What it is.
        found: &'static str,
    },
    /// The function takes or gives something else.
    #[error("{} is of type {found}, not {expected}", name.as_ref().map_or("the function".to_string(), |name| format!("`{name}`")))]
    Signature {
        /// The name that the function is exported by, if it was looked up by name.
        name: Option<String>,
        /// The type that was asked for.
        expected: FuncType,
        /// The function's type.
        found: FuncType,
    },
}

impl Func {
    /// The function with its type known to Rust.
    ///
    /// # Errors
    /// If it is of another type.
    pub fn typed<Params: WasmList, Results: WasmList>(
        self,
        store: &Store,
    ) -> Result<TypedFunc<Params, Results>, TypedFuncError> {
        let found = store.func_type(self);
        let expected = FuncType::new(Params::types(), Results::types());
        // A reference that the function gives may be of a subtype: all of them are one type to Rust.
        let results_match = found.results.len() == expected.results.len()
            && found.results.iter().zip(&expected.results).all(|(found, expected)| found.matches(*expected));
        if found.params != expected.params || !results_match {
            return Err(TypedFuncError::Signature { name: None, expected, found: found.clone() });
        }
        Ok(TypedFunc { func: self, types: PhantomData })
    }
}

impl<Params: WasmList, Results: WasmList> TypedFunc<Params, Results> {
    /// Calls the function.
    ///
    /// # Errors
    /// If it traps, or a host function fails.
    ///
    /// # Panics
    /// If the function, or a reference among the arguments, is of another store. A panic of a host function goes on here.
    pub fn call(&self, store: &mut Store, params: Params) -> Result<Results, Trap> {
        // The larger list: results take the place of parameters.
        if Params::COUNT >= Results::COUNT {
            self.call_in::<Params::Slots>(store, params)
        } else {
            self.call_in::<Results::Slots>(store, params)
        }
    }

    fn call_in<Slots: AsMut<[Slot]> + Default>(&self, store: &mut Store, params: Params) -> Result<Results, Trap> {
        let mut slots = Slots::default();
        let slots = slots.as_mut();
        params.lower(store, slots);
        let record = store.data().record(self.func);
        // SAFETY: the record is of this store and lives as long. `Func::typed` saw to it that the function takes what was put
        // into the slots, and there is one for each value that it takes or gives.
        unsafe { store.call_slots(record, slots)? };
        // A host function may have put another store in this one's place, which knows nothing of references of this one.
        store.data().check(self.func.store);
        Ok(Results::lift(store, slots))
    }
}

impl<Params, Results> TypedFunc<Params, Results> {
    /// The function.
    pub fn func(&self) -> Func {
        self.func
    }
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedFunc").field("func", &self.func).finish_non_exhaustive()
    }
}
