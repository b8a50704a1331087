;; A library that uses another one: two steps at once.
(module
  (import "counter" "next" (func $next (result i32)))
  (func (export "next") (result i32) (drop (call $next)) (call $next)))
