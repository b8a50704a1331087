//! `wasmedge parse`: prints what a module consists of.

use crate::sections;
use console::codes::{Code, Failure, Place};
use console::input;
use std::path::Path;

/// Prints the sections of a file. If it is malformed somewhere, what comes before is printed all the same.
pub fn run(file: &Path) -> Result<(), Failure> {
    let bytes = input::read(file)?;
    let name = file.display();
    let (text, error) = sections::describe(&bytes);
    console::print(format!("{name}: a module of {} bytes\n{text}", bytes.len()).as_bytes())?;
    match error {
        None => Ok(()),
        Some(error) => {
            let place = Place { function: None, offset: Some(error.offset()) };
            let (code, message) = Code::of(error.message(), Code::Grammar);
            Err(Failure::new(code, format!("{name}: {message}{place}")))
        }
    }
}
