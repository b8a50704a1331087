;; Integer arithmetic. Division and remainder check first; shift counts wrap.
(module
  ;; Traps when divided by zero, and when the quotient is too large.
  (func (export "div_s") (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))

  ;; Traps only when divided by zero: the most negative number modulo -1 is 0.
  (func (export "rem_s") (param $a i64) (param $b i64) (result i64)
    (i64.rem_s (local.get $a) (local.get $b)))

  (func (export "div_u") (param $a i64) (param $b i64) (result i64)
    (i64.div_u (local.get $a) (local.get $b)))

  ;; A divisor that is known needs no check.
  (func (export "tenth") (param $a i32) (result i32)
    (i32.div_u (local.get $a) (i32.const 10)))

  ;; Only the count's low five bits count.
  (func (export "shift") (param $a i32) (param $n i32) (result i32)
    (i32.shr_s (i32.shl (local.get $a) (local.get $n)) (local.get $n)))

  (func (export "rotate") (param $a i64) (param $n i64) (result i64)
    (i64.rotl (local.get $a) (local.get $n)))

  ;; Defined for zero too.
  (func (export "count") (param $a i32) (result i32)
    (i32.add
      (i32.add (i32.clz (local.get $a)) (i32.ctz (local.get $a)))
      (i32.popcnt (local.get $a))))

  (func (export "compare") (param $a i64) (param $b i64) (result i32)
    (i32.sub
      (i64.gt_u (local.get $a) (local.get $b))
      (i64.lt_s (local.get $a) (local.get $b))))

  (func (export "extend") (param $a i64) (result i64)
    (i64.extend8_s (local.get $a))))
