//! Runs plain WebAssembly.
//!
//! In: the bytes of a module. Out: a [`vm::Module`] that can be instantiated beside native ones, in the same stores. Loading
//! decodes and validates; a function is translated when it is called first, so that what is never called costs no more. Its
//! body becomes instructions whose operands are slots of a frame, with resolved branches (module `instruction`),
//! which handlers run (module `handler`), often two at once (module `fuse`).
//!
//! What must hold: translation of a module that was loaded does not fail; instructions name slots within a frame's window only.
#![forbid(unsafe_code)]

#[macro_use]
mod ops;
mod boundary;
mod catch;
mod check;
mod context;
mod control;
mod frame;
mod fuse;
mod handler;
mod instruction;
mod run;
pub mod semantics;
mod translate;

use abi::features::Features;
use abi::metering::{Metered, Metering};
use abi::module::{DecodeError, DecodeErrorKind};
use abi::types::DefinedFuncIdx;
use std::sync::OnceLock;
use translate::Function;
use vm::{Bytes, Guest, Interpret, Module, Slot, TailCall, Trap};
use wasmparser::BinaryReaderError;

/// Why a module cannot be interpreted.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no module.
    #[error("malformed module: {message} (at offset {offset:#x})")]
    Malformed {
        /// What is wrong.
        message: String,
        /// Where, in bytes from the start.
        offset: u64,
    },
    /// The module breaks a rule.
    #[error("invalid module: {message} (at offset {offset:#x})")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where, in bytes from the start.
        offset: u64,
    },
    /// The module uses what is switched off, or what the interpreter does not know.
    #[error("unsupported: {message} (at offset {offset:#x})")]
    Unsupported {
        /// What it uses, and the switch that allows it if there is one.
        message: String,
        /// Where, in bytes from the start.
        offset: u64,
    },
    /// A function has too many locals and operands.
    #[error("a function needs more than 65535 words for its locals and operands (at offset {offset:#x})")]
    Limit {
        /// Where its body begins, in bytes from the start.
        offset: u64,
    },
}

impl LoadError {
    /// The place that the error is about, in bytes from the module's start.
    pub fn offset(&self) -> u64 {
        match *self {
            LoadError::Malformed { offset, .. }
            | LoadError::Invalid { offset, .. }
            | LoadError::Unsupported { offset, .. }
            | LoadError::Limit { offset } => offset,
        }
    }
}

impl From<DecodeError> for LoadError {
    fn from(error: DecodeError) -> LoadError {
        let DecodeError { kind, message, offset } = error;
        match kind {
            DecodeErrorKind::Malformed => LoadError::Malformed { message, offset },
            DecodeErrorKind::Unsupported => LoadError::Unsupported { message, offset },
        }
    }
}

impl From<BinaryReaderError> for LoadError {
    fn from(error: BinaryReaderError) -> LoadError {
        LoadError::Invalid { message: error.message().to_string(), offset: error.offset() }
    }
}

/// Loads a module, which may use a set of proposals, and whose functions keep track of some things. `name` is for people: backtraces show it.
///
/// # Errors
/// If it is malformed or invalid, or uses what is not supported.
pub fn load(bytes: Bytes, name: Option<String>, features: &Features, metering: &Metering) -> Result<Module, LoadError> {
    let binary = (*bytes).as_ref();
    let declarations = abi::module::Module::decode(binary)?;
    check::check(binary, &declarations, features)?;
    let functions = declarations.bodies.iter().map(|_| OnceLock::new()).collect();
    let interpreter = Interpreter { functions, metering: metering.clone(), metered: metering.metered() };
    Ok(Module::interpreted(declarations, bytes, Box::new(interpreter), name))
}

/// The functions of one module, as far as they were called.
struct Interpreter {
    functions: Box<[OnceLock<Box<Function>>]>,
    metering: Metering,
    /// The same in short: made once, since it holds a hash of the table of costs.
    metered: Metered,
}

impl Interpreter {
    /// A function, if it is translated.
    #[inline(always)]
    fn translated(&self, index: DefinedFuncIdx) -> Option<&Function> {
        self.functions[index.index()].get().map(|function| &**function)
    }

    /// A function, translated now if it was not before.
    #[inline(never)]
    fn translate(&self, module: &Module, index: DefinedFuncIdx) -> &Function {
        self.functions[index.index()].get_or_init(|| {
            let function = translate::translate(module.declarations(), module.bytes(), index, &self.metering);
            Box::new(
                function
                    .unwrap_or_else(|error| panic!("loading has checked that functions can be translated: {error}")),
            )
        })
    }
}

impl Interpret for Interpreter {
    fn call(
        &self,
        guest: &mut Guest<'_>,
        function: DefinedFuncIdx,
        slots: &mut [Slot],
    ) -> Result<Option<TailCall>, Trap> {
        run::run(self, guest, function, slots)
    }

    fn metered(&self) -> Metered {
        self.metered
    }
}
