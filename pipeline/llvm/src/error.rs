//! What LLVM reports, as a value.

use std::ffi::{CStr, CString, c_char};
use std::fmt;

use llvm_sys::core::LLVMDisposeMessage;
use llvm_sys::error::{LLVMDisposeErrorMessage, LLVMErrorRef, LLVMGetErrorMessage};

/// Which part of LLVM refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not LLVM IR.
    Parse,
    /// The IR breaks one of LLVM's rules.
    Verify,
    /// The target, its CPU or a feature is unknown.
    Target,
    /// The pass pipeline is malformed, or a pass reported an error.
    Passes,
    /// The module cannot be turned into machine code.
    Codegen,
    /// Modules cannot be linked into one.
    Link,
}

/// An error reported by LLVM, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    line: Option<u32>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.trim_end().len());
        Self { kind, message, line: None }
    }

    /// A parse error; LLVM's text starts with `name:line:column:`, and `name` may itself contain colons.
    pub(crate) fn parse(name: &str, message: String) -> Self {
        let line = message
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.split(':').next())
            .and_then(|line| line.parse().ok());
        Self { line, ..Self::new(ErrorKind::Parse, message) }
    }

    /// The same error, with the function it was found in.
    pub(crate) fn in_function(mut self, name: &str) -> Self {
        self.message = format!("in function {name:?}: {}", self.message);
        self
    }

    /// Which part of LLVM refused.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// LLVM's own words, possibly over several lines, without a newline at the end.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line (from 1) of the text that could not be parsed.
    pub fn line(&self) -> Option<u32> {
        self.line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// `text` as a C string; an interior NUL is an error of the given kind.
pub(crate) fn c_string(kind: ErrorKind, what: &str, text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::new(kind, format!("{what} contains a NUL byte: {text:?}")))
}

/// Takes over a string allocated by LLVM; null is the empty string.
///
/// # Safety
///
/// `raw` is null, or a string that LLVM returned and that `LLVMDisposeMessage` frees; nobody else frees it.
pub(crate) unsafe fn take_message(raw: *mut c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: the caller hands over a live C string; it is freed after its last use here.
    unsafe {
        let text = CStr::from_ptr(raw).to_string_lossy().into_owned();
        LLVMDisposeMessage(raw);
        text
    }
}

/// Takes over an `LLVMErrorRef`; null is success.
///
/// # Safety
///
/// `raw` is null or an error that nobody else consumes.
pub(crate) unsafe fn take_error(kind: ErrorKind, raw: LLVMErrorRef) -> Result<(), Error> {
    if raw.is_null() {
        return Ok(());
    }
    // SAFETY: LLVMGetErrorMessage consumes the error, which is ours, and returns a string that is ours to dispose.
    unsafe {
        let text = LLVMGetErrorMessage(raw);
        let error = Error::new(kind, CStr::from_ptr(text).to_string_lossy());
        LLVMDisposeErrorMessage(text);
        Err(error)
    }
}

/// The bytes of a string that LLVM keeps, as text.
///
/// # Safety
///
/// `data` points to `len` bytes that stay unchanged while this runs; it may be null only if `len` is 0.
pub(crate) unsafe fn copy_text(data: *const c_char, len: usize) -> String {
    if len == 0 {
        return String::new();
    }
    // SAFETY: the caller vouches for `len` readable bytes.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
    String::from_utf8_lossy(bytes).into_owned()
}
