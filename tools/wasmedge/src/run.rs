//! `wasmedge run`: loads, links, calls.

use crate::arguments::{self, Arguments};
use crate::{report, values};
use engine::{Func, Instance, Linker, Loading, Module, Store, WasiBuilder, WasiContext};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The function that a program begins with, and the one that prepares a reactor.
const START: &str = "_start";
const INITIALIZE: &str = "_initialize";

/// Runs what the command line says.
pub fn main(args: Vec<OsString>) -> ExitCode {
    match arguments::parse(args) {
        Ok(arguments) => run(&arguments).unwrap_or_else(|message| report::failure(arguments.console, &message)),
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
            let _ = error.print();
            code
        }
    }
}

/// The exit code of the program, or why it could not be run.
fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let console = arguments.console;
    let file = arguments.file.display();
    let module = load(&arguments.file, arguments.loading.clone()).map_err(|error| format!("{file}: {error}"))?;
    if let Some(warning) = module.warning() {
        console.warning(format!("{file}: {warning}"));
    }
    let mut store = Store::new();
    let mut linker = Linker::new();
    if module.declarations().imports.iter().any(|import| import.module == engine::WASI_MODULE) {
        engine::add_wasi(&mut linker, wasi(arguments)?);
    }
    let instance = match linker.instantiate(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => return Ok(report::instantiation(console, error)),
    };
    let start = engine::function(&store, instance, START).filter(|_| !arguments.reactor);
    let result = match start {
        Some(start) => store.call(start, &[]).map(|_| ()),
        None => return react(arguments, &mut store, instance),
    };
    Ok(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(trap) => report::end(console, trap),
    })
}

/// Loads a file; one whose name ends in `.wat` is a module's text.
fn load(file: &Path, how: Loading) -> Result<Module, String> {
    let module = match file.extension() {
        Some(extension) if extension == "wat" => {
            let bytes = wat::parse_file(file).map_err(|error| error.to_string())?;
            Module::from_bytes_in(bytes, how)
        }
        _ => Module::from_file_in(file, how),
    };
    module.map_err(|error| error.to_string())
}

/// Calls the function that the first argument names, and prints its results.
fn react(arguments: &Arguments, store: &mut Store, instance: Instance) -> Result<ExitCode, String> {
    let console = arguments.console;
    let mut words = arguments.rest.iter().map(|word| word.to_string_lossy().into_owned());
    let name = words.next().ok_or_else(|| format!("which function? {}", exported(store, instance)))?;
    let func = engine::function(store, instance, &name)
        .ok_or_else(|| format!("function not found: `{name}`, Code: 0x005. {}", exported(store, instance)))?;
    let words: Vec<String> = words.collect();
    let params = values::parse(store.func_type(func), &words)
        .map_err(|error| format!("{error}; the function is {}", values::signature(store, &name, func)))?;
    if let Some(initialize) = engine::function(store, instance, INITIALIZE)
        && let Err(trap) = store.call(initialize, &[])
    {
        return Ok(report::end(console, trap));
    }
    match store.call(func, &params) {
        Ok(results) => {
            let lines: String = results.into_iter().map(|value| values::text(value) + "\n").collect();
            let written = std::io::stdout().lock().write_all(lines.as_bytes());
            written.map(|()| ExitCode::SUCCESS).map_err(|error| format!("cannot write the results: {error}"))
        }
        Err(trap) => Ok(report::end(console, trap)),
    }
}

/// The functions that an instance exports, for messages.
fn exported(store: &Store, instance: Instance) -> String {
    let functions = store.exports(instance).filter_map(|(name, item)| match item {
        engine::Extern::Func(func) => Some((name, func)),
        _ => None,
    });
    let list: Vec<String> =
        functions.map(|(name, func): (_, Func)| format!("\n    {}", values::signature(store, name, func))).collect();
    match list.is_empty() {
        true => "the module exports no functions".to_string(),
        false => format!("the module exports{}", list.concat()),
    }
}

/// What the program sees of the system.
fn wasi(arguments: &Arguments) -> Result<WasiContext, String> {
    let mut builder = WasiBuilder::new();
    builder.args(std::iter::once(arguments.file.clone().into_os_string()).chain(arguments.rest.iter().cloned()));
    for (name, value) in &arguments.env {
        builder.env(name.clone(), value.clone());
    }
    for dir in &arguments.dirs {
        let opened = builder.preopen_dir(&dir.host, &dir.guest, dir.readonly);
        opened.map_err(|error| format!("cannot open the folder {}: {error}", dir.host.display()))?;
    }
    Ok(builder.build())
}
