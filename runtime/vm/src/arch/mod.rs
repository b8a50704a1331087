//! What differs between processors: switching stacks, the processor's state at a fault, and accesses that race.

mod x86_64;
mod x86_64_access;

pub(crate) use x86_64::{
    SAVED, SUSPENDED_FRAME, SUSPENDED_REGISTERS, begins_frame, depart, enter, fault_state, land, leave, leave_to,
    suspend, tail_thunk, thunk,
};
pub(crate) use x86_64_access::{load, store};
