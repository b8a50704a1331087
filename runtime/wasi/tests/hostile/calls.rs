//! Each argument of each call at the edges of what it can be, the others as they should be; and all of them at once.

use std::ops::Range;

use wasi::{FUNCTIONS, Function, Ty};

use crate::common::*;
use crate::watch::Watch;
use crate::world::World;

/// What an argument is for. Numbers are sizes of what it points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A descriptor of a file, or of anything that has none.
    Fd,
    /// A descriptor of a folder.
    Dir,
    /// A path to read, and its length behind.
    Path,
    /// A second one.
    NewPath,
    PathLen,
    /// A place for a result.
    Out(u64),
    /// Of a buffer for results; its length is the next argument.
    Buf,
    BufLen,
    /// A list of buffers; its length is the next argument.
    Iovs,
    Count,
    /// A record that names a buffer for an address.
    Address,
    /// The list of events to wait for.
    Subscriptions,
    /// A place for events: of 32 bytes for each subscription.
    Events,
    /// The length of a buffer, read and then written.
    InOutLen,
    /// The first record of a list, and the hints for it.
    List,
    Hints,
    /// A flag, an option, a position, a time.
    Number,
}

use Role::*;

/// The roles of a call's arguments.
fn roles(function: &Function) -> Vec<Role> {
    let arguments = function.params.len();
    match (function.name, arguments) {
        // Two pointers, and a pointer for each string; all strings are short.
        ("args_get" | "environ_get", _) => vec![Out(8), Out(12)],
        ("args_sizes_get" | "environ_sizes_get", _) => vec![Out(4), Out(4)],
        ("clock_res_get", _) => vec![Number, Out(8)],
        ("clock_time_get", _) => vec![Number, Number, Out(8)],
        ("fd_advise", _) => vec![Fd, Number, Number, Number],
        ("fd_allocate", _) => vec![Fd, Number, Number],
        ("fd_close" | "fd_datasync" | "fd_sync", _) => vec![Fd],
        ("fd_fdstat_get", _) => vec![Fd, Out(24)],
        ("fd_fdstat_set_flags" | "fd_filestat_set_size", _) => vec![Fd, Number],
        ("fd_fdstat_set_rights", _) => vec![Fd, Number, Number],
        ("fd_filestat_get", _) => vec![Fd, Out(64)],
        ("fd_filestat_set_times", _) => vec![Fd, Number, Number, Number],
        ("fd_pread" | "fd_pwrite", _) => vec![Fd, Iovs, Count, Number, Out(4)],
        ("fd_prestat_dir_name", _) => vec![Dir, Buf, BufLen],
        ("fd_prestat_get", _) => vec![Dir, Out(8)],
        ("fd_read" | "fd_write", _) => vec![Fd, Iovs, Count, Out(4)],
        ("fd_readdir", _) => vec![Dir, Buf, BufLen, Number, Out(4)],
        ("fd_renumber", _) => vec![Fd, Fd],
        ("fd_seek", _) => vec![Fd, Number, Number, Out(8)],
        ("fd_tell", _) => vec![Fd, Out(8)],
        ("path_create_directory" | "path_remove_directory" | "path_unlink_file", _) => vec![Dir, Path, PathLen],
        ("path_filestat_get", _) => vec![Dir, Number, Path, PathLen, Out(64)],
        ("path_filestat_set_times", _) => vec![Dir, Number, Path, PathLen, Number, Number, Number],
        ("path_link", _) => vec![Dir, Number, Path, PathLen, Dir, NewPath, PathLen],
        ("path_open", _) => vec![Dir, Number, Path, PathLen, Number, Number, Number, Number, Out(4)],
        ("path_readlink", _) => vec![Dir, Path, PathLen, Buf, BufLen, Out(4)],
        ("path_rename", _) => vec![Dir, Path, PathLen, Dir, NewPath, PathLen],
        ("path_symlink", _) => vec![Path, PathLen, Dir, NewPath, PathLen],
        ("poll_oneoff", _) => vec![Subscriptions, Events, Count, Out(4)],
        ("proc_exit" | "proc_raise", _) => vec![Number],
        ("random_get", _) => vec![Buf, BufLen],
        ("sched_yield", _) => vec![],
        ("sock_accept", 2) => vec![Fd, Out(4)],
        ("sock_accept", _) => vec![Fd, Number, Out(4)],
        ("sock_bind" | "sock_connect", _) => vec![Fd, Address, Number],
        ("sock_getaddrinfo", _) => vec![Path, PathLen, NewPath, PathLen, Hints, List, Number, Out(4)],
        ("sock_getlocaladdr" | "sock_getpeeraddr", 3) => vec![Fd, Address, Out(4)],
        ("sock_getlocaladdr" | "sock_getpeeraddr", _) => vec![Fd, Address, Out(4), Out(4)],
        ("sock_getsockopt", _) => vec![Fd, Number, Number, Buf, InOutLen],
        ("sock_listen" | "sock_shutdown", _) => vec![Fd, Number],
        ("sock_open", _) => vec![Number, Number, Out(4)],
        ("sock_recv", _) => vec![Fd, Iovs, Count, Number, Out(4), Out(2)],
        ("sock_recv_from", 7) => vec![Fd, Iovs, Count, Address, Number, Out(4), Out(2)],
        ("sock_recv_from", _) => vec![Fd, Iovs, Count, Address, Number, Out(4), Out(4), Out(2)],
        ("sock_send", _) => vec![Fd, Iovs, Count, Number, Out(4)],
        ("sock_send_to", _) => vec![Fd, Iovs, Count, Address, Number, Number, Out(4)],
        ("sock_setsockopt", _) => vec![Fd, Number, Number, Buf, BufLen],
        (name, _) => panic!("{name} has no roles"),
    }
}

