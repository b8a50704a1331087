//! Operators on all bits of vectors.

use super::rows;
use crate::semantics::vector::{bitselect, bitwise, test};

rows! {
    visit_v128_not => unary_vector(|a| a.map(|byte| !byte));
    visit_v128_and => binary_vector(|a, b| bitwise(a, b, |a, b| a & b));
    visit_v128_andnot => binary_vector(|a, b| bitwise(a, b, |a, b| a & !b));
    visit_v128_or => binary_vector(|a, b| bitwise(a, b, |a, b| a | b));
    visit_v128_xor => binary_vector(|a, b| bitwise(a, b, |a, b| a ^ b));
    visit_v128_bitselect => ternary_vector(bitselect);
    visit_v128_any_true => test_vector(test::any_true);
}
