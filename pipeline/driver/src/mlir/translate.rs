//! `mlir-translate`, a program of LLVM's.

use artifact::{Error, Kind, Stage};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

/// Which way to translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// LLVM IR → MLIR.
    ToMlir,
    /// MLIR → LLVM IR.
    FromMlir,
}

/// An `mlir-translate` of this compiler's version of LLVM.
pub struct Translator {
    program: String,
    stage: Stage,
}

/// What became of a file.
pub struct Translated {
    /// Its text in the other form.
    pub text: Vec<u8>,
    /// What the program remarked on, a line or more each.
    pub remarks: Vec<String>,
}

impl Translator {
    /// Finds it on the PATH: with the version in its name, as Debian has it, or without.
    ///
    /// # Errors
    /// If there is none, or only one of another version, which reads another dialect and other IR.
    pub fn find(stage: Stage) -> Result<Translator, Error> {
        let version = llvm::version();
        let ours = major(&version);
        let mut others = Vec::new();
        for program in [format!("mlir-translate-{ours}"), "mlir-translate".to_string()] {
            let output = match Command::new(&program).arg("--version").stdin(Stdio::null()).output() {
                Ok(output) => output,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io(stage, &program, &error)),
            };
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            match text.split_once("LLVM version ").map(|(_, version)| major(version)) {
                Some(found) if found == ours => return Ok(Translator { program, stage }),
                Some(found) => others.push(format!("; `{program}` is one of LLVM {found}")),
                None => others.push(format!("; `{program}` does not say of which version it is")),
            }
        }
        let message = format!(
            "there is no `mlir-translate` of LLVM {ours} on the PATH: install it (Debian's package mlir-{ours}-tools){}",
            others.concat()
        );
        Err(Error::new(stage, Kind::Unsupported, message))
    }

    /// Translates a file. The program's messages name it, and the line.
    ///
    /// # Errors
    /// If the program refuses the file; the message is the program's.
    pub fn translate(&self, direction: Direction, path: &Path) -> Result<Translated, Error> {
        let option = match direction {
            Direction::ToMlir => "--import-llvm",
            Direction::FromMlir => "--mlir-to-llvmir",
        };
        let output = Command::new(&self.program).arg(option).arg("--").arg(path).stdin(Stdio::null()).output();
        let output = output.map_err(|error| Error::io(self.stage, &self.program, &error))?;
        let remarks = String::from_utf8_lossy(&output.stderr).trim_end().to_string();
        if !output.status.success() {
            // Its messages have the place.
            let message = format!("{} refuses {} ({}):\n{remarks}", self.program, path.display(), output.status);
            return Err(Error::new(self.stage, Kind::Malformed, message));
        }
        let remarks = if remarks.is_empty() { Vec::new() } else { vec![remarks] };
        Ok(Translated { text: output.stdout, remarks })
    }
}

/// The first number of a version.
fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}
