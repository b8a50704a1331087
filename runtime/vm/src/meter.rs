//! What a store's code is charged, how long it runs, and how it is stopped ([`abi::metering`]).

use crate::module::Module;
use crate::store::{Data, Store};
use crate::wait::Sleeper;
use abi::layout::Meter;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The gas that a store begins with: more than code can use in centuries.
pub(crate) const UNLIMITED: u64 = u64::MAX;

/// Something that code does only if it was made so ([`abi::metering::Metering`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Counting instructions.
    CountInstructions,
    /// Counting gas.
    CountGas,
    /// Being interrupted.
    BeInterrupted,
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ability::CountInstructions => "counts no instructions",
            Ability::CountGas => "counts no gas",
            Ability::BeInterrupted => "cannot be interrupted",
        })
    }
}

impl Ability {
    /// Which of these abilities a module lacks first.
    pub(crate) fn missing(required: &[Ability], module: &Module) -> Option<Ability> {
        let metered = module.metered();
        let lacks = |ability: &Ability| match ability {
            Ability::CountInstructions => !metered.instructions,
            Ability::CountGas => metered.gas.is_none(),
            Ability::BeInterrupted => !metered.interruptible,
        };
        required.iter().copied().find(lacks)
    }
}

/// How much time a store's code has taken. What code of another kind called does not count for the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// In WebAssembly.
    pub wasm: Duration,
    /// In host functions.
    pub host: Duration,
}

/// Measures [`Times`].
#[derive(Debug, Default)]
pub(crate) struct Clock {
    times: Times,
    /// What runs, and since when that was not yet added.
    running: Option<(Runs, Instant)>,
}

/// What a clock's time goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    Wasm,
    Host,
}

impl Clock {
    /// Has what follows go to something else, or to nothing. Gives what ran before.
    fn switch(&mut self, to: Option<Runs>) -> Option<Runs> {
        let now = Instant::now();
        let before = self.running.take();
        if let Some((runs, since)) = before {
            let time = match runs {
                Runs::Wasm => &mut self.times.wasm,
                Runs::Host => &mut self.times.host,
            };
            *time += now - since;
        }
        self.running = to.map(|runs| (runs, now));
        before.map(|(runs, _)| runs)
    }
}

/// While it lives, time of a store goes to something; then again to what it went to before.
pub(crate) struct Timed {
    data: *mut Data,
    before: Option<Runs>,
}

impl Timed {
    /// None if the store does not measure time.
    ///
    /// # Safety
    /// The data outlive what this gives, and nobody holds a reference to them now or when it is dropped.
    pub(crate) unsafe fn begin(data: *mut Data, runs: Runs) -> Option<Timed> {
        // SAFETY: the caller's promise.
        let before = unsafe { (*data).clock.as_mut() }?.switch(Some(runs));
        Some(Timed { data, before })
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        // SAFETY: see `begin`.
        if let Some(clock) = unsafe { (*self.data).clock.as_mut() } {
            clock.switch(self.before);
        }
    }
}

/// A page that guest code reads from now and then. It cannot once it shall stop.
pub(crate) struct Poll {
    page: NonNull<u8>,
    requested: AtomicBool,
    /// Held to change the page and the request, which belong together.
    change: Mutex<()>,
    /// What the store's code waits for, if it does.
    sleeper: Mutex<Option<Sleeper>>,
}

// SAFETY: the page is only read, by guest code; its protection is changed under a lock.
unsafe impl Send for Poll {}
// SAFETY: as above.
unsafe impl Sync for Poll {}

