//! What differs between processors: switching stacks, the processor's state at a fault, and accesses that race.

mod x86_64;
mod x86_64_access;

pub(crate) use x86_64::{begins_frame, enter, fault_state, leave, leave_to, thunk};
pub(crate) use x86_64_access::{load, store};
