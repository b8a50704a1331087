//! Guest memory: every access is checked, and leads to `fault` instead of a panic.

use std::borrow::Cow;
use std::fmt;
use std::io::{IoSlice, IoSliceMut};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::Path;

use crate::errno::Errno;
use crate::layout::{Iovec, Record};

/// An address in guest memory, not checked yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ptr(pub u32);

impl Ptr {
    /// The address this many bytes on.
    pub fn after(self, bytes: usize) -> Result<Ptr, Errno> {
        let address = u64::from(self.0) + bytes as u64;
        u32::try_from(address).map(Ptr).map_err(|_| Errno::Fault)
    }

    /// The address of the element `index` of an array of `T` that begins here.
    fn element<T: Record>(self, index: usize) -> Result<Ptr, Errno> {
        self.after(index * T::SIZE)
    }
}

/// A place for one result, known to lie in memory. It is taken before a call has effects, so that
/// a bad pointer cannot lose what the call did.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    start: usize,
    value: PhantomData<T>,
}

/// The most regions one call hands to the host, as `IOV_MAX` on Linux. Longer lists are read or
/// written in part, as the callers of `readv` and `writev` must expect anyway.
const MAX_REGIONS: usize = 1024;

/// The longest list of regions that a call reads, empty ones included.
const MAX_LISTED: u32 = 1 << 16;

/// The most bytes of one transfer: what Linux takes at once, and less than what C libraries can tell in 31 bits.
const MAX_TRANSFERRED: usize = 0x7fff_f000;

/// The longest path that the host takes (`PATH_MAX` without the NUL).
const MAX_PATH: usize = 4095;

/// The most bytes of one transfer that goes through a buffer of ours.
const MAX_BUFFERED: usize = 1 << 20;

/// The largest record that a slot holds.
const MAX_RECORD: usize = 64;

/// A memory whose bytes other threads may change at any time: they are copied, never lent.
pub trait SharedBytes {
    /// How many bytes there are. The number never shrinks.
    fn size(&self) -> u64;
    /// Copies bytes out; they lie within [`SharedBytes::size`].
    fn read(&self, address: u64, bytes: &mut [u8]);
    /// Copies bytes in; they lie within [`SharedBytes::size`].
    fn write(&self, address: u64, bytes: &[u8]);
}

/// The guest's memory for the time of one call.
///
/// Of a shared memory, each byte that a call decides on is read once: another thread may change it meanwhile.
pub struct Memory<'m>(Space<'m>);

