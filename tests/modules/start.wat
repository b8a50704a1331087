;; What happens at instantiation: segments are copied, then the start function runs.
(module
  (import "host" "base" (global $base i32))
  (memory (export "memory") 1)
  (data (global.get $base) "\2a")
  (func $start
    (i32.store8 (i32.const 0) (i32.add (i32.load8_u (global.get $base)) (i32.const 1))))
  (start $start))
