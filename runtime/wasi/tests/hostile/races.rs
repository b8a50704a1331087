//! Folders that turn into links out while a program uses them.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::common::*;
use crate::watch::Watch;
use crate::world::{OWN, SECRET, World};

/// How often a program tries.
const ATTEMPTS: usize = 1500;

/// Swaps two names for as long as a program tries.
fn race(world: &World, one: &str, other: &str, mut attempt: impl FnMut(&mut Guest)) {
    let watch = Watch::new();
    let over = AtomicBool::new(false);
    let (one, other) = (world.path(one), world.path(other));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                // The program may have taken one of them away.
                let _ = renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE);
            }
        });
        // The other thread ends however this one does.
        struct Over<'o>(&'o AtomicBool);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let _over = Over(&over);
        for _ in 0..ATTEMPTS {
            attempt(&mut watch.guest(world, false));
        }
    });
    world.check();
}

/// Reads a file, which must not be the one outside. Whether it is there at all depends on the moment.
fn look(guest: &mut Guest, path: &str) -> bool {
    let Ok(fd) = guest.open(path, 0, FD_READ) else { return false };
    let bytes = guest.read(fd, 100).unwrap();
    assert_ne!(bytes, SECRET, "read from outside");
    guest.close(fd).unwrap();
    bytes == OWN
}

#[test]
fn a_folder_turns_into_a_link_out() {
    let world = World::new();
    let inside = world.path("inside");
    fs::create_dir(inside.join("swap")).unwrap();
    fs::create_dir(inside.join("swap/dir")).unwrap();
    fs::write(inside.join("swap/secret"), OWN).unwrap();
    symlink("../canary", inside.join("swapped")).unwrap();
    let mut seen = 0;
    race(&world, "inside/swap", "inside/swapped", |guest| {
        seen += usize::from(look(guest, "swap/secret"));
        if let Ok(fd) = guest.open("swap/secret", CREAT, FD_WRITE) {
            guest.write(fd, OWN).unwrap();
        }
        let _ = guest.open("swap/new", CREAT | EXCL, FD_WRITE);
        let _ = guest.open("swap/dir/file", TRUNC, FD_WRITE);
        let _ = guest.set_times(FOLLOW, "swap/secret", [1, 1, 5]);
        let _ = guest.unlink("swap/new");
        let _ = guest.unlink("swap/dir/file");
        let _ = guest.mkdir("swap/made");
        let _ = guest.rmdir("swap/made");
        let _ = guest.symlink("dir", "swap/linked");
        let _ = guest.unlink("swap/linked");
        let _ = guest.link(FOLLOW, "swap/secret", "stolen");
        look(guest, "stolen");
        let _ = guest.unlink("stolen");
        let _ = guest.rename("swap/dir/file", "taken");
        look(guest, "taken");
        let _ = guest.rename("file", "swap/dir/file");
        let _ = guest.rename("swap/dir/file", "file");
        if let Ok(dir) = guest.open_dir("swap/dir") {
            let listed = guest.readdir(dir, 4096, 0).unwrap();
            assert!(!listed.windows(5).any(|name| name == b"below"), "listed what lies outside");
        }
    });
    assert!(seen > 0, "the program never got at its own file");
}

#[test]
fn a_file_turns_into_a_link_out() {
    let world = World::new();
    let inside = world.path("inside");
    fs::write(inside.join("swap"), OWN).unwrap();
    symlink("../canary/secret", inside.join("swapped")).unwrap();
    let mut seen = 0;
    race(&world, "inside/swap", "inside/swapped", |guest| {
        seen += usize::from(look(guest, "swap"));
        for oflags in [0, CREAT, TRUNC] {
            if let Ok(fd) = guest.open("swap", oflags, ALL_FILE) {
                guest.pwrite(fd, OWN, 0).unwrap();
                guest.call("fd_filestat_set_times", &[fd, 1, 1, 5]).unwrap();
            }
        }
        let _ = guest.set_times(FOLLOW, "swap", [1, 1, 5]);
        let _ = guest.link(FOLLOW, "swap", "stolen");
        look(guest, "stolen");
        let _ = guest.unlink("stolen");
    });
    assert!(seen > 0, "the program never got at its own file");
}

/// The way back up from a folder that is moved meanwhile is another one.
#[test]
fn a_folder_moves_up_while_a_path_leads_through_it() {
    let world = World::new();
    let inside = world.path("inside");
    fs::create_dir_all(inside.join("a/b/c")).unwrap();
    fs::create_dir_all(inside.join("moved")).unwrap();
    fs::write(inside.join("secret"), OWN).unwrap();
    let mut seen = 0;
    race(&world, "inside/a/b/c", "inside/moved", |guest| {
        seen += usize::from(look(guest, "a/b/c/../../../secret"));
        let _ = guest.open("a/b/c/../../../new", CREAT, FD_WRITE);
        let _ = guest.unlink("a/b/c/../../../canary/secret");
        let _ = guest.mkdir("a/b/c/../../../../made");
        // A program can do the moving, too.
        let _ = guest.rename("moved", "a/b/moved");
        let _ = guest.rename("a/b/moved", "moved");
    });
    assert!(seen > 0, "the program never got at its own file");
}