/// Where things lie in a guest's memory; the results begin at the first.
const RESULTS: u64 = 0x100;
const BUFFER: u64 = 0x1000;
const BUFFER_LEN: u64 = 0x200;
const PATH: u64 = 0x2000;
const NEW_PATH: u64 = 0x2100;
const IOVS: u64 = 0x3000;
const ADDRESS: u64 = 0x3100;
const SUBSCRIPTIONS: u64 = 0x3200;
const EVENTS: u64 = 0x4000;
const LIST: u64 = 0x5000;
const LIST_END: u64 = 0x5400;
const HINTS: u64 = 0x5400;
const LENGTH: u64 = 0x5500;
const SUBSCRIBED: u64 = 3;

/// Fills a memory with what well-formed arguments point to.
fn fill(guest: &mut Guest, path: &str, new_path: &str) {
    let word = |guest: &mut Guest, at: u64, value: u64| guest.put(at, &(value as u32).to_le_bytes());
    guest.put(PATH, path.as_bytes());
    guest.put(NEW_PATH, new_path.as_bytes());
    for (index, (buf, len)) in [(BUFFER, 8), (BUFFER + 0x80, 0), (BUFFER + 4, 100)].into_iter().enumerate() {
        word(guest, IOVS + 8 * index as u64, buf);
        word(guest, IOVS + 8 * index as u64 + 4, len);
    }
    word(guest, ADDRESS, ADDRESS + 0x10);
    word(guest, ADDRESS + 4, 128);
    // Port and address of nobody: the interface is the loopback.
    guest.put(ADDRESS + 0x10, &[1, 0, 127, 0, 0, 1]);
    for index in 0..SUBSCRIBED {
        // A clock that is over, a file to read, a file to write.
        let at = SUBSCRIPTIONS + 48 * index;
        guest.put(at + 8, &[index as u8]);
        word(guest, at + 16, if index == 0 { 1 } else { index - 1 });
    }
    for (record, next) in [(LIST, LIST + 0x20), (LIST + 0x20, 0)] {
        word(guest, record + 12, LIST + 0x100);
        word(guest, record + 16, LIST + 0x200);
        word(guest, record + 20, 16);
        word(guest, record + 24, next);
    }
    word(guest, LIST + 0x108, LIST + 0x300);
    word(guest, LIST + 0x380, LIST);
    // Only numbers: no name server is to be asked.
    guest.put(HINTS, &[1 << 2]);
    word(guest, LENGTH, 16);
}

/// Descriptors of all kinds, and of none.
fn open(guest: &mut Guest) -> Vec<u64> {
    let mut fds = vec![0, 1, 2, 3, 4, 99];
    // An earlier call may have removed it.
    fds.push(guest.open("file", CREAT, ALL_FILE).unwrap());
    fds.push(guest.open_dir("dir").unwrap());
    fds.push(guest.open("fifo", 0, FD_READ | FD_WRITE).unwrap());
    fds.push(guest.open_with(4, 0, "own", 0, FD_READ, 0, 0).unwrap());
    for kind in [1, 2] {
        guest.call("sock_open", &[1, kind, RESULTS]).unwrap();
        fds.push(guest.u32(RESULTS));
    }
    guest.call("sock_bind", &[fds[fds.len() - 2], ADDRESS, 0]).unwrap();
    guest.call("sock_open", &[1, 2, RESULTS]).unwrap();
    let listener = guest.u32(RESULTS);
    guest.call("sock_bind", &[listener, ADDRESS, 0]).unwrap();
    guest.call("sock_listen", &[listener, 1]).unwrap();
    fds.push(listener);
    fds
}

