//! Arguments without sense: every call must come back, whatever it is given.

mod common;

use std::fs;

use common::*;
use wasi::{FUNCTIONS, Ty};

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

    /// A number that has a chance to mean something: small, an address, near the memory's end, all
    /// bits set, any.
    fn argument(&mut self, memory: u64) -> u64 {
        match self.below(16) {
            0..=5 => self.below(8),
            6..=9 => self.below(memory),
            10 => memory.wrapping_sub(self.below(64)),
            11 => u64::MAX - self.below(4),
            12 => 1 << self.below(64),
            13 => (1 << 31) + self.below(4),
            14 => self.below(1 << 30),
            _ => self.next(),
        }
    }
}

/// Paths, lists of regions and rights, where arguments may hit them.
fn fill(guest: &mut Guest, random: &mut Random) {
    let words: [&[u8]; 12] =
        [b"a", b"b", b"dir", b"dir/a", b"..", b"../x", b"/etc", b".", b"a/", b"link", b"", b"\xff"];
    let mut at = 0;
    while at + 64 < guest.memory.len() as u64 {
        match random.below(4) {
            0 => {
                let word = words[random.below(words.len() as u64) as usize];
                guest.put(at, word);
            }
            1 => {
                let (buf, len) = (random.argument(0x2_0000) as u32, random.below(300) as u32);
                guest.put(at, &buf.to_le_bytes());
                guest.put(at + 4, &len.to_le_bytes());
            }
            2 => {
                let number = random.next();
                guest.put(at, &number.to_le_bytes());
            }
            _ => {
                guest.put(at, &[0; 8]);
            }
        }
        at += 8;
    }
}

#[test]
fn no_argument_makes_a_call_panic() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(dir.path().join("x"), b"outside").unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..40 {
        let mut guest = guest_in(&inside, round % 8 == 7);
        fill(&mut guest, &mut random);
        if round % 8 != 7 {
            for file in ["a", "b"] {
                let _ = guest.open(file, CREAT, ALL_FILE);
            }
            let _ = guest.mkdir("dir");
            let _ = guest.symlink("../x", "link");
        }
        for _ in 0..1500 {
            let function = &FUNCTIONS[random.below(FUNCTIONS.len() as u64) as usize];
            let memory = guest.memory.len() as u64;
            let mut args: Vec<u64> = function
                .params
                .iter()
                .map(|ty| match ty {
                    Ty::I32 => random.argument(memory) & 0xffff_ffff,
                    Ty::I64 => random.argument(memory),
                })
                .collect();
            match function.name {
                // Could sleep for years: what the subscriptions are is up to chance.
                "poll_oneoff" => guest.memory[..0x1000].fill(0),
                // Disks are not that large.
                "fd_allocate" | "fd_filestat_set_size" => {
                    args.iter_mut().skip(1).for_each(|arg| *arg &= 0xffff);
                }
                "fd_pwrite" => args[3] &= 0xffff,
                "fd_seek" => args[1] &= 0xffff,
                _ => {}
            }
            if function.name == "poll_oneoff" {
                args[0] = random.below(0x800);
                args[2] = random.below(8);
            }
            let _ = guest.raw(function.name, &args);
        }
    }
    assert_eq!(fs::read(dir.path().join("x")).unwrap(), b"outside");
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
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
            assert!((function.call)(&mut guest.context, &mut [], &[]).is_ok());
        }
    }
}
