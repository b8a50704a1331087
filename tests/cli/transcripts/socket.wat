;; Makes a socket, and exits with what that gave: 0, or why not.
(module
  (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (call $open (i32.const 1) (i32.const 2) (i32.const 0)))))
