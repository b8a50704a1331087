;; Atomic accesses: aligned or a trap, in one order for all threads. Plain accesses to a shared memory stay volatile.
(module
  (memory (export "memory") 1 2 shared)
  (memory $own 1)

  (func (export "load") (param $at i32) (result i64)
    (i64.atomic.load (local.get $at)))

  ;; A byte is always aligned.
  (func (export "load_byte") (param $at i32) (result i32)
    (i32.atomic.load8_u offset=3 (local.get $at)))

  (func (export "store_half") (param $at i32) (param $value i64)
    (i64.atomic.store16 offset=2 (local.get $at) (local.get $value)))

  (func (export "add") (param $at i32) (param $value i32) (result i32)
    (i32.atomic.rmw.add (local.get $at) (local.get $value)))

  (func (export "exchange_word") (param $at i32) (param $value i64) (result i64)
    (i64.atomic.rmw32.xchg_u (local.get $at) (local.get $value)))

  ;; The whole expected value counts, not its low byte.
  (func (export "compare_byte") (param $at i32) (param $expected i32) (param $new i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get $at) (local.get $expected) (local.get $new)))

  (func (export "compare") (param $at i32) (param $expected i64) (param $new i64) (result i64)
    (i64.atomic.rmw.cmpxchg (local.get $at) (local.get $expected) (local.get $new)))

  ;; Memories that are not shared may be accessed likewise.
  (func (export "own") (param $at i32) (result i32)
    (i32.atomic.rmw.or $own (local.get $at) (i32.const 1)))

  (func (export "publish") (param $at i32) (param $value i32)
    (i32.store (local.get $at) (local.get $value))
    (atomic.fence)
    (i32.atomic.store offset=4 (local.get $at) (i32.const 1)))

  (func (export "wait") (param $at i32) (param $expected i32) (param $timeout i64) (result i32)
    (memory.atomic.wait32 offset=8 (local.get $at) (local.get $expected) (local.get $timeout)))

  (func (export "wait_long") (param $at i32) (param $expected i64) (result i32)
    (memory.atomic.wait64 (local.get $at) (local.get $expected) (i64.const -1)))

  (func (export "notify") (param $at i32) (param $count i32) (result i32)
    (memory.atomic.notify (local.get $at) (local.get $count)))

  ;; Any thread may change the size.
  (func (export "grow") (param $pages i32) (result i32)
    (drop (memory.grow (local.get $pages)))
    (memory.size)))
