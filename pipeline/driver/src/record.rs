//! Keeping the manifest of a build directory, and seeing by it whether what lies there belongs together.

use artifact::{Artifact, BuildDir, Entry, Error, Kind, Manifest, Options, Stage};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

/// Writes artifacts and remembers their hashes until the manifest is written.
pub struct Record {
    dir: BuildDir,
    /// As it was when the record was made.
    manifest: Manifest,
    /// Whether a compile goes on, rather than begins.
    goes_on: bool,
    /// What was made since.
    made: Mutex<BTreeMap<String, Entry>>,
}

impl Record {
    /// The record of a new compile.
    pub fn new(dir: BuildDir, options: &Options) -> Record {
        let manifest = Manifest {
            tool: env!("CARGO_PKG_VERSION").to_string(),
            llvm: llvm::version(),
            abi: abi::fingerprint().iter().map(|byte| format!("{byte:02x}")).collect(),
            options: options.clone(),
            artifacts: Default::default(),
        };
        Record { dir, manifest, goes_on: false, made: Mutex::default() }
    }

    /// The record of a compile that goes on.
    pub fn open(dir: BuildDir, stage: Stage) -> Result<Record, Error> {
        let (manifest, _) = dir.read_artifact(&dir.manifest(), stage)?;
        Ok(Record { dir, manifest, goes_on: true, made: Mutex::default() })
    }

    pub fn dir(&self) -> &BuildDir {
        &self.dir
    }

    pub fn options(&self) -> &Options {
        &self.manifest.options
    }

    /// What the manifest says of an artifact.
    pub fn entry(&self, path: &Path) -> Option<&Entry> {
        self.manifest.artifacts.get(&self.name(path))
    }

    /// Writes an artifact that was made from the bytes of others.
    pub fn write(&self, stage: Stage, path: &Path, from: &[&[u8]], bytes: &[u8]) -> Result<(), Error> {
        self.dir.write(path, stage, bytes)?;
        let entry = Entry { from: hash(from), is: blake3::hash(bytes).to_hex().to_string() };
        self.made().insert(self.name(path), entry);
        Ok(())
    }

    /// Sees to it that an artifact was made, in this compile, from what is there now. It may have been edited since.
    pub fn check(&self, stage: Stage, maker: Stage, path: &Path, from: &[&[u8]]) -> Result<(), Error> {
        if self.entry(path).is_some_and(|entry| entry.from == hash(from)) {
            return Ok(());
        }
        let message = format!("it was not made from what is there now: run the stage `{maker}` again");
        Err(Error::new(stage, Kind::Invalid, message).in_file(path))
    }

    /// Writes the manifest. Stages may work side by side on several units, each in a process of its own: what others have added
    /// since stays.
    pub fn close(&self, stage: Stage) -> Result<(), Error> {
        let path = self.dir.manifest();
        let io = |error: std::io::Error| Error::io(stage, &path, &error);
        // Locked until it is closed.
        let folder = File::open(self.dir.path()).map_err(io)?;
        folder.lock().map_err(io)?;
        let mut manifest = match self.goes_on {
            true => self.dir.read_artifact(&path, stage)?.0,
            false => self.manifest.clone(),
        };
        manifest.artifacts.extend(self.made().clone());
        self.dir.write(&path, stage, manifest.write().as_bytes())
    }

    /// What the manifest calls an artifact.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.dir.path()).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn made(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.made.lock().expect("no thread panics while it holds the entries")
    }
}

/// The hash of what an artifact was made from.
pub fn hash(from: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in from {
        hasher.update(blake3::hash(part).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
