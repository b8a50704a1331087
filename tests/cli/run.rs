//! `wasmedge run`.

use super::{FIBONACCI, Folder};

/// Functions to call by name, one for each way that a call can end.
const FUNCTIONS: &str = r#"
    (module
      (memory 1)
      (global $prepared (mut i32) (i32.const 0))
      (func (export "_initialize") (global.set $prepared (i32.const 1)))
      (func (export "prepared") (result i32) (global.get $prepared))
      (func (export "nothing"))
      (func (export "echo") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
        (local.get 0) (local.get 1) (local.get 2) (local.get 3))
      (func (export "vector") (param v128) (result v128) (local.get 0))
      (func (export "references") (result funcref funcref externref) (ref.func 0) (ref.null func) (ref.null extern))
      (func $divide (export "divide") (param i32 i32) (result i32)
        (i32.div_s (local.get 0) (local.get 1)))
      (func $caller (export "through") (param i32) (result i32)
        (i32.add (call $divide (i32.const 1) (local.get 0)) (i32.const 1)))
      (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "unreachable") (unreachable))
      (func $forever (export "recursion") (result i32) (i32.add (call $forever) (i32.const 1))))"#;

/// A program: prints, then ends with `proc_exit`.
const EXIT: &str = r#"
    (module
      (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
      (func (export "_start")
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
        (call $proc_exit (i32.const 42))
        (unreachable)))"#;

#[test]
fn results_are_printed_one_a_line() {
    let folder = Folder::new();
    folder.compile("functions", FUNCTIONS);
    let call = |args: &[&str]| folder.wasmedge(&[&["--reactor", "functions_aot.wasm"], args].concat());
    call(&["nothing"]).succeeds("");
    call(&["echo", "-1", "9223372036854775807", "0.1", "-1e300"]).succeeds("-1\n9223372036854775807\n0.1\n-1e300\n");
    call(&["echo", "4294967295", "18446744073709551615", "inf", "-0"]).succeeds("-1\n-1\ninf\n-0\n");
    call(&["vector", "340282366920938463463374607431768211455"]).succeeds("340282366920938463463374607431768211455\n");
    call(&["references"]).succeeds("<funcref>\n<null>\n<null>\n");
    call(&["prepared"]).succeeds("1\n");
}

#[test]
fn parameters_are_read_strictly() {
    let folder = Folder::new();
    folder.compile("fib", FIBONACCI);
    for (words, message) in [
        (&["12abc"][..], "`12abc`"),
        (&[""], "``"),
        (&["1.5"], "`1.5`"),
        (&["4294967296"], "`4294967296`"),
        (&["-2147483649"], "`-2147483649`"),
        (&[], "expected 1"),
        (&["1", "2"], "expected 1"),
    ] {
        let args = [&["--reactor", "fib_aot.wasm", "fib"], words].concat();
        folder.wasmedge(&args).fails().says("[error]").says(message).says("i32");
    }
}

#[test]
fn what_is_interpreted_obeys_the_switches() {
    let folder = Folder::new();
    folder.write("memories.wat", r#"(module (memory 1) (memory 1) (func (export "f")))"#);
    folder.write("atomic.wat", r#"(module (memory 1 1 shared) (func (export "f") atomic.fence))"#);
    folder.write("wide.wat", r#"(module (memory i64 1) (func (export "f") (result i64) (memory.size)))"#);
    folder.write("many.wat", r#"(module (func (export "f") (result i32 i32) (i32.const 1) (i32.const 2)))"#);
    for (options, file, switch) in [
        (&[][..], "memories.wat", "pass --enable-multi-memory"),
        (&["--wasm-3", "--disable-multi-memory"], "memories.wat", "pass --enable-multi-memory"),
        (&["--wasm-3"], "atomic.wat", "pass --enable-threads"),
        (&[], "wide.wat", "pass --enable-memory64"),
        (&["--wasm-1"], "many.wat", "do not pass --disable-multi-value"),
    ] {
        folder.wasmedge(&[options, &[file, "f"]].concat()).fails().says("[error]").says(switch);
    }
    for (options, file, printed) in [
        (&["--enable-multi-memory"][..], "memories.wat", ""),
        (&["--enable-threads"], "atomic.wat", ""),
        (&["--enable-all"], "wide.wat", "1\n"),
        (&["--wasm-1", "--enable-multi-value"], "many.wat", "1\n2\n"),
    ] {
        folder.wasmedge(&[options, &[file, "f"]].concat()).succeeds(printed);
    }
}

#[test]
fn native_code_was_checked_when_it_was_compiled() {
    let folder = Folder::new();
    folder.write("wide.wat", r#"(module (memory i64 1) (func (export "f") (result i64) (memory.size)))"#);
    folder.wasmedge(&["compile", "--quiet", "--enable-memory64", "wide.wat", "wide_aot.wasm"]).succeeds("");
    folder.wasmedge(&["--reactor", "wide_aot.wasm", "f"]).succeeds("1\n");
    let interpreted = ["--reactor", "--force-interpreter", "wide_aot.wasm", "f"];
    folder.wasmedge(&interpreted).fails().says("pass --enable-memory64");
    folder.wasmedge(&[&["--enable-memory64"], &interpreted[..]].concat()).succeeds("1\n");
}

#[test]
fn a_function_that_is_not_there_is_named() {
    let folder = Folder::new();
    folder.compile("fib", FIBONACCI);
    folder.wasmedge(&["--reactor", "fib_aot.wasm", "fob", "1"]).fails().says("fob").says("0x005").says("fib");
    folder.wasmedge(&["--reactor", "fib_aot.wasm"]).fails().says("fib");
    // Without `_start` it is a reactor anyway.
    folder.wasmedge(&["fib_aot.wasm", "fib", "5"]).succeeds("8\n");
}

#[test]
fn a_trap_has_a_code_and_a_stack() {
    let folder = Folder::new();
    folder.compile("functions", FUNCTIONS);
    folder.wasmedge(&["compile", "--quiet", "functions.wasm", "functions.so"]).succeeds("");
    for file in ["functions_aot.wasm", "functions.so"] {
        let call = |args: &[&str]| folder.wasmedge(&[&["--reactor", file], args].concat());
        let trap = |args: &[&str], message: &str| {
            let run = call(args);
            run.exits(134, "").says("[error] execution failed: ").says(message);
            run
        };
        trap(&["divide", "1", "0"], "integer divide by zero, Code: 0x404").says("at divide");
        trap(&["divide", "-2147483648", "-1"], "integer overflow, Code: 0x405");
        trap(&["load", "65533"], "out of bounds memory access, Code: 0x408").says("byte offset 0x");
        trap(&["unreachable"], "unreachable, Code: 0x40a");
        trap(&["recursion"], "call stack exhausted, Code: 0x412").says("at forever").says("more");
        call(&["load", "65532"]).succeeds("0\n");
    }
    // At O2 the one is inlined into the other; the trace is kept without optimization at least.
    folder.wasmedge(&["compile", "--quiet", "--optimize", "0", "functions.wasm", "slow.wasm"]).succeeds("");
    let run = folder.wasmedge(&["--reactor", "slow.wasm", "through", "0"]);
    run.exits(134, "").says("at divide").says("at caller");
}

#[test]
fn a_program_ends_with_its_own_code_and_its_own_output() {
    let folder = Folder::new();
    folder.compile("exit", EXIT);
    let run = folder.wasmedge(&["exit_aot.wasm"]);
    assert_eq!(run.exits(42, "hello\n").stderr, "");
    folder.wasmedge(&["run", "--log-level", "info", "exit_aot.wasm"]).exits(42, "hello\n");
}

#[test]
fn arguments_and_environment_are_what_was_given() {
    let folder = Folder::new();
    folder.write("args.wasm", crate::programs::wasm("args"));
    folder.wasmedge(&["compile", "--quiet", "args.wasm", "args_aot.wasm"]).succeeds("");
    let run = folder.wasmedge(&["--env", "A=b=c", "--env", "B=", "args_aot.wasm", "--env", "C=d", "--", "-x"]);
    assert_eq!(run.code, Some(0), "{run}");
    for line in ["4 arguments\n", "\"--env\"\n\"C=d\"\n\"--\"\n\"-x\"\n", "A=b=c", "B="] {
        assert!(run.stdout.contains(line), "{line}: {run}");
    }
    assert!(!run.stdout.contains("PATH="), "the host's environment stays outside: {run}");
}

#[test]
fn folders_are_what_was_given() {
    let folder = Folder::new();
    folder.write("jsontool.wasm", crate::programs::wasm("jsontool"));
    folder.wasmedge(&["compile", "--quiet", "jsontool.wasm", "json.wasm"]).succeeds("");
    std::fs::create_dir(folder.path("data")).expect("the folder is empty");
    folder.write("data/in.json", "[1, 2]");
    folder.write("secret.json", "[3]");
    let run = folder.wasmedge(&["--dir", "/guest:data", "json.wasm", "-o", "/guest/out.json", "/guest/in.json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let out = String::from_utf8(folder.read("data/out.json")).expect("JSON is text");
    assert!(out.contains("[\n  1,\n  2\n]\n"), "{out}");
    // Out of the folder there is nothing; without one, nothing at all.
    for args in [
        &["--dir", "/guest:data", "json.wasm", "/guest/../secret.json"][..],
        &["--dir", "/guest:data", "json.wasm", "secret.json"],
        &["json.wasm", "data/in.json"],
    ] {
        let run = folder.wasmedge(args);
        assert!(run.code == Some(1) && run.stdout.starts_with("texts 0, malformed 0"), "{run}");
    }
    let run =
        folder.wasmedge(&["--dir", "/guest:data:readonly", "json.wasm", "-o", "/guest/new.json", "/guest/in.json"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!folder.path("data/new.json").exists());
    folder.wasmedge(&["--dir", "/guest:nowhere", "json.wasm"]).fails().says("nowhere");
}

#[test]
fn what_is_no_module_is_refused() {
    let folder = Folder::new();
    folder.wasmedge(&["nowhere.wasm"]).fails().says("[error]").says("nowhere.wasm");
    folder.write("text.wasm", "not a module");
    folder.wasmedge(&["text.wasm"]).fails().says("[error]").says("text.wasm");
    folder.write("text.so", "not a library");
    folder.wasmedge(&["text.so"]).fails().says("[error]").says("text.so");
    folder.compile("fib", FIBONACCI);
    folder.wasmedge(&["compile", "--quiet", "fib.wasm", "fib.so"]).succeeds("");
    let library = folder.read("fib.so");
    folder.write("cut.so", &library[..library.len() / 2]);
    folder.wasmedge(&["--reactor", "cut.so", "fib", "1"]).fails().says("[error]").says("cut.so");
}

#[test]
fn imports_that_nobody_defines_are_named() {
    let folder = Folder::new();
    folder.compile("import", r#"(module (import "host" "missing" (func)) (func (export "_start") (call 0)))"#);
    folder.wasmedge(&["import_aot.wasm"]).fails().says("unknown import").says("host").says("missing").says("0x302");
    let wrong = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i64))) (func (export "_start")))"#;
    folder.compile("wrong", wrong);
    folder.wasmedge(&["wrong_aot.wasm"]).fails().says("incompatible import type").says("proc_exit").says("0x301");
}

#[test]
fn plain_modules_are_interpreted() {
    let folder = Folder::new();
    folder.write("fib.wasm", tests::wat(FIBONACCI));
    folder.write("fib.wat", FIBONACCI);
    for file in ["fib.wasm", "fib.wat"] {
        assert_eq!(folder.wasmedge(&["--reactor", file, "fib", "20"]).succeeds("10946\n").stderr, "");
        for mode in [&["--run-mode", "interpreter"][..], &["--force-interpreter"]] {
            folder.wasmedge(&[mode, &["--reactor", file, "fib", "20"]].concat()).succeeds("10946\n");
        }
        let aot = folder.wasmedge(&["--run-mode", "aot", "--reactor", file, "fib", "20"]);
        aot.fails().says(file).says("not compiled");
    }
    folder.write("wrong.wat", "(module (func)");
    folder.wasmedge(&["wrong.wat"]).fails().says("wrong.wat");
    folder.write("invalid.wasm", tests::wat("(module (func (result i32)))"));
    folder.wasmedge(&["invalid.wasm"]).fails().says("invalid module").says("type mismatch");
}

/// A program does the same whatever runs it.
#[test]
fn interpreted_programs_trap_and_exit_alike() {
    let folder = Folder::new();
    folder.compile("functions", FUNCTIONS);
    folder.compile("exit", EXIT);
    for file in ["functions.wasm", "functions_aot.wasm"] {
        let call = |args: &[&str]| folder.wasmedge(&[&["--force-interpreter", "--reactor", file], args].concat());
        call(&["divide", "1", "0"]).exits(134, "").says("integer divide by zero, Code: 0x404").says("at divide");
        call(&["through", "0"]).exits(134, "").says("at divide").says("at caller");
        call(&["load", "65533"]).exits(134, "").says("Code: 0x408").says("byte offset 0x");
        call(&["recursion"]).exits(134, "").says("call stack exhausted, Code: 0x412").says("at forever").says("more");
        call(&["references"]).succeeds("<funcref>\n<null>\n<null>\n");
        call(&["prepared"]).succeeds("1\n");
    }
    assert_eq!(folder.wasmedge(&["exit.wasm"]).exits(42, "hello\n").stderr, "");
}

#[test]
fn stale_native_code_is_named_and_interpreted() {
    let folder = Folder::new();
    folder.compile("fib", FIBONACCI);
    let mut file = folder.read("fib_aot.wasm");
    let last = file.len() - 1;
    file[last] ^= 1;
    folder.write("stale.wasm", &file);
    let run = folder.wasmedge(&["--reactor", "stale.wasm", "fib", "20"]);
    run.succeeds("10946\n").says("[warning] stale.wasm: its native code cannot be used: ").says("compile it again");
    folder.wasmedge(&["--run-mode", "aot", "--reactor", "stale.wasm", "fib", "20"]).fails().says("cannot be used");
    // Who asks for the interpreter need not hear of it.
    let run = folder.wasmedge(&["--force-interpreter", "--reactor", "stale.wasm", "fib", "20"]);
    assert_eq!(run.succeeds("10946\n").stderr, "");
}
