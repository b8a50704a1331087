//! The way of an exception through native code (specification, section 4.6.10.3).
//!
//! While guest code is suspended in a libcall, each of its frames is known: frame pointers form a chain, and the thunk has kept
//! the registers that functions preserve. From the innermost frame outwards, a call that has a landing pad catches; a function
//! that has none is left, which takes giving back the registers that it has saved (abi::container::Unwinding). The host's own
//! frames are never crossed: where guest code was entered, the search ends, and the call from the host gives an error.
//!
//! Only exceptions of the guest code's own store can be caught. One of another store, which a host function has let through,
//! could be freed while this store's code still refers to it; so it passes as a host's error does.

use crate::activation::{Landing, Runtime};
use crate::arch;
use crate::code::Code;
use crate::exception::Exception;
use crate::store::Data;
use std::ptr;

/// Finds the landing pad where an exception goes on that comes out of the libcall in which guest code is suspended, and makes
/// ready to go there. Gives whether there is one.
///
/// # Safety
/// Guest code of the runtime's store is suspended in a libcall that keeps registers, and that leaves next.
pub(crate) unsafe fn prepare_landing(runtime: *mut Runtime, exception: &Exception) -> bool {
    // SAFETY: the caller's promise. The runtime and its data live as long as the store. Words are read from the guest's stack
    // only, above its guard, where native code has made frames as `abi::container` says.
    unsafe {
        let data = &*(*runtime).data;
        if !data.exceptions.contains(exception.address()) {
            return false;
        }
        let stack = &(*runtime).stack;
        let mut registers = *ptr::with_exposed_provenance::<[usize; arch::SAVED.len()]>(
            (*runtime).guest_sp + arch::SUSPENDED_REGISTERS,
        );
        let mut frame = (*runtime).guest_sp + arch::SUSPENDED_FRAME;
        while stack.holds(frame, 2) {
            let [outer, return_address] = *ptr::with_exposed_provenance::<[usize; 2]>(frame);
            let call = return_address.wrapping_sub(1);
            let Some(code) = code_at(data, call) else { return false };
            if let Some((pad, pushed)) = code.landing_pad(call) {
                let sp = frame + size_of::<[usize; 2]>() + pushed;
                (*runtime).landing = Landing { pc: pad, sp, fp: outer, exception: exception.address(), registers };
                return true;
            }
            if !stack.holds(outer, 2) || outer <= frame {
                return false;
            }
            for save in code.saves(call) {
                let register = arch::SAVED.iter().position(|&register| register == save.register);
                let at = outer.wrapping_add_signed(save.offset as isize);
                if let Some(register) = register
                    && stack.holds(at, 1)
                {
                    registers[register] = *ptr::with_exposed_provenance(at);
                }
            }
            frame = outer;
        }
        false
    }
}

/// The native code that an address lies in.
fn code_at(data: &Data, pc: usize) -> Option<&Code> {
    let codes = data.instances.iter().filter_map(|instance| instance.module().code());
    codes.into_iter().find(|code| code.contains(pc))
}
