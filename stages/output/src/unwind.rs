//! What an exception must know on its way: where functions save registers of their callers, and where calls go on.
//!
//! LLVM says both as an ELF system expects it: call frame information in `.eh_frame`, tables of call sites in
//! `.gcc_except_table` (DWARF 5, section 6.4; Linux Standard Base, chapter 10.6; Itanium C++ ABI, exception handling tables).
//! What native code can throw and where it can be caught is simpler than what these can say, so the container gets tables of its
//! own, and a runtime needs to read neither.

use crate::arch::Arch;
use crate::error;
use abi::container::{Frame, Handler, Save, Unwinding};
use artifact::{Error, Kind};
use gimli::{
    BaseAddresses, CallFrameInstruction, CfaRule, CieOrFde, EhFrame, EndianSlice, LittleEndian, Reader, RegisterRule,
};
use gimli::{UnwindContext, UnwindSection};
use std::collections::BTreeMap;
use std::ops::Range;

/// A relocated section, at the place in the image that it would have if it were part of it.
#[derive(Debug)]
pub(crate) struct Table {
    pub place: u32,
    pub bytes: Vec<u8>,
}

/// The sections that say how exceptions find their way.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// `.eh_frame` of each object.
    pub frames: Vec<Table>,
    /// `.gcc_except_table`, by place.
    pub call_sites: Vec<Table>,
}

/// How far the return address lies behind the place that the frame pointer points to.
const RETURN_ADDRESS: i64 = 8;

/// An encoding of numbers in tables of call sites.
const ULEB128: u8 = 0x01;
const UDATA4: u8 = 0x03;
/// Nothing is there.
const OMITTED: u8 = 0xFF;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

fn malformed(cause: impl std::fmt::Display) -> Error {
    error(Kind::Malformed, format!("unwind tables: {cause}"))
}

/// Reads all tables of an image with this code.
pub(crate) fn read(arch: Arch, tables: &Tables, text: &Range<u32>) -> Result<Unwinding, Error> {
    let mut unwinding = Unwinding::default();
    let mut known = BTreeMap::new();
    for Table { place, bytes } in &tables.frames {
        let section = EhFrame::new(bytes, LittleEndian);
        let bases = BaseAddresses::default().set_eh_frame(u64::from(*place));
        let mut entries = section.entries(&bases);
        let mut context = UnwindContext::new();
        while let Some(entry) = entries.next().map_err(malformed)? {
            let CieOrFde::Fde(entry) = entry else { continue };
            let entry = entry.parse(|section, bases, at| section.cie_from_offset(bases, at)).map_err(malformed)?;
            let start = u32::try_from(entry.initial_address()).map_err(malformed)?;
            let rows = entry.rows(&section, &bases, &mut context).map_err(malformed)?;
            let saves = saves(arch, rows)?;
            let next = known.len() as u32;
            let saves = *known.entry(saves).or_insert_with_key(|saves| {
                unwinding.saves.push(saves.clone());
                next
            });
            unwinding.frames.push(Frame { start, saves });
            if let Some(pointer) = entry.lsda() {
                let table = call_sites(&tables.call_sites, pointer.direct().map_err(malformed)?)?;
                let pushed = pushed(&entry, &section, &bases).map_err(malformed)?;
                handlers(start, table, &pushed, &mut unwinding.handlers).map_err(malformed)??;
            }
        }
    }
    unwinding.frames.sort_by_key(|frame| frame.start);
    unwinding.handlers.sort_by_key(|handler| handler.call.start);
    if !unwinding.handlers.is_empty() && arch != Arch::X86_64 {
        // What a frame is behind the return address differs from function to function there, and the container does not say.
        return Err(error(Kind::Unsupported, format!("exceptions cannot be caught by code for {}", arch.name())));
    }
    unwinding.check(text).map_err(malformed)?;
    Ok(unwinding)
}

