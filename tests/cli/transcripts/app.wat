;; Uses two libraries.
(module
  (import "counter" "next" (func $next (result i32)))
  (import "twice" "next" (func $twice (result i32)))
  (func (export "run") (result i32 i32 i32) (call $next) (call $twice) (call $next)))
