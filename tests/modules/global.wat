;; Globals: own ones lie in the context, imported ones behind a pointer, constant ones are loaded as invariant.
(module
  (import "host" "limit" (global $limit i32))
  (import "host" "total" (global $total (mut i64)))
  (global $counter (export "counter") (mut i32) (i32.const 0))
  (global $scale f64 (f64.const 0.5))
  ;; Initialized with another global's value.
  (global $start (mut i32) (global.get $limit))

  (func (export "count") (result i32)
    (global.set $counter (i32.add (global.get $counter) (i32.const 1)))
    (global.get $counter))

  (func (export "scaled") (param $a f64) (result f64)
    (f64.mul (local.get $a) (global.get $scale)))

  (func (export "add_to_total") (param $a i64) (result i32)
    (global.set $total (i64.add (global.get $total) (local.get $a)))
    (i32.lt_s (global.get $start) (global.get $limit))))
