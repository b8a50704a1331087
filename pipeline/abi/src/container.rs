//! The native section: machine code and what a loader must know before it runs any of it.
//!
//! The same bytes lie in a universal wasm file (as the payload of the custom section [`SECTION`], the file's last) and in a
//! shared library (as the section [`LIBRARY_SECTION`] of an ELF file, beside the original module in
//! [`LIBRARY_MODULE_SECTION`]). In Mach-O and PE files sections cannot lie in one another: there the section
//! [`MACH_O_NATIVE_SECTION`] or [`PE_NATIVE_SECTION`] has what is in front of the image, the sections of the image's parts
//! follow, and the native section ends where the last of them does.
//!
//! ```text
//! magic [8]  version u32  header length u32  blake3 of the header [32]
//! header     what `Native` holds, and where the image begins
//! zeros      up to a page boundary of the file
//! image      text, read-only data, import slots: each from a page boundary
//! ```
//!
//! Numbers are little-endian. The header's hash covers the hashes of the image and of the original module, so that no byte
//! that matters can change unnoticed.

mod universal;

pub use universal::{UniversalSection, original, universal};

use crate::metering::Metered;
use crate::types::{DefinedFuncIdx, MemoryIdx};
use std::ops::Range;

/// The custom section's name in a universal wasm file.
pub const SECTION: &str = "wasmedge.native";
/// The name of the section with the same bytes in a shared library.
pub const LIBRARY_SECTION: &str = ".wasmedge.native";
/// The name of the section with the original module in a shared library.
pub const LIBRARY_MODULE_SECTION: &str = ".wasmedge.module";
/// Segment and name of the section that the native section begins with in a Mach-O file.
pub const MACH_O_NATIVE_SECTION: (&str, &str) = ("__TEXT", "__native");
/// Segment and name of the section with the original module in a Mach-O file.
pub const MACH_O_MODULE_SECTION: (&str, &str) = ("__WASMEDGE", "__module");
/// The name of the section that the native section begins with in a PE file.
pub const PE_NATIVE_SECTION: &str = ".wasmnat";
/// The name of the section with the original module in a PE file.
pub const PE_MODULE_SECTION: &str = ".wasmmod";

const MAGIC: [u8; 8] = *b"\0wasmnat";
const VERSION: u32 = 5;
const PREFIX: usize = 8 + 4 + 4 + 32;

/// A blake3 hash.
pub type Hash = [u8; 32];

/// Hashes bytes.
pub fn hash(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// Where the parts of an image lie, in bytes from its start. Each begins on a page boundary; parts may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Executable code.
    pub text: Range<u32>,
    /// Constants, and the initial contents of memories ([`Native::contents`]).
    pub read_only: Range<u32>,
    /// Words that the loader fills with the addresses of runtime symbols.
    pub slots: Range<u32>,
}

/// An import slot: the image reaches a runtime symbol through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The symbol ([`crate::libcall::RUNTIME_SYMBOLS`]).
    pub symbol: String,
    /// The slot's offset in the image.
    pub offset: u32,
}

/// A tail function ([`crate::signature`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Whose it is: a position among the functions with a body.
    pub function: DefinedFuncIdx,
    /// Its offset in the image.
    pub offset: u32,
}

/// What a memory of the module's own holds at first in some of its pages. A loader can map them from the file, copy-on-write: what a
/// program never touches costs nothing then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Which memory.
    pub memory: MemoryIdx,
    /// The address of the first byte in the memory, a multiple of the page size.
    pub address: u64,
    /// The bytes in the image: whole pages, within the part that is only read.
    pub place: Range<u32>,
}

/// A register that a function saves for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Save {
    /// Which one, by the number that DWARF gives it.
    pub register: u32,
    /// Where, in bytes from where the frame pointer points; a multiple of 8.
    pub offset: i32,
}

/// The code of a function or wrapper: from here to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its offset in the image.
    pub start: u32,
    /// What it saves: a position in [`Unwinding::saves`].
    pub saves: u32,
}

/// Where a call goes on when an exception comes out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The code of the call, in bytes from the start of the image.
    pub call: Range<u32>,
    /// The landing pad's offset in the image. It finds the exception where functions return a pointer.
    pub pad: u32,
    /// How many bytes of arguments the caller has pushed for this call, and takes from the stack again after it.
    pub pushed: u32,
}

