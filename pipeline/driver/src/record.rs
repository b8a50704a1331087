//! Keeping the manifest of a build directory, and seeing by it what lies there.
//!
//! The manifest says of each artifact what it was made from and what it is. Entries are first appended to a journal, one line each,
//! so that a compile that is killed has lost at most the artifact that it was making; whoever has the directory to itself in the
//! end merges the journal into the manifest. An artifact that replaces one made from something else is struck from the record
//! before it is written: an artifact that differs from its entry was then changed from outside, by hand or by mishap, and by
//! nothing else.
//!
//! A compile that decides what is to be made (its input, its options) has the directory to itself; single stages share it. What
//! keeps them apart is a lock on the directory, which the system releases when a process ends, however it ends.

use crate::identity;
use crate::observer::{Notice, Observer};
use artifact::{Artifact, BuildDir, Entry, Error, Kind, Manifest, Options, Plan, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// A build directory that is worked in.
pub struct Record {
    dir: BuildDir,
    /// With all entries of the journal, and what has been made since.
    manifest: Mutex<Manifest>,
    options: Options,
    journal: Mutex<Option<File>>,
    /// The directory, locked.
    lock: Option<File>,
}

/// A line of the journal: an artifact's new entry; none if it has no entry any more.
#[derive(Serialize, Deserialize)]
struct Line {
    artifact: String,
    entry: Option<Entry>,
}

/// An artifact, as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is what its stage made of what is there now.
    Current(Vec<u8>),
    /// It was made from what is there now, and edited since.
    Edited(Vec<u8>),
    /// It was made from what is there now, and is not what it was.
    Damaged,
    /// It is left of an earlier compile, or what it was made from is another now.
    Stale,
    /// It is not there.
    Missing,
}

impl Found {
    /// What later stages may go on from.
    pub fn usable(self) -> Option<Vec<u8>> {
        match self {
            Found::Current(bytes) | Found::Edited(bytes) => Some(bytes),
            Found::Damaged | Found::Stale | Found::Missing => None,
        }
    }
}

impl Record {
    /// Begins a compile, or goes on with one that was begun with the same options. Waits until nobody else works in the directory.
    ///
    /// # Errors
    /// If the directory cannot be made or written to.
    pub fn begin(dir: BuildDir, options: &Options, observer: &dyn Observer) -> Result<Record, Error> {
        let io = |error: std::io::Error| Error::io(Stage::Parse, dir.path(), &error);
        std::fs::create_dir_all(dir.path()).map_err(io)?;
        let lock = File::open(dir.path()).map_err(io)?;
        wait(&dir, lock.try_lock(), || lock.lock(), observer).map_err(io)?;
        let manifest = Manifest {
            tool: identity::TOOL.to_string(),
            llvm: llvm::version(),
            abi: abi::fingerprint().iter().map(|byte| format!("{byte:02x}")).collect(),
            options: options.clone(),
            artifacts: Default::default(),
        };
        // What cannot be read is as good as nothing: everything is made again.
        let before = read(&dir, Stage::Parse).ok();
        let artifacts = before.as_ref().map(|before| before.artifacts.clone()).unwrap_or_default();
        let manifest = Manifest { artifacts, ..manifest };
        if before.as_ref() != Some(&manifest) {
            dir.write(&dir.manifest(), Stage::Parse, manifest.write().as_bytes())?;
        }
        Ok(Record::new(dir, manifest, Some(lock)))
    }

