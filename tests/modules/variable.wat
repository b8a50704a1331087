;; Locals have no memory: each becomes the value that it holds, and phis where paths meet.
(module
  ;; A local that is never set is zero.
  (func (export "zero") (result f64)
    (local $z f64)
    (local.get $z))

  ;; Set on one path only: a phi after the `if`.
  (func (export "clamp") (param $n i32) (result i32)
    (if (i32.lt_s (local.get $n) (i32.const 0))
      (then (local.set $n (i32.const 0))))
    (local.get $n))

  ;; Two locals swapped in each turn of a loop: two phis of its head.
  (func (export "fibonacci") (param $n i32) (result i64)
    (local $a i64) (local $b i64) (local $t i64)
    (local.set $b (i64.const 1))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (local.set $t (i64.add (local.get $a) (local.get $b)))
        (local.set $a (local.get $b))
        (local.set $b (local.get $t))
        (br $next)))
    (local.get $a))

  ;; `local.tee` sets and gives.
  (func (export "square_of_sum") (param $a i32) (param $b i32) (result i32)
    (local $sum i32)
    (i32.mul
      (local.tee $sum (i32.add (local.get $a) (local.get $b)))
      (local.get $sum))))
