//! What goes wrong comes back as an error, and nothing is printed: the test runs itself once more and looks at what
//! that process writes.

use std::process::Command;

use llvm::*;

const CHILD: &str = "LLVM_ERRORS_CHILD";

#[test]
fn errors_are_returned_not_printed() {
    if std::env::var_os(CHILD).is_some() {
        return provoke_errors();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "errors_are_returned_not_printed", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "{stdout}");
}

/// Also what is listed as known must leave LLVM silent.
fn provoke_errors() {
    TargetMachine::new(&TargetSpec::host(), CodeGenLevel::None).unwrap();
    for triple in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        let spec = TargetSpec { triple: triple.into(), cpu: String::new(), features: String::new() };
        for cpu in cpus(triple).unwrap() {
            let cpu = cpu.into();
            TargetMachine::new(&TargetSpec { cpu, ..spec.clone() }, CodeGenLevel::None).unwrap();
        }
        for feature in features(triple).unwrap() {
            let features = format!("+{feature}");
            TargetMachine::new(&TargetSpec { features, ..spec.clone() }, CodeGenLevel::None).unwrap();
        }
    }

    let context = Context::new();
    let spec = TargetSpec { triple: "x86_64-unknown-linux-gnu".into(), cpu: String::new(), features: String::new() };
    let machine = TargetMachine::new(&spec, CodeGenLevel::Default).unwrap();

    let text = "define i32 @f() {\n  ret i32 %x\n}\n";
    let error = Module::parse(&context, "a:b.ll", text).err().unwrap();
    assert_eq!((error.kind(), error.line()), (ErrorKind::Parse, Some(2)));
    assert!(error.message().contains("use of undefined value '%x'"));

    let module = context.module("broken");
    let ty = context.function(context.void(), &[], false);
    module.add_function("no_terminator", ty).append_block("");
    let error = module.verify().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verify);
    assert!(error.message().contains("does not have terminator"));

    let error = context.module("empty").run_passes("no-such-pass", &machine, PassOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Passes);
    assert!(error.message().contains("no-such-pass"));

    // The code generator reports through the diagnostic handler and goes on.
    let text = "define void @f() {\n  call void asm \"nosuchinstruction\", \"\"()\n  ret void\n}\n";
    let module = Module::parse(&context, "asm.ll", text).unwrap();
    let error = machine.emit_object(&module).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Codegen);
    assert!(error.message().contains("invalid instruction mnemonic"), "{error}");

    // LLVM would print about an unknown CPU and go on.
    let text = "define void @f() \"target-cpu\"=\"no-such-cpu\" {\n  ret void\n}\n";
    let mut module = Module::parse(&context, "cpu.ll", text).unwrap();
    let error = machine.emit_object(&module).unwrap_err();
    assert!(error.message().contains("in function \"f\""), "{error}");
    let error = module.run_passes("instcombine", &machine, PassOptions::default());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Target);

    for (triple, cpu, features) in [
        ("no-such-target", "", ""),
        ("x86_64-unknown-linux-gnu", "no-such-cpu", ""),
        ("x86_64-unknown-linux-gnu", "", "+no-such-feature"),
        ("x86_64-unknown-linux-gnu", "pentium", ""),
        ("x86_64-unknown-linux-gnu", "", "-64bit"),
        ("i686-unknown-linux-gnu", "", ""),
    ] {
        let spec = TargetSpec { triple: triple.into(), cpu: cpu.into(), features: features.into() };
        let error = TargetMachine::new(&spec, CodeGenLevel::None).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Target, "{spec:?}");
    }
}
