//! A module that has been planned, and one unit's way through the stages.

use crate::identity;
use crate::observer::{self, Notice, Observer, Outcome, Planned, Task, observe};
use crate::record::{Found, Record};
use abi::layout::Layout;
use abi::symbol::{self, Local, Whose};
use abi::types::{DefinedFuncIdx, FuncIdx};
use artifact::{Artifact, Error, Kind, Parsed, Plan, Stage, Unit, UnitId, Verdict};
use interface::{Body, Contents, Interface, Surroundings};
use llvm::{Context, Module, TargetMachine};
use lower::{Function, Input};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Mutex;
use verify::Symbols;

/// A validated module and everything that its units are lowered from.
pub struct Prepared<'a> {
    pub bytes: &'a [u8],
    pub parsed: &'a Parsed,
    pub plan: &'a Plan,
    layout: Layout,
    pub observer: &'a dyn Observer,
    /// A bit for each stage that has begun.
    begun: Mutex<u32>,
}

/// What a unit leaves behind.
pub struct Made {
    pub object: Vec<u8>,
    /// Its IR as it was lowered and as it was optimized, if texts were asked for.
    pub texts: Option<[String; 2]>,
    /// The functions that were too large to be optimized, by their symbols.
    pub unoptimized: Vec<String>,
}

/// IR on its way: as text, as a module, or as both.
struct Ir<'c> {
    text: Option<String>,
    module: Option<Module<'c>>,
}

impl Ir<'_> {
    fn bytes(&self) -> &[u8] {
        self.text.as_deref().unwrap_or_default().as_bytes()
    }
}

/// The error about the artifact of a unit.
fn in_file(record: Option<&Record>, maker: Stage, unit: UnitId, error: Error) -> Error {
    match record {
        Some(record) => error.in_file(record.dir().unit(maker, unit)),
        None => error,
    }
}

