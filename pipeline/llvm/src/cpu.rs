//! The CPUs and features LLVM knows, so that an unknown one is an error.
//!
//! LLVM itself prints "is not a recognized processor for this target" and goes on, for the baseline or without the
//! feature; a CPU without 64-bit mode ends the process. The C API has no list to ask, so the names stand in `data/`,
//! taken from `llc -mtriple=<triple> -mcpu=help`, less what makes no 64-bit code. A test has LLVM accept each of them.

use crate::attributes::Position;
use crate::error::{Error, ErrorKind};
use crate::module::Module;

/// The names of one architecture, one a line, sorted.
pub(crate) struct Names {
    cpus: &'static str,
    features: &'static str,
}

static X86_64: Names =
    Names { cpus: include_str!("../data/x86_64.cpus"), features: include_str!("../data/x86_64.features") };

static AARCH64: Names =
    Names { cpus: include_str!("../data/aarch64.cpus"), features: include_str!("../data/aarch64.features") };

impl Names {
    /// The names for one of LLVM's targets; none for a target that this compiler makes no code for.
    pub(crate) fn of_target(target: &str) -> Option<&'static Self> {
        match target {
            "x86-64" => Some(&X86_64),
            "aarch64" | "arm64" => Some(&AARCH64),
            _ => None,
        }
    }

    pub(crate) fn cpus(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.cpus.lines()
    }

    pub(crate) fn features(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.features.lines()
    }

    /// `cpu` is known, or empty.
    pub(crate) fn check_cpu(&self, cpu: &str) -> Result<(), Error> {
        if cpu.is_empty() || self.cpus().any(|known| known == cpu) {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Target, format!("LLVM knows no CPU {cpu:?} for this target")))
        }
    }

    /// `features` is empty, or `+known,-known,...`. Without its 64-bit mode no CPU is of use.
    pub(crate) fn check_features(&self, features: &str) -> Result<(), Error> {
        if features.is_empty() {
            return Ok(());
        }
        for feature in features.split(',') {
            let name = feature.strip_prefix(['+', '-']);
            if feature == "-64bit" || !name.is_some_and(|name| self.features().any(|f| f == name)) {
                return Err(Error::new(
                    ErrorKind::Target,
                    format!("LLVM knows no feature {feature:?} for this target"),
                ));
            }
        }
        Ok(())
    }

    /// Checks the `target-cpu` and `target-features` of all functions: they may come from a text that anyone wrote.
    pub(crate) fn check_module(&self, module: &Module<'_>) -> Result<(), Error> {
        // The functions of a module mostly share one attribute each, which then is the same handle.
        let mut checked_cpu = None;
        let mut checked_features = None;
        for function in module.functions() {
            let in_function = |error: Error| error.in_function(&function.name());
            let cpu = function.find_string_attribute(Position::Function, "target-cpu");
            if let Some(attribute) = cpu
                && cpu != checked_cpu
            {
                self.check_cpu(&attribute.string_value()).map_err(in_function)?;
                checked_cpu = cpu;
            }
            let features = function.find_string_attribute(Position::Function, "target-features");
            if let Some(attribute) = features
                && features != checked_features
            {
                self.check_features(&attribute.string_value()).map_err(in_function)?;
                checked_features = features;
            }
        }
        Ok(())
    }
}
