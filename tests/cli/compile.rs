//! `wasmedge compile`.

use super::{FIBONACCI, Folder};
use std::path::Path;
use std::process::Command;

/// A tool of LLVM's.
fn llvm(tool: &str) -> Command {
    Command::new(Path::new(env!("LLVM_SYS_221_PREFIX")).join("bin").join(tool))
}

#[test]
fn makes_universal_files_and_libraries_from_binary_and_text() {
    let folder = Folder::new();
    folder.write("fibonacci.wasm", tests::wat(FIBONACCI));
    folder.write("fibonacci.wat", FIBONACCI);
    for (input, output) in
        [("fibonacci.wasm", "fib_aot.wasm"), ("fibonacci.wat", "text_aot.wasm"), ("fibonacci.wasm", "fib.so")]
    {
        folder.wasmedge(&["compile", input, output]).succeeds("");
        folder.wasmedge(&["--reactor", output, "fib", "30"]).succeeds("1346269\n");
        folder.wasmedge(&["run", "--reactor", "--", output, "fib", "10"]).succeeds("89\n");
    }
    assert!(folder.read("fib_aot.wasm").starts_with(&tests::wat(FIBONACCI)), "a universal file begins with the module");
    assert!(folder.read("fib_aot.wasm") == folder.read("text_aot.wasm"), "binary and text give the same file");
    assert!(folder.read("fib.so").starts_with(b"\x7fELF"));
    assert_eq!(folder.names(), ["fib.so", "fib_aot.wasm", "fibonacci.wasm", "fibonacci.wat", "text_aot.wasm"]);
}

#[test]
fn every_level_gives_a_working_file() {
    let folder = Folder::new();
    folder.write("fibonacci.wat", FIBONACCI);
    for level in ["0", "1", "2", "3", "s", "z"] {
        folder.wasmedge(&["compile", "--optimize", level, "fibonacci.wat", "out.wasm"]).succeeds("");
        folder.wasmedge(&["--reactor", "out.wasm", "fib", "20"]).succeeds("10946\n");
    }
}

#[test]
fn logs_each_phase_once() {
    let folder = Folder::new();
    folder.write("fibonacci.wat", FIBONACCI);
    let run = folder.wasmedge(&["compile", "fibonacci.wat", "fib.wasm"]);
    let lines: Vec<&str> = run.stderr.lines().collect();
    let messages: Vec<&str> = lines.iter().map(|line| line.split_at(line.len().min(26)).1).collect();
    let phases = ["compile start", "verify start", "optimize start", "codegen start", "output start", "compile done"];
    assert_eq!(messages, phases.map(|phase| format!("[info] {phase}")), "{run}");
    for line in lines {
        let shape: String = line[..26].chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "[0000-00-00 00:00:00.000] ");
    }
    let quiet = folder.wasmedge(&["compile", "--quiet", "fibonacci.wat", "fib.wasm"]);
    assert_eq!(quiet.succeeds("").stderr, "");
    let quiet = folder.wasmedge(&["compile", "--log-level", "error", "fibonacci.wat", "fib.wasm"]);
    assert_eq!(quiet.succeeds("").stderr, "");
}

#[test]
fn what_cannot_be_read_or_written_is_an_error() {
    let folder = Folder::new();
    folder.wasmedge(&["compile", "nowhere.wasm", "out.wasm"]).fails().says("[error]").says("nowhere.wasm");
    folder.write("empty.wasm", "");
    folder.wasmedge(&["compile", "empty.wasm", "out.wasm"]).fails().says("empty.wasm").says("malformed");
    folder.write("text.wasm", "not a module");
    folder.wasmedge(&["compile", "text.wasm", "out.wasm"]).fails().says("text.wasm").says("at byte offset 0x0");
    folder.write("cut.wasm", &tests::wat(FIBONACCI)[..30]);
    folder.wasmedge(&["compile", "cut.wasm", "out.wasm"]).fails().says("cut.wasm").says("at byte offset");
    folder.write("wrong.wat", "(module\n  (func (nonsense)))");
    folder.wasmedge(&["compile", "wrong.wat", "out.wasm"]).fails().says("wrong.wat:2");
    assert_eq!(folder.names(), ["cut.wasm", "empty.wasm", "text.wasm", "wrong.wat"]);
    folder.write("fibonacci.wat", FIBONACCI);
    folder.wasmedge(&["compile", "fibonacci.wat", "no/folder/out.wasm"]).fails().says("no/folder/out.wasm");
}

