//! WASI preview 1 as host functions.

use crate::linker::Linker;
use abi::types::{FuncType, ValType};
use std::sync::{Arc, Mutex};
use vm::{Caller, HostError, Slot};
use wasi::{Context, FUNCTIONS, MODULE, Ty};

/// A guest that calls WASI must export its memory under this name.
const MEMORY: &str = "memory";

/// Defines all of WASI preview 1 for one program. When the program calls `proc_exit`, the call that runs it fails with
/// [`wasi::Exit`] as the host's error. The calls of a program whose memory is shared fail.
pub fn add_wasi(linker: &mut Linker, context: Context) {
    let context = Arc::new(Mutex::new(context));
    for function in FUNCTIONS {
        let types = |list: &[Ty]| -> Vec<ValType> { list.iter().map(|&ty| val_type(ty)).collect() };
        let ty = FuncType::new(types(function.params), types(function.results));
        let context = context.clone();
        linker.func_new(MODULE, function.name, ty, move |caller, slots| {
            let mut context = context.lock().map_err(|_| "WASI failed in an earlier call")?;
            call(function, &mut context, caller, slots)
        });
    }
}

fn call(
    function: &wasi::Function,
    context: &mut Context,
    caller: &mut Caller<'_>,
    slots: &mut [Slot],
) -> Result<(), HostError> {
    let memory = caller.memory(MEMORY).ok_or("the caller of a WASI function must export its memory as `memory`")?;
    // The widest call has nine parameters.
    let mut args = [0; 16];
    for ((arg, slot), &ty) in args.iter_mut().zip(&*slots).zip(function.params) {
        *arg = match ty {
            Ty::I32 => slot.i32() as u32 as u64,
            Ty::I64 => slot.i64() as u64,
        };
    }
    let args = &args[..function.params.len()];
    // WASI's functions work on a slice, which a shared memory cannot lend; a copy of all of it for each call would hide the writes
    // of other threads.
    let bytes = caller.store().memory_data_mut(memory);
    let bytes = bytes.ok_or("the caller of a WASI function must not export a shared memory as `memory`")?;
    let result = (function.call)(context, bytes, args)?;
    for (slot, &ty) in slots.iter_mut().zip(function.results) {
        match ty {
            Ty::I32 => slot.set_i32(result as i32),
            Ty::I64 => slot.set_i64(result as i64),
        }
    }
    Ok(())
}

fn val_type(ty: Ty) -> ValType {
    match ty {
        Ty::I32 => ValType::I32,
        Ty::I64 => ValType::I64,
    }
}
