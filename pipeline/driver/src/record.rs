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
use same_file::Handle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

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
        Record::alone(dir, Stage::Parse, Some(options), observer)
    }

    /// Goes on with a compile as it was begun. Waits until nobody else works in the directory.
    ///
    /// # Errors
    /// If none was begun in the directory, or it cannot be written to.
    pub fn resume(dir: BuildDir, stage: Stage, observer: &dyn Observer) -> Result<Record, Error> {
        Record::alone(dir, stage, None, observer)
    }

    fn alone(dir: BuildDir, stage: Stage, options: Option<&Options>, observer: &dyn Observer) -> Result<Record, Error> {
        let lock = lock(&dir, stage, Sharing::Alone { make: options.is_some() }, observer)?;
        // Whose they were is no more. It does not matter if they cannot be removed.
        dir.parts().iter().for_each(|part| drop(std::fs::remove_file(part)));
        let before = match (read(&dir, stage), options) {
            (Ok(before), _) => {
                if before.damaged {
                    observer.noticed(&Notice::Damaged(&journal(&dir)));
                }
                Some(before.manifest)
            }
            // What cannot be read is as good as nothing: everything is made again.
            (Err(error), Some(_)) if error.kind == Kind::Malformed => {
                observer.noticed(&Notice::Damaged(&dir.manifest()));
                None
            }
            (Err(_), Some(_)) if !dir.manifest().exists() => None,
            (Err(error), _) => return Err(error),
        };
        let options = before.as_ref().map(|before| &before.options).filter(|_| options.is_none()).or(options);
        let manifest = Manifest {
            tool: identity::TOOL.to_string(),
            llvm: llvm::version(),
            abi: abi::fingerprint().iter().map(|byte| format!("{byte:02x}")).collect(),
            options: options.expect("there is a manifest, or else this is a compile that begins").clone(),
            artifacts: before.as_ref().map(|before| before.artifacts.clone()).unwrap_or_default(),
            check: String::new(),
        };
        if before.is_none() {
            // It belongs to a manifest that is gone. Before the new one, or else what it says would hold again.
            remove(stage, &journal(&dir))?;
        }
        if before.as_ref() != Some(&manifest) || journal(&dir).exists() {
            replace(&dir, stage, &manifest)?;
        }
        Ok(Record::new(dir, manifest, Some(lock)))
    }

    /// Goes on with a compile, beside others.
    ///
    /// # Errors
    /// If none was begun in the directory.
    pub fn open(dir: BuildDir, stage: Stage, observer: &dyn Observer) -> Result<Record, Error> {
        let lock = lock(&dir, stage, Sharing::Shared, observer)?;
        let manifest = read(&dir, stage)?.manifest;
        Ok(Record::new(dir, manifest, Some(lock)))
    }

    /// Looks at a compile, without waiting for anybody.
    ///
    /// # Errors
    /// If none was begun in the directory.
    pub fn look(dir: BuildDir, stage: Stage) -> Result<Record, Error> {
        let manifest = read(&dir, stage)?.manifest;
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
        let entry = Entry { from: from.to_string(), is: blake3::hash(bytes).to_hex().to_string() };
        let known = self.manifest().artifacts.get(&name).cloned();
        if known.is_some_and(|known| known != entry) {
            self.note(stage, &name, None)?;
        }
        self.dir.write(path, stage, bytes)?;
        self.note(stage, &name, Some(entry))
    }

    /// Puts an artifact aside that is to be made again and has been edited: what somebody has written must not be lost. Gives its
    /// new place.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn set_aside(&self, stage: Stage, path: &Path) -> Result<Option<PathBuf>, Error> {
        if path.extension().is_none_or(|extension| extension != "ll") {
            return Ok(None);
        }
        let Some(known) = self.manifest().artifacts.get(&self.name(path)).map(|entry| entry.is.clone()) else {
            return Ok(None);
        };
        let text = match std::fs::read(path) {
            Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() != known => bytes,
            Ok(_) | Err(_) => return Ok(None),
        };
        // Nobody writes zeros, or nothing at all.
        if text.is_empty() || text.contains(&0) {
            return Ok(None);
        }
        let place = path.with_extension("ll.edited");
        std::fs::rename(path, &place).map_err(|error| Error::io(stage, path, &error))?;
        Ok(Some(place))
    }

    /// Writes the units of a plan for make, unless they are there.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write_units_mk(&self, plan: &Plan, text: &[u8], observer: &dyn Observer) -> Result<(), Error> {
        let (path, from) = (self.dir.units_mk(), identity::from(Stage::Validate, &self.options, &[text]));
        match self.find(Stage::Validate, &path, &from)? {
            Found::Current(_) => return Ok(()),
            Found::Damaged => observer.noticed(&Notice::Damaged(&path)),
            Found::Edited(_) | Found::Stale | Found::Missing => {}
        }
        self.write(Stage::Validate, &path, &from, plan.units_mk().as_bytes())
    }

    /// Whether an artifact was made from something.
    pub fn is_from(&self, path: &Path, from: &str) -> bool {
        self.manifest().artifacts.get(&self.name(path)).is_some_and(|entry| entry.from == from)
    }

    /// Removes an artifact that was not made here, or was made from something else than it should be, if that is given: make, which
    /// goes by time stamps, would take it for right.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(&self, stage: Stage, path: &Path, from: Option<&str>) -> Result<(), Error> {
        let name = self.name(path);
        let known = self.manifest().artifacts.contains_key(&name);
        if known && from.is_none_or(|from| self.is_from(path, from)) {
            return Ok(());
        }
        remove(stage, path)?;
        if known { self.note(stage, &name, None) } else { Ok(()) }
    }

    /// Removes the artifacts that are not among those of the compile.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn retain(&self, artifacts: &[PathBuf]) -> Result<(), Error> {
        let kept: BTreeSet<String> = artifacts.iter().map(|path| self.name(path)).collect();
        for name in self.names().into_iter().filter(|name| !kept.contains(name)) {
            remove(Stage::Output, &self.dir.path().join(&name))?;
            self.note(Stage::Output, &name, None)?;
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
        // Where another directory lies by now, another has begun anew.
        if !leads_to(self.dir.path(), lock).map_err(io)? || !journal(&self.dir).exists() {
            return Ok(());
        }
        replace(&self.dir, stage, &read(&self.dir, stage)?.manifest)
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

/// With whom somebody works in a directory.
#[derive(Clone, Copy)]
enum Sharing {
    /// With nobody. Perhaps the directory is yet to be made.
    Alone { make: bool },
    /// With others who share it.
    Shared,
}

/// Locks a directory.
fn lock(dir: &BuildDir, stage: Stage, sharing: Sharing, observer: &dyn Observer) -> Result<File, Error> {
    let io = |error: std::io::Error| Error::io(stage, dir.path(), &error);
    let make = matches!(sharing, Sharing::Alone { make: true });
    loop {
        if make {
            std::fs::create_dir_all(dir.path()).map_err(io)?;
        }
        let lock = match File::open(dir.path()) {
            Ok(lock) => lock,
            // Somebody has just removed it.
            Err(error) if error.kind() == ErrorKind::NotFound && make => continue,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_begun(dir, stage)),
            Err(error) => return Err(io(error)),
        };
        match sharing {
            Sharing::Alone { .. } => wait(dir, || lock.try_lock(), || lock.lock(), observer),
            Sharing::Shared => wait(dir, || lock.try_lock_shared(), || lock.lock_shared(), observer),
        }
        .map_err(io)?;
        // Whoever had it may have removed the directory: the lock of one that is gone keeps nobody out.
        if leads_to(dir.path(), &lock).map_err(io)? {
            return Ok(lock);
        }
    }
}

