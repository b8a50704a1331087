//! A shared library for macOS: a Mach-O file.
//!
//! ```text
//! __TEXT        r-x   header, load commands
//!   __native            the native section's header, up to the page with the image
//!   __text              code
//! __CONST       r--   if there are constants
//!   __const
//! __DATA        rw-   if there are import slots
//!   __slots
//! __WASMEDGE    r--
//!   __module            the original module
//! __LINKEDIT    r--   fixups (there are none), trie of exported symbols, symbols and their names, signature
//! ```
//!
//! Addresses are offsets in the file. Sections cannot lie in one another here: the native section begins with `__native` and
//! ends where the last section of the image does. Each exported function has the symbol of C: its name behind an underscore.
//!
//! What dyld checks holds: segments are whole pages in the order of their load commands, none is both writable and executable;
//! what `__LINKEDIT` holds is aligned to 8 bytes, in the order that Apple's linker has, and without gaps; the library depends on libSystem, which
//! every process has.

use crate::error;
use crate::library::{Library, signature, trie};
use abi::container::{MACH_O_MODULE_SECTION, MACH_O_NATIVE_SECTION, hash};
use artifact::{Error, Kind};
use object::macho;
use object::write::macho::{
    BuildVersionCommand, DylibCommand, DysymtabCommand, Encoder, MachHeader, Nlist, SectionHeader, SegmentCommand,
    SymtabCommand,
};
use object::{Endianness, LittleEndian as LE, U32, pod};
use std::ops::Range;

const READ: macho::VmProt = macho::VM_PROT_READ;
const WRITE: macho::VmProt = macho::VM_PROT_WRITE;
const EXECUTE: macho::VmProt = macho::VM_PROT_EXECUTE;

/// The first system that runs on Apple's processors.
const OLDEST_SYSTEM: macho::Version = macho::Version(11 << 16);
const LIB_SYSTEM: &[u8] = b"/usr/lib/libSystem.B.dylib";
const CODE: macho::SectionFlags = macho::S_ATTR_PURE_INSTRUCTIONS.with(macho::S_ATTR_SOME_INSTRUCTIONS);

/// A segment; its sections lie within it. Its addresses are its offsets in the file.
struct Segment {
    name: &'static str,
    protection: macho::VmProt,
    range: Range<u64>,
    sections: Vec<Section>,
}

struct Section {
    name: &'static str,
    range: Range<u64>,
    /// A power of two.
    align: u64,
    code: bool,
}

/// What the segment `__LINKEDIT` holds, the signature aside.
struct LinkEdit {
    at: u64,
    bytes: Vec<u8>,
    fixups: Range<u64>,
    trie: Range<u64>,
    symbols: Range<u64>,
    strings: Range<u64>,
    signature: Range<u64>,
}

