//! The bytes of a file: mapped, or in memory.

use crate::LoadError;
use crate::image::Mapping;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The bytes of a file, shared by all who need some of them.
pub(crate) enum Source {
    /// A regular file, mapped as a whole.
    Mapped(Arc<Mapping>, Arc<File>),
    /// What was read.
    Memory(Arc<Vec<u8>>),
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Source {
        Source::Memory(Arc::new(bytes))
    }
}

impl Source {
    /// Maps or reads a file.
    pub fn open(path: &Path) -> Result<Source, LoadError> {
        let mut file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LoadError::NotFound,
            _ => LoadError::Io(error),
        })?;
        let metadata = file.metadata().map_err(LoadError::Io)?;
        if metadata.is_dir() {
            return Err(LoadError::Directory);
        }
        // Files that a system makes up when they are read say that they are empty.
        if metadata.is_file() && metadata.len() > 0 {
            let length =
                usize::try_from(metadata.len()).map_err(|_| LoadError::Io(io::ErrorKind::FileTooLarge.into()))?;
            let mapping = Mapping::file(&file, length).map_err(LoadError::Io)?;
            return Ok(Source::Mapped(Arc::new(mapping), Arc::new(file)));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(LoadError::Io)?;
        Ok(Source::from(bytes))
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Source::Mapped(mapping, _) => mapping.bytes(),
            Source::Memory(bytes) => bytes,
        }
    }

    /// Some of the bytes, which must be there.
    pub fn slice(&self, range: Range<usize>) -> vm::Bytes {
        match self {
            Source::Mapped(mapping, _) => Arc::new(Slice { all: mapping.clone(), range }),
            Source::Memory(bytes) => Arc::new(Slice { all: bytes.clone(), range }),
        }
    }

    /// The first bytes, for an interpreter. It may read them long and often, so that they should not depend on a file that can
    /// change; a copy costs nothing beside interpreting it.
    pub fn plain(&self, length: usize) -> vm::Bytes {
        match self {
            Source::Mapped(mapping, _) => Arc::new(mapping.bytes()[..length].to_vec()),
            Source::Memory(_) => self.slice(0..length),
        }
    }
}

struct Slice<T> {
    all: Arc<T>,
    range: Range<usize>,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Slice<T> {
    fn as_ref(&self) -> &[u8] {
        &(*self.all).as_ref()[self.range.clone()]
    }
}
