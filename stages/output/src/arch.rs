//! What differs between the architectures that images are made for, relocations aside.

use crate::error;
use abi::system::System;
use artifact::{Error, Kind};
use object::{elf, macho, pe};

/// An architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arch {
    X86_64,
    Aarch64,
}

impl Arch {
    /// The architecture of a target triple.
    pub fn of(triple: &str) -> Result<Arch, Error> {
        match triple.split('-').next() {
            Some("x86_64") => Ok(Arch::X86_64),
            Some("aarch64") => Ok(Arch::Aarch64),
            _ => Err(error(Kind::Unsupported, format!("target `{triple}` is not supported"))),
        }
    }

    /// The first part of its target triples.
    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Aarch64 => "aarch64",
        }
    }

    /// Its number in ELF files.
    pub fn machine(self) -> elf::Machine {
        match self {
            Arch::X86_64 => elf::EM_X86_64,
            Arch::Aarch64 => elf::EM_AARCH64,
        }
    }

    /// Its numbers in Mach-O files.
    pub fn cpu_type(self) -> (macho::CpuType, macho::CpuSubtype) {
        match self {
            Arch::X86_64 => (macho::CPU_TYPE_X86_64, macho::CPU_SUBTYPE_X86_64_ALL.into()),
            Arch::Aarch64 => (macho::CPU_TYPE_ARM64, macho::CPU_SUBTYPE_ARM64_ALL.into()),
        }
    }

    /// Its number in PE files.
    pub fn pe_machine(self) -> pe::Machine {
        match self {
            Arch::X86_64 => pe::IMAGE_FILE_MACHINE_AMD64,
            Arch::Aarch64 => pe::IMAGE_FILE_MACHINE_ARM64,
        }
    }

    /// The alignment of an image's parts in bytes: the largest page size that a system uses on the architecture.
    pub fn page_size(self, system: Option<System>) -> u32 {
        match (self, system) {
            (Arch::X86_64, _) | (Arch::Aarch64, Some(System::Windows)) => 4096,
            (Arch::Aarch64, Some(System::MacOs)) => 16384,
            (Arch::Aarch64, Some(System::Linux) | None) => 65536,
        }
    }

    /// The numbers that DWARF gives the frame pointer and the place of the return address.
    pub fn frame_registers(self) -> (u16, u16) {
        match self {
            Arch::X86_64 => (6, 16),
            Arch::Aarch64 => (29, 30),
        }
    }

    /// The byte between pieces of code, so that a jump astray traps: `int3`, and `udf #0`.
    pub fn code_padding(self) -> u8 {
        match self {
            Arch::X86_64 => 0xCC,
            Arch::Aarch64 => 0x00,
        }
    }

    /// The code of a stub: a jump to where the import slot points, at offset `slot` in the image; `at` is the stub's own.
    /// None if the slot is out of reach.
    pub fn stub(self, at: u32, slot: u32) -> Option<[u8; STUB_SIZE as usize]> {
        let mut code = [self.code_padding(); STUB_SIZE as usize];
        match self {
            Arch::X86_64 => {
                // jmp *distance(%rip)
                let distance = i32::try_from(i64::from(slot) - (i64::from(at) + 6)).ok()?;
                code[..2].copy_from_slice(&[0xFF, 0x25]);
                code[2..6].copy_from_slice(&distance.to_le_bytes());
            }
            Arch::Aarch64 => {
                // adrp x16, page; ldr x16, [x16, #low]; br x16
                let pages = (i64::from(slot) >> 12) - (i64::from(at) >> 12);
                if !(-(1 << 20)..1 << 20).contains(&pages) {
                    return None;
                }
                let pages = pages as u32;
                let adrp = 0x9000_0010 | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5;
                let ldr = 0xF940_0210 | (slot & 0xFFF) >> 3 << 10;
                for (i, word) in [adrp, ldr, 0xD61F_0200].into_iter().enumerate() {
                    code[4 * i..4 * i + 4].copy_from_slice(&word.to_le_bytes());
                }
            }
        }
        Some(code)
    }
}

/// Size and alignment of a stub, in bytes.
pub(crate) const STUB_SIZE: u32 = 16;