/// Whether a path leads to what was opened there.
fn leads_to(path: &Path, file: &File) -> std::io::Result<bool> {
    match Handle::from_path(path) {
        Ok(there) => Ok(there == Handle::from_file(file.try_clone()?)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits for a lock; tells so if that takes longer than others need it to write the manifest.
fn wait(
    dir: &BuildDir,
    try_lock: impl Fn() -> Result<(), TryLockError>,
    lock: impl FnOnce() -> std::io::Result<()>,
    observer: &dyn Observer,
) -> std::io::Result<()> {
    for _ in 0..40 {
        match try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    observer.noticed(&Notice::Waiting(dir.path()));
    lock()
}

/// Whether an artifact that is not what it was has been edited, rather than damaged: only IR is there to be edited, and an editor
/// leaves text with its last line whole.
fn is_edited(path: &Path, bytes: &[u8]) -> bool {
    let text = || std::str::from_utf8(bytes).is_ok_and(|text| text.ends_with('\n') && !text.contains('\0'));
    path.file_name().is_some_and(|name| name == "input.wasm")
        || path.extension().is_some_and(|ir| ir == "ll" || ir == "mlir") && text()
}

/// The manifest, with its journal.
struct Read {
    manifest: Manifest,
    /// Whether the journal has lines that were never written like that.
    damaged: bool,
}

fn read(dir: &BuildDir, stage: Stage) -> Result<Read, Error> {
    if !dir.manifest().exists() {
        return Err(not_begun(dir, stage));
    }
    // First: who merges them meanwhile writes the manifest first, and what it says twice is the same.
    let text = match std::fs::read(journal(dir)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::io(stage, journal(dir), &error)),
    };
    let (mut manifest, _) = dir.read_artifact::<Manifest>(&dir.manifest(), stage)?;
    let check = std::mem::take(&mut manifest.check);
    if check != hash(&manifest) || !manifest.artifacts.keys().all(|name| lies_within(name)) {
        let message = "it is damaged: begin the compile again";
        return Err(Error::new(stage, Kind::Malformed, message).in_file(dir.manifest()));
    }
    let mut damaged = false;
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(Line { artifact, entry }) if lies_within(&artifact) => apply(&mut manifest, artifact, entry),
            // A line that was cut short says nothing.
            Err(error) if error.is_eof() => {}
            Ok(_) | Err(_) => damaged = true,
        }
    }
    Ok(Read { manifest, damaged })
}

/// Whether a name is one of something in a build directory: what is not there must not be removed, whatever a manifest says.
fn lies_within(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// What a manifest should have as its [`Manifest::check`].
fn hash(manifest: &Manifest) -> String {
    let unchecked = Manifest { check: String::new(), ..manifest.clone() };
    blake3::hash(unchecked.write().as_bytes()).to_hex().to_string()
}

/// Puts a manifest that holds all of the journal, if there is one, in the place of both.
fn replace(dir: &BuildDir, stage: Stage, manifest: &Manifest) -> Result<(), Error> {
    let checked = Manifest { check: hash(manifest), ..manifest.clone() };
    dir.write(&dir.manifest(), stage, checked.write().as_bytes())?;
    remove(stage, &journal(dir))
}

/// Removes a file, if it is there.
pub fn remove(stage: Stage, path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(stage, path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
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
