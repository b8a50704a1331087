//! x86-64: plain accesses to memory that other threads may be writing to.
//!
//! Such an access is a race, which is undefined for Rust's own loads and stores, volatile ones too. WebAssembly defines it: an
//! access gives, or leaves, what the processor makes of it. So each is an instruction that the compiler does not look into, the
//! one that native code has for it, whatever the address is a multiple of; two of them for a vector, whose halves may be told
//! apart (threads proposal, section on tearing).

use std::arch::asm;

macro_rules! access {
    ($instructions:literal, $($operands:tt)*) => {
        asm!($instructions, $($operands)*, options(nostack, preserves_flags))
    };
}

/// Loads bytes: 1, 2, 4, 8 or 16.
///
/// # Safety
/// They are mapped for reading.
#[inline(always)]
pub(crate) unsafe fn load<const N: usize>(from: *const u8) -> [u8; N] {
    let (low, mut high): (u64, u64);
    high = 0;
    // SAFETY: the caller's promise; nothing but the named registers changes.
    unsafe {
        match N {
            1 => access!("movzx {:e}, byte ptr [{}]", out(reg) low, in(reg) from),
            2 => access!("movzx {:e}, word ptr [{}]", out(reg) low, in(reg) from),
            4 => access!("mov {:e}, [{}]", out(reg) low, in(reg) from),
            8 => access!("mov {}, [{}]", out(reg) low, in(reg) from),
            16 => {
                access!("mov {}, [{}]", out(reg) low, in(reg) from);
                access!("mov {}, [{} + 8]", out(reg) high, in(reg) from);
            }
            _ => unreachable!("an access has one of five widths"),
        }
    }
    let bytes = (u128::from(low) | u128::from(high) << 64).to_le_bytes();
    *bytes.first_chunk().expect("no access has more bytes")
}

/// Stores bytes: 1, 2, 4, 8 or 16.
///
/// # Safety
/// They are mapped for writing, and no reference leads to them.
#[inline(always)]
pub(crate) unsafe fn store<const N: usize>(to: *mut u8, bytes: [u8; N]) {
    let mut all = [0; 16];
    all[..N].copy_from_slice(&bytes);
    let all = u128::from_le_bytes(all);
    let (low, high) = (all as u64, (all >> 64) as u64);
    // SAFETY: the caller's promise; no register changes.
    unsafe {
        match N {
            1 => access!("mov [{}], {}", in(reg) to, in(reg_byte) low as u8),
            2 => access!("mov [{}], {:x}", in(reg) to, in(reg) low),
            4 => access!("mov [{}], {:e}", in(reg) to, in(reg) low),
            8 => access!("mov [{}], {}", in(reg) to, in(reg) low),
            16 => {
                access!("mov [{}], {}", in(reg) to, in(reg) low);
                access!("mov [{} + 8], {}", in(reg) to, in(reg) high);
            }
            _ => unreachable!("an access has one of five widths"),
        }
    }
}
