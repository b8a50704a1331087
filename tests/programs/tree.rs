//! Scratch directories: filled before a run, compared after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What lies at a path.
#[derive(PartialEq, Eq)]
pub enum Entry {
    Folder,
    File(Vec<u8>),
    Link(PathBuf),
}

/// Everything below a folder, by path. Times and permissions do not count.
pub type Tree = BTreeMap<PathBuf, Entry>;

/// Copies a file or folder.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Reads what lies below a folder.
pub fn read(root: &Path) -> std::io::Result<Tree> {
    let mut tree = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            let found = if kind.is_symlink() {
                Entry::Link(fs::read_link(&path)?)
            } else if kind.is_dir() {
                folders.push(path.clone());
                Entry::Folder
            } else {
                Entry::File(fs::read(&path)?)
            };
            tree.insert(path.strip_prefix(root).expect("it lies below the root").to_owned(), found);
        }
    }
    Ok(tree)
}

/// The first path at which two trees differ, and how.
pub fn difference(native: &Tree, ours: &Tree) -> Option<String> {
    let mut paths = native.keys().chain(ours.keys().filter(|path| !native.contains_key(*path)));
    let describe = |entry: Option<&Entry>| match entry {
        None => "nothing".to_string(),
        Some(Entry::Folder) => "a folder".to_string(),
        Some(Entry::File(bytes)) => format!("a file of {} bytes", bytes.len()),
        Some(Entry::Link(target)) => format!("a link to {}", target.display()),
    };
    paths.find(|path| native.get(*path) != ours.get(*path)).map(|path| {
        let (native, ours) = (describe(native.get(path)), describe(ours.get(path)));
        format!("{} differs: the native run left {native}, ours {ours}", path.display())
    })
}
