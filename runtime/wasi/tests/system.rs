//! The standard streams, waiting, clocks, arguments, and the end of a program.

mod common;

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::*;
use wasi::{Builder, Errno, Exit, FUNCTIONS, Input, Output, Ty};

#[test]
fn arguments_and_environment() {
    let (mut guest, _dir) = guest();
    guest.call("args_sizes_get", &[0, 4]).unwrap();
    assert_eq!((guest.u32(0), guest.u32(4)), (2, 12));
    guest.call("args_get", &[100, 200]).unwrap();
    assert_eq!((guest.u32(100), guest.u32(104)), (200, 208));
    assert_eq!(guest.bytes(200, 12), b"program\0one\0");
    guest.call("environ_sizes_get", &[0, 4]).unwrap();
    assert_eq!((guest.u32(0), guest.u32(4)), (1, 10));
    guest.call("environ_get", &[100, 200]).unwrap();
    assert_eq!(guest.bytes(200, 10), b"KEY=value\0");
    let end = guest.memory.len() as u64;
    fails(guest.call("args_get", &[0, end - 11]), Errno::Fault);
    guest.call("args_get", &[0, end - 12]).unwrap();
    fails(guest.call("args_get", &[end - 7, 0]), Errno::Fault);
    fails(guest.call("environ_sizes_get", &[0, end]), Errno::Fault);
}

#[test]
fn clocks() {
    let (mut guest, _dir) = guest();
    for id in 0..4 {
        guest.call("clock_res_get", &[id, 0]).unwrap();
        assert!((1..1_000_000_000).contains(&guest.u64(0)));
        guest.call("clock_time_get", &[id, 0, 0]).unwrap();
        let first = guest.u64(0);
        guest.call("clock_time_get", &[id, u64::MAX, 0]).unwrap();
        assert!(guest.u64(0) >= first);
    }
    guest.call("clock_time_get", &[0, 0, 0]).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(now.abs_diff(Duration::from_nanos(guest.u64(0))) < Duration::from_secs(10));
    fails(guest.call("clock_time_get", &[4, 0, 0]), Errno::Inval);
    fails(guest.call("clock_res_get", &[4, 0]), Errno::Inval);
    fails(guest.call("clock_time_get", &[0, 0, u64::from(u32::MAX)]), Errno::Fault);
}

#[test]
fn random_bytes() {
    let (mut guest, _dir) = guest();
    guest.call("random_get", &[16, 64]).unwrap();
    assert_ne!(guest.bytes(16, 64), [0; 64]);
    assert_eq!((guest.bytes(0, 16), guest.bytes(80, 16)), (vec![0; 16], vec![0; 16]));
    let end = guest.memory.len() as u64;
    fails(guest.call("random_get", &[1, end]), Errno::Fault);
    guest.call("random_get", &[end, 0]).unwrap();
}

#[test]
fn the_end_of_a_program() {
    let (mut guest, _dir) = guest();
    assert_eq!(guest.raw("proc_exit", &[0]), Err(Exit(0).into()));
    assert_eq!(guest.raw("proc_exit", &[0xffff_ffff]), Err(Exit(u32::MAX).into()));
    assert_eq!(guest.raw("proc_raise", &[6]), Err(Exit(134).into()));
    guest.call("proc_raise", &[0]).unwrap();
    guest.call("proc_raise", &[13]).unwrap();
    fails(guest.call("proc_raise", &[18]), Errno::Notsup);
    fails(guest.call("proc_raise", &[31]), Errno::Inval);
    guest.call("sched_yield", &[]).unwrap();
}

#[test]
fn streams_in_memory() {
    let (mut guest, _dir) = guest();
    assert_eq!(guest.read(0, 3).unwrap(), b"inp");
    assert_eq!(guest.read(0, 10).unwrap(), b"ut");
    assert_eq!(guest.read(0, 10).unwrap(), b"");
    fails(guest.write(0, b"x"), Errno::Notcapable);
    assert_eq!(guest.write(1, b"out"), Ok(3));
    assert_eq!(guest.write(2, b"err"), Ok(3));
    assert_eq!(guest.write(2, b""), Ok(0));
    fails(guest.read(1, 1), Errno::Notcapable);
    assert_eq!(guest.stdout.contents(), b"outerr");
    fails(guest.seek(1, 1, 0), Errno::Spipe);
    fails(guest.pwrite(1, b"x", 0), Errno::Spipe);
    assert_eq!(guest.filestat(1).unwrap().filetype, 0);
    guest.close(1).unwrap();
    fails(guest.write(1, b"x"), Errno::Badf);
}

/// A guest whose standard input and output are these.
fn piped(stdin: Input, stdout: Output) -> Guest {
    let (mut guest, _dir) = guest();
    let mut builder = Builder::new();
    builder.stdin(stdin).stdout(stdout);
    guest.context = builder.build();
    guest
}

fn file(fd: impl Into<std::os::fd::OwnedFd>) -> File {
    File::from(fd.into())
}

