;; Calls: direct, imported, and through a table with its three checks (bounds, null, type).
(module
  (import "host" "log" (func $log (param i32)))
  (type $unary (func (param i32) (result i32)))
  (table 3 3 funcref)
  (elem (i32.const 0) $fib $twice)

  ;; A direct call is a plain native call within the module.
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (i32.const 1))
      (else
        (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  (func $twice (param $n i32) (result i32)
    (i32.mul (local.get $n) (i32.const 2)))

  ;; An imported function is called through its record in the context.
  (func (export "log_twice") (param $n i32)
    (call $log (local.get $n))
    (call $log (local.get $n)))

  (func (export "apply") (param $i i32) (param $n i32) (result i32)
    (call_indirect (type $unary) (local.get $n) (local.get $i)))

  ;; Parameters of every number type.
  (func $weigh (param $a i32) (param $b i64) (param $c f32) (param $d f64) (result f64)
    (f64.add
      (f64.add (f64.convert_i32_s (local.get $a)) (f64.convert_i64_s (local.get $b)))
      (f64.add (f64.promote_f32 (local.get $c)) (local.get $d))))

  (func (export "mixed") (result f64)
    (call $weigh (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))))
