//! `wasmedge-stage compile`: all stages, end to end.

use crate::progress::Progress;
use crate::{failure, options};
use clap::ArgMatches;
use console::codes::Failure;
use console::{Console, input};
use driver::Request;
use std::path::Path;

/// Runs it.
pub fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let wasm = options::path(matches, "WASM").expect("clap requires it");
    let out = options::path(matches, "OUT").expect("clap requires it");
    let request = Request {
        options: options::options(matches)?,
        container: options::container(out),
        jobs: options::jobs(matches),
        build_dir: options::build_dir(matches),
        cache: options::cache(matches),
        dump: matches.get_flag("dump"),
    };
    let bytes = input::read(wasm)?;
    check_output(wasm, out)?;
    let progress = Progress::new(Console::given(matches), !matches.get_flag("quiet"));
    progress.info("compile start");
    let compiled = driver::compile(&bytes, &request, &progress);
    progress.finish();
    let compiled = compiled.map_err(|error| failure(error, Some(wasm)))?;
    let write = |path: &Path, bytes: &[u8]| {
        artifact::write_atomically(path, bytes).map_err(|error| {
            // Without the name of the temporary file, which nobody has to know.
            let message = error.to_string();
            unwritable(path, message.split(" at path ").next().unwrap_or_default())
        })
    };
    if let Some(dump) = &compiled.dump {
        write("wasm.ll".as_ref(), dump.lowered.as_bytes())?;
        write("wasm-opt.ll".as_ref(), dump.optimized.as_bytes())?;
    }
    write(out, &compiled.file)?;
    progress.info("compile done");
    Ok(())
}

/// Finds out before the work whether its result has a place: not in a folder that there is not, and not where the module lies.
fn check_output(wasm: &Path, out: &Path) -> Result<(), Failure> {
    if out.is_dir() {
        return Err(unwritable(out, "it is a directory"));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(unwritable(out, &format!("{} is not a directory", folder.display()))),
        Err(error) => return Err(unwritable(out, &format!("{}: {error}", folder.display()))),
    }
    let place = |path: &Path| path.canonicalize().ok();
    if place(out).is_some_and(|out| place(wasm) == Some(out)) {
        return Err(unwritable(out, "it is the module to compile, which would be lost"));
    }
    Ok(())
}

fn unwritable(path: &Path, reason: &str) -> Failure {
    Failure::Plain(format!("cannot write {}: {reason}", path.display()))
}
