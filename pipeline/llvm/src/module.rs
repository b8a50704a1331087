//! Modules: functions and global variables, read from and written as text.

use std::ffi::{CStr, CString};
use std::ptr;

use llvm_sys::LLVMModuleFlagBehavior;
use llvm_sys::analysis::{LLVMVerifierFailureAction, LLVMVerifyModule};
use llvm_sys::core::*;
use llvm_sys::ir_reader::LLVMParseIRInContext2;
use llvm_sys::prelude::*;

use crate::builder::Intrinsic;
use crate::context::Context;
use crate::error::{Error, ErrorKind, c_string, copy_text, take_message};
use crate::function::Function;
use crate::global::GlobalVariable;
use crate::memory_buffer::MemoryBuffer;
use crate::metadata::Metadata;
use crate::target::TargetMachine;
use crate::types::{FunctionType, Type};
use crate::value::Value;

/// A module; freed with everything in it when dropped.
pub struct Module<'c> {
    raw: LLVMModuleRef,
    context: &'c Context,
}

/// What a linker of modules does when two disagree on a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagBehavior {
    /// It reports an error.
    Error,
    /// It warns and takes the first.
    Warning,
    /// It takes this one.
    Override,
}

impl<'c> Module<'c> {
    pub(crate) fn new(context: &'c Context, name: &str) -> Self {
        // SAFETY: the context outlives the module.
        let raw = unsafe { LLVMModuleCreateWithNameInContext(c"".as_ptr(), context.raw()) };
        let module = Self { raw, context };
        module.set_name(name);
        module.set_source_file_name(name);
        module
    }

    /// Reads LLVM's text. `name` is what errors call it. The module's own name, of which the text has only a comment, becomes that
    /// of its source file, as in a new module.
    pub fn parse(context: &'c Context, name: &str, text: &str) -> Result<Self, Error> {
        let c_name = c_string(ErrorKind::Parse, "the module's name", name)?;
        let buffer = MemoryBuffer::copy_of(text, &c_name);
        let mut raw = ptr::null_mut();
        let mut message = ptr::null_mut();
        // SAFETY: context and buffer are alive, and unlike its predecessor this function leaves the buffer to us; the
        // message is ours, and set on failure only.
        let message = unsafe {
            let failed = LLVMParseIRInContext2(context.raw(), buffer.raw(), &mut raw, &mut message) != 0;
            failed.then(|| take_message(message))
        };
        // The reader also reports through the diagnostic handler what it could not bring up to date.
        let reported = context.take_errors(ErrorKind::Parse);
        if let Some(message) = message {
            return Err(Error::parse(name, message));
        }
        let module = Self { raw, context };
        module.set_name(&module.source_file_name());
        reported.map(|()| module)
    }

    /// The module as LLVM's text, with the order of use-lists: read back, it gives the same object.
    pub fn print(&self) -> String {
        // SAFETY: the module is alive, and the string is ours.
        unsafe { take_message(LLVMPrintModuleToString(self.raw)) }
    }

    /// Checks LLVM's rules. The error lists every one broken.
    pub fn verify(&self) -> Result<(), Error> {
        let mut message = ptr::null_mut();
        // SAFETY: the module is alive, and the message, set in any case, is ours.
        let (broken, message) = unsafe {
            let broken = LLVMVerifyModule(self.raw, LLVMVerifierFailureAction::LLVMReturnStatusAction, &mut message);
            (broken != 0, take_message(message))
        };
        if broken { Err(Error::new(ErrorKind::Verify, message)) } else { Ok(()) }
    }