impl<'a> Prepared<'a> {
    pub fn new(bytes: &'a [u8], parsed: &'a Parsed, plan: &'a Plan, observer: &'a dyn Observer) -> Prepared<'a> {
        let layout = Layout::new(&parsed.module);
        Prepared { bytes, parsed, plan, layout, observer, begun: Mutex::new(0) }
    }

    pub fn machine(&self) -> Result<TargetMachine, Error> {
        codegen::target_machine(&self.plan.options)
    }

    /// A function with a body, by its position among those.
    fn function(&self, defined: DefinedFuncIdx) -> observer::Function<'a> {
        let module = &self.parsed.module;
        self.described(module.function(defined), &module.bodies[defined.index()])
    }

    fn described(&self, index: FuncIdx, body: &Range<u64>) -> observer::Function<'a> {
        let name = self.parsed.names.get(&index).map(String::as_str);
        observer::Function { index, name, bytes: body.end - body.start }
    }

    /// The functions of a unit, by their positions among those with a body.
    fn functions(&self, unit: UnitId) -> Range<u32> {
        match unit {
            UnitId::Functions(index) => self.plan.units[index as usize].functions.clone(),
            UnitId::Wrappers => 0..0,
        }
    }

    /// How many bytes the bodies of a unit have.
    fn size(&self, unit: UnitId) -> u64 {
        let bodies = self.functions(unit).map(|position| &self.parsed.module.bodies[position as usize]);
        bodies.map(|body| body.end - body.start).sum()
    }

    /// Works on units side by side. Gives the results in the order of the units. Each thread has a state of its own.
    ///
    /// The largest begin first: a large one that began last would keep one core busy while the others have nothing left to do.
    pub fn side_by_side<S, T: Send>(
        &self,
        units: &[UnitId],
        state: impl Fn() -> S + Sync + Send,
        work: impl Fn(&mut S, UnitId) -> T + Sync + Send,
    ) -> Vec<T> {
        let mut order: Vec<(usize, UnitId)> = units.iter().copied().enumerate().collect();
        order.sort_by_cached_key(|&(_, unit)| Reverse(self.size(unit)));
        // Unlike an indexed iterator, which would be split by position beforehand, this hands out one unit after the other.
        let work = |state: &mut S, (place, unit)| (place, work(state, unit));
        let mut done: Vec<(usize, T)> = order.into_iter().par_bridge().map_init(state, work).collect();
        done.sort_unstable_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, made)| made).collect()
    }

    /// Tells the observer of the units to work on.
    pub fn planned(&self, units: &[UnitId], last: Stage) {
        let planned = |&unit: &UnitId| {
            let functions = self.functions(unit);
            Planned {
                unit,
                functions: functions.end - functions.start,
                bytes: self.size(unit),
                // Backwards: of equals, the first.
                largest: functions
                    .rev()
                    .map(|position| self.function(DefinedFuncIdx(position)))
                    .max_by_key(|function| function.bytes),
            }
        };
        self.observer.planned(&units.iter().map(planned).collect::<Vec<_>>(), last);
    }

    /// All units, or the one that is meant, for a stage to work on.
    ///
    /// # Errors
    /// If there is no such unit.
    pub fn units(&self, stage: Stage, only: Option<UnitId>) -> Result<Vec<UnitId>, Error> {
        let all: Vec<UnitId> = self.plan.unit_ids().collect();
        match only {
            Some(unit) if !all.contains(&unit) => {
                let message = format!("there is no {unit}: the plan has {} units", self.plan.units.len());
                Err(Error::new(stage, Kind::Invalid, message))
            }
            Some(unit) => Ok(vec![unit]),
            None => Ok(all),
        }
    }

    /// What a stage's artifact of a unit is made from, given the input of the stage: nothing for lowering, else the artifact.
    pub fn from(&self, stage: Stage, unit: UnitId, input: &[u8]) -> String {
        let input = if stage == Stage::Lower { self.plan.key(unit).as_bytes() } else { input };
        identity::from(stage, &self.plan.options, &[input])
    }

    /// Takes a unit from WebAssembly to its object. With a record, goes on from what is there, and keeps what is not.
    pub fn make(
        &self,
        record: Option<&Record>,
        machine: &TargetMachine,
        unit: UnitId,
        texts: bool,
    ) -> Result<Made, Error> {
        let context = Context::new();
        let keep = |stage, from: &str, bytes: &[u8]| self.keep(record, stage, unit, from, bytes);
        let texts = texts || record.is_some();

        let from = self.from(Stage::Lower, unit, &[]);
        let mut lowered = match self.recall_text(record, Stage::Lower, unit, &from)? {
            Some(text) => Ir { text: Some(text), module: None },
            None => {
                let module = self.lower(&context, machine, unit)?;
                let text = texts.then(|| self.print(&module, Stage::Lower, unit));
                keep(Stage::Lower, &from, text.as_deref().unwrap_or_default().as_bytes())?;
                Ir { text, module: Some(module) }
            }
        };
        let [from_verify, from_optimize] =
            [Stage::Verify, Stage::Optimize].map(|stage| self.from(stage, unit, lowered.bytes()));

        if self.recall(record, Stage::Verify, unit, &from_verify)?.is_none() {
            let module = self.module(&context, record, &mut lowered, Stage::Lower, Stage::Verify, unit)?;
            let verdict = self.verify(module, unit).map_err(|error| in_file(record, Stage::Lower, unit, error))?;
            keep(Stage::Verify, &from_verify, verdict.write().as_bytes())?;
        }

        let mut unoptimized = Vec::new();
        let mut optimized = match self.recall_text(record, Stage::Optimize, unit, &from_optimize)? {
            Some(text) => Ir { text: Some(text), module: None },
            None => {
                self.module(&context, record, &mut lowered, Stage::Lower, Stage::Optimize, unit)?;
                let mut module = lowered.module.take().expect("it was just read");
                let optimized = self.optimize(&mut module, machine, unit);
                unoptimized = optimized.map_err(|error| in_file(record, Stage::Lower, unit, error))?;
                let text = texts.then(|| self.print(&module, Stage::Optimize, unit));
                keep(Stage::Optimize, &from_optimize, text.as_deref().unwrap_or_default().as_bytes())?;
                Ir { text, module: Some(module) }
            }
        };

        let from = self.from(Stage::Codegen, unit, optimized.bytes());
        let object = match self.recall(record, Stage::Codegen, unit, &from)? {
            Some(object) => object,
            None => {
                let module = self.module(&context, record, &mut optimized, Stage::Optimize, Stage::Codegen, unit)?;
                let object = self.codegen(module, machine, unit);
                let object = object.map_err(|error| in_file(record, Stage::Optimize, unit, error))?;
                keep(Stage::Codegen, &from, &object)?;
                object
            }
        };
        let texts = lowered.text.zip(optimized.text).map(|(lowered, optimized)| [lowered, optimized]);
        Ok(Made { object, texts, unoptimized })
    }

    /// The module of some IR that one stage has made, for another.
    fn module<'c, 'i>(
        &self,
        context: &'c Context,
        record: Option<&Record>,
        ir: &'i mut Ir<'c>,
        maker: Stage,
        stage: Stage,
        unit: UnitId,
    ) -> Result<&'i Module<'c>, Error> {
        if ir.module.is_none() {
            let text = ir.text.as_deref().expect("there is a text or a module");
            let read = self.read_ir(context, unit, text.as_bytes(), maker, stage);
            ir.module = Some(read.map_err(|error| in_file(record, maker, unit, error))?);
        }
        Ok(ir.module.as_ref().expect("it was just read"))
    }

    /// Lowers a unit.
    pub fn lower<'c>(&self, context: &'c Context, machine: &TargetMachine, unit: UnitId) -> Result<Module<'c>, Error> {
        let surroundings = Surroundings::new(&self.parsed.module, &self.layout, self.plan);
        let options = &self.plan.options;
        let work = || {
            let input = |interface| Input {
                interface,
                target: &options.target,
                metering: &options.metering,
                relaxed_traps: options.relaxed_traps,
            };
            let UnitId::Functions(index) = unit else {
                return lower::wrappers(context, machine, &input(&Interface::of_wrappers(&surroundings)));
            };
            let module = &self.parsed.module;
            let Unit { functions, copies, .. } = &self.plan.units[index as usize];
            let own: Vec<DefinedFuncIdx> = functions.clone().map(DefinedFuncIdx).collect();
            let copied: Vec<DefinedFuncIdx> = copies.iter().filter_map(|&function| module.defined(function)).collect();
            let read = |functions: &[DefinedFuncIdx]| {
                let bodies = functions.iter().map(|&function| Body::read(self.bytes, module, function));
                bodies.collect::<Result<Vec<_>, Error>>()
            };
            let (bodies, copied_bodies) = (read(&own)?, read(&copied)?);
            let copies: Vec<_> = copies.iter().copied().zip(&copied_bodies).collect();
            let contents = Contents { functions: functions.clone(), bodies: &bodies, copies: &copies };
            let function = |defined: DefinedFuncIdx| {
                let range = module.bodies[defined.index()].clone();
                let body = &self.bytes[range.start as usize..range.end as usize];
                Function { index: module.function(defined), range, body }
            };
            let [own, copied] = [own, copied].map(|functions| functions.into_iter().map(function).collect::<Vec<_>>());
            lower::unit(
                context,
                machine,
                &input(&Interface::new(&surroundings, &contents)),
                &own,
                &copied,
                |function| {
                    let described = |function: &Function<'_>| self.described(function.index, &function.range);
                    self.observer.lowering(function.map(described).as_ref());
                },
            )
        };
        self.stage(Stage::Lower, unit, work, |_| None).map_err(|error| self.named(error))
    }

    pub fn verify(&self, module: &Module<'_>, unit: UnitId) -> Result<Verdict, Error> {
        self.stage(Stage::Verify, unit, || verify::verify(module), |_| None)
    }

    /// Optimizes a unit. Gives the symbols of functions that are too large for that, after telling the observer.
    pub fn optimize(
        &self,
        module: &mut Module<'_>,
        machine: &TargetMachine,
        unit: UnitId,
    ) -> Result<Vec<String>, Error> {
        let work = || optimize::optimize(module, machine, &self.plan.options);
        let large = self.stage(Stage::Optimize, unit, work, |_| None)?;
        self.tell_unoptimized(unit, &large);
        Ok(large)
    }

    /// Tells of functions that are too large to be optimized.
    pub fn tell_unoptimized(&self, unit: UnitId, symbols: &[String]) {
        for symbol in symbols {
            self.observer.noticed(&Notice::Unoptimized(&self.function_name(unit, symbol)));
        }
    }

    pub fn codegen(&self, module: &Module<'_>, machine: &TargetMachine, unit: UnitId) -> Result<Vec<u8>, Error> {
        let work = || codegen::codegen(module, machine, &self.plan.options);
        self.stage(Stage::Codegen, unit, work, |object| Some(object.len() as u64))
    }

    /// The container from the objects of all units in order.
    pub fn output(&self, objects: &[Vec<u8>], container: output::Container) -> Result<Vec<u8>, Error> {
        let input = output::Input {
            bytes: self.bytes,
            module: &self.parsed.module,
            triple: &self.plan.options.target.triple,
            features: &self.plan.options.target.cpu_features,
            units: &self.plan.units,
            objects,
            metered: self.plan.options.metering.metered(),
        };
        self.begins(Stage::Output);
        let work = || output::output(&input, container);
        observe(self.observer, Task::Stage(Stage::Output), None, work, |file| Some(file.len() as u64))
    }

    /// IR as text.
    pub fn print(&self, module: &Module<'_>, stage: Stage, unit: UnitId) -> String {
        let print = || Ok::<_, std::convert::Infallible>(module.print());
        let Ok(text) = observe(self.observer, Task::Print(stage), Some(unit), print, |text| Some(text.len() as u64));
        text
    }

    /// Reads a unit's IR that one stage has made, for another.
    pub fn read_ir<'c>(
        &self,
        context: &'c Context,
        unit: UnitId,
        text: &[u8],
        maker: Stage,
        stage: Stage,
    ) -> Result<Module<'c>, Error> {
        let size = text.len() as u64;
        let read = || {
            let module = read_ir(context, unit, text, stage)?;
            self.check(context, &module, unit, stage)?;
            Ok(module)
        };
        observe(self.observer, Task::Read(maker), Some(unit), read, |_| Some(size))
    }

    /// Checks that what was read, which anybody may have written, is IR of this unit. What breaks LLVM's rules must not get to
    /// its passes: they rely on them.
    fn check<'c>(&self, context: &'c Context, module: &Module<'c>, unit: UnitId, stage: Stage) -> Result<(), Error> {
        if stage != Stage::Verify {
            module.verify().map_err(|error| Error::new(stage, Kind::Llvm, error.to_string()))?;
        }
        let (defines, uses) = self.symbols(context, unit);
        verify::symbols(module, &defines, &uses).map_err(|message| Error::new(stage, Kind::Invalid, message))
    }

    /// The symbols that a unit defines, and those that it may use.
    fn symbols<'c>(&self, context: &'c Context, unit: UnitId) -> (Symbols<'c>, Symbols<'c>) {
        let module = &self.parsed.module;
        let hosts = || module.types.iter().map(|ty| (symbol::host(ty), lower::function_type(context, ty, false)));
        let UnitId::Functions(index) = unit else {
            let entries = module.types.iter().map(|ty| (symbol::entry(ty), lower::entry_type(context)));
            return (entries.chain(hosts()).collect(), Symbols::new());
        };
        let unit = &self.plan.units[index as usize];
        let local = |whose, function| {
            let tails = if self.plan.tail_callers.contains(&function) { &[false, true][..] } else { &[false] };
            tails.iter().map(move |&tail| {
                let ty = lower::function_type(context, module.function_type(function), tail);
                (Local { whose, tail }.to_string(), ty)
            })
        };
        let own = unit.functions.clone().zip(0..);
        let own = own.flat_map(|(defined, at)| local(Whose::Own(at), module.function(DefinedFuncIdx(defined))));
        let callees = unit.callees.iter().zip(0..).flat_map(|(&callee, at)| local(Whose::Callee(at), callee));
        (own.collect(), callees.chain(hosts()).collect())
    }

    /// Writes an artifact, if there is a record of artifacts.
    pub fn keep(
        &self,
        record: Option<&Record>,
        stage: Stage,
        unit: UnitId,
        from: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let Some(record) = record else { return Ok(()) };
        let path = record.dir().unit(stage, unit);
        if let Some(place) = record.set_aside(stage, &path)? {
            self.observer.noticed(&Notice::SetAside(&path, &place));
        }
        let write = || record.write(stage, &path, from, bytes);
        observe(self.observer, Task::Write(stage), Some(unit), write, |()| Some(bytes.len() as u64))
    }

    /// What a stage has made of a unit before, if it may be used.
    pub fn recall(
        &self,
        record: Option<&Record>,
        stage: Stage,
        unit: UnitId,
        from: &str,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(record) = record else { return Ok(None) };
        let path = record.dir().unit(stage, unit);
        let find = || record.find(stage, &path, from);
        let found = observe(self.observer, Task::Recall, Some(unit), find, |_| None)?;
        match found {
            Found::Edited(_) => self.observer.noticed(&Notice::Edited(&path)),
            Found::Damaged => self.observer.noticed(&Notice::Damaged(&path)),
            Found::Current(_) | Found::Stale | Found::Missing => {}
        }
        let usable = found.usable();
        if usable.is_some() {
            self.begins(stage);
            self.observer.started(Task::Stage(stage), Some(unit));
            self.observer.finished(Task::Stage(stage), Some(unit), Outcome::Kept);
        }
        Ok(usable)
    }

    fn recall_text(
        &self,
        record: Option<&Record>,
        stage: Stage,
        unit: UnitId,
        from: &str,
    ) -> Result<Option<String>, Error> {
        let bytes = self.recall(record, stage, unit, from)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|error| Error::new(stage, Kind::Malformed, error.to_string()))
    }

    fn stage<T>(
        &self,
        stage: Stage,
        unit: UnitId,
        work: impl FnOnce() -> Result<T, Error>,
        size: impl FnOnce(&T) -> Option<u64>,
    ) -> Result<T, Error> {
        self.begins(stage);
        observe(self.observer, Task::Stage(stage), Some(unit), work, size)
    }

    /// Tells the observer of each stage once.
    pub fn begins(&self, stage: Stage) {
        let bit = 1 << stage as u32;
        // Held while the observer is told, or else another thread might tell of a later stage before.
        let mut begun = self.begun.lock().expect("no thread panics while it tells");
        if *begun & bit == 0 {
            *begun |= bit;
            self.observer.begins(stage);
        }
    }

    /// What messages call the function that a unit gives a symbol.
    fn function_name(&self, unit: UnitId, symbol: &str) -> String {
        let own = |local: Local| match (unit, local.whose) {
            (UnitId::Functions(index), Whose::Own(position)) => {
                self.plan.units[index as usize].functions.clone().nth(position as usize)
            }
            _ => None,
        };
        match Local::parse(symbol).and_then(own) {
            Some(position) => self.function(DefinedFuncIdx(position)).to_string(),
            None => format!("`{symbol}`"),
        }
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
