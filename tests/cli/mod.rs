//! The command line, as its users see it: what it prints where, what it exits with, which files it leaves.

mod compile;
mod damage;
mod run;
mod stage;
mod timings;
mod transcripts;

use crate::process::{self, Input};
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A folder in which commands run.
struct Folder {
    folder: TempDir,
    /// Instead of the user's own.
    cache: TempDir,
}

/// What a command leaves to see.
struct Run {
    command: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new() -> Folder {
        let [folder, cache] = [(); 2].map(|()| TempDir::new().expect("a temporary folder"));
        Folder { folder, cache }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("a new file can be written");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names in it, sorted.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder can be read");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn wasmedge(&self, args: &[&str]) -> Run {
        self.run("wasmedge", args)
    }

    fn stage(&self, args: &[&str]) -> Run {
        self.run("wasmedge-stage", args)
    }

    fn run(&self, tool: &str, args: &[&str]) -> Run {
        let mut command = Command::new(tests::tool(tool));
        command.args(args).current_dir(self.folder.path()).env("XDG_CACHE_HOME", self.cache.path());
        let outcome = process::run(command, Input::Text(String::new())).unwrap_or_else(|error| panic!("{error}"));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("tools print UTF-8");
        Run {
            command: format!("{tool} {}", args.join(" ")),
            code: outcome.code,
            stdout: text(outcome.stdout),
            stderr: text(outcome.stderr),
        }
    }
}

impl Run {
    /// It exited with 0 and printed this.
    #[track_caller]
    fn succeeds(&self, stdout: &str) -> &Run {
        self.exits(0, stdout)
    }

    /// It exited with a code and printed this on standard output.
    #[track_caller]
    fn exits(&self, code: i32, stdout: &str) -> &Run {
        assert_eq!(self.code, Some(code), "{self}");
        assert_eq!(self.stdout, stdout, "{self}");
        self
    }

    /// It failed before any program ran.
    #[track_caller]
    fn fails(&self) -> &Run {
        self.exits(1, "")
    }

    /// It said this on standard error.
    #[track_caller]
    fn says(&self, text: &str) -> &Run {
        assert!(self.stderr.contains(text), "`{text}` is not in the messages of {self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { command, code, stdout, stderr } = self;
        write!(f, "$ {command}\nexit code: {code:?}\nstandard output:\n{stdout}\nstandard error:\n{stderr}")
    }
}
