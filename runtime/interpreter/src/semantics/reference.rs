//! References: words, zero if they are null.

use abi::trap::TrapCode;

/// `ref.as_non_null`
pub fn non_null(word: u64) -> Result<u64, TrapCode> {
    if word == 0 { Err(TrapCode::NullReference) } else { Ok(word) }
}
