//! Rights, read-only trees, descriptors.

mod common;

use std::fs;

use common::*;
use wasi::Errno;

#[test]
fn rights_are_checked() {
    let (mut guest, _dir) = guest();
    guest.create("file");
    let fd = guest.open("file", 0, FD_READ).unwrap();
    assert_eq!(guest.rights(fd).0, FD_READ);
    assert_eq!(guest.read(fd, 1).unwrap(), b"");
    fails(guest.write(fd, b"x"), Errno::Notcapable);
    fails(guest.pread(fd, 1, 0), Errno::Notcapable);
    fails(guest.seek(fd, 0, 0), Errno::Notcapable);
    fails(guest.tell(fd), Errno::Notcapable);
    fails(guest.filestat(fd), Errno::Notcapable);
    fails(guest.call("fd_sync", &[fd]), Errno::Notcapable);
    fails(guest.call("fd_fdstat_set_flags", &[fd, 0]), Errno::Notcapable);

    // To seek nowhere is to tell; to seek includes to tell.
    let fd = guest.open("file", 0, FD_TELL).unwrap();
    assert_eq!(guest.seek(fd, 0, 1), Ok(0));
    fails(guest.seek(fd, 0, 0), Errno::Notcapable);
    let fd = guest.open("file", 0, FD_SEEK).unwrap();
    assert_eq!(guest.tell(fd), Ok(0));

    // Size and allocation come with writing.
    let fd = guest.open("file", 0, FD_READ | FD_FILESTAT_SET_SIZE).unwrap();
    assert_eq!(guest.rights(fd).0, FD_READ);
}

#[test]
fn rights_only_shrink() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    guest.call("fd_fdstat_set_rights", &[fd, FD_READ | FD_SEEK, 0]).unwrap();
    assert_eq!(guest.rights(fd).0, FD_READ | FD_SEEK);
    fails(guest.write(fd, b"x"), Errno::Notcapable);
    fails(guest.call("fd_fdstat_set_rights", &[fd, FD_READ | FD_WRITE, 0]), Errno::Notcapable);
    fails(guest.call("fd_fdstat_set_rights", &[fd, 0, FD_READ]), Errno::Notcapable);
    fails(guest.call("fd_fdstat_set_rights", &[fd, u64::MAX, 0]), Errno::Notcapable);
    fails(guest.call("fd_fdstat_set_rights", &[99, 0, 0]), Errno::Badf);
}

#[test]
fn rights_are_inherited() {
    let (mut guest, _dir) = guest();
    guest.mkdir("dir").unwrap();
    let dir = guest.open_with(ROOT, 0, "dir", DIRECTORY, PATH_OPEN | 1 << 10, FD_WRITE, 0).unwrap();
    let fd = guest.open_with(dir, 0, "file", CREAT, FD_WRITE, 0, 0).unwrap();
    assert_eq!(guest.write(fd, b"x"), Ok(1));
    fails(guest.open_with(dir, 0, "file", 0, FD_READ, 0, 0), Errno::Notcapable);
    fails(guest.open_with(dir, 0, "file", 0, 0, FD_READ, 0), Errno::Notcapable);
    fails(guest.open_with(dir, 0, "file", 0, FD_WRITE, 0, SYNC), Errno::Notcapable);
    fails(guest.open_with(dir, 0, "file", TRUNC, FD_WRITE, 0, 0), Errno::Notcapable);
    fails(guest.open_with(dir, 0, "file", 0, 1 << 40, 0, 0), Errno::Notcapable);
    fails(guest.readdir(dir, 10, 0), Errno::Notcapable);

    let (base, inheriting) = guest.rights(ROOT);
    let again = guest.open_with(ROOT, 0, ".", DIRECTORY, base, inheriting, 0).unwrap();
    assert_eq!(guest.rights(again), (base, inheriting));
    guest.create("file");
    let dropped = base & !PATH_FILESTAT_SET_SIZE;
    guest.call("fd_fdstat_set_rights", &[again, dropped, inheriting]).unwrap();
    fails(guest.open_with(again, 0, "file", TRUNC, 0, 0, 0), Errno::Notcapable);
    guest.open_with(again, 0, "file", 0, 0, 0, 0).unwrap();
}

