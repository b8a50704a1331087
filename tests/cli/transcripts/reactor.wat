;; A library that wants to be prepared first.
(module
  (global $prepared (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $prepared (i32.add (global.get $prepared) (i32.const 1))))
  (func (export "prepared") (result i32) (global.get $prepared)))