#[test]
fn pipes() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (closed, output) = std::io::pipe().unwrap();
    let mut guest = piped(Input::File(file(reader)), Output::File(file(output)));
    assert_eq!(guest.fdstat(0), (0, 0));
    writer.write_all(b"text").unwrap();
    assert_eq!(guest.read(0, 10).unwrap(), b"text");
    fails(guest.seek(0, 0, 0), Errno::Spipe);

    // Without waiting, as the guest's flag says; the pipe itself stays as it was.
    guest.call("fd_fdstat_set_flags", &[0, NONBLOCK]).unwrap();
    fails(guest.read(0, 10), Errno::Again);
    drop(writer);
    assert_eq!(guest.read(0, 10).unwrap(), b"");

    drop(closed);
    fails(guest.write(1, b"x"), Errno::Pipe);
    guest.call("fd_fdstat_set_flags", &[1, APPEND]).unwrap();
    fails(guest.write(1, b"x"), Errno::Pipe);
}

#[test]
fn appending_to_a_pipe_is_writing() {
    let (mut reader, output) = std::io::pipe().unwrap();
    let mut guest = piped(Input::Bytes(Vec::new()), Output::File(file(output)));
    guest.call("fd_fdstat_set_flags", &[1, APPEND]).unwrap();
    assert_eq!(guest.write(1, b"text"), Ok(4));
    drop(guest);
    assert_eq!(std::io::read_to_string(&mut reader).unwrap(), "text");
}

#[test]
fn sockets() {
    let (mut other, own) = UnixStream::pair().unwrap();
    let mut guest = piped(Input::File(file(own)), Output::Inherit);
    assert_eq!(guest.fdstat(0).0, 6);
    other.write_all(b"text").unwrap();
    assert_eq!(guest.read(0, 10).unwrap(), b"text");
    fails(guest.call("sock_shutdown", &[0, 1]), Errno::Notcapable);
    fails(guest.call("sock_shutdown", &[99, 1]), Errno::Badf);
    let (mut guest, _dir) = common::guest();
    let fd = guest.create("file");
    for fd in [fd, 0, ROOT] {
        fails(guest.call("sock_shutdown", &[fd, 1]), Errno::Notsock);
        fails(guest.call("sock_accept", &[fd, 0, 0]), Errno::Notsock);
        fails(guest.call("sock_send", &[fd, 0, 0, 0, 0]), Errno::Notsock);
        fails(guest.call("sock_recv", &[fd, 0, 0, 0, 0, 0]), Errno::Notsock);
    }
}

/// Puts a subscription to a clock at its place in the list.
fn clock(guest: &mut Guest, index: u64, id: u32, timeout: u64, flags: u16) {
    let at = index * 48;
    guest.put(at, &(100 + index).to_le_bytes());
    guest.put(at + 8, &[0]);
    guest.put(at + 16, &id.to_le_bytes());
    guest.put(at + 24, &timeout.to_le_bytes());
    guest.put(at + 40, &flags.to_le_bytes());
}

/// The same for a descriptor: 1 to read, 2 to write.
fn descriptor(guest: &mut Guest, index: u64, tag: u8, fd: u32) {
    let at = index * 48;
    guest.put(at, &(100 + index).to_le_bytes());
    guest.put(at + 8, &[tag]);
    guest.put(at + 16, &fd.to_le_bytes());
}

const EVENTS: u64 = 0x4000;

/// Polls; gives user data, error, type, bytes and flags of each event.
fn poll(guest: &mut Guest, count: u64) -> Got<Vec<[u64; 5]>> {
    guest.call("poll_oneoff", &[0, EVENTS, count, 0x8000])?;
    let events = (0..guest.u32(0x8000)).map(|index| EVENTS + index * 32);
    Ok(events
        .map(|at| [guest.u64(at), guest.u16(at + 8), guest.u8(at + 10), guest.u64(at + 16), guest.u16(at + 24)])
        .collect())
}

#[test]
fn waiting_for_clocks() {
    let (mut guest, _dir) = guest();
    let start = Instant::now();
    clock(&mut guest, 0, 1, 20_000_000, 0);
    clock(&mut guest, 1, 0, 3_600_000_000_000, 0);
    assert_eq!(poll(&mut guest, 2), Ok(vec![[100, 0, 0, 0, 0]]));
    assert!(start.elapsed() >= Duration::from_millis(20));

    for id in [0, 1] {
        guest.call("clock_time_get", &[id, 0, 0x8000]).unwrap();
        let until = guest.u64(0x8000) + 20_000_000;
        clock(&mut guest, 0, id as u32, until, 1);
        assert_eq!(poll(&mut guest, 1), Ok(vec![[100, 0, 0, 0, 0]]));
        guest.call("clock_time_get", &[id, 0, 0x8000]).unwrap();
        assert!(guest.u64(0x8000) >= until);
        // What is long past.
        clock(&mut guest, 0, id as u32, 1, 1);
        assert_eq!(poll(&mut guest, 1), Ok(vec![[100, 0, 0, 0, 0]]));
    }
    // Clocks that nobody can wait for, and those that do not exist.
    clock(&mut guest, 0, 3, 0, 0);
    clock(&mut guest, 1, 9, 0, 0);
    clock(&mut guest, 2, 0, 0, 2);
    let errors = [[100, 58, 0, 0, 0], [101, 28, 0, 0, 0], [102, 28, 0, 0, 0]];
    assert_eq!(poll(&mut guest, 3), Ok(errors.to_vec()));
}

