;; Lanes of one type to lanes of another. The processor's conversions know no saturation, its packing does.
(module
  ;; NaN gives 0, what is too large the greatest.
  (func (export "saturate") (param $a v128) (result v128)
    (i32x4.trunc_sat_f32x4_s (local.get $a)))

  (func (export "saturate_unsigned") (param $a v128) (result v128)
    (i32x4.trunc_sat_f32x4_u (local.get $a)))

  ;; Two lanes become four, of which two are zero.
  (func (export "saturate_double") (param $a v128) (result v128)
    (i32x4.trunc_sat_f64x2_s_zero (local.get $a)))

  ;; A signalling NaN becomes quiet on the way, though it comes back as wide as it was.
  (func (export "there_and_back") (param $a v128) (result v128)
    (f32x4.demote_f64x2_zero (f64x2.promote_low_f32x4 (local.get $a))))

  (func (export "narrow") (param $a v128) (param $b v128) (result v128)
    (i16x8.narrow_i32x4_u
      (i32x4.extend_high_i16x8_s (local.get $a))
      (f32x4.convert_i32x4_u (local.get $b))))

  ;; Products in twice the width, summed in pairs.
  (func (export "dot") (param $a v128) (param $b v128) (result v128)
    (i32x4.add
      (i32x4.dot_i16x8_s (local.get $a) (local.get $b))
      (i32x4.extadd_pairwise_i16x8_s (i16x8.extmul_low_i8x16_u (local.get $a) (local.get $b)))))

  ;; Only -1 by -1 saturates.
  (func (export "fractions") (param $a v128) (param $b v128) (result v128)
    (i16x8.q15mulr_sat_s (local.get $a) (local.get $b))))
