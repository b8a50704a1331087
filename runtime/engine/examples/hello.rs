//! Loads a module from its text and calls a function of it. What is not compiled is interpreted.

use engine::{Linker, Module, Store};
use std::error::Error;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let module = Module::from_text(
        r#"(module
            (func (export "gcd") (param $a i32) (param $b i32) (result i32) (local $rest i32)
                (loop $again (result i32)
                    (if (result i32) (i32.eqz (local.get $b))
                        (then (local.get $a))
                        (else
                            (local.set $rest (i32.rem_u (local.get $a) (local.get $b)))
                            (local.set $a (local.get $b))
                            (local.set $b (local.get $rest))
                            (br $again))))))"#,
    )?;

    // A store holds what instances consist of. Dropping it frees all of them.
    let mut store = Store::new();
    // The module imports nothing, so the linker needs no names.
    let instance = Linker::new().instantiate(&mut store, &module)?;

    // The types are compared here, once.
    let gcd = instance.typed_func::<(u32, u32), u32>(&store, "gcd")?;
    let result = gcd.call(&mut store, (1_071, 462))?;
    println!("the greatest common divisor of 1071 and 462 is {result}");
    assert_eq!(result, 21);

    // Types that are not the function's are an error that names both.
    let error = instance.typed_func::<u32, u64>(&store, "gcd").expect_err("it is of another type");
    assert_eq!(error.to_string(), "`gcd` is of type (i32, i32) -> (i32), not (i32) -> (i64)");
    Ok(())
}
