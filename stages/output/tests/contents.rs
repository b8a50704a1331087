//! What memories hold at first, laid out in the image: when, and what exactly.

use abi::container::{Native, UniversalSection};
use abi::metering::Metered;
use abi::module::Module;
use output::{Container, Input};

const X86_64: &str = "x86_64-unknown-linux-gnu";
const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// Pages as an image holds them: memory, address, bytes.
type Pages = (u32, u64, Vec<u8>);

/// What a module without functions has in its image.
fn contents_for(triple: &str, fields: &str) -> Vec<Pages> {
    let bytes = wat::parse_str(format!("(module {fields})")).expect("a module");
    let module = Module::decode(&bytes).expect("a module");
    let metered = Metered::default();
    let input = Input { bytes: &bytes, module: &module, triple, features: &[], units: &[], objects: &[], metered };
    let file = output::output(&input, Container::Universal).expect("a module without code");
    let section = UniversalSection::find(&file).expect("a native section");
    let payload = &file[section.payload];
    let (native, image) = Native::decode(payload).expect("a good native section");
    let image = &payload[image];
    let pages = native.contents.iter().map(|contents| {
        let place = contents.place.start as usize..contents.place.end as usize;
        assert!(
            contents.place.start >= native.parts.read_only.start && contents.place.end <= native.parts.read_only.end
        );
        assert_eq!(contents.place.start % native.page_size, 0);
        (contents.memory.0, contents.address, image[place].to_vec())
    });
    pages.collect()
}

fn contents(fields: &str) -> Vec<Pages> {
    contents_for(X86_64, fields)
}

/// A data segment of one byte again and again.
fn data(place: &str, byte: &str, count: usize) -> String {
    format!("(data {place} \"{}\")", byte.repeat(count))
}

/// Enough to be worth it.
const MUCH: usize = 128 << 10;

fn much(place: &str) -> String {
    data(place, "x", MUCH)
}

fn filled(count: usize, byte: u8) -> Vec<u8> {
    vec![byte; count]
}

#[test]
fn segments_become_pages() {
    let [pages] = &contents(&format!("(memory 4) {}", much("(i32.const 4096)")))[..] else { panic!("one mapping") };
    assert_eq!(*pages, (0, 4096, filled(MUCH, b'x')));
}

#[test]
fn pages_are_filled_up_with_zeros() {
    let [(0, 0, bytes)] = &contents(&format!("(memory 4) {}", much("(i32.const 5)")))[..] else {
        panic!("one mapping")
    };
    assert_eq!(*bytes, [filled(5, 0), filled(MUCH, b'x'), filled(4096 - 5, 0)].concat());
}

#[test]
fn later_segments_overwrite_earlier_ones() {
    let fields = format!(
        r#"(memory 4) {} (data (i32.const 4090) "0123456789ab") (data (i32.const 4094) "later") (data (i32.const 0) "\00")"#,
        much("(i32.const 0)")
    );
    let [(0, 0, bytes)] = &contents(&fields)[..] else { panic!("one mapping") };
    assert_eq!(bytes[..2], *b"\0x");
    assert_eq!(bytes[4088..4104], *b"xx0123later9abxx");
}

#[test]
fn the_last_byte_of_a_memory_counts() {
    let at = 4 * 65536 - MUCH;
    assert_eq!(contents(&format!("(memory 4) {}", much(&format!("(i32.const {at})")))).len(), 1);
    assert!(contents(&format!("(memory 4) {}", much(&format!("(i32.const {})", at + 1)))).is_empty());
    let empty_past_the_end = r#"(data (i32.const 262145) "")"#;
    assert!(contents(&format!("(memory 4) {} {empty_past_the_end}", much("(i32.const 0)"))).is_empty());
    assert!(contents(&format!("(memory 4) {}", much("(i32.const -4096)"))).is_empty());
}

#[test]
fn long_stretches_of_zeros_are_left_out() {
    let fields = |distance| {
        let second = MUCH + distance;
        format!("(memory 8) {} {}", much("(i32.const 0)"), data(&format!("(i32.const {second})"), "y", 1))
    };
    let [(0, 0, bytes)] = &contents(&fields(65535))[..] else { panic!("one mapping") };
    assert_eq!(bytes.len(), MUCH + 65536);
    let [(0, 0, first), (0, at, second)] = &contents(&fields(65536))[..] else { panic!("two mappings") };
    assert_eq!((first.len(), *at, &second[..2]), (MUCH, MUCH as u64 + 65536, &b"y\0"[..]));
}

#[test]
fn zeros_that_a_segment_writes_are_zeros_too() {
    let fields = format!("(memory 8) {} {}", much("(i32.const 0)"), data("(i32.const 262144)", "\\00", MUCH));
    assert_eq!(contents(&fields), [(0, 0, filled(MUCH, b'x'))]);
}

#[test]
fn memories_have_their_own_pages() {
    let fields = format!(
        "(memory 4) (memory i64 70000) {} {}",
        much("(memory 1) (i64.const 0x1_0000_1000)"),
        data("(memory 0) (i32.const 0)", "y", 4096)
    );
    assert_eq!(contents(&fields), [(0, 0, filled(4096, b'y')), (1, 0x1_0000_1000, filled(MUCH, b'x'))]);
}

#[test]
fn pages_are_those_of_the_target() {
    let [(0, 0, bytes)] = &contents_for(AARCH64, &format!("(memory 4) {}", much("(i32.const 4096)")))[..] else {
        panic!("one mapping")
    };
    assert_eq!(*bytes, [filled(4096, 0), filled(MUCH, b'x'), filled(65536 - 4096, 0)].concat());
}

#[test]
fn segments_that_must_run_run() {
    let good = much("(i32.const 0)");
    for (what, fields) in [
        ("little data", format!("(memory 4) {}", data("(i32.const 0)", "x", MUCH - 1))),
        ("a passive segment", format!("(memory 4) {good} {}", data("", "y", 1))),
        ("an imported memory", format!(r#"(import "" "" (memory 4)) {good}"#)),
        (
            "a place that is imported",
            format!(r#"(import "" "" (global i32)) (memory 4) {good} {}"#, data("(global.get 0)", "y", 1)),
        ),
        (
            "a place that is computed",
            format!("(memory 4) {good} {}", data("(i32.add (i32.const 1) (i32.const 2))", "y", 1)),
        ),
        ("a segment past the end", format!("(memory 4) {good} {}", data("(i32.const 262144)", "y", 1))),
        ("no memory", format!("(memory 0) {good}")),
    ] {
        assert_eq!(contents(&fields), [], "{what}");
    }
}

#[test]
fn data_that_is_scattered_is_not_laid_out() {
    let far = |at: usize| data(&format!("(i32.const {})", at * 4096), "y", 8);
    let many: String = (0..100).map(far).collect();
    assert_eq!(contents(&format!("(memory 40) {} {many}", much("(i32.const 0)"))), []);
}
