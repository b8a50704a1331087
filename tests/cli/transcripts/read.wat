;; Reads from standard input, and exits with the number of bytes.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  ;; A buffer: its address and length.
  (data (i32.const 0) "\10\00\00\00\10\00\00\00")
  (func (export "_start")
    (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))
    (call $proc_exit (i32.load (i32.const 8)))))
