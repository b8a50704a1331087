//! Every text artifact of the modules in `modules/`, as `snapshots/MODULE/STAGE/FILE`: what a change does to declarations, plans, IR.
//!
//! Target and processor are fixed, so that they are the same on every machine. `make bless` renews them.

use artifact::{BuildDir, Options, Stage, Target};
use driver::{Request, Silent};
use insta::Settings;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

tested! {
    atomic bulk call control convert exception float function_reference global int memory memory64 metering multi_value reference simd simd_convert simd_float simd_relaxed start table table64 tail_call
    variable wide
}

#[test]
fn every_module_has_snapshots() {
    let mut names = crate::modules::names();
    names.retain(|name| !TESTED.contains(&name.as_str()));
    assert!(names.is_empty(), "modules without a test: {names:?}");
    let mut folders = files(&folder());
    folders.retain(|folder| !TESTED.iter().any(|name| folder.ends_with(name)));
    assert!(folders.is_empty(), "snapshots of modules that are gone: {folders:?}");
}

/// A plain 64-bit PC, whatever this runs on.
fn options() -> Options {
    let triple = "x86_64-unknown-linux-gnu".to_string();
    Options::new(Target { triple, tune: "generic".to_string(), cpu_features: Vec::new() })
}

/// The folder of all snapshots.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots")
}

/// Compares all text artifacts of a module with its snapshots.
fn check(name: &str) {
    let scratch = TempDir::new().expect("a temporary folder");
    let dir = BuildDir::new(scratch.path());
    let build_dir = Some(dir.clone());
    let (features, metering) = (crate::modules::features(name), crate::modules::metering(name));
    let options = Options { features, metering, ..options() };
    let request = Request { jobs: 1, build_dir, ..Request::new(options) };
    driver::compile(&crate::modules::binary(name), &request, &Silent).unwrap_or_else(|error| panic!("{name}: {error}"));
    let snapshots = folder().join(name);
    for stage in [Stage::Parse, Stage::Validate, Stage::Lower, Stage::Verify, Stage::Optimize] {
        let made = files(&dir.path().join(stage.name()));
        for file in &made {
            let text = std::fs::read_to_string(file).expect("the artifact is text");
            let mut settings = Settings::clone_current();
            settings.set_snapshot_path(snapshots.join(stage.name()));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            let file = file.file_name().expect("it is a file").to_string_lossy().into_owned();
            settings.bind(|| insta::assert_snapshot!(file, text));
        }
        let mut snapshots = files(&snapshots.join(stage.name()));
        snapshots.retain(|snapshot| !made.iter().any(|file| snapshot.file_stem() == file.file_name()));
        assert!(snapshots.is_empty(), "snapshots of artifacts that are not made any more: {snapshots:?}");
    }
}

/// The files of a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    files
}