#[test]
fn an_invalid_function_is_named_and_nothing_is_left() {
    let folder = Folder::new();
    let text = r#"(module (func $right) (func $wrong (result i32) (i64.const 1)))"#;
    folder.write("invalid.wat", text);
    let run = folder.wasmedge(&["compile", "invalid.wat", "out.wasm"]);
    // The function's `end` is where the type is wrong; the code section begins with it.
    let bytes = tests::wat(text);
    let body = bytes.windows(3).position(|bytes| bytes == [0x42, 0x01, 0x0b]).expect("the body") + 2;
    run.fails().says("[error]").says("in function 1 `wrong`").says(&format!("at byte offset {body:#x}"));
    assert_eq!(folder.names(), ["invalid.wat"]);

    folder.write("out.wasm", "what was there before");
    folder.wasmedge(&["compile", "invalid.wat", "out.wasm"]).fails();
    assert_eq!(folder.read("out.wasm"), b"what was there before");
}

#[test]
fn a_proposal_that_is_off_is_named_by_its_switch() {
    let folder = Folder::new();
    for (text, option, switch) in [
        ("(module (memory 1) (memory 1))", None, "pass --enable-multi-memory"),
        ("(module (func $f return_call $f))", None, "pass --enable-tail-call"),
        ("(module (memory 1 1 shared))", None, "pass --enable-threads"),
        ("(module (func atomic.fence))", Some("--wasm-3"), "pass --enable-threads"),
        ("(module (memory i64 1))", None, "pass --enable-memory64"),
        ("(module (table i64 1 funcref))", None, "pass --enable-memory64"),
        ("(module (func (param i64) (drop (i32.load (local.get 0)))) (memory i64 1))", None, "pass --enable-memory64"),
        (
            "(module (func (result i32 i32) i32.const 1 i32.const 2))",
            Some("--disable-multi-value"),
            "do not pass --disable-multi-value",
        ),
        ("(module (func (result v128) v128.const i64x2 1 2))", Some("--disable-simd"), "do not pass --disable-simd"),
        (
            "(module (func (param i32) (result i32) local.get 0 i32.extend8_s))",
            Some("--wasm-1"),
            "sign-extension-operators",
        ),
    ] {
        folder.write("module.wat", text);
        let args: Vec<&str> = ["compile"].into_iter().chain(option).chain(["module.wat", "out.wasm"]).collect();
        folder.wasmedge(&args).fails().says(switch);
    }
    // Single switches apply on top of an edition.
    folder
        .wasmedge(&["compile", "--wasm-1", "--enable-sign-extension-operators", "module.wat", "out.wasm"])
        .succeeds("");
    assert_eq!(folder.names(), ["module.wat", "out.wasm"]);
    for (options, text) in [
        (&["--wasm-3"][..], "(module (memory i64 1) (memory 1) (table i64 1 funcref) (func $f return_call $f))"),
        (&["--enable-threads"], "(module (memory 1 1 shared) (func atomic.fence))"),
        (&["--enable-all"], "(module (memory i64 1 1 shared) (func atomic.fence))"),
    ] {
        folder.write("module.wat", text);
        let args: Vec<&str> = ["compile"].iter().chain(options).chain(&["module.wat", "out.wasm"]).copied().collect();
        folder.wasmedge(&args).succeeds("");
    }
    folder.wasmedge(&["compile", "--wasm-2", "--wasm-3", "module.wat", "out.wasm"]).fails().says("--wasm-3");
}

#[test]
fn dump_writes_the_ir_before_and_after_optimization() {
    let folder = Folder::new();
    folder.write("module.wasm", crate::modules::binary("memory"));
    folder.wasmedge(&["compile", "--dump", "module.wasm", "plain.wasm"]).succeeds("");
    // The dump is of the whole module, whatever its units.
    folder.wasmedge(&["compile", "--dump", "--unit-size", "0", "module.wasm", "out.wasm"]).succeeds("");
    assert_eq!(folder.names(), ["module.wasm", "out.wasm", "plain.wasm", "wasm-opt.ll", "wasm.ll"]);
    assert_ne!(folder.read("wasm.ll"), folder.read("wasm-opt.ll"));
    for name in ["wasm.ll", "wasm-opt.ll"] {
        let verified = llvm("opt").args(["-passes=verify", "-disable-output"]).arg(folder.path(name)).output();
        let verified = verified.expect("LLVM's tools are installed");
        assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stderr));
        let text = String::from_utf8(folder.read(name)).expect("IR is text");
        let defined =
            text.lines().filter(|line| line.starts_with("define") && line.contains("@wasm.function.")).count();
        assert_eq!(defined, 7, "{name} has every function of the module");
    }
    folder.wasmedge(&["compile", "module.wasm", "again.wasm"]).succeeds("");
    assert!(folder.read("plain.wasm") == folder.read("again.wasm"), "a dump changes nothing");
}

