//! Giving every section, stub and import slot its place in the image.

use crate::arch::STUB_SIZE;
use crate::contents::Pages;
use crate::error;
use crate::object::{Object, Part, Value};
use abi::container::{Contents, Parts, Slot};
use abi::libcall::RUNTIME_SYMBOLS;
use artifact::{Error, Kind};
use std::collections::HashMap;
use std::ops::Range;

/// Size and alignment of an import slot, in bytes.
const SLOT_SIZE: u32 = 8;
/// The most that a section can be aligned to, in bytes: the smallest page that an image is mapped with.
const MAX_ALIGN: u32 = 4096;

/// A symbol's place in the image, and its size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub offset: u32,
    pub size: u64,
}

/// A runtime symbol that the image uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import {
    pub name: &'static str,
    /// The code that jumps to it.
    pub stub: u32,
    /// The word that holds its address.
    pub slot: u32,
}

/// Where everything lies, in bytes from the start of the image.
#[derive(Debug)]
pub(crate) struct Layout {
    pub parts: Parts,
    /// The place of each section of each object.
    pub sections: Vec<Vec<u32>>,
    /// In the order of [`RUNTIME_SYMBOLS`].
    pub imports: Vec<Import>,
    /// In the order of the pages.
    pub contents: Vec<Contents>,
    /// The symbols that objects share.
    pub symbols: HashMap<Vec<u8>, Definition>,
}

impl Layout {
    /// Lays out the objects, and what memories hold at first. In order: code, code that rarely runs, stubs; constants, contents of
    /// memories; import slots.
    pub fn new(page_size: u32, objects: &[Object<'_>], pages: &[Pages]) -> Result<Layout, Error> {
        let mut sections: Vec<Vec<u32>> = objects.iter().map(|object| vec![0; object.sections.len()]).collect();
        let mut end = End { at: 0, page: page_size };

        end.place(objects, &mut sections, Part::Text)?;
        end.place(objects, &mut sections, Part::ColdText)?;
        let names = used_imports(objects);
        let mut imports = Vec::with_capacity(names.len());
        for name in names {
            imports.push(Import { name, stub: end.take(u64::from(STUB_SIZE), STUB_SIZE)?, slot: 0 });
        }
        let text = end.part(0)?;

        let start = end.at;
        end.place(objects, &mut sections, Part::ReadOnly)?;
        let mut contents = Vec::with_capacity(pages.len());
        for Pages { memory, address, bytes } in pages {
            let place = end.take(bytes.len() as u64, page_size)?;
            contents.push(Contents { memory: *memory, address: *address, place: place..end.at });
        }
        let read_only = end.part(start)?;

        let start = end.at;
        for import in &mut imports {
            import.slot = end.take(u64::from(SLOT_SIZE), SLOT_SIZE)?;
        }
        let slots = end.part(start)?;

        // What is only read follows, as if it were a part of the image: distances to it must be known.
        end.place(objects, &mut sections, Part::CallSites)?;
        end.place(objects, &mut sections, Part::Frames)?;

        let symbols = definitions(objects, &sections)?;
        Ok(Layout { parts: Parts { text, read_only, slots }, sections, imports, contents, symbols })
    }

    /// The length of the image: it ends with its last part that is not empty.
    pub fn length(&self) -> u32 {
        let Parts { text, read_only, slots } = &self.parts;
        text.end.max(read_only.end).max(slots.end)
    }

    /// What the loader fills.
    pub fn slots(&self) -> Vec<Slot> {
        self.imports.iter().map(|import| Slot { symbol: import.name.to_string(), offset: import.slot }).collect()
    }
}

/// The end of what is laid out so far.
struct End {
    at: u32,
    page: u32,
}

impl End {
    fn take(&mut self, size: u64, align: u32) -> Result<u32, Error> {
        // Distances within the image must fit 32 bits with a sign.
        let start = u64::from(self.at).next_multiple_of(u64::from(align));
        let end = start.checked_add(size).filter(|&end| end <= i32::MAX as u64 - u64::from(self.page));
        self.at = end.ok_or_else(|| error(Kind::Limit, "the native code is larger than 2 GiB"))? as u32;
        Ok(start as u32)
    }

    fn place(&mut self, objects: &[Object<'_>], places: &mut [Vec<u32>], part: Part) -> Result<(), Error> {
        for (position, (object, places)) in objects.iter().zip(places).enumerate() {
            for (section, place) in object.sections.iter().zip(places) {
                if section.part != part {
                    continue;
                }
                if section.align > MAX_ALIGN {
                    let name = section.name;
                    let message =
                        format!("object {position}: section `{name}` is aligned to more than {MAX_ALIGN} bytes");
                    return Err(error(Kind::Link, message));
                }
                *place = self.take(section.data.len() as u64, section.align)?;
            }
        }
        Ok(())
    }

    /// Ends a part and begins the next on a page. An empty part is `0..0`.
    fn part(&mut self, start: u32) -> Result<Range<u32>, Error> {
        let part = if self.at == start { 0..0 } else { start..self.at };
        self.take(0, self.page)?;
        Ok(part)
    }
}

/// The runtime symbols that objects leave undefined.
fn used_imports(objects: &[Object<'_>]) -> Vec<&'static str> {
    let mut used = vec![false; RUNTIME_SYMBOLS.len()];
    for symbol in objects.iter().flat_map(|object| &object.symbols) {
        if let Value::Undefined = symbol.value
            && let Some(index) = RUNTIME_SYMBOLS.iter().position(|name| name.as_bytes() == &*symbol.name)
        {
            used[index] = true;
        }
    }
    RUNTIME_SYMBOLS.iter().zip(used).filter(|(_, used)| *used).map(|(name, _)| *name).collect()
}

fn definitions(objects: &[Object<'_>], sections: &[Vec<u32>]) -> Result<HashMap<Vec<u8>, Definition>, Error> {
    let mut symbols = HashMap::new();
    for (position, (object, sections)) in objects.iter().zip(sections).enumerate() {
        for symbol in object.symbols.iter().filter(|symbol| symbol.global) {
            let Value::Defined { section, offset, size } = symbol.value else { continue };
            let name = String::from_utf8_lossy(&symbol.name);
            let length = object.sections[section].data.len() as u64;
            if offset.checked_add(size).is_none_or(|end| end > length) {
                let message = format!("object {position}: symbol `{name}` is outside of its section");
                return Err(error(Kind::Malformed, message));
            }
            if RUNTIME_SYMBOLS.contains(&&*name) {
                let message = format!("object {position} defines `{name}`, which is the runtime's");
                return Err(error(Kind::Link, message));
            }
            let definition = Definition { offset: sections[section] + offset as u32, size };
            if symbols.insert(symbol.name.to_vec(), definition).is_some() {
                return Err(error(
                    Kind::Link,
                    format!("symbol `{name}` is defined twice, the second time in object {position}"),
                ));
            }
        }
    }
    Ok(symbols)
}