/// Arguments as they should be. The place for each result is its own.
fn proper(roles: &[Role], path: &str, new_path: &str) -> Vec<u64> {
    let mut lengths = [path, new_path].into_iter().map(|path| path.len() as u64);
    let mut result = RESULTS;
    roles
        .iter()
        .map(|role| match role {
            Fd | Dir => 3,
            Path => PATH,
            NewPath => NEW_PATH,
            PathLen => lengths.next().unwrap(),
            Out(size) => {
                result += size.next_multiple_of(8);
                result - size.next_multiple_of(8)
            }
            Buf => BUFFER,
            BufLen => BUFFER_LEN,
            Iovs => IOVS,
            Count => SUBSCRIBED,
            Address => ADDRESS,
            Subscriptions => SUBSCRIPTIONS,
            Events => EVENTS,
            InOutLen => LENGTH,
            List => LIST + 0x380,
            Hints => HINTS,
            Number => 0,
        })
        .collect()
}

/// What a call with these arguments may write to.
fn writable(guest: &Guest, function: &Function, roles: &[Role], args: &[u64]) -> Vec<Range<u64>> {
    let whole = guest.memory.len() as u64;
    let u32_at = |at: u64| if at + 4 <= whole { guest.u32(at) } else { 0 };
    let mut ranges = Vec::new();
    let mut give = |start: u64, len: u64| ranges.push(start..start + len);
    for (index, (role, &arg)) in roles.iter().zip(args).enumerate() {
        match role {
            Out(size) => give(arg, *size),
            Buf if function.name == "sock_setsockopt" => {}
            Buf if function.name == "sock_getsockopt" => give(arg, u32_at(args[index + 1])),
            Buf => give(arg, args[index + 1]),
            InOutLen => give(arg, 4),
            Iovs if function.name.contains("write") || function.name.contains("send") => {}
            Iovs => {
                for at in (arg..whole).step_by(8).take(args[index + 1] as usize) {
                    give(u32_at(at), u32_at(at + 4));
                }
            }
            Address if function.name.starts_with("sock_get") || function.name.starts_with("sock_recv") => {
                give(u32_at(arg), u32_at(arg + 4));
            }
            Events => give(arg, 32 * args[index + 1]),
            List => give(LIST, LIST_END - LIST),
            Fd | Dir | Path | NewPath | PathLen | BufLen | Count | Address | Subscriptions | Hints | Number => {}
        }
    }
    ranges
}

