//! Files that lose or change bytes.

use super::{SAMPLE, compiled, load};
use abi::container::{Native, UniversalSection};
use driver::{Container, LibraryFormat};
use std::ops::Range;

/// The module and the native section in a library, found by their contents.
fn covered(library: &[u8]) -> [Range<usize>; 2] {
    let module = tests::wat(SAMPLE);
    let start = library.windows(module.len()).position(|part| part == module).expect("the module is inside");
    let universal = compiled(Container::Universal);
    let section = UniversalSection::find(&universal).expect("a native section");
    let magic = &universal[section.payload.start..][..8];
    let native = library.windows(8).position(|part| part == magic).expect("the native section is inside");
    // Sections begin where the linker's alignment has them, and decoding wants the exact end: what follows the image is found
    // by trying.
    let end =
        (native..=library.len()).find(|&end| Native::decode(&library[native..end]).is_ok()).expect("a whole section");
    [start..start + module.len(), native..end]
}

/// The changes that are made to each byte: one bit, which bit depends on the place, and all bits.
fn masks(at: usize) -> [u8; 2] {
    [1 << (at % 8), 0xff]
}

#[test]
fn no_byte_of_a_universal_file_changes_unnoticed() {
    let mut file = compiled(Container::Universal);
    for at in 0..file.len() {
        for mask in masks(at) {
            file[at] ^= mask;
            assert_refused(&file, &format!("byte {at} changed by {mask:#x}"));
            file[at] ^= mask;
        }
    }
    load(&file).expect("the last change is undone");
}

#[test]
fn no_byte_of_a_library_that_matters_changes_unnoticed() {
    let mut file = compiled(Container::Library(LibraryFormat::Elf));
    let covered = covered(&file);
    for at in 0..file.len() {
        for mask in masks(at) {
            file[at] ^= mask;
            if covered.iter().any(|part| part.contains(&at)) {
                assert_refused(&file, &format!("byte {at} changed by {mask:#x}"));
            } else if let Err(text) = load(&file) {
                assert_clear(&text, &format!("byte {at} changed by {mask:#x}"));
            }
            file[at] ^= mask;
        }
    }
    load(&file).expect("the last change is undone");
}

#[test]
fn no_file_is_cut_short_unnoticed() {
    for container in [Container::Universal, Container::Library(LibraryFormat::Elf)] {
        let file = compiled(container);
        for length in 0..file.len() {
            assert_refused(&file[..length], &format!("{container:?} cut to {length}"));
        }
    }
}

#[test]
fn what_is_added_to_a_universal_file_is_noticed() {
    let file = compiled(Container::Universal);
    for added in [&b"\0"[..], b"\0\x02\x01x", b"garbage", &[0; 4096], &file.clone()] {
        assert_refused(&[&file, added].concat(), &format!("{} bytes added", added.len()));
    }
}

/// A file that was cut short on disk is refused when it is mapped, too.
#[test]
fn no_file_on_disk_is_cut_short_unnoticed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("app.wasm");
    let file = compiled(Container::Universal);
    for length in (0..file.len()).step_by(97) {
        std::fs::write(&path, &file[..length]).expect("a file in it");
        let text = engine::Module::from_file_in(&path, engine::Mode::Aot).err().map(|error| error.to_string());
        assert_clear(&text.unwrap_or_else(|| panic!("cut to {length}: it loads")), &format!("cut to {length}"));
    }
}

fn assert_refused(file: &[u8], what: &str) {
    match load(file) {
        Ok(()) => panic!("{what}: it loads"),
        Err(text) => assert_clear(&text, what),
    }
}

/// A text for people: a line, no debugging output.
fn assert_clear(text: &str, what: &str) {
    assert!(text.len() > 15 && !text.contains(['\n', '{', '\0']), "{what}: `{text}`");
}
