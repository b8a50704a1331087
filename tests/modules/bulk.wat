;; Bulk memory and table operations are calls of the runtime, which checks the whole range before it moves anything.
(module
  (memory 1)
  (table 4 funcref)
  (data $greeting "hello")
  (elem $functions func $fill $init)

  (func $fill (export "fill") (param $at i32) (param $byte i32) (param $count i32)
    (memory.fill (local.get $at) (local.get $byte) (local.get $count)))

  (func (export "copy") (param $to i32) (param $from i32) (param $count i32)
    (memory.copy (local.get $to) (local.get $from) (local.get $count)))

  ;; From a passive segment, which can then be dropped.
  (func $init (export "init") (param $to i32)
    (memory.init $greeting (local.get $to) (i32.const 1) (i32.const 3))
    (data.drop $greeting))

  (func (export "table_init") (param $to i32)
    (table.init $functions (local.get $to) (i32.const 0) (i32.const 2))
    (elem.drop $functions))

  (func (export "table_copy") (param $to i32) (param $from i32)
    (table.copy (local.get $to) (local.get $from) (i32.const 1))))
