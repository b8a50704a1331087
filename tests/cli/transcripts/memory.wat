;; A memory of two pages that may grow.
(module
  (memory 2)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
