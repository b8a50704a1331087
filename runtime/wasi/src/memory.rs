//! Guest memory: every access is checked, and leads to `fault` instead of a panic.

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
    range: Range<usize>,
    value: PhantomData<T>,
}

/// The most regions one call hands to the host, as `IOV_MAX` on Linux. Longer lists are read or
/// written in part, as the callers of `readv` and `writev` must expect anyway.
const MAX_REGIONS: usize = 1024;

/// The longest path that the host takes (`PATH_MAX` without the NUL).
const MAX_PATH: usize = 4095;

/// The guest's memory for the time of one call.
#[derive(Debug)]
pub(crate) struct Memory<'m>(&'m mut [u8]);

impl<'m> Memory<'m> {
    pub fn new(bytes: &'m mut [u8]) -> Self {
        Memory(bytes)
    }

    fn range(&self, ptr: Ptr, len: u64) -> Result<Range<usize>, Errno> {
        let start = u64::from(ptr.0);
        // Both are below 2^32 or the sum is out of bounds: no overflow for sizes in use.
        let end = start.checked_add(len).ok_or(Errno::Fault)?;
        if end > self.0.len() as u64 {
            return Err(Errno::Fault);
        }
        Ok(start as usize..end as usize)
    }

    pub fn bytes(&self, ptr: Ptr, len: u32) -> Result<&[u8], Errno> {
        let range = self.range(ptr, len.into())?;
        Ok(&self.0[range])
    }

    pub fn bytes_mut(&mut self, ptr: Ptr, len: u32) -> Result<&mut [u8], Errno> {
        let range = self.range(ptr, len.into())?;
        Ok(&mut self.0[range])
    }

    pub fn write_bytes(&mut self, ptr: Ptr, bytes: &[u8]) -> Result<(), Errno> {
        let range = self.range(ptr, bytes.len() as u64)?;
        self.0[range].copy_from_slice(bytes);
        Ok(())
    }

    /// The place for a result at `ptr`.
    pub fn slot<T: Record>(&self, ptr: Ptr) -> Result<Slot<T>, Errno> {
        Ok(Slot { range: self.range(ptr, T::SIZE as u64)?, value: PhantomData })
    }

    /// Writes a result to its place.
    pub fn put<T: Record>(&mut self, slot: Slot<T>, value: T) {
        let bytes = &mut self.0[slot.range];
        bytes.fill(0);
        value.store(bytes);
    }

    /// Writes element `index` of the array at `ptr`.
    pub fn write_element<T: Record>(&mut self, ptr: Ptr, index: usize, value: T) -> Result<(), Errno> {
        let slot = self.slot(ptr.element::<T>(index)?)?;
        self.put(slot, value);
        Ok(())
    }

    /// Reads element `index` of the array at `ptr`.
    pub fn read_element<T: Record>(&self, ptr: Ptr, index: usize) -> Result<T, Errno> {
        let range = self.range(ptr.element::<T>(index)?, T::SIZE as u64)?;
        Ok(T::load(&self.0[range]))
    }

    /// An array of `count` elements lies at `ptr`.
    pub fn check_array<T: Record>(&self, ptr: Ptr, count: u32) -> Result<(), Errno> {
        self.range(ptr, u64::from(count) * T::SIZE as u64).map(|_| ())
    }

    /// A string that names something: UTF-8, without NUL.
    pub fn text(&self, ptr: Ptr, len: u32) -> Result<&Path, Errno> {
        let bytes = self.bytes(ptr, len)?;
        if bytes.len() > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        let text = str::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
        if text.contains('\0') {
            return Err(Errno::Inval);
        }
        Ok(Path::new(text))
    }

    /// A path to be looked up in a directory: not empty, not absolute.
    pub fn path(&self, ptr: Ptr, len: u32) -> Result<&Path, Errno> {
        let path = self.text(ptr, len)?;
        if path.as_os_str().is_empty() {
            return Err(Errno::Noent);
        }
        if path.is_absolute() {
            return Err(Errno::Notcapable);
        }
        Ok(path)
    }

    /// The regions that a list of `iovec` or `ciovec` names, without the empty ones.
    pub fn regions(&self, iovs: Ptr, count: u32) -> Result<Vec<Range<usize>>, Errno> {
        self.check_array::<Iovec>(iovs, count)?;
        let mut regions = Vec::with_capacity((count as usize).min(MAX_REGIONS));
        for index in 0..count as usize {
            let iovec: Iovec = self.read_element(iovs, index)?;
            let region = self.range(Ptr(iovec.buf), iovec.len.into())?;
            if region.is_empty() {
                continue;
            }
            if regions.len() == MAX_REGIONS {
                break;
            }
            regions.push(region);
        }
        Ok(regions)
    }

    /// The regions as the host wants them for writing out.
    pub fn gather(&self, regions: &[Range<usize>]) -> Vec<IoSlice<'_>> {
        regions.iter().map(|region| IoSlice::new(&self.0[region.clone()])).collect()
    }

    /// The regions as the host wants them for reading in, in their order; `None` if two overlap.
    pub fn scatter(&mut self, regions: &[Range<usize>]) -> Option<Vec<IoSliceMut<'_>>> {
        if let [region] = regions {
            return Some(vec![self.region_mut(region.clone())]);
        }
        let mut order: Vec<usize> = (0..regions.len()).collect();
        order.sort_unstable_by_key(|&index| regions[index].start);
        let mut slices: Vec<IoSliceMut<'_>> = regions.iter().map(|_| IoSliceMut::new(&mut [])).collect();
        let mut rest = &mut self.0[..];
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

    /// One region alone.
    pub fn region_mut(&mut self, region: Range<usize>) -> IoSliceMut<'_> {
        IoSliceMut::new(&mut self.0[region])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_the_end() {
        let mut bytes = [0; 16];
        let mut memory = Memory::new(&mut bytes);
        assert!(memory.slot::<u64>(Ptr(8)).is_ok());
        assert_eq!(memory.slot::<u64>(Ptr(9)).unwrap_err(), Errno::Fault);
        assert_eq!(memory.slot::<u64>(Ptr(u32::MAX)).unwrap_err(), Errno::Fault);
        assert_eq!(memory.bytes(Ptr(0), 17).unwrap_err(), Errno::Fault);
        assert!(memory.bytes(Ptr(16), 0).is_ok());
        assert_eq!(memory.bytes_mut(Ptr(17), 0).unwrap_err(), Errno::Fault);
        assert_eq!(memory.check_array::<Iovec>(Ptr(0), u32::MAX).unwrap_err(), Errno::Fault);
        assert_eq!(memory.read_element::<u64>(Ptr(8), 1).unwrap_err(), Errno::Fault);
    }

    #[test]
    fn scattered_regions_keep_their_order() {
        let mut bytes: Vec<u8> = (0..16).collect();
        let mut memory = Memory::new(&mut bytes);
        let slices = memory.scatter(&[8..10, 0..4, 4..5]).unwrap();
        let got: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        assert_eq!(got, [&[8, 9][..], &[0, 1, 2, 3], &[4]]);
        assert!(memory.scatter(&[0..4, 3..5]).is_none());
    }
}
