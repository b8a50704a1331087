//! Faults of guest code as traps.
//!
//! One handler for the process, installed with the first store. A fault that is no guest's goes to the handler that was there
//! before, with everything as if ours were not: a crash of the host stays the crash that it is.

use crate::activation;
use crate::arch;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

const SIGNALS: [i32; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// What the signals did before, in the order of [`SIGNALS`].
static PREVIOUS: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

/// Installs the handler, once.
///
/// # Panics
/// If the system refuses, which it does for no valid signal.
pub(crate) fn install() {
    PREVIOUS.get_or_init(|| {
        SIGNALS.map(|signal| {
            // SAFETY: `handler` has the signature that `SA_SIGINFO` asks for and is async-signal-safe; zero is a valid value
            // of every other field.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = handler as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigemptyset(&mut action.sa_mask);
                let mut previous = MaybeUninit::uninit();
                assert_eq!(
                    libc::sigaction(signal, &action, previous.as_mut_ptr()),
                    0,
                    "the signal handler is installed"
                );
                previous.assume_init()
            }
        })
    });
}

extern "C" fn handler(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives both for a handler with `SA_SIGINFO`. A positive code means a fault of this thread, for which
    // the address is set; others are sent by processes.
    unsafe {
        if (*info).si_code > 0 {
            let context = context.cast();
            let address = (*info).si_addr().addr();
            if let Some(runtime) = activation::on_fault(arch::fault_state(context), address) {
                arch::leave_to(context, runtime);
                return;
            }
        }
        forward(signal, info, context);
    }
}

/// Does what the signal did before.
///
/// # Safety
/// The arguments are those of the signal handler.
unsafe fn forward(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let position = SIGNALS.iter().position(|&known| known == signal);
    let previous = PREVIOUS.get().zip(position).map(|(actions, position)| &actions[position]);
    // SAFETY: a handler that was installed has the signature that its flags say. Restoring the default and returning lets a
    // fault happen again, and a signal that was sent is sent again; both then end the process as they would have.
    unsafe {
        match previous {
            Some(action) if action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN => {
                if action.sa_flags & libc::SA_SIGINFO != 0 {
                    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
                        std::mem::transmute(action.sa_sigaction);
                    handler(signal, info, context);
                } else {
                    let handler: extern "C" fn(i32) = std::mem::transmute(action.sa_sigaction);
                    handler(signal);
                }
                // A handler that has restored the default expects the fault to happen again. What was sent does not.
                let mut now = MaybeUninit::<libc::sigaction>::uninit();
                if (*info).si_code <= 0
                    && libc::sigaction(signal, ptr::null(), now.as_mut_ptr()) == 0
                    && now.assume_init().sa_sigaction == libc::SIG_DFL
                {
                    libc::raise(signal);
                }
            }
            // The system does not let a process ignore its faults.
            Some(action) if action.sa_sigaction == libc::SIG_IGN && (*info).si_code <= 0 => {}
            Some(_) | None => {
                libc::signal(signal, libc::SIG_DFL);
                if (*info).si_code <= 0 {
                    libc::raise(signal);
                }
            }
        }
    }
}

/// Makes sure that this thread has an alternate signal stack large enough: the handler cannot run on a guest's stack that is
/// used up. Cheap after the first time.
pub(crate) fn prepare_thread() {
    thread_local! {
        static READY: Cell<bool> = const { Cell::new(false) };
        static OWN: Cell<Option<AlternateStack>> = const { Cell::new(None) };
    }
    if READY.get() {
        return;
    }
    let mut current = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: the call writes what the thread has.
    let current = unsafe {
        assert_eq!(libc::sigaltstack(ptr::null(), current.as_mut_ptr()), 0, "the alternate signal stack is known");
        current.assume_init()
    };
    if current.ss_flags & libc::SS_DISABLE != 0 || current.ss_size < AlternateStack::SIZE {
        OWN.set(Some(AlternateStack::install()));
    }
    READY.set(true);
}

/// An alternate signal stack, with a guard page below it.
struct AlternateStack {
    mapping: *mut libc::c_void,
}

impl AlternateStack {
    /// The kernel's own part takes up to a dozen KiB, depending on the processor.
    const SIZE: usize = 64 << 10;

    fn length() -> usize {
        AlternateStack::SIZE + rustix::param::page_size()
    }

    /// # Panics
    /// If the system has no memory for it.
    fn install() -> AlternateStack {
        // SAFETY: a fresh mapping at an address of the system's choice touches no other memory; its upper part is given to the
        // thread as its alternate stack and stays until `drop`.
        unsafe {
            let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
            let mapping =
                rustix::mm::mmap_anonymous(ptr::null_mut(), AlternateStack::length(), ProtFlags::empty(), flags)
                    .expect("address space for a signal stack");
            let stack = mapping.byte_add(rustix::param::page_size());
            rustix::mm::mprotect(stack, AlternateStack::SIZE, MprotectFlags::READ | MprotectFlags::WRITE)
                .expect("memory for a signal stack");
            let new = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: AlternateStack::SIZE };
            assert_eq!(libc::sigaltstack(&new, ptr::null_mut()), 0, "the alternate signal stack is set");
            AlternateStack { mapping }
        }
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        // SAFETY: the thread ends, so no guest code runs on it. The stack is taken out of use before it is unmapped, unless
        // somebody has put another one in its place.
        unsafe {
            let mut current = MaybeUninit::<libc::stack_t>::uninit();
            if libc::sigaltstack(ptr::null(), current.as_mut_ptr()) == 0
                && current.assume_init().ss_sp == self.mapping.byte_add(rustix::param::page_size())
            {
                let off = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
                libc::sigaltstack(&off, ptr::null_mut());
            }
            let unmapped = rustix::mm::munmap(self.mapping, AlternateStack::length());
            debug_assert!(unmapped.is_ok());
        }
    }
}
