//! Paths: opening, listing, links, names, and the walls of the sandbox.

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::*;
use wasi::Errno;

#[test]
fn opening() {
    let (mut guest, dir) = guest();
    fails(guest.open("file", 0, FD_READ), Errno::Noent);
    let fd = guest.open("file", CREAT | EXCL, FD_READ | FD_WRITE).unwrap();
    assert_eq!(fd, 4, "the lowest free number");
    fails(guest.open("file", CREAT | EXCL, FD_READ), Errno::Exist);
    guest.write(fd, b"text").unwrap();
    guest.close(fd).unwrap();
    // Creating and truncating need no right to write through the descriptor.
    let fd = guest.open("file", CREAT, 0).unwrap();
    assert_eq!(guest.filestat(ROOT).unwrap().filetype, 3);
    guest.close(fd).unwrap();
    guest.open("file", TRUNC, 0).unwrap();
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"");
    fails(guest.open("file", DIRECTORY, 0), Errno::Notdir);
    fails(guest.open("file/", 0, 0), Errno::Notdir);
    fails(guest.open("file/x", CREAT, 0), Errno::Notdir);

    guest.mkdir("dir").unwrap();
    for path in ["dir", "dir/", "dir/.", "./dir//", "dir/../dir", "."] {
        for oflags in [0, DIRECTORY] {
            let fd = guest.open(path, oflags, FD_READ | FD_SEEK).unwrap();
            assert_eq!(guest.fdstat(fd).0, 3);
            assert_eq!(guest.rights(fd).0, 0, "rights of files do not apply");
        }
    }
    fails(guest.open("dir", DIRECTORY, FD_READ | FD_WRITE), Errno::Isdir);
    fails(guest.open("dir", 0, FD_WRITE), Errno::Isdir);
    fails(guest.open("dir", CREAT, FD_READ), Errno::Isdir);
    for other in [CREAT, EXCL, TRUNC] {
        fails(guest.open("dir", DIRECTORY | other, 0), Errno::Inval);
    }
    fails(guest.open("x", 16, 0), Errno::Inval);
    fails(guest.open_with(ROOT, 2, "file", 0, 0, 0, 0), Errno::Inval);
    fails(guest.open_with(ROOT, 0, "file", 0, 0, 0, 32), Errno::Inval);
    fails(guest.open_with(99, 0, "file", 0, 0, 0, 0), Errno::Badf);
    fails(guest.open(&"x".repeat(300), CREAT, 0), Errno::Nametoolong);
}

#[test]
fn opening_links() {
    let (mut guest, dir) = guest();
    guest.create("file");
    guest.mkdir("dir").unwrap();
    guest.symlink("file", "link").unwrap();
    guest.symlink("dir", "dirlink").unwrap();
    guest.symlink("target", "dangling").unwrap();
    guest.symlink("loop", "loop").unwrap();
    guest.open_with(ROOT, FOLLOW, "link", 0, 0, 0, 0).unwrap();
    for link in ["link", "dirlink", "dangling", "loop"] {
        fails(guest.open_with(ROOT, NOFOLLOW, link, 0, 0, 0, 0), Errno::Loop);
    }
    fails(guest.open_with(ROOT, NOFOLLOW, "dirlink", DIRECTORY, 0, 0, 0), Errno::Notdir);
    guest.open_with(ROOT, FOLLOW, "dirlink", DIRECTORY, 0, 0, 0).unwrap();
    fails(guest.open("loop", 0, 0), Errno::Loop);
    fails(guest.open("dangling", 0, 0), Errno::Noent);
    guest.open("dangling", CREAT, 0).unwrap();
    assert!(dir.path().join("target").exists());
}

