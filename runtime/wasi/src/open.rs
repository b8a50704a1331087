//! Opening by path.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{FileType, OFlags};

use crate::context::Context;
use crate::errno::Errno;
use crate::interrupt::{Interrupt, wait_for_any};
use crate::memory::{Memory, Ptr};
use crate::stream::Stream;
use crate::table::{Directory, Entry, Fd, Object};
use crate::types::{FdFlags, Filetype, LookupFlags, OpenFlags, Rights, flags};

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_open(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    lookup: u32,
    path: Ptr,
    path_len: u32,
    oflags: u32,
    base: u64,
    inheriting: u64,
    fdflags: u32,
    opened: Ptr,
) -> Result<(), Errno> {
    let request = Request {
        lookup: flags(lookup)?,
        oflags: flags(oflags)?,
        fdflags: flags(fdflags)?,
        base: Rights::from_bits_retain(base),
        inheriting: Rights::from_bits_retain(inheriting),
    };
    let parent = context.table.get(fd)?;
    let directory = parent.clone().directory(Rights::PATH_OPEN)?;
    let slot = memory.slot::<u32>(opened)?;
    let path = memory.path(path, path_len)?;
    request.check(&parent)?;

    let object = request.open(&directory.dir, &path, parent.readonly, context.interrupt())?;
    let entry = Entry {
        base: request.base & request.applicable_rights(&object),
        inheriting: request.inheriting,
        object,
        readonly: parent.readonly,
    };
    let fd = context.table.insert(entry)?;
    memory.put(slot, fd.0);
    Ok(())
}

/// How long to wait, in nanoseconds, before looking again whether a pipe has a reader.
const READER_INTERVAL: u64 = 10_000_000;

/// What a guest wants opened, and how.
#[derive(Clone, Copy, Debug)]
struct Request {
    lookup: LookupFlags,
    oflags: OpenFlags,
    fdflags: FdFlags,
    base: Rights,
    inheriting: Rights,
}

impl Request {
    /// A descriptor can be opened with the rights that its parent may pass on, and no others.
    /// Unknown rights are among the others.
    fn check(&self, parent: &Entry) -> Result<(), Errno> {
        let mut own = Rights::empty();
        if self.oflags.contains(OpenFlags::CREAT) {
            own |= Rights::PATH_CREATE_FILE;
        }
        if self.oflags.contains(OpenFlags::TRUNC) {
            own |= Rights::PATH_FILESTAT_SET_SIZE;
        }
        let mut passed_on = self.base | self.inheriting;
        if self.fdflags.contains(FdFlags::DSYNC) {
            passed_on |= Rights::FD_DATASYNC;
        }
        if self.fdflags.intersects(FdFlags::SYNC | FdFlags::RSYNC) {
            passed_on |= Rights::FD_SYNC;
        }
        if !parent.base.contains(own) || !parent.inheriting.contains(passed_on) {
            return Err(Errno::Notcapable);
        }
        let other = OpenFlags::CREAT | OpenFlags::EXCL | OpenFlags::TRUNC;
        if self.oflags.contains(OpenFlags::DIRECTORY) && self.oflags.intersects(other) {
            return Err(Errno::Inval);
        }
        Ok(())
    }

    fn follow(&self) -> bool {
        self.lookup.contains(LookupFlags::SYMLINK_FOLLOW)
    }

    fn writes(&self) -> bool {
        self.base.contains(Rights::FD_WRITE)
    }

    fn open(&self, dir: &Dir, path: &Path, readonly: bool, interrupt: Option<&Interrupt>) -> Result<Object, Errno> {
        if self.oflags.contains(OpenFlags::DIRECTORY) {
            return self.open_directory(dir, path);
        }
        let opened = loop {
            match if readonly { self.open_readonly(dir, path) } else { self.open_any(dir, path) } {
                Err(Errno::Nxio) if self.waits_for_reader(dir, path)? => {
                    wait_for_any(&mut Vec::new(), Some(READER_INTERVAL), interrupt)?;
                }
                opened => break opened?,
            }
        };
        let file = opened.into_std();
        let stat = rustix::fs::fstat(&file)?;
        Ok(match Filetype::from(FileType::from_raw_mode(stat.st_mode)) {
            Filetype::Directory => directory(Dir::from_std_file(file)),
            filetype => Object::Stream(Arc::new(Stream::opened(file, filetype, self.fdflags))),
        })
    }

