//! The table of file descriptors, and the check of rights that every call on one passes.
//!
//! Several threads use one table. It is locked to look up a descriptor or to change one, and never for longer: what a call uses
//! stays open until it is done, also if another thread closes the descriptor meanwhile.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cap_std::fs::Dir;

use crate::errno::Errno;
use crate::stream::Stream;
use crate::types::Rights;

/// A file descriptor of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fd(pub u32);

/// An open directory: the guest reaches nothing outside of it.
#[derive(Debug)]
pub(crate) struct Directory {
    pub dir: Dir,
    /// The name under which the guest got it, if it is there from the start.
    pub preopened_as: Option<Vec<u8>>,
    /// Held to list it: the host has one position for that.
    pub listing: Mutex<()>,
}

/// What a descriptor stands for.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    Stream(Arc<Stream>),
    Directory(Arc<Directory>),
}

impl Object {
    /// The host's descriptor, if there is one.
    pub fn host(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Object::Stream(stream) => stream.host(),
            Object::Directory(directory) => Some(directory.dir.as_fd()),
        }
    }
}

/// One open descriptor.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub object: Object,
    pub base: Rights,
    pub inheriting: Rights,
    /// Lies in a tree that must not change.
    pub readonly: bool,
}

impl Entry {
    /// The descriptor has all of `rights`, and its tree allows them.
    pub fn require(&self, rights: Rights) -> Result<(), Errno> {
        if !self.base.contains(rights) {
            return Err(Errno::Notcapable);
        }
        if self.readonly && rights.intersects(Rights::WRITING) {
            return Err(Errno::Rofs);
        }
        Ok(())
    }

    /// The object of any kind, with these rights.
    pub fn object(self, rights: Rights) -> Result<Object, Errno> {
        self.require(rights)?;
        Ok(self.object)
    }

    /// The stream, with these rights.
    pub fn stream(self, rights: Rights) -> Result<Arc<Stream>, Errno> {
        match &self.object {
            // A directory never has these rights, but "is a directory" says more.
            Object::Directory(_) => Err(Errno::Isdir),
            Object::Stream(stream) => {
                self.require(rights)?;
                Ok(stream.clone())
            }
        }
    }

    /// The socket, with these rights.
    pub fn socket(self, rights: Rights) -> Result<Arc<Stream>, Errno> {
        match &self.object {
            Object::Stream(stream) if stream.is_socket() => {
                self.require(rights)?;
                Ok(stream.clone())
            }
            Object::Stream(_) | Object::Directory(_) => Err(Errno::Notsock),
        }
    }

    /// The directory, with these rights.
    pub fn directory(self, rights: Rights) -> Result<Arc<Directory>, Errno> {
        match &self.object {
            Object::Stream(_) => Err(Errno::Notdir),
            Object::Directory(directory) => {
                self.require(rights)?;
                Ok(directory.clone())
            }
        }
    }
}

/// All descriptors of one program.
#[derive(Debug)]
pub(crate) struct Table(RwLock<Vec<Option<Entry>>>);

impl Table {
    /// A table with these descriptors, from 0 on.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Table(RwLock::new(entries.into_iter().map(Some).collect()))
    }

    /// Each change is one assignment, so a poisoned lock is as good as any.
    fn read(&self) -> RwLockReadGuard<'_, Vec<Option<Entry>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Option<Entry>>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the lowest free descriptor.
    pub fn insert(&self, entry: Entry) -> Result<Fd, Errno> {
        let mut entries = self.write();
        let index = entries.iter().position(Option::is_none).unwrap_or(entries.len());
        // Preview 1 promises numbers below 2^31.
        let fd = i32::try_from(index).map_err(|_| Errno::Mfile)?;
        match entries.get_mut(index) {
            Some(slot) => *slot = Some(entry),
            None => entries.push(Some(entry)),
        }
        Ok(Fd(fd as u32))
    }

    pub fn get(&self, fd: Fd) -> Result<Entry, Errno> {
        self.read().get(fd.0 as usize).cloned().flatten().ok_or(Errno::Badf)
    }

    pub fn close(&self, fd: Fd) -> Result<(), Errno> {
        let closed = self.write().get_mut(fd.0 as usize).and_then(Option::take);
        // The host closes, which takes its time, when the table is not locked any more.
        closed.map(drop).ok_or(Errno::Badf)
    }

    /// Closes `to`, which must be open, and gives its number to what `from` stands for.
    pub fn renumber(&self, from: Fd, to: Fd) -> Result<(), Errno> {
        let (from, to) = (from.0 as usize, to.0 as usize);
        let mut entries = self.write();
        let is_open = |index| entries.get(index).is_some_and(Option::is_some);
        if !is_open(from) || !is_open(to) {
            return Err(Errno::Badf);
        }
        if from != to {
            let entry = entries[from].take();
            let closed = std::mem::replace(&mut entries[to], entry);
            drop(entries);
            drop(closed);
        }
        Ok(())
    }

    /// Takes rights away. None can be added.
    pub fn limit(&self, fd: Fd, base: Rights, inheriting: Rights) -> Result<(), Errno> {
        let mut entries = self.write();
        let entry = entries.get_mut(fd.0 as usize).and_then(Option::as_mut).ok_or(Errno::Badf)?;
        if !entry.base.contains(base) || !entry.inheriting.contains(inheriting) {
            return Err(Errno::Notcapable);
        }
        entry.base = base;
        entry.inheriting = inheriting;
        Ok(())
    }

    /// An open object of any kind, with these rights.
    pub fn object(&self, fd: Fd, rights: Rights) -> Result<Object, Errno> {
        self.get(fd)?.object(rights)
    }

    /// An open stream, with these rights.
    pub fn stream(&self, fd: Fd, rights: Rights) -> Result<Arc<Stream>, Errno> {
        self.get(fd)?.stream(rights)
    }

    /// An open socket, with these rights.
    pub fn socket(&self, fd: Fd, rights: Rights) -> Result<Arc<Stream>, Errno> {
        self.get(fd)?.socket(rights)
    }

    /// An open directory, with these rights.
    pub fn directory(&self, fd: Fd, rights: Rights) -> Result<Arc<Directory>, Errno> {
        self.get(fd)?.directory(rights)
    }
}
