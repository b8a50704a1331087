//! Several at once in one directory.

use super::{Folder, copy, line};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const FIRST: &[&str] = &["--enable-exception-handling", "--unit-size", "2048", "--optimize", "1", "mix.wasm"];
const OTHER_OPTIONS: &[&str] = &["--enable-exception-handling", "--unit-size", "4096", "--optimize", "0", "mix.wasm"];
const OTHER_MODULE: &[&str] = &["--enable-exception-handling", "--unit-size", "2048", "--optimize", "1", "calls.wasm"];

/// With the modules, and what compiling them at once gives.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["mix", "calls"] {
        folder.write(&format!("{name}.wasm"), crate::programs::wasm(name));
    }
    for (what, out) in [(FIRST, "first"), (OTHER_OPTIONS, "options"), (OTHER_MODULE, "module")] {
        folder.succeeds(&line(&[&["compile", "--no-cache"], what, &[out]]));
    }
    assert!(folder.read("first") != folder.read("options") && folder.read("first") != folder.read("module"));
    folder
}

fn in_build<'a>(what: &[&'a str], out: &'a str) -> Vec<&'a str> {
    line(&[&["compile", "--no-cache", "--build-dir", "build"], what, &[out]])
}

/// A run of the tool that goes on, with a file for what it says.
struct Running<'a> {
    folder: &'a Folder,
    said: String,
    child: Child,
}

impl Running<'_> {
    fn start<'a>(folder: &'a Folder, name: &str, args: &[&str]) -> Running<'a> {
        let said = format!("{name}.stderr");
        let stderr = File::create(folder.path(&said)).expect("a new file");
        let child = folder.command(args).stdout(Stdio::null()).stderr(stderr).spawn().expect("it can be run");
        Running { folder, said, child }
    }

    fn said(&self) -> String {
        String::from_utf8(self.folder.read(&self.said)).expect("it is text")
    }

    fn waits(&self, times: usize) {
        until(|| self.said().matches("waiting for another compile in build").count() == times, &self.said);
    }

    #[track_caller]
    fn succeeds(mut self) -> String {
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {}", self.said());
        self.said()
    }
}

#[track_caller]
fn until(what: impl Fn() -> bool, of: &str) {
    let begin = Instant::now();
    while !what() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{of}: it does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn locked(dir: &Path) -> File {
    let lock = File::open(dir).expect("the folder is there");
    lock.lock().expect("it can be locked");
    lock
}

#[test]
fn compiles_wait_for_each_other() {
    let folder = folder();
    for (what, out) in [(FIRST, "first"), (OTHER_OPTIONS, "options"), (OTHER_MODULE, "module")] {
        let _ = fs::remove_dir_all(folder.path("build"));
        fs::create_dir(folder.path("build")).expect("a new folder");
        let lock = locked(&folder.path("build"));
        let both =
            [(FIRST, "one"), (what, "two")].map(|(what, out)| Running::start(&folder, out, &in_build(what, out)));
        both.iter().for_each(|running| running.waits(1));
        drop(lock);
        both.into_iter().for_each(|running| drop(running.succeeds()));
        assert!(folder.read("one") == folder.read("first"), "beside {out}");
        assert!(folder.read("two") == folder.read(out), "{out}");
        // The directory is what one of them has left, whole.
        folder.succeeds(&["run", "--build-dir", "build", "again"]);
        assert!([folder.read("one"), folder.read("two")].contains(&folder.read("again")), "{out}");
    }
}

/// Who waits goes on with what is there then, options and all.
#[test]
fn what_another_has_begun_meanwhile_goes_on() {
    let folder = folder();
    folder.succeeds(&in_build(OTHER_OPTIONS, "out"));
    folder.succeeds(&line(&[&["compile", "--no-cache", "--build-dir", "other"], OTHER_MODULE, &["out"]]));
    let lock = locked(&folder.path("build"));
    let running = Running::start(&folder, "run", &["run", "--build-dir", "build", "out"]);
    running.waits(1);
    copy(&folder.path("other"), &folder.path("build"));
    drop(lock);
    running.succeeds();
    assert!(folder.read("out") == folder.read("module"));
}

/// The lock of a directory that was removed meanwhile keeps nobody out of the new one.
#[test]
fn a_directory_that_was_made_anew_is_waited_for() {
    let folder = folder();
    let build = folder.path("build");
    fs::create_dir(&build).expect("a new folder");
    let gone = locked(&build);
    let running = Running::start(&folder, "run", &in_build(FIRST, "out"));
    running.waits(1);
    fs::remove_dir(&build).expect("it is empty");
    fs::create_dir(&build).expect("it is gone");
    let lock = locked(&build);
    drop(gone);
    running.waits(2);
    assert!(!build.join("manifest.json").exists());
    drop(lock);
    running.succeeds();
    assert!(folder.read("out") == folder.read("first"));

    // Nor is one that was removed missed.
    let gone = locked(&build);
    let running = Running::start(&folder, "run", &in_build(FIRST, "out"));
    running.waits(1);
    fs::remove_dir_all(&build).expect("it can be removed");
    drop(gone);
    running.succeeds();
    assert!(build.join("manifest.json").exists());
}

#[test]
fn a_directory_that_is_copied_meanwhile_goes_on_elsewhere() {
    let folder = folder();
    let running = Running::start(&folder, "compile", &in_build(&line(&[&["--jobs", "1"], FIRST]), "out"));
    let codegen = folder.path("build/codegen");
    until(|| fs::read_dir(&codegen).is_ok_and(|entries| entries.count() > 2), "an object");
    copy(&folder.path("build"), &folder.path("copy"));
    running.succeeds();
    let said = folder.succeeds(&["run", "--build-dir", "copy", "copied"]);
    assert!(!said.contains("damaged") && !said.contains("edited"), "{said}");
    assert!(folder.read("copied") == folder.read("first"));
    assert!(folder.read("out") == folder.read("first"));
}
