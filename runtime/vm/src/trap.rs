//! Traps as the caller sees them.

use crate::exception::Exception;
use crate::module::Module;
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, FuncIdx};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What a host function reports when it fails. It travels to the caller unchanged, who may downcast it.
pub type HostError = Box<dyn Error + Send + Sync>;

/// Why execution of guest code ended early, and where.
#[derive(Debug)]
pub struct Trap {
    /// Why.
    pub reason: TrapReason,
    /// The guest functions that the trap has ended so far, innermost first, as far as the record goes. A host function that
    /// gets a trap from guest code which it called sees the frames of that code; its callers add theirs when it passes the trap
    /// on.
    pub frames: Vec<Frame>,
    /// How many frames there were beyond the record's end.
    pub omitted: usize,
}

/// Why execution ended early.
#[derive(Debug)]
pub enum TrapReason {
    /// One of the reasons that guest code itself has.
    Code(TrapCode),
    /// A host function failed.
    Host(HostError),
    /// An exception that nothing has caught.
    Exception(Exception),
}

/// A guest function that was running.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The function's module.
    pub module: Arc<Module>,
    /// The function.
    pub function: FuncIdx,
    /// Its name in the module's name section.
    pub name: Option<String>,
    /// Where its body begins, in bytes from the start of the module's binary.
    pub offset: u64,
}

impl Frame {
    pub(crate) fn new(module: &Arc<Module>, body: DefinedFuncIdx) -> Frame {
        let function = module.declarations().function(body);
        Frame {
            module: module.clone(),
            function,
            name: module.function_name(function).map(str::to_string),
            offset: module.declarations().bodies[body.index()].start,
        }
    }
}

/// Where the function is: its name and index, and the place of its body in the module.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("<unnamed>");
        write!(f, "{name} (function {}, byte offset {:#x})", self.function, self.offset)
    }
}

impl Trap {
    /// How many frames are recorded.
    pub(crate) const MAX_FRAMES: usize = 64;

    /// Adds the next outer frame.
    pub(crate) fn push(&mut self, frame: impl FnOnce() -> Frame) {
        if self.frames.len() < Trap::MAX_FRAMES {
            self.frames.push(frame());
        } else {
            self.omitted += 1;
        }
    }

    /// A trap without a record of frames.
    pub(crate) fn bare(reason: TrapReason) -> Trap {
        Trap { reason, frames: Vec::new(), omitted: 0 }
    }

    /// What a host function's error becomes. A trap that it got from guest code which it called stays that trap, and so does a
    /// trap's code, such as that of an access past the end of a memory.
    pub(crate) fn of_host_error(error: HostError) -> Trap {
        match error.downcast::<Trap>() {
            Ok(trap) => *trap,
            Err(error) => match error.downcast::<TrapCode>() {
                Ok(code) => Trap::from(*code),
                Err(error) => Trap::bare(TrapReason::Host(error)),
            },
        }
    }

    /// A host function's own error, if it is of a type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &self.reason {
            TrapReason::Host(error) => error.downcast_ref(),
            TrapReason::Code(_) | TrapReason::Exception(_) => None,
        }
    }

    /// The exception, if it was one.
    pub fn exception(&self) -> Option<&Exception> {
        match &self.reason {
            TrapReason::Exception(exception) => Some(exception),
            TrapReason::Code(_) | TrapReason::Host(_) => None,
        }
    }

    /// The reason, if it is one that guest code itself has.
    pub fn code(&self) -> Option<TrapCode> {
        match self.reason {
            TrapReason::Code(code) => Some(code),
            TrapReason::Host(_) => None,
            TrapReason::Exception(_) => Some(TrapCode::UncaughtException),
        }
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::bare(TrapReason::Code(code))
    }
}

impl From<Exception> for Trap {
    fn from(exception: Exception) -> Trap {
        Trap::bare(TrapReason::Exception(exception))
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            TrapReason::Code(code) => code.fmt(f),
            TrapReason::Host(error) => error.fmt(f),
            TrapReason::Exception(_) => TrapCode::UncaughtException.fmt(f),
        }
    }
}

impl Error for Trap {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            TrapReason::Code(_) | TrapReason::Exception(_) => None,
            TrapReason::Host(error) => error.source(),
        }
    }
}
