;; Loads and stores. A 32-bit memory is guarded by its reservation: no check in code, and the address and the static offset are
;; added without wrapping.
(module
  (memory (export "memory") 1 4)
  (data (i32.const 16) "\01\02\03\04")

  (func (export "load") (param $at i32) (result i32)
    (i32.load (local.get $at)))

  ;; The offset reaches beyond 32 bits.
  (func (export "load_far") (param $at i32) (result i64)
    (i64.load offset=0xffffffff (local.get $at)))

  ;; Narrow loads extend, narrow stores wrap.
  (func (export "widen") (param $at i32) (result i64)
    (i64.add
      (i64.load8_s (local.get $at))
      (i64.load32_u offset=8 (local.get $at))))

  (func (export "narrow") (param $at i32) (param $value i64)
    (i64.store16 (local.get $at) (local.get $value)))

  (func (export "store_double") (param $at i32) (param $value f64)
    (f64.store offset=8 align=4 (local.get $at) (local.get $value)))

  ;; The base of the memory is loaded once; the loop does not reload it after stores.
  (func (export "sum") (param $at i32) (param $count i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
        (i32.store (local.get $at) (local.get $sum))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (local.get $sum))

  (func (export "grow") (param $pages i32) (result i32)
    (drop (memory.grow (local.get $pages)))
    (memory.size)))