/// How exceptions find their way through native code. Each function keeps its caller's frame pointer where its own frame pointer
/// points, and the return address in the word above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwinding {
    /// In ascending order.
    pub frames: Vec<Frame>,
    /// What functions save; many save the same.
    pub saves: Vec<Vec<Save>>,
    /// In ascending order; they do not overlap.
    pub handlers: Vec<Handler>,
}

impl Unwinding {
    /// Checks what is said above, of an image with this code.
    ///
    /// # Errors
    /// If something does not hold; what.
    pub fn check(&self, text: &Range<u32>) -> Result<(), &'static str> {
        let Unwinding { frames, saves, handlers } = self;
        let known = |frame: &Frame| text.contains(&frame.start) && (frame.saves as usize) < saves.len();
        if !frames.iter().all(known) || !frames.is_sorted_by(|a, b| a.start < b.start) {
            return Err("frames are out of order");
        }
        if saves.iter().flatten().any(|save| save.offset % 8 != 0) {
            return Err("a register is saved in parts of two words");
        }
        let inside = |Handler { call, pad, .. }: &Handler| {
            call.start < call.end && text.start <= call.start && call.end <= text.end && text.contains(pad)
        };
        if !handlers.iter().all(inside) || !handlers.is_sorted_by(|a, b| a.call.end <= b.call.start) {
            return Err("a handler is outside of the code, or overlaps another");
        }
        Ok(())
    }
}

/// What a loader must know about an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Native {
    /// The ABI that the code follows ([`crate::fingerprint`]).
    pub fingerprint: Hash,
    /// The target triple.
    pub triple: String,
    /// The page size that the image is laid out for, in bytes.
    pub page_size: u32,
    /// The processor features that the code uses ([`crate::cpu`]).
    pub features: Vec<String>,
    /// The hash of the original module.
    pub module_hash: Hash,
    /// The length of the original module in bytes.
    pub module_length: u64,
    /// The hash of the image.
    pub image_hash: Hash,
    /// The length of the image in bytes.
    pub image_length: u64,
    /// The parts of the image.
    pub parts: Parts,
    /// The offset of each function with a body.
    pub functions: Vec<u32>,
    /// The tail functions, in the order of the functions that have one.
    pub tails: Vec<Tail>,
    /// The offset of the entry wrapper of each type of the module, in the order of the type section.
    pub entries: Vec<u32>,
    /// The offset of the host wrapper of each type of the module, in the order of the type section.
    pub hosts: Vec<u32>,
    /// The import slots.
    pub slots: Vec<Slot>,
    /// How exceptions find their way.
    pub unwinding: Unwinding,
    /// What the code keeps track of.
    pub metered: Metered,
    /// What memories hold once the module's data segments have run, besides zeros. Either empty, and then the segments must run; or
    /// it stands for all of them: each is active, its place is a constant within a memory of the module's own, and it is dropped
    /// when the module is instantiated, so that nobody reads it afterwards.
    pub contents: Vec<Contents>,
}

/// Why a native section cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// Not one of ours.
    #[error("it is not a native section")]
    Foreign,
    /// Written by a tool with another format.
    #[error("its format version is {0}, not {VERSION}")]
    Version(u32),
    /// Shorter than it says.
    #[error("it is truncated")]
    Truncated,
    /// Some byte is not what was written.
    #[error("its contents were altered")]
    Altered,
}

