//! One unit's way through the stages.

use crate::observer::Once;
use abi::layout::Layout;
use artifact::{Error, Kind, Parsed, Plan, Stage, UnitId};
use llvm::{Context, Module, TargetMachine};
use lower::Input;

/// A validated module and everything that its units are lowered from.
pub struct Prepared<'a> {
    pub bytes: &'a [u8],
    pub parsed: &'a Parsed,
    pub plan: &'a Plan,
    pub layout: Layout,
    pub once: Once<'a>,
}

impl Prepared<'_> {
    pub fn machine(&self) -> Result<TargetMachine, Error> {
        codegen::target_machine(&self.plan.options)
    }

    /// Lowers a unit.
    pub fn lower<'c>(&self, context: &'c Context, machine: &TargetMachine, unit: UnitId) -> Result<Module<'c>, Error> {
        let input = Input {
            bytes: self.bytes,
            module: &self.parsed.module,
            layout: &self.layout,
            target: &self.plan.options.target,
            metering: &self.plan.options.metering,
            relaxed_traps: self.plan.options.relaxed_traps,
            catches: self.plan.catches,
            tail_callers: &self.plan.tail_callers,
        };
        self.stage(Stage::Lower, unit, || match unit {
            UnitId::Functions(index) => {
                lower::unit(context, machine, &input, self.plan.units[index as usize].functions.clone())
            }
            UnitId::Wrappers => lower::wrappers(context, machine, &input),
        })
        .map_err(|error| self.named(error))
    }

    pub fn verify(&self, module: &Module<'_>, unit: UnitId) -> Result<artifact::Verdict, Error> {
        self.stage(Stage::Verify, unit, || verify::verify(module))
    }

    pub fn optimize(&self, module: &mut Module<'_>, machine: &TargetMachine, unit: UnitId) -> Result<(), Error> {
        let large =
            self.stage(Stage::Optimize, unit, || optimize::optimize(module, machine, self.plan.options.level))?;
        large.iter().for_each(|function| self.once.observer.unoptimized(function));
        Ok(())
    }

    pub fn codegen(&self, module: &Module<'_>, machine: &TargetMachine, unit: UnitId) -> Result<Vec<u8>, Error> {
        self.stage(Stage::Codegen, unit, || codegen::codegen(module, machine, &self.plan.options))
    }

    /// The container from the objects of all units in order.
    pub fn output(&self, objects: &[Vec<u8>], container: output::Container) -> Result<Vec<u8>, Error> {
        self.once.begins(Stage::Output);
        let input = output::Input {
            bytes: self.bytes,
            module: &self.parsed.module,
            triple: &self.plan.options.target.triple,
            features: &self.plan.options.target.cpu_features,
            objects,
            metered: self.plan.options.metering.metered(),
        };
        output::output(&input, container)
    }

    fn stage<T>(&self, stage: Stage, unit: UnitId, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.once.begins(stage);
        let done = work()?;
        self.once.observer.finished(stage, unit);
        Ok(done)
    }

    /// The same error with the name of its function.
    fn named(&self, mut error: Error) -> Error {
        error.place.name = error.place.function.and_then(|function| self.parsed.names.get(&function).cloned());
        error
    }
}

/// Reads a unit's IR.
pub fn read_ir<'c>(context: &'c Context, unit: UnitId, text: &[u8], stage: Stage) -> Result<Module<'c>, Error> {
    let malformed = |message: String| Error::new(stage, Kind::Malformed, message);
    let text = std::str::from_utf8(text).map_err(|error| malformed(error.to_string()))?;
    Module::parse(context, &unit.to_string(), text).map_err(|error| malformed(error.to_string()))
}
