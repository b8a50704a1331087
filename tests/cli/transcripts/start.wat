;; A start function that traps.
(module
  (func $wrong (unreachable))
  (start $wrong))
