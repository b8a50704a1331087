//! Reading, writing, positions, sizes and flags of files.

mod common;

use std::fs;

use common::*;
use wasi::{Builder, Errno, Output};

#[test]
fn write_seek_read() {
    let (mut guest, dir) = guest();
    let fd = guest.create("file");
    assert_eq!(guest.write(fd, b"hello world"), Ok(11));
    assert_eq!(guest.tell(fd), Ok(11));
    assert_eq!(guest.seek(fd, -5, 1), Ok(6));
    assert_eq!(guest.read(fd, 100).unwrap(), b"world");
    assert_eq!(guest.read(fd, 100).unwrap(), b"");
    assert_eq!(guest.seek(fd, -1, 2), Ok(10));
    assert_eq!(guest.seek(fd, 1000, 0), Ok(1000));
    fails(guest.seek(fd, -2000, 1), Errno::Inval);
    fails(guest.seek(fd, -1, 0), Errno::Inval);
    fails(guest.seek(fd, 0, 3), Errno::Inval);
    assert_eq!(guest.close(fd), Ok(()));
    fails(guest.close(fd), Errno::Badf);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"hello world");
}

#[test]
fn regions_in_any_order_and_overlapping() {
    let (mut guest, dir) = guest();
    fs::write(dir.path().join("file"), b"0123456789").unwrap();
    let fd = guest.open("file", 0, ALL_FILE).unwrap();
    assert_eq!(guest.read_regions(fd, &[(100, 3), (0, 0), (10, 4), (103, 3)]), Ok(10));
    assert_eq!(guest.bytes(100, 6), b"012789");
    assert_eq!(guest.bytes(10, 4), b"3456");

    // Overlapping: as if one had been filled after the other.
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.read_regions(fd, &[(200, 4), (202, 4), (201, 100)]), Ok(10));
    assert_eq!(guest.bytes(200, 3), b"089");
    assert_eq!(guest.tell(fd), Ok(10));

    // Written from overlapping regions.
    let copy = guest.create("copy");
    guest.put(300, b"abcd");
    let [iovs, count] = guest.iovs(&[(302, 2), (300, 4), (300, 0)]);
    guest.call("fd_write", &[copy, iovs, count, 0]).unwrap();
    assert_eq!(guest.u32(0), 6);
    assert_eq!(fs::read(dir.path().join("copy")).unwrap(), b"cdabcd");
}

#[test]
fn positioned_transfers_leave_the_position() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    assert_eq!(guest.pwrite(fd, b"abcdef", 0), Ok(6));
    assert_eq!(guest.pwrite(fd, b"XY", 2), Ok(2));
    assert_eq!(guest.pread(fd, 4, 1).unwrap(), b"bXYe");
    assert_eq!(guest.pread(fd, 4, 100).unwrap(), b"");
    assert_eq!(guest.tell(fd), Ok(0));
    // The host gives -1 a meaning of its own.
    fails(guest.pwrite(fd, b"x", u64::MAX), Errno::Inval);
    fails(guest.pread(fd, 1, u64::MAX), Errno::Inval);

    let [iovs, count] = guest.iovs(&[(200, 4), (202, 4)]);
    guest.call("fd_pread", &[fd, iovs, count, 0, 0]).unwrap();
    assert_eq!(guest.u32(0), 6);
    assert_eq!(guest.bytes(200, 4), b"abef");
}

#[test]
fn append_and_sync_belong_to_the_descriptor() {
    let (mut guest, dir) = guest();
    let file = dir.path().join("file");
    fs::write(&file, b"first").unwrap();
    let fd = guest.open_with(ROOT, 0, "file", 0, ALL_FILE, 0, APPEND | SYNC).unwrap();
    assert_eq!(guest.fdstat(fd), (4, APPEND | SYNC));
    assert_eq!(guest.write(fd, b" second"), Ok(7));
    assert_eq!(guest.tell(fd), Ok(12));
    guest.seek(fd, 0, 0).unwrap();
    assert_eq!(guest.write(fd, b" third"), Ok(6));
    assert_eq!(fs::read(&file).unwrap(), b"first second third");
    // Positioned writes go where they say, also when appending.
    assert_eq!(guest.pwrite(fd, b"FIRST", 0), Ok(5));
    assert_eq!(fs::read(&file).unwrap(), b"FIRST second third");

    guest.call("fd_fdstat_set_flags", &[fd, DSYNC]).unwrap();
    assert_eq!(guest.fdstat(fd), (4, DSYNC));
    guest.seek(fd, 6, 0).unwrap();
    assert_eq!(guest.write(fd, b"SECOND"), Ok(6));
    assert_eq!(fs::read(&file).unwrap(), b"FIRST SECOND third");
    guest.call("fd_fdstat_set_flags", &[fd, NONBLOCK | RSYNC]).unwrap();
    assert_eq!(guest.fdstat(fd), (4, NONBLOCK | RSYNC));
    fails(guest.call("fd_fdstat_set_flags", &[fd, 32]), Errno::Inval);
    fails(guest.call("fd_fdstat_set_flags", &[99, 0]), Errno::Badf);
}

