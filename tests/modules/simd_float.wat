;; Lanes of floats: what holds for single ones holds for each lane.
(module
  ;; One lane is multiplied by one: a signalling NaN there has to become quiet, should only that lane be used.
  (func (export "times") (param $a v128) (result f32)
    (f32x4.extract_lane 1 (f32x4.mul (local.get $a) (v128.const f32x4 2 1 3 4))))

  ;; NaN if either is, and -0 is less than +0.
  (func (export "min") (param $a v128) (param $b v128) (result v128)
    (f64x2.min (local.get $a) (local.get $b)))

  ;; The second operand if it is less; else, and so for NaNs, the first.
  (func (export "pseudo_min") (param $a v128) (param $b v128) (result v128)
    (f64x2.pmin (local.get $a) (local.get $b)))

  ;; Without an instruction for it, no function is called either.
  (func (export "floor") (param $a v128) (result v128)
    (f32x4.floor (local.get $a)))

  ;; A comparison gives a mask, and a mask selects.
  (func (export "select") (param $a v128) (param $b v128) (result v128)
    (v128.bitselect (local.get $a) (local.get $b) (f64x2.lt (local.get $a) (local.get $b)))))
