//! Runs WebAssembly. Holds no LLVM: `wasmedge compile` hands over to `wasmedge-stage`.
#![forbid(unsafe_code)]

mod arguments;
mod compile;
mod report;
mod run;
mod values;

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    match args.get(1).and_then(|arg| arg.to_str()) {
        Some("compile") => compile::hand_over(&args[1..]),
        Some("run") => {
            args.remove(1);
            run::main(args)
        }
        _ => run::main(args),
    }
}
