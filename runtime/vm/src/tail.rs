//! Tail calls that lead from one function to another where at least one of them is not native code.
//!
//! Nothing of the caller may be left while the callee runs, so that a chain of tail calls takes no stack, whatever its members
//! are. What must be done is done by whoever started the caller:
//!
//! - An interpreted function that ends with a tail call returns to its caller here and says which ([`TailCall`]). The callee
//!   then runs at the same depth, if it is not native; and so on, until one returns ([`follow`]).
//! - If the callee is native, it is entered from that depth. If it makes tail calls, the function here that entered it is left
//!   on the stack while the chain goes on: once, since what follows goes the next way.
//! - Native code that tail calls a function that is not native jumps to the one tail function that all of these have
//!   ([`enter`]). It has the arguments where every tail function has them ([`abi::signature`]), runs the function, and returns
//!   its results to the caller of the native code; or, if in the end a native tail function is to be called, puts its arguments
//!   there and jumps to it.

use crate::activation::{self, Binding, Target};
use crate::arch;
use crate::func::{binding, bound_type, call_bound};
use crate::libcalls::{Outcome, outcome};
use crate::store::Store;
use crate::trap::Trap;
use crate::types;
use crate::value::Slot;
use abi::layout::{FuncRecord, Header};
use abi::signature::{TAIL_INTEGER_REGISTERS, TAIL_VECTOR_REGISTERS, TailPlace, has_return_area, tail_places};
use abi::types::{FuncType, Hierarchy, ValType};
use std::fmt;
use std::ptr::{self, NonNull};

/// A tail call that an interpreted function ends with ([`crate::Guest::tail_call`]).
pub struct TailCall {
    record: NonNull<FuncRecord>,
    /// As many as the function's type has at least, with its parameters.
    slots: Vec<Slot>,
}

impl TailCall {
    pub(crate) fn new(record: NonNull<FuncRecord>, slots: Vec<Slot>) -> TailCall {
        TailCall { record, slots }
    }

    /// The type of the function.
    ///
    /// # Safety
    /// The record is one of a living store.
    pub(crate) unsafe fn ty(&self) -> &'static FuncType {
        // SAFETY: the caller's promise.
        types::lookup(unsafe { self.record.as_ref().type_id })
    }
}

impl fmt::Debug for TailCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TailCall").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// How far tail calls were followed.
enum Followed {
    /// A function has returned; the first slots are its results.
    Returned(Vec<Slot>),
    /// Native code is to be called.
    Native(TailCall),
}

/// Carries out tail calls until a function returns or is native.
///
/// # Safety
/// As for [`call_bound`]; the tail call is one of a function of the store.
unsafe fn follow(store: *mut Store, mut tail_call: TailCall) -> Result<Followed, Trap> {
    loop {
        // SAFETY: the caller's promise; the slots are as many as the type has, and records live as long as the store.
        let next = unsafe {
            match binding(tail_call.record.as_ref().context) {
                None => return Ok(Followed::Native(tail_call)),
                Some(binding) => {
                    keep_exceptions(binding, tail_call.ty(), &tail_call.slots);
                    call_bound(store, binding, tail_call.slots.as_mut_ptr())?
                }
            }
        };
        match next {
            None => return Ok(Followed::Returned(tail_call.slots)),
            Some(next) => tail_call = next,
        }
    }
}

/// Keeps exceptions that a host function is passed: its caller is gone, so that guest code may hold no reference to them.
///
/// # Safety
/// The binding is a function's of a living store, whose data nobody borrows; the slots hold parameters of the type.
unsafe fn keep_exceptions(binding: *const Binding, ty: &FuncType, slots: &[Slot]) {
    // SAFETY: the caller's promise.
    let (target, data) = unsafe { ((*binding).target, &*(*(*binding).runtime).data) };
    match target {
        Target::Host(_) => {}
        Target::Interpreted(_) | Target::Instance => return,
    }
    for (ty, slot) in ty.params.iter().zip(slots) {
        if ty.reference().is_some_and(|ty| ty.hierarchy() == Hierarchy::Exn) {
            data.exceptions.hold(slot.word().addr());
        }
    }
}

/// Enters native code with which a chain of tail calls goes on. Gives its results, in the first slots.
///
/// # Safety
/// As for [`follow`].
unsafe fn enter_native(store: *mut Store, TailCall { record, mut slots }: TailCall) -> Result<Vec<Slot>, Trap> {
    // SAFETY: the caller's promise.
    unsafe { activation::invoke(store, record, slots.as_mut_ptr())? };
    Ok(slots)
}

/// Calls a function that is not native, with its arguments in slots, where it leaves its results. The tail calls with which it
/// ends are carried out.
///
/// # Safety
/// As for [`call_bound`].
pub(crate) unsafe fn call(store: *mut Store, binding: *const Binding, slots: *mut Slot) -> Result<(), Trap> {
    // SAFETY: the caller's promise. The results are of the same number and types, whoever gives them.
    unsafe {
        let Some(tail_call) = call_bound(store, binding, slots)? else { return Ok(()) };
        let count = tail_call.ty().results.len();
        let results = match follow(store, tail_call)? {
            Followed::Returned(slots) => slots,
            Followed::Native(tail_call) => enter_native(store, tail_call)?,
        };
        slots.copy_from_nonoverlapping(results[..count].as_ptr(), count);
    }
    Ok(())
}

/// The registers in which a tail function finds parameters, and its caller results. The first integer is the context; the
/// results pointer follows, if there is one. A multiple of 16 bytes: stacks stay aligned.
#[repr(C)]
pub(crate) struct Registers {
    integers: [u64; TAIL_INTEGER_REGISTERS],
    vectors: [Slot; TAIL_VECTOR_REGISTERS],
}

