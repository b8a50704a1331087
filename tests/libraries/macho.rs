//! Mach-O libraries.

use super::*;
use object::LittleEndian as LE;
use object::macho;
use object::read::macho::{LoadCommandVariant, MachHeader, MachOFile64, Segment};
use sha2::{Digest, Sha256};
use std::ops::Range;

const MACS: [&str; 2] = [MAC_ARM, MAC_INTEL];

#[test]
fn tools_read_them() {
    each_library(&MACS, |triple, name, bytes, file| {
        let show = |arguments: &[&str]| tool("llvm-objdump-22", arguments, "dylib", file);
        let headers = show(&["--macho", "--private-headers", "--chained-fixups"]);
        for said in ["DYLIB", "NOUNDEFS DYLDLINK TWOLEVEL", "platform macos", "LC_CODE_SIGNATURE", "LC_UUID"] {
            assert!(headers.contains(said), "{triple}, {name}: {said}: {headers}");
        }
        let used = show(&["--macho", "--dylibs-used"]);
        assert!(used.contains("\t@rpath/wasmedge-") && used.contains("\t/usr/lib/libSystem.B.dylib"), "{used}");
        assert_eq!(used.lines().count(), 3, "{used}");

        let trie = show(&["--macho", "--exports-trie"]);
        assert_eq!(trie.lines().filter(|line| line.starts_with("0x")).count(), exported(bytes).len(), "{trie}");
        for (function, address) in open(file).exports {
            assert!(trie.contains(&format!("0x{address:08X}  _{function}\n")), "{triple}, {name}, {function}: {trie}");
        }
        show(&["--disassemble", "--section-headers"]);
        tool("llvm-readobj-22", &["--all"], "dylib", file);
        if !exported(bytes).is_empty() {
            let symbols = tool("llvm-nm-22", &["--format=posix"], "dylib", file);
            assert_eq!(symbols.matches(" T ").count(), exported(bytes).len(), "{symbols}");
        }
    });
}

/// What a load command says about where some bytes are.
fn data(command: &macho::LinkeditDataCommand<LE>) -> Range<u64> {
    let start = u64::from(command.dataoff.get(LE));
    start..start + u64::from(command.datasize.get(LE))
}

/// Checks what dyld, which loads such files, and the tool that signs them do.
fn check_layout(triple: &str, exports: bool, file: &[u8]) {
    let page = if triple == MAC_ARM { 16384 } else { 4096 };
    let header = macho::MachHeader64::<LE>::parse(file, 0).expect("a header");
    let (mut commands, mut read) = (header.load_commands(LE, file, 0).expect("load commands"), 0);
    let header_end = size_of::<macho::MachHeader64<LE>>() as u64 + u64::from(header.sizeofcmds(LE));
    let (mut segments, mut linkedit, mut counts) = (Vec::new(), Vec::new(), BTreeMap::<&str, u32>::new());
    while let Some(command) = commands.next().expect("a load command") {
        assert_eq!(command.cmdsize() % 8, 0);
        read += 1;
        let name = match command.variant().expect("a load command that is known") {
            LoadCommandVariant::Segment64(segment, sections) => {
                let name = std::str::from_utf8(segment.name()).expect("a name").to_string();
                let file = segment.fileoff(LE)..segment.fileoff(LE) + segment.filesize(LE);
                let memory = segment.vmaddr(LE)..segment.vmaddr(LE) + segment.vmsize(LE);
                for section in segment.sections(LE, sections).expect("sections") {
                    let start = section.addr.get(LE);
                    assert!(memory.start <= start && start + section.size.get(LE) <= memory.end, "{name}");
                    assert_eq!(start, u64::from(section.offset.get(LE)));
                    assert_eq!(start % (1 << section.align.get(LE)), 0);
                }
                assert_eq!(segment.maxprot.get(LE), segment.initprot.get(LE));
                segments.push((name, file, memory, segment.initprot.get(LE).0));
                "segment"
            }
            LoadCommandVariant::Symtab(symtab) => {
                let symbols = u64::from(symtab.symoff.get(LE));
                linkedit.push(("symbols", symbols..symbols + 16 * u64::from(symtab.nsyms.get(LE))));
                let strings = u64::from(symtab.stroff.get(LE));
                linkedit.push(("strings", strings..strings + u64::from(symtab.strsize.get(LE))));
                "symtab"
            }
            LoadCommandVariant::Dysymtab(_) => "dysymtab",
            LoadCommandVariant::IdDylib(_) => "id",
            LoadCommandVariant::Dylib(_) => "dylib",
            LoadCommandVariant::Uuid(uuid) => {
                assert_ne!(uuid.uuid, [0; 16]);
                "uuid"
            }
            LoadCommandVariant::BuildVersion(..) => "version",
            LoadCommandVariant::LinkeditData(command) => {
                let name = match command.cmd.get(LE) {
                    macho::LC_DYLD_CHAINED_FIXUPS => "fixups",
                    macho::LC_DYLD_EXPORTS_TRIE => "trie",
                    macho::LC_CODE_SIGNATURE => "signature",
                    other => panic!("{other:?}"),
                };
                // Without exports there is no trie.
                if name != "trie" || command.datasize.get(LE) != 0 {
                    linkedit.push((name, data(command)));
                }
                name
            }
            other => panic!("{other:?}"),
        };
        *counts.entry(name).or_default() += 1;
    }
    assert_eq!(read, header.ncmds(LE));
    counts.remove("segment");
    let once = ["dylib", "dysymtab", "fixups", "id", "signature", "symtab", "trie", "uuid", "version"];
    assert!(counts.into_iter().eq(once.map(|name| (name, 1))), "each of them once");

    // Segments: whole pages in order, as in the file; the first with the header, the last without anything to run.
    let (mut file_end, mut memory_end) = (0, 0);
    for (name, file, memory, protection) in &segments {
        assert_eq!((file.start, memory.start), (file_end, memory_end), "{name}");
        assert!(memory.start % page == 0 && memory.end % page == 0, "{name}");
        assert!(file.end - file.start <= memory.end - memory.start, "{name}");
        let expected = match name.as_str() {
            "__TEXT" => macho::VM_PROT_READ | macho::VM_PROT_EXECUTE,
            "__DATA" => macho::VM_PROT_READ | macho::VM_PROT_WRITE,
            _ => macho::VM_PROT_READ,
        };
        assert_eq!(*protection, expected.0, "{name}");
        (file_end, memory_end) = (file.end, memory.end);
    }
    assert_eq!(file_end, file.len() as u64);
    let (first, last) = (&segments[0], &segments[segments.len() - 1]);
    assert!(first.0 == "__TEXT" && header_end <= first.1.end && last.0 == "__LINKEDIT");

    // In the last segment: in this order, aligned, without overlap or gap, and nothing behind the signature.
    linkedit.sort_by_key(|(_, range)| range.start);
    let names: Vec<_> = linkedit.iter().map(|(name, _)| *name).collect();
    let expected = ["fixups", "trie", "symbols", "strings", "signature"];
    assert!(expected.into_iter().filter(|&name| name != "trie" || exports).eq(names.iter().copied()), "{names:?}");
    let mut end = last.1.start;
    for (name, range) in &linkedit {
        assert!(range.start == end && range.start % 8 == 0, "{name}");
        end = range.end;
    }
    let signature = &linkedit[linkedit.len() - 1].1;
    assert!(signature.start % 16 == 0 && signature.end == file.len() as u64);
}