impl Native {
    /// The bytes of a native section. `position` is the place in the file at which they will begin.
    pub fn encode(&self, image: &[u8], position: u64) -> Vec<u8> {
        let mut header = Vec::new();
        self.write(&mut header);
        // The image's place is the header's last word, so that its own length does not depend on it.
        let header_length = header.len() + 8;
        let page = u64::from(self.page_size);
        let image_at = (position + (PREFIX + header_length) as u64).next_multiple_of(page) - position;
        header.extend(image_at.to_le_bytes());

        let mut bytes = Vec::with_capacity(image_at as usize + image.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((header_length as u32).to_le_bytes());
        bytes.extend(hash(&header));
        bytes.extend(header);
        bytes.resize(image_at as usize, 0);
        bytes.extend(image);
        bytes
    }

    /// Reads a native section. Gives what it says and the place of the image in `bytes`, in bounds. The image's own hash is
    /// left for the caller to check.
    ///
    /// # Errors
    /// If the bytes are not what [`Native::encode`] wrote, as far as the header and the padding go.
    pub fn decode(bytes: &[u8]) -> Result<(Native, Range<usize>), ContainerError> {
        if !bytes.starts_with(&MAGIC) {
            let cut = MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]);
            return Err(if cut { ContainerError::Truncated } else { ContainerError::Foreign });
        }
        let mut prefix = Reader(&bytes[MAGIC.len()..]);
        let version = prefix.u32()?;
        if version != VERSION {
            return Err(ContainerError::Version(version));
        }
        let header_length = prefix.u32()? as usize;
        let header_hash = prefix.hash()?;
        let header = prefix.take(header_length)?;
        if hash(header) != header_hash {
            return Err(ContainerError::Altered);
        }
        let mut reader = Reader(header);
        let native = Native::read(&mut reader)?;
        let start = usize::try_from(reader.u64()?).map_err(|_| ContainerError::Altered)?;
        let length = usize::try_from(native.image_length).map_err(|_| ContainerError::Altered)?;
        let padding = bytes.get(PREFIX + header_length..start).ok_or(ContainerError::Truncated)?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(ContainerError::Altered);
        }
        let end = start.checked_add(length).ok_or(ContainerError::Altered)?;
        match end.cmp(&bytes.len()) {
            std::cmp::Ordering::Less => Err(ContainerError::Altered),
            std::cmp::Ordering::Equal => Ok((native, start..end)),
            std::cmp::Ordering::Greater => Err(ContainerError::Truncated),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.fingerprint);
        write_str(out, &self.triple);
        write_u32(out, self.page_size);
        write_u32(out, self.features.len() as u32);
        self.features.iter().for_each(|feature| write_str(out, feature));
        out.extend(self.module_hash);
        out.extend(self.module_length.to_le_bytes());
        out.extend(self.image_hash);
        out.extend(self.image_length.to_le_bytes());
        for part in [&self.parts.text, &self.parts.read_only, &self.parts.slots] {
            write_u32(out, part.start);
            write_u32(out, part.end);
        }
        for offsets in [&self.functions, &self.entries, &self.hosts] {
            write_u32(out, offsets.len() as u32);
            offsets.iter().for_each(|&offset| write_u32(out, offset));
        }
        write_u32(out, self.tails.len() as u32);
        for tail in &self.tails {
            write_u32(out, tail.function.0);
            write_u32(out, tail.offset);
        }
        write_u32(out, self.slots.len() as u32);
        for slot in &self.slots {
            write_str(out, &slot.symbol);
            write_u32(out, slot.offset);
        }
        let Unwinding { frames, saves, handlers } = &self.unwinding;
        write_u32(out, frames.len() as u32);
        frames.iter().flat_map(|frame| [frame.start, frame.saves]).for_each(|number| write_u32(out, number));
        write_u32(out, saves.len() as u32);
        for saves in saves {
            write_u32(out, saves.len() as u32);
            let numbers = saves.iter().flat_map(|save| [save.register, save.offset.cast_unsigned()]);
            numbers.for_each(|number| write_u32(out, number));
        }
        write_u32(out, handlers.len() as u32);
        let numbers =
            handlers.iter().flat_map(|handler| [handler.call.start, handler.call.end, handler.pad, handler.pushed]);
        numbers.for_each(|number| write_u32(out, number));
        let Metered { instructions, gas, interruptible } = self.metered;
        out.extend([instructions, gas.is_some(), interruptible].map(u8::from));
        out.extend(gas.into_iter().flatten());
        write_u32(out, self.contents.len() as u32);
        for Contents { memory, address, place } in &self.contents {
            write_u32(out, memory.0);
            out.extend(address.to_le_bytes());
            write_u32(out, place.start);
            write_u32(out, place.end);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Native, ContainerError> {
        Ok(Native {
            fingerprint: reader.hash()?,
            triple: reader.string()?,
            page_size: reader.u32()?,
            features: reader.list(Reader::string)?,
            module_hash: reader.hash()?,
            module_length: reader.u64()?,
            image_hash: reader.hash()?,
            image_length: reader.u64()?,
            parts: Parts { text: reader.range()?, read_only: reader.range()?, slots: reader.range()? },
            functions: reader.list(Reader::u32)?,
            entries: reader.list(Reader::u32)?,
            hosts: reader.list(Reader::u32)?,
            tails: reader.list(|reader| Ok(Tail { function: DefinedFuncIdx(reader.u32()?), offset: reader.u32()? }))?,
            slots: reader.list(|reader| Ok(Slot { symbol: reader.string()?, offset: reader.u32()? }))?,
            unwinding: Unwinding {
                frames: reader.list(|reader| Ok(Frame { start: reader.u32()?, saves: reader.u32()? }))?,
                saves: reader.list(|reader| {
                    reader.list(|reader| Ok(Save { register: reader.u32()?, offset: reader.u32()?.cast_signed() }))
                })?,
                handlers: reader
                    .list(|reader| Ok(Handler { call: reader.range()?, pad: reader.u32()?, pushed: reader.u32()? }))?,
            },
            metered: {
                let [instructions, gas, interruptible] = [reader.flag()?, reader.flag()?, reader.flag()?];
                Metered { instructions, gas: gas.then(|| reader.hash()).transpose()?, interruptible }
            },
            contents: reader.list(|reader| {
                Ok(Contents { memory: MemoryIdx(reader.u32()?), address: reader.u64()?, place: reader.range()? })
            })?,
        })
    }
}

