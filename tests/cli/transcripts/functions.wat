;; Functions to be found by index and by name.
(module
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (func $double (param i32) (result i32) (call $add (local.get 0) (local.get 0)))
  (func $quadruple (export "times four") (param i32) (result i32) (call $double (call $double (local.get 0))))
  (func (export "double") (result i32) (i32.const 2))
  (func $tail (result i32) (return_call 3)))