/// What a function saves, from the rows of its frame's description.
fn saves(arch: Arch, mut rows: gimli::UnwindTable<'_, '_, Slice<'_>>) -> Result<Vec<Save>, Error> {
    let (frame_pointer, return_address) = arch.frame_registers();
    let mut saves: Vec<Save> = Vec::new();
    while let Some(row) = rows.next_row().map_err(malformed)? {
        // Elsewhere the frame is being made or taken down, and no call is under way.
        let CfaRule::RegisterAndOffset { register, offset } = *row.cfa() else { continue };
        let kept = |register, at| row.register(gimli::Register(register)) == Some(RegisterRule::Offset(at));
        let Some(back) = offset.checked_neg().filter(|back| back.checked_add(RETURN_ADDRESS).is_some()) else {
            continue;
        };
        if register.0 != frame_pointer || !kept(frame_pointer, back) || !kept(return_address, back + RETURN_ADDRESS) {
            continue;
        }
        let mut saved = Vec::new();
        for (register, rule) in row.registers() {
            let RegisterRule::Offset(at) = *rule else {
                return Err(malformed(format!("register {} is saved in an unknown way", register.0)));
            };
            if register.0 != frame_pointer && register.0 != return_address {
                let offset = at.checked_add(offset).and_then(|at| i32::try_from(at).ok());
                let offset = offset.ok_or_else(|| malformed("a register is saved far from its frame"))?;
                saved.push(Save { register: u32::from(register.0), offset });
            }
        }
        saved.sort();
        // Registers are saved one by one when the frame is made.
        if saved.len() > saves.len() {
            saves = saved;
        }
    }
    Ok(saves)
}

/// How many bytes of arguments lie on the stack from places on, in ascending order.
fn pushed(
    entry: &gimli::FrameDescriptionEntry<Slice<'_>>,
    section: &EhFrame<Slice<'_>>,
    bases: &BaseAddresses,
) -> gimli::Result<Vec<(u64, u64)>> {
    let mut at = entry.initial_address();
    let mut pushed = Vec::new();
    let mut instructions = entry.instructions(section, bases);
    while let Some(instruction) = instructions.next()? {
        match instruction {
            // The rows have been read: no place overflows.
            CallFrameInstruction::AdvanceLoc { delta } => {
                at = at.wrapping_add(u64::from(delta).wrapping_mul(entry.cie().code_alignment_factor()));
            }
            CallFrameInstruction::SetLoc { address } => at = address,
            CallFrameInstruction::ArgsSize { size } => pushed.push((at, size)),
            // About registers.
            _ => {}
        }
    }
    Ok(pushed)
}

/// The table that begins at a place.
fn call_sites(tables: &[Table], place: u64) -> Result<Slice<'_>, Error> {
    let table = tables.iter().rev().find(|table| u64::from(table.place) <= place);
    let bytes = table.and_then(|table| table.bytes.get((place - u64::from(table.place)) as usize..));
    Ok(EndianSlice::new(bytes.ok_or_else(|| malformed("a table of call sites is missing"))?, LittleEndian))
}

/// Reads the call sites of the function that starts at a place.
fn handlers(
    start: u32,
    mut table: Slice<'_>,
    pushed: &[(u64, u64)],
    handlers: &mut Vec<Handler>,
) -> gimli::Result<Result<(), Error>> {
    if table.read_u8()? != OMITTED {
        return Ok(Err(malformed("landing pads lie elsewhere than their function")));
    }
    if table.read_u8()? != OMITTED {
        // Types of exceptions: every pad catches all.
        table.read_uleb128()?;
    }
    let encoding = table.read_u8()?;
    let length = table.read_uleb128()?;
    let mut sites = table.split(length as usize)?;
    while !sites.is_empty() {
        let mut number = || match encoding {
            ULEB128 => sites.read_uleb128().map(Some),
            UDATA4 => sites.read_u32().map(|number| Some(number.into())),
            _ => Ok(None),
        };
        let (Some(at), Some(length), Some(pad)) = (number()?, number()?, number()?) else {
            return Ok(Err(malformed("an unknown encoding")));
        };
        sites.read_uleb128()?;
        if pad == 0 {
            continue;
        }
        // A range of calls with one pad may hold several that push different arguments.
        let place = |distance: u64| u64::from(start).checked_add(distance);
        let (Some(from), Some(to), Some(pad)) = (place(at), at.checked_add(length).and_then(place), place(pad)) else {
            return Ok(Err(malformed("a place outside of the image")));
        };
        let before = pushed.partition_point(|&(place, _)| place <= from);
        let within = pushed[before..].iter().take_while(|&&(place, _)| place < to);
        let mut parts = vec![(from, before.checked_sub(1).map_or(0, |last| pushed[last].1))];
        parts.extend(within);
        for (index, &(from, pushed)) in parts.iter().enumerate() {
            let to = parts.get(index + 1).map_or(to, |next| next.0);
            let [Ok(from), Ok(to), Ok(pad), Ok(pushed)] = [from, to, pad, pushed].map(u32::try_from) else {
                return Ok(Err(malformed("a place outside of the image")));
            };
            if from < to {
                handlers.push(Handler { call: from..to, pad, pushed });
            }
        }
    }
    Ok(Ok(()))
}