#[test]
fn bad_paths() {
    let (mut guest, dir) = guest();
    guest.create("file");
    fails(guest.open("", 0, 0), Errno::Noent);
    fails(guest.open("file\0", 0, 0), Errno::Inval);
    guest.put(0, b"fi\xffle");
    fails(guest.call("path_unlink_file", &[ROOT, 0, 5]), Errno::Ilseq);
    fails(guest.call("path_unlink_file", &[ROOT, 0xffff_ffff, 5]), Errno::Fault);
    fails(guest.symlink("", "x"), Errno::Noent);
    fails(guest.unlink(&"x/".repeat(2048)), Errno::Nametoolong);
    fails(guest.unlink(&"./".repeat(2047)), Errno::Isdir);
    assert!(dir.path().join("file").exists());
}

/// A directory beside the guest's, with things that it must not reach.
fn outside() -> (Guest, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("inside")).unwrap();
    fs::create_dir(dir.path().join("inside/sub")).unwrap();
    fs::write(dir.path().join("inside/own"), b"own").unwrap();
    fs::write(dir.path().join("secret"), b"secret").unwrap();
    symlink("../secret", dir.path().join("inside/relative")).unwrap();
    symlink(dir.path().join("secret"), dir.path().join("inside/absolute")).unwrap();
    symlink("..", dir.path().join("inside/up")).unwrap();
    symlink("/", dir.path().join("inside/top")).unwrap();
    (guest_in(&dir.path().join("inside"), false), dir)
}

#[test]
fn no_way_out() {
    let (mut guest, dir) = outside();
    let absolute = dir.path().join("secret").to_str().unwrap().to_owned();
    let ways = [
        absolute.as_str(),
        "/",
        "../secret",
        "sub/../../secret",
        "relative",
        "absolute",
        "up/secret",
        "sub/../up/secret",
    ];
    for path in ways {
        fails(guest.open(path, 0, FD_READ), Errno::Notcapable);
        fails(guest.open(path, CREAT | TRUNC, FD_WRITE), Errno::Notcapable);
        fails(guest.path_filestat(FOLLOW, path), Errno::Notcapable);
        fails(guest.set_times(FOLLOW, path, [0, 0, 10]), Errno::Notcapable);
        fails(guest.link(FOLLOW, path, "stolen"), Errno::Notcapable);
    }
    for path in ["..", "up", "top", "up/", "top/etc", "sub/../..", "../inside"] {
        fails(guest.open(path, DIRECTORY, 0), Errno::Notcapable);
        fails(guest.mkdir(&format!("{path}/new")), Errno::Notcapable);
    }
    for path in ["../secret", "up/secret", absolute.as_str()] {
        fails(guest.unlink(path), Errno::Notcapable);
        fails(guest.rmdir(path), Errno::Notcapable);
        fails(guest.rename(path, "stolen"), Errno::Notcapable);
        fails(guest.rename("own", path), Errno::Notcapable);
        fails(guest.link(NOFOLLOW, path, "stolen"), Errno::Notcapable);
        fails(guest.link(NOFOLLOW, "own", path), Errno::Notcapable);
        fails(guest.symlink("own", path), Errno::Notcapable);
        fails(guest.readlink(path, 10), Errno::Notcapable);
    }
    fails(guest.symlink("/etc/passwd", "stolen"), Errno::Notcapable);
    // A link may say what it wants; it leads nowhere.
    guest.symlink("../secret", "made").unwrap();
    fails(guest.open("made", 0, FD_READ), Errno::Notcapable);
    assert_eq!(fs::read(dir.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read(dir.path().join("inside/own")).unwrap(), b"own");
}

#[test]
fn a_directory_opened_below_is_a_sandbox_of_its_own() {
    let (mut guest, _dir) = outside();
    let sub = guest.open_dir("sub").unwrap();
    fails(guest.open_with(sub, FOLLOW, "../own", 0, FD_READ, 0, 0), Errno::Notcapable);
    let fd = guest.open_with(sub, FOLLOW, "new", CREAT, FD_WRITE, 0, 0).unwrap();
    assert_eq!(guest.write(fd, b"x"), Ok(1));
}

#[test]
fn links_and_names() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    guest.write(fd, b"text").unwrap();
    guest.link(NOFOLLOW, "file", "hard").unwrap();
    assert_eq!(guest.filestat(fd).unwrap().nlink, 2);
    fails(guest.link(NOFOLLOW, "file", "hard"), Errno::Exist);
    fails(guest.link(NOFOLLOW, "file", "new/"), Errno::Noent);
    guest.mkdir("dir").unwrap();
    fails(guest.link(NOFOLLOW, "dir", "dirlink"), Errno::Perm);

    guest.symlink("file", "soft").unwrap();
    fails(guest.symlink("file", "soft"), Errno::Exist);
    fails(guest.symlink("file", "none/"), Errno::Noent);
    fails(guest.symlink("file", "dir/"), Errno::Exist);
    assert_eq!(guest.readlink("soft", 100).unwrap(), b"file");
    assert_eq!(guest.readlink("soft", 2).unwrap(), b"fi");
    assert_eq!(guest.readlink("soft", 0).unwrap(), b"");
    fails(guest.readlink("file", 10), Errno::Inval);
    guest.link(NOFOLLOW, "soft", "soft2").unwrap();
    assert_eq!(guest.path_filestat(NOFOLLOW, "soft2").unwrap().filetype, 7);
    guest.link(FOLLOW, "soft", "hard2").unwrap();
    assert_eq!(guest.path_filestat(NOFOLLOW, "hard2").unwrap().filetype, 4);
    guest.symlink("none", "dangling").unwrap();
    fails(guest.link(FOLLOW, "dangling", "hard3"), Errno::Noent);
    fails(guest.link(2, "file", "hard3"), Errno::Inval);
}

