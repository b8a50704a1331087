//! The code for other systems beside the code for Linux.

use super::*;
use crate::containers;
use engine::Mode;

/// Functions that keep at once: a few numbers more than there are registers, many more, and so much that it fills many pages.
fn pressing() -> String {
    let loads = |count: u32, ty: &str, size: u32| -> String {
        (0..count).map(|index| format!("({ty}.load offset={} (local.get 0))", size * index)).collect()
    };
    format!(
        r#"(module (memory 1)
             (func (export "some") (param i32) (result i64) {} {})
             (func (export "many") (param i32) (result i64) {} {})
             (func (export "large") (param i32) (result v128) {} {}))"#,
        loads(20, "i64", 8),
        "i64.rotl ".repeat(19),
        loads(60, "i64", 8),
        "i64.rotl ".repeat(59),
        loads(2000, "v128", 16),
        "f32x4.sub ".repeat(1999),
    )
}

/// The disassembly of an exported function, up to where it returns.
fn disassembly(triple: &str, file: &[u8], function: &str) -> String {
    let underscore = if triple.contains("darwin") { "_" } else { "" };
    let only = format!("--disassemble-symbols={underscore}{function}");
    let text = tool("llvm-objdump-22", &["--no-show-raw-insn", &only], extension(triple), file);
    let (_, code) = text.split_once(&format!("<{underscore}{function}>:")).expect("the function is listed");
    let (code, _) = code.split_once("\tret").expect("it returns");
    code.to_string()
}

/// An image's code, in words without what depends on how large pages are: distances in pages, where instructions have some.
fn code(triple: &str, native: &Native, image: &[u8]) -> Vec<u32> {
    let code = image[..native.parts.text.end as usize].chunks(4);
    let words = code.map(|word| word.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte)));
    let adrp = |word: u32| triple.starts_with("aarch64") && word & 0x9F00_0000 == 0x9000_0000;
    words.map(|word| if adrp(word) { word & 0x9F00_001F } else { word }).collect()
}

/// Modules with leaf functions that use what is below the stack pointer: one has a fence there, one keeps a value.
const BELOW_THE_STACK: [&str; 3] = ["atomic", "simd", "simd_relaxed"];

/// None of the modules needs so many registers that one less matters.
#[test]
fn code_for_other_systems_is_the_code_for_linux() {
    for triple in FOREIGN {
        for (name, bytes, mut request) in modules(triple) {
            let other = open(&compile(&bytes, &request).expect("it compiles"));
            let linux_triple = if triple.starts_with("x86_64") { LINUX_INTEL } else { LINUX_ARM };
            request.options.target.triple = linux_triple.into();
            request.container = Container::Universal;
            let linux = compile(&bytes, &request).expect("it compiles");
            let section = abi::container::UniversalSection::find(&linux).expect("native code");
            let (native, place) = Native::decode(&linux[section.payload.clone()]).expect("native code");
            let image = &linux[section.payload][place];
            let same = code(triple, &other.native, &other.image) == code(triple, &native, image);
            if triple == WINDOWS_INTEL && BELOW_THE_STACK.contains(&name.as_str()) {
                assert!(!same, "{triple}, {name}");
                continue;
            }
            assert!(same, "{triple}, {name}");
            assert_eq!(other.native.functions, native.functions, "{triple}, {name}");
            if triple.starts_with("x86_64") {
                assert!(other.image == image, "{triple}, {name}");
                assert_eq!(Native { triple: linux_triple.into(), ..other.native }, native, "{triple}, {name}");
            }
        }
    }
}

#[test]
fn systems_keep_the_register_that_is_theirs() {
    let text = pressing();
    let uses = |triple| {
        let code = disassembly(triple, &library(triple, &text), "many");
        code.split(|character: char| !character.is_ascii_alphanumeric()).any(|word| word == "x18" || word == "w18")
    };
    assert!(uses(LINUX_ARM), "the function takes what there is");
    assert!(!uses(MAC_ARM));
    assert!(!uses(WINDOWS_ARM));
}

#[test]
fn windows_code_writes_nothing_below_the_stack_pointer() {
    let text = pressing();
    let makes_room = |triple| {
        let code = disassembly(triple, &library(triple, &text), "some");
        assert!(code.contains("(%rbp)"), "{triple}: {code}");
        code.lines().any(|line| line.contains("subq\t") && line.ends_with(", %rsp"))
    };
    assert!(!makes_room(LINUX_INTEL), "a leaf function uses the red zone");
    assert!(!makes_room(MAC_INTEL));
    assert!(makes_room(WINDOWS_INTEL));
}

#[test]
fn large_frames_touch_their_pages_by_themselves() {
    let text = pressing();
    for triple in FOREIGN {
        let code = disassembly(triple, &library(triple, &text), "large");
        let touch = if triple.starts_with("x86_64") { "movq\t$0x0, (%rsp)" } else { "str\txzr, [sp]" };
        assert!(code.contains(touch), "{triple}: {code}");
        assert!(!code.contains("call") && !code.contains("\tbl\t"), "{triple}: {code}");
    }
}

/// Its libcalls and wrappers have the convention of Linux, and all else is a matter of the container.
#[test]
fn code_for_windows_and_macos_runs_here() {
    for triple in [WINDOWS_INTEL, MAC_INTEL] {
        let opened = open(&library(triple, containers::SAMPLE));
        let native = Native { triple: LINUX_INTEL.into(), ..opened.native };
        let file = abi::container::universal(&opened.module, &native, &opened.image).expect("a small image");
        let module = engine::Module::from_bytes_in(file, Mode::Aot).expect("native code");
        containers::run(&module);
    }
}
