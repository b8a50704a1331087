//! Arguments without sense: every call must come back, whatever it is given.

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::*;
use wasi::{FUNCTIONS, Memory, Ty};

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
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

/// From here on a memory holds text that is made of paths, so that any piece of it is one.
const TEXT: u64 = 0x1000;
/// From here on it holds lists of regions.
const REGIONS: u64 = 0x8000;

fn fill(guest: &mut Guest, random: &mut Random) {
    let letters = b"aab.//";
    for at in TEXT..REGIONS {
        guest.memory[at as usize] = letters[random.below(letters.len() as u64) as usize];
    }
    for at in (REGIONS..REGIONS + 0x8000).step_by(8) {
        let (buf, len) = (random.below(0x2_0000 - 200) as u32, random.below(300) as u32);
        guest.put(at, &buf.to_le_bytes());
        guest.put(at + 4, &len.to_le_bytes());
    }
}

/// Keeps a call from doing what no test wants: sleeping for years, or filling the disk.
fn tame(guest: &mut Guest, name: &str, args: &mut [u64]) {
    match name {
        "poll_oneoff" => {
            guest.memory[..TEXT as usize].fill(0);
            args[0] %= TEXT / 2;
            args[2] %= 8;
        }
        "fd_allocate" | "fd_filestat_set_size" => {
            args.iter_mut().skip(1).for_each(|arg| *arg &= 0xffff);
        }
        "fd_pwrite" => args[3] &= 0xffff,
        "fd_seek" => args[1] &= 0xffff,
        _ => {}
    }
}

#[test]
fn no_argument_makes_a_call_panic() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(dir.path().join("b"), b"outside").unwrap();
    symlink("../b", inside.join("ab")).unwrap();
    symlink("..", inside.join("ba")).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut successes = vec![0; FUNCTIONS.len()];
    for round in 0..4000 {
        // A new one each time: the calls soon close what there is.
        let mut guest = guest_in(&inside, round % 8 == 7);
        fill(&mut guest, &mut random);
        for file in ["a", "b"] {
            let _ = guest.open(file, CREAT, ALL_FILE);
        }
        let _ = guest.open_dir(".");
        for _ in 0..100 {
            let index = random.below(FUNCTIONS.len() as u64) as usize;
            let function = &FUNCTIONS[index];
            let memory = guest.memory.len() as u64;
            let mut args: Vec<u64> = function
                .params
                .iter()
                .map(|ty| match ty {
                    Ty::I32 => random.argument(memory) & 0xffff_ffff,
                    Ty::I64 => random.argument(memory),
                })
                .collect();
            tame(&mut guest, function.name, &mut args);
            if guest.raw(function.name, &args) == Ok(0) {
                successes[index] += 1;
            }
        }
    }
    // Senseless, but not all in vain: else this tests the first check of each call and no more. Calls
    // with two paths hardly ever succeed by chance.
    let rare = ["path_link", "path_readlink", "path_rename", "path_symlink", "proc_exit"];
    for (function, successes) in FUNCTIONS.iter().zip(successes) {
        let exempt = rare.contains(&function.name) || function.name.starts_with("sock_");
        assert!(exempt || successes > 0, "{} never succeeded", function.name);
    }
    assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"outside");
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["b", "inside"]);
}

#[test]
fn an_empty_memory_is_enough_to_fail() {
    let (mut guest, _dir) = guest();
    guest.memory.clear();
    for function in FUNCTIONS {
        for value in [0, 1, 3, u64::from(u32::MAX)] {
            let args = vec![value; function.params.len()];
            let _ = guest.raw(function.name, &args);
        }
        // A caller that breaks the contract gets an error, too.
        if !function.params.is_empty() {
            assert!((function.call)(&mut guest.context, &mut Memory::new(&mut []), &[]).is_ok());
        }
    }
}
