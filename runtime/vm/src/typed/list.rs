//! Lists of values: what a function takes or gives.

use super::value::Typed;
use crate::store::Store;
use crate::value::Slot;
use abi::types::ValType;

/// What a function takes or gives: `()`, one value ([`WasmTy`](crate::WasmTy)), or a tuple of up to sixteen.
pub trait WasmList: List {}

impl<T: List> WasmList for T {}

/// What lists of values can do. Out of reach for other crates, so that there are no others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of WebAssembly's values",
    note = "a list is `()`, one value, or a tuple of up to sixteen"
)]
pub trait List: Sized {
    /// A slot for each value.
    type Slots: AsMut<[Slot]> + Default;

    /// How many values there are.
    const COUNT: usize;

    /// Their types.
    fn types() -> Vec<ValType>;

    /// Puts the values into the first slots.
    fn lower(self, store: &Store, slots: &mut [Slot]);

    /// Takes values out of the first slots.
    fn lift(store: &Store, slots: &[Slot]) -> Self;
}

impl<T: Typed> List for T {
    type Slots = [Slot; 1];
    const COUNT: usize = 1;

    fn types() -> Vec<ValType> {
        vec![T::TYPE]
    }

    fn lower(self, store: &Store, slots: &mut [Slot]) {
        self.lower(store, &mut slots[0]);
    }

    fn lift(store: &Store, slots: &[Slot]) -> T {
        T::lift(store, &slots[0])
    }
}

impl List for () {
    type Slots = [Slot; 0];
    const COUNT: usize = 0;

    fn types() -> Vec<ValType> {
        Vec::new()
    }

    fn lower(self, _: &Store, _: &mut [Slot]) {}

    fn lift(_: &Store, _: &[Slot]) {}
}

macro_rules! tuples {
    ($($count:literal: $($name:ident $index:tt)*;)*) => {$(
        impl<$($name: Typed),*> List for ($($name,)*) {
            type Slots = [Slot; $count];
            const COUNT: usize = $count;

            fn types() -> Vec<ValType> {
                vec![$($name::TYPE),*]
            }

            fn lower(self, store: &Store, slots: &mut [Slot]) {
                $(self.$index.lower(store, &mut slots[$index]);)*
            }

            fn lift(store: &Store, slots: &[Slot]) -> Self {
                ($($name::lift(store, &slots[$index]),)*)
            }
        }
    )*};
}

/// Hands a macro each arity but zero: how many, and for each value a name of its type and its index.
macro_rules! for_each_arity {
    ($macro:ident) => {
        $macro! {
            1: A 0;
            2: A 0 B 1;
            3: A 0 B 1 C 2;
            4: A 0 B 1 C 2 D 3;
            5: A 0 B 1 C 2 D 3 E 4;
            6: A 0 B 1 C 2 D 3 E 4 G 5;
            7: A 0 B 1 C 2 D 3 E 4 G 5 H 6;
            8: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7;
            9: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8;
            10: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9;
            11: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9 L 10;
            12: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11;
            13: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12;
            14: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12 O 13;
            15: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12 O 13 P 14;
            16: A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12 O 13 P 14 Q 15;
        }
    };
}
pub(super) use for_each_arity;

for_each_arity!(tuples);
