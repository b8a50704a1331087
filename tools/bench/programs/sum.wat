;; A tight loop on memory, of one load a turn.
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i32) (local $sum i32) (local $at i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.and (local.get $at) (i32.const 0xfffc)))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $sum)))
