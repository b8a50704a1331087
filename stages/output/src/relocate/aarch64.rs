//! Relocations of aarch64. Pages are of 4 KiB here, whatever the system's are: an image begins on a multiple of that.

use super::{Problem, Site, Target, distance, plus};
use crate::object::Relocation;
use object::elf::*;

pub(super) fn apply(site: &mut Site<'_>, relocation: &Relocation, target: Target) -> Result<(), Problem> {
    let Relocation { offset, kind, addend, .. } = *relocation;
    let place = site.place(offset)?;
    let mut low = |scale: u32, address: i64| {
        let low = plus(address, addend)? as u32 & 0xFFF;
        if low.trailing_zeros() < scale {
            return Err(Problem::Misaligned);
        }
        instruction(site, offset, 0xFFF << 10, low >> scale << 10)
    };
    match kind {
        R_AARCH64_NONE => Ok(()),
        R_AARCH64_PREL32 | R_AARCH64_PLT32 => site.write_32(offset, distance(target.address, addend, place)?),
        R_AARCH64_PREL64 => site.write_64(offset, distance(target.address, addend, place)?),
        R_AARCH64_CALL26 | R_AARCH64_JUMP26 => {
            let distance = distance(target.address, addend, place)?;
            if distance & 3 != 0 {
                return Err(Problem::Misaligned);
            }
            let field = in_range(distance >> 2, 26)? & 0x3FF_FFFF;
            instruction(site, offset, 0x3FF_FFFF, field)
        }
        R_AARCH64_ADR_PREL_PG_HI21 => page(site, offset, place, plus(target.address, addend)?),
        R_AARCH64_ADR_GOT_PAGE => page(site, offset, place, plus(target.slot.unwrap_or(target.address), addend)?),
        R_AARCH64_ADD_ABS_LO12_NC | R_AARCH64_LDST8_ABS_LO12_NC => low(0, target.address),
        R_AARCH64_LDST16_ABS_LO12_NC => low(1, target.address),
        R_AARCH64_LDST32_ABS_LO12_NC => low(2, target.address),
        R_AARCH64_LDST64_ABS_LO12_NC => low(3, target.address),
        R_AARCH64_LDST128_ABS_LO12_NC => low(4, target.address),
        R_AARCH64_LD64_GOT_LO12_NC => match target.slot {
            Some(slot) => low(3, slot),
            None => {
                load_to_add(site, offset)?;
                let low = plus(target.address, addend)? as u32 & 0xFFF;
                instruction(site, offset, 0xFFF << 10, low << 10)
            }
        },
        R_AARCH64_ABS64 | R_AARCH64_ABS32 | R_AARCH64_ABS16 => Err(Problem::Absolute(kind.0)),
        _ => Err(Problem::Unknown(kind.0)),
    }
}

/// Sets a field of an instruction.
fn instruction(site: &mut Site<'_>, offset: u64, mask: u32, field: u32) -> Result<(), Problem> {
    if !site.code || !offset.is_multiple_of(4) {
        return Err(Problem::OutOfSection);
    }
    let bytes = site.at(offset, 0)?;
    *bytes = (u32::from_le_bytes(*bytes) & !mask | field).to_le_bytes();
    Ok(())
}

/// The distance in pages, for `adrp`.
fn page(site: &mut Site<'_>, offset: u64, place: i64, address: i64) -> Result<(), Problem> {
    let pages = in_range((address >> 12) - (place >> 12), 21)?;
    instruction(site, offset, 3 << 29 | 0x7_FFFF << 5, (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5)
}

/// `ldr xd, [xn, #low]` → `add xd, xn, #low`: with the target's page in `xn` instead of a table's.
fn load_to_add(site: &mut Site<'_>, offset: u64) -> Result<(), Problem> {
    let bytes = site.at(offset, 0)?;
    let load = u32::from_le_bytes(*bytes);
    if load & 0xFFC0_0000 != 0xF940_0000 {
        return Err(Problem::NotRelaxable);
    }
    *bytes = (0x9100_0000 | load & 0x3FF).to_le_bytes();
    Ok(())
}

/// The value as a field of so many bits with a sign.
fn in_range(value: i64, bits: u32) -> Result<u32, Problem> {
    let limit = 1 << (bits - 1);
    if (-limit..limit).contains(&value) { Ok(value as u32) } else { Err(Problem::Overflow) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Target = Target { address: 0x1_2348, slot: None };
    const RUNTIME: Target = Target { address: 0x2000, slot: Some(0x3_0008) };

    fn run(word: u32, kind: RelocationType, addend: i64, target: Target) -> Result<u32, Problem> {
        let mut bytes = word.to_le_bytes();
        let mut site = Site { bytes: &mut bytes, base: 0x1000, code: true };
        apply(&mut site, &Relocation { offset: 0, kind, symbol: 0, addend }, target)?;
        Ok(u32::from_le_bytes(bytes))
    }

    #[test]
    fn calls() {
        assert_eq!(run(0x9400_0000, R_AARCH64_CALL26, 0, OWN), Ok(0x9400_0000 | 0x1_1348 >> 2));
        assert_eq!(run(0x1400_0000, R_AARCH64_JUMP26, 0, Target { address: 0, slot: None }), Ok(0x17FF_FC00));
        assert_eq!(
            run(0x9400_0000, R_AARCH64_CALL26, 0, Target { address: 1 << 28, slot: None }),
            Err(Problem::Overflow)
        );
        assert_eq!(run(0x9400_0000, R_AARCH64_CALL26, 2, OWN), Err(Problem::Misaligned));
    }

    #[test]
    fn pages_and_offsets_in_them() {
        // adrp x0, 17 pages on; add x0, x0, #0x348; ldr x0, [x0, #0x348]
        assert_eq!(run(0x9000_0000, R_AARCH64_ADR_PREL_PG_HI21, 0, OWN), Ok(0xB000_0080));
        assert_eq!(run(0x9100_0000, R_AARCH64_ADD_ABS_LO12_NC, 0, OWN), Ok(0x910D_2000));
        assert_eq!(run(0xF940_0000, R_AARCH64_LDST64_ABS_LO12_NC, 0, OWN), Ok(0xF941_A400));
        assert_eq!(run(0x3DC0_0000, R_AARCH64_LDST128_ABS_LO12_NC, 0, OWN), Err(Problem::Misaligned));
    }

    #[test]
    fn addresses_from_a_table_are_computed_or_taken_from_a_slot() {
        assert_eq!(run(0x9000_0000, R_AARCH64_ADR_GOT_PAGE, 0, RUNTIME), Ok(0xF000_0160));
        assert_eq!(run(0xF940_0000, R_AARCH64_LD64_GOT_LO12_NC, 0, RUNTIME), Ok(0xF940_0400));
        assert_eq!(run(0x9000_0000, R_AARCH64_ADR_GOT_PAGE, 0, OWN), Ok(0xB000_0080));
        assert_eq!(run(0xF940_0021, R_AARCH64_LD64_GOT_LO12_NC, 0, OWN), Ok(0x910D_2021));
        assert_eq!(run(0xB940_0000, R_AARCH64_LD64_GOT_LO12_NC, 0, OWN), Err(Problem::NotRelaxable));
    }

    #[test]
    fn load_addresses_are_refused() {
        assert_eq!(run(0, R_AARCH64_ABS32, 0, OWN), Err(Problem::Absolute(258)));
        assert_eq!(run(0, R_AARCH64_TSTBR14, 0, OWN), Err(Problem::Unknown(279)));
    }
}
