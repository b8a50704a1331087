;; Tables as data: reading and writing checks bounds in code, growing and filling is the runtime's.
(module
  (table $externs (export "externs") 2 10 externref)
  (table $functions 2 funcref)

  (func (export "get") (param $i i32) (result externref)
    (table.get $externs (local.get $i)))

  (func (export "set") (param $i i32) (param $value externref)
    (table.set $externs (local.get $i) (local.get $value)))

  ;; The number of elements before growing, or -1.
  (func (export "grow") (param $value externref) (param $count i32) (result i32)
    (table.grow $externs (local.get $value) (local.get $count)))

  (func (export "fill") (param $i i32) (param $value externref) (param $count i32)
    (table.fill $externs (local.get $i) (local.get $value) (local.get $count)))

  (func (export "size") (result i32)
    (table.size $functions)))
