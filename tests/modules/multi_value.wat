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

  ;; The greatest common divisor: a loop whose label takes two values, a phi for each.
  (func (export "gcd") (param $a i32) (param $b i32) (result i32)
    (local.get $a)
    (local.get $b)
    (loop $next (param i32 i32) (result i32)
      (local.set $b)
      (local.set $a)
      (if (result i32) (i32.eqz (local.get $b))
        (then (local.get $a))
        (else
          (local.get $b)
          (i32.rem_u (local.get $a) (local.get $b))
          (br $next))))))
