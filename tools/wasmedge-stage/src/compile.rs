//! `wasmedge-stage compile`: all stages, end to end.

use crate::progress::Progress;
use crate::{Failure, console_args, input, options};
use clap::{Arg, ArgAction, ArgMatches, Command};
use console::Console;
use driver::Request;

/// The subcommand.
pub fn command() -> Command {
    let dump =
        "Write the module's LLVM IR before (wasm.ll) and after optimization (wasm-opt.ll) to the current directory";
    Command::new("compile")
        .about("Compiles a module to native code")
        .arg(options::path_arg("WASM", "The module, binary or (.wat) text").required(true))
        .arg(
            options::path_arg("OUT", "The file to write: a shared library if it ends in .so, else a universal wasm")
                .required(true),
        )
        .arg(Arg::new("dump").long("dump").action(ArgAction::SetTrue).help(dump))
        .args(options::args())
        .arg(options::build_dir_arg())
        .arg(options::jobs_arg())
        .args(console_args())
}

/// Runs it.
pub fn run(matches: &ArgMatches, console: Console) -> Result<(), Failure> {
    let wasm = options::path(matches, "WASM").expect("clap requires it");
    let out = options::path(matches, "OUT").expect("clap requires it");
    let request = Request {
        options: options::options(matches)?,
        container: options::container(out),
        jobs: options::jobs(matches),
        build_dir: options::build_dir(matches),
        dump: matches.get_flag("dump"),
    };
    let progress = Progress::new(console, !matches.get_flag("quiet"));
    progress.info("compile start");
    let compiled = driver::compile(&input::read(wasm)?, &request, &progress);
    progress.finish();
    let compiled = compiled.map_err(|error| format!("{}: {error}", wasm.display()))?;
    let write = |path: &std::path::Path, bytes: &[u8]| {
        artifact::write_atomically(path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    if let Some(dump) = &compiled.dump {
        write("wasm.ll".as_ref(), dump.lowered.as_bytes())?;
        write("wasm-opt.ll".as_ref(), dump.optimized.as_bytes())?;
    }
    write(out, &compiled.file)?;
    progress.info("compile done");
    Ok(())
}
