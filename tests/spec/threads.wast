;; What the suite's harness for threads offers: each has a store of its own, in which modules see shared memories of the file's.

(module $Memory (memory (export "shared") 1 4 shared))

(thread $Producer (shared (module $Memory))
  (register "memory" $Memory)
  (module
    (memory (import "memory" "shared") 1 4 shared)
    (func (export "run")
      (i32.store (i32.const 64) (i32.const 42))
      (i32.atomic.store (i32.const 0) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))))
  (invoke "run")
)

(thread $Consumer (shared (module $Memory))
  (register "memory" $Memory)
  (module
    (memory (import "memory" "shared") 1 4 shared)
    (func (export "run") (result i32)
      (block $done
        (loop $again
          (br_if $done (i32.atomic.load (i32.const 0)))
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
          (br $again)))
      (i32.load (i32.const 64))))
  (assert_return (invoke "run") (i32.const 42))
)

(wait $Producer)
(wait $Consumer)

;; Each thread stores to its own word, then looks at the other's: one of them at least sees the other's store.
(thread $Left (shared (module $Memory))
  (register "memory" $Memory)
  (module
    (memory (import "memory" "shared") 1 4 shared)
    (func (export "run")
      (i32.atomic.store (i32.const 128) (i32.const 1))
      (i32.store (i32.const 256) (i32.atomic.load (i32.const 192)))))
  (invoke "run")
)
(thread $Right (shared (module $Memory))
  (register "memory" $Memory)
  (module
    (memory (import "memory" "shared") 1 4 shared)
    (func (export "run")
      (i32.atomic.store (i32.const 192) (i32.const 1))
      (i32.store (i32.const 260) (i32.atomic.load (i32.const 128)))))
  (invoke "run")
)
(wait $Left)
(wait $Right)

(register "memory" $Memory)
(module $Check
  (memory (import "memory" "shared") 1 4 shared)
  (func (export "seen") (result i32) (i32.or (i32.load (i32.const 256)) (i32.load (i32.const 260))))
  (func (export "last") (result i32) (i32.load8_u (i32.const 131071)))
  (func (export "size") (result i32) (memory.size)))
(assert_return (invoke "seen") (i32.const 1))

;; A page that another thread has added is there.
(assert_trap (invoke "last") "out of bounds memory access")
(thread $Grower (shared (module $Memory))
  (register "memory" $Memory)
  (module
    (memory (import "memory" "shared") 1 4 shared)
    (func (export "run") (result i32) (memory.grow (i32.const 1))))
  (assert_return (invoke "run") (i32.const 1))
)
(wait $Grower)
(assert_return (invoke "last") (i32.const 0))
(assert_return (invoke "size") (i32.const 2))
