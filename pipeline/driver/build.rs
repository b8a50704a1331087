//! Names the compiler by its source, so that what one made is not taken for what another would make.

use std::fs;
use std::path::{Path, PathBuf};

/// What decides which code is made. What runs it, or asks for it, does not.
const SOURCES: [&str; 4] = ["pipeline", "stages", "Cargo.lock", "Cargo.toml"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", root.join(source).display());
        collect(&root.join(source), &mut files);
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let name = file.strip_prefix(&root).expect("it lies below the root").to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        hasher.update(blake3::hash(name.as_bytes()).as_bytes()).update(blake3::hash(&bytes).as_bytes());
    }
    println!("cargo:rustc-env=COMPILER_SOURCE={}", &hasher.finalize().to_hex()[..16]);
}

/// The files at or below a path, tests aside.
fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
    } else if !path.ends_with("tests") {
        let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        entries.for_each(|entry| collect(&entry.expect("the folder can be read").path(), files));
    }
}
