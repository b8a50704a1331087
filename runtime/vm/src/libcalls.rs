//! What native code asks of the runtime ([`abi::libcall`]).
//!
//! Each libcall has three layers: a thunk in assembly, which native code calls and which switches to the host's stack and back;
//! a shell, which catches panics and turns a failure into an outcome that tells the thunk to leave guest code; and an
//! implementation in safe terms of the store's data. No frame of Rust is on the stack when the thunk leaves.

use crate::activation::{self, Binding, Leaving, Runtime};
use crate::arch;
use crate::store::Data;
use crate::table::Word;
use crate::tail;
use crate::unwind;
use crate::value::Slot;
use abi::layout::Header;
use abi::libcall::LibcallTable;
use abi::trap::TrapCode;
use abi::types::{DataIdx, MemoryIdx, TableIdx, TagIdx};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

/// What a shell tells its thunk: two registers.
#[repr(C)]
pub(crate) struct Outcome {
    /// The libcall's result.
    value: u64,
    /// Not null to leave guest code, or to land elsewhere in it ([`Runtime::landing`]), instead of returning to it.
    leave: *mut Runtime,
}

/// Runs an implementation and makes an outcome of its result.
///
/// # Safety
/// The caller is the thunk of a libcall that guest code made with `context`.
pub(crate) unsafe fn outcome(
    context: *mut Header,
    implementation: impl FnOnce(*const Binding) -> Result<u64, Leaving>,
) -> Outcome {
    // SAFETY: guest code passes its context, or that of a host function.
    let binding = unsafe { Binding::of(context) };
    // Nothing that a panic may have left half done is looked at again, but by those who catch the panic after us.
    let result = panic::catch_unwind(AssertUnwindSafe(|| implementation(binding)));
    match result.unwrap_or_else(|payload| Err(Leaving::Panic(payload))) {
        Ok(value) => Outcome { value, leave: ptr::null_mut() },
        Err(leaving) => {
            // SAFETY: the binding lives as long as its store, which guest code is running in.
            let runtime = unsafe { (*binding).runtime };
            // SAFETY: we are in a libcall, and the thunk leaves or lands next.
            unsafe {
                let lands = leaving.exception().is_some_and(|exception| unwind::prepare_landing(runtime, exception));
                if !lands {
                    activation::prepare_leaving(runtime, leaving);
                }
            }
            Outcome { value: 0, leave: runtime }
        }
    }
}

/// Runs an implementation that works on the data of the calling instance's store.
///
/// # Safety
/// As for [`outcome`]; the context is an instance's.
unsafe fn with_data<R: Register>(
    context: *mut Header,
    implementation: impl FnOnce(&mut Data, usize) -> Result<R, TrapCode>,
) -> Outcome {
    // SAFETY: the caller's promise. The data live as long as the store. Guest code is suspended, and the call into it, which
    // borrows the store, holds no reference to them: so this one is the only one.
    let run = |binding: *const Binding| unsafe {
        let data = &mut *(*(*binding).runtime).data;
        let instance = (*binding).instance.expect("guest code passes its own context");
        implementation(data, instance as usize).map(R::bits).map_err(Leaving::Code)
    };
    // SAFETY: the caller's promise.
    unsafe { outcome(context, run) }
}

/// What a libcall returns in a register.
trait Register {
    fn bits(self) -> u64;
}

impl Register for () {
    fn bits(self) -> u64 {
        0
    }
}

impl Register for u32 {
    fn bits(self) -> u64 {
        self.into()
    }
}

impl Register for *mut u8 {
    fn bits(self) -> u64 {
        self.expose_provenance() as u64
    }
}

impl Register for u64 {
    fn bits(self) -> u64 {
        self
    }
}

