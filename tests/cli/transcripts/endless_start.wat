;; A start function without end.
(module (func $run (loop $again (br $again))) (start $run))
