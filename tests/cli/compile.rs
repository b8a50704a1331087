//! `wasmedge compile`.

use super::Folder;
use std::path::Path;
use std::process::Command;

/// A tool of LLVM's.
fn llvm(tool: &str) -> Command {
    Command::new(Path::new(env!("LLVM_SYS_221_PREFIX")).join("bin").join(tool))
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
        let defined = text.lines().filter(|line| line.starts_with("define") && line.contains("@function.")).count();
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
    // Of a level, and of what is added to it or taken away.
    for (args, popcnt, avx) in [
        (&["--cpu", "x86-64"][..], false, false),
        (&["--cpu", "x86-64-v2"], true, false),
        (&["--cpu", "x86-64-v3"], true, true),
        (&["--cpu", "x86-64-v3", "--cpu-features", "-avx"], true, false),
        (&["--cpu", "haswell", "--cpu-features", "-sse4.1,-popcnt"], false, false),
        (&["--generic-binary", "--cpu-features", "+avx2"], false, true),
    ] {
        let found = mnemonics(args);
        assert_eq!(found.iter().any(|mnemonic| mnemonic.starts_with("popcnt")), popcnt, "{args:?}");
        assert_eq!(found.iter().any(|mnemonic| mnemonic.starts_with('v')), avx, "{args:?}");
    }
}

/// A level runs where the processor has all of it, and is refused where something is missing.
#[cfg(target_arch = "x86_64")]
#[test]
fn levels_run_where_they_can() {
    let folder = Folder::new();
    folder.write("modern.wat", MODERN);
    let host = driver::host_target(false).cpu_features;
    for level in ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"] {
        folder.wasmedge(&["compile", "--quiet", "--cpu", level, "modern.wat", "out.wasm"]).succeeds("");
        let target = driver::Wanted { cpu: Some(level), ..Default::default() }.target().expect("a known level");
        let run = folder.wasmedge(&["--run-mode", "aot", "--reactor", "out.wasm", "count", "7"]);
        match target.cpu_features.iter().find(|feature| !host.contains(feature)) {
            None => run.succeeds("64\n"),
            Some(missing) => run.fails().says(missing),
        };
    }
}

/// What is written goes where it was asked to, and takes the place of nothing else.
#[test]
fn outputs_lose_nothing() {
    let folder = Folder::new();
    folder.write("answer.wat", r#"(module (func (export "answer") (result i32) (i32.const 42)))"#);
    folder.write("old.wasm", "old");
    std::os::unix::fs::symlink("old.wasm", folder.path("link.wasm")).expect("a link can be made");
    folder.wasmedge(&["compile", "answer.wat", "link.wasm"]).succeeds("");
    assert!(folder.path("link.wasm").is_symlink());
    folder.wasmedge(&["--reactor", "old.wasm", "answer"]).succeeds("42\n");
    let (pipe, file) = (folder.path("pipe"), folder.read("old.wasm"));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("the system has pipes").success());
    let reader = std::thread::spawn(move || std::fs::read(pipe).expect("a pipe can be read"));
    folder.wasmedge(&["compile", "answer.wat", "pipe"]).succeeds("");
    assert!(reader.join().expect("it reads") == file, "the pipe took it, and is one still");

    folder.wasmedge(&["compile", "--build-dir", "build", "answer.wat", "out.wasm"]).succeeds("");
    let kept = "the build directory keeps something there";
    for path in ["build/input.wasm", "build/lower/unit-0000.ll", "build/manifest.json"] {
        folder.stage(&["run", "--build-dir", "build", path]).fails().says(path).says(kept);
        folder.stage(&["run", "--build-dir", "build", "--timings", path, "out.wasm"]).fails().says(path).says(kept);
    }
    folder.stage(&["compile", "--dump", "answer.wat", "wasm.ll"]).fails().says("the dump is written there");
    folder.stage(&["compile", "--timings", "out.wasm", "answer.wat", "out.wasm"]).fails().says("OUT is written there");
    folder.stage(&["run", "--build-dir", "build", "nowhere/out.wasm"]).fails().says("nowhere");

    // What the library of a target is called is known before the work.
    let library = ["compile", "--target", "aarch64-apple-darwin", "answer.wat", "out.so"];
    folder.stage(&library).fails().says("is a .dylib file, not a .so file");
}
