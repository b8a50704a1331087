//! WASI preview 1 as host functions.

use crate::linker::Linker;
use abi::layout::PAGE_SIZE;
use abi::trap::TrapCode;
use abi::types::{FuncType, ValType};
use std::sync::Arc;
use vm::{Caller, HostError, HostFunc, SharedMemory, Slot, Trap};
use wasi::{Context, End, FUNCTIONS, MODULE, Ty};

/// A guest that calls WASI must export its memory under this name.
const MEMORY: &str = "memory";

/// Defines all of WASI preview 1 for one program. When the program calls `proc_exit`, the call that runs it fails with
/// [`wasi::Exit`] as the host's error; when its [`wasi::Interrupt`] is raised, the next call of WASI, or the one that waits,
/// traps with [`TrapCode::Interrupted`]. The program's memory may be shared: then the bytes of each call are copied, and one
/// call transfers a megabyte at most. Stores whose linkers are clones of this one, on threads of their own, share the program's
/// descriptors; no call waits for one of another thread's. `proc_exit` ends the call that makes it, not those of other threads: an
/// interrupt does.
pub fn add_wasi(linker: &mut Linker, context: Context) {
    let context = Arc::new(context);
    let mut last = "";
    for function in FUNCTIONS {
        let types = |list: &[Ty]| -> Vec<ValType> { list.iter().map(|&ty| val_type(ty)).collect() };
        let ty = FuncType::new(types(function.params), types(function.results));
        let context = context.clone();
        let run = move |caller: &mut Caller<'_>, slots: &mut [Slot]| call(function, &context, caller, slots);
        let host = HostFunc::new(&ty, function.name, Box::new(run));
        // Functions of one name follow each other.
        match function.name == last {
            true => linker.define_overload(MODULE, host),
            false => drop(linker.define_host_func(MODULE, &host)),
        }
        last = function.name;
    }
}

fn call(
    function: &wasi::Function,
    context: &Context,
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
    let store = caller.store();
    let result = match store.shared_memory(memory) {
        Some(shared) => (function.call)(context, &mut wasi::Memory::shared(&Shared(shared)), args),
        None => {
            let bytes = store.memory_data_mut(memory).ok_or("a memory that is not shared can be borrowed")?;
            (function.call)(context, &mut wasi::Memory::new(bytes), args)
        }
    };
    let result = match result {
        Ok(result) => result,
        Err(End::Exit(exit)) => return Err(exit.into()),
        Err(End::Interrupted) => return Err(Trap::from(TrapCode::Interrupted).into()),
    };
    for (slot, &ty) in slots.iter_mut().zip(function.results) {
        match ty {
            Ty::I32 => slot.set_i32(result as i32),
            Ty::I64 => slot.set_i64(result as i64),
        }
    }
    Ok(())
}

/// A memory that other threads use, too.
struct Shared(SharedMemory);

/// WASI has checked the bounds, and memories only grow.
const IN_BOUNDS: &str = "the bytes lie in the memory";

impl wasi::SharedBytes for Shared {
    fn size(&self) -> u64 {
        self.0.size() * PAGE_SIZE
    }

    fn read(&self, address: u64, bytes: &mut [u8]) {
        self.0.read(address, bytes).expect(IN_BOUNDS);
    }

    fn write(&self, address: u64, bytes: &[u8]) {
        self.0.write(address, bytes).expect(IN_BOUNDS);
    }
}

fn val_type(ty: Ty) -> ValType {
    match ty {
        Ty::I32 => ValType::I32,
        Ty::I64 => ValType::I64,
    }
}
