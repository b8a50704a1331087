//! Reading an object: which of its sections are mapped, and what its symbols stand for.

use crate::arch::Arch;
use crate::error;
use abi::module::Module;
use abi::symbol::{self, Local};
use artifact::{Error, Kind, Unit};
use object::elf;
use object::read::elf::{FileHeader as _, Rela as _, SectionHeader as _, SectionTable, Sym as _};
use object::{LittleEndian, SectionIndex, SymbolIndex};
use std::borrow::Cow;

const ENDIAN: LittleEndian = LittleEndian;

type Header = elf::FileHeader64<LittleEndian>;
type SectionHeader = elf::SectionHeader64<LittleEndian>;

/// The part of the image that a section belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Code.
    Text,
    /// Code that rarely runs: behind all other code, so that it shares no page and no cache line with it.
    ColdText,
    /// Constants.
    ReadOnly,
    /// Call frame information: read, not mapped.
    Frames,
    /// Tables of call sites: read, not mapped.
    CallSites,
}

/// A section that is mapped, or read.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    pub name: &'a str,
    pub part: Part,
    /// A power of two.
    pub align: u32,
    pub data: &'a [u8],
    /// Its number in the object.
    index: usize,
    relocations: Vec<&'a [elf::Rela64<LittleEndian>]>,
}

/// What is to be written at a place in a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    /// The place, in bytes from the section's start.
    pub offset: u64,
    pub kind: elf::RelocationType,
    /// A position in [`Object::symbols`].
    pub symbol: usize,
    pub addend: i64,
}

/// A symbol.
#[derive(Clone, Debug)]
pub(crate) struct Symbol<'a> {
    /// Its name in the whole image.
    pub name: Cow<'a, [u8]>,
    /// Whether other objects see it.
    pub global: bool,
    pub value: Value,
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// A place in the section at this position in [`Object::sections`].
    Defined { section: usize, offset: u64, size: u64 },
    /// What another object or the runtime defines.
    Undefined,
    /// Something that an image does not have; what it is.
    Unusable(&'static str),
}

/// An object.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    /// The sections that are mapped or read, in the object's order.
    pub sections: Vec<Section<'a>>,
    /// All symbols, the null symbol first.
    pub symbols: Vec<Symbol<'a>>,
}

/// What a unit calls functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming<'a> {
    pub module: &'a Module,
    pub unit: &'a Unit,
}

impl Naming<'_> {
    /// Gives a function's symbol the name that it has in the whole image.
    fn rename(&self, symbol: &mut Symbol<'_>) -> Result<(), String> {
        let Some(local) = std::str::from_utf8(&symbol.name).ok().and_then(Local::parse) else { return Ok(()) };
        let function = self.unit.function(self.module, local.whose);
        let function = function.ok_or_else(|| format!("names a function that its unit does not know: `{local}`"))?;
        let name = if local.tail { symbol::tail(function) } else { symbol::function(function) };
        symbol.name = Cow::Owned(name.into_bytes());
        Ok(())
    }
}

impl Section<'_> {
    /// What is to be written into the section.
    pub fn relocations(&self) -> impl Iterator<Item = Relocation> + '_ {
        self.relocations.iter().copied().flatten().map(|rela| Relocation {
            offset: rela.r_offset(ENDIAN),
            kind: rela.r_type(ENDIAN, false),
            symbol: rela.r_sym(ENDIAN, false) as usize,
            addend: rela.r_addend(ENDIAN),
        })
    }
}

impl<'a> Object<'a> {
    /// Reads the object at a position among all objects, which only serves messages. `unit` says what it calls functions, if it is
    /// that of a unit.
    pub fn read(arch: Arch, position: usize, bytes: &'a [u8], unit: Option<&Naming<'_>>) -> Result<Object<'a>, Error> {
        let malformed = |cause| error(Kind::Malformed, format!("object {position}: {cause}"));
        let header = Header::parse(bytes).map_err(malformed)?;
        header.endian().map_err(malformed)?;
        if header.e_type(ENDIAN) != elf::ET_REL || header.e_machine(ENDIAN) != arch.machine() {
            let message = format!("object {position} is not a relocatable object for {}", arch.name());
            return Err(error(Kind::Malformed, message));
        }
        let table = header.sections(ENDIAN, bytes).map_err(malformed)?;
        let sections = read_sections(&table, position, bytes)?;
        let mut symbols = read_symbols(&table, bytes, &sections).map_err(malformed)?;
        if let Some(unit) = unit {
            for symbol in &mut symbols {
                unit.rename(symbol).map_err(|message| error(Kind::Link, format!("object {position} {message}")))?;
            }
        }
        Ok(Object { sections, symbols })
    }
}

