//! Canonical type ids: equal types have equal ids throughout the process, so that native code compares types of functions from
//! different modules by one number.
//!
//! Types may refer to each other. Those that can do so in a circle stand in one group, and two groups are equal if they are
//! when each reference within the group is named by its place there, and each to the outside by its canonical id (specification,
//! section 3.1.4: rolling up). In the types that are kept here every index is a canonical id.

use abi::module::Module;
use abi::types::{FuncType, TypeIdx, ValType};
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

/// Marks an index that names a type by its place in its own group. Ids stay below.
const IN_GROUP: u32 = 1 << 31;

/// Every function type seen so far. Types are few and shared by all modules, so they stay until the process ends.
#[derive(Default)]
struct Interner {
    /// By group: the id of its first type; the others follow.
    groups: HashMap<Vec<FuncType>, u32>,
    types: Vec<&'static FuncType>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

/// The canonical id of a type whose indices are canonical ids.
pub(crate) fn intern(ty: &FuncType) -> u32 {
    intern_group(vec![ty.clone()])
}

/// The canonical ids of a module's types.
pub(crate) fn intern_all(module: &Module) -> Vec<u32> {
    let mut ids: Vec<u32> = Vec::with_capacity(module.types.len());
    for group in module.type_groups() {
        let relative = |index: TypeIdx| match index.0.checked_sub(group.start) {
            Some(place) => TypeIdx(IN_GROUP | place),
            None => TypeIdx(ids[index.index()]),
        };
        let types = &module.types[group.start as usize..group.end as usize];
        let first = intern_group(types.iter().map(|ty| map(ty, relative)).collect());
        ids.extend(first..first + group.len() as u32);
    }
    ids
}

fn map(ty: &FuncType, index: impl Fn(TypeIdx) -> TypeIdx) -> FuncType {
    let all = |types: &[ValType]| types.iter().map(|ty| ty.map_index(&index)).collect::<Vec<_>>();
    FuncType::new(all(&ty.params), all(&ty.results))
}

fn intern_group(group: Vec<FuncType>) -> u32 {
    if let Some(&first) = INTERNER.read().unwrap_or_else(PoisonError::into_inner).groups.get(&group) {
        return first;
    }
    let mut interner = INTERNER.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(&first) = interner.groups.get(&group) {
        return first;
    }
    let first = u32::try_from(interner.types.len()).ok().filter(|&first| first < IN_GROUP - group.len() as u32);
    let first = first.expect("a process uses fewer than 2^31 function types");
    let absolute = |index: TypeIdx| match index.0 & IN_GROUP {
        0 => index,
        _ => TypeIdx(first + (index.0 & !IN_GROUP)),
    };
    for ty in &group {
        interner.types.push(Box::leak(Box::new(map(ty, absolute))));
    }
    interner.groups.insert(group, first);
    first
}

/// The type with a canonical id.
pub(crate) fn lookup(id: u32) -> &'static FuncType {
    INTERNER.read().unwrap_or_else(PoisonError::into_inner).types[id as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::types::{HeapType, RefType};
    use std::ops::Range;

    fn to(index: u32) -> ValType {
        ValType::Ref(RefType { nullable: false, heap: HeapType::Defined(TypeIdx(index)) })
    }

    fn module(types: &[ValType], groups: impl Into<Vec<Range<u32>>>) -> Module {
        let types = types.iter().map(|&param| FuncType::new([param], [])).collect();
        Module { types, recursive_types: groups.into(), ..Module::default() }
    }

    #[test]
    fn equal_groups_have_equal_ids_wherever_they_stand() {
        // A type that refers to itself; the same again; one that refers to the first.
        let ids = intern_all(&module(&[to(0), to(1), to(0)], []));
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], ids[2]);
        assert_eq!(lookup(ids[0]).params, [to(ids[0])]);
        // Behind another type, with other indices.
        let later = intern_all(&module(&[ValType::I64, to(1), to(1)], []));
        assert_eq!(later[1..], [ids[0], ids[2]]);
    }

    #[test]
    fn a_circle_of_two_is_not_a_circle_of_one() {
        let one = intern_all(&module(&[to(0)], []));
        let two = intern_all(&module(&[to(1), to(0)], std::iter::once(0..2).collect::<Vec<_>>()));
        let again = intern_all(&module(&[ValType::I64, to(2), to(1)], std::iter::once(1..3).collect::<Vec<_>>()));
        assert_eq!(again[1..], two);
        assert!(!two.contains(&one[0]) && two[0] != two[1]);
    }
}