impl Poll {
    /// # Panics
    /// If the system has no memory left.
    pub(crate) fn new() -> Poll {
        // SAFETY: a fresh mapping at an address of the system's choice touches no other memory.
        let page =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), Poll::size(), ProtFlags::READ, MapFlags::PRIVATE) };
        let page = NonNull::new(page.expect("memory for a page").cast()).expect("mappings do not begin at null");
        Poll { page, requested: AtomicBool::new(false), change: Mutex::new(()), sleeper: Mutex::default() }
    }

    fn size() -> usize {
        rustix::param::page_size()
    }

    pub(crate) fn byte(&self) -> *const u8 {
        self.page.as_ptr()
    }

    /// Whether an address lies in the page. Async-signal-safe.
    pub(crate) fn contains(&self, address: usize) -> bool {
        let start = self.page.as_ptr().addr();
        (start..start + Poll::size()).contains(&address)
    }

    /// Whether code shall stop.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, requested: bool) {
        let _held = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let protection = if requested { MprotectFlags::empty() } else { MprotectFlags::READ };
        // SAFETY: `new` mapped the page; guest code that reads from it expects the fault.
        let changed = unsafe { rustix::mm::mprotect(self.page.as_ptr().cast(), Poll::size(), protection) };
        // The kernel may lack memory to split a mapping, which a page mapped alone needs none for.
        changed.expect("a page's protection can be changed");
        self.requested.store(requested, Ordering::Relaxed);
    }

    /// Makes a wait known, which looks whether code shall stop only after this. It ends when what this gives is dropped.
    pub(crate) fn sleep(&self, sleeper: Sleeper) -> Sleep<'_> {
        *self.sleeper() = Some(sleeper);
        Sleep(self)
    }

    fn sleeper(&self) -> MutexGuard<'_, Option<Sleeper>> {
        self.sleeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks code to stop, also if it waits.
    fn interrupt(&self) {
        self.set(true);
        // Who waits from here on sees the request. The lock is not held while the wait's own is asked for.
        let sleeper = self.sleeper().clone();
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

/// A wait that a [`Poll`] knows of.
pub(crate) struct Sleep<'p>(&'p Poll);

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        *self.0.sleeper() = None;
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        // SAFETY: `new` mapped the page; whoever knew it is gone. Unmapping such a page cannot fail.
        let unmapped = unsafe { rustix::mm::munmap(self.page.as_ptr().cast(), Poll::size()) };
        debug_assert!(unmapped.is_ok());
    }
}

/// Stops a store's code from any thread. Cheap to clone; may outlive the store.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Poll>);

impl InterruptHandle {
    /// Has the call that is under way end with a trap ([`abi::trap::TrapCode::Interrupted`]), or else the next one. It ends at the next
    /// function entry or turn of a loop of interruptible code, or in a wait for another thread (`memory.atomic.wait32` and `64`) of any
    /// code; a host function is waited for.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Whether an interrupt was asked for that has not ended a call yet.
    pub fn is_pending(&self) -> bool {
        self.0.is_requested()
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptHandle").field("pending", &self.is_pending()).finish()
    }
}

impl Data {
    pub(crate) fn meter(&self) -> NonNull<Meter> {
        // SAFETY: the runtime lives as long as the store.
        unsafe { (*self.runtime.as_ptr()).meter }
    }

    /// The page that the store's code reads from; made when somebody first needs it.
    pub(crate) fn poll(&self) -> &Arc<Poll> {
        // SAFETY: as above; the cell is set once, by the one thread that has the store.
        unsafe { (*self.runtime.as_ptr()).poll.get_or_init(|| Arc::new(Poll::new())) }
    }

    /// The same, if somebody has needed it: without, nobody can ask the code to stop.
    pub(crate) fn made_poll(&self) -> Option<&Poll> {
        // SAFETY: as above.
        unsafe { (*self.runtime.as_ptr()).poll.get() }.map(|poll| &**poll)
    }
}

impl Store {
    /// Allows code to use so much gas from now on. A store begins with `u64::MAX`. Code that counts no gas uses
    /// none: [`crate::Config::required`] keeps it out.
    pub fn set_gas_limit(&mut self, gas: u64) {
        let data = self.data_mut();
        data.gas_limit = gas;
        // SAFETY: the meter lives as long as the store, whose code does not run now.
        unsafe { (*data.meter().as_ptr()).gas = gas };
    }

    /// The gas that code has used since the limit was set, or since the store was made. Exact also in a host function that guest code
    /// calls.
    pub fn gas_used(&self) -> u64 {
        self.data().gas_limit - self.gas_left()
    }

    /// The gas that is left.
    pub fn gas_left(&self) -> u64 {
        self.read_meter().gas
    }

    /// The instructions that were executed since the store was made, by code that counts them. Exact also in a host function that guest
    /// code calls.
    pub fn instruction_count(&self) -> u64 {
        self.read_meter().instructions
    }

    fn read_meter(&self) -> Meter {
        // SAFETY: the meter lives as long as the store, whose code does not run now.
        unsafe { self.data().meter().read() }
    }

    /// The time that code has taken so far; none if [`crate::Config::measure_time`] does not ask for it. What runs now counts up to here.
    pub fn times(&mut self) -> Option<Times> {
        let clock = self.data_mut().clock.as_mut()?;
        let running = clock.switch(None);
        clock.switch(running);
        Some(clock.times)
    }

    /// A handle to stop the store's code from any thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.data().poll().clone())
    }
}
