//! What holds of every output.

use super::{SAMPLE, compile, compiled, load};
use abi::container::{UniversalSection, original};
use artifact::Level;
use driver::{Container, LibraryFormat, Request};

const CONTAINERS: [Container; 2] = [Container::Universal, Container::Library(LibraryFormat::Elf)];

#[test]
fn both_containers_run() {
    for container in CONTAINERS {
        load(&compiled(container)).expect("an untouched file loads");
    }
}

#[test]
fn the_original_is_inside() {
    let input = tests::wat(SAMPLE);
    let universal = compiled(Container::Universal);
    assert_eq!(original(&universal), input);
    let section = UniversalSection::find(&universal).expect("a native section");
    assert_eq!((section.start, section.end), (input.len(), universal.len()));
    let library = compiled(Container::Library(LibraryFormat::Elf));
    assert!(library.windows(input.len()).any(|part| part == input));
}

#[test]
fn compiling_a_universal_file_again_gives_the_same() {
    let universal = compiled(Container::Universal);
    for container in CONTAINERS {
        let again = compile(&universal, &Request { container, ..tests::request(Level::O2) });
        assert!(again == compiled(container), "{container:?}");
    }
}

#[test]
fn threads_and_runs_do_not_show_in_the_bytes() {
    let input = tests::wat(SAMPLE);
    for container in CONTAINERS {
        for unit_size in [0, artifact::Options::DEFAULT_UNIT_SIZE] {
            let with = |jobs| {
                let mut request = Request { container, jobs, ..tests::request(Level::O2) };
                request.options.unit_size = unit_size;
                compile(&input, &request)
            };
            let expected = with(1);
            assert!(with(2) == expected, "{container:?}, units of {unit_size}");
            assert!(with(1) == expected, "{container:?}, units of {unit_size}, once more");
        }
    }
}

#[test]
fn a_module_that_is_not_compiled_is_told_so() {
    assert_eq!(
        load(&tests::wat(SAMPLE)),
        Err("the module is not compiled: compile it first (wasmedge compile)".to_string())
    );
    assert_eq!(load(b""), Err("the file is empty".to_string()));
    assert_eq!(load(b"#!/bin/sh"), Err("the file is neither WebAssembly nor a shared library".to_string()));
}
