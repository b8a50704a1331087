//! Damaged files, through every command that takes one: an error or a result, never a crash, and nothing left behind.

use super::Folder;

/// Damaged copies of each file.
const COPIES: usize = 8;

/// Numbers that look random and are the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// A copy in which one to three bytes are changed, taken out, put in, or all that follow are cut off.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        // What instructions, types and sections begin with, and the ends of what LEB128 has in a byte.
        const BYTES: &[u8] =
            &[0, 1, 2, 0x0b, 0x10, 0x20, 0x40, 0x41, 0x60, 0x6f, 0x70, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(10) {
                0..4 => bytes[at] ^= 1 << self.below(8),
                4..7 => bytes[at] = BYTES[self.below(BYTES.len())],
                7 => bytes.insert(at, BYTES[self.below(BYTES.len())]),
                8 => drop(bytes.remove(at)),
                _ => bytes.truncate(at + 1),
            }
        }
        bytes
    }
}

#[test]
fn damaged_files_do_no_harm() {
    let folder = Folder::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for name in ["call", "memory", "table", "control", "exception", "simd"] {
        folder.write("whole.wasm", crate::modules::binary(name));
        let compile =
            ["compile", "--quiet", "--enable-all", "--optimize", "0", "--enable-gas-measuring", "--interruptible"];
        folder.wasmedge(&[&compile[..], &["whole.wasm", "whole_aot.wasm"]].concat()).succeeds("");
        folder.wasmedge(&[&compile[..], &["whole.wasm", "whole.so"]].concat()).succeeds("");
        let files = ["whole.wasm", "whole_aot.wasm", "whole.so"].map(|file| {
            let whole = folder.read(file);
            std::fs::remove_file(folder.path(file)).expect("it was read");
            (file, whole)
        });
        for (file, whole) in files {
            let file = file.replace("whole", "damaged");
            for copy in 0..COPIES {
                folder.write(&file, numbers.damage(&whole));
                let limits = ["--gas-limit", "100000", "--time-limit", "10000", "--memory-page-limit", "1024"];
                let linked = [&limits[..], &["--enable-all", &file]].concat();
                let instantiate = [&["instantiate"][..], &linked].concat();
                let run = [&["--reactor"][..], &linked, &["f", "1"]].concat();
                let mut valid = None;
                for args in [&["parse", &file][..], &["validate", "--enable-all", &file], &instantiate, &run] {
                    let run = folder.wasmedge(args);
                    let what = format!("copy {copy} of {name}: {run}");
                    assert!(matches!(run.code, Some(0 | 1 | 134)), "{what}");
                    assert!(!run.stderr.contains("panicked"), "{what}");
                    assert!(run.code != Some(1) || run.stderr.contains(", Code: 0x"), "{what}");
                    assert_eq!(folder.names(), [&file[..]], "{what}");
                    if args[0] == "validate" {
                        valid = Some(run.code == Some(0));
                    }
                }
                // A library has no module to compile.
                let run = folder.wasmedge(&[&compile[..], &[&file, "out.wasm"]].concat());
                let what = format!("copy {copy} of {name}: {run}");
                let compiles = valid == Some(true) && !file.ends_with(".so");
                assert_eq!(run.code, Some(if compiles { 0 } else { 1 }), "{what}");
                assert!(!run.stderr.contains("internal error"), "{what}");
                let expected = if compiles { vec![&file[..], "out.wasm"] } else { vec![&file[..]] };
                assert_eq!(folder.names(), expected, "{what}");
                if compiles {
                    std::fs::remove_file(folder.path("out.wasm")).expect("it is there");
                }
            }
            std::fs::remove_file(folder.path(&file)).expect("it is there");
        }
    }
}