    /// Whether there is a pipe that nobody has opened for reading yet, and the guest wants to wait until somebody does. The
    /// host could wait, too, but not hear of an interrupt.
    fn waits_for_reader(&self, dir: &Dir, path: &Path) -> Result<bool, Errno> {
        let metadata = if self.follow() { dir.metadata(path)? } else { dir.symlink_metadata(path)? };
        let pipe = FileType::from_raw_mode(metadata.mode()) == FileType::Fifo;
        Ok(pipe && !self.fdflags.contains(FdFlags::NONBLOCK))
    }

    fn open_directory(&self, dir: &Dir, path: &Path) -> Result<Object, Errno> {
        let found = if self.follow() { dir.open_dir(path)? } else { dir.open_dir_nofollow(path)? };
        if self.writes() {
            return Err(Errno::Isdir);
        }
        // cap-std opens directories for lookups alone; reading one is a right of its own.
        match found.open_with(".", OpenOptions::new().read(true)) {
            Ok(file) => Ok(directory(Dir::from_std_file(file.into_std()))),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(directory(found)),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens in a tree that must not change: nothing is created, and nothing opened for writing.
    fn open_readonly(&self, dir: &Dir, path: &Path) -> Result<cap_std::fs::File, Errno> {
        if self.writes() || self.oflags.contains(OpenFlags::TRUNC) {
            return Err(Errno::Rofs);
        }
        let opened = dir.open_with(path, &self.options()).map_err(Errno::from);
        if !self.oflags.contains(OpenFlags::CREAT) {
            return opened;
        }
        match opened {
            Ok(_) if self.oflags.contains(OpenFlags::EXCL) => Err(Errno::Exist),
            Err(Errno::Noent) => Err(Errno::Rofs),
            opened => opened,
        }
    }

    fn open_any(&self, dir: &Dir, path: &Path) -> Result<cap_std::fs::File, Errno> {
        let mut options = self.options();
        let create = self.oflags.contains(OpenFlags::CREAT);
        let exclusive = self.oflags.contains(OpenFlags::EXCL);
        let truncate = self.oflags.contains(OpenFlags::TRUNC);
        if !create && !truncate {
            return Ok(dir.open_with(path, &options)?);
        }
        // cap-std creates and truncates only what it opens for writing. What is there already and need not be written may
        // refuse that, and a pipe would never be at its end.
        if !exclusive && !truncate && !self.writes() {
            match dir.open_with(path, &options).map_err(Errno::from) {
                Err(Errno::Noent) => {}
                Ok(file) if file.metadata()?.is_dir() => return Err(Errno::Isdir),
                opened => return opened,
            }
        }
        options.write(true).truncate(truncate);
        if create {
            options.create(!exclusive).create_new(exclusive);
        }
        Ok(dir.open_with(path, &options)?)
    }

    /// How to open what exists.
    fn options(&self) -> OpenOptions {
        let follow = if self.follow() { FollowSymlinks::Yes } else { FollowSymlinks::No };
        // The host opens nothing without access: reading is the least.
        let reads = self.base.intersects(Rights::FD_READ | Rights::FD_READDIR) || !self.writes();
        let mut options = OpenOptions::new();
        // The host never waits, see `stream`.
        options.read(reads).write(self.writes()).nonblock(true).follow(follow);
        // A terminal that a guest opens must not become the one whose keys stop this process.
        options.custom_flags(OFlags::NOCTTY.bits() as i32);
        options
    }

    /// Rights that do not apply to what was opened are dropped without an error.
    fn applicable_rights(&self, object: &Object) -> Rights {
        match object {
            Object::Directory(_) => Rights::DIRECTORY,
            Object::Stream(stream) if self.writes() => stream.applicable_rights(),
            Object::Stream(stream) => stream.applicable_rights() - Rights::FILE_WRITING,
        }
    }
}

fn directory(dir: Dir) -> Object {
    Object::Directory(Arc::new(Directory { dir, preopened_as: None, listing: Mutex::default() }))
}
