//! Relocations of x86-64.

use super::{Problem, Site, Target, distance};
use crate::object::Relocation;
use object::elf::*;

pub(super) fn apply(site: &mut Site<'_>, relocation: &Relocation, target: Target) -> Result<(), Problem> {
    let Relocation { offset, kind, addend, .. } = *relocation;
    let place = site.place(offset)?;
    match kind {
        R_X86_64_NONE => Ok(()),
        R_X86_64_PC32 | R_X86_64_PLT32 => site.write_32(offset, distance(target.address, addend, place)?),
        R_X86_64_PC64 => site.write_64(offset, distance(target.address, addend, place)?),
        R_X86_64_GOTPCREL | R_X86_64_GOTPCRELX | R_X86_64_REX_GOTPCRELX => match target.slot {
            Some(slot) => site.write_32(offset, distance(slot, addend, place)?),
            None if kind == R_X86_64_GOTPCREL => Err(Problem::NotRelaxable),
            None => relax(site, relocation, distance(target.address, addend, place)?),
        },
        R_X86_64_64 | R_X86_64_32 | R_X86_64_32S | R_X86_64_16 | R_X86_64_8 => Err(Problem::Absolute(kind.0)),
        _ => Err(Problem::Unknown(kind.0)),
    }
}

/// Rewrites an instruction that takes an address from a table so that it computes it (psABI, "Optimize GOTPCRELX").
fn relax(site: &mut Site<'_>, relocation: &Relocation, distance: i64) -> Result<(), Problem> {
    let Relocation { offset, kind, addend, .. } = *relocation;
    // The operand is the instruction's end, so that the addend is minus its size.
    if !site.code || addend != -4 {
        return Err(Problem::NotRelaxable);
    }
    let operand: i32 = distance.try_into().map_err(|_| Problem::Overflow)?;
    site.at::<4>(offset, 0)?;
    let [opcode, mod_rm] = site.at(offset, 2)?;
    // The operand is relative to the instruction pointer, whatever the register field says.
    let relative = *mod_rm & 0xC7 == 0x05;
    match (*opcode, *mod_rm) {
        // mov table(%rip), reg → lea target(%rip), reg
        (0x8B, _) if relative => {
            if kind == R_X86_64_REX_GOTPCRELX {
                // A REX prefix, with a 64-bit operand: a 32-bit one would cut the address.
                let [rex] = site.at(offset, 3)?;
                if *rex & 0xF8 != 0x48 {
                    return Err(Problem::NotRelaxable);
                }
            } else {
                return Err(Problem::NotRelaxable);
            }
            let [opcode] = site.at(offset, 2)?;
            *opcode = 0x8D;
        }
        // call *table(%rip) → addr32 call target
        (0xFF, 0x15) if kind == R_X86_64_GOTPCRELX => *site.at(offset, 2)? = [0x67, 0xE8],
        // jmp *table(%rip) → jmp target; nop. The operand moves one byte to the front.
        (0xFF, 0x25) if kind == R_X86_64_GOTPCRELX => {
            let operand = operand.checked_add(1).ok_or(Problem::Overflow)?;
            let [a, b, c, d] = operand.to_le_bytes();
            *site.at(offset, 2)? = [0xE9, a, b, c, d, 0x90];
            return Ok(());
        }
        _ => return Err(Problem::NotRelaxable),
    }
    *site.at(offset, 0)? = operand.to_le_bytes();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Target = Target { address: 0x1000, slot: None };
    const RUNTIME: Target = Target { address: 0x2000, slot: Some(0x3000) };

    fn run(bytes: &[u8], offset: u64, kind: RelocationType, addend: i64, target: Target) -> Result<Vec<u8>, Problem> {
        let mut bytes = bytes.to_vec();
        let mut site = Site { bytes: &mut bytes, base: 0x100, code: true };
        apply(&mut site, &Relocation { offset, kind, symbol: 0, addend }, target)?;
        Ok(bytes)
    }

    #[test]
    fn distances_are_from_the_place() {
        assert_eq!(run(&[0xE8, 0, 0, 0, 0], 1, R_X86_64_PLT32, -4, OWN), Ok(vec![0xE8, 0xFB, 0x0E, 0, 0]));
        assert_eq!(run(&[0xE8, 0, 0, 0, 0], 1, R_X86_64_PC32, -4, RUNTIME), Ok(vec![0xE8, 0xFB, 0x1E, 0, 0]));
        assert_eq!(
            run(&[0; 8], 0, R_X86_64_PC64, 0, Target { address: 0, slot: None }),
            Ok((-0x100i64).to_le_bytes().to_vec())
        );
    }

    #[test]
    fn addresses_from_a_table_are_computed_or_taken_from_a_slot() {
        let mov = [0x48, 0x8B, 0x3D, 0, 0, 0, 0];
        assert_eq!(run(&mov, 3, R_X86_64_REX_GOTPCRELX, -4, OWN), Ok(vec![0x48, 0x8D, 0x3D, 0xF9, 0x0E, 0, 0]));
        assert_eq!(run(&mov, 3, R_X86_64_REX_GOTPCRELX, -4, RUNTIME), Ok(vec![0x48, 0x8B, 0x3D, 0xF9, 0x2E, 0, 0]));
        let call = [0xFF, 0x15, 0, 0, 0, 0];
        assert_eq!(run(&call, 2, R_X86_64_GOTPCRELX, -4, OWN), Ok(vec![0x67, 0xE8, 0xFA, 0x0E, 0, 0]));
        let jump = [0xFF, 0x25, 0, 0, 0, 0];
        assert_eq!(run(&jump, 2, R_X86_64_GOTPCRELX, -4, OWN), Ok(vec![0xE9, 0xFB, 0x0E, 0, 0, 0x90]));
        let test = [0x48, 0x85, 0x05, 0, 0, 0, 0];
        assert_eq!(run(&test, 3, R_X86_64_REX_GOTPCRELX, -4, OWN), Err(Problem::NotRelaxable));
        assert_eq!(run(&mov, 3, R_X86_64_GOTPCREL, -4, OWN), Err(Problem::NotRelaxable));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let far = Target { address: 1 << 40, slot: None };
        assert_eq!(run(&[0; 4], 0, R_X86_64_PC32, 0, far), Err(Problem::Overflow));
        assert_eq!(run(&[0; 4], 0, R_X86_64_PC32, i64::MAX, far), Err(Problem::Overflow));
        assert_eq!(run(&[0; 4], 1, R_X86_64_PC32, 0, OWN), Err(Problem::OutOfSection));
        assert_eq!(run(&[0; 4], u64::MAX, R_X86_64_PC32, 0, OWN), Err(Problem::OutOfSection));
        assert_eq!(run(&[0; 8], 0, R_X86_64_64, 0, OWN), Err(Problem::Absolute(1)));
        assert_eq!(run(&[0; 8], 0, R_X86_64_GOTOFF64, 0, OWN), Err(Problem::Unknown(25)));
    }
}
