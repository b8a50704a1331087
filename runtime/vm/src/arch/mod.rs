//! What differs between processors: switching stacks, and the processor's state at a fault.

mod x86_64;

pub(crate) use x86_64::{
    SAVED, SUSPENDED_FRAME, SUSPENDED_REGISTERS, begins_frame, enter, fault_state, land, leave, leave_to, tail_thunk,
    thunk,
};
