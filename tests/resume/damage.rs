//! Each kind of artifact, damaged in each way: it is made again, or there is an error that names it.

use super::{Folder, Random, copy, line};
use artifact::{Artifact, Manifest};
use std::fs;
use std::path::Path;

/// Each function is a unit; they differ in their types and in what they call.
const MODULE: &str = r#"(module
    (func $one (export "one") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $two (export "two") (param i64 i64) (result i64) (i64.mul (local.get 0) (local.get 1)))
    (func (export "three") (param i32) (result i32) (call $one (call $one (local.get 0)))))"#;
const FLAGS: &[&str] = &["--optimize", "1", "--unit-size", "0"];
const COMPILE: &[&str] =
    &["compile", "--no-cache", "--optimize", "1", "--unit-size", "0", "--build-dir", "build", "in.wasm", "out.wasm"];
const RUN: &[&str] = &["run", "--build-dir", "build", "out.wasm"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Truncated,
    Emptied,
    Random,
    Flipped,
    Replaced,
    Removed,
    Folder,
}

const ALL: [Damage; 7] = [
    Damage::Truncated,
    Damage::Emptied,
    Damage::Random,
    Damage::Flipped,
    Damage::Replaced,
    Damage::Removed,
    Damage::Folder,
];

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The same bytes, after a warning that names the artifact.
    Warned,
    /// The same bytes, and no word of damage.
    Silent,
    /// The same bytes.
    Made,
    /// Said to be edited; then a result, or an error that names the artifact.
    Edited,
    /// Said to be edited, then an error that names the artifact and says this.
    Refused(&'static str),
    /// An error that names the artifact, and no output.
    Fails,
}

/// An artifact, and what may take its place.
struct Target {
    name: &'static str,
    other: &'static str,
    then: fn(Damage, run: bool) -> Then,
}

/// What the tool makes and nobody edits.
fn made(damage: Damage, _: bool) -> Then {
    match damage {
        Damage::Removed => Then::Silent,
        Damage::Folder => Then::Fails,
        _ => Then::Warned,
    }
}

fn input(damage: Damage, run: bool) -> Then {
    match damage {
        Damage::Removed | Damage::Folder if run => Then::Fails,
        Damage::Flipped if run => Then::Edited,
        _ if run => Then::Refused("loading failed"),
        _ => made(damage, run),
    }
}

/// Without it nobody knows what is to be compiled.
fn manifest(damage: Damage, run: bool) -> Then {
    if run { Then::Fails } else { made(damage, run) }
}

/// Killed compiles leave lines that are cut short.
fn journal(damage: Damage, run: bool) -> Then {
    match damage {
        Damage::Truncated | Damage::Emptied => Then::Silent,
        Damage::Flipped => Then::Made,
        _ => made(damage, run),
    }
}

fn ir(damage: Damage, run: bool) -> Then {
    match damage {
        Damage::Flipped => Then::Edited,
        Damage::Replaced => Then::Refused("wasm."),
        _ => made(damage, run),
    }
}

fn target(name: &'static str, other: &'static str, then: fn(Damage, bool) -> Then) -> Target {
    Target { name, other, then }
}

fn targets() -> Vec<Target> {
    vec![
        target("input.wasm", "parse/module.json", input),
        target("manifest.json", "validate/plan.json", manifest),
        target("manifest.journal", "validate/plan.json", journal),
        target("units.mk", "validate/plan.json", made),
        target("parse/module.json", "validate/plan.json", made),
        target("validate/plan.json", "parse/module.json", made),
        target("lower/unit-0000.ll", "lower/unit-0001.ll", ir),
        target("lower/unit-0000.ll", "lower/unit-0002.ll", ir),
        target("lower/unit-0000.ll", "optimize/unit-0001.ll", ir),
        target("lower/unit-0001.ll", "lower/module.ll", ir),
        target("lower/module.ll", "lower/unit-0001.ll", ir),
        target("optimize/unit-0000.ll", "optimize/unit-0001.ll", ir),
        target("optimize/unit-0002.ll", "optimize/unit-0001.ll", ir),
        target("verify/unit-0000.json", "verify/unit-0002.json", made),
        target("codegen/unit-0000.o", "codegen/unit-0001.o", made),
        target("codegen/module.o", "codegen/unit-0001.o", made),
    ]
}

/// A byte of a file, with another lowest bit.
fn flip(path: &Path, random: &mut Random) {
    let mut bytes = fs::read(path).expect("it is there");
    let at = random.below(bytes.len());
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("it can be written");
}

