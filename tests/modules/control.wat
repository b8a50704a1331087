;; Structured control: blocks, loops and branches become basic blocks, their labels' values become phis.
(module
  ;; A loop with a value carried around it: the sum of 1..=n.
  (func (export "sum") (param $n i32) (result i32)
    (local $sum i32)
    (loop $next
      (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
      (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; An `if` that gives a value from either arm.
  (func (export "max") (param $a i32) (param $b i32) (result i32)
    (if (result i32) (i32.gt_s (local.get $a) (local.get $b))
      (then (local.get $a))
      (else (local.get $b))))

  ;; A jump table, with one label named twice and a default.
  (func (export "table") (param $i i32) (result i32)
    (block $default
      (block $two
        (block $one
          (br_table $one $two $one $default (local.get $i)))
        (return (i32.const 1)))
      (return (i32.const 2)))
    (i32.const 0))

  ;; Code after a branch that is always taken has no machine code.
  (func (export "dead") (result i32)
    (block $out (result i32)
      (br $out (i32.const 1))
      (drop (i32.div_u (i32.const 1) (i32.const 0)))
      (unreachable)))

  ;; A value picked without a branch.
  (func (export "select") (param $a i64) (param $b i64) (param $which i32) (result i64)
    (select (local.get $a) (local.get $b) (local.get $which)))

  ;; A trap.
  (func (export "trap")
    (unreachable)))
