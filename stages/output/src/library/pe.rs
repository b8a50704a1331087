//! A shared library for Windows: a PE file.
//!
//! ```text
//! MS-DOS header and program, PE header, section headers
//! .edata      r--   if there are exports: the exported functions under their WebAssembly names
//! .wasmnat    r--   the native section's header, up to the page with the image
//! .text       r-x   code
//! .rdata      r--   constants
//! .data       rw-   import slots
//! .wasmmod    r--   the original module
//! .reloc      r--   a block without relocations: a library that needs none can be loaded anywhere, but one without the table is
//!                   taken for one that cannot be moved
//! ```
//!
//! Addresses, from where the library is loaded, are offsets in the file. Sections cannot lie in one another here: the native
//! section begins with `.wasmnat` and ends where the last section of the image does.
//!
//! There are no unwind tables (`.pdata`). Windows asks them when it looks for handlers of an exception frame by frame, and there
//! is nothing to find: our exceptions never meet the system's, faults are dealt with by a vectored handler, which is called
//! before any frame is looked at, and native code runs on a stack that the system does not know, on which it would not walk.

use crate::error;
use crate::library::{Exported, Library};
use abi::container::{PE_MODULE_SECTION, PE_NATIVE_SECTION};
use artifact::{Error, Kind};
use object::write::pe::{NtHeaders, Writer};
use object::{LittleEndian as LE, U16, U32, pe, pod};

const READ: pe::SectionFlags = pe::IMAGE_SCN_CNT_INITIALIZED_DATA.with(pe::IMAGE_SCN_MEM_READ);
const CODE: pe::SectionFlags = pe::IMAGE_SCN_CNT_CODE.with(pe::IMAGE_SCN_MEM_EXECUTE).with(pe::IMAGE_SCN_MEM_READ);

/// Where linkers have libraries loaded that can be loaded anywhere.
const IMAGE_BASE: u64 = 0x1_8000_0000;
/// The checksum's place, from that of the PE header: behind signature and file header, in the optional header.
const CHECKSUM: usize = 4 + size_of::<pe::ImageFileHeader>() + 64;

/// Writes a library.
pub(super) fn write(library: &Library<'_>) -> Result<Vec<u8>, Error> {
    let page = library.native.page_size;
    let parts = &library.native.parts;
    let exported = library.by_name();
    let name = library.own_name("dll");
    // An image that Windows maps holds less than 2 GiB, whatever the headers could say; so no sum below overflows.
    let largest = library.original.len() as u64 + library.image.len() as u64 + exports_size(&name, &exported);
    let slack = 16 * u64::from(page) + library.native.encode(&[], 0).len() as u64;
    if largest + slack > i32::MAX as u64 {
        return Err(error(Kind::Limit, "the library is larger than 2 GiB"));
    }
    if exported.len() > usize::from(u16::MAX) {
        let message = format!("a .dll file exports at most {} functions, not {}", u16::MAX, exported.len());
        return Err(error(Kind::Limit, message));
    }

    let mut file = Vec::new();
    let mut writer = Writer::new(true, page, page, &mut file);
    let image_sections = [
        (".text", &parts.text, CODE),
        (".rdata", &parts.read_only, READ),
        (".data", &parts.slots, READ | pe::IMAGE_SCN_MEM_WRITE),
    ];
    let image_sections = image_sections.into_iter().filter(|(_, part, _)| !part.is_empty());
    writer.reserve_dos_header_and_stub();
    writer.reserve_nt_headers(pe::IMAGE_NUMBEROF_DIRECTORY_ENTRIES);
    writer.reserve_section_headers(3 + image_sections.clone().count() as u16 + u16::from(!exported.is_empty()));

    let exports_at = match exported.is_empty() {
        true => None,
        false => Some(writer.reserve_edata_section(exports_size(&name, &exported) as u32).virtual_address),
    };
    let native_at = writer.virtual_len();
    let payload = library.native.encode(library.image, native_at.into());
    let header_length = payload.len() - library.image.len();
    let image_at = native_at + header_length as u32;
    let reserve = |writer: &mut Writer<'_>, name, flags, size: usize, bytes: &[u8]| {
        let section = writer.reserve_section(padded(name), flags, size as u32, bytes.len() as u32);
        debug_assert_eq!(section.file_offset, section.virtual_address);
        section.file_offset
    };
    let mut contents: Vec<(u32, &[u8])> = Vec::new();
    let header = &payload[..header_length];
    contents.push((reserve(&mut writer, PE_NATIVE_SECTION, READ, header.len(), header), header));
    for (name, part, flags) in image_sections {
        // With what lies behind it, up to the next part.
        let end = part.end.next_multiple_of(page).min(library.image.len() as u32);
        let bytes = &library.image[part.start as usize..end as usize];
        let at = reserve(&mut writer, name, flags, part.len(), bytes);
        debug_assert_eq!(at, image_at + part.start);
        contents.push((at, bytes));
    }
    let module = library.original;
    contents.push((reserve(&mut writer, PE_MODULE_SECTION, READ, module.len(), module), module));
    writer.add_reloc(native_at, pe::IMAGE_REL_BASED_ABSOLUTE);
    writer.reserve_reloc_section();

    let headers_at = writer.nt_headers_offset();
    let failed = |cause: object::write::Error| error(Kind::Limit, format!("the library cannot be written: {cause}"));
    writer.write_dos_header_and_stub().map_err(failed)?;
    writer.write_nt_headers(headers(library));
    writer.write_section_headers();
    if let Some(at) = exports_at {
        writer.write_section(at, &exports(&name, &exported, at, image_at));
    }
    contents.iter().for_each(|(at, bytes)| writer.write_section(*at, bytes));
    writer.write_reloc_section();
    debug_assert_eq!(writer.reserved_len(), writer.len());
    let checksum = checksum(&file);
    file[headers_at as usize + CHECKSUM..][..4].copy_from_slice(&checksum.to_le_bytes());
    Ok(file)
}

