//! Modules from seeds.

use wasm_smith::{Config, Module};
use wasm_smith::{InstructionKind, InstructionKinds};

/// Bounds how long a generated module runs.
const FUEL: u32 = 10_000;

/// One in so many modules uses vectors.
const VECTORS: u64 = 3;

/// One in so many modules makes tail calls.
const TAIL_CALLS: u64 = 2;

/// One in so many modules may use arithmetic with 128-bit results.
const WIDE_ARITHMETIC: u64 = 5;

/// One in so many modules may have 64-bit memories and tables, and two memories, which may be of two kinds.
const WIDE: u64 = 4;

/// A module without imports, valid and certain to end; none if the seed gives none.
pub fn module(seed: u64) -> Option<Vec<u8>> {
    let wide = seed.is_multiple_of(WIDE);
    let config = Config {
        tail_call_enabled: seed.is_multiple_of(TAIL_CALLS),
        wide_arithmetic_enabled: seed.is_multiple_of(WIDE_ARITHMETIC),
        memory64_enabled: wide,
        max_memories: if wide { 2 } else { 1 },
        ..config(seed.is_multiple_of(VECTORS))
    };
    made(seed, config)
}

/// The same, with vectors and the relaxed operators on them.
pub fn relaxed(seed: u64) -> Option<Vec<u8>> {
    made(
        seed,
        Config {
            relaxed_simd_enabled: true,
            tail_call_enabled: false,
            memory64_enabled: false,
            max_memories: 1,
            ..config(true)
        },
    )
}

/// A module that throws and catches, and makes tail calls.
pub fn throwing(seed: u64) -> Option<Vec<u8>> {
    let config = Config {
        exceptions_enabled: true,
        tail_call_enabled: seed.is_multiple_of(TAIL_CALLS),
        min_tags: 1,
        max_tags: 4,
        // Fewer functions, so that one calls another more often.
        max_funcs: 6,
        memory64_enabled: false,
        max_memories: 1,
        ..config(seed.is_multiple_of(VECTORS))
    };
    made(seed, config)
}

fn made(seed: u64, config: Config) -> Option<Vec<u8>> {
    let mut state = seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1);
    let mut bytes = || {
        // splitmix64: every byte of the generator's input matters, so they should not be alike.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)).to_le_bytes()
    };
    let input: Vec<u8> = (0..512).flat_map(|_| bytes()).collect();
    let mut module = Module::new(config, &mut arbitrary::Unstructured::new(&input)).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(module.to_bytes())
}

fn config(vectors: bool) -> Config {
    Config {
        allowed_instructions: InstructionKinds::new(&[
            InstructionKind::Vector,
            InstructionKind::Numeric,
            InstructionKind::NumericInt,
            InstructionKind::Reference,
            InstructionKind::Parametric,
            InstructionKind::Variable,
            InstructionKind::Table,
            InstructionKind::Memory,
            InstructionKind::MemoryInt,
            InstructionKind::Control,
            InstructionKind::Aggregate,
        ]),
        // Engines may choose among NaNs; modules that do not let them show can be compared.
        canonicalize_nans: true,
        export_everything: true,
        min_funcs: 2,
        max_funcs: 12,
        max_imports: 0,
        max_instructions: 200,
        max_memory32_bytes: 1 << 22,
        max_memory64_bytes: 1 << 22,
        memory_max_size_required: true,
        max_table_elements: 1000,
        table_max_size_required: true,
        max_tables: 3,
        max_values: 5,
        min_memories: 1,
        compact_imports_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: vectors,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}
