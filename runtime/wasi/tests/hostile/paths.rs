//! Each call on a path with each trick that a path can be.

use crate::common::*;
use crate::watch::Watch;
use crate::world::{SECRET, World};

/// Paths that lead out, nowhere, in circles, or are none.
fn tricks(world: &World) -> Vec<Vec<u8>> {
    let absolute = world.path("canary/secret").to_str().unwrap().to_owned();
    let inside = world.path("inside/file").to_str().unwrap().to_owned();
    let mut tricks: Vec<Vec<u8>> = [
        "",
        ".",
        "./",
        "..",
        "../",
        "../.",
        "/",
        "//",
        "/.",
        "/..",
        "...",
        " ",
        "\\",
        "..\\canary\\secret",
        "C:\\",
        "~",
        "file",
        "file/",
        "file/.",
        "file/..",
        "file/../dir",
        "./file",
        ".//file",
        "new",
        "new/",
        "new/.",
        "new/..",
        "new/../../canary/new",
        "dir",
        "dir/",
        "dir/.",
        "dir/..",
        "dir/../..",
        "dir/../../canary/secret",
        "dir/below/../../../secret",
        "dir/upper",
        "dir/upper/secret",
        "dir/upper/canary/secret",
        "dir/chained",
        "dir/chained/file",
        "link",
        "link/",
        "link/..",
        "link/../../secret",
        "dirlink",
        "dirlink/",
        "dirlink/..",
        "dirlink/../..",
        "dirlink/upper/secret",
        "up",
        "up/",
        "up/.",
        "up/..",
        "up/secret",
        "up/canary/secret",
        "up/inside/file",
        "up/inside/up/secret",
        "out",
        "out/",
        "out/.",
        "out/..",
        "out/secret",
        "out/new",
        "out/dir",
        "out/dir/file",
        "out/../inside/file",
        "out/link",
        "outfile",
        "outfile/",
        "absolute",
        "absolute/secret",
        "root",
        "root/",
        "root/etc/passwd",
        "root/proc/self/cwd",
        "chain",
        "chain/",
        "chain/file",
        "chain/../secret",
        "loop",
        "loop/",
        "loop/..",
        "ping",
        "ping/file",
        "dangling",
        "dangling/",
        "dangling-out",
        "dangling-out/",
        "around",
        "around/",
        "process",
        "process/etc/passwd",
        "fifo",
        "fifo/",
        "socket",
        "socket/",
        "same",
        "../inside",
        "../inside/file",
        "../canary",
        "../canary/secret",
        "../frozen/own",
        "../secret",
        "/proc/self/fd/3/../secret",
        "/dev/stdin",
        "/proc/self/root",
        "\u{202e}",
        "e\u{301}",
        "\u{fffd}",
    ]
    .iter()
    .map(|path| path.as_bytes().to_vec())
    .collect();
    tricks.extend([absolute.clone().into_bytes(), inside.into_bytes(), format!("dir/{absolute}").into_bytes()]);
    tricks.extend([
        b"file\0".to_vec(),
        b"\0".to_vec(),
        b"fi\xffle".to_vec(),
        b"\xc0\xae\xc0\xae/secret".to_vec(),
        b"\xed\xa0\x80".to_vec(),
        vec![b'x'; 255],
        vec![b'x'; 256],
        vec![b'x'; 4095],
        vec![b'x'; 4096],
        b"../".repeat(1000),
        b"./".repeat(2000),
        b"dir/../".repeat(500),
        b"up/inside/".repeat(300),
        b"loop/".repeat(800),
    ]);
    tricks
}

const FIRST: u64 = 0x4000;
const SECOND: u64 = 0x6000;
const OUT: u64 = 0x8000;

/// A guest of a world under watch.
struct Trickster<'w> {
    watch: &'w Watch,
    world: &'w World,
    guest: Guest,
}

impl<'w> Trickster<'w> {
    fn new(watch: &'w Watch, world: &'w World) -> Self {
        Trickster { watch, world, guest: watch.guest(world, false) }
    }

    fn put(&mut self, first: &[u8], second: &[u8]) -> [u64; 4] {
        self.guest.put(FIRST, first);
        self.guest.put(SECOND, second);
        [FIRST, first.len() as u64, SECOND, second.len() as u64]
    }

    fn call(&mut self, name: &str, args: &[u64]) -> bool {
        let function = wasi::FUNCTIONS.iter().find(|function| function.name == name).unwrap();
        let out = OUT..OUT + 0x1000;
        self.watch.call(&mut self.guest, function, args, std::slice::from_ref(&out)) == Ok(0)
    }

