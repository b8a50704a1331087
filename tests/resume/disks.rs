//! Disks that are full, or cannot be written to.

use super::{Folder, line, parts};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FLAGS: &[&str] = &["--unit-size", "2048", "--optimize", "1", "--jobs", "2"];
const COMPILE: &[&str] = &["compile", "--no-cache", "--build-dir", "disk/build"];
const FILES: &[&str] = &["in.wasm", "out.wasm"];
const RUN: &[&str] = &["run", "--build-dir", "disk/build", "out.wasm"];

/// A file system in memory, mounted on a folder until dropped.
struct Disk(PathBuf);

impl Disk {
    /// None, after saying why, where it cannot be mounted.
    fn mounted(at: PathBuf, size: &str) -> Option<Disk> {
        fs::create_dir(&at).expect("a new folder");
        match mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], &at) {
            Ok(()) => Some(Disk(at)),
            Err(error) => {
                eprintln!("not tested, since only root may mount a disk: {error}");
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}")], &self.0).expect("what was mounted can be remounted");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn mount(args: &[&str], at: &Path) -> Result<(), String> {
    let output = Command::new("mount").args(args).arg(at).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_string()) }
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("in.wasm", crate::programs::wasm("calls"));
    folder.succeeds(&line(&[&["compile", "--no-cache"], FLAGS, &["in.wasm", "direct.wasm"]]));
    folder
}

/// Fails with this error about something on the disk, and leaves nothing half-written.
#[track_caller]
fn refused(folder: &Folder, args: &[&str], why: &str) {
    let said = folder.fails(args);
    let error = said.lines().find(|line| line.contains("[error]")).unwrap_or_default();
    assert!(error.contains(why) && error.contains("disk/") && !error.contains(".wasmedge-"), "{args:?}: {said}");
    assert!(!folder.path("out.wasm").exists(), "{args:?}: {said}");
    assert_eq!(parts(folder.root.path()), [] as [PathBuf; 0], "{args:?}: {said}");
}

#[test]
fn a_full_disk_is_told_and_got_over() {
    let folder = folder();
    let Some(disk) = Disk::mounted(folder.path("disk"), "16k") else { return };
    let compile = line(&[COMPILE, FLAGS, FILES]);
    // Full after a little more each time, wherever that is.
    for size in ["16k", "40k", "64k", "100k", "160k", "240k", "320k"] {
        disk.remount(&format!("size={size}"));
        refused(&folder, &compile, "No space left on device");
        if folder.path("disk/build/input.wasm").exists() {
            refused(&folder, RUN, "No space left on device");
        }
    }
    disk.remount("size=64m");
    let said = folder.succeeds(&compile);
    assert!(!said.contains("damaged") && !said.contains("edited"), "{said}");
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"));

    // The output, too, appears whole or not at all.
    fs::remove_file(folder.path("out.wasm")).expect("it is there");
    disk.remount(&format!("size={}k", (folder_size(&folder.path("disk")) >> 10) + 8));
    let said = folder.fails(&line(&[COMPILE, FLAGS, &["in.wasm", "disk/out.wasm"]]));
    assert!(said.contains("disk/out.wasm") && said.contains("No space left on device"), "{said}");
    assert!(!folder.path("disk/out.wasm").exists());
    assert_eq!(parts(folder.root.path()), [] as [PathBuf; 0]);
}

/// What the files below a folder take on a disk.
fn folder_size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("it can be read").flatten();
    let size = |path: PathBuf| match path.is_dir() {
        true => folder_size(&path),
        false => fs::metadata(&path).expect("it is there").len().next_multiple_of(4096),
    };
    entries.map(|entry| size(entry.path())).sum()
}

#[test]
fn a_disk_that_cannot_be_written_to_is_told() {
    let folder = folder();
    let Some(disk) = Disk::mounted(folder.path("disk"), "64m") else { return };
    let compile = line(&[COMPILE, FLAGS, FILES]);
    disk.remount("ro");
    refused(&folder, &compile, "Read-only file system");
    disk.remount("rw");
    folder.succeeds(&compile);
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"));

    // All that is to be read is there; there is nothing to write but the output.
    disk.remount("ro");
    for args in [&compile[..], RUN] {
        fs::remove_file(folder.path("out.wasm")).expect("it is there");
        folder.succeeds(args);
        assert!(folder.read("out.wasm") == folder.read("direct.wasm"), "{args:?}");
    }
    fs::remove_file(folder.path("out.wasm")).expect("it is there");
    refused(&folder, &line(&[COMPILE, &["--interruptible"], FLAGS, FILES]), "Read-only file system");
    refused(&folder, &["clean", "--build-dir", "disk/build"], "Read-only file system");
    disk.remount("rw");
    folder.succeeds(&compile);
    assert!(folder.read("out.wasm") == folder.read("direct.wasm"));
}
