//! A build directory: where artifacts lie.

use crate::{Artifact, Error, Kind, Stage, UnitId};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A build directory.
#[derive(Clone, Debug)]
pub struct BuildDir {
    root: PathBuf,
}

impl BuildDir {
    /// The build directory at a path, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> BuildDir {
        BuildDir { root: root.into() }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The input module.
    pub fn input(&self) -> PathBuf {
        self.root.join("input.wasm")
    }

    /// The manifest.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.json")
    }

    /// The declarations.
    pub fn parsed(&self) -> PathBuf {
        self.root.join("parse/module.json")
    }

    /// The plan.
    pub fn plan(&self) -> PathBuf {
        self.root.join("validate/plan.json")
    }

    /// The units for make ([`crate::Plan::units_mk`]); the stage `validate` writes it.
    pub fn units_mk(&self) -> PathBuf {
        self.root.join("units.mk")
    }

    /// The artifact of a stage for a unit.
    pub fn unit(&self, stage: Stage, unit: UnitId) -> PathBuf {
        let extension = match stage {
            Stage::Parse | Stage::Validate | Stage::Verify | Stage::Output => "json",
            Stage::Lower | Stage::Optimize => "ll",
            Stage::Codegen => "o",
        };
        self.root.join(stage.name()).join(format!("{unit}.{extension}"))
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// If it cannot be read; a missing file's error says which stage makes it.
    pub fn read(&self, path: &Path, stage: Stage, maker: Stage) -> Result<Vec<u8>, Error> {
        std::fs::read(path).map_err(|error| {
            let mut wrapped = Error::io(stage, path, &error);
            if error.kind() == std::io::ErrorKind::NotFound {
                wrapped.message = format!("no such file: run the stage `{maker}` first");
            }
            wrapped
        })
    }

    /// Reads a text artifact; with it, its bytes.
    ///
    /// # Errors
    /// If it cannot be read or is not in its form.
    pub fn read_artifact<A: Artifact>(&self, path: &Path, stage: Stage) -> Result<(A, Vec<u8>), Error> {
        let bytes = self.read(path, stage, A::STAGE)?;
        Ok((self.decode(path, stage, &bytes)?, bytes))
    }

    /// Reads a text artifact from its bytes.
    ///
    /// # Errors
    /// If they are not in its form.
    pub fn decode<A: Artifact>(&self, path: &Path, stage: Stage, bytes: &[u8]) -> Result<A, Error> {
        let malformed = |error: std::str::Utf8Error| Error::new(stage, Kind::Malformed, error.to_string());
        let artifact = std::str::from_utf8(bytes).map_err(malformed).and_then(A::read);
        artifact.map_err(|error| Error { stage, ..error }.in_file(path))
    }

    /// Whether a path is, or may become, that of something which a compile keeps in the directory.
    pub fn keeps(&self, path: &Path) -> bool {
        let places = (self.root.canonicalize(), folder_of(path).canonicalize());
        let (Ok(root), Ok(folder), Some(name)) = (places.0, places.1, path.file_name()) else { return false };
        let place = folder.join(name);
        let Ok(place) = place.strip_prefix(root) else { return false };
        let files = ["input.wasm", "manifest.json", "manifest.journal", "units.mk"];
        files.iter().any(|file| place == Path::new(file))
            || Stage::ALL.iter().any(|stage| place.starts_with(stage.name()))
    }

    /// Writes a file so that it appears whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path, stage: Stage, bytes: &[u8]) -> Result<(), Error> {
        let io = |error: std::io::Error| Error::io(stage, path, &error);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io)?;
        }
        write_beside(PART, path, bytes).map_err(io)
    }

    /// The files that killed processes have left half-written. What others are writing is among them.
    pub fn parts(&self) -> Vec<PathBuf> {
        let folders =
            std::iter::once(self.root.clone()).chain(Stage::ALL.iter().map(|stage| self.root.join(stage.name())));
        let entries = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flat_map(Iterator::flatten);
        let is_part = |entry: &std::fs::DirEntry| {
            entry.file_name().to_string_lossy().starts_with(PART) && entry.file_type().is_ok_and(|kind| kind.is_file())
        };
        entries.filter(is_part).map(|entry| entry.path()).collect()
    }
}

/// What the names of files begin with that are not whole yet.
pub const PART: &str = ".wasmedge-part-";

/// The folder that a file lies in, or would.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file beside its place, then renames it: it appears whole or not at all, with the permissions of any new file.
///
/// # Errors
/// If it cannot be written; nothing is left behind then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A link stays one, and what it leads to is written.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match path.metadata() {
        // A device or a pipe stays what it is.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            std::fs::File::options().write(true).open(&path)?.write_all(bytes)
        }
        Ok(_) | Err(_) => write_beside(PART, &path, bytes),
    }
}

/// With this in front of the name of the file that is renamed.
fn write_beside(prefix: &str, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        // What the user's umask leaves of it, like any file that a compiler writes.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // Without the name of the file that is renamed, which nobody has to know.
    let plain = |error: std::io::Error| {
        let message = error.to_string();
        std::io::Error::new(error.kind(), message.split(" at path ").next().unwrap_or_default())
    };
    let mut file = builder.tempfile_in(folder_of(path)).map_err(plain)?;
    file.write_all(bytes).map_err(plain)?;
    file.persist(path).map_err(|error| plain(error.error))?;
    Ok(())
}
