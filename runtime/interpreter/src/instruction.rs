//! The instructions that run: eight bytes each, with operands in the slots of a frame.
//!
//! `a` is the slot of the result, or of the first operand if there is no result. `b` and `c` are slots or immediates, or halves
//! of one immediate of 32 bits. What needs more room takes the words that follow ([`Op::Data`]). Targets of branches are
//! counted from the function's first instruction.

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instr {
    pub op: Op,
    pub a: u16,
    pub b: u16,
    pub c: u16,
}

const _: () = assert!(size_of::<Instr>() == 8);

impl Instr {
    pub fn new(op: Op, a: u16, b: u16, c: u16) -> Instr {
        Instr { op, a, b, c }
    }

    /// An instruction with an immediate of 32 bits.
    pub fn wide(op: Op, a: u16, immediate: u32) -> Instr {
        Instr { op, a, b: immediate as u16, c: (immediate >> 16) as u16 }
    }

    /// The immediate of 32 bits.
    #[inline(always)]
    pub fn immediate(self) -> u32 {
        u32::from(self.b) | u32::from(self.c) << 16
    }

    /// The immediate of 16 bits.
    #[inline(always)]
    pub fn short(self) -> i16 {
        self.c.cast_signed()
    }
}

macro_rules! define {
    ($($shape:ident $name:ident: $method:ident($($arg:expr),*);)*) => {
        /// What an instruction does. The rows stand in `ops`, by class.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub(crate) enum Op {
            $($name,)*
        }

        impl Op {
            /// Whether it is a branch that compares, whose target has 16 bits.
            pub fn is_comparing_branch(self) -> bool {
                match self {
                    $(Op::$name => is_branch!($shape),)*
                }
            }
        }
    };
}
macro_rules! is_branch {
    (branch) => {
        true
    };
    ($other:ident) => {
        false
    };
}
for_each_instruction!(define);

macro_rules! comparisons {
    ($($op:ident $negated:ident $branch:ident;)*) => {
        impl Op {
            /// The comparison that is true where this one is false; none for what is no comparison of integers.
            pub fn negated(self) -> Option<Op> {
                match self {
                    $(Op::$op => Some(Op::$negated),)*
                    _ => None,
                }
            }

            /// The branch on this comparison; none for what is no comparison of integers.
            pub fn branch(self) -> Option<Op> {
                match self {
                    $(Op::$op => Some(Op::$branch),)*
                    _ => None,
                }
            }
        }
    };
}

comparisons! {
    I32Eq I32Ne BrI32Eq;
    I32Ne I32Eq BrI32Ne;
    I32LtS I32GeS BrI32LtS;
    I32LtU I32GeU BrI32LtU;
    I32GeS I32LtS BrI32GeS;
    I32GeU I32LtU BrI32GeU;
    I32GtS I32LeS BrI32GtS;
    I32GtU I32LeU BrI32GtU;
    I32LeS I32GtS BrI32LeS;
    I32LeU I32GtU BrI32LeU;
    I32EqImm I32NeImm BrI32EqImm;
    I32NeImm I32EqImm BrI32NeImm;
    I32LtSImm I32GeSImm BrI32LtSImm;
    I32LtUImm I32GeUImm BrI32LtUImm;
    I32GeSImm I32LtSImm BrI32GeSImm;
    I32GeUImm I32LtUImm BrI32GeUImm;
    I32GtSImm I32LeSImm BrI32GtSImm;
    I32GtUImm I32LeUImm BrI32GtUImm;
    I32LeSImm I32GtSImm BrI32LeSImm;
    I32LeUImm I32GtUImm BrI32LeUImm;
    I64Eq I64Ne BrI64Eq;
    I64Ne I64Eq BrI64Ne;
    I64LtS I64GeS BrI64LtS;
    I64LtU I64GeU BrI64LtU;
    I64GeS I64LtS BrI64GeS;
    I64GeU I64LtU BrI64GeU;
    I64GtS I64LeS BrI64GtS;
    I64GtU I64LeU BrI64GtU;
    I64LeS I64GtS BrI64LeS;
    I64LeU I64GtU BrI64LeU;
    I64EqImm I64NeImm BrI64EqImm;
    I64NeImm I64EqImm BrI64NeImm;
    I64LtSImm I64GeSImm BrI64LtSImm;
    I64LtUImm I64GeUImm BrI64LtUImm;
    I64GeSImm I64LtSImm BrI64GeSImm;
    I64GeUImm I64LtUImm BrI64GeUImm;
    I64GtSImm I64LeSImm BrI64GtSImm;
    I64GtUImm I64LeUImm BrI64GtUImm;
    I64LeSImm I64GtSImm BrI64LeSImm;
    I64LeUImm I64GtUImm BrI64LeUImm;
}
