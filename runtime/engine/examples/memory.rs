//! Exchanges text with a module through its memory, from outside and in a host function, and looks at its globals and tables.

use engine::{AccessError, Caller, HostError, Linker, Module, Store, TrapCode, Value};
use std::error::Error;

const GUEST: &str = r#"(module
    (import "host" "upper" (func $upper (param i32 i32)))
    (memory (export "memory") 1 2)
    (global $calls (export "calls") (mut i32) (i32.const 0))
    (global (export "answer") i32 (i32.const 42))
    (table (export "functions") 1 funcref)
    (elem (i32.const 0) $shout)
    (func $shout (export "shout") (param $address i32) (param $length i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (call $upper (local.get $address) (local.get $length))
        (i32.store8 (i32.add (local.get $address) (local.get $length)) (i32.const 0x21))
        (i32.add (local.get $length) (i32.const 1))))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut linker = Linker::new();
    linker.func_wrap("host", "upper", |caller: &mut Caller<'_>, address: u32, length: u32| -> Result<(), HostError> {
        let memory = caller.memory("memory").ok_or("the caller exports no memory")?;
        // Addresses and lengths are the guest's: what lies past the end is an error, with which the guest traps.
        let text = memory.read_vec(caller, address.into(), length.into())?;
        let text = String::from_utf8(text)?.to_uppercase();
        memory.write(caller, address.into(), text.as_bytes())?;
        Ok(())
    });

    let mut store = Store::new();
    let instance = linker.instantiate(&mut store, &Module::from_text(GUEST)?)?;
    for (name, item) in instance.exports(&store) {
        println!("{name}: {}", item.ty(&store));
    }

    let memory = instance.memory(&store, "memory").ok_or("no memory")?;
    let shout = instance.typed_func::<(u32, u32), u32>(&store, "shout")?;
    memory.write(&mut store, 100, b"hello")?;
    let length = shout.call(&mut store, (100, 5))?;
    let text = memory.read_vec(&store, 100, length.into())?;
    println!("{}", String::from_utf8_lossy(&text));
    assert_eq!(text, b"HELLO!");

    // Past the end, until the memory grows.
    let trap = shout.call(&mut store, (65_530, 7)).expect_err("a page has 65536 bytes");
    assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
    assert_eq!((memory.grow(&mut store, 1), memory.size(&store)), (Some(1), 2));
    assert_eq!(shout.call(&mut store, (65_530, 7))?, 8);
    assert_eq!(memory.grow(&mut store, 1), None, "two pages are all that it may have");

    // A memory that is not shared lends its bytes; nothing is copied.
    let bytes = memory.data_mut(&mut store).ok_or("the memory is shared")?;
    bytes[65_530..65_537].copy_from_slice(b"7 bytes");

    let calls = instance.global(&store, "calls").ok_or("no global")?;
    assert_eq!(calls.get(&store), Value::I32(3));
    calls.set(&mut store, Value::I32(0))?;
    assert_eq!(calls.get(&store), Value::I32(0));
    let answer = instance.global(&store, "answer").ok_or("no global")?;
    assert_eq!(answer.set(&mut store, Value::I32(43)), Err(AccessError::Immutable));

    let functions = instance.table(&store, "functions").ok_or("no table")?;
    let Some(Value::FuncRef(Some(func))) = functions.get(&store, 0) else { return Err("no function".into()) };
    assert_eq!(func.call(&mut store, &[Value::I32(0), Value::I32(0)])?, [Value::I32(1)]);
    assert_eq!(functions.grow(&mut store, 3, Value::FuncRef(Some(func)))?, 1);
    let error = functions.set(&mut store, 9, Value::FuncRef(None)).expect_err("there are four elements");
    assert_eq!(error.to_string(), "element 9 is past the end of a table of 4");
    Ok(())
}
