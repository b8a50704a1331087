;; Tables of 64-bit indices.
(module
  (type $number (func (result i32)))
  (table $wide (export "table") i64 4 funcref)
  (table $narrow 4 funcref)
  (elem (table $wide) (i64.const 1) func $one)
  (elem $passive func $one $two)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))

  (func (export "call") (param $at i64) (result i32)
    (call_indirect $wide (type $number) (local.get $at)))

  (func (export "is_set") (param $at i64) (result i32)
    (i32.eqz (ref.is_null (table.get $wide (local.get $at)))))

  (func (export "clear") (param $at i64)
    (table.set $wide (local.get $at) (ref.null func)))

  (func (export "grow") (param $by i64) (result i64)
    (drop (table.grow $wide (ref.func $two) (local.get $by)))
    (table.size $wide))

  (func (export "init") (param $at i64) (param $from i32) (param $length i32)
    (table.init $wide $passive (local.get $at) (local.get $from) (local.get $length)))

  (func (export "copy") (param $to i32) (param $from i64) (param $length i32)
    (table.copy $narrow $wide (local.get $to) (local.get $from) (local.get $length))
    (table.copy $wide $narrow (local.get $from) (local.get $to) (local.get $length)))

  (func (export "fill") (param $at i64) (param $length i64)
    (table.fill $wide (local.get $at) (ref.func $one) (local.get $length))))
