;; Several results, and blocks with parameters. Few results travel in registers, more through a return area.
(module
  (func $swap (export "swap") (param $a i32) (param $b i64) (result i64 i32)
    (local.get $b)
    (local.get $a))

  (func $many (export "many") (param $a i32) (result i32 i32 i32 i32 f64)
    (local.get $a)
    (i32.add (local.get $a) (i32.const 1))
    (i32.add (local.get $a) (i32.const 2))
    (i32.add (local.get $a) (i32.const 3))
    (f64.const 0.5))

  (func (export "use_swap") (param $a i32) (param $b i64) (result i64)
    (i64.sub (i64.extend_i32_s (call $swap (local.get $a) (local.get $b)))))

  ;; All five results, taken from the stack in reverse.
  (func (export "use_many") (param $a i32) (result f64)
    (local $half f64)
    (call $many (local.get $a))
    (local.set $half)
    (i32.add)
    (i32.add)
    (i32.add)
    (f64.convert_i32_s)
    (f64.mul (local.get $half)))

  ;; A loop whose label takes two values: a phi for each. The exponent is at least 1.
  (func (export "power") (param $base i32) (param $exponent i32) (result i32)
    (i32.const 1)
    (local.get $exponent)
    (loop $next (param i32 i32) (result i32)
      (local.set $exponent)
      (i32.mul (local.get $base))
      (if (param i32) (result i32) (i32.gt_u (local.get $exponent) (i32.const 1))
        (then (br $next (i32.sub (local.get $exponent) (i32.const 1))))))))