/// Setting times opens nothing: a pipe without another end would keep it waiting.
#[test]
fn times_of_a_pipe() {
    let (mut guest, dir) = guest();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("pipe"), mode).unwrap();
    guest.symlink("pipe", "link").unwrap();
    guest.set_times(FOLLOW, "link", [1, 2, 5]).unwrap();
    let stat = guest.path_filestat(NOFOLLOW, "pipe").unwrap();
    assert_eq!((stat.filetype, stat.atim, stat.mtim), (0, 1, 2));
    let fd = guest.open_with(ROOT, 0, "pipe", 0, ALL_FILE, 0, NONBLOCK).unwrap();
    fails(guest.read(fd, 1), Errno::Again);
    guest.write(fd, b"text").unwrap();
    guest.call("fd_fdstat_set_flags", &[fd, 0]).unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"text");
}

#[test]
fn renaming() {
    let (mut guest, dir) = guest();
    guest.create("a");
    guest.rename("a", "b").unwrap();
    fails(guest.rename("a", "b"), Errno::Noent);
    guest.mkdir("dir").unwrap();
    guest.mkdir("full").unwrap();
    guest.create("full/x");
    fails(guest.rename("b", "dir"), Errno::Isdir);
    fails(guest.rename("dir", "b"), Errno::Notdir);
    fails(guest.rename("dir", "full"), Errno::Notempty);
    fails(guest.rename("full", "full/y"), Errno::Inval);
    fails(guest.rename("b", "new/"), Errno::Notdir);
    fails(guest.rename("b/", "new"), Errno::Notdir);
    for (old, new) in [("full/", "two"), ("two", "three/"), ("three/", "four/"), ("four", "dir")] {
        guest.rename(old, new).unwrap();
    }
    assert!(dir.path().join("dir/x").exists());
}