    /// Goes on with a compile, beside others.
    ///
    /// # Errors
    /// If none was begun in the directory.
    pub fn open(dir: BuildDir, stage: Stage, observer: &dyn Observer) -> Result<Record, Error> {
        let io = |error: std::io::Error| Error::io(stage, dir.path(), &error);
        let lock = match File::open(dir.path()) {
            Ok(lock) => lock,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_begun(&dir, stage)),
            Err(error) => return Err(io(error)),
        };
        wait(&dir, lock.try_lock_shared(), || lock.lock_shared(), observer).map_err(io)?;
        let manifest = read(&dir, stage)?;
        Ok(Record::new(dir, manifest, Some(lock)))
    }

    /// Looks at a compile, without waiting for anybody.
    ///
    /// # Errors
    /// If none was begun in the directory.
    pub fn look(dir: BuildDir, stage: Stage) -> Result<Record, Error> {
        let manifest = read(&dir, stage)?;
        Ok(Record::new(dir, manifest, None))
    }

    fn new(dir: BuildDir, manifest: Manifest, lock: Option<File>) -> Record {
        let options = manifest.options.clone();
        Record { dir, manifest: Mutex::new(manifest), options, journal: Mutex::default(), lock }
    }

    pub fn dir(&self) -> &BuildDir {
        &self.dir
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The names of all artifacts that were made.
    pub fn names(&self) -> Vec<String> {
        self.manifest().artifacts.keys().cloned().collect()
    }

    /// How an artifact stands that should be made from something ([`identity::from`]).
    pub fn find(&self, stage: Stage, path: &Path, from: &str) -> Result<Found, Error> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(Error::io(stage, path, &error)),
        };
        let Some(entry) = self.manifest().artifacts.get(&self.name(path)).filter(|entry| entry.from == from).cloned()
        else {
            return Ok(Found::Stale);
        };
        Ok(match entry.is == blake3::hash(&bytes).to_hex().as_str() {
            true => Found::Current(bytes),
            false if is_edited(path, &bytes) => Found::Edited(bytes),
            false => Found::Damaged,
        })
    }

    /// Gives an artifact to a stage that goes on from it. It may have been edited.
    ///
    /// # Errors
    /// If it is not there, or not what the stage should go on from.
    pub fn take(&self, stage: Stage, maker: Stage, path: &Path, from: &str) -> Result<Vec<u8>, Error> {
        let (kind, message) = match self.find(stage, path, from)? {
            Found::Current(bytes) | Found::Edited(bytes) => return Ok(bytes),
            Found::Missing => (Kind::Io, format!("no such file: run the stage `{maker}` first")),
            Found::Stale => {
                (Kind::Invalid, format!("it was not made from what is there now: run the stage `{maker}` again"))
            }
            Found::Damaged => (Kind::Malformed, format!("it is damaged: run the stage `{maker}` again")),
        };
        Err(Error::new(stage, kind, message).in_file(path))
    }

    /// Writes an artifact that was made from something.
    ///
    /// # Errors
    /// If it, or the journal, cannot be written.
    pub fn write(&self, stage: Stage, path: &Path, from: &str, bytes: &[u8]) -> Result<(), Error> {
        let name = self.name(path);
        let known = self.manifest().artifacts.get(&name).map(|entry| entry.from.clone());
        if known.is_some_and(|known| known != from) {
            self.note(stage, &name, None)?;
        }
        self.dir.write(path, stage, bytes)?;
        let is = blake3::hash(bytes).to_hex().to_string();
        self.note(stage, &name, Some(Entry { from: from.to_string(), is }))
    }

    /// Writes the units of a plan for make, unless they are there.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write_units_mk(&self, plan: &Plan, text: &[u8]) -> Result<(), Error> {
        let (path, from) = (self.dir.units_mk(), identity::from(Stage::Validate, &self.options, &[text]));
        match self.find(Stage::Validate, &path, &from)? {
            Found::Current(_) => Ok(()),
            _ => self.write(Stage::Validate, &path, &from, plan.units_mk().as_bytes()),
        }
    }

    /// Removes an artifact that was not made here, or was made from something else than it should be, if that is given: make, which
    /// goes by time stamps, would take it for right.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(&self, stage: Stage, path: &Path, from: Option<&str>) -> Result<(), Error> {
        let name = self.name(path);
        let known = self.manifest().artifacts.get(&name).map(|entry| entry.from.clone());
        if known.as_deref().is_some_and(|known| from.is_none_or(|from| from == known)) {
            return Ok(());
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::io(stage, path, &error)),
            Ok(()) | Err(_) => {}
        }
        if known.is_some() { self.note(stage, &name, None) } else { Ok(()) }
    }

    /// Removes the artifacts that are not among those of the compile.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn retain(&self, artifacts: &[PathBuf]) -> Result<(), Error> {
        let kept: BTreeSet<String> = artifacts.iter().map(|path| self.name(path)).collect();
        for name in self.names().into_iter().filter(|name| !kept.contains(name)) {
            let path = self.dir.path().join(&name);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::io(Stage::Output, path, &error));
                }
                Ok(()) | Err(_) => self.note(Stage::Output, &name, None)?,
            }
        }
        Ok(())
    }

    /// Merges the journal into the manifest, unless somebody else still works in the directory, who will do it then.
    ///
    /// # Errors
    /// If the manifest cannot be written.
    pub fn close(self, stage: Stage) -> Result<(), Error> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let io = |error: std::io::Error| Error::io(stage, self.dir.path(), &error);
        lock.unlock().map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let journal = journal(&self.dir);
        if journal.exists() {
            let manifest = read(&self.dir, stage)?;
            self.dir.write(&self.dir.manifest(), stage, manifest.write().as_bytes())?;
            std::fs::remove_file(&journal).map_err(|error| Error::io(stage, &journal, &error))?;
        }
        Ok(())
    }

    /// Appends to the journal.
    fn note(&self, stage: Stage, name: &str, entry: Option<Entry>) -> Result<(), Error> {
        let path = journal(&self.dir);
        let io = |error: std::io::Error| Error::io(stage, &path, &error);
        let line = Line { artifact: name.to_string(), entry: entry.clone() };
        let mut text = serde_json::to_vec(&line).expect("it has a text form");
        // In front as well: if a line was cut short, by a full disk or by the end of its process, this one is whole all the same.
        text.insert(0, b'\n');
        text.push(b'\n');
        let mut journal = self.journal.lock().expect("no thread panics while it appends");
        let file = match &mut *journal {
            Some(file) => file,
            none => none.insert(File::options().append(true).create(true).open(&path).map_err(io)?),
        };
        file.write_all(&text).map_err(io)?;
        apply(&mut self.manifest(), name.to_string(), entry);
        Ok(())
    }

    /// What the manifest calls an artifact.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.dir.path()).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn manifest(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().expect("no thread panics while it holds the manifest")
    }
}

