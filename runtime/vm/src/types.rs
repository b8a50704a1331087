//! Canonical type ids: equal types have equal ids throughout the process, so that native code compares types of functions from
//! different modules by one number.

use abi::types::FuncType;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

/// Every function type seen so far. Types are few and shared by all modules, so they stay until the process ends.
#[derive(Default)]
struct Interner {
    ids: HashMap<&'static FuncType, u32>,
    types: Vec<&'static FuncType>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

/// The canonical id of a type.
pub(crate) fn intern(ty: &FuncType) -> u32 {
    if let Some(&id) = INTERNER.read().unwrap_or_else(PoisonError::into_inner).ids.get(ty) {
        return id;
    }
    let mut interner = INTERNER.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(&id) = interner.ids.get(ty) {
        return id;
    }
    let id = u32::try_from(interner.types.len()).expect("a process uses fewer than 2^32 function types");
    let ty: &'static FuncType = Box::leak(Box::new(ty.clone()));
    interner.types.push(ty);
    interner.ids.insert(ty, id);
    id
}

/// The type with a canonical id.
pub(crate) fn lookup(id: u32) -> &'static FuncType {
    INTERNER.read().unwrap_or_else(PoisonError::into_inner).types[id as usize]
}
