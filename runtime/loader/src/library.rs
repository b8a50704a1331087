//! Finding the pieces of a container in a shared library.

use crate::{Pieces, Rejected};
use abi::container::{LIBRARY_MODULE_SECTION, LIBRARY_SECTION};
use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _, SectionTable};
use std::ops::Range;

type Header = FileHeader64<LittleEndian>;

/// What systems a library is for whose format is not the one of Linux; none if it is no such library.
pub(crate) fn foreign(file: &[u8]) -> Option<&'static str> {
    // A Mach-O file begins with its magic number, in the order of its processor, or of many processors; a PE file begins as a
    // program for MS-DOS, which says where the rest is.
    const MACH_O: [[u8; 4]; 2] = [[0xCF, 0xFA, 0xED, 0xFE], [0xCE, 0xFA, 0xED, 0xFE]];
    if file.first_chunk().is_some_and(|magic| MACH_O.contains(magic)) {
        return Some("macOS (Mach-O)");
    }
    let header = file.get(0x3C..0x40).and_then(|at| at.first_chunk()).map(|at| u32::from_le_bytes(*at) as usize);
    let pe = header.and_then(|at| file.get(at..)).is_some_and(|header| header.starts_with(b"PE\0\0"));
    (file.starts_with(b"MZ") && pe).then_some("Windows (PE)")
}

/// Finds the pieces by the names of their sections.
pub(crate) fn find(file: &[u8]) -> Result<Pieces, Rejected> {
    let damaged = |error: object::read::Error| Rejected::Damaged(error.to_string());
    let header = Header::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let sections = header.sections(endian, file).map_err(damaged)?;
    Ok(Pieces {
        module: place(file, &sections, endian, LIBRARY_MODULE_SECTION)?,
        native: place(file, &sections, endian, LIBRARY_SECTION)?,
    })
}

fn place(
    file: &[u8],
    sections: &SectionTable<'_, Header>,
    endian: LittleEndian,
    name: &'static str,
) -> Result<Range<usize>, Rejected> {
    let (_, section) = sections.section_by_name(endian, name.as_bytes()).ok_or(Rejected::Missing(name))?;
    let (start, size) = section.file_range(endian).ok_or(Rejected::Missing(name))?;
    let end = start.checked_add(size).filter(|&end| end <= file.len() as u64).ok_or(Rejected::Truncated)?;
    Ok(start as usize..end as usize)
}
