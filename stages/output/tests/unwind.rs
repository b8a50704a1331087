//! The tables by which exceptions find their way: what objects say becomes what the container says, or an error.

mod common;

use abi::container::{Native, Save, UniversalSection, Unwinding};
use artifact::{Error, Kind};
use common::*;
use object::{Object as _, ObjectSection as _};
use output::Container;
use std::ops::Range;

/// The first function of [`MODULE`]: catches what comes out of two calls in one place, and of a third one in another; and keeps
/// values in registers across them.
const CATCHES: &str = r#"
    declare i32 @wasm.personality(...)
    declare hidden i32 @function.1(ptr, i32)
    define hidden i32 @function.0(ptr %ctx, i32 %x) #0 personality ptr @wasm.personality {
        %a = invoke i32 @function.1(ptr %ctx, i32 %x) to label %one unwind label %pad
    one:
        %b = invoke i32 @function.1(ptr %ctx, i32 %a) to label %two unwind label %pad
    two:
        %c = invoke i32 @function.1(ptr %ctx, i32 %b) to label %done unwind label %other
    done:
        %sum = add i32 %a, %c
        ret i32 %sum
    pad:
        %caught = landingpad { ptr, i32 } catch ptr null
        %e = extractvalue { ptr, i32 } %caught, 0
        %t = load i32, ptr %e
        %u = add i32 %t, %x
        ret i32 %u
    other:
        %caught.2 = landingpad { ptr, i32 } catch ptr null
        ret i32 %a
    }
    attributes #0 = { "frame-pointer"="all" uwtable(sync) }"#;

/// The second: throws, as far as the compiler knows, and keeps what its callers have in registers.
const KEEPS: &str = r#"
    define hidden i32 @function.1(ptr %ctx, i32 %x) #0 {
        %f = load ptr, ptr %ctx
        call void %f(ptr %ctx)
        call void %f(ptr %ctx)
        ret i32 %x
    }
    attributes #0 = { "frame-pointer"="all" uwtable(sync) }"#;

fn ir(triple: &str, source: &str) -> Vec<u8> {
    compile_as("ir", triple, source)
}

fn linked(triple: &str, objects: &[Vec<u8>]) -> Result<Native, Error> {
    let file = link(triple, MODULE, objects, Container::Universal)?;
    let section = UniversalSection::find(&file).expect("a native section");
    Ok(Native::decode(&file[section.payload]).expect("a good native section").0)
}

/// What the frame that begins at an offset saves.
fn saves(unwinding: &Unwinding, start: u32) -> &[Save] {
    let frame = unwinding.frames.iter().find(|frame| frame.start == start).expect("the function has a frame");
    &unwinding.saves[frame.saves as usize]
}

#[test]
fn calls_have_their_landing_pads_and_functions_their_saved_registers() {
    let [first, second, wrappers] = [ir(X86_64, CATCHES), ir(X86_64, KEEPS), compile(X86_64, WRAPPERS)];
    // In whatever order the objects come, and whichever of them knows nothing of exceptions.
    for objects in [[&first, &second, &wrappers], [&wrappers, &second, &first], [&second, &first, &wrappers]] {
        let native = linked(X86_64, &objects.map(Vec::clone)).expect("good objects");
        let unwinding = &native.unwinding;
        unwinding.check(&native.parts.text).expect("a loader takes it");
        // Two calls with one pad may be one range.
        assert!((2..=3).contains(&unwinding.handlers.len()), "{unwinding:?}");
        let of_first = native.functions[0]..native.functions[0] + 400;
        let places = |handler: &abi::container::Handler| [handler.call.start, handler.call.end, handler.pad];
        assert!(unwinding.handlers.iter().flat_map(places).all(|place| of_first.contains(&place)), "{unwinding:?}");
        let mut pads: Vec<_> = unwinding.handlers.iter().map(|handler| handler.pad).collect();
        pads.dedup();
        assert_eq!(pads.len(), 2);
        assert!(unwinding.handlers.iter().all(|handler| handler.pushed == 0));
        for &function in &native.functions {
            let saves = saves(unwinding, function);
            assert!(!saves.is_empty() && saves.iter().all(|save| save.offset < 0 && save.register != 6), "{saves:?}");
        }
    }
}

#[test]
fn what_was_pushed_for_a_call_is_known() {
    // With eight parameters some are passed on the stack; where size counts, they are pushed.
    let source = r#"
        declare i32 @wasm.personality(...)
        declare hidden i32 @function.1(ptr, i32)
        define hidden i32 @function.0(ptr %ctx, i32 %x) #0 personality ptr @wasm.personality {
            %f = load ptr, ptr %ctx
            %a = invoke i32 %f(i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8) to label %one unwind label %pad
        one:
            %b = invoke i32 @function.1(ptr %ctx, i32 %a) to label %two unwind label %pad
        two:
            %c = invoke i32 %f(i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 %b) to label %done unwind label %pad
        done:
            ret i32 %c
        pad:
            %caught = landingpad { ptr, i32 } catch ptr null
            ret i32 %x
        }
        attributes #0 = { minsize optsize "frame-pointer"="all" uwtable(sync) }"#;
    let objects = [ir(X86_64, source), ir(X86_64, KEEPS), compile(X86_64, WRAPPERS)];
    let native = linked(X86_64, &objects).expect("good objects");
    let pushed: Vec<_> = native.unwinding.handlers.iter().map(|handler| handler.pushed).collect();
    assert_eq!(pushed, [16, 0, 16], "{:?}", native.unwinding);
}

