//! The instructions that run, with operands in the slots of a frame.
//!
//! `a` is the slot of the result, or of the first operand if there is no result. `b` and `c` are slots or short immediates; `c`
//! and `d` are the halves of an immediate of 32 bits. What needs more room takes the words that follow ([`Op::Data`]). Targets of branches are
//! immediates, counted from the function's first instruction.

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instr {
    pub op: Op,
    pub a: u16,
    pub b: u16,
    pub c: u16,
    pub d: u16,
}

impl Instr {
    pub fn new(op: Op, a: u16, b: u16, c: u16) -> Instr {
        Instr { op, a, b, c, d: 0 }
    }

    /// An instruction with an immediate of 32 bits.
    pub fn wide(op: Op, a: u16, immediate: u32) -> Instr {
        Instr::with_immediate(op, a, 0, immediate)
    }

    /// An instruction with two slots and an immediate of 32 bits.
    pub fn with_immediate(op: Op, a: u16, b: u16, immediate: u32) -> Instr {
        Instr { op, a, b, c: immediate as u16, d: (immediate >> 16) as u16 }
    }

    /// The immediate of 32 bits.
    #[inline(always)]
    pub fn immediate(self) -> u32 {
        u32::from(self.c) | u32::from(self.d) << 16
    }

    /// An immediate of 32 bits for an index, and whether what it leads to is `long`: has 64-bit addresses or indices.
    pub fn marked(index: u32, long: bool) -> u32 {
        index << 1 | u32::from(long)
    }

    /// The two parts of a marked immediate.
    pub fn unmarked(self) -> (u32, bool) {
        (self.immediate() >> 1, self.c & 1 != 0)
    }

    /// The branch on a comparison, which has no target yet; none if it is no comparison of integers, or compares with an immediate
    /// that leaves no room for a target.
    pub fn branch(self) -> Option<Instr> {
        let branch = self.op.branch()?;
        let second = match self.op.compares_with_immediate() {
            true => i16::try_from(self.immediate().cast_signed()).ok()?.cast_unsigned(),
            false => self.c,
        };
        Some(Instr::new(branch, self.b, second, 0))
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
            fn compares_with_immediate(self) -> bool {
                match self {
                    $(Op::$name => compares_with_immediate!($method),)*
                }
            }
        }
    };
}
macro_rules! compares_with_immediate {
    (compare_imm) => {
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
