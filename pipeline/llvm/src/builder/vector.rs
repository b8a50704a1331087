//! Lanes and fields of vectors and aggregates.

use llvm_sys::core::*;

use super::{Builder, UNNAMED};
use crate::types::Type;
use crate::value::Value;

/// The most lanes a shuffle gives: more than any target's register holds as bytes.
const MAX_LANES: usize = 128;

impl<'c> Builder<'c> {
    /// The field or element `index` of a structure or array.
    pub fn extract_value(&self, aggregate: Value<'c>, index: u32) -> Value<'c> {
        check_index(aggregate.ty(), index);
        // SAFETY: builder and operand are alive, and it has that field.
        unsafe { Value::from_raw(LLVMBuildExtractValue(self.raw(), aggregate.raw(), index, UNNAMED)) }
    }

    /// A structure or array with the field or element `index` replaced.
    pub fn insert_value(&self, aggregate: Value<'c>, element: Value<'c>, index: u32) -> Value<'c> {
        check_index(aggregate.ty(), index);
        // SAFETY: builder and operands are alive, and the aggregate has that field.
        unsafe { Value::from_raw(LLVMBuildInsertValue(self.raw(), aggregate.raw(), element.raw(), index, UNNAMED)) }
    }

    /// The lane `index` (an integer) of a vector; poison out of range.
    pub fn extract_element(&self, vector: Value<'c>, index: Value<'c>) -> Value<'c> {
        assert!(vector.ty().is_vector(), "lane of {vector:?}");
        // SAFETY: builder and operands are alive, and this is a vector.
        unsafe { Value::from_raw(LLVMBuildExtractElement(self.raw(), vector.raw(), index.raw(), UNNAMED)) }
    }

    /// A vector with the lane `index` (an integer) replaced; poison out of range.
    pub fn insert_element(&self, vector: Value<'c>, element: Value<'c>, index: Value<'c>) -> Value<'c> {
        assert!(vector.ty().is_vector(), "lane of {vector:?}");
        debug_assert_eq!(vector.ty().element(), Some(element.ty()));
        // SAFETY: builder and operands are alive, and this is a vector of that element.
        unsafe {
            Value::from_raw(LLVMBuildInsertElement(self.raw(), vector.raw(), element.raw(), index.raw(), UNNAMED))
        }
    }

    /// A vector whose lane `i` is the lane `mask[i]` of `a` followed by `b`. At most 128 lanes.
    pub fn shuffle_vector(&self, a: Value<'c>, b: Value<'c>, mask: &[u32]) -> Value<'c> {
        assert!(a.ty().is_vector() && a.ty() == b.ty(), "shuffle of {a:?} and {b:?}");
        let lanes = a.ty().element_count().expect("a vector has a length");
        assert!(
            (1..=MAX_LANES).contains(&mask.len()) && mask.iter().all(|lane| u64::from(*lane) < 2 * lanes),
            "shuffle by {mask:?}"
        );
        let i32_type = self.context().i32();
        let mut constants = [a; MAX_LANES];
        for (constant, lane) in constants.iter_mut().zip(mask) {
            *constant = i32_type.const_int((*lane).into());
        }
        let mask = self.context().const_vector(&constants[..mask.len()]);
        // SAFETY: builder and operands are alive, the vectors of one type, and the mask constant and in range.
        unsafe { Value::from_raw(LLVMBuildShuffleVector(self.raw(), a.raw(), b.raw(), mask.raw(), UNNAMED)) }
    }

    /// A vector of `lanes` copies of `value`.
    pub fn splat(&self, value: Value<'c>, lanes: u32) -> Value<'c> {
        let context = self.context();
        let vector = context.vector(value.ty(), lanes);
        let first = self.insert_element(vector.poison(), value, context.const_i32(0));
        let zeros = context.vector(context.i32(), lanes).null();
        // SAFETY: builder and operands are alive, the vectors of one type, and the mask constant and in range.
        unsafe {
            Value::from_raw(LLVMBuildShuffleVector(
                self.raw(),
                first.raw(),
                vector.poison().raw(),
                zeros.raw(),
                UNNAMED,
            ))
        }
    }
}

/// LLVM looks the field's type up at once, so the index must be right already here.
fn check_index(aggregate: Type<'_>, index: u32) {
    assert!(
        !aggregate.is_vector() && aggregate.element_count() > Some(index.into()),
        "no field {index} in {aggregate}"
    );
}