#[test]
fn objects_without_tables_have_none() {
    let quiet = |source: &str| {
        let source = source.replace("uwtable(sync)", "nounwind");
        ir(X86_64, &source)
    };
    let quiet = [quiet(KEEPS), quiet(&KEEPS.replace("function.1", "function.0")), compile(X86_64, WRAPPERS)];
    let native = linked(X86_64, &quiet).expect("good objects");
    assert!(native.unwinding.handlers.is_empty());
    let kept = native.functions.iter().filter(|start| native.unwinding.frames.iter().any(|f| f.start == **start));
    assert_eq!(kept.count(), 0);
    // What has no chain of frame pointers is none of our functions; it is taken as saving nothing.
    let native = linked(X86_64, &objects(X86_64)).expect("good objects");
    assert!(native.unwinding.saves.iter().all(Vec::is_empty), "{:?}", native.unwinding);
}

#[test]
fn other_architectures_save_registers_but_do_not_catch() {
    let objects = [KEEPS, &KEEPS.replace("function.1", "function.0")].map(|source| ir(AARCH64, source));
    let objects = [&objects[..], &[compile(AARCH64, WRAPPERS)]].concat();
    let native = linked(AARCH64, &objects).expect("good objects");
    for &function in &native.functions {
        // x19 and above, behind the frame pointer and the return address.
        let saves = saves(&native.unwinding, function);
        assert!(!saves.is_empty(), "{:?}", native.unwinding);
        assert!(saves.iter().all(|save| save.register >= 19 && save.offset >= 16), "{saves:?}");
    }
    let objects = [ir(AARCH64, CATCHES), ir(AARCH64, KEEPS), compile(AARCH64, WRAPPERS)];
    let error = linked(AARCH64, &objects).expect_err("no way to catch");
    assert_eq!(error.kind, Kind::Unsupported, "{error}");
}

/// The place of a section's header in an object.
fn section_header(object: &[u8], index: usize) -> usize {
    let table = u64::from_le_bytes(object[0x28..0x30].try_into().expect("eight bytes")) as usize;
    table + index * 64
}

/// The tables of an object: the numbers of their sections, and where their bytes lie.
fn tables(object: &[u8]) -> Vec<(usize, Range<usize>)> {
    let file = object::File::parse(object).expect("an object");
    let tables = file.sections().filter(|section| {
        section.name().is_ok_and(|name| name == ".eh_frame" || name.starts_with(".gcc_except_table"))
    });
    let place = |(start, length)| start as usize..(start + length) as usize;
    tables.map(|section| (section.index().0, place(section.file_range().expect("bytes")))).collect()
}

/// Whether linking gives a result gives whether a loader would take it; what is no result is an error that says what.
fn is_good(object: &[u8], others: &[Vec<u8>; 2]) -> bool {
    let [second, wrappers] = others.clone();
    match linked(X86_64, &[object.to_vec(), second, wrappers]) {
        Ok(native) => {
            native.unwinding.check(&native.parts.text).expect("what is written is loaded");
            true
        }
        Err(error) => {
            assert!([Kind::Malformed, Kind::Link].contains(&error.kind), "{error}");
            false
        }
    }
}

#[test]
fn altered_tables_are_errors_or_loaded() {
    let object = ir(X86_64, CATCHES);
    let others = [ir(X86_64, KEEPS), compile(X86_64, WRAPPERS)];
    assert!(is_good(&object, &others));
    let tables = tables(&object);
    assert_eq!(tables.len(), 2);
    let mut refused = 0;
    for at in tables.iter().flat_map(|(_, place)| place.clone()) {
        for change in [0x01, 0x02, 0x10, 0x7F, 0x80, 0xFF] {
            let mut altered = object.clone();
            altered[at] ^= change;
            refused += usize::from(!is_good(&altered, &others));
        }
        for run in [&[0xFF; 9][..], &[0x80; 9], &[0; 9]] {
            let mut altered = object.clone();
            let end = (at + run.len()).min(altered.len());
            altered[at..end].copy_from_slice(&run[..end - at]);
            refused += usize::from(!is_good(&altered, &others));
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn truncated_tables_are_errors_or_loaded() {
    let object = ir(X86_64, CATCHES);
    let others = [ir(X86_64, KEEPS), compile(X86_64, WRAPPERS)];
    for (index, place) in tables(&object) {
        let size = section_header(&object, index) + 0x20;
        for length in 0..place.len() as u64 {
            let mut truncated = object.clone();
            truncated[size..size + 8].copy_from_slice(&length.to_le_bytes());
            is_good(&truncated, &others);
        }
    }
}
