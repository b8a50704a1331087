//! PE libraries.

use super::*;
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::PeFile64;

const WINDOWS: [&str; 2] = [WINDOWS_INTEL, WINDOWS_ARM];

#[test]
fn tools_read_them() {
    each_library(&WINDOWS, |triple, name, bytes, file| {
        let show = |arguments: &[&str]| tool("llvm-readobj-22", arguments, "dll", file);
        let text = show(&["--file-headers", "--sections", "--coff-exports", "--coff-basereloc"]);
        let machine = if triple == WINDOWS_INTEL { "IMAGE_FILE_MACHINE_AMD64" } else { "IMAGE_FILE_MACHINE_ARM64" };
        for said in [
            machine,
            "IMAGE_FILE_DLL",
            "IMAGE_DLL_CHARACTERISTICS_DYNAMIC_BASE",
            "IMAGE_DLL_CHARACTERISTICS_HIGH_ENTROPY_VA",
            "IMAGE_DLL_CHARACTERISTICS_NX_COMPAT",
            "TimeDateStamp: 1970-01-01 00:00:00 (0x0)",
            "AddressOfEntryPoint: 0x0",
            "Type: ABSOLUTE",
        ] {
            assert!(text.contains(said), "{triple}, {name}: {said}: {text}");
        }
        assert_eq!(text.matches("Export {").count(), exported(bytes).len(), "{text}");
        for (function, address) in open(file).exports {
            let entry = format!("  Name: {function}\n  RVA: 0x{address:X}\n");
            assert!(text.contains(&entry), "{triple}, {name}: {entry}: {text}");
        }
        show(&["--all"]);
        tool("llvm-objdump-22", &["--disassemble", "--private-headers"], "dll", file);
    });
}

/// The checksum as Windows computes it: words and carries are added one by one, without the field itself.
pub(super) fn checksum(file: &[u8]) -> (u32, u32) {
    let field = file_header(file) + 24 + 64;
    let said = u32::from_le_bytes(*file[field..].first_chunk().expect("four bytes"));
    let mut sum = 0u32;
    for at in (0..file.len()).step_by(2).filter(|at| !(field..field + 4).contains(at)) {
        sum += u32::from(file[at]) + (u32::from(file.get(at + 1).copied().unwrap_or(0)) << 8);
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    (said, sum + file.len() as u32)
}

fn file_header(file: &[u8]) -> usize {
    u32::from_le_bytes(*file[0x3C..].first_chunk().expect("four bytes")) as usize
}

#[test]
fn windows_finds_nothing_wrong() {
    each_library(&WINDOWS, |triple, name, _, file| {
        let (said, found) = checksum(file);
        assert_eq!(said, found, "{triple}, {name}");

        let library = PeFile64::parse(file).expect("a library");
        let optional = &library.nt_headers().optional_header;
        let page = optional.section_alignment.get(LE);
        assert_eq!((page, optional.file_alignment.get(LE)), (4096, 4096));
        let mut end = optional.size_of_headers.get(LE);
        assert!(end >= 4096 && end % page == 0);
        for section in library.section_table().iter() {
            let flags = section.characteristics.get(LE);
            let writes = flags.contains(pe::IMAGE_SCN_MEM_WRITE);
            assert!(!(writes && flags.contains(pe::IMAGE_SCN_MEM_EXECUTE)));
            assert_eq!(writes, section.raw_name() == b".data");
            // Sections follow each other without a gap, in memory as in the file.
            assert_eq!((section.virtual_address.get(LE), section.pointer_to_raw_data.get(LE)), (end, end));
            let size = section.virtual_size.get(LE);
            assert!(size > 0, "{triple}, {name}: an empty section is none");
            assert_eq!(section.size_of_raw_data.get(LE), size.next_multiple_of(page));
            end += size.next_multiple_of(page);
        }
        assert_eq!((optional.size_of_image.get(LE), file.len() as u32), (end, end));

        // Names are searched by halves.
        if let Some(table) = library.export_table().expect("a good table of exports") {
            let names: Vec<_> = table.name_iter().map(|(at, _)| table.name_from_pointer(at).expect("a name")).collect();
            assert!(names.is_sorted_by(|a, b| a < b), "{triple}, {name}");
            assert!(table.exports().expect("exports").iter().all(|export| !export.target.is_forward()));
        }
        let relocations = library.data_directories().relocation_blocks(file, &library.section_table());
        let mut relocations = relocations.expect("a table").expect("it is there");
        while let Some(mut block) = relocations.next().expect("a block") {
            assert!(block.all(|relocation| relocation.typ == pe::IMAGE_REL_BASED_ABSOLUTE), "{triple}, {name}");
        }
    });
}

/// Numbers of exports are 16 bits wide.
#[test]
fn more_exports_than_there_are_numbers_are_refused() {
    let with = |count: u32| {
        let exports: String = (0..count).map(|name| format!("(export \"f{name}\" (func 0))")).collect();
        compile(&tests::wat(&format!("(module (func) {exports})")), &request(WINDOWS_INTEL))
    };
    assert_eq!(open(&with(65535).expect("as many as there are")).exports.len(), 65535);
    let error = with(65536).expect_err("too many");
    assert_eq!(error.kind, artifact::Kind::Limit);
    assert_eq!(error.message, "a .dll file exports at most 65535 functions, not 65536");
}
