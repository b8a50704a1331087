//! The error of every stage.

use crate::Stage;
use abi::module::{DecodeError, DecodeErrorKind};
use abi::types::FuncIdx;
use std::fmt;
use std::path::PathBuf;

/// Why a stage failed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The stage that failed.
    pub stage: Stage,
    /// Whose fault it is.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// What is wrong, in the specification's words where it has any.
    pub message: String,
}

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The input is not in the format that it should be in.
    Malformed,
    /// The input breaks a rule of validation.
    Invalid,
    /// The input uses what is not supported, or is switched off.
    Unsupported,
    /// The input is larger than a limit of this implementation.
    Limit,
    /// Objects do not fit together.
    Link,
    /// LLVM refused.
    Llvm,
    /// Reading or writing failed.
    Io,
    /// A mistake in this program: no input may lead here.
    Bug,
}

/// Where an [`Error`] lies; what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The function.
    pub function: Option<FuncIdx>,
    /// The function's name, if the module gives one.
    pub name: Option<String>,
    /// Bytes from the start of the module.
    pub offset: Option<u64>,
    /// The file.
    pub path: Option<PathBuf>,
}

impl Error {
    /// An error whose place is not known.
    pub fn new(stage: Stage, kind: Kind, message: impl Into<String>) -> Error {
        Error { stage, kind, place: Place::default(), message: message.into() }
    }

    /// A failure to read or write a file.
    pub fn io(stage: Stage, path: impl Into<PathBuf>, error: &std::io::Error) -> Error {
        Error::new(stage, Kind::Io, error.to_string()).in_file(path)
    }

    /// The module could not be decoded.
    pub fn decode(stage: Stage, error: DecodeError) -> Error {
        let kind = match error.kind {
            DecodeErrorKind::Malformed => Kind::Malformed,
            DecodeErrorKind::Unsupported => Kind::Unsupported,
        };
        Error::new(stage, kind, error.message).at(error.offset)
    }

    /// The same error in a function.
    pub fn in_function(mut self, function: FuncIdx) -> Error {
        self.place.function = Some(function);
        self
    }

    /// The same error at a byte offset of the module.
    pub fn at(mut self, offset: u64) -> Error {
        self.place.offset = Some(offset);
        self
    }

    /// The same error in a file.
    pub fn in_file(mut self, path: impl Into<PathBuf>) -> Error {
        self.place.path = Some(path.into());
        self
    }
}

impl Kind {
    fn describe(self) -> &'static str {
        match self {
            Kind::Malformed => "malformed",
            Kind::Invalid => "invalid",
            Kind::Unsupported => "unsupported",
            Kind::Limit => "limit exceeded",
            Kind::Link => "link error",
            Kind::Llvm => "LLVM error",
            Kind::Io => "input/output error",
            Kind::Bug => "internal error",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}: {}", self.stage, self.kind.describe(), self.message)?;
        let Place { function, name, offset, path } = &self.place;
        let mut places = Vec::new();
        places.extend(path.as_ref().map(|path| format!("in {}", path.display())));
        places.extend(function.map(|index| match name {
            Some(name) => format!("in function {index} `{name}`"),
            None => format!("in function {index}"),
        }));
        places.extend(offset.map(|offset| format!("at byte offset {offset:#x}")));
        if !places.is_empty() {
            write!(f, " ({})", places.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
