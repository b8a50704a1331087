;; Tail calls: of functions that make some and of those that do not, direct, imported, through a table.
(module
  (import "host" "finish" (func $finish (param i32) (result i32)))
  (type $step (func (param i32 i64) (result i32)))
  (table 2 2 funcref)
  (elem (i32.const 0) $even $plain)

  ;; What makes tail calls is a tail function, beside a native one that calls it. The other's arguments fit registers.
  (func $even (export "even") (type $step)
    (if (i32.eqz (local.get 0))
      (then (return_call $finish (i32.const 1))))
    (return_call $odd
      (i32.sub (local.get 0) (i32.const 1)) (local.get 1)
      (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (f64.const 5)))

  ;; Two parameters find no register: they lie in the context's slots.
  (func $odd (param i32 i64 i64 i64 i64 i64 f64) (result i32)
    (if (i32.eqz (local.get 0))
      (then (return_call $plain (i32.const 0) (local.get 5))))
    (return_call $even (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 4) (local.get 5))))

  ;; No tail calls: a native function, which tail callers call.
  (func $plain (type $step)
    (i32.add (local.get 0) (i32.const 7)))

  ;; A normal call of a tail function.
  (func (export "both") (param i32) (result i32)
    (i32.add
      (call $even (local.get 0) (i64.const 0))
      (call $odd (local.get 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 1) (f64.const 2))))

  ;; Whether it is a jump is known when it is called.
  (func (export "indirect") (param i32 i64 i32) (result i32)
    (return_call_indirect (type $step) (local.get 0) (local.get 1) (local.get 2)))

  ;; The results' place is handed on.
  (func $three (param i32) (result i32 i32 i32)
    (if (i32.eqz (local.get 0))
      (then (return (i32.const 1) (i32.const 2) (i32.const 3))))
    (return_call $three (i32.sub (local.get 0) (i32.const 1)))))
