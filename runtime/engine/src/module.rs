//! Compiled modules.

use crate::error::ModuleError;
use loader::Loaded;
use std::path::Path;
use std::sync::Arc;

/// Compiled code together with what it declares. Cheap to clone; can be instantiated in any number of stores.
#[derive(Clone)]
pub struct Module {
    inner: Arc<vm::Module>,
}

impl Module {
    /// Loads a universal wasm file or shared library. Its code is checked, then mapped from the file.
    ///
    /// # Errors
    /// If the file cannot be read, is not compiled, or its native code is not for this runtime and machine.
    pub fn from_file(path: &Path) -> Result<Module, ModuleError> {
        Module::new(loader::load(path)?)
    }

    /// Loads a universal wasm or shared library from memory.
    ///
    /// # Errors
    /// As [`Module::from_file`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Module, ModuleError> {
        Module::new(loader::load_bytes(bytes)?)
    }

    fn new(loaded: Loaded) -> Result<Module, ModuleError> {
        match loaded {
            Loaded::Native(module) => Ok(Module { inner: Arc::new(module) }),
            Loaded::Plain { reason: Some(reason), .. } => Err(ModuleError::Rejected(reason)),
            Loaded::Plain { reason: None, .. } => Err(ModuleError::Plain),
        }
    }

    /// What the module declares: types, imports, exports and so on.
    pub fn declarations(&self) -> &abi::module::Module {
        self.inner.declarations()
    }

    pub(crate) fn inner(&self) -> &Arc<vm::Module> {
        &self.inner
    }
}