enum Space<'m> {
    Own(&'m mut [u8]),
    Shared { bytes: &'m dyn SharedBytes, size: u64 },
}

impl<'m> Memory<'m> {
    /// A memory that nobody else uses during the call.
    pub fn new(bytes: &'m mut [u8]) -> Self {
        Memory(Space::Own(bytes))
    }

    /// A memory that other threads use, too. What it grows by during the call is out of bounds.
    pub fn shared(bytes: &'m dyn SharedBytes) -> Self {
        Memory(Space::Shared { bytes, size: bytes.size() })
    }

    fn size(&self) -> u64 {
        match &self.0 {
            Space::Own(bytes) => bytes.len() as u64,
            Space::Shared { size, .. } => *size,
        }
    }

    fn range(&self, ptr: Ptr, len: u64) -> Result<Range<usize>, Errno> {
        let start = u64::from(ptr.0);
        // Both are below 2^32 or the sum is out of bounds: no overflow for sizes in use.
        let end = start.checked_add(len).ok_or(Errno::Fault)?;
        if end > self.size() {
            return Err(Errno::Fault);
        }
        Ok(start as usize..end as usize)
    }

    fn write(&mut self, start: usize, bytes: &[u8]) {
        match &mut self.0 {
            Space::Own(own) => own[start..start + bytes.len()].copy_from_slice(bytes),
            Space::Shared { bytes: shared, .. } => shared.write(start as u64, bytes),
        }
    }

    fn read(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        match &self.0 {
            Space::Own(own) => Cow::Borrowed(&own[range]),
            Space::Shared { bytes, .. } => {
                let mut copy = vec![0; range.len()];
                bytes.read(range.start as u64, &mut copy);
                Cow::Owned(copy)
            }
        }
    }

    pub(crate) fn write_bytes(&mut self, ptr: Ptr, bytes: &[u8]) -> Result<(), Errno> {
        let range = self.range(ptr, bytes.len() as u64)?;
        self.write(range.start, bytes);
        Ok(())
    }

    /// Has `fill` make up the bytes there, in pieces of no more than [`MAX_BUFFERED`] bytes.
    pub(crate) fn fill(
        &mut self,
        ptr: Ptr,
        len: u32,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let range = self.range(ptr, len.into())?;
        match &mut self.0 {
            Space::Own(own) => own[range].chunks_mut(MAX_BUFFERED).try_for_each(fill),
            Space::Shared { bytes, .. } => {
                let mut buffer = vec![0; range.len().min(MAX_BUFFERED)];
                for start in range.clone().step_by(MAX_BUFFERED) {
                    let piece = &mut buffer[..(range.end - start).min(MAX_BUFFERED)];
                    fill(piece)?;
                    bytes.write(start as u64, piece);
                }
                Ok(())
            }
        }
    }

    /// The place for a result at `ptr`.
    pub(crate) fn slot<T: Record>(&self, ptr: Ptr) -> Result<Slot<T>, Errno> {
        Ok(Slot { start: self.range(ptr, T::SIZE as u64)?.start, value: PhantomData })
    }

    /// Writes a result to its place.
    pub(crate) fn put<T: Record>(&mut self, slot: Slot<T>, value: T) {
        const { assert!(T::SIZE <= MAX_RECORD) };
        let mut bytes = [0; MAX_RECORD];
        value.store(&mut bytes[..T::SIZE]);
        self.write(slot.start, &bytes[..T::SIZE]);
    }

    /// Writes element `index` of the array at `ptr`.
    pub(crate) fn write_element<T: Record>(&mut self, ptr: Ptr, index: usize, value: T) -> Result<(), Errno> {
        let slot = self.slot(ptr.element::<T>(index)?)?;
        self.put(slot, value);
        Ok(())
    }

    /// Reads element `index` of the array at `ptr`.
    pub(crate) fn read_element<T: Record>(&self, ptr: Ptr, index: usize) -> Result<T, Errno> {
        const { assert!(T::SIZE <= MAX_RECORD) };
        let range = self.range(ptr.element::<T>(index)?, T::SIZE as u64)?;
        Ok(match &self.0 {
            Space::Own(own) => T::load(&own[range]),
            Space::Shared { bytes, .. } => {
                let mut copy = [0; MAX_RECORD];
                bytes.read(range.start as u64, &mut copy[..T::SIZE]);
                T::load(&copy[..T::SIZE])
            }
        })
    }

    /// `len` bytes lie at `ptr`.
    pub(crate) fn check(&self, ptr: Ptr, len: u32) -> Result<(), Errno> {
        self.range(ptr, len.into()).map(|_| ())
    }

    /// An array of `count` elements lies at `ptr`.
    pub(crate) fn check_array<T: Record>(&self, ptr: Ptr, count: u32) -> Result<(), Errno> {
        self.range(ptr, u64::from(count) * T::SIZE as u64).map(|_| ())
    }

    /// A few bytes, no more than a path has.
    pub(crate) fn bytes(&self, ptr: Ptr, len: u32) -> Result<Cow<'_, [u8]>, Errno> {
        let range = self.range(ptr, len.into())?;
        if range.len() > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        Ok(self.read(range))
    }

    /// A string that names something: UTF-8, without NUL.
    pub(crate) fn text(&self, ptr: Ptr, len: u32) -> Result<Cow<'_, Path>, Errno> {
        let check = |text: &str| if text.contains('\0') { Err(Errno::Inval) } else { Ok(()) };
        match self.bytes(ptr, len)? {
            Cow::Borrowed(bytes) => {
                let text = str::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
                check(text)?;
                Ok(Cow::Borrowed(Path::new(text)))
            }
            Cow::Owned(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
                check(&text)?;
                Ok(Cow::Owned(text.into()))
            }
        }
    }

    /// A path to be looked up in a directory: not empty, not absolute.
    pub(crate) fn path(&self, ptr: Ptr, len: u32) -> Result<Cow<'_, Path>, Errno> {
        let path = self.text(ptr, len)?;
        if path.as_os_str().is_empty() {
            return Err(Errno::Noent);
        }
        if path.is_absolute() {
            return Err(Errno::Notcapable);
        }
        Ok(path)
    }

    /// The regions that a list of `iovec` or `ciovec` names, without the empty ones and what is too much for one transfer.
    pub(crate) fn regions(&self, iovs: Ptr, count: u32) -> Result<Vec<Range<usize>>, Errno> {
        self.check_array::<Iovec>(iovs, count)?;
        if count > MAX_LISTED {
            return Err(Errno::Inval);
        }
        let mut regions = Vec::with_capacity((count as usize).min(MAX_REGIONS));
        let mut room = MAX_TRANSFERRED;
        for index in 0..count as usize {
            let iovec: Iovec = self.read_element(iovs, index)?;
            let region = self.range(Ptr(iovec.buf), iovec.len.into())?;
            if region.is_empty() {
                continue;
            }
            let taken = region.len().min(room);
            if regions.len() == MAX_REGIONS || taken == 0 {
                break;
            }
            room -= taken;
            regions.push(region.start..region.start + taken);
        }
        Ok(regions)
    }

    /// Has `send` take bytes out of the regions, in their order. Of a shared memory it sees a copy, of no more than
    /// [`MAX_BUFFERED`] bytes.
    pub(crate) fn gather<R>(&self, regions: &[Range<usize>], send: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
        match &self.0 {
            Space::Own(own) => {
                let slices: Vec<_> = regions.iter().map(|region| IoSlice::new(&own[region.clone()])).collect();
                send(&slices)
            }
            Space::Shared { bytes, .. } => {
                let mut buffer = buffer_for(regions);
                for (place, start) in places(regions, buffer.len()) {
                    bytes.read(start as u64, &mut buffer[place]);
                }
                send(&[IoSlice::new(&buffer)])
            }
        }
    }

    /// Has `receive` put bytes into the regions, in their order; it tells how many. Where regions overlap, and in a shared
    /// memory, they go through a buffer of no more than [`MAX_BUFFERED`] bytes.
    pub(crate) fn scatter(
        &mut self,
        regions: &[Range<usize>],
        receive: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        if let Space::Own(own) = &mut self.0
            && let Some(mut slices) = disjoint(own, regions)
        {
            return receive(&mut slices);
        }
        let mut buffer = buffer_for(regions);
        let received = receive(&mut [IoSliceMut::new(&mut buffer)])?;
        for (place, start) in places(regions, received) {
            self.write(start, &buffer[place]);
        }
        Ok(received)
    }
}

