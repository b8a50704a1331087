;; A loop without end.
(module (func (export "run") (loop $again (br $again))))
