;; Conversions between number types: the trapping ones check their range first, the saturating ones never trap.
(module
  (func (export "wrap") (param $a i64) (result i32)
    (i32.wrap_i64 (local.get $a)))

  (func (export "extend") (param $a i32) (result i64)
    (i64.add
      (i64.extend_i32_s (local.get $a))
      (i64.extend_i32_u (local.get $a))))

  ;; NaN is an invalid conversion, what is out of range an overflow.
  (func (export "truncate") (param $a f64) (result i32)
    (i32.trunc_f64_s (local.get $a)))

  (func (export "truncate_unsigned") (param $a f32) (result i64)
    (i64.trunc_f32_u (local.get $a)))

  ;; NaN becomes zero, what is out of range the nearest integer.
  (func (export "saturate") (param $a f64) (result i64)
    (i64.trunc_sat_f64_s (local.get $a)))

  (func (export "to_float") (param $a i64) (result f32)
    (f32.convert_i64_u (local.get $a)))

  ;; Both change a signalling NaN, so the pair must not be folded away.
  (func (export "there_and_back") (param $a f32) (result f32)
    (f32.demote_f64 (f64.promote_f32 (local.get $a))))

  (func (export "reinterpret") (param $a f64) (result i64)
    (i64.reinterpret_f64 (local.get $a))))
