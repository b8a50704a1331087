//! Native sections that are whole, but say what is not so or not for this machine.

use super::{compiled, load, run};
use abi::container::{Native, Slot, UniversalSection, hash, universal};
use driver::Container;
use engine::Module;

type Change = fn(&mut Native);

/// The universal file with a native section that says something else.
fn altered(change: impl FnOnce(&mut Native)) -> Vec<u8> {
    let file = compiled(Container::Universal);
    let section = UniversalSection::find(&file).expect("a native section");
    let payload = &file[section.payload.clone()];
    let (mut native, image) = Native::decode(payload).expect("our own section");
    let mut image = payload[image].to_vec();
    give_slots(&mut native, &mut image);
    change(&mut native);
    universal(&file[..section.start], &native, &image).expect("it is small")
}

/// Gives an image a page of import slots, of which it uses one.
fn give_slots(native: &mut Native, image: &mut Vec<u8>) {
    assert!(native.slots.is_empty(), "the sample calls no runtime symbol");
    let page = native.page_size as usize;
    let start = image.len().next_multiple_of(page);
    image.resize(start + page, 0);
    native.parts.slots = start as u32..image.len() as u32;
    native.slots.push(Slot { symbol: "floor".into(), offset: start as u32 });
    native.image_length = image.len() as u64;
    native.image_hash = hash(image);
}

/// Ways to alter a native section, and what the refusal must say.
const ALTERATIONS: &[(&str, Change)] = &[
    ("(ABI fingerprint)", |native| native.fingerprint[7] ^= 1),
    ("is for riscv64, not for", |native| native.triple = "riscv64-unknown-linux-gnu".into()),
    ("is for target `x86_64-pc-windows-msvc`", |native| native.triple = "x86_64-pc-windows-msvc".into()),
    ("is for , not for", |native| native.triple.clear()),
    ("CPU feature `magic`, which is not known", |native| native.features.push("magic".into())),
    ("pages of 512 bytes", |native| native.page_size = 512),
    ("the module was changed", |native| native.module_hash[0] ^= 1),
    ("the module was changed", |native| native.module_length += 1),
    ("the native code was changed", |native| native.image_hash[0] ^= 1),
    ("truncated", |native| native.image_length += 1),
    ("altered", |native| native.image_length -= 1),
    ("altered", |native| native.image_length = u64::MAX),
    ("a function is outside of the code", |native| native.functions[0] = native.parts.text.end),
    ("a function is outside of the code", |native| native.entries[0] = u32::MAX),
    ("a function is outside of the code", |native| native.hosts[0] = u32::MAX),
    ("functions where the module has", |native| native.functions.clear()),
    ("entry wrappers where the module has", |native| native.entries.clear()),
    ("host wrappers where the module has", |native| native.hosts.push(native.hosts[0])),
    ("a part is out of bounds", |native| native.parts.text.end = u32::MAX),
    ("a part is out of bounds", |native| native.parts.text = native.parts.text.end..native.parts.text.start),
    ("a part does not begin on a page", |native| native.parts.text.start += 16),
    ("parts overlap", |native| native.parts.read_only = native.parts.text.clone()),
    ("an import slot is out of bounds", |native| native.slots[0].offset = native.parts.slots.end),
    ("import slots overlap", |native| native.slots[0].offset += 3),
    ("import slots overlap", |native| native.slots.push(native.slots[0].clone())),
    ("symbol `magic`", |native| native.slots[0].symbol = "magic".into()),
];

#[test]
fn what_a_section_says_must_fit() {
    load(&altered(|_| {})).expect("an unaltered section");
    for (expected, change) in ALTERATIONS {
        let file = altered(change);
        let text = load(&file).expect_err(expected);
        assert!(text.contains(expected), "`{text}` should say `{expected}`");
        // The module itself is whole: it is interpreted, with a warning that says the same.
        let module = Module::from_bytes(file).expect(expected);
        let warning = module.warning().expect(expected);
        assert!(!module.is_native() && warning.contains(expected), "`{warning}` should say `{expected}`");
        run(&module);
    }
}

#[test]
fn code_for_a_better_processor_is_refused() {
    let host = driver::host_target(false);
    for feature in abi::cpu::features(host.architecture()) {
        let loaded = load(&altered(|native| native.features = vec![feature.to_string()]));
        match host.cpu_features.iter().any(|has| has == feature) {
            true => loaded.expect("the processor has it"),
            false => assert!(loaded.expect_err("the processor lacks it").contains(&format!("`{feature}`"))),
        }
    }
}

#[test]
fn another_format_is_refused() {
    let mut file = compiled(Container::Universal);
    let version = UniversalSection::find(&file).expect("a native section").payload.start + 8;
    file[version] = 99;
    let text = load(&file).expect_err("another version");
    assert!(text.contains("its format version is 99, not"), "{text}");
}
