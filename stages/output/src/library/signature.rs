//! The signature of a Mach-O file that names nobody: hashes of its pages, by which a kernel sees that they are whole. Apple's
//! processors run no code without one.
//!
//! It is what linkers write (`CS_LINKER_SIGNED`): a signature with nothing but a code directory. Numbers are big-endian.

use object::macho;
use object::write::macho::{CodeDirectory, CodeSignatureEncoder};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Alignment of a signature in the file, in bytes.
pub(super) const ALIGN: u64 = 16;

/// What is hashed at a time, on every processor, in bytes.
const PAGE_SIZE: usize = 1 << PAGE_SHIFT;
const PAGE_SHIFT: u8 = 12;
const HASH_SIZE: usize = 32;
const VERSION: macho::CsVersion = macho::CS_SUPPORTSEXECSEG;

/// The places of a signature's pieces, in bytes from its start.
struct Layout {
    directory: usize,
    /// These from the directory's start.
    name: usize,
    hashes: usize,
    end: usize,
}

impl Layout {
    fn new(name: &str, signed: usize) -> Layout {
        let encoder = CodeSignatureEncoder;
        let directory = (encoder.super_blob_size() + encoder.blob_index_size()) as usize;
        let name_at = encoder.code_directory_size(VERSION) as usize;
        let hashes = name_at + name.len() + 1;
        Layout { directory, name: name_at, hashes, end: hashes + signed.div_ceil(PAGE_SIZE) * HASH_SIZE }
    }
}

/// The size of the signature for so many bytes, in bytes.
pub(super) fn size(name: &str, signed: u64) -> u64 {
    let pages = signed.div_ceil(PAGE_SIZE as u64);
    let layout = Layout::new(name, 0);
    (layout.directory + layout.end) as u64 + pages * HASH_SIZE as u64
}

/// Signs a file as it is: a library with that name, and its segment `__TEXT` there in the file. The signature goes to its end.
pub(super) fn sign(file: &mut Vec<u8>, name: &str, text: Range<u64>) {
    let encoder = CodeSignatureEncoder;
    let signed = file.len();
    let layout = Layout::new(name, signed);
    let hashes: Vec<_> = file.chunks(PAGE_SIZE).map(Sha256::digest).collect();
    encoder.signature_super_blob(file, (layout.directory + layout.end) as u32, 1);
    encoder.blob_index(file, macho::CSSLOT_CODEDIRECTORY, layout.directory as u32);
    encoder.code_directory(
        file,
        &CodeDirectory {
            length: layout.end as u32,
            version: VERSION,
            flags: macho::CS_ADHOC | macho::CS_LINKER_SIGNED,
            hash_offset: layout.hashes as u32,
            ident_offset: layout.name as u32,
            n_code_slots: hashes.len() as u32,
            code_limit: signed as u64,
            hash_size: HASH_SIZE as u8,
            hash_type: macho::CS_HASHTYPE_SHA256,
            page_size: PAGE_SHIFT,
            exec_seg_base: text.start,
            exec_seg_limit: text.end - text.start,
            ..CodeDirectory::default()
        },
    );
    file.extend(name.as_bytes());
    file.push(0);
    hashes.iter().for_each(|hash| file.extend_from_slice(hash));
}