#[test]
fn size_allocation_advice_and_sync() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    guest.call("fd_filestat_set_size", &[fd, 100]).unwrap();
    assert_eq!(guest.filestat(fd).unwrap().size, 100);
    fails(guest.call("fd_filestat_set_size", &[fd, u64::MAX]), Errno::Inval);
    match guest.call("fd_allocate", &[fd, 90, 20]) {
        Ok(()) => assert_eq!(guest.filestat(fd).unwrap().size, 110),
        // Not every file system can.
        Err(errno) => assert_eq!(errno, Errno::Notsup as u64),
    }
    fails(guest.call("fd_allocate", &[fd, u64::MAX, 1]), Errno::Inval);
    for advice in 0..6 {
        guest.call("fd_advise", &[fd, 0, 10, advice]).unwrap();
    }
    fails(guest.call("fd_advise", &[fd, 0, 10, 6]), Errno::Inval);
    fails(guest.call("fd_advise", &[fd, u64::MAX, 10, 0]), Errno::Inval);
    guest.call("fd_sync", &[fd]).unwrap();
    guest.call("fd_datasync", &[fd]).unwrap();
    guest.call("fd_sync", &[ROOT]).unwrap();
    fails(guest.call("fd_sync", &[99]), Errno::Badf);
}

#[test]
fn attributes_and_times() {
    let (mut guest, dir) = guest();
    let fd = guest.create("file");
    guest.write(fd, b"12345").unwrap();
    let stat = guest.filestat(fd).unwrap();
    assert_eq!((stat.filetype, stat.size, stat.nlink), (4, 5, 1));
    assert_eq!(guest.path_filestat(NOFOLLOW, "file").unwrap(), stat);
    assert_eq!(guest.path_filestat(FOLLOW, "file").unwrap(), stat);

    guest.call("fd_filestat_set_times", &[fd, 1_000_000_007, 5, 1]).unwrap();
    let changed = guest.filestat(fd).unwrap();
    assert_eq!((changed.atim, changed.mtim), (1_000_000_007, stat.mtim));
    guest.set_times(FOLLOW, "file", [9, 2_000_000_009, 2 | 4]).unwrap();
    let changed = guest.filestat(fd).unwrap();
    assert!(changed.atim > stat.mtim / 2);
    assert_eq!(changed.mtim, 2_000_000_009);
    fails(guest.call("fd_filestat_set_times", &[fd, 0, 0, 3]), Errno::Inval);
    fails(guest.set_times(0, "file", [0, 0, 12]), Errno::Inval);
    fails(guest.set_times(0, "file", [0, 0, 16]), Errno::Inval);
    fails(guest.set_times(0, "none", [0, 0, 1]), Errno::Noent);
    fails(guest.set_times(FOLLOW, "none", [0, 0, 1]), Errno::Noent);
    fails(guest.set_times(FOLLOW, "file/", [0, 0, 1]), Errno::Notdir);
    guest.set_times(FOLLOW, ".", [0, 7, 4]).unwrap();
    assert_eq!(guest.path_filestat(0, ".").unwrap().mtim, 7);

    std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
    guest.set_times(NOFOLLOW, "link", [0, 3_000_000_000, 4]).unwrap();
    assert_eq!(guest.path_filestat(NOFOLLOW, "link").unwrap().mtim, 3_000_000_000);
    assert_eq!(guest.path_filestat(FOLLOW, "link").unwrap().mtim, 2_000_000_009);
    assert_eq!(guest.path_filestat(NOFOLLOW, "link").unwrap().filetype, 7);
    guest.call("fd_filestat_set_times", &[ROOT, 0, 4_000_000_000, 4]).unwrap();
    assert_eq!(guest.path_filestat(0, ".").unwrap().mtim, 4_000_000_000);
}

#[test]
fn directories_are_not_files_and_files_no_directories() {
    let (mut guest, _dir) = guest();
    fails(guest.read(ROOT, 1), Errno::Isdir);
    fails(guest.write(ROOT, b"x"), Errno::Isdir);
    fails(guest.pread(ROOT, 1, 0), Errno::Isdir);
    fails(guest.seek(ROOT, 0, 1), Errno::Isdir);
    fails(guest.tell(ROOT), Errno::Isdir);
    fails(guest.call("fd_filestat_set_size", &[ROOT, 0]), Errno::Isdir);
    let fd = guest.create("file");
    fails(guest.open_with(fd, 0, "x", CREAT, 0, 0, 0), Errno::Notdir);
    fails(guest.readdir(fd, 100, 0), Errno::Notdir);
}