/// The edges of what an argument can be, around the place where it should be.
fn edges(ty: Ty, memory: u64, proper: u64) -> Vec<u64> {
    let around = |value: u64| [value.wrapping_sub(1), value, value.wrapping_add(1)];
    let mut edges: Vec<u64> = [0, memory, 1 << 31, 1 << 32, 1 << 63, proper].into_iter().flat_map(around).collect();
    edges.extend([2, 3, 4, 5, 7, 8, 16, 31, 32, 64, 255, 1024, 1025, 4096, 1 << 16, 1 << 29]);
    edges.extend((1..=64).map(|before| memory - before));
    if ty == Ty::I32 {
        edges.iter_mut().for_each(|edge| *edge &= 0xffff_ffff);
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Keeps the disk from being filled.
pub fn tame(function: &Function, args: &mut [u64]) {
    if function.name == "fd_allocate" {
        args[1..].iter_mut().for_each(|arg| *arg = if *arg > 1 << 48 { *arg } else { *arg & 0xffff });
    }
}

/// Makes a call in a guest of its own.
fn attempt(watch: &Watch, world: &World, function: &Function, change: impl FnOnce(&[u64], &mut Vec<u64>)) {
    let paths = match function.name {
        "sock_getaddrinfo" => ("127.0.0.1", "80"),
        "path_readlink" => ("link", ""),
        _ => ("file", "new"),
    };
    let mut guest = watch.guest(world, true);
    fill(&mut guest, paths.0, paths.1);
    let fds = open(&mut guest);
    let roles = roles(function);
    assert_eq!(roles.len(), function.params.len(), "{}", function.name);
    let mut args = proper(&roles, paths.0, paths.1);
    change(&fds, &mut args);
    tame(function, &mut args);
    let writable = writable(&guest, function, &roles, &args);
    let _ = watch.call(&mut guest, function, &args, &writable);
}

#[test]
fn every_argument_at_its_edges() {
    let (watch, world) = (Watch::new(), World::new());
    for function in FUNCTIONS {
        world.lay_traps();
        let roles = roles(function);
        let proper = proper(&roles, "file", "new");
        let memory = 0x2_0000;
        for (position, role) in roles.iter().enumerate() {
            if let Fd | Dir = role {
                continue;
            }
            // With each kind of descriptor some part of a call is tried that the others do not reach.
            let fds = if roles.first() == Some(&Fd) { 13 } else { 1 };
            for value in edges(function.params[position], memory, proper[position]) {
                let kind = value as usize % fds;
                attempt(&watch, &world, function, |fds, args| {
                    if roles[0] == Fd {
                        args[0] = fds[kind];
                    }
                    args[position] = value;
                });
            }
        }
        world.check();
    }
}

#[test]
fn every_descriptor() {
    let (watch, world) = (Watch::new(), World::new());
    for function in FUNCTIONS {
        world.lay_traps();
        for (position, role) in roles(function).iter().enumerate() {
            if !matches!(role, Fd | Dir) {
                continue;
            }
            for kind in 0..13 {
                attempt(&watch, &world, function, |fds, args| args[position] = fds[kind]);
            }
            for value in edges(Ty::I32, 0x2_0000, 3) {
                attempt(&watch, &world, function, |_, args| args[position] = value);
            }
        }
        world.check();
    }
}

/// All arguments alike: buffers on top of each other, results on top of what they come from, everything beyond the end.
#[test]
fn all_arguments_alike() {
    let (watch, world) = (Watch::new(), World::new());
    for function in FUNCTIONS {
        world.lay_traps();
        for value in edges(Ty::I64, 0x2_0000, IOVS) {
            attempt(&watch, &world, function, |_, args| {
                for (arg, ty) in args.iter_mut().zip(function.params) {
                    *arg = if *ty == Ty::I32 { value & 0xffff_ffff } else { value };
                }
            });
            attempt(&watch, &world, function, |_, args| {
                // Only what points somewhere.
                for (arg, role) in args.iter_mut().zip(roles(function)) {
                    if !matches!(role, Fd | Dir | PathLen | BufLen | Count | Number) {
                        *arg = value & 0xffff_ffff;
                    }
                }
            });
        }
        world.check();
    }
}

#[test]
fn lists_of_regions() {
    let (watch, world) = (Watch::new(), World::new());
    let end = 0x2_0000_u64;
    let lists: [&[(u64, u64)]; 8] = [
        &[(0, end)],
        &[(0, end), (0, end)],
        &[(IOVS, 64), (IOVS, 64)],
        &[(end, 0), (end - 1, 1)],
        &[(end, 1)],
        &[(1, 0xffff_ffff), (0xffff_ffff, 1)],
        &[(0, 4), (2, 4), (1, 4), (3, 0), (4, 4)],
        &[(BUFFER, 10), (BUFFER, 10), (end + 1, 0)],
    ];
    for name in ["fd_read", "fd_pread", "fd_write", "fd_pwrite", "sock_recv", "sock_send"] {
        let function = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
        for kind in 0..13 {
            world.lay_traps();
            for list in lists {
                let mut guest = watch.guest(&world, true);
                fill(&mut guest, "file", "new");
                let fds = open(&mut guest);
                for (index, &(buf, len)) in list.iter().enumerate() {
                    guest.put(IOVS + 8 * index as u64, &(buf as u32).to_le_bytes());
                    guest.put(IOVS + 8 * index as u64 + 4, &(len as u32).to_le_bytes());
                }
                let roles = roles(function);
                let mut args = proper(&roles, "file", "new");
                args[0] = fds[kind];
                args[2] = list.len() as u64;
                let writable = writable(&guest, function, &roles, &args);
                let _ = watch.call(&mut guest, function, &args, &writable);
            }
            world.check();
        }
    }
}

#[test]
fn an_empty_memory_is_enough_to_fail() {
    let (watch, world) = (Watch::new(), World::new());
    for function in FUNCTIONS {
        let mut guest = watch.guest(&world, true);
        guest.memory.clear();
        for value in [0, 1, 3, u64::from(u32::MAX)] {
            let args = vec![value; function.params.len()];
            let _ = watch.call(&mut guest, function, &args, &[]);
        }
        // A caller that breaks the contract gets an error, too.
        if !function.params.is_empty() {
            assert!(watch.call(&mut guest, function, &[], &[]).is_ok());
        }
    }
    world.check();
}
