//! Listing a directory.
//!
//! A cookie is the host's own position in the directory, so listing keeps no state and costs the
//! same from any place on.

use std::mem::MaybeUninit;
use std::sync::PoisonError;

use rustix::fs::{AtFlags, FileType, RawDir, SeekFrom, fstat, statat};

use crate::context::Context;
use crate::errno::Errno;
use crate::layout::{Dirent, Record};
use crate::memory::{Memory, Ptr};
use crate::table::Fd;
use crate::types::{Filetype, Rights};

/// Bytes of entries to get from the host at once; more than the host's largest entry.
const HOST_BUFFER: usize = 8192;

pub(crate) fn fd_readdir(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    buf: Ptr,
    buf_len: u32,
    cookie: u64,
    used: Ptr,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::FD_READDIR)?;
    let used = memory.slot::<u32>(used)?;
    i64::try_from(cookie).map_err(|_| Errno::Inval)?;
    let dir = &directory.dir;
    let _listing = directory.listing.lock().unwrap_or_else(PoisonError::into_inner);
    // A directory that the host does not let us list is open for lookups alone, and "bad
    // descriptor" to the host.
    rustix::fs::seek(dir, SeekFrom::Start(cookie)).map_err(unlistable)?;

    memory.check(buf, buf_len)?;
    let mut out = Buffer { memory, at: buf, len: buf_len as usize, used: 0 };
    let mut host_buffer = [MaybeUninit::uninit(); HOST_BUFFER];
    let mut entries = RawDir::new(dir, &mut host_buffer);
    while !out.is_full() {
        let Some(entry) = entries.next() else { break };
        let entry = match entry {
            // What has been removed lists nothing, to the host's C library, too.
            Err(rustix::io::Errno::NOENT) => break,
            entry => entry.map_err(unlistable)?,
        };
        let name = entry.file_name().to_bytes();
        let (ino, filetype) = match (name, entry.file_type()) {
            // What lies above is not the guest's business: the parent is the directory itself, as
            // it is in a root directory.
            (b"..", _) => (fstat(dir)?.st_ino, FileType::Directory),
            (_, FileType::Unknown) => {
                // Some file systems do not tell, and the file may be gone by now.
                let stat = statat(dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW);
                let filetype = stat.map(|stat| FileType::from_raw_mode(stat.st_mode));
                (entry.ino(), filetype.unwrap_or(FileType::Unknown))
            }
            (_, filetype) => (entry.ino(), filetype),
        };
        let dirent = Dirent {
            next: entry.next_entry_cookie(),
            ino,
            name_len: name.len() as u32,
            filetype: Filetype::from(filetype) as u8,
        };
        let mut head = [0; Dirent::SIZE];
        dirent.store(&mut head);
        out.push(&head)?;
        out.push(name)?;
    }
    let value = out.used as u32;
    memory.put(used, value);
    Ok(())
}

fn unlistable(error: rustix::io::Errno) -> Errno {
    match error {
        rustix::io::Errno::BADF => Errno::Acces,
        error => error.into(),
    }
}

/// The guest's buffer: filled to the end, with the last entry cut where it ends.
struct Buffer<'b, 'm> {
    memory: &'b mut Memory<'m>,
    at: Ptr,
    len: usize,
    used: usize,
}

impl Buffer<'_, '_> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        let fitting = bytes.len().min(self.len - self.used);
        self.memory.write_bytes(self.at.after(self.used)?, &bytes[..fitting])?;
        self.used += fitting;
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.used == self.len
    }
}
