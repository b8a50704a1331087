//! The checks between reading a native section and running its code.

use crate::hash::hashes;
use crate::{Pieces, Rejected, host};
use abi::container::{ContainerError, Contents, Native, Parts};
use abi::layout::PAGE_SIZE;
use abi::module::Module;
use std::ops::Range;

/// Size and alignment of an import slot, in bytes.
const SLOT_SIZE: u32 = 8;

/// Checks everything that a container says. Gives what it says, the place of the image in the file, and the declarations of
/// the original module.
pub(crate) fn check(file: &[u8], pieces: &Pieces) -> Result<(Native, Range<usize>, Module), Rejected> {
    let module = &file[pieces.module.clone()];
    let (native, image) = Native::decode(&file[pieces.native.clone()]).map_err(|error| match error {
        ContainerError::Truncated => Rejected::Truncated,
        error => Rejected::Container(error),
    })?;
    let image = pieces.native.start + image.start..pieces.native.start + image.end;
    if native.fingerprint != abi::fingerprint() {
        return Err(Rejected::Abi);
    }
    host::check(&native)?;
    if module.len() as u64 != native.module_length {
        return Err(Rejected::ModuleChanged);
    }
    let [module_hash, image_hash] = hashes([module, &file[image.clone()]]);
    if module_hash != native.module_hash {
        return Err(Rejected::ModuleChanged);
    }
    if image_hash != native.image_hash {
        return Err(Rejected::ImageChanged);
    }
    check_layout(&native, image.len())?;
    let declarations = match native.contents.is_empty() {
        true => Module::decode(module)?,
        false => Module::decode_without_data(module)?,
    };
    check_counts(&native, &declarations)?;
    check_contents(&native, &declarations)?;
    Ok((native, image, declarations))
}

fn check_layout(native: &Native, length: usize) -> Result<(), Rejected> {
    let Parts { text, read_only, slots } = &native.parts;
    let mut end = 0;
    for part in [text, read_only, slots] {
        if part.start > part.end || part.end as usize > length {
            return Err(Rejected::Layout("a part is out of bounds"));
        }
        if part.is_empty() {
            continue;
        }
        if !part.start.is_multiple_of(native.page_size) {
            return Err(Rejected::Layout("a part does not begin on a page"));
        }
        if part.start < end {
            return Err(Rejected::Layout("parts overlap"));
        }
        end = part.end;
    }
    let tails = native.tails.iter().map(|tail| &tail.offset);
    let mut functions = native.functions.iter().chain(&native.entries).chain(&native.hosts).chain(tails);
    if !functions.all(|offset| text.contains(offset)) {
        return Err(Rejected::Layout("a function is outside of the code"));
    }
    let beyond = native.tails.last().is_some_and(|tail| tail.function.index() >= native.functions.len());
    if beyond || !native.tails.is_sorted_by(|a, b| a.function < b.function) {
        return Err(Rejected::Layout("tail functions are out of order"));
    }
    native.unwinding.check(text).map_err(Rejected::Layout)?;
    let mut end = slots.start;
    for slot in &native.slots {
        if !slot.offset.is_multiple_of(SLOT_SIZE) || slot.offset < end {
            return Err(Rejected::Layout("import slots overlap"));
        }
        let slot_end = slot.offset.checked_add(SLOT_SIZE).filter(|&end| end <= slots.end);
        end = slot_end.ok_or(Rejected::Layout("an import slot is out of bounds"))?;
    }
    Ok(())
}

fn check_contents(native: &Native, module: &Module) -> Result<(), Rejected> {
    for Contents { memory, address, place } in &native.contents {
        let read_only = &native.parts.read_only;
        if place.start >= place.end || place.start < read_only.start || place.end > read_only.end {
            return Err(Rejected::Layout("the contents of a memory are outside of what is only read"));
        }
        let page = u64::from(native.page_size);
        if ![place.start.into(), place.end.into(), *address].iter().all(|at: &u64| at.is_multiple_of(page)) {
            return Err(Rejected::Layout("the contents of a memory are no whole pages"));
        }
        // Another's memory may hold something already, and may be smaller than its declaration here says.
        let own = module.memories.get(memory.index()).filter(|_| memory.0 >= module.imported_memories);
        let length = own.map_or(0, |ty| ty.limits.min.saturating_mul(PAGE_SIZE));
        if address.checked_add(place.len() as u64).is_none_or(|end| end > length) {
            return Err(Rejected::Layout("the contents of a memory do not fit into it"));
        }
    }
    Ok(())
}

fn check_counts(native: &Native, module: &Module) -> Result<(), Rejected> {
    let declared = module.functions.len() - module.imported_functions as usize;
    let counts = [
        ("functions", native.functions.len(), declared),
        ("function bodies", module.bodies.len(), declared),
        ("entry wrappers", native.entries.len(), module.types.len()),
        ("host wrappers", native.hosts.len(), module.types.len()),
    ];
    match counts.into_iter().find(|(_, found, expected)| found != expected) {
        Some((what, found, expected)) => Err(Rejected::Count { what, found, expected }),
        None => Ok(()),
    }
}
