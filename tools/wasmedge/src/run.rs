//! `wasmedge run`: loads, links, calls.

use crate::arguments::{Linking, many};
use crate::link::{INITIALIZE, Linked, link, procedure};
use crate::report::End;
use crate::session::Session;
use crate::values;
use clap::ArgMatches;
use console::Console;
use console::codes::{Code, Failure};
use engine::{Extern, Instance, Store, Value};
use std::ffi::OsString;
use std::path::Path;

/// The function that a program begins with.
const START: &str = "_start";

/// Runs what the command line says.
pub fn run(matches: &ArgMatches) -> Result<(), End> {
    let words: Vec<OsString> = many(matches, "FILE");
    let (file, rest) = words.split_first().expect("clap requires it");
    let file = Path::new(file);
    let (linking, console) = (Linking::given(matches)?, Console::given(matches));
    let mut session = Session::begin(&linking, console)?;
    let result = link(&mut session, file, words.iter().cloned(), &linking, console).and_then(|linked| {
        let (Linked { instance, .. }, store) = (linked, &mut session.store);
        if !matches.get_flag("reactor")
            && let Some(start) = procedure(store, instance, START, file)?
        {
            return Ok(store.call(start, &[])?);
        }
        react(file, rest, store, instance)
    });
    session.end();
    let result = result.and_then(|results| {
        let lines: String = results.into_iter().map(|value| values::text(value) + "\n").collect();
        Ok(console::print(lines.as_bytes())?)
    });
    session.tell(&result);
    result
}

/// Calls the function that the first word names with the others as parameters.
fn react(file: &Path, words: &[OsString], store: &mut Store, instance: Instance) -> Result<Vec<Value>, End> {
    let words: Vec<&str> = words.iter().map(|word| text(word)).collect::<Result<_, _>>()?;
    let Some((&name, words)) = words.split_first() else {
        let message = format!("{}: none is named", Code::FunctionNotFound.words());
        return Err(Failure::explained(Code::FunctionNotFound, message, exported(store, instance)).into());
    };
    let Some(func) = engine::function(store, instance, name) else {
        let hint = if name.starts_with('-') { " (options come before the file)" } else { "" };
        let message = format!("{}: `{name}`{hint}", Code::FunctionNotFound.words());
        let exported = exported(store, instance);
        return Err(Failure::explained(Code::FunctionNotFound, message, exported).into());
    };
    let params = values::parse(store.func_type(func), words).map_err(|error| {
        let message = format!("{}: {error}", Code::SignatureMismatch.words());
        let signature = format!("    the function is {}", values::signature(store, name, func));
        Failure::explained(Code::SignatureMismatch, message, signature)
    })?;
    if let Some(initialize) = procedure(store, instance, INITIALIZE, file)?
        && name != INITIALIZE
    {
        store.call(initialize, &[])?;
    }
    Ok(store.call(func, &params)?)
}

/// A word as WebAssembly knows text.
fn text(word: &OsString) -> Result<&str, Failure> {
    word.to_str().ok_or_else(|| Failure::from(format!("`{}` is not Unicode", word.display())))
}

/// The functions that can be called, one a line.
fn exported(store: &Store, instance: Instance) -> String {
    let functions = store.exports(instance).filter_map(|(name, item)| match item {
        Extern::Func(func) => Some(format!("\n    {}", values::signature(store, name, func))),
        Extern::Table(_) | Extern::Memory(_) | Extern::Global(_) | Extern::Tag(_) => None,
    });
    let list: String = functions.collect();
    match list.is_empty() {
        true => "the module exports no functions".to_string(),
        false => format!("the module exports{list}"),
    }
}
