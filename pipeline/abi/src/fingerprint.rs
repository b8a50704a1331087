//! One hash over everything that native code relies on.

use crate::layout::{self, Description};
use crate::libcall::{Libcall, RUNTIME_SYMBOLS};
use crate::signature::{MAX_PARAMS, MAX_REGISTER_RESULTS, SLOT_SIZE, TAIL_INTEGER_REGISTERS, TAIL_VECTOR_REGISTERS};
use std::fmt::Write;

/// Raised when the meaning of something changes that the description below does not show, such as a calling convention.
const REVISION: u32 = 1;

/// The ABI in readable form: structures with their fields' offsets, libcalls with their signatures, the rules' numbers.
pub fn describe() -> String {
    let mut text = format!("revision {REVISION}\nslot {SLOT_SIZE}\nregister results {MAX_REGISTER_RESULTS}\n");
    writeln!(text, "tail registers {TAIL_INTEGER_REGISTERS} {TAIL_VECTOR_REGISTERS} params {MAX_PARAMS}")
        .expect("writing to a string succeeds");
    for Description { name, size, fields } in layout::DESCRIPTIONS {
        writeln!(text, "struct {name} size {size}").expect("writing to a string succeeds");
        for (name, field) in *fields {
            writeln!(text, "  {name} at {} size {}", field.offset, field.size).expect("writing to a string succeeds");
        }
    }
    writeln!(text, "vmctx order {}", layout::ORDER).expect("writing to a string succeeds");
    for libcall in Libcall::ALL {
        writeln!(text, "libcall {} {:?}", libcall.offset(), libcall.signature()).expect("writing to a string succeeds");
    }
    writeln!(text, "memory reservation {} guard {}", layout::MEMORY_RESERVATION, layout::MEMORY_GUARD)
        .expect("writing to a string succeeds");
    for name in RUNTIME_SYMBOLS {
        writeln!(text, "symbol {name}").expect("writing to a string succeeds");
    }
    text
}

/// The fingerprint of the ABI: native code runs only under a runtime with the same one.
pub fn fingerprint() -> [u8; 32] {
    static FINGERPRINT: std::sync::OnceLock<[u8; 32]> = std::sync::OnceLock::new();
    *FINGERPRINT.get_or_init(|| *blake3::hash(describe().as_bytes()).as_bytes())
}
