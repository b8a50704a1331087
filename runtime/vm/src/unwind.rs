//! The way of an exception through native code (specification, section 4.6.10.3).
//!
//! While guest code is suspended in a libcall, each of its frames is known: frame pointers form a chain, and the thunk has kept
//! the registers that functions preserve. From the innermost frame outwards, a call that has a landing pad catches; a function
//! that has none is left, which takes giving back the registers that it has saved (abi::container::Unwinding). The host's own
//! frames are never crossed: where guest code was entered, the search ends, and the call from the host gives an error.
//!
//! Only exceptions of the guest code's own store can be caught. One of another store, which a host function has let through,
//! could be freed while this store's code still refers to it; so it passes as a host's error does.
//!
//! Programs that throw often do so past the same calls again and again. Their store remembers what was found about calls
//! ([`Ways`]), so that a frame takes as little as a call does.

use crate::activation::{Landing, Runtime};
use crate::arch;
use crate::code::Code;
use crate::store::Data;
use std::array;
use std::num::NonZero;
use std::ptr;

/// Finds the landing pad where the exception at an address goes on that comes out of the libcall in which guest code is
/// suspended, and makes ready to go there. Gives whether there is one.
///
/// # Safety
/// Guest code of the runtime's store is suspended in a libcall that keeps registers, and that leaves next.
pub(crate) unsafe fn prepare_landing(runtime: *mut Runtime, exception: usize) -> bool {
    // SAFETY: the caller's promise. The runtime and its data live as long as the store, and nobody else uses what is borrowed
    // of them here. Words are read from the guest's stack only, above its guard, where native code has made frames as
    // `abi::container` says.
    unsafe {
        let data = &*(*runtime).data;
        if !data.exceptions.contains(exception) {
            return false;
        }
        let stack = &(*runtime).stack;
        let ways = &mut (*runtime).ways;
        let suspended = (*runtime).guest_sp;
        // Where the registers are kept as the frame's function had them. They are read when they all are known.
        let mut places: [usize; arch::SAVED.len()] =
            array::from_fn(|register| suspended + arch::SUSPENDED_REGISTERS + register * size_of::<usize>());
        let mut frame = suspended + arch::SUSPENDED_FRAME;
        while stack.holds(frame, 2) {
            let [outer, return_address] = *ptr::with_exposed_provenance::<[usize; 2]>(frame);
            match ways.out_of(return_address, data) {
                None => return false,
                Some(&Way::Caught { pad, pushed }) => {
                    if !places.iter().all(|&place| stack.holds(place, 1)) {
                        return false;
                    }
                    let registers = places.map(|place| *ptr::with_exposed_provenance(place));
                    let sp = frame + size_of::<[usize; 2]>() + pushed as usize;
                    (*runtime).landing = Landing { pc: pad, sp, fp: outer, exception, registers };
                    return true;
                }
                Some(Way::Passed { saved }) => {
                    if outer <= frame {
                        return false;
                    }
                    for (place, offset) in places.iter_mut().zip(saved) {
                        *place = offset.map_or(*place, |offset| outer.wrapping_add_signed(offset.get() as isize));
                    }
                    frame = outer;
                }
            }
        }
        false
    }
}

/// What becomes of an exception that comes out of a call.
#[derive(Clone, Copy)]
enum Way {
    /// It goes on at a landing pad of the caller, which had pushed so many bytes of arguments.
    Caught { pad: usize, pushed: u32 },
    /// It leaves the caller, which has saved registers (those of [`arch::SAVED`]) so many bytes from where its frame pointer
    /// points. Right there is another register, the frame pointer of its own caller.
    Passed { saved: [Option<NonZero<i32>>; arch::SAVED.len()] },
}

impl Way {
    /// As the tables of the code say in which the call is.
    fn find(code: &Code, call: usize) -> Way {
        if let Some((pad, pushed)) = code.landing_pad(call) {
            return Way::Caught { pad, pushed };
        }
        let mut saved = [None; arch::SAVED.len()];
        for save in code.saves(call) {
            if let Some(register) = arch::SAVED.iter().position(|&register| register == save.register) {
                saved[register] = NonZero::new(save.offset);
            }
        }
        Way::Passed { saved }
    }
}

/// What is known about the calls of a store's native code that exceptions came out of. No instance leaves a store before the
/// store goes, so what was true of a call remains true.
#[derive(Default)]
pub(crate) struct Ways {
    /// By a hash of the return address, which stands beside; zero if there is none. Of calls with the same hash the last one is
    /// known. Empty as long as nothing was thrown.
    known: Box<[(usize, Way)]>,
}

impl Ways {
    const BITS: u32 = 10;

    /// The way out of the call that returns to an address; none if it is not one of native code.
    #[inline]
    fn out_of(&mut self, return_address: usize, data: &Data) -> Option<&Way> {
        let place = Ways::place(return_address);
        if self.known.get(place).is_none_or(|&(known, _)| known != return_address) {
            self.learn(return_address, data)?;
        }
        Some(&self.known[place].1)
    }

    /// Makes the way out of a call known.
    #[cold]
    fn learn(&mut self, return_address: usize, data: &Data) -> Option<()> {
        // What follows a call that does not return may be of another function.
        let call = return_address.checked_sub(1)?;
        let mut codes = data.instances.iter().filter_map(|instance| instance.module().code());
        let way = Way::find(codes.find(|code| code.contains(call))?, call);
        if self.known.is_empty() {
            self.known = vec![(0, Way::Passed { saved: [None; arch::SAVED.len()] }); 1 << Ways::BITS].into();
        }
        self.known[Ways::place(return_address)] = (return_address, way);
        Some(())
    }

    /// The upper bits of a product depend on all bits of the address.
    fn place(return_address: usize) -> usize {
        ((return_address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - Ways::BITS)) as usize
    }
}
