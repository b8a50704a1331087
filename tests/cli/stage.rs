//! `wasmedge-stage`, one stage at a time.

use super::Folder;

#[test]
fn ir_edited_by_hand_is_what_goes_on() {
    let folder = Folder::new();
    let text = r#"(module (func (export "answer") (result i32) (i32.const 41)))"#;
    folder.write("answer.wat", text);
    folder.stage(&["parse", "--build-dir", "build", "answer.wat"]).succeeds("");
    for stage in ["validate", "lower"] {
        folder.stage(&[stage, "--build-dir", "build"]).succeeds("");
    }
    let lowered = String::from_utf8(folder.read("build/lower/unit-0000.ll")).expect("IR is text");
    assert!(lowered.contains("i32 41"), "{lowered}");
    folder.write("build/lower/unit-0000.ll", lowered.replace("i32 41", "i32 42"));
    for stage in ["verify", "opt", "emit"] {
        folder.stage(&[stage, "--build-dir", "build"]).succeeds("");
    }
    folder.stage(&["output", "--build-dir", "build", "out.wasm"]).succeeds("");
    folder.wasmedge(&["--reactor", "out.wasm", "answer"]).succeeds("42\n");

    folder.write("build/lower/unit-0000.ll", "nonsense\n");
    folder.stage(&["verify", "--build-dir", "build"]).fails().says("unit-0000.ll").says("malformed");
    folder.stage(&["run", "--build-dir", "build"]).fails().says("unit-0000.ll").says("malformed");

    // No editor leaves that behind.
    folder.write("build/lower/unit-0000.ll", &lowered[..lowered.len() / 2]);
    folder.stage(&["verify", "--build-dir", "build"]).fails().says("unit-0000.ll").says("damaged");
    folder.stage(&["run", "--build-dir", "build", "out.wasm"]).succeeds("").says("unit-0000.ll is damaged");
    folder.wasmedge(&["--reactor", "out.wasm", "answer"]).succeeds("41\n");
}

/// What somebody has written is not lost where it cannot hold any more.
#[test]
fn an_edit_is_put_aside_for_another_compile() {
    let folder = Folder::new();
    folder.write("answer.wat", r#"(module (func (export "answer") (result i32) (i32.const 41)))"#);
    let compile =
        |level, out| folder.stage(&["compile", "--optimize", level, "--build-dir", "build", "answer.wat", out]);
    compile("2", "out.wasm").succeeds("");
    let lowered = String::from_utf8(folder.read("build/lower/unit-0000.ll")).expect("IR is text");
    let edited = lowered.replace("i32 41", "i32 42");
    folder.write("build/lower/unit-0000.ll", &edited);
    compile("2", "out.wasm").succeeds("").says("was edited, and is used as it is");
    folder.wasmedge(&["--reactor", "out.wasm", "answer"]).succeeds("42\n");
    compile("1", "out.wasm").succeeds("").says("the edit is kept as build/lower/unit-0000.ll.edited");
    folder.wasmedge(&["--reactor", "out.wasm", "answer"]).succeeds("41\n");
    assert_eq!(folder.read("build/lower/unit-0000.ll.edited"), edited.as_bytes());
}

/// As a Makefile runs them: none may lose what another one writes down in the manifest.
#[test]
fn units_are_made_side_by_side() {
    let folder = Folder::new();
    const FUNCTIONS: usize = 24;
    let functions: String = (0..FUNCTIONS).map(|at| format!("(func (result i32) (i32.const {at}))")).collect();
    folder.write("many.wat", format!("(module {functions})"));
    folder.stage(&["parse", "--unit-size", "0", "--build-dir", "build", "many.wat"]).succeeds("");
    folder.stage(&["validate", "--build-dir", "build"]).succeeds("");
    folder.stage(&["lower", "--build-dir", "build"]).succeeds("");
    let units: Vec<String> = (0..FUNCTIONS).map(|at| at.to_string()).chain(["module".to_string()]).collect();
    for stage in ["opt", "emit"] {
        std::thread::scope(|scope| {
            for unit in &units {
                scope.spawn(|| {
                    folder.stage(&[stage, "--unit", unit, "--build-dir", "build"]).succeeds("");
                });
            }
        });
    }
    folder.stage(&["output", "--build-dir", "build", "stepped.wasm"]).succeeds("");
    folder.wasmedge(&["compile", "--unit-size", "0", "many.wat", "direct.wasm"]).succeeds("");
    assert!(folder.read("stepped.wasm") == folder.read("direct.wasm"));
}
