//! The optimizer: runs a pipeline given as text.

use llvm_sys::transforms::pass_builder::*;

use crate::context::Context;
use crate::error::{Error, ErrorKind, c_string, take_error};
use crate::function::Function;
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
        // SAFETY: module and machine are alive and used by this thread alone; the error is ours.
        let run = |options| unsafe {
            take_error(ErrorKind::Passes, LLVMRunPasses(self.raw(), pipeline.as_ptr(), machine.raw(), options))
        };
        options.with_raw(run).and(self.context().take_errors(ErrorKind::Passes))
    }
}

impl Function<'_> {
    /// Runs `pipeline`, which consists of passes over functions, over this one, likewise. Does nothing without a body.
    ///
    /// Its module is checked by whoever runs passes over that first.
    pub fn run_passes(
        self,
        context: &Context,
        pipeline: &str,
        machine: &TargetMachine,
        options: PassOptions,
    ) -> Result<(), Error> {
        let pipeline = c_string(ErrorKind::Passes, "the pass pipeline", pipeline)?;
        if self.blocks().next().is_none() {
            return Ok(());
        }
        // SAFETY: function and machine are alive and used by this thread alone; the error is ours.
        let run = |options| unsafe {
            let error = LLVMRunPassesOnFunction(self.raw(), pipeline.as_ptr(), machine.raw(), options);
            take_error(ErrorKind::Passes, error)
        };
        options.with_raw(run).and(context.take_errors(ErrorKind::Passes))
    }
}

impl PassOptions {
    /// Calls `run` with the options as LLVM has them.
    fn with_raw<T>(self, run: impl FnOnce(LLVMPassBuilderOptionsRef) -> T) -> T {
        // SAFETY: the options are alive until they are disposed of, once, after their last use.
        unsafe {
            let raw = LLVMCreatePassBuilderOptions();
            LLVMPassBuilderOptionsSetLoopVectorization(raw, self.loop_vectorization.into());
            LLVMPassBuilderOptionsSetSLPVectorization(raw, self.slp_vectorization.into());
            LLVMPassBuilderOptionsSetLoopInterleaving(raw, self.loop_interleaving.into());
            LLVMPassBuilderOptionsSetLoopUnrolling(raw, self.loop_unrolling.into());
            LLVMPassBuilderOptionsSetMergeFunctions(raw, self.merge_functions.into());
            LLVMPassBuilderOptionsSetForgetAllSCEVInLoopUnroll(raw, self.forget_scev_in_unroll.into());
            LLVMPassBuilderOptionsSetVerifyEach(raw, self.verify_each.into());
            if let Some(threshold) = self.inliner_threshold {
                LLVMPassBuilderOptionsSetInlinerThreshold(raw, threshold);
            }
            let result = run(raw);
            LLVMDisposePassBuilderOptions(raw);
            result
        }
    }
}
