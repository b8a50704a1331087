//! Linking modules into one.

use std::mem::ManuallyDrop;

use llvm_sys::core::LLVMGetVersion;
use llvm_sys::linker::LLVMLinkModules2;

use crate::error::{Error, ErrorKind};
use crate::module::Module;

impl<'c> Module<'c> {
    /// Moves everything of another module of the same context into this one.
    ///
    /// # Errors
    /// If both define a symbol, or disagree about one.
    pub fn link(&self, other: Module<'c>) -> Result<(), Error> {
        let other = ManuallyDrop::new(other);
        // SAFETY: both modules are alive and of one context (kept by the caller, as for all handles); LLVM disposes of
        // the other one, whether it succeeds or not, so its own `drop` must not run.
        let failed = unsafe { LLVMLinkModules2(self.raw(), other.raw()) != 0 };
        self.context().take_errors(ErrorKind::Link)?;
        if failed { Err(Error::new(ErrorKind::Link, "the modules do not fit together")) } else { Ok(()) }
    }
}

/// The version of LLVM, as `22.1.0`.
pub fn version() -> String {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: LLVM writes to three live numbers.
    unsafe { LLVMGetVersion(&mut major, &mut minor, &mut patch) };
    format!("{major}.{minor}.{patch}")
}
