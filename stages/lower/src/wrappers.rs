//! The wrappers between native code and the host ([`abi::signature`]), one pair for each distinct function type.

use crate::env::Env;
use crate::unit::{Form, Unit};
use abi::layout::Header;
use abi::libcall::Libcall;
use abi::signature::has_return_area;
use abi::symbol;
use abi::types::FuncType;
use std::collections::BTreeSet;

/// Makes the wrappers of every type of the module, in the order of the type section. Types that are the same to native code
/// share them.
pub(crate) fn lower(unit: &Unit<'_, '_>) {
    let mut seen = BTreeSet::new();
    for ty in unit.input.interface.types() {
        if seen.insert(symbol::entry(ty)) {
            entry(unit, ty);
            host(unit, ty);
        }
    }
}

fn entry(unit: &Unit<'_, '_>, ty: &FuncType) {
    let function = unit.c_function(&symbol::entry(ty), unit.types.entry());
    let [context, code, slots] = [0, 1, 2].map(|index| function.param(index));
    let env = Env::new(unit, function);
    let args = env.load_slots(&ty.params, slots);
    // A return area is laid out as the slots are, and the parameters have been read.
    let area = has_return_area(ty).then_some(slots);
    let call = env.call_code(Form::Native, ty, code, context, area, &args);
    if area.is_none() {
        env.store_slots(env.direct_results(ty, call), slots);
    }
    env.builder.ret_void();
    env.finish();
}

fn host(unit: &Unit<'_, '_>, ty: &FuncType) {
    // A host function's context is a header and no more.
    let function = unit.guest_function(&symbol::host(ty), ty, Form::Native, Header::SIZE);
    let mut env = Env::new(unit, function);
    let slots = env.slots(ty.slots());
    env.store_slots(env.params(ty, Form::Native), slots);
    env.libcall(Libcall::HostCall, &[slots]);
    let results = env.load_slots(&ty.results, slots);
    env.ret(ty, &results);
    env.finish();
}