macro_rules! libcalls {
    ($($name:ident($($param:ident: $ty:ty),*) $(-> $result:ty)?;)*) => {
        mod shells {
            use super::*;

            /// # Safety
            /// For its thunk only.
            pub(super) unsafe extern "C" fn host_call(context: *mut Header, slots: *mut u8) -> Outcome {
                // SAFETY: the thunk's call.
                unsafe { outcome(context, |binding| call_host(binding, slots)) }
            }

            /// # Safety
            /// For its thunk only.
            pub(super) unsafe extern "C" fn throw(context: *mut Header, exception: *mut u8) -> Outcome {
                // SAFETY: the thunk's call.
                unsafe { outcome(context, |_| throw_exception(exception)) }
            }

            $(
                /// # Safety
                /// For its thunk only.
                pub(super) unsafe extern "C" fn $name(context: *mut Header $(, $param: $ty)*) -> Outcome {
                    // SAFETY: the thunk's call; only instances' code makes this libcall.
                    unsafe { with_data(context, |data, instance| data.$name(instance $(, $param)*)) }
                }
            )*
        }

        mod thunks {
            use super::*;

            #[unsafe(naked)]
            pub(super) unsafe extern "C" fn host_call(context: *mut Header, slots: *mut u8) {
                arch::thunk!(shells::host_call)
            }

            #[unsafe(naked)]
            pub(super) unsafe extern "C" fn throw(context: *mut Header, exception: *mut u8) {
                arch::thunk!(shells::throw)
            }

            $(
                #[unsafe(naked)]
                pub(super) unsafe extern "C" fn $name(context: *mut Header $(, $param: $ty)*) $(-> $result)? {
                    arch::thunk!(shells::$name)
                }
            )*
        }

        /// The table that all contexts point to.
        pub(crate) static TABLE: LibcallTable = LibcallTable {
            host_call: thunks::host_call,
            throw: thunks::throw,
            $($name: thunks::$name,)*
        };
    };
}

libcalls! {
    trap(code: u32);
    memory_grow(memory: u32, delta: u64) -> u64;
    memory_copy(to_memory: u32, from_memory: u32, to: u64, from: u64, length: u64);
    memory_fill(memory: u32, to: u64, value: u32, length: u64);
    memory_init(memory: u32, data: u32, to: u64, from: u32, length: u32);
    data_drop(data: u32);
    memory_wait32(memory: u32, address: u64, expected: u32, timeout: u64) -> u32;
    memory_wait64(memory: u32, address: u64, expected: u64, timeout: u64) -> u32;
    memory_notify(memory: u32, address: u64, count: u32) -> u32;
    table_grow(table: u32, value: *mut u8, delta: u64) -> u64;
    table_copy(to_table: u32, from_table: u32, to: u64, from: u64, length: u64);
    table_fill(table: u32, to: u64, value: *mut u8, length: u64);
    table_init(table: u32, element: u32, to: u64, from: u32, length: u32);
    elem_drop(element: u32);
    exception_new(tag: u32) -> *mut u8;
}

/// `host_call`: calls the function of the host or of an interpreted instance whose host wrapper makes the libcall.
///
/// # Safety
/// The binding is such a function's, and the slots are as many as its type has.
unsafe fn call_host(binding: *const Binding, slots: *mut u8) -> Result<u64, Leaving> {
    // SAFETY: the binding lives as long as its store, which guest code is running in; the call into guest code borrows the
    // store mutably and has handed it on by this pointer.
    let result = unsafe {
        let store = activation::current_store((*binding).runtime);
        tail::call(store, binding, slots.cast::<Slot>())
    };
    result.map(|()| 0).map_err(Leaving::Trap)
}

/// `throw`: says which exception guest code throws.
fn throw_exception(exception: *mut u8) -> Result<u64, Leaving> {
    Err(match exception.addr() {
        0 => Leaving::Code(TrapCode::NullExceptionReference),
        address => Leaving::Thrown(address),
    })
}

/// The result of growing as native code expects it: the old size, or -1.
fn grown(old: Option<u64>) -> u64 {
    old.unwrap_or(u64::MAX)
}

/// A part of a segment.
fn part<T>(segment: &[T], from: u32, length: u32, code: TrapCode) -> Result<&[T], TrapCode> {
    let from = from as usize;
    segment.get(from..from + length as usize).ok_or(code)
}

/// The implementations. `instance` is the calling instance; the other indices are those of its module. Bounds are checked
/// before anything is written (specification, section 4.4.6 and 4.4.7).
impl Data {
    fn trap(&mut self, _instance: usize, code: u32) -> Result<(), TrapCode> {
        Err(TrapCode::from_code(code).expect("native code traps for a reason that has a number"))
    }

    fn memory_grow(&mut self, instance: usize, memory: u32, delta: u64) -> Result<u64, TrapCode> {
        let memory = self.instances[instance].memory(MemoryIdx(memory));
        Ok(grown(self.memory(memory).grow(delta)))
    }

