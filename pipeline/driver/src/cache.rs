//! The cache: objects of units by all that they follow from.
//!
//! An entry is a file under a name that is the hash of what it was made from ([`crate::identity`]), so that nothing in it ever
//! becomes stale, and unlike compilers, modules and options share a folder. Entries appear whole, begin with a hash of the rest,
//! and are not trusted without it. Whoever adds to a cache that has grown too large removes what was not asked for the longest.
//! Processes need no lock: who finds an entry gone makes it again.

use crate::identity;
use artifact::write_atomically;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A folder with the objects of earlier compiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

/// What is kept of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// The object.
    pub object: Vec<u8>,
    /// The symbols of the functions that were too large to be optimized.
    pub unoptimized: Vec<String>,
}

/// What stands before an object.
#[derive(Serialize, Deserialize)]
struct Head {
    unoptimized: Vec<String>,
}

/// What is left of a cache that was too large, as a part of its limit: so that not every compile has to remove something.
const KEPT: (u64, u64) = (3, 4);

impl Cache {
    /// The size in bytes that a cache is kept to unless told otherwise.
    pub const DEFAULT_LIMIT: u64 = 2 << 30;

    /// The cache in a folder, which need not exist yet, of at most so many bytes.
    pub fn new(folder: impl Into<PathBuf>, limit: u64) -> Cache {
        Cache { folder: folder.into(), limit }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was kept for a unit of this key, if it is there and whole.
    pub fn get(&self, key: &str) -> Option<Cached> {
        let path = self.entry(key);
        let bytes = fs::read(&path).ok()?;
        let entry = decode(&bytes);
        match entry {
            // The time says when it was asked for last. A folder that cannot be written to still serves.
            Some(_) => {
                drop(File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now())))
            }
            None => drop(fs::remove_file(&path)),
        }
        entry
    }

    /// Keeps what was made of a unit of this key.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, key: &str, made: &Cached) -> std::io::Result<()> {
        let path = self.entry(key);
        fs::create_dir_all(path.parent().expect("entries lie in folders"))?;
        write_atomically(&path, &encode(made))
    }

    /// Removes what was not asked for the longest, if there is too much.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn trim(&self) -> std::io::Result<()> {
        let mut entries = Vec::new();
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?.path();
            // Others may remove entries at the same time.
            let Ok(files) = fs::read_dir(&folder) else { continue };
            for file in files.flatten() {
                if let Ok(metadata) = file.metadata()
                    && metadata.is_file()
                    && is_entry(&file.path())
                {
                    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    entries.push((used, metadata.len(), file.path()));
                }
            }
        }
        let mut size: u64 = entries.iter().map(|(_, size, _)| size).sum();
        if size <= self.limit {
            return Ok(());
        }
        entries.sort();
        for (_, length, path) in entries {
            if size <= self.limit / KEPT.1 * KEPT.0 {
                break;
            }
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {}
                // Somebody else may have removed it.
                Ok(()) | Err(_) => size -= length,
            }
        }
        Ok(())
    }

    /// The file of an entry. The first letters of its hash are a folder, so that none has too many files.
    fn entry(&self, key: &str) -> PathBuf {
        let name = identity::of_unit(key);
        self.folder.join(&name[..2]).join(&name[2..])
    }
}

/// Whether a file in a folder of a folder is an entry, by its name, or what is left of one that was being written: other files are
/// none of ours.
fn is_entry(path: &Path) -> bool {
    let mut parts = path.components().rev().map(|part| part.as_os_str().to_string_lossy());
    let (file, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_hash = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash(&folder, 2) && (is_hash(&file, 2 * blake3::OUT_LEN - 2) || file.starts_with(artifact::PART))
}

/// An entry: the hash of the rest; the length of the head; the head; the object.
fn encode(made: &Cached) -> Vec<u8> {
    let head = Head { unoptimized: made.unoptimized.clone() };
    let head = serde_json::to_vec(&head).expect("it has a text form");
    let mut rest = Vec::with_capacity(4 + head.len() + made.object.len());
    rest.write_all(&(head.len() as u32).to_le_bytes()).expect("memory takes it");
    rest.extend(&head);
    rest.extend(&made.object);
    [&blake3::hash(&rest).as_bytes()[..], &rest].concat()
}

fn decode(bytes: &[u8]) -> Option<Cached> {
    let (hash, rest) = bytes.split_at_checked(blake3::OUT_LEN)?;
    if blake3::hash(rest).as_bytes() != hash {
        return None;
    }
    let (length, rest) = rest.split_at_checked(4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?);
    let (head, object) = rest.split_at_checked(length as usize)?;
    let Head { unoptimized } = serde_json::from_slice(head).ok()?;
    Some(Cached { object: object.to_vec(), unoptimized })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn cached(length: usize) -> Cached {
        Cached { object: vec![7; length], unoptimized: vec!["wasm.function.0".into()] }
    }

    #[test]
    fn an_entry_is_found_until_it_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("deep/cache"), 1 << 20);
        assert_eq!(cache.get("a"), None);
        cache.put("a", &cached(100)).expect("it can be written");
        assert_eq!(cache.get("a"), Some(cached(100)));
        assert_eq!(cache.get("b"), None);
        let path = cache.entry("a");
        let whole = fs::read(&path).expect("it is there");
        for at in [0, 40, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            fs::write(&path, altered).expect("it can be written");
            assert_eq!(cache.get("a"), None, "byte {at}");
            assert!(!path.exists(), "what is damaged is removed");
        }
        fs::write(&path, &whole[..whole.len() / 2]).expect("it can be written");
        assert_eq!(cache.get("a"), None, "it is cut short");
    }

    #[test]
    fn other_files_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path(), 0);
        cache.put("a", &cached(100)).expect("it can be written");
        let others = ["notes.txt", "src/main.c", "ab/notes.txt"].map(|name| folder.path().join(name));
        for other in &others {
            fs::create_dir_all(other.parent().expect("it lies in a folder")).expect("it can be made");
            fs::write(other, "mine").expect("it can be written");
        }
        cache.trim().expect("the folder can be read");
        assert_eq!(cache.get("a"), None);
        assert!(others.iter().all(|other| other.exists()));
    }

    #[test]
    fn what_was_asked_for_last_stays_longest() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path(), 4000);
        for (age, key) in [(4, "old"), (3, "asked for"), (2, "newer"), (1, "newest")] {
            cache.put(key, &cached(1500)).expect("it can be written");
            let file = File::options().append(true).open(cache.entry(key)).expect("it is there");
            file.set_modified(SystemTime::now() - Duration::from_secs(100 * age)).expect("it can be set");
        }
        assert!(cache.get("asked for").is_some());
        cache.trim().expect("the folder can be read");
        let left = ["old", "asked for", "newer", "newest"].map(|key| cache.get(key).is_some());
        assert_eq!(left, [false, true, false, false], "three quarters of the limit stay at most");
    }
}
