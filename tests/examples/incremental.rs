//! What a compile costs after an edit: `incremental MODULE.wasm [LEVEL]`, with `wasmedge-stage` of the same build.
//!
//! CPU time of whole processes, user and system, as a share of a compile with an empty cache. Each row starts from the cache as
//! the unedited module has left it.

use std::fs;
use std::path::Path;
use std::process::{Command, exit};
use std::time::Duration;
use tests::edit::{Edit, edit};

/// How many functions' edits the median is of.
const BODIES: u32 = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: incremental MODULE.wasm [LEVEL]");
        exit(2);
    };
    let level = arguments.next().unwrap_or_else(|| "2".into());
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let measure = Measure { folder: folder.path(), level };

    let full = measure.compile("full", &bytes);
    println!("{path}, {} bytes, O{}", bytes.len(), measure.level);
    println!(
        "| {:<28} | {:>10} | {:>8} |\n|------------------------------|-----------:|---------:|",
        "", "CPU s", "share"
    );
    let row = |name: &str, time: Duration| {
        let share = 100.0 * time.as_secs_f64() / full.as_secs_f64();
        println!("| {name:<28} | {:>10.2} | {share:>6.2} % |", time.as_secs_f64());
    };
    row("full", full);
    row("no change", measure.after("none", &bytes));
    let functions = abi::module::Module::decode(&bytes).expect("a module").bodies.len() as u32;
    let bodies = (0..BODIES).map(|part| {
        let start = functions * (2 * part + 1) / (2 * BODIES);
        let edited = (start..functions).find_map(|function| Some((function, edit(&bytes, Edit::Body(function))?)));
        let (function, edited) = edited.expect("some function has a constant");
        let time = measure.after("body", &edited);
        row(&format!("body of {function}"), time);
        time
    });
    let mut bodies: Vec<Duration> = bodies.collect();
    bodies.sort();
    row("one body (median)", bodies[bodies.len() / 2]);
    for (name, kind) in [
        ("function in front", Edit::Insert),
        ("the same, of a new type", Edit::InsertOfNewType),
        ("export renamed", Edit::RenameExport),
        ("data added", Edit::AddData),
        ("global added", Edit::AddGlobal),
        ("exported function added", Edit::AddExport),
    ] {
        match edit(&bytes, kind) {
            Some(edited) => row(name, measure.after("edited", &edited)),
            None => println!("| {name:<28} | {:>10} | {:>8} |", "-", "-"),
        }
    }
}

struct Measure<'a> {
    folder: &'a Path,
    level: String,
}

impl Measure<'_> {
    /// Compiles with a copy of what the cache has of the unedited module.
    fn after(&self, name: &str, bytes: &[u8]) -> Duration {
        let [full, cache] = ["full", name].map(|name| self.folder.join(name).with_extension("cache"));
        let _ = fs::remove_dir_all(&cache);
        for file in fs::read_dir(&full).expect("the full compile has left a cache") {
            let from = file.expect("the folder can be read").path();
            let to = cache.join(from.file_name().expect("it has a name"));
            fs::create_dir_all(&to).expect("a folder");
            for file in fs::read_dir(&from).expect("caches consist of folders") {
                let from = file.expect("the folder can be read").path();
                fs::copy(&from, to.join(from.file_name().expect("it has a name"))).expect("files can be copied");
            }
        }
        self.compile(name, bytes)
    }

    /// Compiles, by one thread. Gives the CPU time.
    fn compile(&self, name: &str, bytes: &[u8]) -> Duration {
        let [input, output, cache] = ["wasm", "out", "cache"].map(|kind| self.folder.join(name).with_extension(kind));
        fs::write(&input, bytes).expect("it can be written");
        let mut command = Command::new(tests::tool("wasmedge-stage"));
        command.arg("compile").args(["--optimize", &self.level, "--jobs", "1", "--cache"]).arg(&cache);
        let before = children();
        let compiled = command.args([&input, &output]).output().expect("the compiler runs");
        assert!(compiled.status.success(), "{name}: {}", String::from_utf8_lossy(&compiled.stderr));
        children() - before
    }
}

/// The CPU time of the processes that this one has waited for.
fn children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux says");
    // Behind the name, which may hold anything, in parentheses: the 16th and 17th field (proc_pid_stat(5): cutime, cstime).
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[13..15].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    // Linux counts a hundred in a second, whatever the kernel's own clock (time(7)).
    Duration::from_millis(10 * ticks)
}
