//! Reading a module, binary or text.

use crate::Failure;
use std::path::Path;

/// The bytes of a binary module from a `.wasm` or `.wat` file.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if path.extension().is_some_and(|extension| extension == "wat") {
        let binary = wat::Parser::new().parse_bytes(Some(path), &bytes).map(|binary| binary.into_owned());
        return binary.map_err(|error| error.to_string());
    }
    Ok(bytes)
}
