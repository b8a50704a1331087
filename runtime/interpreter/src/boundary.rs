//! Values on their way between the words of a frame and the slots of the boundary.

use crate::translate::is_wide;
use abi::types::ValType;
use vm::Slot;

/// Copies values from slots to words.
pub(crate) fn to_words(types: &[ValType], slots: &[Slot], words: &mut [u64]) {
    let mut at = 0;
    for (&ty, slot) in types.iter().zip(slots) {
        let bytes = u128::from_le_bytes(slot.v128());
        words[at] = bytes as u64;
        at += 1;
        if is_wide(ty) {
            words[at] = (bytes >> 64) as u64;
            at += 1;
        }
    }
}

/// Copies values from words to slots.
pub(crate) fn to_slots(types: &[ValType], words: &[u64], slots: &mut [Slot]) {
    let mut at = 0;
    for (&ty, slot) in types.iter().zip(slots) {
        let mut bytes = u128::from(words[at]);
        at += 1;
        if is_wide(ty) {
            bytes |= u128::from(words[at]) << 64;
            at += 1;
        }
        slot.set_v128(bytes.to_le_bytes());
    }
}
