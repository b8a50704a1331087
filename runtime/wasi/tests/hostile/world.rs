//! The folders of a hostile program, and those beside them that it must not reach.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode};
use tempfile::TempDir;

/// `inside` is a program's, `frozen` too but to read only, and `canary` beside them nobody's.
pub struct World {
    top: TempDir,
    before: BTreeMap<PathBuf, Seen>,
}

/// What must stay as it is.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    mode: u32,
    links: u64,
    modified: (i64, i64),
    contents: Option<Vec<u8>>,
}

/// What the file outside contains. No program may ever read it.
pub const SECRET: &[u8] = b"what lies outside";
/// What files inside contain.
pub const OWN: &[u8] = b"what lies inside";

impl World {
    pub fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        for folder in ["canary", "frozen"] {
            let folder = top.path().join(folder);
            fs::create_dir_all(folder.join("dir/below")).unwrap();
            fs::write(folder.join("dir/file"), SECRET).unwrap();
            symlink("dir/file", folder.join("link")).unwrap();
            symlink("../canary/dir", folder.join("beside")).unwrap();
        }
        fs::write(top.path().join("canary/secret"), SECRET).unwrap();
        fs::write(top.path().join("frozen/own"), OWN).unwrap();
        fs::write(top.path().join("secret"), SECRET).unwrap();
        let mut world = World { top, before: BTreeMap::new() };
        world.lay_traps();
        world.before = world.outside();
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    /// Makes the program's own folder afresh.
    pub fn lay_traps(&self) {
        let inside = self.path("inside");
        if inside.exists() {
            fs::remove_dir_all(&inside).unwrap();
        }
        fs::create_dir_all(inside.join("dir/below")).unwrap();
        for file in ["file", "dir/file", "dir/below/file"] {
            fs::write(inside.join(file), OWN).unwrap();
        }
        fs::hard_link(inside.join("file"), inside.join("same")).unwrap();
        let absolute = self.path("canary");
        for (name, to) in [
            ("link", "file"),
            ("dirlink", "dir"),
            ("up", ".."),
            ("dir/upper", "../.."),
            ("out", "../canary"),
            ("outfile", "../canary/secret"),
            ("absolute", absolute.to_str().unwrap()),
            ("root", "/"),
            ("chain", "dir/chained"),
            ("dir/chained", "../out/dir"),
            ("loop", "loop"),
            ("ping", "pong"),
            ("pong", "ping"),
            ("dangling", "nothing"),
            ("dangling-out", "../canary/new"),
            ("around", "../inside/file"),
            ("process", "/proc/self/root"),
        ] {
            symlink(to, inside.join(name)).unwrap();
        }
        rustix::fs::mkfifoat(CWD, inside.join("fifo"), Mode::from_raw_mode(0o600)).unwrap();
        // The name stays when the socket is closed.
        drop(UnixListener::bind(inside.join("socket")).unwrap());
    }

    /// Everything that is not inside.
    fn outside(&self) -> BTreeMap<PathBuf, Seen> {
        let mut seen = BTreeMap::new();
        see(self.top.path(), &self.path("inside"), &mut seen);
        seen
    }

    #[track_caller]
    pub fn check(&self) {
        assert_eq!(self.outside(), self.before, "something outside has changed");
    }
}

fn see(path: &Path, except: &Path, seen: &mut BTreeMap<PathBuf, Seen>) {
    let metadata = path.symlink_metadata().unwrap();
    let is_top = seen.is_empty();
    let contents = match metadata.file_type() {
        kind if kind.is_symlink() => Some(path.read_link().unwrap().into_os_string().into_encoded_bytes()),
        kind if kind.is_file() => Some(fs::read(path).unwrap()),
        _ => None,
    };
    let now = Seen {
        inode: metadata.ino(),
        mode: metadata.permissions().mode(),
        // Of the top folder these change when the one inside is made afresh.
        links: if is_top { 0 } else { metadata.nlink() },
        modified: if is_top { (0, 0) } else { (metadata.mtime(), metadata.mtime_nsec()) },
        contents,
    };
    seen.insert(path.to_owned(), now);
    if metadata.is_dir() {
        for entry in path.read_dir().unwrap().map(Result::unwrap) {
            if entry.path() != except {
                see(&entry.path(), except, seen);
            }
        }
    }
}