/// A kind of registers.
#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Vector,
}

fn kind(ty: ValType) -> Kind {
    match ty {
        ValType::I32 | ValType::I64 | ValType::Ref(_) => Kind::Integer,
        ValType::F32 | ValType::F64 | ValType::V128 => Kind::Vector,
    }
}

/// Goes through registers in the order in which values take them.
struct Cursor<'r> {
    registers: &'r mut Registers,
    integers: usize,
    vectors: usize,
}

impl Cursor<'_> {
    fn get(&mut self, ty: ValType) -> Slot {
        match kind(ty) {
            Kind::Integer => {
                let mut slot = Slot::ZERO;
                slot.set_u64(self.registers.integers[self.integers]);
                self.integers += 1;
                slot
            }
            Kind::Vector => {
                self.vectors += 1;
                self.registers.vectors[self.vectors - 1]
            }
        }
    }

    fn set(&mut self, ty: ValType, slot: Slot) {
        match kind(ty) {
            Kind::Integer => {
                self.registers.integers[self.integers] = slot.u64();
                self.integers += 1;
            }
            Kind::Vector => {
                self.registers.vectors[self.vectors] = slot;
                self.vectors += 1;
            }
        }
    }
}

impl Registers {
    fn parameters(&mut self, ty: &FuncType) -> Cursor<'_> {
        Cursor { registers: self, integers: 1 + usize::from(has_return_area(ty)), vectors: 0 }
    }

    /// Collects the parameters of a tail function.
    fn load(&mut self, ty: &FuncType, passed: &[Slot]) -> Vec<Slot> {
        let mut slots = vec![Slot::ZERO; ty.slots()];
        let mut cursor = self.parameters(ty);
        for ((slot, &ty), place) in slots.iter_mut().zip(&ty.params).zip(tail_places(ty)) {
            *slot = match place {
                TailPlace::Register => cursor.get(ty),
                TailPlace::Slot(index) => passed[index as usize],
            };
        }
        slots
    }

    /// Puts the parameters of a tail function into their places.
    fn store(&mut self, ty: &FuncType, slots: &[Slot], passed: &mut [Slot]) {
        let mut cursor = self.parameters(ty);
        for ((&slot, &ty), place) in slots.iter().zip(&ty.params).zip(tail_places(ty)) {
            match place {
                TailPlace::Register => cursor.set(ty, slot),
                TailPlace::Slot(index) => passed[index as usize] = slot,
            }
        }
    }

    /// Returns results.
    ///
    /// # Safety
    /// The registers are as a function of this type was called with them.
    unsafe fn give(&mut self, ty: &FuncType, results: &[Slot]) {
        if has_return_area(ty) {
            let area: *mut Slot = ptr::with_exposed_provenance_mut(self.integers[1] as usize);
            // SAFETY: the caller has made an area for as many slots as the type has results, and waits.
            unsafe { area.copy_from_nonoverlapping(results.as_ptr(), ty.results.len()) };
            return;
        }
        let mut cursor = Cursor { registers: self, integers: 0, vectors: 0 };
        ty.results.iter().zip(results).for_each(|(&ty, &slot)| cursor.set(ty, slot));
    }
}

/// The tail function of all functions that are not native.
///
/// # Safety
/// Native code jumps here as it does to any tail function ([`abi::signature`]), with the context of such a function.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn enter() {
    arch::tail_thunk!(shell)
}

/// # Safety
/// For [`enter`] only.
unsafe extern "C" fn shell(context: *mut Header, registers: *mut Registers) -> Outcome {
    // SAFETY: the jump that led here is one with the context of a function that is not native.
    unsafe { outcome(context, |binding| run(binding, registers).map_err(activation::Leaving::Trap)) }
}

/// Runs a function that native code tail calls, and what follows. Gives the address of the tail function to go on with; null if
/// the last one has returned.
///
/// # Safety
/// The binding is a function's; the registers are those with which native code calls it.
unsafe fn run(binding: *const Binding, registers: *mut Registers) -> Result<u64, Trap> {
    // SAFETY: the binding lives as long as its store, which guest code is running in; the call into guest code borrows the store
    // mutably and has handed it on by this pointer. The registers lie below the frames of the host that entered guest code, the passed slots with the runtime;
    // nobody else uses either before the function runs.
    let (store, passed, slots, ty) = unsafe {
        let runtime = (*binding).runtime;
        let passed = (*runtime).tail_arguments.as_ptr();
        let ty = bound_type(binding);
        (activation::current_store(runtime), passed, (*registers).load(ty, &*passed), ty)
    };
    let mut slots = slots;
    // SAFETY: as above.
    let followed = unsafe {
        keep_exceptions(binding, ty, &slots);
        match call_bound(store, binding, slots.as_mut_ptr())? {
            None => Followed::Returned(slots),
            Some(tail_call) => follow(store, tail_call)?,
        }
    };
    // SAFETY: as above; the function has run, and what it called. A record and what it leads to live as long as the store.
    unsafe {
        let results = match followed {
            Followed::Returned(results) => results,
            Followed::Native(TailCall { record, slots }) => {
                let FuncRecord { context, tail, type_id, .. } = record.read();
                if !tail.is_null() {
                    (*registers).integers[0] = context.expose_provenance() as u64;
                    (*registers).store(types::lookup(type_id), &slots, &mut *passed);
                    return Ok(tail.expose_provenance() as u64);
                }
                // It makes no tail calls, so it comes back.
                enter_native(store, TailCall { record, slots })?
            }
        };
        (*registers).give(ty, &results);
    }
    Ok(0)
}
