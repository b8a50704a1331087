//! The files that a command writes.

use artifact::folder_of;
use console::codes::Failure;
use std::path::Path;

/// Finds out before the work whether a file that it is to write has a place: not in a folder that there is not.
pub fn check_place(file: &Path) -> Result<(), Failure> {
    if file.is_dir() {
        return Err(unwritable(file, "it is a directory"));
    }
    let folder = folder_of(file);
    match folder.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(unwritable(file, &format!("{} is not a directory", folder.display()))),
        Err(error) => Err(unwritable(file, &format!("{}: {error}", folder.display()))),
    }
}

/// Whether two paths lead to the same file, which need not be there yet.
pub fn same_place(left: &Path, right: &Path) -> bool {
    let place = |path: &Path| {
        let new = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(new)
    };
    place(left).is_some_and(|left| place(right) == Some(left))
}

/// Writes a file, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    artifact::write_atomically(path, bytes).map_err(|error| unwritable(path, &error.to_string()))
}

/// The failure to write a file.
pub fn unwritable(path: &Path, reason: &str) -> Failure {
    Failure::Plain(format!("cannot write {}: {reason}", path.display()))
}