impl fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("size", &self.size()).finish_non_exhaustive()
    }
}

/// A buffer for what is transferred to or from some regions.
fn buffer_for(regions: &[Range<usize>]) -> Vec<u8> {
    let bytes = regions.iter().fold(0, |sum: usize, region| sum.saturating_add(region.len()));
    vec![0; bytes.min(MAX_BUFFERED)]
}

/// For each region the piece of a buffer that stands for its first bytes, and where these begin, as far as the buffer goes.
fn places(regions: &[Range<usize>], buffered: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    let mut done = 0;
    regions.iter().map_while(move |region| {
        let place = done..buffered.min(done + region.len());
        done = place.end;
        (!place.is_empty()).then_some((place, region.start))
    })
}

/// The regions as slices, in their order; `None` if two overlap.
fn disjoint<'b>(bytes: &'b mut [u8], regions: &[Range<usize>]) -> Option<Vec<IoSliceMut<'b>>> {
    if let [region] = regions {
        return Some(vec![IoSliceMut::new(&mut bytes[region.clone()])]);
    }
    let mut order: Vec<usize> = (0..regions.len()).collect();
    order.sort_unstable_by_key(|&index| regions[index].start);
    let mut slices: Vec<IoSliceMut<'b>> = regions.iter().map(|_| IoSliceMut::new(&mut [])).collect();
    let mut rest = bytes;
    let mut taken = 0;
    for index in order {
        let region = &regions[index];
        let gap = region.start.checked_sub(taken)?;
        let (slice, tail) = rest.split_at_mut(gap).1.split_at_mut(region.len());
        slices[index] = IoSliceMut::new(slice);
        rest = tail;
        taken = region.end;
    }
    Some(slices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn nothing_beyond_the_end() {
        let mut bytes = [0; 16];
        let mut memory = Memory::new(&mut bytes);
        assert!(memory.slot::<u64>(Ptr(8)).is_ok());
        assert_eq!(memory.slot::<u64>(Ptr(9)).unwrap_err(), Errno::Fault);
        assert_eq!(memory.slot::<u64>(Ptr(u32::MAX)).unwrap_err(), Errno::Fault);
        assert_eq!(memory.bytes(Ptr(0), 17).unwrap_err(), Errno::Fault);
        assert!(memory.bytes(Ptr(16), 0).is_ok());
        assert_eq!(memory.write_bytes(Ptr(17), &[]).unwrap_err(), Errno::Fault);
        assert_eq!(memory.check_array::<Iovec>(Ptr(0), u32::MAX).unwrap_err(), Errno::Fault);
        assert_eq!(memory.read_element::<u64>(Ptr(8), 1).unwrap_err(), Errno::Fault);
    }

    #[test]
    fn disjoint_regions_keep_their_order() {
        let mut bytes: Vec<u8> = (0..16).collect();
        let slices = disjoint(&mut bytes, &[8..10, 0..4, 4..5]).unwrap();
        let got: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        assert_eq!(got, [&[8, 9][..], &[0, 1, 2, 3], &[4]]);
        assert!(disjoint(&mut bytes, &[0..4, 3..5]).is_none());
    }

    struct Copied(Mutex<Vec<u8>>);

    impl SharedBytes for Copied {
        fn size(&self) -> u64 {
            self.0.lock().unwrap().len() as u64
        }

        fn read(&self, address: u64, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.lock().unwrap()[address as usize..][..bytes.len()]);
        }

        fn write(&self, address: u64, bytes: &[u8]) {
            self.0.lock().unwrap()[address as usize..][..bytes.len()].copy_from_slice(bytes);
        }
    }

    fn joined(slices: &[IoSlice<'_>]) -> Vec<u8> {
        slices.iter().flat_map(|slice| slice.to_vec()).collect()
    }

    /// Receives the numbers from 1 on, `limit` at most.
    fn count(slices: &mut [IoSliceMut<'_>], limit: usize) -> usize {
        let bytes = slices.iter_mut().flat_map(|slice| slice.iter_mut());
        bytes.take(limit).zip(1..).map(|(byte, number)| *byte = number).count()
    }

    #[test]
    fn own_and_shared_memories_give_the_same() {
        for (regions, limit) in [
            (vec![8..10, 0..4, 4..5], 16),
            (vec![8..10, 0..4, 4..5], 3),
            (vec![0..4, 2..6], 7),
            (vec![5..6, 9..10], 0),
            (vec![], 1),
        ] {
            let mut own = vec![0; 16];
            let mut memory = Memory::new(&mut own);
            let received = memory.scatter(&regions, |slices| Ok(count(slices, limit))).unwrap();
            let sent = memory.gather(&regions, joined);

            let shared = Copied(Mutex::new(vec![0; 16]));
            let mut memory = Memory::shared(&shared);
            assert_eq!(memory.scatter(&regions, |slices| Ok(count(slices, limit))).unwrap(), received);
            assert_eq!(memory.gather(&regions, joined), sent);
            assert_eq!(*shared.0.lock().unwrap(), own);
        }
    }

    #[test]
    fn large_transfers_of_a_shared_memory_are_done_in_part() {
        let shared = Copied(Mutex::new(vec![7; 3 * MAX_BUFFERED]));
        let mut memory = Memory::shared(&shared);
        let whole = 0..3 * MAX_BUFFERED;
        let sent = memory.gather(std::slice::from_ref(&whole), joined);
        assert_eq!(sent, vec![7; MAX_BUFFERED]);
        memory
            .fill(Ptr(1), whole.len() as u32 - 2, |piece| {
                piece.fill(8);
                Ok(())
            })
            .unwrap();
        let bytes = shared.0.lock().unwrap();
        assert_eq!((bytes[0], bytes[whole.len() - 1]), (7, 7));
        assert!(bytes[1..whole.len() - 1].iter().all(|&byte| byte == 8));
    }
}
