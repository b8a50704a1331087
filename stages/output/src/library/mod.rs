//! Shared libraries: the native section and the original module in a file that a system's dynamic loader accepts as well.
//!
//! In each format the image lies in the file once and is mapped from where it lies, with its parts as far from each other as in
//! the image; so nothing in it is relocated. Exported functions follow the native ABI: a library gives tools something to look
//! at, and a dynamic loader something to check; to run it takes this project's runtime.

mod elf;
mod macho;
mod pe;
mod signature;
mod trie;

use crate::arch::Arch;
use crate::image::Image;
use crate::{Input, error};
use abi::container::Native;
use abi::module::ExportItem;
use abi::symbol;
use abi::system::System;
use artifact::{Error, Kind};

/// The format of a shared library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryFormat {
    /// Linux has it.
    Elf,
    /// macOS has it.
    MachO,
    /// Windows has it.
    Pe,
}

impl LibraryFormat {
    /// Every format.
    pub const ALL: [LibraryFormat; 3] = [LibraryFormat::Elf, LibraryFormat::MachO, LibraryFormat::Pe];

    /// The format for a target; none if the target's system is not known.
    pub fn of(triple: &str) -> Option<LibraryFormat> {
        System::of(triple).map(|system| match system {
            System::Linux => LibraryFormat::Elf,
            System::MacOs => LibraryFormat::MachO,
            System::Windows => LibraryFormat::Pe,
        })
    }

    /// How names of such files end, behind the dot.
    pub fn extension(self) -> &'static str {
        match self {
            LibraryFormat::Elf => "so",
            LibraryFormat::MachO => "dylib",
            LibraryFormat::Pe => "dll",
        }
    }

    /// Checks that a target's libraries are in this format.
    ///
    /// # Errors
    /// If they are not, or the target has none.
    pub fn check(self, triple: &str) -> Result<(), Error> {
        let refuse = |message| Err(error(Kind::Unsupported, message));
        match LibraryFormat::of(triple) {
            Some(format) if format == self => Ok(()),
            Some(format) => {
                let (right, wrong) = (format.extension(), self.extension());
                refuse(format!("a shared library for `{triple}` is a .{right} file, not a .{wrong} file"))
            }
            None => refuse(format!("shared libraries for `{triple}` are not supported")),
        }
    }
}

/// What a library is made of.
struct Library<'a> {
    arch: Arch,
    native: &'a Native,
    image: &'a [u8],
    original: &'a [u8],
    /// In the order of the module's exports.
    exported: Vec<Exported<'a>>,
}

/// An exported function.
struct Exported<'a> {
    /// Neither empty, nor with a NUL byte.
    name: &'a [u8],
    /// From the start of the image.
    offset: u32,
    size: u64,
}

/// Writes a library.
pub(crate) fn write(
    format: LibraryFormat,
    arch: Arch,
    input: &Input<'_>,
    original: &[u8],
    native: &Native,
    image: &Image,
) -> Result<Vec<u8>, Error> {
    let library = Library { arch, native, image: &image.bytes, original, exported: exported(input, image)? };
    match format {
        LibraryFormat::Elf => elf::write(&library),
        LibraryFormat::MachO => macho::write(&library),
        LibraryFormat::Pe => pe::write(&library),
    }
}

impl Library<'_> {
    /// The exported functions in the order of their names' bytes.
    fn by_name(&self) -> Vec<&Exported<'_>> {
        let mut sorted: Vec<_> = self.exported.iter().collect();
        sorted.sort_by_key(|function| function.name);
        sorted
    }

    /// A name for the library among others: where a format wants one in the file, it must not depend on the file's. Modules that
    /// differ, or were compiled differently, have different names.
    fn own_name(&self, extension: &str) -> String {
        let hash = abi::container::hash(&self.native.encode(&[], 0));
        let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("wasmedge-{digits}.{extension}")
    }
}

/// The functions with code that the module exports under names that can be names of symbols.
fn exported<'a>(input: &Input<'a>, image: &Image) -> Result<Vec<Exported<'a>>, Error> {
    let module = input.module;
    let mut exported = Vec::new();
    for export in &module.exports {
        let ExportItem::Function(index) = export.item else { continue };
        let name = export.name.as_bytes();
        if module.defined(index).is_none() || name.is_empty() || name.contains(&0) {
            continue;
        }
        let definition = image.code(&symbol::function(index))?;
        exported.push(Exported { name, offset: definition.offset, size: definition.size });
    }
    Ok(exported)
}
