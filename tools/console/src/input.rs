//! Reading modules, binary or text.

use crate::codes::{Code, Failure};
use std::io::ErrorKind;
use std::path::Path;

/// How a module begins.
const MAGIC: &[u8] = b"\0asm";
/// How a shared library begins.
const LIBRARY: &[u8] = b"\x7fELF";
/// How a component begins; a module has another version.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Whether a file's name says that it holds a module's text.
pub fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wat")
}

/// The bytes of a binary module from a `.wasm` or `.wat` file.
///
/// # Errors
/// If the file cannot be read, or does not begin as a module does.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(unreadable(path, &error)),
    };
    let bytes = if is_text(path) { translate(path, &bytes)? } else { bytes };
    if let Some(failure) = refused(path, &bytes) {
        return Err(failure);
    }
    let message = match () {
        () if bytes.starts_with(MAGIC) => return Ok(bytes),
        () if bytes.starts_with(LIBRARY) => "it is a shared library: the module that it was compiled from is needed",
        () => "magic header not detected: the file is no WebAssembly",
    };
    Err(Failure::new(Code::NoMagic, format!("{}: {message}", path.display())))
}

/// The failure to read a file.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let file = path.display();
    match error.kind() {
        ErrorKind::NotFound => Failure::new(Code::InvalidPath, format!("{file}: the file does not exist")),
        ErrorKind::IsADirectory => Failure::new(Code::InvalidPath, format!("{file}: it is a directory")),
        _ => Failure::new(Code::ReadError, format!("{file}: the file cannot be read: {error}")),
    }
}

/// Why the bytes of a file are no module, if that can be seen from how they begin.
pub fn refused(path: &Path, bytes: &[u8]) -> Option<Failure> {
    let file = path.display();
    if bytes.is_empty() {
        return Some(Failure::new(Code::UnexpectedEnd, format!("{file}: the file is empty")));
    }
    bytes.starts_with(COMPONENT).then(|| {
        let message = format!("{file}: it is a component, not a module: components are not supported");
        Failure::new(Code::UnknownVersion, message)
    })
}

/// Translates a module's text.
fn translate(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let translated = wat::Parser::new().parse_bytes(Some(path), bytes).map(|binary| binary.into_owned());
    translated.map_err(|error| {
        let text = error.to_string();
        // What is wrong, then the line with a mark below it.
        let (message, lines) = text.split_once('\n').unwrap_or((&text, ""));
        let message = format!("{}: {message}", path.display());
        match lines.is_empty() {
            true => Failure::new(Code::Grammar, message),
            false => Failure::explained(Code::Grammar, message, lines.trim_end()),
        }
    })
}
