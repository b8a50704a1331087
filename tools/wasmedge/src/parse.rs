//! `wasmedge parse`: prints what a module consists of.

use crate::sections;
use console::codes::{Code, Failure, Place};
use console::input;
use std::path::Path;

/// How a shared library begins.
const LIBRARY: &[u8] = b"\x7fELF";

/// Prints the sections of a file. If it is malformed somewhere, what comes before is printed all the same.
pub fn run(file: &Path) -> Result<(), Failure> {
    let bytes = input::read(file)?;
    let name = file.display();
    if bytes.starts_with(LIBRARY) {
        let message = format!("{name}: it is a shared library: parse the module that it was compiled from");
        return Err(Failure::new(Code::NoMagic, message));
    }
    let (text, error) = sections::describe(&bytes);
    if error.as_ref().is_none_or(|error| error.offset() > 0) {
        console::print(format!("{name}: a module of {} bytes\n{text}", bytes.len()).as_bytes())?;
    }
    match error {
        None => Ok(()),
        Some(error) => {
            let place = Place { function: None, offset: Some(error.offset()) };
            Err(Failure::new(Code::of(error.message(), Code::Grammar), format!("{name}: {}{place}", error.message())))
        }
    }
}
