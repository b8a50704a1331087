//! The optimizer: runs a pipeline given as text.

use llvm_sys::transforms::pass_builder::*;

use crate::error::{Error, ErrorKind, c_string, take_error};
use crate::module::Module;
use crate::target::TargetMachine;

/// What the pass builder's own pipelines (`default<O2>` and the like) and some passes go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassOptions {
    /// Turn loops into vector code.
    pub loop_vectorization: bool,
    /// Turn straight code into vector code.
    pub slp_vectorization: bool,
    /// Interleave iterations of loops.
    pub loop_interleaving: bool,
    /// Unroll loops.
    pub loop_unrolling: bool,
    /// Merge equal functions.
    pub merge_functions: bool,
    /// The cost up to which the inliner inlines; none for LLVM's own.
    pub inliner_threshold: Option<i32>,
    /// Forget what scalar evolution knows after each unrolling: less memory, more time.
    pub forget_scev_in_unroll: bool,
    /// Verify the module after each pass.
    pub verify_each: bool,
}

/// As LLVM has it for `default<O2>`.
impl Default for PassOptions {
    fn default() -> Self {
        Self {
            loop_vectorization: true,
            slp_vectorization: true,
            loop_interleaving: true,
            loop_unrolling: true,
            merge_functions: false,
            inliner_threshold: None,
            forget_scev_in_unroll: false,
            verify_each: false,
        }
    }
}

impl Module<'_> {
    /// Runs `pipeline`, in the syntax of `opt -passes=`, with what is known of the target.
    ///
    /// The module must be one that [`Module::verify`] accepts. Handles to what the passes removed may not be used.
    pub fn run_passes(&mut self, pipeline: &str, machine: &TargetMachine, options: PassOptions) -> Result<(), Error> {
        let pipeline = c_string(ErrorKind::Passes, "the pass pipeline", pipeline)?;
        machine.check(self)?;
        // SAFETY: module and machine are alive and used by this thread alone; the options are disposed of once, after
        // their last use; the error is ours.
        let result = unsafe {
            let raw = LLVMCreatePassBuilderOptions();
            LLVMPassBuilderOptionsSetLoopVectorization(raw, options.loop_vectorization.into());
            LLVMPassBuilderOptionsSetSLPVectorization(raw, options.slp_vectorization.into());
            LLVMPassBuilderOptionsSetLoopInterleaving(raw, options.loop_interleaving.into());
            LLVMPassBuilderOptionsSetLoopUnrolling(raw, options.loop_unrolling.into());
            LLVMPassBuilderOptionsSetMergeFunctions(raw, options.merge_functions.into());
            LLVMPassBuilderOptionsSetForgetAllSCEVInLoopUnroll(raw, options.forget_scev_in_unroll.into());
            LLVMPassBuilderOptionsSetVerifyEach(raw, options.verify_each.into());
            if let Some(threshold) = options.inliner_threshold {
                LLVMPassBuilderOptionsSetInlinerThreshold(raw, threshold);
            }
            let error = LLVMRunPasses(self.raw(), pipeline.as_ptr(), machine.raw(), raw);
            LLVMDisposePassBuilderOptions(raw);
            take_error(ErrorKind::Passes, error)
        };
        result.and(self.context().take_errors(ErrorKind::Passes))
    }
}
