//! Which NaN an operator gives, and that operands which are constants or locals give the same.

use crate::{call, instance};
use vm::Value;

const QUIET: u32 = 0x7fc0_1234;
const SIGNALLING: u32 = 0xff80_0001;

fn result(op: &str, a: u32, b: u32) -> u32 {
    let text = format!(
        "(module
          (func (export \"f\") (param f32 f32) (result f32) ({op} (local.get 0) (local.get 1)))
          (func (export \"g\") (param f32 f32) (result f32)
            ({op} (f32.reinterpret_i32 (i32.const {})) (f32.add (local.get 1) (f32.const -0)))))",
        a.cast_signed()
    );
    let (mut store, instance) = instance(&text);
    let mut bits = |name| match call(&mut store, instance, name, &[Value::F32(a), Value::F32(b)]).expect("no trap")[..]
    {
        [Value::F32(bits)] => bits,
        ref other => panic!("{other:?}"),
    };
    let result = bits("f");
    assert_eq!(bits("g"), result, "{op} of {a:#x} and {b:#x}");
    result
}

#[test]
fn the_first_nan_wins_and_becomes_quiet() {
    let one = 1f32.to_bits();
    for op in ["f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max"] {
        assert_eq!(result(op, QUIET, SIGNALLING), QUIET, "{op}");
        assert_eq!(result(op, SIGNALLING, QUIET), SIGNALLING | 0x40_0000, "{op}");
        assert_eq!(result(op, one, SIGNALLING), SIGNALLING | 0x40_0000, "{op}");
        assert_eq!(result(op, QUIET, one), QUIET, "{op}");
    }
}

#[test]
fn without_a_nan_there_is_one_for_what_is_no_number() {
    let (zero, infinity) = (0, f32::INFINITY.to_bits());
    assert_eq!(result("f32.sub", infinity, infinity), 0xffc0_0000);
    assert_eq!(result("f32.mul", zero, infinity), 0xffc0_0000);
    assert_eq!(result("f32.div", zero, zero), 0xffc0_0000);
}

/// An operator whose operand is another one's result gives the NaN that it gives alone, whether one handler runs both or not.
#[test]
fn a_nan_goes_from_operator_to_operator() {
    let names = ["add", "sub", "mul", "div"];
    for (inner, outer) in names.iter().flat_map(|inner| names.map(|outer| (inner, outer))) {
        let text = format!(
            "(module
              (func (export \"first\") (param f32 f32 f32) (result f32)
                (f32.{outer} (f32.{inner} (local.get 0) (local.get 1)) (local.get 2)))
              (func (export \"last\") (param f32 f32 f32) (result f32)
                (f32.{outer} (local.get 2) (f32.{inner} (local.get 0) (local.get 1)))))"
        );
        let (mut store, instance) = instance(&text);
        let mut bits = |name, values: [u32; 3]| match call(&mut store, instance, name, &values.map(Value::F32)) {
            Ok(results) => results,
            Err(trap) => panic!("{trap}"),
        };
        let one = 1f32.to_bits();
        let quieted = SIGNALLING | 0x40_0000;
        assert_eq!(bits("first", [one, SIGNALLING, QUIET]), [Value::F32(quieted)], "{inner}, {outer}");
        assert_eq!(bits("first", [QUIET, SIGNALLING, SIGNALLING]), [Value::F32(QUIET)], "{inner}, {outer}");
        assert_eq!(bits("last", [one, SIGNALLING, QUIET]), [Value::F32(QUIET)], "{inner}, {outer}");
        assert_eq!(bits("last", [QUIET, one, one]), [Value::F32(QUIET)], "{inner}, {outer}");
    }
}