#[test]
fn dyld_finds_nothing_wrong() {
    each_library(&MACS, |triple, _, bytes, file| check_layout(triple, !exported(bytes).is_empty(), file));
}

/// Big-endian numbers.
fn word(file: &[u8], at: usize) -> usize {
    u32::from_be_bytes(*file[at..].first_chunk().expect("four bytes")) as usize
}

/// The pages whose hashes in the signature are not right, and how many pages there are.
fn wrong_pages(file: &[u8]) -> (Vec<usize>, usize) {
    let header = MachOFile64::<LE>::parse(file).expect("a library");
    let mut commands = header.macho_load_commands().expect("load commands");
    let signature = loop {
        let command = commands.next().expect("a load command").expect("there is a signature");
        if let (macho::LC_CODE_SIGNATURE, LoadCommandVariant::LinkeditData(command)) =
            (command.cmd(), command.variant().expect("known"))
        {
            break data(command);
        }
    };
    let at = signature.start as usize;
    // A blob with one blob: the code directory.
    assert_eq!((word(file, at), word(file, at + 4), word(file, at + 8)), (0xFADE_0CC0, file.len() - at, 1));
    assert_eq!(word(file, at + 12), 0);
    let directory = at + word(file, at + 16);
    assert_eq!((word(file, directory), word(file, directory + 4)), (0xFADE_0C02, file.len() - directory));
    let [version, flags, hashes, name, special, pages, limit] =
        [8, 12, 16, 20, 24, 28, 32].map(|field| word(file, directory + field));
    // Ad hoc, by a linker; SHA-256 of pages of 4 KiB.
    assert_eq!((version, flags, special, limit), (0x20400, 0x20002, 0, at));
    assert_eq!(file[directory + 36..][..4], [32, 2, 0, 12]);
    assert!(file[directory + name..].starts_with(b"wasmedge-"));
    assert_eq!(pages, limit.div_ceil(4096));
    assert_eq!(directory + hashes + 32 * pages, file.len());
    let wrong = file[..limit].chunks(4096).enumerate().filter(|(page, bytes)| {
        let said = &file[directory + hashes + 32 * page..][..32];
        Sha256::digest(bytes).as_slice() != said
    });
    (wrong.map(|(page, _)| page).collect(), pages)
}

#[test]
fn the_signature_holds_for_every_page() {
    each_library(&MACS, |triple, name, _, file| {
        let (wrong, pages) = wrong_pages(file);
        assert!(wrong.is_empty() && pages > 1, "{triple}, {name}: {wrong:?} of {pages}");
        for page in [0, pages / 2, pages - 1] {
            let mut changed = file.to_vec();
            // Where no load command is.
            changed[4096 * page + if page == 0 { 4095 } else { 0 }] ^= 1;
            assert_eq!(wrong_pages(&changed).0, [page], "{triple}, {name}");
        }
    });
}