/// Writes a library.
pub(super) fn write(library: &Library<'_>) -> Result<Vec<u8>, Error> {
    let encoder = Encoder::new(Endianness::Little, true);
    let name = library.own_name("dylib");
    let install_name = format!("@rpath/{name}");
    let page = u64::from(library.native.page_size);
    let parts = &library.native.parts;

    // The segments' commands are as large as these say that they are, wherever the segments lie.
    let segment = |sections: u32| encoder.segment_command_size(sections);
    let optional = [&parts.read_only, &parts.slots].into_iter().filter(|part| !part.is_empty()).count() as u64;
    let text_sections = 1 + u32::from(!parts.text.is_empty());
    let commands_size = segment(text_sections)
        + (optional + 1) * segment(1)
        + segment(0)
        + encoder.dylib_command_size(install_name.len())
        + encoder.dylib_command_size(LIB_SYSTEM.len())
        + encoder.linkedit_data_command_size() * 3
        + encoder.symtab_command_size()
        + encoder.dysymtab_command_size()
        + encoder.load_command_size(UUID_SIZE as u64)
        + encoder.build_version_command_size(0);
    let native_at = (encoder.mach_header_size() + commands_size).next_multiple_of(16);
    let payload = library.native.encode(library.image, native_at);
    let native_end = native_at + payload.len() as u64;
    let image_at = native_end - library.image.len() as u64;
    let segments = segments(library, native_at, image_at);
    let linkedit = link_edit(library, &segments, &name, image_at);
    if linkedit.signature.end.next_multiple_of(page) > u64::from(u32::MAX) {
        return Err(error(Kind::Limit, "the library is larger than 4 GiB"));
    }

    let mut file = Vec::with_capacity(linkedit.signature.end as usize);
    let (cputype, cpusubtype) = library.arch.cpu_type();
    let header = MachHeader {
        cputype,
        cpusubtype,
        filetype: macho::MH_DYLIB,
        // With `__LINKEDIT` and the nine commands that are no segments.
        ncmds: segments.len() as u32 + 10,
        sizeofcmds: commands_size as u32,
        flags: macho::MH_NOUNDEFS | macho::MH_DYLDLINK | macho::MH_TWOLEVEL | macho::MH_NO_REEXPORTED_DYLIBS,
    };
    encoder.mach_header(&mut file, &header);
    segments.iter().for_each(|segment| segment.write(encoder, &mut file, page));
    let linkedit_range = linkedit.at..linkedit.signature.end;
    Segment { name: "__LINKEDIT", protection: READ, range: linkedit_range, sections: vec![] }
        .write(encoder, &mut file, page);
    let dylib = |cmd, name| DylibCommand {
        cmd,
        name,
        timestamp: 0,
        current_version: macho::Version::new(0, 0, 0),
        compatibility_version: macho::Version::new(0, 0, 0),
    };
    encoder.dylib_command(&mut file, &dylib(macho::LC_ID_DYLIB, install_name.as_bytes()));
    let data = |file: &mut Vec<u8>, command, range: &Range<u64>| {
        encoder.linkedit_data_command(file, command, range.start as u32, (range.end - range.start) as u32);
    };
    data(&mut file, macho::LC_DYLD_CHAINED_FIXUPS, &linkedit.fixups);
    data(&mut file, macho::LC_DYLD_EXPORTS_TRIE, &linkedit.trie);
    let symbols = library.exported.len() as u32;
    let symtab = SymtabCommand {
        symoff: linkedit.symbols.start as u32,
        nsyms: symbols,
        stroff: linkedit.strings.start as u32,
        strsize: (linkedit.strings.end - linkedit.strings.start) as u32,
    };
    encoder.symtab_command(&mut file, &symtab);
    let dysymtab = DysymtabCommand { nextdefsym: symbols, iundefsym: symbols, ..DysymtabCommand::default() };
    encoder.dysymtab_command(&mut file, &dysymtab);
    let uuid_at = file.len() + encoder.load_command_size(0) as usize;
    encoder.load_command(&mut file, macho::LC_UUID, &[0; UUID_SIZE]);
    let version =
        BuildVersionCommand { platform: macho::PLATFORM_MACOS, minos: OLDEST_SYSTEM, sdk: OLDEST_SYSTEM, ntools: 0 };
    encoder.build_version_command(&mut file, &version);
    encoder.dylib_command(&mut file, &dylib(macho::LC_LOAD_DYLIB, LIB_SYSTEM));
    data(&mut file, macho::LC_CODE_SIGNATURE, &linkedit.signature);
    debug_assert_eq!(file.len() as u64, encoder.mach_header_size() + commands_size);

    let module = &segments[segments.len() - 1].sections[0].range;
    for (at, bytes) in [(native_at, &payload[..]), (module.start, library.original), (linkedit.at, &linkedit.bytes)] {
        file.resize(at as usize, 0);
        file.extend(bytes);
    }
    let uuid = uuid(&file);
    file[uuid_at..][..UUID_SIZE].copy_from_slice(&uuid);
    signature::sign(&mut file, &name, segments[0].range.clone());
    debug_assert_eq!(file.len() as u64, linkedit.signature.end);
    Ok(file)
}

const UUID_SIZE: usize = 16;

/// An identity made from the contents (RFC 9562, version 8).
fn uuid(contents: &[u8]) -> [u8; UUID_SIZE] {
    let mut uuid: [u8; UUID_SIZE] = *hash(contents).first_chunk().expect("a hash is longer");
    uuid[6] = uuid[6] & 0x0F | 0x80;
    uuid[8] = uuid[8] & 0x3F | 0x80;
    uuid
}

/// The segments but the last.
fn segments(library: &Library<'_>, native_at: u64, image_at: u64) -> Vec<Segment> {
    let page = u64::from(library.native.page_size);
    let parts = &library.native.parts;
    let mapped = |part: &Range<u32>| image_at + u64::from(part.start)..image_at + u64::from(part.end);
    let whole = |end: u64| end.next_multiple_of(page);

    let mut sections =
        vec![Section { name: MACH_O_NATIVE_SECTION.1, range: native_at..image_at, align: 16, code: false }];
    if !parts.text.is_empty() {
        sections.push(Section { name: "__text", range: mapped(&parts.text), align: 16, code: true });
    }
    let range = 0..whole(sections[sections.len() - 1].range.end);
    let mut segments = vec![Segment { name: MACH_O_NATIVE_SECTION.0, protection: READ | EXECUTE, range, sections }];
    let mut add = |segment, protection, name, range: Range<u64>, align| {
        let sections = vec![Section { name, range: range.clone(), align, code: false }];
        segments.push(Segment { name: segment, protection, range: range.start..whole(range.end), sections });
    };
    if !parts.read_only.is_empty() {
        add("__CONST", READ, "__const", mapped(&parts.read_only), 16);
    }
    if !parts.slots.is_empty() {
        add("__DATA", READ | WRITE, "__slots", mapped(&parts.slots), 8);
    }
    let module_at = whole(image_at + library.image.len() as u64);
    let (segment, name) = MACH_O_MODULE_SECTION;
    add(segment, READ, name, module_at..module_at + library.original.len() as u64, 16);
    segments
}

