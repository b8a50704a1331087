;; 128-bit vectors: of one type in WebAssembly, of as many as there are shapes in LLVM.
(module
  (memory 1)

  ;; The lanes are those of the operator, not of the value.
  (func (export "add") (param $a v128) (param $b v128) (result v128)
    (f32x4.add (i32x4.add (local.get $a) (local.get $b)) (local.get $b)))

  ;; Saturates instead of wrapping.
  (func (export "saturate") (param $a v128) (param $b v128) (result v128)
    (i8x16.add_sat_u (local.get $a) (local.get $b)))

  ;; Lanes chosen by constants, and by values: those out of range are zero.
  (func (export "shuffle") (param $a v128) (param $b v128) (result v128)
    (i8x16.swizzle
      (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $a) (local.get $b))
      (local.get $b)))

  (func (export "lanes") (param $a v128) (param $value i64) (result i32)
    (i16x8.extract_lane_s 3 (i64x2.replace_lane 1 (local.get $a) (local.get $value))))

  ;; One value loaded into all lanes; a mask of lanes as bits.
  (func (export "compare") (param $at i32) (param $a v128) (result i32)
    (i32x4.bitmask (i32x4.gt_s (local.get $a) (v128.load32_splat (local.get $at)))))

  (func (export "select") (param $at i32) (param $a v128) (param $mask v128)
    (v128.store offset=16 (local.get $at)
      (v128.bitselect (v128.load (local.get $at)) (local.get $a) (local.get $mask)))))
