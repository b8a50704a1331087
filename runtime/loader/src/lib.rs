//! Reads, checks and maps native code containers.
//!
//! In: a file, or bytes. Out: a module with its native code ready to run ([`Loaded::Native`]), or plain WebAssembly for the
//! interpreter ([`Loaded::Plain`]) and, if there was native code that must not run, the reason ([`Rejected`]).
//!
//! Whatever the bytes are, loading ends with one of these or with a [`LoadError`]: every length, offset and count is checked
//! before it is used. Native code is mapped executable only after all checks:
//!
//! - the container's format and the hash of its header;
//! - that the code is for this ABI, architecture, system, page size and processor;
//! - that the original module and the image are, by their hashes, the ones that the header was written for;
//! - that every offset lies in its part of the image, every count is the module's, and every import is known;
//! - that what memories hold at first fits into them.
//!
//! The hashes find damage and mix-ups. They are no signature: who can write the file can have it run any code.
//!
//! A regular file is mapped, privately: code and constants run from where they lie in the file, without a copy, and processes
//! share them. Instances map what their memories hold at first from the same file, which stays open for that. What remains is that the file can change afterwards: pages that were not yet written to may show what another
//! process writes into the same file, and a file that is cut short faults. Compilers of this project replace files and never
//! write into them; on a system where others may write to a file that is run, no check at start can help.

mod check;
mod error;
mod hash;
mod host;
mod image;
mod library;
mod source;

pub use error::{LoadError, Rejected};

use abi::container::{Native, UniversalSection};
use image::Prepared;
use source::Source;
use std::ops::Range;
use std::path::Path;

/// What a file turned out to be.
#[expect(clippy::large_enum_variant, reason = "there is one for each file, and it is taken apart at once")]
pub enum Loaded {
    /// A module with native code that passed all checks.
    Native(vm::Module),
    /// WebAssembly without native code, or with such that must not run.
    Plain {
        /// The module. Neither decoded nor validated.
        bytes: vm::Bytes,
        /// Why the native code of the file must not run; none if it has none.
        reason: Option<Rejected>,
    },
}

/// Loads a file. Anything but a regular file, such as a pipe, is read to its end first.
///
/// # Errors
/// If the file cannot be read, is neither WebAssembly nor a library, or is a library whose native code must not run.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    load_source(Source::open(path)?, name)
}

/// Loads a file's contents.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(bytes: Vec<u8>) -> Result<Loaded, LoadError> {
    load_source(Source::from(bytes), None)
}

/// Where the pieces of a container lie in its file.
struct Pieces {
    /// The original module.
    module: Range<usize>,
    /// The native section.
    native: Range<usize>,
}

/// Why native code does not get to run.
enum Failure {
    Rejected(Rejected),
    Io(std::io::Error),
}

fn load_source(source: Source, name: Option<String>) -> Result<Loaded, LoadError> {
    let bytes = source.bytes();
    if bytes.is_empty() {
        Err(LoadError::Empty)
    } else if bytes.starts_with(b"\0asm") {
        load_universal(source, name)
    } else if bytes.starts_with(b"\x7fELF") {
        let pieces = library::find(bytes).map_err(LoadError::Library)?;
        match load_native(&source, pieces, name) {
            Ok(module) => Ok(Loaded::Native(module)),
            Err(Failure::Rejected(reason)) => Err(LoadError::Library(reason)),
            Err(Failure::Io(error)) => Err(LoadError::Io(error)),
        }
    } else if let Some(systems) = library::foreign(bytes) {
        Err(LoadError::Library(Rejected::Format(systems)))
    } else {
        Err(LoadError::Unknown)
    }
}

fn load_universal(source: Source, name: Option<String>) -> Result<Loaded, LoadError> {
    let length = source.bytes().len();
    let Some(section) = UniversalSection::find(source.bytes()) else {
        return Ok(Loaded::Plain { bytes: source.plain(length), reason: None });
    };
    if section.end < length {
        return Ok(Loaded::Plain { bytes: source.plain(length), reason: Some(Rejected::NotLast) });
    }
    let module = 0..section.start;
    if section.end > length {
        return Ok(Loaded::Plain { bytes: source.plain(module.end), reason: Some(Rejected::Truncated) });
    }
    match load_native(&source, Pieces { module: module.clone(), native: section.payload }, name) {
        Ok(module) => Ok(Loaded::Native(module)),
        Err(Failure::Rejected(reason)) => Ok(Loaded::Plain { bytes: source.plain(module.end), reason: Some(reason) }),
        Err(Failure::Io(error)) => Err(LoadError::Io(error)),
    }
}

fn load_native(source: &Source, pieces: Pieces, name: Option<String>) -> Result<vm::Module, Failure> {
    let (native, image, declarations) = check::check(source.bytes(), &pieces).map_err(Failure::Rejected)?;
    let Native { parts, slots, .. } = &native;
    let symbols = vm::runtime_symbols();
    let mut words = Vec::with_capacity(slots.len());
    for slot in slots {
        let address = symbols.address(&slot.symbol);
        words.push((slot.offset, address.ok_or_else(|| Failure::Rejected(Rejected::Symbol(slot.symbol.clone())))?));
    }
    let Prepared { mapping, base, backing } = image::prepare(source, image, parts, &words).map_err(Failure::Io)?;
    // A file is kept open only for what is still to be mapped from it.
    let backing = backing.filter(|_| !native.contents.is_empty());
    // SAFETY: `check` saw to it that `native` describes the image at `base` and that the code follows our ABI and was compiled
    // from the module in `pieces.module`, as far as hashes tell; the compiler compiles valid modules only. `prepare` mapped the
    // image with its text executable and its slots filled, and `mapping` keeps it so.
    let code = unsafe { vm::Code::new(mapping, base, backing, native) };
    Ok(vm::Module::new(declarations, source.slice(pieces.module), code, name))
}
