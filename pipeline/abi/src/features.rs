//! The proposals that compiler and runtime allow in modules, and the switches that say so.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wasmparser::WasmFeatures;

macro_rules! features {
    ($($(#[$meta:meta])* $name:ident $switch:literal $on:literal $($wasm:ident)+;)*) => {
        /// A proposal that can be switched on and off.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Feature {
            $($(#[$meta])* $name,)*
        }

        impl Feature {
            /// Every proposal.
            pub const ALL: &'static [Feature] = &[$(Feature::$name),*];

            /// Its name in `--enable-…` and `--disable-…`.
            pub const fn switch(self) -> &'static str {
                match self {
                    $(Feature::$name => $switch,)*
                }
            }

            /// Whether it is on unless switched off.
            pub const fn on_by_default(self) -> bool {
                match self {
                    $(Feature::$name => $on,)*
                }
            }

            /// What the validator calls it.
            const fn wasm(self) -> WasmFeatures {
                match self {
                    $(Feature::$name => WasmFeatures::empty()$(.union(WasmFeatures::$wasm))+,)*
                }
            }
        }
    };
}

features! {
    /// Mutable globals can be imported and exported.
    MutableGlobals "import-export-mut-globals" true MUTABLE_GLOBAL;
    /// Conversions that saturate.
    SaturatingConversions "non-trap-float-to-int" true SATURATING_FLOAT_TO_INT;
    /// Sign extension operators.
    SignExtension "sign-extension-operators" true SIGN_EXTENSION;
    /// Several results; blocks with parameters.
    MultiValue "multi-value" true MULTI_VALUE;
    /// Bulk memory operations and passive segments.
    BulkMemory "bulk-memory" true BULK_MEMORY;
    /// Reference types and several tables.
    ReferenceTypes "reference-types" true REFERENCE_TYPES;
    /// 128-bit vectors.
    Simd "simd" true SIMD;
    /// Several memories.
    MultiMemory "multi-memory" false MULTI_MEMORY;
    /// Tail calls.
    TailCall "tail-call" false TAIL_CALL;
    /// Arithmetic in constant expressions.
    ExtendedConst "extended-const" false EXTENDED_CONST;
    /// Shared memories and atomic operations.
    Threads "threads" false THREADS;
    /// Vector operators whose results are open in corner cases.
    RelaxedSimd "relaxed-simd" false RELAXED_SIMD;
    /// Memories and tables with 64-bit addresses and indices.
    Memory64 "memory64" false MEMORY64;
    /// Arithmetic with 128-bit results.
    WideArithmetic "wide-arithmetic" false WIDE_ARITHMETIC;
    /// References to functions of one type, and calls through them. Groups of types that refer to each other are validated with
    /// garbage collection only; what else comes with that is refused where it stands.
    FunctionReferences "function-reference" false FUNCTION_REFERENCES GC;
    /// Exceptions.
    Exceptions "exception-handling" false EXCEPTIONS;
}

impl Feature {
    /// What to tell somebody whose module needs the proposal while it is off.
    pub fn hint(self) -> String {
        let switch = self.switch();
        match self.on_by_default() {
            // An edition may have switched it off, too.
            true => format!("do not pass --disable-{switch}, or pass --enable-{switch} with --wasm-1"),
            false => format!("pass --enable-{switch}"),
        }
    }
}

/// A set of proposals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(pub BTreeSet<Feature>);

impl Features {
    /// The edition 1 of the standard: no proposal but mutable globals.
    pub fn wasm1() -> Features {
        Features(BTreeSet::from([Feature::MutableGlobals]))
    }

    /// The edition 2 of the standard.
    pub fn wasm2() -> Features {
        Features(Feature::ALL.iter().copied().filter(|feature| feature.on_by_default()).collect())
    }

    /// The edition 3 of the standard, as far as it is supported.
    pub fn wasm3() -> Features {
        let mut features = Features::wasm2();
        features.0.extend([
            Feature::MultiMemory,
            Feature::TailCall,
            Feature::ExtendedConst,
            Feature::RelaxedSimd,
            Feature::Memory64,
            Feature::WideArithmetic,
            Feature::FunctionReferences,
            Feature::Exceptions,
        ]);
        features
    }

    /// Every proposal.
    pub fn all() -> Features {
        Features(Feature::ALL.iter().copied().collect())
    }

    /// Whether a proposal is in the set.
    pub fn has(&self, feature: Feature) -> bool {
        self.0.contains(&feature)
    }

    /// The set as the validator takes it. The decoder takes it, too: without 64-bit memories, a limit has 32 bits.
    pub fn wasm(&self) -> WasmFeatures {
        self.0.iter().fold(WasmFeatures::MVP, |all, feature| all.union(feature.wasm()))
    }

    /// The first proposal out of the set that gets validation past where it fails without. `offset` is that place, and `check`
    /// validates with a larger set, giving the place where that fails.
    pub fn lacking(&self, offset: u64, check: impl Fn(&Features) -> Result<(), u64>) -> Option<Feature> {
        let helps = |feature: &Feature| {
            let mut more = self.clone();
            more.0.insert(*feature) && check(&more).err().is_none_or(|next| next > offset)
        };
        Feature::ALL.iter().copied().find(helps)
    }
}

impl Default for Features {
    fn default() -> Features {
        Features::wasm2()
    }
}
