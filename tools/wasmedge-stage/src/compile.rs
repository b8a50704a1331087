//! `wasmedge-stage compile`: all stages, end to end.

use crate::watch::Watch;
use crate::{failure, files, options};
use clap::ArgMatches;
use console::codes::Failure;
use console::input;
use driver::Request;

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
    let watch = Watch::new(matches, Some(wasm), Some(out))?;
    watch.during(|observer| {
        watch.progress.info("compile start");
        let compiled = driver::compile(&bytes, &request, observer).map_err(|error| failure(error, Some(wasm)))?;
        if let Some(dump) = &compiled.dump {
            files::write("wasm.ll".as_ref(), dump.lowered.as_bytes())?;
            files::write("wasm-opt.ll".as_ref(), dump.optimized.as_bytes())?;
        }
        files::write(out, &compiled.file)?;
        watch.progress.info("compile done");
        Ok(())
    })
}
