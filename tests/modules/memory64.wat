;; Memories of 64-bit addresses. The address is compared with the memory's length; an offset smaller than the guard behind the memory
;; needs no check of its own.
(module
  (memory $wide (export "memory") i64 1 0x10000)
  (memory $narrow (export "narrow") 1)
  (data $passive "abcd")
  (data (memory $wide) (i64.const 16) "\01\02\03\04")

  ;; One comparison for both.
  (func (export "fields") (param $at i64) (result i64)
    (i64.add
      (i64.load (local.get $at))
      (i64.load8_u offset=24 (local.get $at))))

  ;; The bound is the length less the offset, or nothing.
  (func (export "far") (param $at i64) (result i32)
    (i32.load offset=0x100000000 (local.get $at)))

  ;; Past the end wherever it begins.
  (func (export "farthest") (param $at i64)
    (i32.store8 offset=0xffffffffffffffff (local.get $at) (i32.const 1)))

  (func (export "fixed") (result i32)
    (i32.load offset=4 (i64.const 12)))

  ;; The length is loaded once: the accesses do not change it.
  (func (export "sum") (param $at i64) (param $count i64) (result i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $count)))
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
        (i32.store (local.get $at) (local.get $sum))
        (local.set $at (i64.add (local.get $at) (i64.const 4)))
        (local.set $count (i64.sub (local.get $count) (i64.const 1)))
        (br $next)))
    (local.get $sum))

  (func (export "grow") (param $pages i64) (result i64)
    (drop (memory.grow $wide (local.get $pages)))
    (memory.size $wide))

  ;; Each operand has the width of its memory, the length the smaller one.
  (func (export "bulk") (param $wide i64) (param $narrow i32) (param $length i32)
    (memory.copy $wide $narrow (local.get $wide) (local.get $narrow) (local.get $length))
    (memory.copy $narrow $wide (local.get $narrow) (local.get $wide) (local.get $length))
    (memory.copy $wide $wide (local.get $wide) (i64.const 0) (i64.const 8))
    (memory.init $wide $passive (local.get $wide) (i32.const 0) (local.get $length))
    (memory.fill $wide (local.get $wide) (i32.const 7) (i64.extend_i32_u (local.get $length)))))