fn damage(build: &Path, target: &Target, damage: Damage, random: &mut Random) {
    let path = build.join(target.name);
    let bytes = fs::read(&path).expect("it is there");
    let write = |bytes: &[u8]| fs::write(&path, bytes).expect("it can be written");
    match damage {
        Damage::Truncated => {
            // In the middle of a line, as a full disk leaves it, and not at the end of one.
            let end = (bytes.len() / 2..).find(|&end| bytes[end - 1] != b'\n').expect("a line has a middle");
            write(&bytes[..end]);
        }
        Damage::Emptied => write(&[]),
        Damage::Random => {
            // Neither text nor anything else.
            write(&(0..bytes.len()).map(|_| random.next() as u8 | 0x80).collect::<Vec<u8>>());
        }
        Damage::Flipped => flip(&path, random),
        Damage::Replaced => write(&fs::read(build.join(target.other)).expect("it is there")),
        Damage::Removed => fs::remove_file(&path).expect("it can be removed"),
        Damage::Folder => {
            fs::remove_file(&path).expect("it can be removed");
            fs::create_dir(&path).expect("a new folder");
        }
    }
}

/// A folder with a build directory that has a manifest only, `merged`, and one with a journal, `journaled`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("in.wasm", wat::parse_str(MODULE).expect("the module is well-formed"));
    folder.succeeds(&line(&[&["compile", "--no-cache"], FLAGS, &["in.wasm", "direct.wasm"]]));
    folder.succeeds(COMPILE);
    fs::rename(folder.path("build"), folder.path("merged")).expect("it can be renamed");
    // What fails in the end leaves its journal.
    fs::create_dir_all(folder.path("build/codegen/unit-0002.o")).expect("a new folder");
    folder.fails(COMPILE);
    fs::remove_dir(folder.path("build/codegen/unit-0002.o")).expect("it is empty");
    fs::rename(folder.path("build"), folder.path("journaled")).expect("it can be renamed");
    folder
}

