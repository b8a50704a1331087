;; Code that counts instructions and gas, and that can be interrupted.
(module
  (import "host" "tell" (func $tell (param i32)))
  (memory 1)
  ;; A loop: charged at each turn, and asked whether it shall stop. Memory has the counters before an access that may fault.
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 4)))))
    (local.get $sum))
  ;; A call: memory has the counters before it, and they are loaded again behind it.
  (func (export "calls") (param i32)
    (call $tell (local.get 0))
    (if (local.get 0) (then (call $tell (i32.const 1)))))
  ;; A trap in the middle of a segment.
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_u (local.get 0) (local.get 1))))
