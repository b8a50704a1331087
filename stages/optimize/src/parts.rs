//! The passes of the levels, in the syntax of `opt -passes`.
//!
//! Producers of WebAssembly have optimized already, with LLVM as well for the most part: what is left is what lowering brings in, what
//! inlining into what is now one unit opens up, and what only a target knows. Passes stay that made some program faster;
//! jump threading, value propagation, dead store elimination and a second round of simplification after inlining made none.

use artifact::Level;

/// Instruction combining, once: a second round finds hardly anything.
macro_rules! combine {
    () => {
        "instcombine<max-iterations=1;no-verify-fixpoint>"
    };
}

/// The passes of a level: all in one, or in three parts, that is what comes before loops get copies ([`crate::versioning`]), what is run
/// on functions with copies, and the rest.
pub fn of(level: Level) -> Vec<String> {
    let parts = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect();
    match level {
        Level::O0 => parts(&[]),
        Level::O1 => parts(&[LEAST]),
        Level::O2 => parts(&[SIMPLIFY, VECTORIZE, FINISH]),
        Level::O3 => parts(&[SIMPLIFY_MORE, VECTORIZE, FINISH]),
        // No loop gets a copy. The passes of LLVM's own pipelines take two and a half times as long, for code of the same size.
        Level::Os | Level::Oz => vec![[SIMPLIFY, FINISH].join(",")],
    }
}

/// What lowering itself brings in.
const LEAST: &str = concat!("function(early-cse<memssa>,", combine!(), ",simplifycfg)");

/// Up to loops in the form that versioning wants.
const SIMPLIFY: &str = concat!(
    "function(early-cse,simplifycfg),cgscc(inline),elim-avail-extern,function(",
    combine!(),
    ",simplifycfg,reassociate,loop-mssa(loop-rotate,licm),loop(indvars,loop-unroll-full),gvn,",
    combine!(),
    ",simplifycfg,loop-simplify,lcssa)"
);

/// The same with LLVM's own order of passes, most of which come twice.
const SIMPLIFY_MORE: &str = "thinlto-pre-link<O3>,elim-avail-extern,function(loop(loop-rotate),loop-simplify,lcssa)";

/// What the copies' new freedom gives at once, and vectors. Of functions. Combining instructions waits for the rest: here it would
/// take a third of the time for nothing that loops need.
const VECTORIZE: &str = "early-cse<memssa>,loop-mssa(licm),loop-vectorize";

/// Vectors of straight code, where accesses to memory are plain everywhere. Of functions. Beside exact accesses it makes vectors of
/// what is loaded and stored number by number, which is slower than no vectors.
pub const STRAIGHT: &str = "slp-vectorizer";

/// The rest.
const FINISH: &str = concat!(
    "function(simplifycfg,vector-combine,loop-unroll<O2>,",
    combine!(),
    ",simplifycfg<switch-to-lookup;hoist-common-insts;sink-common-insts;no-keep-loops>),globaldce"
);