fn begin_from(folder: &Folder, state: &str) {
    for old in ["build", "out.wasm"] {
        let path = folder.path(old);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
    copy(&folder.path(state), &folder.path("build"));
}

fn check(folder: &Folder, what: &str, args: &[&str], name: &str, then: Then) {
    let ended = folder.run(args);
    let said = &ended.stderr;
    let is_same = || folder.read("out.wasm") == folder.read("direct.wasm");
    // The error is the last that it says, perhaps in several lines.
    let error = said.split_once("[error]").map(|(_, error)| error).unwrap_or_default();
    match then {
        Then::Warned => {
            let warning = format!("build/{name} is damaged, and is made again");
            assert!(ended.succeeded && is_same() && said.contains(&warning), "{what}: {said}");
        }
        Then::Silent => {
            let silent = !said.contains("damaged") && !said.contains("edited");
            assert!(ended.succeeded && is_same() && silent, "{what}: {said}");
        }
        Then::Made => assert!(ended.succeeded && is_same(), "{what}: {said}"),
        // Without its last newline it is no editor's work.
        Then::Edited if said.contains(&format!("build/{name} is damaged, and is made again")) => {
            assert!(ended.succeeded && is_same(), "{what}: {said}");
        }
        Then::Edited => {
            assert!(said.contains(&format!("build/{name} was edited, and is used as it is")), "{what}: {said}");
            assert!(ended.succeeded || error.contains(name), "{what}: {said}");
        }
        Then::Refused(why) => {
            assert!(!ended.succeeded && error.contains(name) && error.contains(why), "{what}: {said}");
        }
        Then::Fails => {
            // Without a manifest there is no file to name.
            let place = if name == "manifest.json" { "build".to_string() } else { format!("build/{name}") };
            assert!(!ended.succeeded && error.contains(&place), "{what}: {said}");
        }
    }
    assert_eq!(ended.succeeded, folder.path("out.wasm").exists(), "{what}: {said}");
    // Once what is damaged is out of the way, the same command gives what it should; without a manifest, or its module, only one
    // that has both.
    let path = folder.path("build").join(name);
    let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    let again = if ["input.wasm", "manifest.json"].contains(&name) { COMPILE } else { args };
    let said = folder.succeeds(again);
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"), "{what}, again: {said}");
}

#[test]
fn damage_is_mended_or_told() {
    let folder = folder();
    let mut random = Random(7);
    for target in targets() {
        for kind in ALL {
            for (args, run) in [(COMPILE, false), (RUN, true)] {
                begin_from(&folder, if target.name == "manifest.journal" { "journaled" } else { "merged" });
                damage(&folder.path("build"), &target, kind, &mut random);
                let what = format!("{} {kind:?}, {}", target.name, args[0]);
                check(&folder, &what, args, target.name, (target.then)(kind, run));
            }
        }
    }
}

/// Whichever bit it is.
#[test]
fn a_flipped_bit_is_mended_or_told() {
    const FLIPS: usize = 25;
    let folder = folder();
    let mut random = Random(9);
    let names = ["input.wasm", "manifest.json", "lower/unit-0002.ll", "optimize/unit-0002.ll", "lower/module.ll"];
    for name in names {
        for at in 0..FLIPS {
            begin_from(&folder, "merged");
            flip(&folder.path("build").join(name), &mut random);
            let then = if name == "manifest.json" { Then::Fails } else { Then::Edited };
            check(&folder, &format!("{name}, flip {at}"), RUN, name, then);
        }
    }
    // What a journal says wrong makes work, and nothing worse.
    for at in 0..FLIPS {
        begin_from(&folder, "journaled");
        flip(&folder.path("build/manifest.journal"), &mut random);
        check(&folder, &format!("manifest.journal, flip {at}"), RUN, "manifest.journal", Then::Made);
    }
}

/// A module that was put in the place of the input is compiled, and said to be another.
#[test]
fn an_input_that_was_exchanged_is_said_to_be() {
    let folder = folder();
    let other = MODULE.replace("i32.const 1", "i32.const 2");
    folder.write("other.wasm", wat::parse_str(other).expect("the module is well-formed"));
    folder.succeeds(&line(&[&["compile", "--no-cache"], FLAGS, &["other.wasm", "other"]]));
    begin_from(&folder, "merged");
    fs::copy(folder.path("other.wasm"), folder.path("build/input.wasm")).expect("it can be copied");
    let said = folder.succeeds(RUN);
    assert!(said.contains("build/input.wasm was edited, and is used as it is"), "{said}");
    assert!(folder.read("out.wasm") == folder.read("other"));
}

/// What a journal says of a compile whose manifest is gone must not hold again: an artifact that another compile has left by then
/// would count as edited.
#[test]
fn no_journal_outlives_its_manifest() {
    let folder = folder();
    begin_from(&folder, "journaled");
    fs::remove_file(folder.path("build/manifest.json")).expect("it is there");
    folder.succeeds(&line(&[&["parse", "--build-dir", "build"], FLAGS, &["in.wasm"]]));
    let other = [b"; of another compile\n".to_vec(), folder.read("build/lower/unit-0000.ll")].concat();
    folder.write("build/lower/unit-0000.ll", other);
    let said = folder.succeeds(COMPILE);
    assert!(!said.contains("edited") && !said.contains("damaged"), "{said}");
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"));
}

/// Whatever a manifest says, and even if it is in order otherwise: nothing outside of the directory is ours to remove.
#[test]
fn a_manifest_cannot_reach_outside() {
    let folder = folder();
    for name in ["../notes.txt", "lower/../../notes.txt"] {
        begin_from(&folder, "merged");
        folder.write("notes.txt", "mine");
        let text = String::from_utf8(folder.read("build/manifest.json")).expect("it is text");
        let mut manifest = Manifest::read(&text).expect("it is whole");
        let entry = manifest.artifacts.values().next().expect("it has artifacts").clone();
        let in_journal = serde_json::json!({ "artifact": name, "entry": entry });
        folder.write("build/manifest.journal", format!("\n{in_journal}\n"));
        let said = folder.succeeds(COMPILE);
        assert!(said.contains("build/manifest.journal is damaged"), "{said}");
        assert_eq!(folder.read("notes.txt"), b"mine");

        manifest.artifacts.insert(name.to_string(), entry);
        manifest.check = String::new();
        manifest.check = blake3::hash(manifest.write().as_bytes()).to_hex().to_string();
        folder.write("build/manifest.json", manifest.write());
        let said = folder.fails(&["clean", "--build-dir", "build"]);
        assert!(said.contains("build/manifest.json"), "{said}");
        let said = folder.succeeds(COMPILE);
        assert!(said.contains("build/manifest.json is damaged"), "{said}");
        assert_eq!(folder.read("notes.txt"), b"mine");
    }
}