#[test]
fn waiting_for_descriptors() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (end, output) = std::io::pipe().unwrap();
    let mut guest = piped(Input::File(file(reader)), Output::File(file(output)));
    descriptor(&mut guest, 0, 1, 0);
    clock(&mut guest, 1, 1, 20_000_000, 0);
    assert_eq!(poll(&mut guest, 2), Ok(vec![[101, 0, 0, 0, 0]]));
    writer.write_all(b"text").unwrap();
    assert_eq!(poll(&mut guest, 2), Ok(vec![[100, 0, 1, 4, 0]]));
    drop(writer);
    assert_eq!(poll(&mut guest, 2), Ok(vec![[100, 0, 1, 4, 1]]));
    descriptor(&mut guest, 1, 2, 1);
    descriptor(&mut guest, 2, 1, 1);
    descriptor(&mut guest, 3, 1, 99);
    assert_eq!(
        poll(&mut guest, 4),
        Ok(vec![[100, 0, 1, 4, 1], [101, 0, 2, 0, 0], [102, 76, 1, 0, 0], [103, 8, 1, 0, 0]])
    );
    drop(end);
    descriptor(&mut guest, 0, 2, 1);
    assert_eq!(poll(&mut guest, 1), Ok(vec![[100, Errno::Io as u64, 2, 0, 0]]));

    let (mut guest, _dir) = common::guest();
    let fd = guest.create("file");
    guest.write(fd, b"text").unwrap();
    guest.seek(fd, 1, 0).unwrap();
    descriptor(&mut guest, 0, 1, fd as u32);
    descriptor(&mut guest, 1, 1, 0);
    descriptor(&mut guest, 2, 2, 2);
    assert_eq!(poll(&mut guest, 3), Ok(vec![[100, 0, 1, 3, 0], [101, 0, 1, 5, 0], [102, 0, 2, 0, 0]]));
}

#[test]
fn bad_polls() {
    let (mut guest, _dir) = guest();
    fails(guest.call("poll_oneoff", &[0, EVENTS, 0, 0x8000]), Errno::Inval);
    fails(guest.call("poll_oneoff", &[0, EVENTS, u64::from(u32::MAX), 0]), Errno::Inval);
    descriptor(&mut guest, 0, 3, 0);
    fails(poll(&mut guest, 1), Errno::Inval);
    let end = guest.memory.len() as u64;
    clock(&mut guest, 0, 1, 0, 0);
    fails(guest.call("poll_oneoff", &[end - 47, EVENTS, 1, 0x8000]), Errno::Fault);
    fails(guest.call("poll_oneoff", &[0, end - 31, 1, 0x8000]), Errno::Fault);
    fails(guest.call("poll_oneoff", &[0, EVENTS, 1, end - 3]), Errno::Fault);
}

#[test]
fn a_context_can_go_to_another_thread() {
    fn send<T: Send + 'static>(_: T) {}
    send(Builder::new().build());
}

/// Every name with the types of its parameters, `i` for 32 bits and `I` for 64. Those of sockets that preview 1 lacks are
/// WasmEdge's.
const SIGNATURES: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_accept", "ii"),
    ("sock_bind", "iii"),
    ("sock_connect", "iii"),
    ("sock_getaddrinfo", "iiiiiiii"),
    ("sock_getlocaladdr", "iii"),
    ("sock_getlocaladdr", "iiii"),
    ("sock_getpeeraddr", "iii"),
    ("sock_getpeeraddr", "iiii"),
    ("sock_getsockopt", "iiiii"),
    ("sock_listen", "ii"),
    ("sock_open", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_recv_from", "iiiiiiii"),
    ("sock_recv_from", "iiiiiii"),
    ("sock_send", "iiiii"),
    ("sock_send_to", "iiiiiii"),
    ("sock_setsockopt", "iiiii"),
    ("sock_shutdown", "ii"),
];

#[test]
fn the_table_is_complete() {
    let letter = |ty: &Ty| if *ty == Ty::I32 { 'i' } else { 'I' };
    let table: Vec<(&str, String)> =
        FUNCTIONS.iter().map(|function| (function.name, function.params.iter().map(letter).collect())).collect();
    let expected: Vec<_> = SIGNATURES.iter().map(|&(name, params)| (name, params.to_owned())).collect();
    assert_eq!(table, expected);
    // Those of one name are beside each other.
    assert!(table.is_sorted_by_key(|(name, _)| *name));
    for function in FUNCTIONS {
        let results: &[Ty] = if function.name == "proc_exit" { &[] } else { &[Ty::I32] };
        assert_eq!(function.results, results, "{}", function.name);
    }
}
