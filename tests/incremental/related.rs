//! Generated modules that resemble each other, with one cache for all: where keys are equal, code must be.

use super::{Cached, functions, options};
use artifact::{CostTable, Level, Metering, Options};
use driver::Request;
use std::convert::Infallible;
use tests::edit::{Edit, edit};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{Encode, GlobalSection};
use wasm_smith::{Config, Module};
use wasmparser::{Operator, Parser};

/// How many modules there are, each with [`RELATIVES`].
const SEEDS: u64 = 60;

/// How many relatives a module has.
const RELATIVES: u64 = 5;

/// Numbers without end that follow from a seed.
struct Numbers(blake3::OutputReader);

impl Numbers {
    fn new(seed: [u64; 2]) -> Numbers {
        Numbers(blake3::Hasher::new().update(&seed.map(u64::to_le_bytes).concat()).finalize_xof())
    }

    fn below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }

    /// True once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn config(numbers: &mut Numbers) -> Config {
    Config {
        max_funcs: 10,
        max_instructions: 80,
        max_imports: 6,
        max_types: 6,
        min_types: 2,
        max_memories: 2,
        max_tables: 3,
        max_globals: 6,
        max_tags: 2,
        max_values: 5,
        min_funcs: 3,
        max_nesting_depth: 6,
        export_everything: numbers.once_in(2),
        memory_max_size_required: numbers.once_in(2),
        table_max_size_required: numbers.once_in(2),
        exceptions_enabled: numbers.once_in(2),
        tail_call_enabled: numbers.once_in(2),
        memory64_enabled: numbers.once_in(3),
        threads_enabled: numbers.once_in(3),
        simd_enabled: numbers.once_in(3),
        gc_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        extended_const_enabled: true,
        wide_arithmetic_enabled: false,
        shared_everything_threads_enabled: false,
        ..Config::default()
    }
}

/// Alters what a module declares, here and there. It need not stay valid.
struct Redeclare(Numbers);

type Result<T = ()> = std::result::Result<T, Error<Infallible>>;

impl Reencode for Redeclare {
    type Error = Infallible;

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> Result<wasm_encoder::MemoryType> {
        let mut ty = utils::memory_type(self, ty);
        if self.0.once_in(3) {
            ty.minimum += self.0.below(3);
            ty.maximum = ty.maximum.map(|maximum| maximum + 3);
        }
        if self.0.once_in(4) && ty.maximum.is_some() {
            ty.shared ^= true;
        }
        Ok(ty)
    }

    fn table_type(&mut self, ty: wasmparser::TableType) -> Result<wasm_encoder::TableType> {
        let mut ty = utils::table_type(self, ty)?;
        match self.0.below(4) {
            0 => ty.maximum = Some(ty.minimum),
            1 => ty.maximum = Some(ty.minimum + 1),
            2 => ty.maximum = None,
            _ => {}
        }
        Ok(ty)
    }

    fn parse_global(&mut self, globals: &mut GlobalSection, global: wasmparser::Global<'_>) -> Result {
        let mut ty = self.global_type(global.ty)?;
        ty.mutable ^= self.0.once_in(3);
        let mut init = Vec::new();
        for operator in global.init_expr.get_operators_reader() {
            let add = self.0.below(2);
            let operator = match operator? {
                Operator::End => break,
                Operator::I32Const { value } => Operator::I32Const { value: value.wrapping_add(add as i32) },
                Operator::I64Const { value } => Operator::I64Const { value: value.wrapping_add(add as i64) },
                Operator::F32Const { value } => {
                    Operator::F32Const { value: f32::from_bits(value.bits() ^ add as u32).into() }
                }
                Operator::F64Const { value } => Operator::F64Const { value: f64::from_bits(value.bits() ^ add).into() },
                other => other,
            };
            self.instruction(operator)?.encode(&mut init);
        }
        globals.global(ty, &wasm_encoder::ConstExpr::raw(init));
        Ok(())
    }
}

/// A module from a seed, then others like it.
fn family(seed: u64) -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new([seed, 0]);
    let config = config(&mut numbers);
    let mut input = vec![0; 3000];
    numbers.0.fill(&mut input);
    let make =
        |input: &[u8]| Some(Module::new(config.clone(), &mut arbitrary::Unstructured::new(input)).ok()?.to_bytes());
    let Some(first) = make(&input) else { return Vec::new() };
    let mut family = vec![first.clone()];
    for relative in 1..=RELATIVES {
        let mut numbers = Numbers::new([seed, relative]);
        let other = match numbers.below(4) {
            // Most bodies come late, so that what precedes the change stays.
            0 => {
                let mut input = input.clone();
                let at = numbers.below(input.len() as u64) as usize;
                input[at] ^= 1 << numbers.below(8);
                make(&input)
            }
            1 => {
                let edits = [Edit::Insert, Edit::InsertOfNewType, Edit::AddGlobal, Edit::AddExport, Edit::AddData];
                edit(&first, edits[numbers.below(edits.len() as u64) as usize])
            }
            _ => {
                let mut other = wasm_encoder::Module::new();
                let redeclared = Redeclare(numbers).parse_core_module(&mut other, Parser::new(0), &first);
                redeclared.expect("it is well-formed");
                Some(other.finish())
            }
        };
        family.extend(other);
    }
    family
}

/// Options to choose from; none changes how units are cut.
fn ways() -> Vec<Options> {
    let base = options(Level::O0, 0);
    let mut generic = base.clone();
    generic.target = driver::host_target(true);
    vec![
        base.clone(),
        generic,
        Options { level: Level::O1, ..base.clone() },
        Options { level: Level::O1, relaxed_traps: true, ..base.clone() },
        Options { metering: Metering { gas: Some(CostTable::default()), ..Metering::default() }, ..base },
    ]
}

#[test]
fn related_modules_share_code_only_where_it_is_the_same() {
    let ways = ways();
    let mut cached = Cached::new(ways[0].clone());
    let (mut compiled, mut kept, mut made) = (0, 0, 0);
    for seed in 0..SEEDS {
        for (relative, bytes) in family(seed).iter().enumerate() {
            let way = match relative {
                0 => 0,
                _ => Numbers::new([seed, 1000 + relative as u64]).below(2 * ways.len() as u64) as usize,
            };
            // Mostly the same one.
            cached.request = Request { options: ways.get(way).unwrap_or(&ways[0]).clone(), ..cached.request };
            if let Some(units) = cached.compile(format!("seed {seed}, relative {relative}, way {way}"), bytes) {
                compiled += 1;
                kept += functions(&units.kept).len();
                made += functions(&units.made).len();
            }
        }
    }
    println!("{compiled} modules; {kept} functions from the cache, {made} made");
    assert!(
        compiled > 100 && kept > 100 && made > 100,
        "{compiled} modules, {kept} functions from the cache, {made} made"
    );
}
