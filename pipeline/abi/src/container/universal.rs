//! The native section in a universal wasm file: a custom section, the file's last.
//!
//! ```text
//! original module     unchanged
//! 0                   the id of custom sections
//! size                of what follows, LEB128 in five bytes, so that the payload's place does not depend on it
//! name                [`SECTION`]
//! payload             what [`Native::encode`] wrote
//! ```
//!
//! Finding it walks over the headers of sections only: bodies of functions are neither read nor validated.

use super::{Native, SECTION};
use std::ops::Range;

const PREAMBLE: [u8; 8] = *b"\0asm\x01\0\0\0";

/// A native section, in bytes from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniversalSection {
    /// Where the section begins: the length of the original module.
    pub start: usize,
    /// Its payload, as far as the file holds it.
    pub payload: Range<usize>,
    /// Where it says that it ends. The section is whole and the last one if that is where the file ends.
    pub end: usize,
}

impl UniversalSection {
    /// Finds the last native section of a file. Headers of sections are followed as far as they make sense.
    pub fn find(file: &[u8]) -> Option<UniversalSection> {
        if !file.starts_with(&PREAMBLE) {
            return None;
        }
        let mut found = None;
        let mut start = PREAMBLE.len();
        while start < file.len() {
            let Some((size, contents)) = read_leb(file, start + 1) else { break };
            let Some(end) = contents.checked_add(size) else { break };
            if file[start] == 0
                && let Some(payload) = payload(file, contents..end)
            {
                found = Some(UniversalSection { start, payload, end });
            }
            start = end;
        }
        found
    }
}

/// The original module in a file: all of it, unless it ends with a native section.
pub fn original(file: &[u8]) -> &[u8] {
    match UniversalSection::find(file) {
        Some(section) if section.end >= file.len() => &file[..section.start],
        _ => file,
    }
}

/// A universal file of an original module and an image. None if the section would be larger than the format allows.
pub fn universal(original: &[u8], native: &Native, image: &[u8]) -> Option<Vec<u8>> {
    let header = 1 + 5 + 1 + SECTION.len();
    let payload = native.encode(image, (original.len() + header) as u64);
    let size = u32::try_from(1 + SECTION.len() + payload.len()).ok()?;

    let mut file = Vec::with_capacity(original.len() + header + payload.len());
    file.extend(original);
    file.push(0);
    file.extend([0, 7, 14, 21].map(|shift| (size >> shift) as u8 | 0x80));
    file.push((size >> 28) as u8);
    file.push(SECTION.len() as u8);
    file.extend(SECTION.as_bytes());
    file.extend(payload);
    Some(file)
}

/// The payload of a custom section with these contents, if its name is ours.
fn payload(file: &[u8], contents: Range<usize>) -> Option<Range<usize>> {
    let (length, name) = read_leb(file, contents.start)?;
    let start = name.checked_add(length).filter(|&start| start <= contents.end)?;
    (file.get(name..start)? == SECTION.as_bytes()).then(|| start..contents.end.min(file.len()))
}

/// Reads an unsigned 32-bit LEB128 number. Gives it and where it ends.
fn read_leb(file: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0u32;
    for (i, &byte) in file.get(at..)?.iter().take(5).enumerate() {
        if i == 4 && byte > 0x0f {
            return None;
        }
        value |= u32::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value as usize, at + i + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::hash;

    /// A module with one custom section, and its universal file.
    fn sample() -> (Vec<u8>, Vec<u8>) {
        let mut module = PREAMBLE.to_vec();
        module.extend(b"\0\x05\x04name");
        let image = vec![0xC3; 5000];
        let native = Native {
            page_size: 4096,
            image_length: 5000,
            image_hash: hash(&image),
            module_hash: hash(&module),
            ..Native::default()
        };
        let file = universal(&module, &native, &image).expect("small");
        (module, file)
    }

    #[test]
    fn a_section_is_found_where_it_was_put() {
        let (module, file) = sample();
        let section = UniversalSection::find(&file).expect("a section");
        assert_eq!((section.start, section.end, section.payload.end), (module.len(), file.len(), file.len()));
        assert_eq!(original(&file), module);
        assert_eq!(original(&module), module);
        let (_, image) = Native::decode(&file[section.payload.clone()]).expect("own bytes");
        assert_eq!((section.payload.start + image.start) % 4096, 0);
    }

    #[test]
    fn a_section_that_is_not_the_last_belongs_to_the_module() {
        let (_, mut file) = sample();
        let length = file.len();
        file.extend(b"\0\x02\x01x");
        assert_eq!(UniversalSection::find(&file).expect("a section").end, length);
        assert_eq!(original(&file), file);
    }

    #[test]
    fn a_truncated_section_is_still_told_from_the_module() {
        let (module, file) = sample();
        let cut = &file[..file.len() - 1000];
        let section = UniversalSection::find(cut).expect("a section");
        assert!(section.end > cut.len() && section.payload.end == cut.len());
        assert_eq!(original(cut), module);
        for length in 0..file.len() {
            original(&file[..length]);
        }
    }
}