#[test]
fn read_only_trees() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), b"text").unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let mut guest = guest_in(dir.path(), true);
    let fd = guest.open("file", 0, ALL_FILE & !FD_WRITE).unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"text");
    fails(guest.call("fd_filestat_set_times", &[fd, 0, 0, 1]), Errno::Rofs);
    guest.open("file", CREAT, FD_READ).unwrap();
    fails(guest.open("file", CREAT | EXCL, FD_READ), Errno::Exist);
    fails(guest.open("new", CREAT, FD_READ), Errno::Rofs);
    fails(guest.open("file", 0, FD_WRITE), Errno::Rofs);
    fails(guest.open("file", TRUNC, FD_READ), Errno::Rofs);
    fails(guest.mkdir("new"), Errno::Rofs);
    fails(guest.rmdir("sub"), Errno::Rofs);
    fails(guest.unlink("file"), Errno::Rofs);
    fails(guest.rename("file", "new"), Errno::Rofs);
    fails(guest.link(0, "file", "new"), Errno::Rofs);
    fails(guest.symlink("file", "new"), Errno::Rofs);
    fails(guest.set_times(0, "file", [0, 0, 1]), Errno::Rofs);
    // All below, too.
    let sub = guest.open_dir("sub").unwrap();
    fails(guest.open_with(sub, 0, "new", CREAT, 0, 0, 0), Errno::Rofs);
    assert_eq!(guest.readdir(sub, 4096, 0).unwrap().len(), 24 * 2 + 3);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
    assert!(!dir.path().join("new").exists());
}

#[test]
fn preopened_directories() {
    let (mut guest, _dir) = guest();
    guest.call("fd_prestat_get", &[ROOT, 0]).unwrap();
    assert_eq!((guest.u8(0), guest.u32(4)), (0, 1));
    guest.call("fd_prestat_dir_name", &[ROOT, 100, 1]).unwrap();
    assert_eq!(guest.bytes(100, 2), b"/\0");
    guest.call("fd_prestat_dir_name", &[ROOT, 200, 2]).unwrap();
    fails(guest.call("fd_prestat_dir_name", &[ROOT, 0, 0]), Errno::Nametoolong);
    fails(guest.call("fd_prestat_get", &[4, 0]), Errno::Badf);
    fails(guest.call("fd_prestat_get", &[0, 0]), Errno::Badf);
    guest.open_dir(".").unwrap();
    fails(guest.call("fd_prestat_get", &[4, 0]), Errno::Badf);
    guest.close(ROOT).unwrap();
    fails(guest.call("fd_prestat_get", &[ROOT, 0]), Errno::Badf);
}

#[test]
fn directories_come_in_the_order_given() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["/z", "a", "/m/n", "a"];
    let mut builder = wasi::Builder::new();
    for (index, name) in names.iter().enumerate() {
        let host = dir.path().join(index.to_string());
        fs::create_dir(&host).unwrap();
        fs::write(host.join("file"), index.to_string()).unwrap();
        builder.preopen_dir(&host, name, index == 1).unwrap();
    }
    let mut guest = guest_in(dir.path(), false);
    guest.context = builder.build();
    for (index, name) in names.iter().enumerate() {
        let dir = ROOT + index as u64;
        guest.call("fd_prestat_get", &[dir, 0]).unwrap();
        assert_eq!(guest.u32(4), name.len() as u64);
        guest.call("fd_prestat_dir_name", &[dir, 100, name.len() as u64]).unwrap();
        assert_eq!(guest.bytes(100, name.len() as u64), name.as_bytes());
        let fd = guest.open_with(dir, 0, "file", 0, FD_READ, 0, 0).unwrap();
        assert_eq!(guest.read(fd, 10).unwrap(), index.to_string().as_bytes());
        assert_eq!(guest.open_with(dir, 0, "new", CREAT, 0, 0, 0).is_ok(), index != 1);
    }
    fails(guest.call("fd_prestat_get", &[ROOT + 99, 0]), Errno::Badf);
}

