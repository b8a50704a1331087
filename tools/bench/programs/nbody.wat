;; Made from nbody.c; the Makefile beside it says how.
(module
  (type (;0;) (func (param i32) (result i32)))
  (memory (;0;) 2)
  (global (;0;) (mut i32) i32.const 65536)
  (export "memory" (memory 0))
  (export "run" (func 0))
  (func (;0;) (type 0) (param i32) (result i32)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    block ;; label = @1
      block ;; label = @2
        local.get 0
        i32.const 0
        i32.gt_s
        br_if 0 (;@2;)
        i32.const 0
        f64.load offset=65800
        local.set 1
        i32.const 0
        f64.load offset=65792
        local.set 2
        i32.const 0
        f64.load offset=65784
        local.set 3
        i32.const 0
        f64.load offset=65744
        local.set 4
        i32.const 0
        f64.load offset=65736
        local.set 5
        i32.const 0
        f64.load offset=65728
        local.set 6
        i32.const 0
        f64.load offset=65688
        local.set 7
        i32.const 0
        f64.load offset=65680
        local.set 8
        i32.const 0
        f64.load offset=65672
        local.set 9
        i32.const 0
        f64.load offset=65632
        local.set 10
        i32.const 0
        f64.load offset=65624
        local.set 11
        i32.const 0
        f64.load offset=65616
        local.set 12
        i32.const 0
        f64.load offset=65576
        local.set 13
        i32.const 0
        f64.load offset=65568
        local.set 14
        i32.const 0
        f64.load offset=65560
        local.set 15
        br 1 (;@1;)
      end
      i32.const 0
      f64.load offset=65536
      local.set 16
      i32.const 0
      f64.load offset=65544
      local.set 17
      i32.const 0
      f64.load offset=65552
      local.set 18
      i32.const 0
      f64.load offset=65592
      local.set 19
      i32.const 0
      f64.load offset=65600
      local.set 20
      i32.const 0
      f64.load offset=65608
      local.set 21
      i32.const 0
      f64.load offset=65648
      local.set 22
      i32.const 0
      f64.load offset=65656
      local.set 23
      i32.const 0
      f64.load offset=65664
      local.set 24
      i32.const 0
      f64.load offset=65704
      local.set 25
      i32.const 0
      f64.load offset=65712
      local.set 26
      i32.const 0
      f64.load offset=65720
      local.set 27
      i32.const 0
      f64.load offset=65760
      local.set 28
      i32.const 0
      f64.load offset=65768
      local.set 29
      i32.const 0
      f64.load offset=65776
      local.set 30
      i32.const 0
      local.set 31
      loop ;; label = @2
        i32.const 0
        local.set 32
        i32.const 4
        local.set 33
        i32.const 65536
        local.set 34
        loop ;; label = @3
          block ;; label = @4
            local.get 32
            i32.const 3
            i32.gt_u
            br_if 0 (;@4;)
            local.get 32
            i32.const 56
            i32.mul
            local.tee 35
            i32.const 65536
            i32.add
            local.set 36
            local.get 35
            f64.load offset=65584
            local.set 5
            local.get 35
            f64.load offset=65552
            local.set 7
            local.get 35
            f64.load offset=65544
            local.set 8
            local.get 35
            f64.load offset=65536
            local.set 9
            local.get 34
            local.set 35
            local.get 33
            local.set 37
            loop ;; label = @5
              local.get 36
              local.get 36
              f64.load offset=24
              local.get 9
              local.get 35
              i32.const 56
              i32.add
              local.tee 38
              f64.load
              f64.sub
              local.tee 2
              local.get 35
              i32.const 104
              i32.add
              f64.load
              local.tee 6
              f64.mul
              f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
              local.get 7
              local.get 35
              i32.const 72
              i32.add
              f64.load
              f64.sub
              local.tee 3
              local.get 3
              f64.mul
              local.get 2
              local.get 2
              f64.mul
              local.get 8
              local.get 35
              i32.const 64
              i32.add
              f64.load
              f64.sub
              local.tee 4
              local.get 4
              f64.mul
              f64.add
              f64.add
              local.tee 1
              local.get 1
              f64.sqrt
              f64.mul
              f64.div
              local.tee 1
              f64.mul
              f64.sub
              f64.store offset=24
              local.get 36
              local.get 36
              f64.load offset=32
              local.get 4
              local.get 6
              f64.mul
              local.get 1
              f64.mul
              f64.sub
              f64.store offset=32
              local.get 36
              local.get 36
              f64.load offset=40
              local.get 3
              local.get 6
              f64.mul
              local.get 1
              f64.mul
              f64.sub
              f64.store offset=40
              local.get 35
              i32.const 80
              i32.add
              local.tee 39
              local.get 5
              local.get 2
              f64.mul
              local.get 1
              f64.mul
              local.get 39
              f64.load
              f64.add
              f64.store
              local.get 35
              i32.const 88
              i32.add
              local.tee 39
              local.get 5
              local.get 4
              f64.mul
              local.get 1
              f64.mul
              local.get 39
              f64.load
              f64.add
              f64.store
              local.get 35
              i32.const 96
              i32.add
              local.tee 35
              local.get 5
              local.get 3
              f64.mul
              local.get 1
              f64.mul
              local.get 35
              f64.load
              f64.add
              f64.store
              local.get 38
              local.set 35
              local.get 37
              i32.const -1
              i32.add
              local.tee 37
              br_if 0 (;@5;)
            end
          end
          local.get 34
          i32.const 56
          i32.add
          local.set 34
          local.get 33
          i32.const -1
          i32.add
          local.set 33
          local.get 32
          i32.const 1
          i32.add
          local.tee 32
          i32.const 5
          i32.ne
          br_if 0 (;@3;)
        end
        i32.const 0
        i32.const 0
        f64.load offset=65560
        local.tee 15
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 16
        f64.add
        local.tee 16
        f64.store offset=65536
        i32.const 0
        i32.const 0
        f64.load offset=65568
        local.tee 14
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 17
        f64.add
        local.tee 17
        f64.store offset=65544
        i32.const 0
        i32.const 0
        f64.load offset=65576
        local.tee 13
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 18
        f64.add
        local.tee 18
        f64.store offset=65552
        i32.const 0
        i32.const 0
        f64.load offset=65616
        local.tee 12
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 19
        f64.add
        local.tee 19
        f64.store offset=65592
        i32.const 0
        i32.const 0
        f64.load offset=65624
        local.tee 11
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 20
        f64.add
        local.tee 20
        f64.store offset=65600
        i32.const 0
        i32.const 0
        f64.load offset=65632
        local.tee 10
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 21
        f64.add
        local.tee 21
        f64.store offset=65608
        i32.const 0
        i32.const 0
        f64.load offset=65672
        local.tee 9
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 22
        f64.add
        local.tee 22
        f64.store offset=65648
        i32.const 0
        i32.const 0
        f64.load offset=65680
        local.tee 8
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 23
        f64.add
        local.tee 23
        f64.store offset=65656
        i32.const 0
        i32.const 0
        f64.load offset=65688
        local.tee 7
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 24
        f64.add
        local.tee 24
        f64.store offset=65664
        i32.const 0
        i32.const 0
        f64.load offset=65728
        local.tee 6
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 25
        f64.add
        local.tee 25
        f64.store offset=65704
        i32.const 0
        i32.const 0
        f64.load offset=65736
        local.tee 5
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 26
        f64.add
        local.tee 26
        f64.store offset=65712
        i32.const 0
        i32.const 0
        f64.load offset=65744
        local.tee 4
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 27
        f64.add
        local.tee 27
        f64.store offset=65720
        i32.const 0
        i32.const 0
        f64.load offset=65784
        local.tee 3
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 28
        f64.add
        local.tee 28
        f64.store offset=65760
        i32.const 0
        i32.const 0
        f64.load offset=65792
        local.tee 2
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 29
        f64.add
        local.tee 29
        f64.store offset=65768
        i32.const 0
        i32.const 0
        f64.load offset=65800
        local.tee 1
        f64.const 0x1.47ae147ae147bp-7 (;=0.01;)
        f64.mul
        local.get 30
        f64.add
        local.tee 30
        f64.store offset=65776
        local.get 31
        i32.const 1
        i32.add
        local.tee 31
        local.get 0
        i32.ne
        br_if 0 (;@2;)
      end
    end
    i32.const 0
    f64.load offset=65808
    f64.const 0x1p-1 (;=0.5;)
    f64.mul
    local.get 1
    local.get 1
    f64.mul
    local.get 3
    local.get 3
    f64.mul
    local.get 2
    local.get 2
    f64.mul
    f64.add
    f64.add
    f64.mul
    i32.const 0
    f64.load offset=65752
    f64.const 0x1p-1 (;=0.5;)
    f64.mul
    local.get 4
    local.get 4
    f64.mul
    local.get 6
    local.get 6
    f64.mul
    local.get 5
    local.get 5
    f64.mul
    f64.add
    f64.add
    f64.mul
    i32.const 0
    f64.load offset=65696
    f64.const 0x1p-1 (;=0.5;)
    f64.mul
    local.get 7
    local.get 7
    f64.mul
    local.get 9
    local.get 9
    f64.mul
    local.get 8
    local.get 8
    f64.mul
    f64.add
    f64.add
    f64.mul
    i32.const 0
    f64.load offset=65640
    f64.const 0x1p-1 (;=0.5;)
    f64.mul
    local.get 10
    local.get 10
    f64.mul
    local.get 12
    local.get 12
    f64.mul
    local.get 11
    local.get 11
    f64.mul
    f64.add
    f64.add
    f64.mul
    i32.const 0
    f64.load offset=65584
    f64.const 0x1p-1 (;=0.5;)
    f64.mul
    local.get 13
    local.get 13
    f64.mul
    local.get 15
    local.get 15
    f64.mul
    local.get 14
    local.get 14
    f64.mul
    f64.add
    f64.add
    f64.mul
    f64.const 0x0p+0 (;=0;)
    f64.add
    f64.add
    f64.add
    f64.add
    f64.add
    f64.const 0x1.e848p+19 (;=1000000;)
    f64.mul
    i32.trunc_sat_f64_s
  )
  (data (;0;) (i32.const 65536) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\deE\be\c9<\bdC@,\d9<4\a0]\13@|\db\1f\c0\ab\90\f2\bf\f0\eb%l\f9\86\ba\bf\bc\cc\93\9b\06g\e3?\9b\94}\f5\f2~\06@\15\07Z\9a\d7\d2\99\bf\d83\ab\d9\95L\a3?g\ca2\c3\cd\af @\b0\01\de1\cb\7f\10@|F\eb\e1S\d3\d9\bfOw\87\b8!,\f0\bf\13\8f\1f\bf\e95\fd?\b4#\11_H<\81?7\c6\07\0dI\1d\87?\cf\d9\a7\ce\ea\c9)@~f&\d6\e88.\c0\a0}%\beW\95\cc\bf\ef\1b\91\a9\1cS\f1?\c5\bbT>\7f\cc\eb?|>\f2\fak/\86\bf\b3\1e\f4\9c\d2=\5c?*W\05\a9g\c2.@ \a2\c83X\eb9\c0@\e5\ab\93\f3\f1\c6?J\bcY\16\b6T\ef?\a3\fb\c41\c6\07\e3?\f6evX\88\cb\a1\bf\ac\99\17S\f3\a8`?")
)
