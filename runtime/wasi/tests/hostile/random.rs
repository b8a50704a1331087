//! Arguments without sense, in calls without sense: each seed is a program.
//!
//! `WASI_SEEDS=1000..2000 cargo test -p wasi --test hostile random` runs others than the usual ones.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

use wasi::{FUNCTIONS, Function, Memory, SharedBytes, Ty};

use crate::calls::tame;
use crate::common::*;
use crate::watch::Watch;
use crate::world::World;

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Zero would stay zero; neighbours are to differ.
        Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A number that has a chance to mean something: a descriptor, a flag, a length, an address of
    /// text or of regions, near the memory's end, all bits set, any.
    fn argument(&mut self, memory: u64) -> u64 {
        match self.below(32) {
            0..=3 => ROOT,
            4..=9 => self.below(3),
            10..=13 => self.below(8),
            14..=20 => TEXT + self.below(REGIONS - TEXT),
            21..=25 => REGIONS + 8 * self.below(0x1000),
            26 => memory.wrapping_sub(self.below(64)),
            27 => u64::MAX - self.below(4),
            28 => 1 << self.below(64),
            29 => ALL_FILE,
            30 => self.below(1 << 30),
            _ => self.next(),
        }
    }
}

impl Random {
    /// A call, and its arguments.
    fn call(&mut self, memory: u64) -> (&'static Function, Vec<u64>) {
        let function = &FUNCTIONS[self.below(FUNCTIONS.len() as u64) as usize];
        let argument = |ty: &Ty| match ty {
            Ty::I32 => self.argument(memory) & 0xffff_ffff,
            Ty::I64 => self.argument(memory),
        };
        let mut args: Vec<u64> = function.params.iter().map(argument).collect();
        tame(function, &mut args);
        (function, args)
    }
}

/// From here on a memory holds text that is made of names of files, so that pieces of it are paths.
const TEXT: u64 = 0x1000;
/// From here on it holds lists of regions.
const REGIONS: u64 = 0x8000;

fn fill(guest: &mut Guest, random: &mut Random) {
    let pieces =
        ["a", "b", "file", "dir", "link", "up", "out", "loop", "fifo", "secret", "..", ".", "/", "/", "/", "\0"];
    let mut at = TEXT;
    while at < REGIONS - 8 {
        let piece = pieces[random.below(pieces.len() as u64) as usize];
        guest.put(at, piece.as_bytes());
        at += piece.len() as u64;
    }
    for at in (REGIONS..REGIONS + 0x8000).step_by(8) {
        let (buf, len) = (random.below(0x2_0000 - 200) as u32, random.below(300) as u32);
        guest.put(at, &buf.to_le_bytes());
        guest.put(at + 4, &len.to_le_bytes());
    }
}

fn seeds() -> Range<u64> {
    let Ok(seeds) = std::env::var("WASI_SEEDS") else { return 0..40 };
    let (start, end) = seeds.split_once("..").expect("WASI_SEEDS is FROM..TO");
    start.parse().expect("a number")..end.parse().expect("a number")
}

#[test]
fn programs_without_sense() {
    let watch = Watch::new();
    for seed in seeds() {
        let world = World::new();
        let mut random = Random::new(seed);
        for _ in 0..30 {
            // A new one each time: the calls soon close what there is. The network is not for such programs.
            let mut guest = watch.guest(&world, false);
            fill(&mut guest, &mut random);
            for file in ["a", "b"] {
                let _ = guest.open(file, CREAT, ALL_FILE);
            }
            let _ = guest.open_dir("dir");
            for _ in 0..100 {
                let memory = guest.memory.len() as u64;
                let (function, args) = random.call(memory);
                // Where such calls write is up to them.
                let whole = 0..memory;
                let _ = watch.call(&mut guest, function, &args, std::slice::from_ref(&whole));
            }
        }
        world.check();
    }
}

/// A memory that several threads use.
struct Shared(Vec<AtomicU8>);

impl SharedBytes for Shared {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, address: u64, bytes: &mut [u8]) {
        let from = &self.0[address as usize..][..bytes.len()];
        bytes.iter_mut().zip(from).for_each(|(byte, from)| *byte = from.load(Ordering::Relaxed));
    }

    fn write(&self, address: u64, bytes: &[u8]) {
        let to = &self.0[address as usize..][..bytes.len()];
        to.iter().zip(bytes).for_each(|(to, byte)| to.store(*byte, Ordering::Relaxed));
    }
}

/// Another thread of the program changes what a call looks at: what has been checked must not be read again.
#[test]
fn programs_whose_memory_changes_meanwhile() {
    let watch = Watch::new();
    for seed in seeds() {
        let world = World::new();
        let mut random = Random::new(seed);
        let mut guest = watch.guest(&world, false);
        fill(&mut guest, &mut random);
        let shared = Shared(guest.memory.iter().copied().map(AtomicU8::new).collect());
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut random = Random::new(seed + 1_000_000);
                while !over.load(Ordering::SeqCst) {
                    let at = TEXT + random.below(0x2_0000 - TEXT);
                    shared.0[at as usize].store(random.next() as u8, Ordering::Relaxed);
                }
            });
            for _ in 0..300 {
                let (function, args) = random.call(shared.size());
                let _ = watch.call_in(&mut guest, &mut Memory::shared(&shared), function, &args);
            }
            over.store(true, Ordering::SeqCst);
        });
        world.check();
    }
}