    /// The context it belongs to.
    pub fn context(&self) -> &'c Context {
        self.context
    }

    /// The module's name.
    pub fn name(&self) -> String {
        let mut len = 0;
        // SAFETY: the module is alive; the bytes are copied at once.
        unsafe {
            let data = LLVMGetModuleIdentifier(self.raw, &mut len);
            copy_text(data, len)
        }
    }

    /// Renames the module.
    pub fn set_name(&self, name: &str) {
        // SAFETY: LLVM copies as many bytes as it is told.
        unsafe { LLVMSetModuleIdentifier(self.raw, name.as_ptr().cast(), name.len()) }
    }

    /// The source file's name.
    fn source_file_name(&self) -> String {
        let mut len = 0;
        // SAFETY: the module is alive; the bytes are copied at once.
        unsafe {
            let data = LLVMGetSourceFileName(self.raw, &mut len);
            copy_text(data, len)
        }
    }

    /// Sets the source file's name, which is the module's name until then. It ends up in the object.
    pub fn set_source_file_name(&self, name: &str) {
        // SAFETY: LLVM copies as many bytes as it is told.
        unsafe { LLVMSetSourceFileName(self.raw, name.as_ptr().cast(), name.len()) }
    }

    /// The target triple; empty if none was set.
    pub fn triple(&self) -> String {
        // SAFETY: the module is alive; the string is copied at once.
        unsafe { CStr::from_ptr(LLVMGetTarget(self.raw)) }.to_string_lossy().into_owned()
    }

    /// Sets the target triple.
    ///
    /// # Panics
    ///
    /// The triple contains a NUL byte; one that a [`TargetMachine`] accepted does not.
    pub fn set_triple(&self, triple: &str) {
        let triple = CString::new(triple).expect("a triple has no NUL byte");
        // SAFETY: LLVM copies the string.
        unsafe { LLVMSetTarget(self.raw, triple.as_ptr()) }
    }

    /// The data layout as text; empty if none was set.
    pub fn data_layout(&self) -> String {
        // SAFETY: the module is alive; the string is copied at once.
        unsafe { CStr::from_ptr(LLVMGetDataLayoutStr(self.raw)) }.to_string_lossy().into_owned()
    }

    /// Sets the data layout of a target. To be done before the first instruction: alignments depend on it.
    pub fn set_data_layout(&self, machine: &TargetMachine) {
        machine.set_data_layout_of(self);
    }

    /// Sets triple and data layout.
    pub fn set_target(&self, machine: &TargetMachine) {
        self.set_triple(&machine.triple());
        self.set_data_layout(machine);
    }

    /// Takes over triple, data layout and the source file's name of another module.
    pub fn set_target_like(&self, other: &Module<'_>) {
        // SAFETY: both modules are alive; LLVM copies the string.
        unsafe { LLVMSetDataLayout(self.raw, LLVMGetDataLayoutStr(other.raw)) }
        self.set_triple(&other.triple());
        self.set_source_file_name(&other.source_file_name());
    }

    /// Declares a function; blocks make it a definition. If one of this name and type is there, returns that.
    ///
    /// # Panics
    ///
    /// The name is taken by a variable, or by a function of another type.
    pub fn add_function(&self, name: &str, ty: FunctionType<'c>) -> Function<'c> {
        // SAFETY: module and type are alive; LLVM copies as many bytes as it is told.
        let value =
            unsafe { Value::from_raw(LLVMGetOrInsertFunction(self.raw, name.as_ptr().cast(), name.len(), ty.raw())) };
        value
            .as_function()
            .filter(|function| function.function_type() == ty)
            .unwrap_or_else(|| panic!("{name:?} is already something else than a function {ty:?}"))
    }

    /// The function `name`.
    pub fn function(&self, name: &str) -> Option<Function<'c>> {
        // SAFETY: the module is alive; what is found is a function.
        unsafe {
            let raw = LLVMGetNamedFunctionWithLength(self.raw, name.as_ptr().cast(), name.len());
            Value::from_nullable(raw).map(|value| Function::from_value(value))
        }
    }

    /// All functions, declared and defined, in the order of the text. The one just returned may be erased.
    pub fn functions(&self) -> impl Iterator<Item = Function<'c>> + use<'c> {
        // SAFETY: the module is alive; what is found, if anything, is a function.
        let first =
            unsafe { Value::from_nullable(LLVMGetFirstFunction(self.raw)).map(|value| Function::from_value(value)) };
        // SAFETY: the function is alive; what follows, if anything, is a function.
        std::iter::successors(first, |function| unsafe {
            Value::from_nullable(LLVMGetNextFunction(function.raw())).map(|value| Function::from_value(value))
        })
    }

    /// Declares an intrinsic for the given overloaded types.
    pub fn intrinsic(&self, intrinsic: Intrinsic, overloads: &[Type<'c>]) -> Function<'c> {
        // SAFETY: the module is alive.
        unsafe { Function::declare_intrinsic(self.raw, intrinsic, overloads) }
    }

    /// Declares a global variable; an initializer makes it a definition. LLVM appends a number if the name is taken.
    pub fn add_global(&self, name: &str, ty: Type<'c>) -> GlobalVariable<'c> {
        // SAFETY: module and type are alive; what is made is a variable. It is named afterwards, as names of any
        // bytes can be set but not given here.
        unsafe {
            let value = Value::from_raw(LLVMAddGlobal(self.raw, ty.raw(), c"".as_ptr()));
            value.set_name(name);
            GlobalVariable::from_value(value)
        }
    }

    /// The global variable `name`.
    pub fn global(&self, name: &str) -> Option<GlobalVariable<'c>> {
        // SAFETY: the module is alive; what is found is a variable.
        unsafe {
            let raw = LLVMGetNamedGlobalWithLength(self.raw, name.as_ptr().cast(), name.len());
            Value::from_nullable(raw).map(|value| GlobalVariable::from_value(value))
        }
    }

    /// All global variables in the order of the text. The one just returned may be erased.
    pub fn globals(&self) -> impl Iterator<Item = GlobalVariable<'c>> + use<'c> {
        // SAFETY: the module is alive; what is found, if anything, is a variable.
        let first = unsafe {
            Value::from_nullable(LLVMGetFirstGlobal(self.raw)).map(|value| GlobalVariable::from_value(value))
        };
        // SAFETY: the global is alive; what follows, if anything, is a variable.
        std::iter::successors(first, |global| unsafe {
            Value::from_nullable(LLVMGetNextGlobal(global.raw())).map(|value| GlobalVariable::from_value(value))
        })
    }

    /// Adds a module flag that is an `i32`, such as `PIC Level` (2: as large as can be).
    pub fn add_flag(&self, behavior: FlagBehavior, key: &str, value: u32) {
        let value = self.context.i32().const_int(value.into());
        self.add_metadata_flag(behavior, key, self.context.md_value(value));
    }

    /// Adds a module flag.
    pub fn add_metadata_flag(&self, behavior: FlagBehavior, key: &str, value: Metadata<'c>) {
        let behavior = match behavior {
            FlagBehavior::Error => LLVMModuleFlagBehavior::LLVMModuleFlagBehaviorError,
            FlagBehavior::Warning => LLVMModuleFlagBehavior::LLVMModuleFlagBehaviorWarning,
            FlagBehavior::Override => LLVMModuleFlagBehavior::LLVMModuleFlagBehaviorOverride,
        };
        // SAFETY: module and metadata are alive; LLVM copies as many bytes as it is told.
        unsafe {
            LLVMAddModuleFlag(self.raw, behavior, key.as_ptr().cast(), key.len(), value.raw());
        }
    }

    pub(crate) fn raw(&self) -> LLVMModuleRef {
        self.raw
    }
}

impl Drop for Module<'_> {
    fn drop(&mut self) {
        // SAFETY: the module is ours, disposed of once, and before its context.
        unsafe { LLVMDisposeModule(self.raw) }
    }
}

impl<'c> Function<'c> {
    /// # Safety
    ///
    /// `module` is alive, in the context of the overloaded types.
    pub(crate) unsafe fn declare_intrinsic(
        module: LLVMModuleRef,
        intrinsic: Intrinsic,
        overloads: &[Type<'c>],
    ) -> Self {
        // SAFETY: the module is alive and the intrinsic known; `Type` is transparent over its reference, and LLVM does
        // not write to the slice. What comes back is a function.
        unsafe {
            Function::from_value(Value::from_raw(LLVMGetIntrinsicDeclaration(
                module,
                intrinsic.id(),
                overloads.as_ptr().cast_mut().cast(),
                overloads.len(),
            )))
        }
    }
}
