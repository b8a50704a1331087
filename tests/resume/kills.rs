//! Killed, at any moment, and started again.

use super::{Folder, Random, line, parts};
use artifact::{Artifact, Entry, Manifest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A program of some size in many small units.
const PROGRAM: &str = "lua";
const FLAGS: &[&str] = &["--enable-exception-handling", "--unit-size", "4096"];
const LEVEL: &[&str] = &["--optimize", "1"];

const KILLS: u32 = 20;
/// Fewer may fall into a compile that is still going on: how fast one is varies with what else the machine does.
const LEAST_KILLS: u32 = KILLS / 2;

#[derive(Deserialize)]
struct Line {
    artifact: String,
    entry: Option<Entry>,
}

/// What tells a file from one that was written in its place.
type Identity = (u64, i64, i64);

/// The artifacts that are written down, by their names.
fn written_down(dir: &Path) -> BTreeMap<String, Identity> {
    let Ok(manifest) = fs::read_to_string(dir.join("manifest.json")) else { return BTreeMap::new() };
    let mut entries = Manifest::read(&manifest).expect("the manifest is whole").artifacts;
    let journal = fs::read_to_string(dir.join("manifest.journal")).unwrap_or_default();
    for line in journal.lines() {
        let Ok(Line { artifact, entry }) = serde_json::from_str(line) else { continue };
        match entry {
            Some(entry) => entries.insert(artifact, entry),
            None => entries.remove(&artifact),
        };
    }
    let identity = |(name, entry): (String, Entry)| {
        let path = dir.join(&name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{name} is written down: {error}"));
        assert!(blake3::hash(&bytes).to_hex().as_str() == entry.is, "{name} is written down, and another");
        let metadata = fs::metadata(&path).expect("it was just read");
        (name, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
    };
    entries.into_iter().map(identity).collect()
}

/// Runs a command, and kills it after a while. Whether it was still going on.
fn killed(folder: &Folder, args: &[&str], after: Duration) -> bool {
    let mut child = folder.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it can be run");
    std::thread::sleep(after);
    child.kill().expect("it can be killed");
    let status = child.wait().expect("it ends");
    assert!(status.success() || status.signal() == Some(9), "{args:?}: {status}");
    !status.success()
}

/// Kills a command at random moments that are spread over so long, then lets it end. What was written down is not made again.
fn interrupted(folder: &Folder, args: &[&str], kills: u32, duration: Duration, random: &mut Random) -> u32 {
    let dir = folder.path("build");
    // What an earlier compile has left may well be made anew.
    let before = written_down(&dir);
    let mut done = BTreeMap::new();
    let kept = |done: BTreeMap<String, Identity>| {
        let mut now = written_down(&dir);
        for (name, identity) in &done {
            assert_eq!(now.get(name), Some(identity), "{name} was made again");
        }
        now.retain(|name, identity| before.get(name) != Some(identity));
        now
    };
    let mut hits = 0;
    for _ in 0..kills {
        hits += u32::from(killed(folder, args, duration.mul_f64(2.0 * random.part() / f64::from(kills))));
        done = kept(done);
    }
    folder.succeeds(args);
    kept(done);
    assert_eq!(parts(&dir), [] as [std::path::PathBuf; 0], "what was half-written is left");
    hits
}

#[test]
fn a_killed_compile_goes_on_where_it_was() {
    let folder = Folder::new();
    let mut random = Random(22);
    folder.write("in.wasm", crate::programs::wasm(PROGRAM));
    let compile = |level, dir: &'static [&'static str], out| {
        line(&[&["compile", "--jobs", "2", "--no-cache"], FLAGS, level, dir, &["in.wasm", out]])
    };
    folder.succeeds(&compile(LEVEL, &[], "direct.wasm"));
    let begin = Instant::now();
    folder.succeeds(&compile(LEVEL, &["--build-dir", "measured"], "measured.wasm"));
    let duration = begin.elapsed();

    let args = compile(LEVEL, &["--build-dir", "build"], "out.wasm");
    let hits = interrupted(&folder, &args, KILLS, duration, &mut random);
    assert!(hits >= LEAST_KILLS, "only {hits} of {KILLS} came in time, spread over {duration:?}");
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"));
    assert!(folder.read("measured.wasm") == folder.read("direct.wasm"));

    // What is left of it is now stale, and `run` goes on from there.
    const OTHER: &[&str] = &["--optimize", "0"];
    let begin = Instant::now();
    folder.succeeds(&compile(OTHER, &[], "direct.wasm"));
    let duration = begin.elapsed();
    folder.succeeds(&line(&[&["parse", "--build-dir", "build"], FLAGS, OTHER, &["in.wasm"]]));
    let hits = interrupted(&folder, &["run", "--build-dir", "build", "out.wasm"], 5, duration, &mut random);
    assert!(hits >= 2, "only {hits} of 5 came in time, spread over {duration:?}");
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"));
}

/// Whoever has the directory to himself removes what killed processes have left half-written, and nothing of the user's.
#[test]
fn what_was_half_written_goes_away() {
    let folder = Folder::new();
    folder.write("in.wasm", crate::modules::binary(&crate::modules::names()[0]));
    const COMPILE: &[&str] = &["compile", "--enable-all", "--no-cache", "--build-dir", "build", "in.wasm", "out.wasm"];
    folder.succeeds(COMPILE);
    const LEFT: [&str; 3] =
        ["build/.wasmedge-part-0aB1cD", "build/lower/.wasmedge-part-0aB1cD", "build/codegen/.wasmedge-part-0aB1cD"];
    const OURS: [&str; 4] =
        ["build/notes.txt", "build/.wasmedge-notes", "build/lower/notes.ll", "build/own/.wasmedge-part-0aB1cD"];
    fs::create_dir(folder.path("build/own")).expect("a new folder");
    for name in OURS {
        folder.write(name, name);
    }
    let commands = [COMPILE, &["run", "--build-dir", "build", "out.wasm"], &["clean", "--build-dir", "build"]];
    for args in commands {
        for name in LEFT {
            folder.write(name, "half an art");
        }
        folder.succeeds(args);
        for name in LEFT {
            assert!(!folder.path(name).exists(), "{args:?} leaves {name}");
        }
        for name in OURS {
            assert_eq!(folder.read(name), name.as_bytes(), "{args:?}");
        }
    }
    let left: Vec<_> = fs::read_dir(folder.path("build")).expect("the user's files keep it").flatten().collect();
    assert_eq!(left.len(), 4, "{left:?}");
    // And with the user's files still there, it serves again.
    folder.succeeds(COMPILE);
}
