//! The operators by number and name.

use crate::if_supported;
use wasmparser::{VisitOperator, VisitSimdOperator};

macro_rules! operators {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// An operator, without its immediates.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub(super) enum Operator {
            $($op,)*
        }

        impl Operator {
            /// Each operator, whether it is supported, and what wasmparser's visitor calls it.
            const ALL: &'static [(Operator, bool, &'static str)] =
                &[$((Operator::$op, if_supported!($proposal true, false), stringify!($visit))),*];
        }
    };
}
wasmparser::for_each_operator!(operators);

/// What stands in front of the dot in names of the text format.
const NAMESPACES: &[&str] = &[
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "local", "global",
    "table", "memory", "ref", "elem", "data", "atomic",
];

/// What stands between two dots: kinds of atomic accesses.
const ATOMIC: &[&str] = &["rmw", "rmw8", "rmw16", "rmw32"];

impl Operator {
    /// The instructions that are supported, each with its name in the text format. Several can have the same.
    pub(super) fn instructions() -> impl Iterator<Item = (Operator, String)> {
        let instructions =
            Operator::ALL.iter().filter(|(operator, supported, _)| *supported && !operator.is_delimiter());
        instructions.map(|&(operator, _, visit)| (operator, name(operator, visit)))
    }

    /// Whether it only ends a block, or an arm of one.
    pub(super) fn is_delimiter(self) -> bool {
        matches!(self, Operator::Else | Operator::End)
    }

    /// Whether control may go elsewhere behind it, or come from elsewhere.
    pub(super) fn ends_segment(self) -> bool {
        use Operator::*;
        let branches = matches!(self, If | Else | End | Br | BrIf | BrTable | BrOnNull | BrOnNonNull | Return);
        branches || matches!(self, Unreachable | Throw | ThrowRef) || self.calls()
    }

    /// Whether it calls a function.
    pub(super) fn calls(self) -> bool {
        use Operator::*;
        matches!(self, Call | CallIndirect | CallRef | ReturnCall | ReturnCallIndirect | ReturnCallRef)
    }
}

/// `visit_i32_atomic_rmw8_add_u` is `i32.atomic.rmw8.add_u`.
fn name(operator: Operator, visit: &str) -> String {
    if matches!(operator, Operator::TypedSelect) {
        return "select".to_string();
    }
    let words = visit.trim_start_matches("visit_");
    let Some((namespace, rest)) = words.split_once('_').filter(|(namespace, _)| NAMESPACES.contains(namespace)) else {
        return words.to_string();
    };
    let Some(access) = rest.strip_prefix("atomic_") else { return format!("{namespace}.{rest}") };
    match access.split_once('_').filter(|(kind, _)| ATOMIC.contains(kind)) {
        Some((kind, change)) => format!("{namespace}.atomic.{kind}.{change}"),
        None => format!("{namespace}.atomic.{access}"),
    }
}

/// Gives the operator that it visits.
pub(super) struct Identify;

macro_rules! identify {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {$(
        fn $visit(&mut self $($(, $arg: $ty)*)?) -> Operator {
            $($(let _ = $arg;)*)?
            Operator::$op
        }
    )*};
}

// The lifetime is called `'a` in the operators' own table.
impl<'a> VisitOperator<'a> for Identify {
    type Output = Operator;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Operator>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(identify);
}

impl<'a> VisitSimdOperator<'a> for Identify {
    wasmparser::for_each_visit_simd_operator!(identify);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_text_format() {
        let names: Vec<String> = Operator::instructions().map(|(_, name)| name).collect();
        for known in [
            "br_if",
            "call_indirect",
            "select",
            "local.get",
            "memory.grow",
            "i32.load8_s",
            "i64.extend32_s",
            "table.init",
            "ref.as_non_null",
            "i32.atomic.rmw8.add_u",
            "i64.atomic.rmw.cmpxchg",
            "memory.atomic.wait32",
            "atomic.fence",
            "i32.atomic.load16_u",
            "i8x16.shuffle",
            "v128.load8x8_s",
            "f32x4.relaxed_madd",
            "i64.add128",
            "try_table",
            "throw_ref",
            "br_on_null",
            "i32.trunc_sat_f64_u",
            "return_call_ref",
        ] {
            assert!(names.iter().any(|name| name == known), "{known}");
        }
        for unknown in ["end", "else", "try", "struct.new", "i31.get_s"] {
            assert!(!names.iter().any(|name| name == unknown), "{unknown}");
        }
    }
}
