//! Entering and leaving guest code.
//!
//! The host enters guest code by [`invoke`]: an [`Activation`] begins. It ends when the function returns, or when something
//! makes it leave: a trap, a failing host function, a fault. Then the stack pointer and the registers that `enter` has saved
//! are restored, and whatever guest code had on its stack is forgotten. Frames of the runtime are never jumped over:
//! implementations of libcalls return to their thunk, which leaves (module `libcalls`); a fault happens in guest code itself.
//!
//! Activations nest: guest code calls a host function, which calls guest code. The guest's stack then goes on below the frames
//! of the suspended guest code; each activation remembers where that was.

use crate::arch;
use crate::code::Code;
use crate::exception::Exception;
use crate::meter::{Poll, UNLIMITED};
use crate::signals;
use crate::stack::{self, GuestStack};
use crate::store::{Data, Store};
use crate::trap::{Frame, Trap};
use crate::unwind::Ways;
use crate::value::Slot;
use abi::layout::{FuncRecord, Header, Meter};
use abi::signature::MAX_PARAMS;
use abi::trap::TrapCode;
use abi::types::DefinedFuncIdx;
use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::panic;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What [`Header::runtime`] of a context points to.
#[repr(C)]
pub(crate) struct Binding {
    pub(crate) runtime: *mut Runtime,
    /// The context's instance; for an interpreted function its own, for a host function the instance that imports it.
    pub(crate) instance: Option<u32>,
    pub(crate) target: Target,
}

/// What a context stands for.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// An instance.
    Instance,
    /// A host function.
    Host(u32),
    /// A function of an interpreted instance.
    Interpreted(DefinedFuncIdx),
}

impl Binding {
    /// The binding of a context.
    ///
    /// # Safety
    /// The context is one of a living store.
    pub(crate) unsafe fn of(context: *mut Header) -> *const Binding {
        // SAFETY: the caller's promise.
        unsafe { (*context).runtime.cast_const().cast() }
    }
}

/// The part of a store that assembly and the signal handler know. Reached through raw pointers only.
pub(crate) struct Runtime {
    /// The host's stack pointer while guest code runs: where libcalls run, and what leaving restores.
    pub(crate) host_sp: usize,
    /// Where the guest's stack goes on at the next `enter`. While guest code is suspended in a libcall, the thunk's frame begins
    /// there: the registers that functions preserve ([`arch::SUSPENDED_REGISTERS`]), the guest's frame pointer
    /// ([`arch::SUSPENDED_FRAME`]), the address to which the thunk returns.
    pub(crate) guest_sp: usize,
    /// Where guest code goes on that an exception came to; only between a libcall's end and that.
    pub(crate) landing: Landing,
    /// Where exceptions go on that come out of calls.
    pub(crate) ways: Ways,
    pub(crate) data: *mut Data,
    /// Owned. Arguments of tail calls lie there between callers and callees: native code, and the tail function of all others
    /// ([`crate::tail`]).
    pub(crate) tail_arguments: NonNull<[Slot; MAX_PARAMS as usize]>,
    /// Owned.
    pub(crate) meter: NonNull<Meter>,
    /// Made when somebody first needs it.
    pub(crate) poll: OnceCell<Arc<Poll>>,
    activation: *const Activation,
    /// How many calls from the host are under way, of host functions too.
    calls: u32,
    /// Whether an interrupt has ended one of them.
    interrupted: bool,
    /// Whether the store was dropped while calls were under way, and so nobody can reach it any more.
    dropped: AtomicBool,
    /// Why the innermost activation is being left.
    leaving: Option<Leaving>,
    backtrace: Backtrace,
    pub(crate) stack: GuestStack,
}

/// The state in which a landing pad begins.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Landing {
    /// The pad; zero if there is nowhere to go.
    pub(crate) pc: usize,
    pub(crate) sp: usize,
    pub(crate) fp: usize,
    /// The reference to the exception.
    pub(crate) exception: usize,
    /// In the order of [`arch::SAVED`].
    pub(crate) registers: [usize; arch::SAVED.len()],
}

/// Why an activation is left.
pub(crate) enum Leaving {
    /// A trap of guest code.
    Code(TrapCode),
    /// A host function's error, or a trap that a host function passes on.
    Trap(Trap),
    /// A host function's panic.
    Panic(Box<dyn Any + Send>),
    /// An exception that guest code throws, by its address. Most are caught, and no trap is made of those. No exception is freed
    /// before the activation has ended.
    Thrown(usize),
}