fn write_u32(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes());
}

fn write_str(out: &mut Vec<u8>, text: &str) {
    write_u32(out, text.len() as u32);
    out.extend(text.as_bytes());
}

/// Reads what the functions above write; every length is checked against what is there.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ContainerError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ContainerError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ContainerError> {
        Ok(self.take(N)?.try_into().expect("as many bytes as asked for"))
    }

    fn u32(&mut self) -> Result<u32, ContainerError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, ContainerError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn flag(&mut self) -> Result<bool, ContainerError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(ContainerError::Altered),
        }
    }

    fn hash(&mut self) -> Result<Hash, ContainerError> {
        self.array()
    }

    fn range(&mut self) -> Result<Range<u32>, ContainerError> {
        Ok(self.u32()?..self.u32()?)
    }

    fn string(&mut self) -> Result<String, ContainerError> {
        let length = self.u32()? as usize;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| ContainerError::Altered)
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, ContainerError>) -> Result<Vec<T>, ContainerError> {
        let count = self.u32()?;
        (0..count).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Native, Vec<u8>) {
        let image = vec![0xC3; 100];
        let native = Native {
            fingerprint: crate::fingerprint(),
            triple: "x86_64-unknown-linux-gnu".into(),
            page_size: 4096,
            features: vec!["avx2".into(), "bmi".into()],
            module_hash: hash(b"module"),
            module_length: 6,
            image_hash: hash(&image),
            image_length: 100,
            parts: Parts { text: 0..100, ..Parts::default() },
            functions: vec![0, 16],
            tails: vec![Tail { function: DefinedFuncIdx(1), offset: 48 }],
            entries: vec![32],
            hosts: vec![64],
            slots: vec![Slot { symbol: "floor".into(), offset: 8 }],
            unwinding: Unwinding {
                frames: vec![Frame { start: 0, saves: 0 }],
                saves: vec![vec![Save { register: 3, offset: -8 }]],
                handlers: vec![Handler { call: 10..15, pad: 60, pushed: 16 }],
            },
            metered: Metered { instructions: true, gas: Some(hash(b"costs")), interruptible: false },
            contents: vec![Contents { memory: MemoryIdx(2), address: 1 << 33, place: 60..100 }],
        };
        (native, image)
    }

    #[test]
    fn what_is_written_is_read() {
        let (native, image) = sample();
        let bytes = native.encode(&image, 1234);
        let (read, range) = Native::decode(&bytes).expect("own bytes");
        assert_eq!(read, native);
        assert_eq!(bytes[range.clone()], image);
        assert_eq!((1234 + range.start) % 4096, 0);
    }

    #[test]
    fn every_change_before_the_image_is_noticed() {
        let (native, image) = sample();
        let bytes = native.encode(&image, 0);
        let (_, range) = Native::decode(&bytes).expect("own bytes");
        for at in 0..range.start {
            let mut altered = bytes.clone();
            altered[at] ^= 0x40;
            assert!(Native::decode(&altered).is_err(), "byte {at}");
        }
        for length in 0..bytes.len() {
            assert!(Native::decode(&bytes[..length]).is_err(), "length {length}");
        }
    }
}
