//! Functions with types of Rust: closures as host functions ([`HostFunc::wrap`](crate::HostFunc::wrap)), and calls with typed
//! arguments and results ([`TypedFunc`]).
//!
//! | Rust | WebAssembly |
//! |---|---|
//! | `i32`, `u32` | `i32` |
//! | `i64`, `u64` | `i64` |
//! | `f32`, `f64` | `f32`, `f64` |
//! | `u128` (lane 0 in its lowest bits), `[u8; 16]` (in memory order) | `v128` |
//! | `Option<Func>` | `funcref` |
//! | `Option<ExternRef>` | `externref` |
//! | `Option<ExnRef>` | `exnref` |
//!
//! Types are compared once, when a function is linked or looked up; a call then only moves values. Nothing is allocated.

mod call;
mod closure;
mod list;
mod value;

pub use call::{TypedFunc, TypedFuncError};
pub use closure::{HostResults, IntoHostFunc, WithCaller};
pub use list::WasmList;
pub use value::WasmTy;
