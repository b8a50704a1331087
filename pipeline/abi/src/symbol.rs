//! The names of what objects define and use.
//!
//! All symbols that objects define are hidden: they hold within one image only. A unit names functions by positions of its own
//! ([`Local`]), so that its code does not depend on how a module numbers them; the linker gives them the names that hold in the
//! whole image ([`function()`], [`tail()`]).

use crate::types::{FuncIdx, FuncType};
use std::fmt;

/// The native code of a function, in an image.
pub fn function(index: FuncIdx) -> String {
    format!("function.{index}")
}

/// The tail function of a function that makes tail calls (see [`crate::signature`]), in an image.
pub fn tail(index: FuncIdx) -> String {
    format!("tail.{index}")
}

/// What a unit calls a function. Displayed, it is the symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    /// Which function.
    pub whose: Whose,
    /// Whether its tail function is meant, rather than its native code.
    pub tail: bool,
}

/// A function, as a unit numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// The function of the unit at this position.
    Own(u32),
    /// The function at this position among those of other units that the unit calls.
    Callee(u32),
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, position) = match self.whose {
            Whose::Own(position) => ("function", position),
            Whose::Callee(position) => ("callee", position),
        };
        match self.tail {
            false => write!(f, "wasm.{word}.{position}"),
            true => write!(f, "wasm.{word}.{position}.tail"),
        }
    }
}

impl Local {
    /// The function that a symbol names; none if it names something else.
    pub fn parse(symbol: &str) -> Option<Local> {
        let mut parts = symbol.strip_prefix("wasm.")?.split('.');
        let (word, position) = (parts.next()?, parts.next()?.parse().ok()?);
        let tail = match (parts.next(), parts.next()) {
            (None, None) => false,
            (Some("tail"), None) => true,
            _ => return None,
        };
        let whose = match word {
            "function" => Whose::Own(position),
            "callee" => Whose::Callee(position),
            _ => return None,
        };
        let local = Local { whose, tail };
        // One name each: no leading zeros or signs.
        (local.to_string() == symbol).then_some(local)
    }
}

/// The wrapper that calls native functions of a type from the host (see [`crate::signature`]).
pub fn entry(ty: &FuncType) -> String {
    format!("wasm.entry.{}", mangle(ty))
}

/// The wrapper that calls the host from native code, as a native function of a type (see [`crate::signature`]).
pub fn host(ty: &FuncType) -> String {
    format!("wasm.host.{}", mangle(ty))
}

/// What LLVM asks a function with landing pads to name: the function that would find them. The runtime finds them itself, by
/// what the container says ([`crate::container::Handler`]); nobody defines or calls this one.
pub const PERSONALITY: &str = "wasm.personality";

fn mangle(ty: &FuncType) -> String {
    let params = ty.params.iter().map(|ty| ty.letter());
    params.chain(['.']).chain(ty.results.iter().map(|ty| ty.letter())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_name_names_one_function() {
        for whose in [Whose::Own(0), Whose::Own(12), Whose::Callee(7)] {
            for tail in [false, true] {
                let local = Local { whose, tail };
                assert_eq!(Local::parse(&local.to_string()), Some(local));
            }
        }
        for other in [
            "wasm.function",
            "wasm.function.01",
            "wasm.function.+1",
            "wasm.callee.1.tail.x",
            "wasm.entry.1",
            "function.1",
        ] {
            assert_eq!(Local::parse(other), None, "{other}");
        }
    }
}
