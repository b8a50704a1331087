;; Made from sieve.c; the Makefile beside it says how.
(module
  (type (;0;) (func (param i32) (result i32)))
  (memory (;0;) 17)
  (global (;0;) (mut i32) i32.const 65536)
  (export "memory" (memory 0))
  (export "run" (func 0))
  (func (;0;) (type 0) (param i32) (result i32)
    (local i32 i32 i32)
    i32.const 0
    local.set 1
    block ;; label = @1
      local.get 0
      i32.const 1
      i32.lt_s
      br_if 0 (;@1;)
      block ;; label = @2
        local.get 0
        i32.eqz
        br_if 0 (;@2;)
        i32.const 65536
        i32.const 0
        local.get 0
        memory.fill
      end
      local.get 0
      i32.const 3
      i32.lt_u
      br_if 0 (;@1;)
      i32.const 0
      local.set 1
      i32.const 2
      local.set 2
      loop ;; label = @2
        block ;; label = @3
          local.get 2
          i32.load8_u offset=65536
          br_if 0 (;@3;)
          local.get 1
          i32.const 1
          i32.add
          local.set 1
          local.get 2
          i32.const 1
          i32.shl
          local.tee 3
          local.get 0
          i32.ge_s
          br_if 0 (;@3;)
          loop ;; label = @4
            local.get 3
            i32.const 65536
            i32.add
            i32.const 1
            i32.store8
            local.get 3
            local.get 2
            i32.add
            local.tee 3
            local.get 0
            i32.lt_s
            br_if 0 (;@4;)
          end
        end
        local.get 2
        i32.const 1
        i32.add
        local.tee 2
        local.get 0
        i32.ne
        br_if 0 (;@2;)
      end
    end
    local.get 1
  )
)
