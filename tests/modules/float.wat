;; Floating point. No identity may be folded that a signalling NaN or the sign of zero tells apart.
(module
  (func (export "hypotenuse") (param $a f64) (param $b f64) (result f64)
    (f64.sqrt (f64.add
      (f64.mul (local.get $a) (local.get $a))
      (f64.mul (local.get $b) (local.get $b)))))

  ;; A multiplication by one makes a signalling NaN quiet: it has to stay.
  (func (export "times_one") (param $a f32) (result f32)
    (f32.mul (local.get $a) (f32.const 1)))

  ;; NaN if either is, and -0 is less than +0.
  (func (export "min") (param $a f32) (param $b f32) (result f32)
    (f32.min (local.get $a) (local.get $b)))

  (func (export "max") (param $a f64) (param $b f64) (result f64)
    (f64.max (local.get $a) (local.get $b)))

  ;; Rounds half to even.
  (func (export "nearest") (param $a f64) (result f64)
    (f64.nearest (local.get $a)))

  (func (export "floor") (param $a f32) (result f32)
    (f32.floor (local.get $a)))

  ;; These move bits only, and leave a NaN as it is.
  (func (export "bits") (param $a f64) (param $b f64) (result f64)
    (f64.copysign (f64.neg (f64.abs (local.get $a))) (local.get $b)))

  ;; All false for a NaN, except `ne`.
  (func (export "compare") (param $a f32) (param $b f32) (result i32)
    (i32.or
      (f32.lt (local.get $a) (local.get $b))
      (f32.ne (local.get $a) (local.get $b)))))
