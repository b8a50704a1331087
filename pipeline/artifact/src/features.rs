//! The proposals that a compile allows.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

macro_rules! features {
    ($($(#[$meta:meta])* $name:ident $switch:literal $on:literal;)*) => {
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
        }
    };
}

features! {
    /// Mutable globals can be imported and exported.
    MutableGlobals "import-export-mut-globals" true;
    /// Conversions that saturate.
    SaturatingConversions "non-trap-float-to-int" true;
    /// Sign extension operators.
    SignExtension "sign-extension-operators" true;
    /// Several results; blocks with parameters.
    MultiValue "multi-value" true;
    /// Bulk memory operations and passive segments.
    BulkMemory "bulk-memory" true;
    /// Reference types and several tables.
    ReferenceTypes "reference-types" true;
    /// 128-bit vectors.
    Simd "simd" true;
    /// Several memories.
    MultiMemory "multi-memory" false;
    /// Tail calls.
    TailCall "tail-call" false;
    /// Arithmetic in constant expressions.
    ExtendedConst "extended-const" false;
    /// Shared memories and atomic operations.
    Threads "threads" false;
    /// Vector operators whose results are open in corner cases.
    RelaxedSimd "relaxed-simd" false;
    /// Memories and tables with 64-bit addresses and indices.
    Memory64 "memory64" false;
    /// Arithmetic with 128-bit results.
    WideArithmetic "wide-arithmetic" false;
    /// References to functions of one type, and calls through them.
    FunctionReferences "function-reference" false;
    /// Exceptions.
    Exceptions "exception-handling" false;
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
}

impl Default for Features {
    fn default() -> Features {
        Features::wasm2()
    }
}
