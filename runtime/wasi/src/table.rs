//! The table of file descriptors, and the check of rights that every call on one passes.

use std::os::fd::{AsFd, BorrowedFd};

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
}

/// What a descriptor stands for.
#[derive(Debug)]
pub(crate) enum Object {
    Stream(Stream),
    Directory(Directory),
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
#[derive(Debug)]
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
}

/// All descriptors of one program.
#[derive(Debug)]
pub(crate) struct Table(Vec<Option<Entry>>);

impl Table {
    /// A table with these descriptors, from 0 on.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        Table(entries.into_iter().map(Some).collect())
    }

    /// Opens the lowest free descriptor.
    pub fn insert(&mut self, entry: Entry) -> Result<Fd, Errno> {
        let index = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
        // Preview 1 promises numbers below 2^31.
        let fd = i32::try_from(index).map_err(|_| Errno::Mfile)?;
        match self.0.get_mut(index) {
            Some(slot) => *slot = Some(entry),
            None => self.0.push(Some(entry)),
        }
        Ok(Fd(fd as u32))
    }

    pub fn get(&self, fd: Fd) -> Result<&Entry, Errno> {
        self.0.get(fd.0 as usize).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    pub fn get_mut(&mut self, fd: Fd) -> Result<&mut Entry, Errno> {
        self.0.get_mut(fd.0 as usize).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    pub fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        let slot = self.0.get_mut(fd.0 as usize).ok_or(Errno::Badf)?;
        slot.take().map(|_| ()).ok_or(Errno::Badf)
    }

    /// Closes `to`, which must be open, and gives its number to what `from` stands for.
    pub fn renumber(&mut self, from: Fd, to: Fd) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let entry = self.0[from.0 as usize].take();
            self.0[to.0 as usize] = entry;
        }
        Ok(())
    }

    /// An open object of any kind, with these rights.
    pub fn object(&self, fd: Fd, rights: Rights) -> Result<&Object, Errno> {
        let entry = self.get(fd)?;
        entry.require(rights)?;
        Ok(&entry.object)
    }

    /// An open stream, with these rights.
    pub fn stream(&self, fd: Fd, rights: Rights) -> Result<&Stream, Errno> {
        let entry = self.get(fd)?;
        match &entry.object {
            // A directory never has these rights, but "is a directory" says more.
            Object::Directory(_) => Err(Errno::Isdir),
            Object::Stream(stream) => {
                entry.require(rights)?;
                Ok(stream)
            }
        }
    }

    /// An open socket, with these rights.
    pub fn socket(&self, fd: Fd, rights: Rights) -> Result<&Stream, Errno> {
        let entry = self.get(fd)?;
        match &entry.object {
            Object::Stream(stream) if stream.is_socket() => {
                entry.require(rights)?;
                Ok(stream)
            }
            Object::Stream(_) | Object::Directory(_) => Err(Errno::Notsock),
        }
    }

    /// An open directory, with these rights.
    pub fn directory(&self, fd: Fd, rights: Rights) -> Result<&Directory, Errno> {
        let entry = self.get(fd)?;
        match &entry.object {
            Object::Stream(_) => Err(Errno::Notdir),
            Object::Directory(directory) => {
                entry.require(rights)?;
                Ok(directory)
            }
        }
    }
}
