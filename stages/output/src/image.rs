//! Linking: objects become one image.

use crate::arch::Arch;
use crate::contents::Pages;
use crate::error;
use crate::layout::{Definition, Layout};
use crate::object::{Naming, Object, Part, Symbol, Value};
use crate::relocate::{Problem, Site, Target};
use crate::unwind::{self, Table, Tables};
use abi::container::{Contents, Parts, Slot, Unwinding};
use artifact::{Error, Kind};
use std::collections::HashMap;

/// Whether this names the word that LLVM puts the address of the personality into, which nobody asks.
fn is_personality(name: &[u8]) -> bool {
    name.strip_prefix(b"DW.ref.") == Some(abi::symbol::PERSONALITY.as_bytes())
}

/// An image that runs at any address, once its import slots are filled.
#[derive(Debug)]
pub(crate) struct Image {
    pub bytes: Vec<u8>,
    pub parts: Parts,
    pub slots: Vec<Slot>,
    pub unwinding: Unwinding,
    pub contents: Vec<Contents>,
    symbols: HashMap<Vec<u8>, Definition>,
}

impl Image {
    /// Whether a symbol is defined.
    pub fn defines(&self, name: &str) -> bool {
        self.symbols.contains_key(name.as_bytes())
    }

    /// The place of a function.
    pub fn code(&self, name: &str) -> Result<Definition, Error> {
        let definition = self.symbols.get(name.as_bytes()).copied();
        let definition = definition.ok_or_else(|| error(Kind::Link, format!("no object defines `{name}`")))?;
        match self.parts.text.contains(&definition.offset) {
            true => Ok(definition),
            false => Err(error(Kind::Link, format!("`{name}` is not code"))),
        }
    }
}

/// Links objects, the first of which are those of units, to an image whose parts begin on pages of this size. It also holds what
/// memories hold at first.
pub(crate) fn link(
    arch: Arch,
    page_size: u32,
    objects: &[Vec<u8>],
    units: &[Naming<'_>],
    pages: &[Pages],
) -> Result<Image, Error> {
    let objects = objects.iter().enumerate();
    let objects = objects.map(|(position, bytes)| Object::read(arch, position, bytes, units.get(position)));
    let objects = objects.collect::<Result<Vec<_>, _>>()?;
    let layout = Layout::new(page_size, &objects, pages)?;

    let mut bytes = vec![0; layout.length() as usize];
    // Behind the code, too: what fills its last page is mapped executable.
    let text_end = layout.parts.text.end.next_multiple_of(page_size).min(layout.length());
    bytes[..text_end as usize].fill(arch.code_padding());
    for import in &layout.imports {
        let code = arch.stub(import.stub, import.slot);
        let code = code.ok_or_else(|| error(Kind::Limit, "the import slots are too far from the code"))?;
        bytes[import.stub as usize..][..code.len()].copy_from_slice(&code);
    }
    let mut tables = Tables::default();
    for (position, object) in objects.iter().enumerate() {
        let targets: Vec<_> = object.symbols.iter().map(|symbol| resolve(symbol, &layout, position)).collect();
        for (section, &place) in object.sections.iter().zip(&layout.sections[position]) {
            let read = match section.part {
                Part::Text | Part::ColdText | Part::ReadOnly => None,
                Part::Frames => Some(&mut tables.frames),
                Part::CallSites => Some(&mut tables.call_sites),
            };
            let bytes = match read {
                None => &mut bytes[place as usize..][..section.data.len()],
                Some(tables) => {
                    tables.push(Table { place, bytes: vec![0; section.data.len()] });
                    &mut tables.last_mut().expect("it was just pushed").bytes[..]
                }
            };
            bytes.copy_from_slice(section.data);
            let code = matches!(section.part, Part::Text | Part::ColdText);
            let mut site = Site { bytes, base: i64::from(place), code };
            for relocation in section.relocations() {
                let name = object.symbols.get(relocation.symbol).map_or(&b""[..], |symbol| &symbol.name);
                if section.part == Part::Frames && is_personality(name) {
                    continue;
                }
                let fail = |problem: Problem| {
                    let (offset, name, section) = (relocation.offset, String::from_utf8_lossy(name), section.name);
                    let message =
                        format!("object {position}: {problem} (to `{name}`, at {offset:#x} of section `{section}`)");
                    error(Kind::Link, message)
                };
                let target = targets.get(relocation.symbol).ok_or(Problem::NoSymbol).and_then(|target| *target);
                target.and_then(|target| site.apply(arch, &relocation, target)).map_err(fail)?;
            }
        }
    }
    for (pages, contents) in pages.iter().zip(&layout.contents) {
        bytes[contents.place.start as usize..contents.place.end as usize].copy_from_slice(&pages.bytes);
    }
    let slots = layout.slots();
    let unwinding = unwind::read(arch, &tables, &layout.parts.text)?;
    Ok(Image { bytes, parts: layout.parts, slots, unwinding, contents: layout.contents, symbols: layout.symbols })
}

/// What a symbol of the object at this position stands for in the image.
fn resolve(symbol: &Symbol<'_>, layout: &Layout, position: usize) -> Result<Target, Problem> {
    let own = |address: u32| Target { address: i64::from(address), slot: None };
    match symbol.value {
        Value::Defined { section, offset, .. } => {
            // Section symbols and labels lie within 2 GiB, or the reference to them overflows.
            let offset = i64::try_from(offset).map_err(|_| Problem::Overflow)?;
            let address = i64::from(layout.sections[position][section]).checked_add(offset).ok_or(Problem::Overflow)?;
            Ok(Target { address, slot: None })
        }
        Value::Undefined => {
            if let Some(definition) = layout.symbols.get(&*symbol.name) {
                return Ok(own(definition.offset));
            }
            let import = layout.imports.iter().find(|import| import.name.as_bytes() == &*symbol.name);
            let import = import.ok_or(Problem::Undefined)?;
            Ok(Target { address: i64::from(import.stub), slot: Some(i64::from(import.slot)) })
        }
        Value::Unusable(what) => Err(Problem::Unusable(what)),
    }
}