impl Leaving {
    /// The address of the exception, if it is one.
    pub(crate) fn exception(&self) -> Option<usize> {
        match self {
            Leaving::Thrown(address) => Some(*address),
            Leaving::Trap(trap) => trap.exception().map(Exception::address),
            Leaving::Code(_) | Leaving::Panic(_) => None,
        }
    }
}

/// A call from the host into guest code, on the host's stack.
pub(crate) struct Activation {
    runtime: *mut Runtime,
    /// The store as the caller borrows it.
    store: *mut Store,
    /// The activation of any store that this thread was in.
    of_thread: *const Activation,
    /// The activation that this store was in.
    of_store: *const Activation,
    /// The runtime's stack pointers before.
    host_sp: usize,
    guest_sp: usize,
}

thread_local! {
    /// The innermost activation on this thread. The signal handler reads it.
    static CURRENT: Cell<*const Activation> = const { Cell::new(ptr::null()) };
}

/// A call from the host that is under way.
pub(crate) struct Running(*mut Runtime);

impl Running {
    pub(crate) fn begin(runtime: *mut Runtime) -> Running {
        // SAFETY: the caller borrows the runtime's store. A store that runs is not freed, so the runtime outlives `self`.
        unsafe { (*runtime).calls += 1 };
        Running(runtime)
    }

    /// Notes that an interrupt has ended the call.
    pub(crate) fn interrupted(&self) {
        // SAFETY: see `begin`.
        unsafe { (*self.0).interrupted = true };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SAFETY: see `begin`; no guest code runs.
        let runtime = unsafe { &mut *self.0 };
        runtime.calls -= 1;
        // An interrupt has done its work when the outermost call ends, whatever host functions between made of the trap.
        if runtime.calls == 0
            && std::mem::take(&mut runtime.interrupted)
            && let Some(poll) = runtime.poll.get()
        {
            poll.set(false);
        }
    }
}

impl Runtime {
    pub(crate) fn new(stack_size: usize) -> Runtime {
        let stack = GuestStack::new(stack_size);
        Runtime {
            host_sp: 0,
            guest_sp: stack.top(),
            landing: Landing::default(),
            ways: Ways::default(),
            data: ptr::null_mut(),
            tail_arguments: NonNull::from(Box::leak(Box::new([Slot::ZERO; MAX_PARAMS as usize]))),
            meter: NonNull::from(Box::leak(Box::new(Meter { gas: UNLIMITED, instructions: 0 }))),
            poll: OnceCell::new(),
            activation: ptr::null(),
            calls: 0,
            interrupted: false,
            dropped: AtomicBool::new(false),
            leaving: None,
            backtrace: Backtrace::EMPTY,
            stack,
        }
    }

    /// Whether a call from the host is under way.
    pub(crate) fn is_active(&self) -> bool {
        self.calls > 0
    }

    /// Notes that the store was dropped, for [`Runtime::is_dropped`].
    pub(crate) fn drop_later(&self) {
        self.dropped.store(true, Ordering::Release);
    }

    /// Whether the store was dropped, perhaps by another thread, which then is done with it.
    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // SAFETY: they came from boxes in `new`, and the contexts that lead to them are gone or going: the store is.
        unsafe {
            drop(Box::from_raw(self.tail_arguments.as_ptr()));
            drop(Box::from_raw(self.meter.as_ptr()));
        }
    }
}

/// The store as the caller of the innermost activation of a runtime borrows it.
///
/// # Safety
/// An activation of the runtime's store is under way.
pub(crate) unsafe fn current_store(runtime: *mut Runtime) -> *mut Store {
    // SAFETY: the caller's promise: the activation lies on the stack of `invoke`.
    unsafe { (*(*runtime).activation).store }
}

/// The words on the guest's stack, registers among them, of guest code that is suspended.
///
/// # Safety
/// The runtime lives, and no guest code of its store is running.
pub(crate) unsafe fn suspended_words(runtime: *const Runtime) -> impl Iterator<Item = usize> {
    // SAFETY: the caller's promise.
    let words = unsafe { (*runtime).guest_sp..(*runtime).stack.top() };
    // SAFETY: the words lie in the guest's stack, above its guard; whoever wrote to them is suspended.
    words.step_by(size_of::<usize>()).map(|at| unsafe { *ptr::with_exposed_provenance(at) })
}