#[test]
fn renumbering() {
    let (mut guest, dir) = guest();
    let (one, two) = (guest.create("one"), guest.create("two"));
    guest.call("fd_renumber", &[one, two]).unwrap();
    fails(guest.close(one), Errno::Badf);
    guest.write(two, b"x").unwrap();
    assert_eq!(fs::read(dir.path().join("one")).unwrap(), b"x");
    fails(guest.call("fd_renumber", &[two, one]), Errno::Badf);
    fails(guest.call("fd_renumber", &[one, two]), Errno::Badf);
    guest.call("fd_renumber", &[two, two]).unwrap();
    guest.write(two, b"x").unwrap();
    // Redirecting the standard output.
    guest.call("fd_renumber", &[two, 1]).unwrap();
    guest.write(1, b"y").unwrap();
    assert_eq!(fs::read(dir.path().join("one")).unwrap(), b"xxy");
}

/// What a number stood for before means nothing for what it stands for now.
#[test]
fn renumbering_over_what_is_special() {
    let (mut guest, _dir) = guest();
    let file = guest.open("file", CREAT, FD_READ | FD_WRITE).unwrap();
    guest.write(file, b"text").unwrap();
    guest.call("fd_renumber", &[ROOT, 0]).unwrap();
    // The folder goes where it is moved, with its name and its rights, and nowhere else.
    guest.call("fd_prestat_get", &[0, 0x100]).unwrap();
    assert_eq!(guest.u32(0x104), 1);
    fails(guest.call("fd_prestat_get", &[ROOT, 0x100]), Errno::Badf);
    fails(guest.read(0, 1), Errno::Isdir);
    let again = guest.open_with(0, 0, "file", 0, FD_READ, 0, 0).unwrap();
    assert_eq!(again, ROOT, "the lowest free number");
    assert_eq!(guest.read(again, 10).unwrap(), b"text");
    fails(guest.open_with(again, 0, "file", 0, FD_READ, 0, 0), Errno::Notdir);
    // A file over the folder: nothing is left of that.
    guest.call("fd_renumber", &[file, 0]).unwrap();
    assert_eq!(guest.rights(0), (FD_READ | FD_WRITE, 0));
    fails(guest.call("fd_prestat_get", &[0, 0x100]), Errno::Badf);
    fails(guest.open_with(0, 0, "file", 0, FD_READ, 0, 0), Errno::Notdir);
    fails(guest.readdir(0, 100, 0), Errno::Notdir);
    // What is done with a standard stream's number does not reach the stream.
    assert_eq!(guest.write(0, b"more"), Ok(4));
    guest.call("fd_renumber", &[0, 1]).unwrap();
    assert_eq!(guest.write(1, b"!"), Ok(1));
    assert_eq!(guest.stdout.contents(), b"");
    for (from, to) in [(0, 1), (1, 0), (99, 1), (1, u64::from(u32::MAX))] {
        fails(guest.call("fd_renumber", &[from, to]), Errno::Badf);
    }
}

#[test]
fn a_read_only_tree_stays_so_whatever_its_number() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("file"), b"text").unwrap();
    let mut guest = guest_in(dir.path(), true);
    let sub = guest.open_dir("sub").unwrap();
    guest.call("fd_renumber", &[sub, 1]).unwrap();
    guest.call("fd_renumber", &[ROOT, 2]).unwrap();
    fails(guest.open_with(1, 0, "new", CREAT, 0, 0, 0), Errno::Rofs);
    fails(guest.open_with(2, 0, "file", TRUNC, 0, 0, 0), Errno::Rofs);
    let fd = guest.open_with(2, 0, "file", 0, FD_READ | FD_FILESTAT_SET_SIZE, 0, 0).unwrap();
    guest.call("fd_renumber", &[fd, 0]).unwrap();
    assert_eq!(guest.rights(0).0, FD_READ);
    fails(guest.write(0, b"x"), Errno::Notcapable);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
}
