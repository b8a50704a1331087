//! What an interpreter does to memories in one step, in one order with all such accesses.
//!
//! The accesses are those of Rust's atomic integers. Guest code may race for the same bytes with accesses of several widths, which
//! Rust leaves open; what is relied on is that its compiler knows nothing of the bytes but an address, so that each access becomes
//! the processor's instruction for it, the same that native code has.

use crate::view::AnyView;
use abi::trap::TrapCode;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

/// How much an access takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A byte.
    Bits8,
    /// Two bytes.
    Bits16,
    /// Four bytes.
    Bits32,
    /// Eight bytes.
    Bits64,
}

impl Width {
    /// How many bytes it has.
    pub fn bytes(self) -> u64 {
        match self {
            Width::Bits8 => 1,
            Width::Bits16 => 2,
            Width::Bits32 => 4,
            Width::Bits64 => 8,
        }
    }
}

/// What becomes of an old value and an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Their sum.
    Add,
    /// Their difference.
    Sub,
    /// The bits that both have.
    And,
    /// The bits that any has.
    Or,
    /// The bits that one has.
    Xor,
    /// The operand.
    Exchange,
}

/// The atomic integers: valid for any bytes. Values are zero-extended on their way out, and cut on their way in.
pub(crate) trait Atomic {
    fn get(&self) -> u64;
    fn set(&self, value: u64);
    fn change(&self, change: Change, operand: u64) -> u64;
    fn exchange(&self, expected: u64, new: u64) -> u64;
}

macro_rules! atomics {
    ($($atomic:ident: $int:ty;)*) => {$(
        impl Atomic for $atomic {
            fn get(&self) -> u64 {
                self.load(Ordering::SeqCst).into()
            }

            fn set(&self, value: u64) {
                self.store(value as $int, Ordering::SeqCst);
            }

            fn change(&self, change: Change, operand: u64) -> u64 {
                let (operand, order) = (operand as $int, Ordering::SeqCst);
                match change {
                    Change::Add => self.fetch_add(operand, order).into(),
                    Change::Sub => self.fetch_sub(operand, order).into(),
                    Change::And => self.fetch_and(operand, order).into(),
                    Change::Or => self.fetch_or(operand, order).into(),
                    Change::Xor => self.fetch_xor(operand, order).into(),
                    Change::Exchange => self.swap(operand, order).into(),
                }
            }

            fn exchange(&self, expected: u64, new: u64) -> u64 {
                let (low, order) = (expected as $int, Ordering::SeqCst);
                if u64::from(low) != expected {
                    return self.get();
                }
                let (Ok(old) | Err(old)) = self.compare_exchange(low, new as $int, order, order);
                old.into()
            }
        }
    )*};
}

atomics! {
    AtomicU8: u8;
    AtomicU16: u16;
    AtomicU32: u32;
    AtomicU64: u64;
}

pub(crate) fn aligned(address: u64, size: usize) -> Result<(), TrapCode> {
    if address.is_multiple_of(size as u64) { Ok(()) } else { Err(TrapCode::UnalignedAtomic) }
}

/// All accesses trap at an address that is no multiple of their width, and then past the end.
impl AnyView<'_> {
    /// Loads an integer.
    ///
    /// # Errors
    /// If it traps.
    pub fn atomic_load(self, address: u64, width: Width) -> Result<u64, TrapCode> {
        Ok(self.place(address, width)?.get())
    }

    /// Stores an integer.
    ///
    /// # Errors
    /// If it traps.
    pub fn atomic_store(self, address: u64, width: Width, value: u64) -> Result<(), TrapCode> {
        self.place(address, width)?.set(value);
        Ok(())
    }

    /// Changes an integer. Gives the old one.
    ///
    /// # Errors
    /// If it traps.
    pub fn atomic_change(self, address: u64, width: Width, change: Change, operand: u64) -> Result<u64, TrapCode> {
        Ok(self.place(address, width)?.change(change, operand))
    }

    /// Replaces an integer if it is the expected one. Gives the old one. An expected one of more bits than the width equals none.
    ///
    /// # Errors
    /// If it traps.
    pub fn atomic_exchange(self, address: u64, width: Width, expected: u64, new: u64) -> Result<u64, TrapCode> {
        Ok(self.place(address, width)?.exchange(expected, new))
    }

    fn place(&self, address: u64, width: Width) -> Result<&dyn Atomic, TrapCode> {
        Ok(match width {
            Width::Bits8 => self.place_of::<AtomicU8>(address)?,
            Width::Bits16 => self.place_of::<AtomicU16>(address)?,
            Width::Bits32 => self.place_of::<AtomicU32>(address)?,
            Width::Bits64 => self.place_of::<AtomicU64>(address)?,
        })
    }

    fn place_of<T: Atomic>(&self, address: u64) -> Result<&T, TrapCode> {
        aligned(address, size_of::<T>())?;
        let place = self.range(address, size_of::<T>()).ok_or(TrapCode::MemoryOutOfBounds)?;
        // SAFETY: the place lies in the memory, which neither moves nor shrinks nor is freed while the store runs, and is aligned:
        // the address is, and the base is that of a page. Any bytes are an integer. Nobody writes there but atomically, or as
        // the module's documentation says.
        Ok(unsafe { &*place.cast::<T>() })
    }
}