    pub(crate) fn memory_copy(
        &mut self,
        instance: usize,
        to_memory: u32,
        from_memory: u32,
        to: u64,
        from: u64,
        length: u64,
    ) -> Result<(), TrapCode> {
        let instance = &self.instances[instance];
        let source = self.memory(instance.memory(MemoryIdx(from_memory)));
        self.memory(instance.memory(MemoryIdx(to_memory))).copy(to, source, from, length)
    }

    pub(crate) fn memory_fill(
        &mut self,
        instance: usize,
        memory: u32,
        to: u64,
        value: u32,
        length: u64,
    ) -> Result<(), TrapCode> {
        let memory = self.instances[instance].memory(MemoryIdx(memory));
        self.memory(memory).fill(to, value as u8, length)
    }

    pub(crate) fn memory_init(
        &mut self,
        instance: usize,
        memory: u32,
        data: u32,
        to: u64,
        from: u32,
        length: u32,
    ) -> Result<(), TrapCode> {
        let instance = &self.instances[instance];
        let bytes = part(instance.data(DataIdx(data)), from, length, TrapCode::MemoryOutOfBounds)?;
        self.memories[instance.memory(MemoryIdx(memory)).index as usize].write(to, bytes)
    }

    pub(crate) fn data_drop(&mut self, instance: usize, data: u32) -> Result<(), TrapCode> {
        self.instances[instance].drop_data(DataIdx(data));
        Ok(())
    }

    pub(crate) fn memory_wait32(
        &mut self,
        instance: usize,
        memory: u32,
        address: u64,
        expected: u32,
        timeout: u64,
    ) -> Result<u32, TrapCode> {
        let memory = self.instances[instance].memory(MemoryIdx(memory));
        let linear = self.memory(memory).linear();
        Ok(linear.wait32(address, expected, timeout.cast_signed(), self.made_poll())? as u32)
    }

    pub(crate) fn memory_wait64(
        &mut self,
        instance: usize,
        memory: u32,
        address: u64,
        expected: u64,
        timeout: u64,
    ) -> Result<u32, TrapCode> {
        let memory = self.instances[instance].memory(MemoryIdx(memory));
        let linear = self.memory(memory).linear();
        Ok(linear.wait64(address, expected, timeout.cast_signed(), self.made_poll())? as u32)
    }

    pub(crate) fn memory_notify(
        &mut self,
        instance: usize,
        memory: u32,
        address: u64,
        count: u32,
    ) -> Result<u32, TrapCode> {
        let memory = self.instances[instance].memory(MemoryIdx(memory));
        self.memory(memory).notify(address, count)
    }

    fn table_grow(&mut self, instance: usize, table: u32, value: Word, delta: u64) -> Result<u64, TrapCode> {
        let table = self.instances[instance].table(TableIdx(table));
        Ok(grown(self.table_mut(table).grow(delta, value)))
    }

    pub(crate) fn table_copy(
        &mut self,
        instance: usize,
        to_table: u32,
        from_table: u32,
        to: u64,
        from: u64,
        length: u64,
    ) -> Result<(), TrapCode> {
        let instance = &self.instances[instance];
        let to = self.table(instance.table(TableIdx(to_table))).range(to, length)?;
        let from = self.table(instance.table(TableIdx(from_table))).range(from, length)?;
        // SAFETY: both ranges lie in tables, to whose elements no reference exists; they may overlap.
        unsafe { ptr::copy(from, to, length as usize) };
        Ok(())
    }

    pub(crate) fn table_fill(
        &mut self,
        instance: usize,
        table: u32,
        to: u64,
        value: Word,
        length: u64,
    ) -> Result<(), TrapCode> {
        let table = self.instances[instance].table(TableIdx(table));
        self.table_mut(table).fill(to, value, length)
    }

    pub(crate) fn table_init(
        &mut self,
        instance: usize,
        table: u32,
        element: u32,
        to: u64,
        from: u32,
        length: u32,
    ) -> Result<(), TrapCode> {
        let instance = &self.instances[instance];
        let words = part(instance.elements(element as usize), from, length, TrapCode::TableOutOfBounds)?;
        self.tables[instance.table(TableIdx(table)).index as usize].write(to, words)
    }

    fn exception_new(&mut self, instance: usize, tag: u32) -> Result<*mut u8, TrapCode> {
        let tag = self.instances[instance].tag(TagIdx(tag));
        Ok(self.new_exception(tag, &[]).as_ptr().cast())
    }

    pub(crate) fn elem_drop(&mut self, instance: usize, element: u32) -> Result<(), TrapCode> {
        self.instances[instance].drop_elements(element as usize);
        Ok(())
    }
}