#[test]
fn bad_pointers_come_before_effects() {
    let (mut guest, dir) = guest();
    let fd = guest.create("file");
    let end = guest.memory.len() as u64;
    let [iovs, count] = guest.iovs(&[(0, 4)]);
    fails(guest.call("fd_write", &[fd, iovs, count, end - 3]), Errno::Fault);
    fails(guest.call("fd_write", &[fd, end, 1, 0]), Errno::Fault);
    fails(guest.call("fd_write", &[fd, 0, u64::from(u32::MAX), 0]), Errno::Fault);
    let [iovs, count] = guest.iovs(&[(end - 1, 2)]);
    fails(guest.call("fd_write", &[fd, iovs, count, 0]), Errno::Fault);
    fails(guest.call("fd_read", &[fd, iovs, count, 0]), Errno::Fault);
    assert_eq!(guest.filestat(fd).unwrap().size, 0);

    guest.put(0, b"new");
    fails(guest.call("path_open", &[ROOT, 0, 0, 3, CREAT, 0, 0, 0, end]), Errno::Fault);
    assert!(!dir.path().join("new").exists());
    fails(guest.call("path_open", &[ROOT, 0, end, 3, CREAT, 0, 0, 0, 0]), Errno::Fault);
}

#[test]
fn nothing_to_transfer() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    assert_eq!(guest.write(fd, b""), Ok(0));
    assert_eq!(guest.read(fd, 0).unwrap(), b"");
    for name in ["fd_read", "fd_write"] {
        guest.call(name, &[fd, 0, 0, 0]).unwrap();
        guest.call("fd_fdstat_set_flags", &[fd, APPEND | SYNC]).unwrap();
        guest.call(name, &[fd, 0, 0, 0]).unwrap();
    }
    guest.call("fd_pread", &[fd, 0, 0, 0, 0]).unwrap();
    guest.call("fd_pwrite", &[fd, 0, 0, 0, 0]).unwrap();
}

#[test]
fn more_regions_than_the_host_takes() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    let list = 0x1000;
    for index in 0..3000 {
        guest.put(list + index * 8, &[0, 0, 0, 0, 1, 0, 0, 0]);
    }
    guest.call("fd_write", &[fd, list, 3000, 0x10]).unwrap();
    assert_eq!(guest.u32(0x10), 1024);
}

/// C libraries give sizes as signed numbers, and a call that has written must not fail.
#[test]
fn more_bytes_than_a_size_can_tell() {
    let null = fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    let mut builder = Builder::new();
    builder.stdout(Output::File(null));
    let (mut guest, _dir) = guest();
    guest.context = builder.build();
    let (list, len) = (0x1000, 8 << 20);
    guest.memory = vec![0; len as usize];
    for index in 0..1024 {
        guest.put(list + index * 8 + 4, &(len as u32).to_le_bytes());
    }
    guest.call("fd_write", &[1, list, 1024, 0x10]).unwrap();
    assert_eq!(guest.u32(0x10), 0x7fff_f000);
}

/// To look for a region that is not empty among millions would take long.
#[test]
fn longer_lists_than_any_program_makes() {
    let (mut guest, _dir) = guest();
    let fd = guest.create("file");
    guest.memory = vec![0; (8 << 16) + 0x20];
    for call in ["fd_read", "fd_write"] {
        guest.call(call, &[fd, 0x10, 1 << 16, 0]).unwrap();
        fails(guest.call(call, &[fd, 0x10, (1 << 16) + 1, 0]), Errno::Inval);
    }
}

#[test]
fn beyond_four_gigabytes() {
    const FAR: u64 = 5 << 30;
    let (mut guest, dir) = guest();
    let fd = guest.create("file");
    assert_eq!(guest.seek(fd, FAR as i64, 0), Ok(FAR));
    assert_eq!(guest.write(fd, b"far"), Ok(3));
    assert_eq!(guest.tell(fd), Ok(FAR + 3));
    assert_eq!(guest.pwrite(fd, b"F", FAR), Ok(1));
    assert_eq!(guest.pread(fd, 10, FAR).unwrap(), b"Far");
    assert_eq!(guest.filestat(fd).unwrap().size, FAR + 3);
    assert_eq!(guest.path_filestat(NOFOLLOW, "file").unwrap().size, FAR + 3);
    assert_eq!(guest.seek(fd, -3, 2), Ok(FAR));
    guest.call("fd_advise", &[fd, FAR, FAR, 1]).unwrap();
    guest.call("fd_filestat_set_size", &[fd, FAR + 1]).unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"F");
    assert_eq!(fs::metadata(dir.path().join("file")).unwrap().len(), FAR + 1);
    // As far as the host's files go, and no further.
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    fails(guest.seek(fd, i64::MIN, 1), Errno::Inval);
    fails(guest.call("fd_allocate", &[fd, i64::MAX as u64, i64::MAX as u64]), Errno::Fbig);
    fails(guest.call("fd_allocate", &[fd, 0, 0]), Errno::Inval);
}