/// Records why the innermost activation is left, and where guest code was, which is suspended in a libcall.
///
/// # Safety
/// The caller is a libcall of the runtime's store and leaves next.
pub(crate) unsafe fn prepare_leaving(runtime: *mut Runtime, leaving: Leaving) {
    // SAFETY: while a libcall runs, `guest_sp` is the thunk's frame.
    unsafe {
        (*runtime).backtrace = Backtrace::of_suspended(runtime);
        (*runtime).leaving = Some(leaving);
    }
}

/// Calls a native function from the host.
///
/// # Safety
/// The caller borrows the store mutably; the record is one of a native function of a living store; `slots` points to as many
/// slots as its type has, with its parameters.
///
/// # Panics
/// If the record is of another store than the one borrowed: a host function that guest code has called can have put that one
/// in the other's place.
pub(crate) unsafe fn invoke(store: *mut Store, record: NonNull<FuncRecord>, slots: *mut Slot) -> Result<(), Trap> {
    signals::prepare_thread();
    // SAFETY: the caller borrows the store.
    let runtime = unsafe { (*store).runtime() };
    // SAFETY: the runtime lives as long as its store, and a running store is not freed. All accesses go through this pointer;
    // no reference to the runtime is held while guest code runs.
    unsafe {
        let of_record = (*Binding::of(record.as_ref().context)).runtime;
        assert!(runtime == of_record, "no host function on the way has put another store in this one's place");
        if !(*runtime).activation.is_null() && !stack::host_has_room() {
            return Err(Trap::from(TrapCode::CallStackExhausted));
        }
        let activation = Activation {
            runtime,
            store,
            of_thread: CURRENT.get(),
            of_store: (*runtime).activation,
            host_sp: (*runtime).host_sp,
            guest_sp: (*runtime).guest_sp,
        };
        CURRENT.set(&activation);
        (*runtime).activation = &activation;
        let FuncRecord { code, context, entry, .. } = record.read();
        // The record's code and wrapper follow the ABI (contract of `Code::new`).
        let left = arch::enter(runtime, context, code, slots, entry);
        CURRENT.set(activation.of_thread);
        (*runtime).activation = activation.of_store;
        (*runtime).host_sp = activation.host_sp;
        (*runtime).guest_sp = activation.guest_sp;
        if !left {
            return Ok(());
        }
        let mut trap = match (*runtime).leaving.take().expect("whoever leaves says why") {
            Leaving::Panic(payload) => panic::resume_unwind(payload),
            Leaving::Trap(trap) => trap,
            Leaving::Code(code) => Trap::from(code),
            Leaving::Thrown(address) => (*(*runtime).data).thrown(address).unwrap_or_else(Trap::from),
        };
        (*runtime).backtrace.add_to(&mut trap, &*(*runtime).data);
        Err(trap)
    }
}

/// The processor's state at a fault.
#[derive(Clone, Copy)]
pub(crate) struct FaultState {
    pub(crate) pc: usize,
    pub(crate) sp: usize,
    pub(crate) fp: usize,
}

/// Decides whether a fault at `address` is a trap of the guest code that this thread runs, and if so records it. Gives the
/// runtime with which to leave. Async-signal-safe.
pub(crate) fn on_fault(state: FaultState, address: usize) -> Option<*mut Runtime> {
    let activation = CURRENT.get();
    if activation.is_null() {
        return None;
    }
    // SAFETY: the activation lies on the stack of `invoke`, which has not returned; so the runtime and its data live. The code
    // that was interrupted runs on the guest's stack, or we give up: it is guest code, a thunk or a runtime symbol, none of
    // which changes what is read here.
    unsafe {
        let runtime = (*activation).runtime;
        // Host code never runs on the guest's stack. Guest code may be in a runtime symbol such as `memcpy`, so that the
        // program counter alone would say less.
        if !(*runtime).stack.contains(state.sp) {
            return None;
        }
        let data = (*runtime).data;
        let code = if (*runtime).stack.guard_contains(address) {
            TrapCode::CallStackExhausted
        } else if (*data).memories.iter().any(|memory| memory.reservation().contains(&address)) {
            TrapCode::MemoryOutOfBounds
        } else if (*runtime).poll.get().is_some_and(|poll| poll.contains(address)) {
            TrapCode::Interrupted
        } else {
            return None;
        };
        (*runtime).backtrace = Backtrace::of_fault(runtime, state);
        // Nothing is being left yet, so there is nothing to drop.
        (&raw mut (*runtime).leaving).write(Some(Leaving::Code(code)));
        Some(runtime)
    }
}

