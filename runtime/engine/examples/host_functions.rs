//! Gives a module functions of the host: closures with parameters and results of Rust's types.

use engine::{Caller, HostError, Linker, Module, Store, TrapCode};
use std::error::Error;
use std::fmt;

const SHOP: &str = r#"(module
    (import "shop" "price" (func $price (param i32) (result i64)))
    (import "shop" "sold" (func $sold (param i32 i64)))
    (import "shop" "notify" (func $notify (param i32)))
    (func (export "restocked") (param $item i32) (call $sold (local.get $item) (i64.const -1)))
    (func (export "buy") (param $item i32) (param $count i64) (result i64)
        (call $sold (local.get $item) (local.get $count))
        (call $notify (local.get $item))
        (i64.mul (call $price (local.get $item)) (local.get $count))))"#;

/// An error of the host's own.
#[derive(Debug)]
struct NoSuchItem(u32);

impl fmt::Display for NoSuchItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no item {}", self.0)
    }
}

impl Error for NoSuchItem {}

/// What each store knows that the closures serve.
#[derive(Default)]
struct Sales {
    sold: Vec<(u32, u64)>,
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut linker = Linker::new();

    // A closure may fail. Its error ends the guest, and reaches whoever called the guest.
    linker.func_wrap("shop", "price", |item: u32| match item {
        1 => Ok(250_i64),
        2 => Ok(999),
        _ => Err(NoSuchItem(item)),
    });

    // With the caller as its first parameter it reaches the store, here for what it keeps there.
    linker.func_wrap("shop", "sold", |caller: &mut Caller<'_>, item: u32, count: i64| -> Result<(), HostError> {
        let count = u64::try_from(count)?;
        caller.state_mut::<Sales>().ok_or("the shop is closed")?.sold.push((item, count));
        Ok(())
    });

    // It may call the guest again, and pass a trap on.
    linker.func_wrap("shop", "notify", |caller: &mut Caller<'_>, item: u32| -> Result<(), HostError> {
        if item == 2 {
            let restocked = caller.func("restocked").ok_or("the caller has no `restocked`")?;
            let restocked = restocked.typed::<u32, ()>(caller)?;
            restocked.call(caller, item).map_err(|trap| format!("in `restocked`: {trap}"))?;
        }
        Ok(())
    });

    // An import that is asked for by another type is an error that names both.
    let module = Module::from_text(r#"(module (import "shop" "price" (func (param i64) (result i64))))"#)?;
    let error = linker.instantiate(&mut Store::new(), &module).expect_err("the types differ");
    println!("{error}");
    assert!(error.to_string().ends_with("expected function (i64) -> (i64), found (i32) -> (i64)"));

    // The linker belongs to no store: it serves this one as well.
    let mut store = Store::new();
    store.set_state(Sales::default());
    let instance = linker.instantiate(&mut store, &Module::from_text(SHOP)?)?;
    let buy = instance.typed_func::<(u32, u64), u64>(&store, "buy")?;
    assert_eq!(buy.call(&mut store, (1, 3))?, 750);

    let trap = buy.call(&mut store, (3, 1)).expect_err("there are two items");
    println!("{trap}");
    let NoSuchItem(item) = trap.downcast_ref().ok_or("another error")?;
    assert_eq!((*item, trap.code()), (3, None));
    assert_eq!(store.state::<Sales>().ok_or("no sales")?.sold, [(1, 3), (3, 1)]);

    // A host function may also end the guest with a trap like those that the guest has by itself.
    linker.func_wrap("shop", "price", |_: u32| -> Result<i64, TrapCode> { Err(TrapCode::Unreachable) });
    let instance = linker.instantiate(&mut store, &Module::from_text(SHOP)?)?;
    let buy = instance.typed_func::<(u32, u64), u64>(&store, "buy")?;
    let trap = buy.call(&mut store, (1, 1)).expect_err("prices are gone");
    assert_eq!(trap.code(), Some(TrapCode::Unreachable));

    let trap = buy.call(&mut store, (2, 1)).expect_err("a negative count");
    println!("{trap}");
    assert!(trap.to_string().starts_with("in `restocked`: "));
    Ok(())
}
