//! Build directories in which compiles are killed, meet each other, find damage, or cannot write: what comes out in the end is what a
//! compile at once gives, or there is an error that says where.

mod damage;
mod disks;
mod kills;
mod together;

use crate::process::{self, Input, Outcome};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A folder to compile in.
struct Folder {
    root: TempDir,
}

impl Folder {
    fn new() -> Folder {
        Folder { root: TempDir::new().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    #[track_caller]
    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[track_caller]
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(tests::tool("wasmedge-stage"));
        command.args(args).current_dir(self.root.path());
        command
    }

    /// Runs the tool, which has to end by itself and without a panic.
    #[track_caller]
    fn run(&self, args: &[&str]) -> Ended {
        let outcome = process::run(self.command(args), Input::Text(String::new()));
        let Outcome { code, stderr, .. } = outcome.unwrap_or_else(|error| panic!("{error}"));
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        assert!(matches!(code, Some(0 | 1)) && !stderr.contains("panicked"), "{args:?} ends with {code:?}: {stderr}");
        Ended { succeeded: code == Some(0), stderr }
    }

    /// Runs the tool, which has to succeed. Gives what it said.
    #[track_caller]
    fn succeeds(&self, args: &[&str]) -> String {
        let Ended { succeeded, stderr } = self.run(args);
        assert!(succeeded, "{args:?}: {stderr}");
        stderr
    }

    /// Runs the tool, which has to fail. Gives what it said.
    #[track_caller]
    fn fails(&self, args: &[&str]) -> String {
        let Ended { succeeded, stderr } = self.run(args);
        assert!(!succeeded, "{args:?} succeeds: {stderr}");
        stderr
    }
}

/// A run of the tool that is over.
struct Ended {
    succeeded: bool,
    stderr: String,
}

/// A command line from its parts.
fn line<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    parts.concat()
}

/// All files below a folder that are half-written artifacts.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(parts(&path)),
            false if entry.file_name().to_string_lossy().starts_with(".wasmedge-") => found.push(path),
            false => {}
        }
    }
    found
}

/// Copies a folder in which somebody may be working.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read").flatten() {
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &copied),
            false => match fs::copy(&path, &copied) {
                // It has its name by now.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                result => drop(result.unwrap_or_else(|error| panic!("{}: {error}", path.display()))),
            },
        }
    }
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below this.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        self.next() as f64 / u64::MAX as f64
    }
}