/// Where the native code of an activation was: program counters of the innermost frames, calls' return addresses less one, so that they lie in the
/// calling function. The memory is fixed, because the signal handler fills it.
#[derive(Clone, Copy)]
struct Backtrace {
    counters: [usize; Backtrace::CAPACITY],
    /// How many there are, those beyond the capacity too.
    count: usize,
}

impl Backtrace {
    const CAPACITY: usize = Trap::MAX_FRAMES;
    const EMPTY: Backtrace = Backtrace { counters: [0; Backtrace::CAPACITY], count: 0 };

    /// The frames of guest code that is suspended in a libcall.
    ///
    /// # Safety
    /// Guest code of the runtime's store is suspended.
    unsafe fn of_suspended(runtime: *mut Runtime) -> Backtrace {
        let mut backtrace = Backtrace::EMPTY;
        // SAFETY: the caller's promise; the runtime lives as long as its store.
        unsafe { backtrace.walk(&(*runtime).stack, (*runtime).guest_sp + arch::SUSPENDED_FRAME) };
        backtrace
    }

    /// The frames of guest code that faulted. Async-signal-safe.
    ///
    /// # Safety
    /// The runtime's store is running guest code, which faulted.
    unsafe fn of_fault(runtime: *mut Runtime, state: FaultState) -> Backtrace {
        let mut backtrace = Backtrace::EMPTY;
        backtrace.push(state.pc);
        // SAFETY: the runtime, its activation and its data live while guest code runs. Words are read from the guest's stack
        // only, above its guard.
        unsafe {
            let runtime = &*runtime;
            let contains = |pc| move |code: &Code| code.contains(pc);
            let in_code = |pc| {
                (*runtime.data).instances.iter().any(|instance| instance.module().code().is_some_and(contains(pc)))
            };
            // A function that has not made its frame yet, or a runtime symbol that makes none: the frame pointer is that of
            // the caller, whose own counter is the return address on top of the stack.
            if (!in_code(state.pc) || arch::begins_frame(state.pc)) && runtime.stack.holds(state.sp, 1) {
                let caller = *ptr::with_exposed_provenance::<usize>(state.sp);
                if in_code(caller) {
                    backtrace.push(caller - 1);
                }
            }
            backtrace.walk(&runtime.stack, state.fp);
        }
        backtrace
    }

    /// Adds the return addresses of a chain of frames, up to where the host entered.
    fn walk(&mut self, stack: &GuestStack, mut frame: usize) {
        while stack.holds(frame, 2) && frame.is_multiple_of(size_of::<usize>()) {
            // SAFETY: both words lie in the guest's stack, above its guard. Only guest code has written there, and it is
            // suspended.
            let [outer, return_address] = unsafe { *ptr::with_exposed_provenance::<[usize; 2]>(frame) };
            // The outermost frame is that of the wrapper, which returns into `enter` and whose caller's frame is the host's.
            if !stack.holds(outer, 2) || outer <= frame {
                return;
            }
            self.push(return_address.wrapping_sub(1));
            frame = outer;
        }
    }

    fn push(&mut self, pc: usize) {
        if let Some(counter) = self.counters.get_mut(self.count) {
            *counter = pc;
        }
        self.count += 1;
    }

    /// Adds the functions that the frames belong to to a trap.
    fn add_to(&self, trap: &mut Trap, data: &Data) {
        let counters = &self.counters[..self.count.min(Backtrace::CAPACITY)];
        for &pc in counters {
            let modules = data.instances.iter().map(|instance| instance.module());
            let body = modules.filter_map(|module| Some((module, module.code()?.function_at(pc)?))).next();
            if let Some((module, body)) = body {
                trap.push(|| Frame::new(module, body));
            }
        }
        trap.omitted += self.count - counters.len();
    }
}
