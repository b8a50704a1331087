;; Relaxed operators on vectors: of what they leave open, one result is chosen, the same on every processor.
(module
  ;; Numbers from 16 to 127 count modulo 16, larger ones give 0: one instruction.
  (func (export "swizzle") (param $a v128) (param $at v128) (result v128)
    (i8x16.relaxed_swizzle (local.get $a) (local.get $at)))

  ;; What is too large, and a NaN, give the least integer.
  (func (export "truncate") (param $a v128) (result v128)
    (i32x4.relaxed_trunc_f32x4_s (local.get $a)))

  ;; Rounds twice.
  (func (export "multiply_add") (param $a v128) (param $b v128) (param $c v128) (result v128)
    (f32x4.relaxed_madd (local.get $a) (local.get $b) (local.get $c)))

  ;; Bit by bit, not lane by lane.
  (func (export "select") (param $a v128) (param $b v128) (param $mask v128) (result v128)
    (i16x8.relaxed_laneselect (local.get $a) (local.get $b) (local.get $mask)))

  ;; The second operand if it is greater; else, and so for NaNs, the first.
  (func (export "max") (param $a v128) (param $b v128) (result v128)
    (f64x2.relaxed_max (local.get $a) (local.get $b)))

  ;; -1 by -1 gives -1.
  (func (export "q15") (param $a v128) (param $b v128) (result v128)
    (i16x8.relaxed_q15mulr_s (local.get $a) (local.get $b)))

  ;; The second operand counts as unsigned.
  (func (export "dot") (param $a v128) (param $b v128) (param $c v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $a) (local.get $b) (local.get $c))))