fn headers(library: &Library<'_>) -> NtHeaders {
    NtHeaders {
        machine: library.arch.pe_machine(),
        time_date_stamp: 0,
        characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE | pe::IMAGE_FILE_LARGE_ADDRESS_AWARE | pe::IMAGE_FILE_DLL,
        major_linker_version: 0,
        minor_linker_version: 0,
        // Nothing is called when it is loaded.
        address_of_entry_point: 0,
        image_base: IMAGE_BASE,
        major_operating_system_version: 6,
        minor_operating_system_version: 0,
        major_image_version: 0,
        minor_image_version: 0,
        major_subsystem_version: 6,
        minor_subsystem_version: 0,
        subsystem: pe::IMAGE_SUBSYSTEM_WINDOWS_CUI,
        dll_characteristics: pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
            | pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT
            | pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA,
        // For executables only, but what linkers write.
        size_of_stack_reserve: 1 << 20,
        size_of_stack_commit: 1 << 12,
        size_of_heap_reserve: 1 << 20,
        size_of_heap_commit: 1 << 12,
    }
}

/// A name as section headers have it.
fn padded(name: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

/// What the table of exports begins with for one function: its address, its name's and its number.
const EXPORT_SIZE: usize = 4 + 4 + 2;
const DIRECTORY_SIZE: usize = size_of::<pe::ImageExportDirectory>();

/// The size of the table of exports in bytes.
fn exports_size(own_name: &str, exported: &[&Exported<'_>]) -> u64 {
    let own_name = own_name.len() + 1;
    let names: usize = exported.iter().map(|function| EXPORT_SIZE + function.name.len() + 1).sum();
    (DIRECTORY_SIZE + own_name + names) as u64
}

/// The table of exports: the directory, addresses, addresses of names, numbers, the library's name and all names.
fn exports(own_name: &str, exported: &[&Exported<'_>], at: u32, image_at: u32) -> Vec<u8> {
    let word = |value: u32| U32::new(LE, value);
    let count = exported.len() as u32;
    let functions = at + DIRECTORY_SIZE as u32;
    let names = functions + 4 * count;
    let numbers = names + 4 * count;
    let strings = numbers + 2 * count;
    let directory = pe::ImageExportDirectory {
        characteristics: word(0),
        time_date_stamp: word(0),
        major_version: U16::new(LE, 0),
        minor_version: U16::new(LE, 0),
        name: word(strings),
        base: word(1),
        number_of_functions: word(count),
        number_of_names: word(count),
        address_of_functions: word(functions),
        address_of_names: word(names),
        address_of_name_ordinals: word(numbers),
    };
    let mut table = pod::bytes_of(&directory).to_vec();
    exported.iter().for_each(|function| table.extend((image_at + function.offset).to_le_bytes()));
    let mut text = own_name.as_bytes().to_vec();
    text.push(0);
    for function in exported {
        table.extend((strings + text.len() as u32).to_le_bytes());
        text.extend(function.name);
        text.push(0);
    }
    (0..count as u16).for_each(|number| table.extend(number.to_le_bytes()));
    table.extend(text);
    table
}

/// The sum that Windows checks of some files: of 16-bit words with the carry added again, and the file's length.
fn checksum(file: &[u8]) -> u32 {
    let mut sum = 0u64;
    for word in file.chunks(2) {
        sum += u64::from(word[0]) | u64::from(word.get(1).copied().unwrap_or(0)) << 8;
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    sum as u32 + file.len() as u32
}
