//! Lays out and relocates one image and writes its container.
//!
//! In: the objects of all units, and the original module. Out: the bytes of a universal wasm file, or of a shared library as the
//! target's system has them: `.so`, `.dylib` or `.dll`.
//!
//! The objects are our own: position-independent code for ELF, whatever the target's system, all symbols hidden. Everything in them that is mapped refers to
//! other parts of the image by distance, so one pass of relocation makes an image that runs at any address. What the image
//! needs from the runtime it reaches through import slots, words in a page of their own that the loader fills. Whatever does
//! not fit this picture is an error; nothing is guessed.
//!
//! The same input gives the same bytes: sections are placed in the order of the objects, and nothing depends on hash order,
//! time or place.
#![forbid(unsafe_code)]

mod arch;
mod contents;
mod image;
mod layout;
mod library;
mod object;
mod relocate;
mod unwind;

use abi::container::{Native, Tail, hash, original, universal};
use abi::metering::Metered;
use abi::module::Module;
use abi::symbol;
use abi::system::System;
use abi::types::{DefinedFuncIdx, FuncIdx};
use arch::Arch;
use artifact::{Error, Kind, Stage, Unit};
use image::Image;
use object::Naming;
use std::path::Path;

pub use library::LibraryFormat;

/// The kind of file to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// The original module with the native section behind it.
    Universal,
    /// A shared library with the original module inside. Its format must be the one of the target's system.
    Library(LibraryFormat),
}

impl Container {
    /// The kind that a file's name asks for: a library by its ending, else a universal wasm.
    pub fn of_file(path: &Path) -> Container {
        let format = LibraryFormat::ALL
            .into_iter()
            .find(|format| path.extension().is_some_and(|extension| extension == format.extension()));
        format.map_or(Container::Universal, Container::Library)
    }
}

/// What a container is made from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The original module; if it is a universal file itself, its native section is left out.
    pub bytes: &'a [u8],
    /// Its declarations.
    pub module: &'a Module,
    /// The target triple of the objects.
    pub triple: &'a str,
    /// The processor features that the code may use ([`abi::cpu`]).
    pub features: &'a [String],
    /// The units, which say what each calls functions.
    pub units: &'a [Unit],
    /// The objects: units in order, wrappers last.
    pub objects: &'a [Vec<u8>],
    /// What the code keeps track of.
    pub metered: Metered,
}

/// Links the objects and writes the container.
///
/// # Errors
/// [`Kind::Link`] if the objects do not fit together or need what an image cannot have, [`Kind::Malformed`] if an object cannot
/// be read, [`Kind::Unsupported`] for a target that is not ours, [`Kind::Limit`] if the result is larger than its format allows.
pub fn output(input: &Input<'_>, container: Container) -> Result<Vec<u8>, Error> {
    let arch = Arch::of(input.triple)?;
    let unknown = input.features.iter().find(|name| !abi::cpu::features(arch.name()).contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(error(Kind::Unsupported, format!("CPU feature `{name}` is not known for {}", arch.name())));
    }
    if let Container::Library(format) = container {
        format.check(input.triple)?;
    }
    let original = original(input.bytes);
    let units: Vec<_> = input.units.iter().map(|unit| Naming { module: input.module, unit }).collect();
    let page_size = arch.page_size(System::of(input.triple));
    let pages = contents::pages(input.module, original, page_size);
    let image = image::link(arch, page_size, input.objects, &units, &pages)?;
    let native = describe(input, page_size, original, &image)?;
    match container {
        Container::Universal => universal(original, &native, &image.bytes)
            .ok_or_else(|| error(Kind::Limit, "the native code is too large for a section of a wasm file")),
        Container::Library(format) => library::write(format, arch, input, original, &native, &image),
    }
}

/// What a loader must know about the image.
fn describe(input: &Input<'_>, page_size: u32, original: &[u8], image: &Image) -> Result<Native, Error> {
    let module = input.module;
    let bodies = module.imported_functions..module.functions.len() as u32;
    let wrappers = |name: fn(&abi::types::FuncType) -> String| {
        module.types.iter().map(|ty| Ok(image.code(&name(ty))?.offset)).collect::<Result<Vec<u32>, Error>>()
    };
    Ok(Native {
        fingerprint: abi::fingerprint(),
        triple: input.triple.to_string(),
        page_size,
        features: input.features.to_vec(),
        module_hash: hash(original),
        module_length: original.len() as u64,
        image_hash: hash(&image.bytes),
        image_length: image.bytes.len() as u64,
        parts: image.parts.clone(),
        functions: bodies
            .map(|index| Ok(image.code(&symbol::function(FuncIdx(index)))?.offset))
            .collect::<Result<_, Error>>()?,
        tails: tails(module, image)?,
        entries: wrappers(symbol::entry)?,
        hosts: wrappers(symbol::host)?,
        slots: image.slots.clone(),
        unwinding: image.unwinding.clone(),
        metered: input.metered,
        contents: image.contents.clone(),
    })
}

/// The tail functions that the objects define.
fn tails(module: &Module, image: &Image) -> Result<Vec<Tail>, Error> {
    let mut tails = Vec::new();
    for function in (0..module.bodies.len() as u32).map(DefinedFuncIdx) {
        let name = symbol::tail(module.function(function));
        if image.defines(&name) {
            tails.push(Tail { function, offset: image.code(&name)?.offset });
        }
    }
    Ok(tails)
}

fn error(kind: Kind, message: impl Into<String>) -> Error {
    Error::new(Stage::Output, kind, message)
}
