//! `wasmedge-stage`, one stage at a time.

use super::{FIBONACCI, Folder};

#[test]
fn the_stages_one_by_one_give_what_compile_gives() {
    let folder = Folder::new();
    folder.write("fibonacci.wat", FIBONACCI);
    folder.wasmedge(&["compile", "--quiet", "fibonacci.wat", "direct.wasm"]).succeeds("");
    folder.stage(&["parse", "--build-dir", "build", "fibonacci.wat"]).succeeds("");
    for stage in ["validate", "lower", "verify", "opt", "emit"] {
        folder.stage(&[stage, "--build-dir", "build"]).succeeds("");
    }
    folder.stage(&["output", "--build-dir", "build", "stepped.wasm"]).succeeds("");
    assert!(folder.read("direct.wasm") == folder.read("stepped.wasm"), "the files differ");
}

#[test]
fn a_stage_whose_input_is_missing_says_which_one_makes_it() {
    let folder = Folder::new();
    folder.write("fibonacci.wat", FIBONACCI);
    folder.stage(&["lower", "--build-dir", "build"]).fails().says("run the stage `parse` first");
    folder.stage(&["parse", "--build-dir", "build", "fibonacci.wat"]).succeeds("");
    folder.stage(&["lower", "--build-dir", "build"]).fails().says("run the stage `validate` first");
    folder.stage(&["validate", "--build-dir", "build"]).succeeds("");
    folder.stage(&["opt", "--build-dir", "build"]).fails().says("run the stage `lower` first");
    folder.stage(&["lower", "--build-dir", "build", "--unit", "7"]).fails().says("there is no unit-0007");
    folder.stage(&["lower", "--build-dir", "build", "--unit", "module"]).succeeds("");
    folder.stage(&["opt", "--build-dir", "build"]).fails().says("unit-0000.ll");
}

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