/// Waits for a lock that could not be had at once, after telling so.
fn wait(
    dir: &BuildDir,
    tried: Result<(), TryLockError>,
    lock: impl FnOnce() -> std::io::Result<()>,
    observer: &dyn Observer,
) -> std::io::Result<()> {
    match tried {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            observer.noticed(&Notice::Waiting(dir.path()));
            lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether an artifact that is not what it was has been edited, rather than damaged: only IR is there to be edited, and an editor
/// leaves text with its last line whole.
fn is_edited(path: &Path, bytes: &[u8]) -> bool {
    let text = || std::str::from_utf8(bytes).is_ok_and(|text| text.ends_with('\n') && !text.contains('\0'));
    path.file_name().is_some_and(|name| name == "input.wasm")
        || path.extension().is_some_and(|ir| ir == "ll" || ir == "mlir") && text()
}

/// The manifest and its journal.
fn read(dir: &BuildDir, stage: Stage) -> Result<Manifest, Error> {
    if !dir.manifest().exists() {
        return Err(not_begun(dir, stage));
    }
    let (mut manifest, _) = dir.read_artifact::<Manifest>(&dir.manifest(), stage)?;
    let text = match std::fs::read(journal(dir)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::io(stage, journal(dir), &error)),
    };
    for line in text.split(|&byte| byte == b'\n') {
        // A line that was cut short says nothing.
        if let Ok(Line { artifact, entry }) = serde_json::from_slice(line) {
            apply(&mut manifest, artifact, entry);
        }
    }
    Ok(manifest)
}

fn apply(manifest: &mut Manifest, artifact: String, entry: Option<Entry>) {
    match entry {
        Some(entry) => manifest.artifacts.insert(artifact, entry),
        None => manifest.artifacts.remove(&artifact),
    };
}

/// Where entries are appended.
pub fn journal(dir: &BuildDir) -> PathBuf {
    dir.path().join("manifest.journal")
}

fn not_begun(dir: &BuildDir, stage: Stage) -> Error {
    let message = format!("no such file: run the stage `{}` first", Stage::Parse);
    Error::new(stage, Kind::Io, message).in_file(dir.manifest())
}
