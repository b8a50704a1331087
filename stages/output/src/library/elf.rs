//! A shared library for Linux: an ELF file.
//!
//! ```text
//! ELF header, program headers
//! .dynsym .dynstr .hash      the exported functions under their WebAssembly names
//! .wasmedge.native           the native section: its header, then the image, where these lie:
//!     .text                      mapped executable
//!     .rodata                    mapped readable
//!     .got                       the import slots, mapped writable
//! .dynamic                   mapped writable, behind the slots if there are any
//! .wasmedge.module           the original module
//! .shstrtab, section headers
//! ```
//!
//! Addresses are offsets in the file.

use crate::error;
use crate::library::Library;
use abi::container::{LIBRARY_MODULE_SECTION, LIBRARY_SECTION};
use artifact::{Error, Kind};
use object::Endianness;
use object::elf;
use object::write::StringId;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, SectionIndex, Sym, Writer};
use std::ops::Range;

/// A section that the writer does not know by itself.
struct OwnSection {
    name: StringId,
    index: SectionIndex,
    range: Range<u64>,
    flags: elf::SectionFlags,
    align: u64,
}

/// Writes a library.
pub(super) fn write(library: &Library<'_>) -> Result<Vec<u8>, Error> {
    let &Library { arch, native, image, original, ref exported } = library;
    let failed = |cause: object::write::Error| error(Kind::Limit, format!("the library cannot be written: {cause}"));
    let mut file = Vec::new();
    let mut writer = Writer::new(Endianness::Little, true, &mut file);
    let strings: Vec<StringId> = exported.iter().map(|function| writer.add_dynamic_string(function.name)).collect();
    let page = u64::from(native.page_size);
    let parts = &native.parts;

    // Places, in the order of the file.
    writer.reserve_file_header();
    writer.reserve_program_headers(
        4 + [&parts.text, &parts.read_only].into_iter().filter(|part| !part.is_empty()).count() as u32,
    );
    writer.reserve_null_dynamic_symbol_index();
    for _ in exported {
        writer.reserve_dynamic_symbol_index();
    }
    let dynsym = writer.reserve_dynsym();
    let dynstr = writer.reserve_dynstr().map_err(failed)?;
    let symbols = exported.len() as u32 + 1;
    let buckets = (symbols / 2).max(1);
    let hash = writer.reserve_hash(buckets, symbols);

    let native_at = writer.reserve(0, 16);
    let payload = native.encode(image, native_at);
    writer.reserve(payload.len() as u64, 1);
    let native_end = native_at + payload.len() as u64;
    let image_at = native_end - image.len() as u64;
    let mapped = |part: &Range<u32>| image_at + u64::from(part.start)..image_at + u64::from(part.end);

    // The dynamic loader writes to the dynamic section: it never shares a page with code or constants.
    writer.reserve(0, if parts.slots.is_empty() { page } else { 8 });
    let dynamic = writer.reserve_dynamic(DYNAMIC_ENTRIES);
    let dynamic_end = writer.reserved_len();
    let writable = if parts.slots.is_empty() { dynamic } else { mapped(&parts.slots).start }..dynamic_end;
    let module_at = writer.reserve(original.len() as u64, 16);

    // Section headers, in the same order.
    writer.reserve_null_section_index();
    writer.reserve_dynsym_section_index();
    writer.reserve_dynstr_section_index();
    writer.reserve_hash_section_index();
    let own = |writer: &mut Writer<'_>, name: &'static str, range: Range<u64>, flags, align| OwnSection {
        name: writer.add_section_name(name.as_bytes()),
        index: writer.reserve_section_index(),
        range,
        flags,
        align,
    };
    let mut sections = vec![own(&mut writer, LIBRARY_SECTION, native_at..native_end, elf::SectionFlags(0), 16)];
    let image_sections = [
        (".text", &parts.text, elf::SHF_ALLOC | elf::SHF_EXECINSTR, 16),
        (".rodata", &parts.read_only, elf::SHF_ALLOC, 16),
        (".got", &parts.slots, elf::SHF_ALLOC | elf::SHF_WRITE, 8),
    ];
    for (name, part, flags, align) in image_sections {
        if !part.is_empty() {
            sections.push(own(&mut writer, name, mapped(part), flags, align));
        }
    }
    writer.reserve_dynamic_section_index();
    let module_section = module_at..module_at + original.len() as u64;
    let module_section = own(&mut writer, LIBRARY_MODULE_SECTION, module_section, elf::SectionFlags(0), 16);
    writer.reserve_shstrtab_section_index();
    writer.reserve_shstrtab().map_err(failed)?;
    writer.reserve_section_headers();

    // Contents.
    writer
        .write_file_header(&FileHeader {
            os_abi: elf::ELFOSABI_SYSV,
            abi_version: 0,
            e_type: elf::ET_DYN,
            e_machine: arch.machine(),
            e_entry: 0,
            e_flags: elf::FileFlags(0),
        })
        .map_err(failed)?;
    writer.write_align_program_headers();
    let mut segment = |p_type, p_flags, range: Range<u64>, p_align| {
        let size = range.end - range.start;
        writer.write_program_header(&ProgramHeader {
            p_type,
            p_flags,
            p_offset: range.start,
            p_vaddr: range.start,
            p_paddr: range.start,
            p_filesz: size,
            p_memsz: size,
            p_align,
        });
    };
    segment(elf::PT_LOAD, elf::PF_R, 0..image_at, page);
    for (part, flags) in [(&parts.text, elf::PF_R | elf::PF_X), (&parts.read_only, elf::PF_R)] {
        if !part.is_empty() {
            segment(elf::PT_LOAD, flags, mapped(part), page);
        }
    }
    segment(elf::PT_LOAD, elf::PF_R | elf::PF_W, writable, page);
    segment(elf::PT_DYNAMIC, elf::PF_R | elf::PF_W, dynamic..dynamic_end, 8);
    segment(elf::PT_GNU_STACK, elf::PF_R | elf::PF_W, 0..0, 16);

    let text = sections.get(1).map(|section| section.index.0);
    writer.write_null_dynamic_symbol();
    for (function, &string) in exported.iter().zip(&strings) {
        let st_name = writer.dynamic_string_offset(Some(string));
        writer.write_dynamic_symbol(&Sym {
            section: text,
            st_name,
            st_info: elf::SymbolInfo::new(elf::STB_GLOBAL, elf::STT_FUNC),
            st_other: elf::SymbolOther::default(),
            st_shndx: elf::SHN_UNDEF,
            st_value: image_at + u64::from(function.offset),
            st_size: function.size,
        });
    }
    writer.write_dynstr();
    writer.write_hash(buckets, symbols, |index| Some(elf::hash(exported.get((index as usize).checked_sub(1)?)?.name)));
    writer.pad_until(native_at);
    writer.write(&payload);
    writer.pad_until(dynamic);
    writer.write_align_dynamic();
    let entries: [(elf::DynamicTag, u64); DYNAMIC_ENTRIES] = [
        (elf::DT_HASH, hash),
        (elf::DT_STRTAB, dynstr),
        (elf::DT_SYMTAB, dynsym),
        (elf::DT_STRSZ, u64::from(writer.dynstr_len())),
        (elf::DT_SYMENT, size_of::<elf::Sym64<Endianness>>() as u64),
        (elf::DT_NULL, 0),
    ];
    for (tag, value) in entries {
        writer.write_dynamic(tag, value).map_err(failed)?;
    }
    writer.pad_until(module_at);
    writer.write(original);
    writer.write_shstrtab();

    writer.write_null_section_header();
    writer.write_dynsym_section_header(dynsym, 1);
    writer.write_dynstr_section_header(dynstr);
    writer.write_hash_section_header(hash);
    let header = |writer: &mut Writer<'_>, section: &OwnSection| {
        let mapped = section.flags.0 & elf::SHF_ALLOC.0 != 0;
        writer.write_section_header(&SectionHeader {
            sh_name: writer.section_name_offset(Some(section.name)),
            sh_type: elf::SHT_PROGBITS,
            sh_flags: section.flags,
            sh_addr: if mapped { section.range.start } else { 0 },
            sh_offset: section.range.start,
            sh_size: section.range.end - section.range.start,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: section.align,
            sh_entsize: 0,
        });
    };
    sections.iter().for_each(|section| header(&mut writer, section));
    writer.write_dynamic_section_header(dynamic);
    header(&mut writer, &module_section);
    writer.write_shstrtab_section_header();
    debug_assert_eq!(writer.reserved_len(), writer.len());
    Ok(file)
}

const DYNAMIC_ENTRIES: usize = 6;