/// Whatever is faster with what came after the first 64-bit processors: counting bits, shifts by a variable, rounding, vectors of a loop.
#[cfg(target_arch = "x86_64")]
const MODERN: &str = r#"
    (module
      (memory 1)
      (func (export "count") (param i64) (result i64)
        (i64.add (i64.popcnt (local.get 0)) (i64.add (i64.clz (local.get 0)) (i64.ctz (local.get 0)))))
      (func (export "shift") (param i64 i64) (result i64)
        (i64.shl (i64.xor (local.get 0) (i64.const -1)) (local.get 1)))
      (func (export "mask") (param i64 i64) (result i64)
        (i64.and (local.get 0) (i64.xor (local.get 1) (i64.const -1))))
      (func (export "loop") (param i32 i32)
        (loop $next
          (i32.store (local.get 0) (i32.mul (i32.load (local.get 0)) (local.get 1)))
          (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 4))))))
      (func (export "vector") (param i32)
        (v128.store (local.get 0)
          (i32x4.mul (v128.load (local.get 0)) (i8x16.swizzle (v128.load (i32.const 16)) (v128.load (i32.const 32))))))
      (func (export "round") (param f64) (result f64)
        (f64.add (f64.floor (local.get 0)) (f64.nearest (local.get 0)))))"#;

#[cfg(target_arch = "x86_64")]
#[test]
fn generic_code_runs_on_any_processor() {
    let folder = Folder::new();
    folder.write("modern.wat", MODERN);
    let mnemonics = |args: &[&str]| {
        let args: Vec<&str> =
            ["compile", "--quiet"].iter().chain(args).chain(&["modern.wat", "out.so"]).copied().collect();
        folder.wasmedge(&args).succeeds("");
        let output = llvm("llvm-objdump").args(["-d", "--no-show-raw-insn"]).arg(folder.path("out.so")).output();
        let output = output.expect("LLVM's tools are installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("a disassembly is text");
        // `    1234: \tmnemonic\toperands`
        let words =
            text.lines().filter_map(|line| line.split_once(": ").and_then(|(_, rest)| rest.split_whitespace().next()));
        words.map(str::to_string).collect::<Vec<_>>()
    };
    // In the order in which they came: SSE3 to SSE4.2, POPCNT, BMI; all of AVX begins with `v`. `tzcnt` reads as `bsf` on a
    // processor that does not know it.
    const LATER: &[&str] = &[
        "addsub", "hadd", "lddqu", "pshufb", "palignr", "pabs", "pmulhrsw", "round", "pmulld", "pext", "pins", "blend",
        "pmovzx", "pmovsx", "ptest", "pcmpgtq", "crc32", "popcnt", "lzcnt", "andn", "bextr", "bls", "bzhi", "pdep",
        "rorx", "sarx", "shlx", "shrx", "mulx", "movbe",
    ];
    let later = |mnemonic: &&String| {
        // These two came with the first 64-bit processors.
        let baseline =
            mnemonic.starts_with("pinsrw") || mnemonic.starts_with("pextrw") || mnemonic.starts_with("andnp");
        !baseline && (mnemonic.starts_with('v') || LATER.iter().any(|prefix| mnemonic.starts_with(prefix)))
    };
    let generic = mnemonics(&["--generic-binary"]);
    assert!(generic.iter().any(|mnemonic| mnemonic.starts_with("ret")), "nothing was disassembled");
    let found: Vec<&String> = generic.iter().filter(later).collect();
    assert!(found.is_empty(), "not for any processor: {found:?}");
    // What this test looks for is there when it may be.
    if std::arch::is_x86_feature_detected!("avx") && std::arch::is_x86_feature_detected!("popcnt") {
        let host = mnemonics(&[]);
        assert!(host.iter().any(|mnemonic| mnemonic.starts_with("popcnt")), "{host:?}");
        assert!(host.iter().any(|mnemonic| mnemonic.starts_with('v')), "{host:?}");
    }
}
