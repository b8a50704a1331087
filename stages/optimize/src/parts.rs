//! The passes of the levels, in the syntax of `opt -passes`. Those for speed come in parts: loops get their copies in between
//! ([`crate::versioning`]).

use artifact::Level;

/// The passes of a level: all in one, or in three parts, that is what comes before loops get copies, what makes vectors of
/// them, and the rest.
pub fn of(level: Level) -> Vec<String> {
    match level {
        Level::O0 => Vec::new(),
        Level::O1 => vec![LEAST.to_owned()],
        Level::O2 | Level::O3 => vec![simplify(level), VECTORIZE.to_owned(), FINISH.to_owned()],
        Level::Os => vec!["default<Os>".to_owned()],
        Level::Oz => vec!["default<Oz>".to_owned()],
    }
}

/// Producers of WebAssembly have optimized already; what is left is what lowering itself brings in.
const LEAST: &str = "function(early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg)";

/// Up to loops in the form that versioning wants.
fn simplify(level: Level) -> String {
    let (promote, unswitch) = match level {
        Level::O3 => ("argpromotion,", "nontrivial"),
        _ => ("", "no-nontrivial"),
    };
    format!(
        "forceattrs,inferattrs,function<eager-inv>(lower-expect,simplifycfg,sroa,early-cse),ipsccp,called-value-propagation,globalopt,\
         function<eager-inv>(instcombine<no-verify-fixpoint>,simplifycfg),always-inline,require<globals-aa>,function(invalidate<aa>),\
         require<profile-summary>,cgscc(devirt<4>(inline,function-attrs<skip-non-recursive-function-attrs>,{promote}\
         function<eager-inv;no-rerun>(sroa,early-cse<memssa>,jump-threading,correlated-propagation,\
         simplifycfg<switch-range-to-icmp>,instcombine<no-verify-fixpoint>,aggressive-instcombine,tailcallelim,simplifycfg<switch-range-to-icmp>,\
         reassociate,constraint-elimination,loop-mssa(loop-instsimplify,loop-simplifycfg,licm<no-allowspeculation>,loop-rotate,licm,\
         simple-loop-unswitch<{unswitch};trivial>),simplifycfg<switch-range-to-icmp>,instcombine<no-verify-fixpoint>,\
         loop(loop-idiom,indvars,extra-simple-loop-unswitch-passes,loop-deletion,loop-unroll-full),sroa,vector-combine,\
         mldst-motion<no-split-footer-bb>,gvn,sccp,bdce,instcombine<no-verify-fixpoint>,jump-threading,correlated-propagation,adce,memcpyopt,dse,\
         loop-mssa(licm),simplifycfg<switch-range-to-icmp;switch-to-arithmetic;hoist-common-insts;sink-common-insts>,instcombine<no-verify-fixpoint>),\
         function-attrs)),deadargelim,globalopt,globaldce,rpo-function-attrs,recompute-globalsaa,\
         function<eager-inv>(float2int,lower-constant-intrinsics,loop(loop-rotate,loop-deletion),loop-simplify,lcssa)"
    )
}

/// What the copies' new freedom gives at once, if there are some.
pub const TIDY: &str = "function(early-cse<memssa>,instcombine<no-verify-fixpoint>,loop-mssa(licm))";

/// Up to the last vector.
const VECTORIZE: &str = "function<eager-inv>(loop-distribute,loop-vectorize,infer-alignment,loop-load-elim,instcombine<no-verify-fixpoint>,\
                             simplifycfg<forward-switch-cond;switch-range-to-icmp;switch-to-arithmetic;switch-to-lookup;no-keep-loops;\
                             hoist-common-insts;sink-common-insts>,slp-vectorizer,vector-combine)";

/// The rest.
const FINISH: &str = "function<eager-inv>(simplifycfg,instcombine<no-verify-fixpoint>,loop-unroll,sroa<preserve-cfg>,infer-alignment,instcombine<no-verify-fixpoint>,\
                          loop-mssa(licm),alignment-from-assumptions,loop-sink,instsimplify,div-rem-pairs,tailcallelim,\
                          simplifycfg<switch-range-to-icmp;switch-to-arithmetic;\
                          hoist-loads-stores-with-cond-faulting;speculate-unpredictables>),globaldce,constmerge";
