//! LLVM's buffers: text to parse, code that was made.

use std::ptr::NonNull;

use llvm_sys::LLVMMemoryBuffer;
use llvm_sys::core::*;
use llvm_sys::prelude::*;

/// A buffer in LLVM's memory.
pub(crate) struct MemoryBuffer(NonNull<LLVMMemoryBuffer>);

impl MemoryBuffer {
    /// A copy of `text`, with the NUL behind it that LLVM's parser wants. `name` is what errors call it.
    pub(crate) fn copy_of(text: &str, name: &std::ffi::CStr) -> Self {
        // SAFETY: LLVM copies as many bytes as it is told, and the name.
        unsafe {
            Self::from_raw(LLVMCreateMemoryBufferWithMemoryRangeCopy(text.as_ptr().cast(), text.len(), name.as_ptr()))
        }
    }

    /// # Safety
    ///
    /// `raw` is a buffer that nobody else disposes of.
    pub(crate) unsafe fn from_raw(raw: LLVMMemoryBufferRef) -> Self {
        Self(NonNull::new(raw).expect("LLVM always returns a buffer"))
    }

    pub(crate) fn raw(&self) -> LLVMMemoryBufferRef {
        self.0.as_ptr()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the buffer holds that many bytes and does not change while it is borrowed.
        unsafe { std::slice::from_raw_parts(LLVMGetBufferStart(self.raw()).cast(), LLVMGetBufferSize(self.raw())) }
    }
}

impl Drop for MemoryBuffer {
    fn drop(&mut self) {
        // SAFETY: the buffer is ours and disposed of once.
        unsafe { LLVMDisposeMemoryBuffer(self.raw()) }
    }
}
