//! Decides how instructions follow each other (`src/handler.rs`): where LLVM optimizes, it makes a call that ends a function a
//! jump, and each instruction can call the next one; elsewhere a loop calls them.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(chained)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OPT_LEVEL");
    if matches!(std::env::var("OPT_LEVEL").as_deref(), Ok("2" | "3" | "s" | "z")) {
        println!("cargo::rustc-cfg=chained");
    }
}
