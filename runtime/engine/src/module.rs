//! Modules, compiled or plain.

use crate::error::ModuleError;
use abi::features::Features;
use abi::metering::{Metered, Metering};
use loader::{Loaded, Rejected};
use std::path::Path;
use std::sync::Arc;

/// How modules run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By native code if there is some that may run, else by the interpreter.
    #[default]
    Auto,
    /// By the interpreter, whatever else there is.
    Interpreter,
    /// By native code, or not at all.
    Aot,
}

/// How a module is loaded.
#[derive(Clone, Debug, Default)]
pub struct Loading {
    /// What runs it.
    pub mode: Mode,
    /// The proposals that it may use if it is interpreted. Native code was checked when it was compiled.
    pub features: Features,
    /// What the interpreter keeps track of. What native code does was decided when it was compiled ([`Module::metered`]).
    pub metering: Metering,
}

impl From<Mode> for Loading {
    fn from(mode: Mode) -> Loading {
        Loading { mode, ..Loading::default() }
    }
}

/// What a module declares together with what runs it. Cheap to clone; can be instantiated in any number of stores.
#[derive(Clone)]
pub struct Module {
    inner: Arc<vm::Module>,
    refused: Option<Rejected>,
}

impl Module {
    /// Loads a WebAssembly file or shared library. Native code is checked, then mapped from the file. A WebAssembly file without
    /// native code, or with such that must not run, is interpreted.
    ///
    /// # Errors
    /// If the file cannot be read, is no valid module, or a library whose native code is not for this runtime and machine.
    pub fn from_file(path: &Path) -> Result<Module, ModuleError> {
        Module::from_file_in(path, Loading::default())
    }

    /// Loads a WebAssembly file or shared library in a given way, or to run in a given mode.
    ///
    /// # Errors
    /// As [`Module::from_file`]; also if it cannot run that way.
    pub fn from_file_in(path: &Path, how: impl Into<Loading>) -> Result<Module, ModuleError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Module::new(loader::load(path)?, name, &how.into())
    }

    /// Loads WebAssembly or a shared library from memory.
    ///
    /// # Errors
    /// As [`Module::from_file`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Module, ModuleError> {
        Module::from_bytes_in(bytes, Loading::default())
    }

    /// Loads WebAssembly or a shared library from memory in a given way, or to run in a given mode.
    ///
    /// # Errors
    /// As [`Module::from_file_in`].
    pub fn from_bytes_in(bytes: Vec<u8>, how: impl Into<Loading>) -> Result<Module, ModuleError> {
        Module::new(loader::load_bytes(bytes)?, None, &how.into())
    }

    fn new(loaded: Loaded, name: Option<String>, how: &Loading) -> Result<Module, ModuleError> {
        match (loaded, how.mode) {
            (Loaded::Native(module), Mode::Auto | Mode::Aot) => Ok(Module { inner: Arc::new(module), refused: None }),
            (Loaded::Native(module), Mode::Interpreter) => {
                // A copy: the interpreter may read it long and often, and the file can change.
                let bytes = Arc::new(module.bytes().to_vec());
                Module::interpreted(bytes, name, how, None)
            }
            (Loaded::Plain { bytes, reason }, Mode::Auto) => Module::interpreted(bytes, name, how, reason),
            // What the native code is like does not matter then.
            (Loaded::Plain { bytes, .. }, Mode::Interpreter) => Module::interpreted(bytes, name, how, None),
            (Loaded::Plain { reason: Some(reason), .. }, Mode::Aot) => Err(ModuleError::Rejected(reason)),
            (Loaded::Plain { reason: None, .. }, Mode::Aot) => Err(ModuleError::Plain),
        }
    }

    fn interpreted(
        bytes: vm::Bytes,
        name: Option<String>,
        how: &Loading,
        refused: Option<Rejected>,
    ) -> Result<Module, ModuleError> {
        Ok(Module { inner: Arc::new(interpreter::load(bytes, name, &how.features, &how.metering)?), refused })
    }

    /// What the module declares: types, imports, exports and so on.
    pub fn declarations(&self) -> &abi::module::Module {
        self.inner.declarations()
    }

    /// Whether native code runs it.
    pub fn is_native(&self) -> bool {
        self.inner.is_native()
    }

    /// What its code keeps track of.
    pub fn metered(&self) -> Metered {
        self.inner.metered()
    }

    /// Why the interpreter runs a module that has native code; none if all is as it should be.
    pub fn warning(&self) -> Option<String> {
        let reason = self.refused.as_ref()?;
        Some(format!(
            "its native code cannot be used: {reason}; it is interpreted (compile it again: wasmedge compile)"
        ))
    }

    pub(crate) fn inner(&self) -> &Arc<vm::Module> {
        &self.inner
    }
}
