//! What native code asks of the runtime.
//!
//! Two kinds. A **libcall** is called through [`LibcallTable`], which every context header points to: images need no relocation
//! for them. A **runtime symbol** is one that LLVM may refer to by itself (`memcpy`, `floor`, …): an image reaches it through an
//! import slot that the loader fills.

use crate::layout::Header;

/// The native type of a libcall's parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A pointer.
    Ptr,
}

/// The signature of a libcall, in the C convention ([`crate::signature`]). The context always comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The libcall's name.
    pub name: &'static str,
    /// Its parameters after the context.
    pub params: &'static [NativeType],
    /// Its result.
    pub result: Option<NativeType>,
}

macro_rules! native {
    (i32) => { u32 };
    (i64) => { u64 };
    (ptr) => { *mut u8 };
}
macro_rules! native_type {
    (i32) => {
        NativeType::I32
    };
    (i64) => {
        NativeType::I64
    };
    (ptr) => {
        NativeType::Ptr
    };
}

macro_rules! libcalls {
    ($($(#[$meta:meta])* $variant:ident $name:ident($($param:ident: $ty:ident),*) $(-> $result:ident)?;)*) => {
        /// A libcall.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Libcall {
            $($(#[$meta])* $variant,)*
        }

        impl Libcall {
            /// Every libcall, in the order of the table.
            pub const ALL: &'static [Libcall] = &[$(Libcall::$variant),*];

            /// Its signature.
            pub const fn signature(self) -> Signature {
                match self {
                    $(Libcall::$variant => Signature {
                        name: stringify!($name),
                        params: &[$(native_type!($ty)),*],
                        result: libcalls!(@result $($result)?),
                    },)*
                }
            }

            /// Whether an exception may come from it.
            pub const fn may_throw(self) -> bool {
                matches!(self, Libcall::HostCall | Libcall::Throw)
            }

            /// Where the table holds its address, in bytes.
            pub const fn offset(self) -> u32 {
                self as u32 * size_of::<usize>() as u32
            }
        }

        /// The addresses of all libcalls.
        #[repr(C)]
        pub struct LibcallTable {
            $($(#[$meta])* pub $name: unsafe extern "C" fn(*mut Header $(, native!($ty))*) $(-> native!($result))?,)*
        }

        impl LibcallTable {
            /// The address of each libcall, in the order of the table.
            pub fn addresses(&self) -> [usize; Libcall::ALL.len()] {
                [$(self.$name as usize),*]
            }
        }
    };
    (@result) => { None };
    (@result $result:ident) => { Some(native_type!($result)) };
}

libcalls! {
    /// Ends execution for a reason ([`crate::trap::TrapCode`]). Does not return.
    Trap trap(code: i32);
    /// Calls the host function that the context belongs to. `slots` holds the arguments, then the results.
    HostCall host_call(slots: ptr);
    /// Grows a memory by `delta` pages. Gives the old size in pages, or -1.
    MemoryGrow memory_grow(memory: i32, delta: i64) -> i64;
    /// `memory.copy`, with its bounds checks.
    MemoryCopy memory_copy(to_memory: i32, from_memory: i32, to: i64, from: i64, length: i64);
    /// `memory.fill`, with its bounds checks.
    MemoryFill memory_fill(memory: i32, to: i64, value: i32, length: i64);
    /// `memory.init`, with its bounds checks.
    MemoryInit memory_init(memory: i32, data: i32, to: i64, from: i32, length: i32);
    /// `data.drop`.
    DataDrop data_drop(data: i32);
    /// `memory.atomic.wait32`, with its checks. Gives 0 when notified, 1 if the value is not `expected`, 2
    /// after `timeout` nanoseconds.
    MemoryWait32 memory_wait32(memory: i32, address: i64, expected: i32, timeout: i64) -> i32;
    /// `memory.atomic.wait64`, likewise.
    MemoryWait64 memory_wait64(memory: i32, address: i64, expected: i64, timeout: i64) -> i32;
    /// `memory.atomic.notify`, with its checks. Gives how many threads were woken.
    MemoryNotify memory_notify(memory: i32, address: i64, count: i32) -> i32;
    /// Grows a table by `delta` elements, each `value`. Gives the old size, or -1.
    TableGrow table_grow(table: i32, value: ptr, delta: i64) -> i64;
    /// `table.copy`, with its bounds checks.
    TableCopy table_copy(to_table: i32, from_table: i32, to: i64, from: i64, length: i64);
    /// `table.fill`, with its bounds checks.
    TableFill table_fill(table: i32, to: i64, value: ptr, length: i64);
    /// `table.init`, with its bounds checks.
    TableInit table_init(table: i32, element: i32, to: i64, from: i32, length: i32);
    /// `elem.drop`.
    ElemDrop elem_drop(element: i32);
    /// Makes an exception ([`crate::layout::Exception`]) with a tag of the instance, whose slots are to be filled next.
    ExceptionNew exception_new(tag: i32) -> ptr;
    /// Throws an exception. Traps if it is null. Does not return: control goes on in a landing pad of a caller.
    Throw throw(exception: ptr);
}

macro_rules! runtime_symbols {
    ($($name:ident($($ty:ty),*) -> $result:ty;)*) => {
        /// The addresses of all runtime symbols.
        pub struct RuntimeSymbols {
            $(
                #[doc = concat!("C's `", stringify!($name), "`.")]
                pub $name: unsafe extern "C" fn($($ty),*) -> $result,
            )*
        }

        /// The names of all runtime symbols.
        pub const RUNTIME_SYMBOLS: &[&str] = &[$(stringify!($name)),*];

        impl RuntimeSymbols {
            /// The address of a symbol.
            pub fn address(&self, name: &str) -> Option<usize> {
                match name {
                    $(stringify!($name) => Some(self.$name as usize),)*
                    _ => None,
                }
            }
        }
    };
}

runtime_symbols! {
    memcpy(*mut u8, *const u8, usize) -> *mut u8;
    memmove(*mut u8, *const u8, usize) -> *mut u8;
    memset(*mut u8, i32, usize) -> *mut u8;
    ceilf(f32) -> f32;
    floorf(f32) -> f32;
    truncf(f32) -> f32;
    roundevenf(f32) -> f32;
    rintf(f32) -> f32;
    nearbyintf(f32) -> f32;
    ceil(f64) -> f64;
    floor(f64) -> f64;
    trunc(f64) -> f64;
    roundeven(f64) -> f64;
    rint(f64) -> f64;
    nearbyint(f64) -> f64;
}
