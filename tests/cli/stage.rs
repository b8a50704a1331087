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

    folder.write("build/lower/unit-0000.ll", "nonsense");
    folder.stage(&["verify", "--build-dir", "build"]).fails().says("unit-0000.ll").says("malformed");
}