fn read_sections<'a>(
    table: &SectionTable<'a, Header>,
    position: usize,
    bytes: &'a [u8],
) -> Result<Vec<Section<'a>>, Error> {
    let malformed = |cause| error(Kind::Malformed, format!("object {position}: {cause}"));
    let mut sections = Vec::new();
    let mut positions = vec![None; table.len()];
    for (index, header) in table.enumerate() {
        let name = table.section_name(ENDIAN, header).map_err(malformed)?;
        let name = std::str::from_utf8(name)
            .map_err(|_| error(Kind::Malformed, format!("object {position}: a section's name is not UTF-8")))?;
        let refuse = |what: &str| error(Kind::Link, format!("object {position}: section `{name}` {what}"));
        let Some(part) = part(name, header).map_err(refuse)? else { continue };
        let align = u32::try_from(header.sh_addralign(ENDIAN).max(1)).ok().filter(|align| align.is_power_of_two());
        let align = align.ok_or_else(|| refuse("has an alignment that is not supported"))?;
        let data = header.data(ENDIAN, bytes).map_err(malformed)?;
        positions[index.0] = Some(sections.len());
        sections.push(Section { name, part, align, data, index: index.0, relocations: Vec::new() });
    }
    for header in table.iter() {
        let relocates = [elf::SHT_REL, elf::SHT_RELA, elf::SHT_CREL].contains(&header.sh_type(ENDIAN));
        let target = header.info_link(ENDIAN);
        if let Some(&Some(section)) = positions.get(target.0).filter(|_| relocates) {
            let Some((relocations, _)) = header.rela(ENDIAN, bytes).map_err(malformed)? else {
                let message =
                    format!("object {position}: section `{}` has relocations without addends", sections[section].name);
                return Err(error(Kind::Link, message));
            };
            sections[section].relocations.push(relocations);
        }
    }
    Ok(sections)
}

/// Where a section goes; none if it is left out.
fn part(name: &str, header: &SectionHeader) -> Result<Option<Part>, &'static str> {
    let flags = header.sh_flags(ENDIAN).0;
    let has = |flag: elf::SectionFlags| flags & flag.0 != 0;
    // These tell linkers and tools things, or are where an unwinder would look for its helpers.
    let dropped = [".note", ".comment", ".llvm", ".data.DW.ref."].iter().any(|prefix| name.starts_with(prefix));
    if dropped || !has(elf::SHF_ALLOC) || header.sh_size(ENDIAN) == 0 {
        return Ok(None);
    }
    if name == ".eh_frame" {
        return Ok(Some(Part::Frames));
    }
    if name.starts_with(".gcc_except_table") {
        return Ok(Some(Part::CallSites));
    }
    if has(elf::SHF_TLS) {
        return Err("is thread-local, which an image cannot have");
    }
    if has(elf::SHF_COMPRESSED) {
        return Err("is compressed");
    }
    if header.sh_type(ENDIAN) != elf::SHT_PROGBITS {
        return Err("is of a type that an image cannot have");
    }
    if has(elf::SHF_EXECINSTR) {
        let cold = [".text.unlikely", ".text.split"].iter().any(|prefix| name.starts_with(prefix));
        return match has(elf::SHF_WRITE) {
            true => Err("is both writable and executable"),
            false => Ok(Some(if cold { Part::ColdText } else { Part::Text })),
        };
    }
    // Constants that might need the load address; whether they do, their relocations show.
    if has(elf::SHF_WRITE) && !name.starts_with(".data.rel.ro") {
        return Err("is writable, which an image cannot have");
    }
    Ok(Some(Part::ReadOnly))
}

fn read_symbols<'a>(
    table: &SectionTable<'a, Header>,
    bytes: &'a [u8],
    sections: &[Section<'a>],
) -> object::read::Result<Vec<Symbol<'a>>> {
    let mut positions = vec![None; table.len()];
    for (position, section) in sections.iter().enumerate() {
        positions[section.index] = Some(position);
    }
    let position = |section: SectionIndex| positions.get(section.0).copied().flatten();

    let symbols = table.symbols(ENDIAN, bytes, elf::SHT_SYMTAB)?;
    let mut read = Vec::with_capacity(symbols.len());
    for (index, symbol) in symbols.iter().enumerate() {
        let section = symbols.symbol_section(ENDIAN, symbol, SymbolIndex(index))?;
        let value = match (symbol.st_type(), symbol.st_shndx(ENDIAN)) {
            (elf::STT_TLS, _) => Value::Unusable("thread-local"),
            (elf::STT_GNU_IFUNC, _) => Value::Unusable("resolved when it is loaded"),
            (_, elf::SHN_UNDEF) => Value::Undefined,
            (_, elf::SHN_ABS) => Value::Unusable("absolute"),
            (_, elf::SHN_COMMON) => Value::Unusable("a common block"),
            _ => match section.and_then(position) {
                Some(section) => {
                    Value::Defined { section, offset: symbol.st_value(ENDIAN), size: symbol.st_size(ENDIAN) }
                }
                None => Value::Unusable("in a section that is not mapped"),
            },
        };
        let name = Cow::Borrowed(symbols.symbol_name(ENDIAN, symbol)?);
        read.push(Symbol { name, global: symbol.st_bind() != elf::STB_LOCAL, value });
    }
    Ok(read)
}
