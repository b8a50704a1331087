;; References: a function's is the address of its record, null is zero.
(module
  (import "host" "imported" (func $imported (result i32)))
  (type $constant (func (result i32)))
  (table $slot 1 funcref)
  (global $kept (mut funcref) (ref.null func))
  (elem declare func $seven $imported)

  (func $seven (result i32)
    (i32.const 7))

  (func (export "own") (result funcref)
    (ref.func $seven))

  (func (export "imported") (result funcref)
    (ref.func $imported))

  (func (export "is_null") (param $value externref) (result i32)
    (ref.is_null (local.get $value)))

  (func (export "null") (result externref)
    (ref.null extern))

  ;; Kept in a global, moved to a table, called from there.
  (func (export "keep_and_call") (result i32)
    (global.set $kept (ref.func $seven))
    (table.set $slot (i32.const 0) (global.get $kept))
    (call_indirect $slot (type $constant) (i32.const 0)))

  (func (export "choose") (param $a externref) (param $b externref) (param $which i32) (result externref)
    (select (result externref) (local.get $a) (local.get $b) (local.get $which))))
