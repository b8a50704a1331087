//! `wasmedge run`.

use super::Folder;

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