    /// Does what can be done with an open file, then closes it.
    fn abuse(&mut self, fd: u64) {
        self.guest.put(0, &(OUT as u32 + 0x100).to_le_bytes());
        self.guest.put(4, &100_u32.to_le_bytes());
        self.guest.put(OUT + 0x100, &[0; 100]);
        self.call("fd_pread", &[fd, 0, 1, 0, OUT]);
        assert_ne!(self.guest.bytes(OUT + 0x100, SECRET.len() as u64), SECRET, "read from outside");
        self.guest.put(OUT + 0x100, b"hostile");
        self.call("fd_pwrite", &[fd, 0, 1, 0, OUT]);
        self.call("fd_filestat_set_times", &[fd, 1, 1, 5]);
        self.call("fd_filestat_set_size", &[fd, 1]);
        self.call("fd_allocate", &[fd, 0, 100]);
        self.call("fd_readdir", &[fd, OUT + 0x100, 0x800, 0, OUT]);
        self.call("fd_close", &[fd]);
    }
}

impl Drop for Trickster<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.world.check();
        }
    }
}

#[test]
fn opening() {
    let (watch, world) = (Watch::new(), World::new());
    let tricks = tricks(&world);
    for rights in [ALL_FILE, FD_READ, FD_WRITE] {
        for oflags in 0..16 {
            world.lay_traps();
            let mut trickster = Trickster::new(&watch, &world);
            for path in &tricks {
                for lookup in [NOFOLLOW, FOLLOW] {
                    let [path, len, ..] = trickster.put(path, b"");
                    let args = [ROOT, lookup, path, len, oflags, rights, 0, NONBLOCK, OUT];
                    if trickster.call("path_open", &args) {
                        let fd = trickster.guest.u32(OUT);
                        trickster.abuse(fd);
                    }
                    // Nothing changes in a frozen folder, whatever is opened there.
                    let args = [4, lookup, path, len, oflags, rights, 0, NONBLOCK, OUT];
                    if trickster.call("path_open", &args) {
                        let fd = trickster.guest.u32(OUT);
                        for call in ["fd_filestat_set_size", "fd_close"] {
                            let args = if call == "fd_close" { vec![fd] } else { vec![fd, 1] };
                            trickster.call(call, &args);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn one_path() {
    let (watch, world) = (Watch::new(), World::new());
    for path in tricks(&world) {
        world.lay_traps();
        let mut trickster = Trickster::new(&watch, &world);
        for dir in [ROOT, 4] {
            let [path, len, ..] = trickster.put(&path, b"");
            for lookup in [NOFOLLOW, FOLLOW] {
                trickster.call("path_filestat_get", &[dir, lookup, path, len, OUT]);
                trickster.call("path_filestat_set_times", &[dir, lookup, path, len, 1, 1, 5]);
            }
            trickster.call("path_readlink", &[dir, path, len, OUT + 0x100, 0x100, OUT]);
            trickster.call("path_create_directory", &[dir, path, len]);
            trickster.call("path_remove_directory", &[dir, path, len]);
            trickster.call("path_unlink_file", &[dir, path, len]);
        }
    }
}

#[test]
fn two_paths() {
    let (watch, world) = (Watch::new(), World::new());
    let tricks = tricks(&world);
    for first in &tricks {
        world.lay_traps();
        let mut trickster = Trickster::new(&watch, &world);
        for second in &tricks {
            let [old, old_len, new, new_len] = trickster.put(first, second);
            for lookup in [NOFOLLOW, FOLLOW] {
                trickster.call("path_link", &[ROOT, lookup, old, old_len, ROOT, new, new_len]);
            }
            trickster.call("path_link", &[4, FOLLOW, old, old_len, ROOT, new, new_len]);
            trickster.call("path_rename", &[ROOT, old, old_len, 4, new, new_len]);
            trickster.call("path_rename", &[4, old, old_len, ROOT, new, new_len]);
            trickster.call("path_symlink", &[old, old_len, 4, new, new_len]);
            trickster.call("path_symlink", &[old, old_len, ROOT, new, new_len]);
            trickster.call("path_rename", &[ROOT, old, old_len, ROOT, new, new_len]);
        }
    }
}

/// Links that a program makes itself lead out no more than those it finds.
#[test]
fn links_of_its_own() {
    let (watch, world) = (Watch::new(), World::new());
    for target in tricks(&world) {
        world.lay_traps();
        let mut trickster = Trickster::new(&watch, &world);
        let [to, to_len, name, name_len] = trickster.put(&target, b"made");
        if !trickster.call("path_symlink", &[to, to_len, ROOT, name, name_len]) {
            continue;
        }
        for path in [&b"made"[..], b"made/", b"made/secret", b"made/../secret", b"made/canary/secret", b"made/new"] {
            let [path, len, ..] = trickster.put(path, b"");
            for oflags in [0, CREAT, CREAT | TRUNC, DIRECTORY] {
                let args = [ROOT, FOLLOW, path, len, oflags, ALL_FILE, 0, NONBLOCK, OUT];
                if trickster.call("path_open", &args) {
                    let fd = trickster.guest.u32(OUT);
                    trickster.abuse(fd);
                }
            }
            trickster.call("path_create_directory", &[ROOT, path, len]);
            trickster.call("path_unlink_file", &[ROOT, path, len]);
        }
    }
}
