//! Why execution ends early.

use std::fmt;

macro_rules! traps {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// The reason of a trap. The number is what users see (`Code: 0x404`) and what native code hands to the trap libcall.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum TrapCode {
            $($(#[$meta])* $name = $code,)*
        }

        impl TrapCode {
            /// Every reason.
            pub const ALL: &'static [TrapCode] = &[$(TrapCode::$name),*];

            /// The reason that a number stands for.
            pub const fn from_code(code: u32) -> Option<TrapCode> {
                match code {
                    $($code => Some(TrapCode::$name),)*
                    _ => None,
                }
            }

            /// The number of the reason.
            pub const fn code(self) -> u32 {
                self as u32
            }

            /// What the specification's tests call it.
            pub const fn message(self) -> &'static str {
                match self {
                    $(TrapCode::$name => $text,)*
                }
            }
        }
    };
}

traps! {
    /// A limit on cost was reached.
    CostLimitExceeded = 0x003, "cost limit exceeded";
    /// The program was stopped from outside.
    Interrupted = 0x007, "execution interrupted";
    /// Division or remainder by zero.
    IntegerDivideByZero = 0x404, "integer divide by zero";
    /// A quotient or conversion that its type cannot hold.
    IntegerOverflow = 0x405, "integer overflow";
    /// A NaN converted to an integer.
    InvalidConversionToInteger = 0x406, "invalid conversion to integer";
    /// A table access past the end of the table.
    TableOutOfBounds = 0x407, "out of bounds table access";
    /// A memory access past the end of the memory.
    MemoryOutOfBounds = 0x408, "out of bounds memory access";
    /// The `unreachable` instruction.
    Unreachable = 0x40A, "unreachable";
    /// An indirect call through a null element.
    UninitializedElement = 0x40B, "uninitialized element";
    /// An indirect call through an index past the end of the table.
    UndefinedElement = 0x40C, "undefined element";
    /// An indirect call of a function of another type.
    IndirectCallTypeMismatch = 0x40D, "indirect call type mismatch";
    /// A host function reported an error.
    HostFunctionFailed = 0x40E, "host function failed";
    /// An atomic access to an address that is no multiple of its size.
    UnalignedAtomic = 0x410, "unaligned atomic";
    /// A wait on a memory that no other thread can reach.
    ExpectedSharedMemory = 0x411, "expected shared memory";
    /// A call through a null reference.
    NullFunctionReference = 0x413, "null function reference";
    /// Null where a reference is needed.
    NullReference = 0x414, "null reference";
    /// Throwing a null reference to an exception.
    NullExceptionReference = 0x415, "null exception reference";
    /// An exception that nothing catches.
    UncaughtException = 0x416, "uncaught exception";
    /// Calls nested deeper than the stack holds.
    CallStackExhausted = 0x412, "call stack exhausted";
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for TrapCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_one_reason_each() {
        for &trap in TrapCode::ALL {
            assert_eq!(TrapCode::from_code(trap.code()), Some(trap));
        }
        assert_eq!(TrapCode::from_code(0x400), None);
    }
}
