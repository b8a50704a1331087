;; Arithmetic on 128 bits, in two halves, the low one first.
(module
  ;; The carry goes from the low half to the high one.
  (func (export "add") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))

  (func (export "subtract") (param i64 i64 i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))

  ;; One multiplication gives both halves; what differs with the sign is the high one.
  (func (export "multiply") (param i64 i64) (result i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1)))

  (func (export "multiply_unsigned") (param i64 i64) (result i64 i64)
    (i64.mul_wide_u (local.get 0) (local.get 1))))
