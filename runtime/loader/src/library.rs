//! Finding the pieces of a container in a shared library.

use crate::{Pieces, Rejected};
use abi::container::{LIBRARY_MODULE_SECTION, LIBRARY_SECTION};
use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _, SectionTable};
use std::ops::Range;

type Header = FileHeader64<LittleEndian>;

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
