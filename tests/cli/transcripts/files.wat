;; A program that prints the name of the first folder it may use and tries to make a file `new` there. It ends with the number of
;; what went wrong: 0 nothing, 8 there is no folder, 69 it may only be read.
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "new")
  (func $check (param $error i32)
    (if (local.get $error) (then (call $proc_exit (local.get $error)))))
  (func (export "_start")
    (local $length i32)
    (call $check (call $fd_prestat_get (i32.const 3) (i32.const 0)))
    (local.set $length (i32.load (i32.const 4)))
    (call $check (call $fd_prestat_dir_name (i32.const 3) (i32.const 1024) (local.get $length)))
    (i32.store8 (i32.add (i32.const 1024) (local.get $length)) (i32.const 10))
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.add (local.get $length) (i32.const 1)))
    (call $check (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
    ;; Created, to be written to.
    (call $check
      (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 1)
        (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 20)))))