impl Segment {
    fn write(&self, encoder: Encoder<Endianness>, file: &mut Vec<u8>, page: u64) {
        let Segment { range, .. } = self;
        let command = SegmentCommand {
            segname: padded(self.name),
            vmaddr: range.start,
            vmsize: (range.end - range.start).next_multiple_of(page),
            fileoff: range.start,
            filesize: range.end - range.start,
            maxprot: self.protection,
            initprot: self.protection,
            nsects: self.sections.len() as u32,
            flags: macho::SegmentFlags::default(),
        };
        encoder.segment_command(file, &command);
        for section in &self.sections {
            let header = SectionHeader {
                sectname: padded(section.name),
                segname: padded(self.name),
                addr: section.range.start,
                size: section.range.end - section.range.start,
                offset: section.range.start as u32,
                align: section.align.trailing_zeros(),
                reloff: 0,
                nreloc: 0,
                flags: if section.code { CODE } else { macho::SectionFlags::default() },
                reserved1: 0,
                reserved2: 0,
                reserved3: 0,
            };
            encoder.section_header(file, &header);
        }
    }
}

/// A name as load commands have it.
fn padded(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

/// Makes `__LINKEDIT`, which follows the segments.
fn link_edit(library: &Library<'_>, segments: &[Segment], name: &str, image_at: u64) -> LinkEdit {
    let encoder = Encoder::new(Endianness::Little, true);
    let at = segments.last().expect("one has the module").range.end;
    let names: Vec<(Vec<u8>, u64)> = library
        .by_name()
        .into_iter()
        .map(|function| ([b"_", function.name].concat(), image_at + u64::from(function.offset)))
        .collect();
    let mut bytes = Vec::new();
    // Each piece ends where the next begins: tools that change such files refuse them otherwise.
    let place = |bytes: &mut Vec<u8>, more: &[u8], align: u64| {
        let start = at + bytes.len() as u64;
        bytes.extend(more);
        let end = (at + bytes.len() as u64).next_multiple_of(align);
        bytes.resize((end - at) as usize, 0);
        start..end
    };
    let align = encoder.address_size();

    let fixups = place(&mut bytes, &no_fixups(segments.len() as u32 + 1), align);
    let exported: Vec<(&[u8], u64)> = names.iter().map(|(name, address)| (&name[..], *address)).collect();
    let trie = match exported.is_empty() {
        // No trie at all, as linkers have it: one without names is malformed to some readers.
        true => 0..0,
        false => place(&mut bytes, &trie::encode(&exported), align),
    };
    // A name's place of 0 means that there is none.
    let mut strings = vec![0];
    let mut symbols = Vec::new();
    for (name, address) in exported {
        let symbol = Nlist {
            n_strx: strings.len() as u32,
            n_type: macho::N_SECT | macho::N_EXT,
            // Sections are counted from 1; the first is `__native`.
            n_sect: 2,
            n_desc: macho::SymbolDesc::default(),
            n_value: address,
        };
        encoder.nlist(&mut symbols, &symbol);
        strings.extend(name);
        strings.push(0);
    }
    let symbols = place(&mut bytes, &symbols, align);
    let strings = place(&mut bytes, &strings, signature::ALIGN);
    let signature = strings.end..strings.end + signature::size(name, strings.end);
    LinkEdit { at, bytes, fixups, trie, symbols, strings, signature }
}

/// That a library with so many segments has nothing that dyld must fix: where newer systems look.
fn no_fixups(segments: u32) -> Vec<u8> {
    let word = |value: usize| U32::new(LE, value as u32);
    let starts = size_of::<macho::DyldChainedFixupsHeader<LE>>().next_multiple_of(8);
    let end = starts + 4 + 4 * segments as usize;
    let header = macho::DyldChainedFixupsHeader {
        fixups_version: word(0),
        starts_offset: word(starts),
        imports_offset: word(end),
        symbols_offset: word(end),
        imports_count: word(0),
        imports_format: U32::new(LE, macho::DYLD_CHAINED_IMPORT),
        symbols_format: word(0),
    };
    let mut bytes = pod::bytes_of(&header).to_vec();
    bytes.resize(starts, 0);
    bytes.extend(segments.to_le_bytes());
    // For each segment where its fixups are said to be: nowhere. Then the one name that every list of them begins with.
    bytes.resize(end + 1, 0);
    bytes
}
