//! Random valid modules: every one gives valid IR, whatever its control flow looks like.

use crate::support::{assemble, lower_bytes, target};
use arbitrary::Unstructured;
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

/// How many modules are tried; `RANDOM_MODULES` asks for more.
const MODULES: u64 = 300;
/// Random bytes that a module is made from.
const ENTROPY: usize = 64 << 10;

#[test]
fn every_valid_module_gives_valid_code() {
    let modules = std::env::var("RANDOM_MODULES").map_or(MODULES, |count| count.parse().expect("a number"));
    for seed in 0..modules {
        let entropy = entropy(seed);
        let module = Module::new(config(), &mut Unstructured::new(&entropy)).expect("there is enough entropy");
        let bytes = module.to_bytes();
        if let Err(error) = lower_bytes(&bytes, seed % 2 == 0) {
            panic!("module {seed}: {error}");
        }
    }
}

#[test]
fn vectors_become_machine_code_for_each_architecture() {
    let mut config = config();
    config.allowed_instructions =
        InstructionKinds::new(&[InstructionKind::Vector, InstructionKind::Variable, InstructionKind::NumericInt]);
    for seed in 0..8 {
        let module =
            Module::new(config.clone(), &mut Unstructured::new(&entropy(seed))).expect("there is enough entropy");
        let bytes = module.to_bytes();
        for target in [target("x86_64", &[]), target("x86_64", &["avx512f", "avx512vl"]), target("aarch64", &[])] {
            let assembly = assemble(&target, &bytes);
            // There is no other call by name: what traps goes through a table.
            assert!(!assembly.contains("@PLT") && !assembly.contains("\tbl\t"), "a function does what code should");
        }
    }
}

/// What is supported.
fn config() -> Config {
    Config {
        bulk_memory_enabled: true,
        exceptions_enabled: false,
        gc_enabled: false,
        max_instructions: 2000,
        max_memories: 3,
        max_tables: 4,
        memory64_enabled: false,
        max_data_segments: 2,
        max_element_segments: 4,
        max_imports: 5,
        min_funcs: 5,
        min_types: 3,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        simd_enabled: true,
        tail_call_enabled: true,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        extended_const_enabled: false,
        compact_imports_enabled: false,
        custom_page_sizes_enabled: false,
        shared_everything_threads_enabled: false,
        ..Config::default()
    }
}

/// Bytes from a small generator (splitmix64), the same for the same seed everywhere.
fn entropy(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    });
    words.take(ENTROPY / 8).flat_map(u64::to_le_bytes).collect()
}
