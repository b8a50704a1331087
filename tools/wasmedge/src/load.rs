//! Loading modules, and saying what is wrong with them.

use crate::sections;
use console::codes::{Code, Failure, Place};
use console::input;
use engine::{InterpreterError, LoadError, Loading, Module, ModuleError};
use std::path::Path;

/// Loads a file; one whose name ends in `.wat` is a module's text.
///
/// # Errors
/// If it cannot be read, is no valid module, or cannot run in the way that it is to.
pub fn load(file: &Path, how: Loading) -> Result<Module, Failure> {
    if input::is_text(file) {
        let bytes = input::read(file)?;
        // A second copy, only to say where something is wrong.
        return Module::from_bytes_in(bytes.clone(), how).map_err(|error| failure(file, error, &bytes));
    }
    Module::from_file_in(file, how).map_err(|error| {
        // Where something is wrong is worth reading the file again, unless it is one that can be read only once.
        let again = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let bytes = if again { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
        failure(file, error, &bytes)
    })
}

fn failure(file: &Path, error: ModuleError, bytes: &[u8]) -> Failure {
    let with = |code, message: &str| Failure::new(code, format!("{}: {message}", file.display()));
    match error {
        ModuleError::Load(LoadError::Io(error)) => input::unreadable(file, &error),
        ModuleError::Load(error) => {
            let code = match error {
                LoadError::NotFound | LoadError::Directory => Code::InvalidPath,
                LoadError::Io(_) => Code::ReadError,
                LoadError::Empty => Code::UnexpectedEnd,
                LoadError::Unknown => Code::NoMagic,
                LoadError::Library(_) => Code::NativeCode,
            };
            with(code, &error.to_string())
        }
        ModuleError::Text(error) => with(Code::Grammar, &error.to_string()),
        ModuleError::Plain | ModuleError::Rejected(_) => with(Code::NativeCode, &error.to_string()),
        ModuleError::Interpreter(error) => {
            // What cannot be read again was at least not empty.
            if !bytes.is_empty()
                && let Some(failure) = input::refused(file, bytes)
            {
                return failure;
            }
            let offset = error.offset();
            let (code, message) = explain(error);
            let function = sections::function_at(bytes, offset);
            let function = function.as_ref().map(|(index, name)| (*index, name.as_deref()));
            with(code, &format!("{message}{}", Place { function, offset: Some(offset) }))
        }
    }
}

fn explain(error: InterpreterError) -> (Code, String) {
    match error {
        InterpreterError::Malformed { message, .. } => Code::of(&message, Code::Grammar),
        InterpreterError::Invalid { message, .. } => Code::of(&message, Code::Invalid),
        InterpreterError::Unsupported { message, .. } => Code::of(&message, Code::Unsupported),
        InterpreterError::Limit { .. } => {
            let message = "the function needs more than 65535 words for its locals and operands";
            (Code::TooLarge, message.to_string())
        }
    }
}
