//! Lowering of small modules, each checked by LLVM's verifier.

mod control;
mod random;
mod shape;
mod support;
mod tail_call;
mod unsupported;