#[test]
fn removing() {
    let (mut guest, _dir) = guest();
    guest.mkdir("dir").unwrap();
    fails(guest.mkdir("dir"), Errno::Exist);
    fails(guest.mkdir("none/dir"), Errno::Noent);
    guest.create("dir/file");
    fails(guest.rmdir("dir"), Errno::Notempty);
    fails(guest.unlink("dir"), Errno::Isdir);
    fails(guest.unlink("dir/"), Errno::Isdir);
    fails(guest.rmdir("dir/file"), Errno::Notdir);
    fails(guest.rmdir("dir/file/"), Errno::Notdir);
    fails(guest.unlink("dir/file/"), Errno::Notdir);
    guest.unlink("dir/file").unwrap();
    fails(guest.unlink("dir/file"), Errno::Noent);
    guest.rmdir("dir/").unwrap();
    guest.mkdir("again/").unwrap();
    guest.rmdir("again").unwrap();
}

/// Name, type and cookie of each whole entry.
fn entries(bytes: &[u8]) -> Vec<(String, u8, u64)> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while rest.len() >= 24 {
        let next = u64::from_le_bytes(rest[..8].try_into().unwrap());
        let len = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        if rest.len() < 24 + len {
            break;
        }
        found.push((String::from_utf8(rest[24..24 + len].to_vec()).unwrap(), rest[20], next));
        rest = &rest[24 + len..];
    }
    found
}

#[test]
fn listing() {
    let (mut guest, dir) = guest();
    fs::write(dir.path().join("file"), b"").unwrap();
    fs::create_dir(dir.path().join("dir")).unwrap();
    symlink("file", dir.path().join("link")).unwrap();
    let bytes = guest.readdir(ROOT, 4096, 0).unwrap();
    let mut names: Vec<_> = entries(&bytes).into_iter().map(|(name, filetype, _)| (name, filetype)).collect();
    names.sort();
    let expected = [(".", 3), ("..", 3), ("dir", 3), ("file", 4), ("link", 7)];
    assert_eq!(names, expected.map(|(name, filetype)| (name.to_owned(), filetype)));

    // From each cookie on, the rest.
    let all = entries(&bytes);
    for (index, (_, _, next)) in all.iter().enumerate() {
        assert_eq!(entries(&guest.readdir(ROOT, 4096, *next).unwrap()), all[index + 1..]);
    }
    // Cut anywhere, the buffer is full and a prefix.
    for room in 0..bytes.len() as u64 {
        assert_eq!(guest.readdir(ROOT, room, 0).unwrap(), bytes[..room as usize]);
    }
    fails(guest.readdir(ROOT, 100, u64::MAX), Errno::Inval);
    fails(guest.readdir(99, 100, 0), Errno::Badf);
    fails(guest.call("fd_readdir", &[ROOT, 0, u64::from(u32::MAX), 0, 0]), Errno::Fault);

    // Nothing about the host's directory above.
    let inode = |name: &str| {
        let at = entries(&bytes).iter().position(|entry| entry.0 == name).unwrap();
        let start: usize = entries(&bytes)[..at].iter().map(|entry| 24 + entry.0.len()).sum();
        bytes[start + 8..start + 16].to_vec()
    };
    assert_eq!(inode("."), inode(".."));
}

/// Paths are UTF-8. What the host calls otherwise is listed, but cannot be named.
#[test]
fn names_that_are_not_text() {
    use std::os::unix::ffi::OsStrExt;
    let (mut guest, dir) = guest();
    let name = b"na\xffme";
    fs::write(dir.path().join(std::ffi::OsStr::from_bytes(name)), b"").unwrap();
    symlink(std::ffi::OsStr::from_bytes(name), dir.path().join("link")).unwrap();
    let bytes = guest.readdir(ROOT, 4096, 0).unwrap();
    assert!(bytes.windows(name.len()).any(|piece| piece == name));
    assert_eq!(guest.readlink("link", 100).unwrap(), name);
    guest.put(0, name);
    for call in ["path_unlink_file", "path_create_directory", "path_remove_directory"] {
        fails(guest.call(call, &[ROOT, 0, name.len() as u64]), Errno::Ilseq);
    }
    fails(guest.call("path_filestat_get", &[ROOT, 0, 0, name.len() as u64, 64]), Errno::Ilseq);
    fails(guest.call("path_symlink", &[0, name.len() as u64, ROOT, 0, 2]), Errno::Ilseq);
    // Through a link that the host made it can be reached.
    guest.open("link", 0, FD_READ).unwrap();
}

