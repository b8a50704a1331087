//! Keeping the manifest of a build directory.

use artifact::{Artifact, BuildDir, Entry, Error, Manifest, Options, Stage};
use std::path::Path;
use std::sync::Mutex;

/// Writes artifacts and remembers their hashes until the manifest is written.
pub struct Record {
    dir: BuildDir,
    manifest: Mutex<Manifest>,
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
        Record { dir, manifest: Mutex::new(manifest) }
    }

    /// The record of a compile that goes on.
    pub fn open(dir: BuildDir, stage: Stage) -> Result<Record, Error> {
        let (manifest, _) = dir.read_artifact(&dir.manifest(), stage)?;
        Ok(Record { dir, manifest: Mutex::new(manifest) })
    }

    pub fn dir(&self) -> &BuildDir {
        &self.dir
    }

    pub fn options(&self) -> Options {
        self.lock().options.clone()
    }

    /// Writes an artifact that was made from the bytes of others.
    pub fn write(&self, stage: Stage, path: &Path, from: &[&[u8]], bytes: &[u8]) -> Result<(), Error> {
        self.dir.write(path, stage, bytes)?;
        let mut hasher = blake3::Hasher::new();
        for part in from {
            hasher.update(blake3::hash(part).as_bytes());
        }
        let entry =
            Entry { from: hasher.finalize().to_hex().to_string(), is: blake3::hash(bytes).to_hex().to_string() };
        let name = path.strip_prefix(self.dir.path()).unwrap_or(path).to_string_lossy().into_owned();
        self.lock().artifacts.insert(name, entry);
        Ok(())
    }

    /// Writes the manifest.
    pub fn close(&self, stage: Stage) -> Result<(), Error> {
        self.dir.write(&self.dir.manifest(), stage, self.lock().write().as_bytes())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Manifest> {
        self.manifest.lock().expect("no thread panics while it holds the manifest")
    }
}
