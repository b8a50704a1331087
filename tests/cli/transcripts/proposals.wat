;; Needs nothing beyond edition 2 of the standard, but what that has over edition 1.
(module
  (func (export "sign") (param i32) (result i32) (i32.extend8_s (local.get 0)))
  (func (export "convert") (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
  (func (export "pair") (result i32 i32) (i32.const 1) (i32.const 2)))
