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