#[test]
fn listing_much_in_small_pieces() {
    let (mut guest, dir) = guest();
    for index in 0..1000 {
        fs::write(dir.path().join(format!("file.{index}")), b"").unwrap();
    }
    let mut names = Vec::new();
    let mut cookie = 0;
    loop {
        let bytes = guest.readdir(ROOT, 256, cookie).unwrap();
        let found = entries(&bytes);
        if let Some(last) = found.last() {
            cookie = last.2;
        }
        names.extend(found.into_iter().map(|entry| entry.0));
        if bytes.len() < 256 {
            break;
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 1002);
}

/// What has a slash behind it is a directory, or a link to one.
#[test]
fn slashes_follow_links() {
    let (mut guest, _dir) = guest();
    guest.create("file");
    guest.mkdir("dir").unwrap();
    guest.symlink("dir", "dirlink").unwrap();
    guest.symlink("file", "link").unwrap();
    guest.symlink("none", "dangling").unwrap();
    for lookup in [NOFOLLOW, FOLLOW] {
        for path in ["dir/", "dirlink/", "dirlink/.", "dirlink//"] {
            assert_eq!(guest.path_filestat(lookup, path).unwrap().filetype, 3, "{path}");
            guest.set_times(lookup, path, [0, 7, 4]).unwrap();
            assert_eq!(guest.path_filestat(NOFOLLOW, "dir").unwrap().mtim, 7);
            guest.set_times(lookup, "dir", [0, 8, 4]).unwrap();
        }
        for (path, errno) in [
            ("file/", Errno::Notdir),
            ("file/.", Errno::Notdir),
            ("link/", Errno::Notdir),
            ("dangling/", Errno::Noent),
            ("none/", Errno::Noent),
        ] {
            fails(guest.path_filestat(lookup, path), errno);
            fails(guest.set_times(lookup, path, [0, 7, 4]), errno);
        }
    }
    assert_ne!(guest.path_filestat(NOFOLLOW, "dirlink").unwrap().mtim, 7);
    for path in ["dirlink/", "link/"] {
        assert!(guest.readlink(path, 10).is_err());
        fails(guest.rmdir(path), Errno::Notdir);
        fails(guest.rename(path, "new"), Errno::Notdir);
    }
    fails(guest.link(NOFOLLOW, "link/", "new"), Errno::Notdir);
    fails(guest.link(NOFOLLOW, "dirlink/", "new"), Errno::Perm);
}

/// Its entries are gone, and so nothing is wrong with listing it.
#[test]
fn listing_what_has_been_removed() {
    let (mut guest, _dir) = guest();
    guest.mkdir("dir").unwrap();
    let dir = guest.open_dir("dir").unwrap();
    guest.rmdir("dir").unwrap();
    assert_eq!(guest.readdir(dir, 4096, 0).unwrap(), b"");
}

/// Threads that list one directory through one descriptor do not disturb each other.
#[test]
fn listing_by_several_threads() {
    let (mut guest, dir) = guest();
    for index in 0..300 {
        fs::write(dir.path().join(format!("a file with a long name {index}")), b"").unwrap();
    }
    let expected = entries(&guest.readdir(ROOT, 0x4000, 0).unwrap());
    let fd_readdir = wasi::FUNCTIONS.iter().find(|function| function.name == "fd_readdir").unwrap();
    let context = &guest.context;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut bytes = vec![0; 0x4100];
                for _ in 0..200 {
                    let args = [ROOT, 0x100, 0x4000, 0, 0];
                    assert_eq!((fd_readdir.call)(context, &mut wasi::Memory::new(&mut bytes), &args), Ok(0));
                    let used = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
                    assert_eq!(entries(&bytes[0x100..][..used]), expected);
                }
            });
        }
    });
}
