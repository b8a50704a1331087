//! The context: owner of types, constants, attributes and metadata, and the place where diagnostics arrive.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::Once;

use llvm_sys::LLVMDiagnosticSeverity;
use llvm_sys::core::*;
use llvm_sys::prelude::*;
use llvm_sys::support::LLVMParseCommandLineOptions;
use llvm_sys::target::*;

use crate::builder::Builder;
use crate::error::{Error, ErrorKind, take_message};
use crate::metadata::MetadataKinds;
use crate::module::Module;

/// Owns everything LLVM shares between modules: types, constants, attributes, metadata.
///
/// One per worker. It may move to another thread, but only one thread may use it at a time.
pub struct Context {
    raw: LLVMContextRef,
    /// Texts of errors that passes and code generators reported through the diagnostic handler. Owned by this
    /// context, freed in `drop`; a raw pointer because LLVM keeps a second one to it.
    errors: NonNull<RefCell<Vec<String>>>,
    kinds: MetadataKinds,
}

// SAFETY: an LLVM context has no tie to the thread that made it; it only forbids use by two threads at once, which
// `!Sync` (by the raw pointers) ensures, as every handle and module borrows the context and so cannot be sent alone.
unsafe impl Send for Context {}

impl Context {
    /// A fresh context. The first one of the process also sets LLVM up: targets and global options.
    pub fn new() -> Self {
        initialize();
        let errors = NonNull::from(Box::leak(Box::new(RefCell::new(Vec::new()))));
        // SAFETY: the context is fresh; `errors` stays allocated until after the context is disposed of (see `drop`).
        let raw = unsafe {
            let raw = LLVMContextCreate();
            LLVMContextSetDiagnosticHandler(raw, Some(collect_errors), errors.as_ptr().cast());
            raw
        };
        Self { raw, errors, kinds: MetadataKinds::new(raw) }
    }

    /// An empty module.
    pub fn module(&self, name: &str) -> Module<'_> {
        Module::new(self, name)
    }

    /// A builder without a position yet.
    pub fn builder(&self) -> Builder<'_> {
        Builder::new(self)
    }

    /// The ids of the metadata kinds that lowering attaches.
    pub fn kinds(&self) -> &MetadataKinds {
        &self.kinds
    }

    pub(crate) fn raw(&self) -> LLVMContextRef {
        self.raw
    }

    /// The errors reported since the last call, as one error.
    pub(crate) fn take_errors(&self, kind: ErrorKind) -> Result<(), Error> {
        // SAFETY: `errors` is allocated as long as `self` lives, and only this thread uses it (`!Sync`).
        let errors = unsafe { self.errors.as_ref() }.take();
        if errors.is_empty() { Ok(()) } else { Err(Error::new(kind, errors.join("\n"))) }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: modules and builders borrow the context, so none is left; LLVM lets go of `errors` with the context,
        // so it is freed after it, and by nobody else.
        unsafe {
            LLVMContextDispose(self.raw);
            drop(Box::from_raw(self.errors.as_ptr()));
        }
    }
}

/// Keeps errors for [`Context::take_errors`]. Warnings, remarks and notes are dropped: they report on the effort of
/// the optimizer (a loop that did not vectorize), never on a wrong result.
extern "C" fn collect_errors(info: LLVMDiagnosticInfoRef, errors: *mut c_void) {
    // SAFETY: LLVM passes a live diagnostic, and the pointer that `Context::new` registered, which is alive as long as
    // the context; the description is ours to take over.
    unsafe {
        if LLVMGetDiagInfoSeverity(info) == LLVMDiagnosticSeverity::LLVMDSError {
            let text = take_message(LLVMGetDiagInfoDescription(info));
            (*errors.cast::<RefCell<Vec<String>>>()).borrow_mut().push(text);
        }
    }
}

/// Sets LLVM up, once per process.
pub(crate) fn initialize() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Code generation depends on the order of use-lists; with this option the printed text keeps it, so that
        // text read back gives the same object.
        // Loop strength reduction takes a tenth of code generation. On x86-64 it makes about as many programs slower as faster, none by
        // more than a tenth: a 32-bit address that may go around is no addressing mode, and copies of loops count in 64 bits already.
        // For some processors LLVM schedules again behind register allocation, which takes 7 % of code generation; for one that reorders
        // instructions itself (Zen 4) code without is a hundredth faster in the mean, and nowhere slower by more than that twice.
        let arguments: [*const c_char; 4] = [
            c"wasmedge-stage".as_ptr(),
            c"-preserve-ll-uselistorder".as_ptr(),
            c"-disable-lsr".as_ptr(),
            c"-post-RA-scheduler=false".as_ptr(),
        ];
        // SAFETY: all of these may be called before any other use of LLVM; `Once` keeps other threads out, as every
        // owner is made through this function. The strings are static.
        unsafe {
            LLVMInitializeX86TargetInfo();
            LLVMInitializeX86Target();
            LLVMInitializeX86TargetMC();
            LLVMInitializeX86AsmPrinter();
            LLVMInitializeX86AsmParser();
            LLVMInitializeAArch64TargetInfo();
            LLVMInitializeAArch64Target();
            LLVMInitializeAArch64TargetMC();
            LLVMInitializeAArch64AsmPrinter();
            LLVMInitializeAArch64AsmParser();
            LLVMParseCommandLineOptions(arguments.len() as c_int, arguments.as_ptr(), std::ptr::null());
        }
    });
}
