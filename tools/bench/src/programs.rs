//! The programs whose speed is measured: those of `tests/programs`, with as much to do as takes some tenths of a second natively.

use std::path::Path;

/// One program.
pub struct Program {
    pub name: &'static str,
    /// Its arguments; files are named as in `files`. If the last is a number, it says how much there is to do.
    pub args: &'static [&'static str],
    /// The power of that number with which its work grows; 0 if only all of it will do.
    pub power: u32,
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
    ($($name:literal [$($arg:literal),*] $(to the $power:literal)? $(files [$file:literal from $source:literal $(times $copies:literal)?])? $(after [$($before:literal),*])?;)*) => {
        &[$(Program {
            name: $name,
            args: &[$($arg),*],
            power: 1 $(- 1 + $power)?,
            files: &[$(File { name: $file, source: $source, copies: 1 $(- 1 + $copies)? })?],
            before: &[$($($before),*)?],
        }),*]
    };
}

/// All of them, by what they mostly do.
pub const PROGRAMS: &[Program] = programs! {
    // Loops over arrays of numbers.
    "gemm" ["700"] to the 3;
    "jacobi" ["8000"];
    "fdtd" ["10000"];
    "filter" ["7000"];
    "scan" ["2400"];
    "spectral" ["2000"] to the 2;
    // Arithmetic, with and without floating point.
    "nbody" ["5000000"];
    "raytrace" ["1800"] to the 2;
    "fft" ["2500"];
    "mandel" ["2000"] to the 2;
    "simd" ["400000"];
    "numbers" ["2000000"];
    "bignum" ["7000"];
    "hashes" ["40000"];
    "sha256" ["100000000"];
    "sieve" ["300000000"];
    "queens" ["4000"];
    "fannkuch" ["10"] to the 0;
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
        let mut args: Vec<String> = self.args.iter().map(|&arg| arg.to_owned()).collect();
        if let Some(last) = args.last_mut().filter(|_| self.power > 0)
            && let Ok(number) = last.parse::<f64>()
        {
            let less = number / f64::from(part).powf(1.0 / f64::from(self.power));
            *last = format!("{:.0}", less.max(1.0));
        }
        args
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
