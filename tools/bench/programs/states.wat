;; Made from states.c; the Makefile beside it says how.
(module
  (type (;0;) (func (param i32) (result i32)))
  (memory (;0;) 1)
  (global (;0;) (mut i32) i32.const 65536)
  (export "memory" (memory 0))
  (export "run" (func 0))
  (func (;0;) (type 0) (param i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32)
    block ;; label = @1
      local.get 0
      i32.const 1
      i32.ge_s
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    i32.const 12345
    local.set 1
    i32.const 0
    local.set 2
    i32.const 0
    local.set 3
    i32.const 0
    local.set 4
    i32.const 0
    local.set 5
    i32.const 0
    local.set 6
    i32.const 0
    local.set 7
    loop ;; label = @1
      local.get 1
      i32.const 1664525
      i32.mul
      i32.const 1013904223
      i32.add
      local.tee 1
      i32.const 16
      i32.shr_u
      i32.const 37
      i32.rem_u
      local.tee 8
      i32.const 16
      i32.lt_u
      local.get 8
      i32.const 32
      i32.eq
      i32.or
      local.set 9
      i64.const 1
      local.get 8
      i64.extend_i32_u
      i64.shl
      local.tee 10
      i64.const 4965990399
      i64.and
      i64.const 0
      i64.ne
      local.get 10
      i64.const 270046003200
      i64.and
      i64.const 0
      i64.ne
      i32.and
      local.set 11
      local.get 2
      i32.const -1
      i32.add
      local.set 12
      i32.const 4
      local.set 2
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            block ;; label = @5
              block ;; label = @6
                block ;; label = @7
                  block ;; label = @8
                    block ;; label = @9
                      block ;; label = @10
                        block ;; label = @11
                          local.get 12
                          br_table 0 (;@11;) 1 (;@10;) 2 (;@9;) 3 (;@8;) 9 (;@2;) 4 (;@7;) 5 (;@6;) 7 (;@4;)
                        end
                        i32.const 1
                        local.set 2
                        local.get 9
                        local.get 11
                        i32.or
                        i32.const 1
                        i32.and
                        br_if 8 (;@2;)
                        local.get 3
                        i32.const 1
                        i32.add
                        local.set 3
                        br 6 (;@4;)
                      end
                      block ;; label = @10
                        local.get 11
                        i32.eqz
                        br_if 0 (;@10;)
                        i32.const 2
                        local.set 2
                        br 8 (;@2;)
                      end
                      local.get 8
                      i32.const 27
                      i32.ne
                      br_if 4 (;@5;)
                      i32.const 3
                      local.set 2
                      br 7 (;@2;)
                    end
                    block ;; label = @9
                      local.get 11
                      i32.eqz
                      br_if 0 (;@9;)
                      i32.const 3
                      local.set 2
                      br 7 (;@2;)
                    end
                    local.get 7
                    i32.const 2
                    i32.add
                    local.set 7
                    br 4 (;@4;)
                  end
                  i32.const 5
                  local.set 2
                  block ;; label = @8
                    local.get 8
                    i32.const -28
                    i32.add
                    br_table 0 (;@8;) 6 (;@2;) 5 (;@3;)
                  end
                  local.get 6
                  i32.const 1
                  i32.add
                  local.set 6
                  i32.const 0
                  local.set 2
                  br 5 (;@2;)
                end
                block ;; label = @7
                  local.get 8
                  i32.const 30
                  i32.ne
                  br_if 0 (;@7;)
                  i32.const 7
                  local.set 2
                  br 5 (;@2;)
                end
                local.get 4
                i32.const 1
                i32.add
                local.set 4
                br 2 (;@4;)
              end
              i32.const 0
              i32.const 7
              local.get 8
              i32.const 31
              i32.eq
              local.tee 8
              select
              local.set 2
              local.get 5
              local.get 8
              i32.add
              local.set 5
              br 3 (;@2;)
            end
            local.get 7
            i32.const 1
            i32.add
            local.set 7
          end
          block ;; label = @4
            local.get 9
            i32.eqz
            br_if 0 (;@4;)
            i32.const 1
            local.set 2
            br 2 (;@2;)
          end
          block ;; label = @4
            local.get 11
            i32.eqz
            br_if 0 (;@4;)
            i32.const 2
            local.set 2
            br 2 (;@2;)
          end
          i32.const 4
          local.set 2
          block ;; label = @4
            block ;; label = @5
              local.get 8
              i32.const -28
              i32.add
              br_table 3 (;@2;) 1 (;@4;) 0 (;@5;) 1 (;@4;)
            end
            i32.const 6
            local.set 2
            br 2 (;@2;)
          end
          local.get 4
          i32.const 1
          i32.add
          local.set 4
          i32.const 0
          local.set 2
          br 1 (;@2;)
        end
        i32.const 4
        local.set 2
      end
      local.get 0
      i32.const -1
      i32.add
      local.tee 0
      br_if 0 (;@1;)
    end
    local.get 6
    i32.const 5
    i32.mul
    local.get 7
    i32.const 3
    i32.mul
    i32.add
    local.get 5
    i32.const 7
    i32.mul
    i32.add
    local.get 4
    i32.const 11
    i32.mul
    i32.add
    local.get 3
    i32.add
  )
)
