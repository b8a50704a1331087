//! Modules, compiled or plain.

use crate::error::ModuleError;
use abi::features::Features;
use abi::metering::{Metered, Metering};
use abi::module::{ExportItem, ImportItem};
use loader::{Loaded, Rejected};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use vm::ExternType;

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

    /// Loads a module's text, to interpret it.
    ///
    /// ```
    /// let module = engine::Module::from_text("(module (func (export \"f\") (param i32)))")?;
    /// let exports: Vec<String> = module.exports().map(|(name, ty)| format!("{name}: {ty}")).collect();
    /// assert_eq!(exports, ["f: function (i32) -> ()"]);
    /// # Ok::<(), engine::ModuleError>(())
    /// ```
    ///
    /// # Errors
    /// If the text is not well-formed, or no valid module.
    pub fn from_text(text: &str) -> Result<Module, ModuleError> {
        Module::from_text_in(text, Loading::default())
    }

    /// Loads a module's text in a given way.
    ///
    /// # Errors
    /// As [`Module::from_text`]; also if it is to run by native code, which it has none of.
    pub fn from_text_in(text: &str, how: impl Into<Loading>) -> Result<Module, ModuleError> {
        Module::from_bytes_in(wat::parse_str(text)?, how)
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

    /// What the module imports: the module's name, the item's name, and its type. Type indices are those of the module.
    pub fn imports(&self) -> impl Iterator<Item = (&str, &str, ExternType)> {
        let declarations = self.declarations();
        declarations.imports.iter().map(|import| {
            let ty = match import.item {
                ImportItem::Function(ty) => ExternType::Func(declarations.types[ty.index()].clone()),
                ImportItem::Table(ty) => ExternType::Table(ty),
                ImportItem::Memory(ty) => ExternType::Memory(ty),
                ImportItem::Global(ty) => ExternType::Global(ty),
                ImportItem::Tag(ty) => ExternType::Tag(declarations.types[ty.index()].clone()),
            };
            (import.module.as_str(), import.name.as_str(), ty)
        })
    }

    /// What the module exports: names and types. Type indices are those of the module.
    pub fn exports(&self) -> impl Iterator<Item = (&str, ExternType)> {
        let declarations = self.declarations();
        declarations.exports.iter().map(|export| {
            let ty = match export.item {
                ExportItem::Function(index) => ExternType::Func(declarations.function_type(index).clone()),
                ExportItem::Table(index) => ExternType::Table(declarations.tables[index.index()].ty),
                ExportItem::Memory(index) => ExternType::Memory(declarations.memories[index.index()]),
                ExportItem::Global(index) => ExternType::Global(declarations.globals[index.index()].ty),
                ExportItem::Tag(index) => ExternType::Tag(declarations.tag_type(index).clone()),
            };
            (export.name.as_str(), ty)
        })
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

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.inner.name())
            .field("native", &self.is_native())
            .finish_non_exhaustive()
    }
}
