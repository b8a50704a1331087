//! Relocation: writing distances between parts of the image where code and constants refer to each other.
//!
//! Kinds of relocations are those of the processors' ELF supplements. In their notation, S is the target's address, A the
//! addend, P the place that is written to; here all of them are offsets in the image, which is right for distances only.
//! Anything that would need the address at which the image is loaded is refused.

mod aarch64;
mod x86_64;

use crate::arch::Arch;
use crate::object::Relocation;
use std::fmt;

/// What a symbol stands for, as offsets in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The thing itself; of a runtime symbol, the stub that jumps to it.
    pub address: i64,
    /// The import slot of a runtime symbol.
    pub slot: Option<i64>,
}

/// A section in the image, being relocated.
#[derive(Debug)]
pub(crate) struct Site<'a> {
    pub bytes: &'a mut [u8],
    /// Where it lies in the image.
    pub base: i64,
    /// Whether it holds code: only instructions are rewritten.
    pub code: bool,
}

/// Why a relocation cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Its symbol does not exist in the object.
    NoSymbol,
    /// Nobody defines its symbol.
    Undefined,
    /// Its symbol is nothing that an image can have.
    Unusable(&'static str),
    /// It needs the load address.
    Absolute(u32),
    /// It is of a kind that our objects do not have.
    Unknown(u32),
    /// The distance does not fit.
    Overflow,
    /// The distance is not a multiple of what the instruction scales it by.
    Misaligned,
    /// It lies outside of its section.
    OutOfSection,
    /// It asks for the address of a thing of the image to be loaded from memory, by an instruction that cannot be rewritten.
    NotRelaxable,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoSymbol => write!(f, "a relocation has no symbol"),
            Problem::Undefined => write!(f, "undefined symbol"),
            Problem::Unusable(what) => write!(f, "the symbol is {what}, which an image cannot have"),
            Problem::Absolute(kind) => {
                write!(f, "absolute relocation (type {kind}): an image must not depend on its load address")
            }
            Problem::Unknown(kind) => write!(f, "unknown relocation type {kind}"),
            Problem::Overflow => write!(f, "relocation out of range"),
            Problem::Misaligned => write!(f, "relocation to a misaligned address"),
            Problem::OutOfSection => write!(f, "relocation outside of its section"),
            Problem::NotRelaxable => {
                write!(f, "the address is loaded from a table, by an instruction that is not known")
            }
        }
    }
}

impl Site<'_> {
    /// Applies a relocation.
    pub fn apply(&mut self, arch: Arch, relocation: &Relocation, target: Target) -> Result<(), Problem> {
        match arch {
            Arch::X86_64 => x86_64::apply(self, relocation, target),
            Arch::Aarch64 => aarch64::apply(self, relocation, target),
        }
    }

    /// `length` bytes, `before` bytes in front of a relocation's place.
    fn at<const LENGTH: usize>(&mut self, offset: u64, before: usize) -> Result<&mut [u8; LENGTH], Problem> {
        let start = usize::try_from(offset).ok().and_then(|offset| offset.checked_sub(before));
        let bytes = start.and_then(|start| self.bytes.get_mut(start..)).and_then(|bytes| bytes.first_chunk_mut());
        bytes.ok_or(Problem::OutOfSection)
    }

    /// P.
    fn place(&self, offset: u64) -> Result<i64, Problem> {
        i64::try_from(offset).ok().and_then(|offset| self.base.checked_add(offset)).ok_or(Problem::OutOfSection)
    }

    fn write_32(&mut self, offset: u64, value: i64) -> Result<(), Problem> {
        let value = i32::try_from(value).map_err(|_| Problem::Overflow)?;
        *self.at(offset, 0)? = value.to_le_bytes();
        Ok(())
    }

    fn write_64(&mut self, offset: u64, value: i64) -> Result<(), Problem> {
        *self.at(offset, 0)? = value.to_le_bytes();
        Ok(())
    }
}

/// `address` + `addend`.
fn plus(address: i64, addend: i64) -> Result<i64, Problem> {
    address.checked_add(addend).ok_or(Problem::Overflow)
}

/// `to` + `addend` - `from`.
fn distance(to: i64, addend: i64, from: i64) -> Result<i64, Problem> {
    plus(to, addend)?.checked_sub(from).ok_or(Problem::Overflow)
}
