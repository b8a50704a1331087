//! Mapping: pages with the contents of a file, and an image made ready to run.

use crate::host::page_size;
use crate::source::Source;
use abi::container::Parts;
use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr;
use std::sync::Arc;
use vm::Backing;

/// Pages of our own, freed when this is dropped.
pub(crate) struct Mapping {
    base: *mut u8,
    /// In bytes; not zero.
    length: usize,
}

// SAFETY: the pages belong to the mapping alone. After `prepare`, which has them for itself, nobody writes to them.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps a file of this length, privately and read-only. All of it will be read, to check it: that costs less if the pages are
    /// there at once than with a fault for every few of them.
    pub fn file(file: &File, length: usize) -> io::Result<Mapping> {
        let flags = MapFlags::PRIVATE | MapFlags::POPULATE;
        // SAFETY: a new mapping at an address that the system chooses affects nobody.
        let base = unsafe { mm::mmap(ptr::null_mut(), length, ProtFlags::READ, flags, file, 0)? };
        Ok(Mapping { base: base.cast(), length })
    }

    /// Writable pages with these bytes, which must be some.
    fn copy(bytes: &[u8]) -> io::Result<Mapping> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the system chooses affects nobody.
        let base = unsafe { mm::mmap_anonymous(ptr::null_mut(), bytes.len(), protection, MapFlags::PRIVATE)? };
        let mapping = Mapping { base: base.cast(), length: bytes.len() };
        // SAFETY: the new pages are at least as long as `bytes`, writable, and overlap nothing.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), mapping.base, bytes.len()) };
        Ok(mapping)
    }

    /// The contents.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `length` bytes from `base` are mapped readable as long as `self` lives. `prepare` alone writes to them, while
        // no slice is alive. That the file behind them stays as it is, the caller of this crate sees to (see the crate).
        unsafe { std::slice::from_raw_parts(self.base, self.length) }
    }

    /// Sets what may be done with the pages of a range, which begins on a page.
    ///
    /// # Safety
    /// The range lies within the mapping, and nobody relies on being able to do with its pages what they lose.
    unsafe fn protect(&self, range: Range<usize>, flags: MprotectFlags) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        // SAFETY: the caller's promise; the system rounds the length up to whole pages, which the mapping consists of.
        unsafe { mm::mprotect(self.base.add(range.start).cast::<c_void>(), range.len(), flags)? };
        Ok(())
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the pages belong to this mapping alone, and whoever uses them keeps it alive.
        let unmapped = unsafe { mm::munmap(self.base.cast(), self.length) };
        debug_assert!(unmapped.is_ok(), "unmapping one's own pages succeeds");
    }
}

/// An image that is ready to run.
pub(crate) struct Prepared {
    /// What keeps it mapped.
    pub mapping: Box<dyn Send + Sync>,
    /// Where it is.
    pub base: *const u8,
    /// The file that it lies in; none of a copy.
    pub backing: Option<Backing>,
}

/// Makes an image ready to run: from where it lies in a mapped file, or else from a copy. `place` is its place in the file,
/// `words` are the offsets of import slots with the addresses that go there.
///
/// The parts of the image must lie within it and share no page, and the slots within theirs.
pub(crate) fn prepare(
    source: &Source,
    place: Range<usize>,
    parts: &Parts,
    words: &[(u32, usize)],
) -> io::Result<Prepared> {
    if place.is_empty() {
        return Ok(Prepared { mapping: Box::new(()), base: ptr::dangling(), backing: None });
    }
    let mut backing = None;
    let (mapping, start) = match source {
        // Tools that move sections about in a library take images off their pages.
        Source::Mapped(mapping, file) if place.start.is_multiple_of(page_size()) => {
            backing = Some(Backing { file: file.clone(), offset: place.start as u64 });
            (mapping.clone(), place.start)
        }
        _ => {
            let mapping = Mapping::copy(&source.bytes()[place.clone()])?;
            // SAFETY: all of the new mapping, which nobody else knows yet.
            unsafe { mapping.protect(0..place.len(), MprotectFlags::READ)? };
            (Arc::new(mapping), 0)
        }
    };
    let within = |part: &Range<u32>| start + part.start as usize..start + part.end as usize;
    let slots = within(&parts.slots);
    // SAFETY: parts lie within the image and the image within the mapping; pages with slots hold nothing else that is in use
    // (parts share no page), and end up readable, as they were.
    unsafe {
        mapping.protect(slots.clone(), MprotectFlags::READ | MprotectFlags::WRITE)?;
        for &(offset, address) in words {
            // The image begins on a page and the offset is a multiple of 8, but nothing here relies on that.
            mapping.base.add(start + offset as usize).cast::<usize>().write_unaligned(address);
        }
        mapping.protect(slots, MprotectFlags::READ)?;
    }
    // SAFETY: as above; code stays readable. Processors that do not notice new code by themselves would have to be told about a
    // copy here; x86-64 does notice.
    unsafe { mapping.protect(within(&parts.text), MprotectFlags::READ | MprotectFlags::EXEC)? };
    let base = mapping.base.wrapping_add(start).cast_const();
    Ok(Prepared { mapping: Box::new(mapping), base, backing })
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use std::io::Write;

    extern "C" fn answer() -> i32 {
        42
    }

    /// An image that jumps to what its only slot points to, `before` bytes into a file.
    fn call(source: &Source, before: usize) -> i32 {
        let parts = Parts { text: 0..6, read_only: 0..0, slots: 4096..4104 };
        let Prepared { mapping, base, .. } =
            prepare(source, before..before + 4104, &parts, &[(4096, answer as *const () as usize)]).expect("mapped");
        // SAFETY: the image is a jump to `answer`.
        let function: extern "C" fn() -> i32 = unsafe { std::mem::transmute(base) };
        let result = function();
        drop(mapping);
        result
    }

    fn file(before: usize) -> Vec<u8> {
        let mut bytes = vec![0xCC; before];
        // jmp *4096(%rip's page)
        bytes.extend([0xFF, 0x25, 0xFA, 0x0F, 0, 0]);
        bytes.resize(before + 4104, 0);
        bytes
    }

    #[test]
    fn an_image_runs_from_memory_and_from_a_file_on_its_pages_or_not() {
        for before in [0, 4096, 100] {
            let bytes = file(before);
            assert_eq!(call(&Source::from(bytes.clone()), before), 42);
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(&bytes).expect("written");
            let source = Source::open(file.path()).expect("a regular file");
            assert!(matches!(source, Source::Mapped(..)));
            assert_eq!(call(&source, before), 42);
            assert_eq!(std::fs::read(file.path()).expect("read"), bytes, "the file stays as it is");
        }
    }
}
