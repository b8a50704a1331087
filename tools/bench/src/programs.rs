//! The programs whose speed is measured: those of `tests/programs`, with as much to do as takes some tenths of a second natively.

use std::path::Path;

/// One program.
pub struct Program {
    pub name: &'static str,
    /// Its arguments; files are named as in `files`.
    pub args: &'static [&'static str],
    /// What it finds in the folder where it runs.
    pub files: &'static [File],
    /// A run of it that comes first and makes files. It is not measured.
    pub before: &'static [&'static str],
}

/// A file that a program reads.
pub struct File {
    name: &'static str,
    /// Where it comes from, below `tests/programs`.
    source: &'static str,
    /// If not 1: it is a JSON array of so many copies of the source.
    copies: usize,
}

macro_rules! programs {
    ($($name:literal [$($arg:literal),*] $(files [$file:literal from $source:literal $(times $copies:literal)?])? $(after [$($before:literal),*])?;)*) => {
        &[$(Program {
            name: $name,
            args: &[$($arg),*],
            files: &[$(File { name: $file, source: $source, copies: 1 $(- 1 + $copies)? })?],
            before: &[$($($before),*)?],
        }),*]
    };
}

/// All of them, by what they mostly do.
pub const PROGRAMS: &[Program] = programs! {
    // Loops over arrays of numbers.
    "gemm" ["700"];
    "jacobi" ["8000"];
    "fdtd" ["10000"];
    "filter" ["7000"];
    "scan" ["2400"];
    "spectral" ["2000"];
    // Arithmetic, with and without floating point.
    "nbody" ["5000000"];
    "raytrace" ["1800"];
    "fft" ["2500"];
    "mandel" ["2000"];
    "simd" ["400000"];
    "numbers" ["2000000"];
    "bignum" ["7000"];
    "hashes" ["40000"];
    "sha256" ["100000000"];
    "sieve" ["300000000"];
    "queens" ["4000"];
    "fannkuch" ["10"];
    // Calls of all kinds, interpreters, exceptions.
    "calls" ["3000"];
    "objects" ["10000"];
    "machine" ["2500"];
    "dispatch" ["20000000"];
    "throw" ["100000"];
    // Memory, text, formats.
    "mix" ["4000"];
    "memory" ["300000"];
    "trees" ["1300"];
    "sorts" ["1800"];
    "words" ["1400"];
    "parser" ["2400"];
    "jsontool" ["-q", "big.json"] files ["big.json" from "data/json/catalogue.json" times 20_000];
    "compress" ["roundtrip", "text"] after ["generate", "text", "10000000"];
    // Whole programs.
    "coremark" ["0", "0", "0x66", "10000"];
    "sqlite" [":memory:", "load.sql"] files ["load.sql" from "sqlite/load.sql"];
    "lua" ["load.lua", "30"] files ["load.lua" from "lua/load.lua"];
    "quickjs" ["load.js", "20"] files ["load.js" from "quickjs/load.js"];
};

impl Program {
    /// Its arguments for a part of the work, if a number says how much there is; else for all of it.
    pub fn args_for(&self, part: u32) -> Vec<String> {
        match *self.args {
            [arg] if part > 1 => {
                vec![arg.parse::<u32>().map_or_else(|_| arg.to_owned(), |number| (number / part).max(1).to_string())]
            }
            _ => self.args.iter().map(|&arg| arg.to_owned()).collect(),
        }
    }

    /// Puts its files into the folder where it is to run.
    ///
    /// # Errors
    /// If one cannot be copied.
    pub fn prepare(&self, folder: &Path) -> std::io::Result<()> {
        for File { name, source, copies } in self.files {
            let contents = std::fs::read_to_string(Path::new("tests/programs").join(source))?;
            let contents = match copies {
                1 => contents,
                _ => format!("[{}]", vec![contents; *copies].join(",")),
            };
            std::fs::write(folder.join(name), contents)?;
        }
        Ok(())
    }
}
