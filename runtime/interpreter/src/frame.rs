//! The slots of a function's frame.
//!
//! A frame is a window onto the stack of words, as wide as any operand of an instruction can reach, so that reaching a slot
//! needs no check. A value of 32 bits lies in the low half of its slot; the high half is anything. A vector takes two slots.

use crate::instruction::Instr;
use std::cell::Cell;

/// How many slots a frame's operands can name.
pub(crate) const WINDOW: usize = 1 << 16;

/// A window onto the stack. Those of a caller and a callee overlap, so words are cells.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a>(&'a [Cell<u64>; WINDOW]);

impl<'a> Frame<'a> {
    /// The frame that begins at a word of the stack, if that goes on for a window's width.
    #[inline(always)]
    pub fn new(words: &'a [Cell<u64>], start: usize) -> Option<Frame<'a>> {
        words.get(start..)?.first_chunk().map(Frame)
    }

    /// The frame that begins at a word of the stack, if that goes on for a window's width behind the frame's size.
    #[inline(always)]
    pub fn with_size(words: &'a [Cell<u64>], start: usize, size: u32) -> Option<Frame<'a>> {
        words.get(start..start + size as usize + WINDOW)?.first_chunk().map(Frame)
    }

    #[inline(always)]
    pub fn word(self, slot: u16) -> u64 {
        self.0[usize::from(slot)].get()
    }

    #[inline(always)]
    pub fn set_word(self, slot: u16, value: u64) {
        self.0[usize::from(slot)].set(value);
    }

    /// Sets words to zero.
    #[inline(never)]
    pub fn zero(self, first: u16, count: usize) {
        self.0.iter().skip(usize::from(first)).take(count).for_each(|word| word.set(0));
    }

    /// Sets four words to zero.
    #[inline(always)]
    pub fn zero_four(self, instr: Instr) {
        (0..4).for_each(|position| self.set_word(instr.a + position, 0));
    }

    /// Moves words from a slot on to the beginning.
    #[inline(never)]
    pub fn move_down(self, first: u16, count: usize) {
        for (to, from) in self.0.iter().zip(&self.0[usize::from(first)..]).take(count) {
            to.set(from.get());
        }
    }

    #[inline(always)]
    pub fn get<T: Word>(self, slot: u16) -> T {
        T::from_word(self.word(slot))
    }

    #[inline(always)]
    pub fn set<T: Word>(self, slot: u16, value: T) {
        self.set_word(slot, value.to_word());
    }
}

/// A value that takes one slot.
pub(crate) trait Word: Copy {
    fn from_word(word: u64) -> Self;
    fn to_word(self) -> u64;
}

macro_rules! words {
    ($($ty:ty: $from:expr, $to:expr;)*) => {$(
        impl Word for $ty {
            #[inline(always)]
            fn from_word(word: u64) -> $ty {
                $from(word)
            }

            #[inline(always)]
            fn to_word(self) -> u64 {
                $to(self)
            }
        }
    )*};
}

words! {
    u32: |word| word as u32, u64::from;
    i32: |word| word as i32, |value: i32| u64::from(value.cast_unsigned());
    u64: |word| word, |value| value;
    i64: |word: u64| word.cast_signed(), i64::cast_unsigned;
    f32: |word| f32::from_bits(word as u32), |value: f32| u64::from(value.to_bits());
    f64: f64::from_bits, f64::to_bits;
    bool: |word| word as u32 != 0, u64::from;
}

/// An integer that can stand in an instruction.
pub(crate) trait Immediate: Word {
    fn from_immediate(immediate: i32) -> Self;
}

impl Immediate for i32 {
    #[inline(always)]
    fn from_immediate(immediate: i32) -> i32 {
        immediate
    }
}

impl Immediate for i64 {
    #[inline(always)]
    fn from_immediate(immediate: i32) -> i64 {
        immediate.into()
    }
}
