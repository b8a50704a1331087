//! All stages, end to end.

use crate::cache::{Cache, Cached};
use crate::identity;
use crate::mlir::mlir;
use crate::observer::{Notice, Observer, Outcome, Task, observe};
use crate::record::{Found, Record};
use crate::units::{Made, Prepared, read_ir};
use abi::symbol::{self, Local};
use artifact::{Artifact, BuildDir, Error, Kind, Options, Plan, Stage, UnitId};
use llvm::{Context, TargetMachine};
use output::Container;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What to compile to.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the bytes depend on.
    pub options: Options,
    /// The kind of file.
    pub container: Container,
    /// How many threads work; 0 for one per core. The bytes do not depend on it.
    pub jobs: usize,
    /// Where to keep the stages' artifacts, if anywhere, and to go on from those that are there.
    pub build_dir: Option<BuildDir>,
    /// Where to look for objects of earlier compiles, if anywhere, and to keep new ones. Not used with a build directory, which
    /// has objects of its own, or for a dump, which objects cannot give.
    pub cache: Option<Cache>,
    /// Whether to give the whole module's IR as well.
    pub dump: bool,
}

impl Request {
    /// A request for a universal wasm, by as many threads as there are cores, that keeps nothing.
    pub fn new(options: Options) -> Request {
        Request { options, container: Container::Universal, jobs: 0, build_dir: None, cache: None, dump: false }
    }
}

/// A finished compile.
pub struct Compiled {
    /// The container's bytes.
    pub file: Vec<u8>,
    /// The whole module's IR, if it was asked for.
    pub dump: Option<Dump>,
}

/// The whole module's IR, its units linked into one LLVM module.
pub struct Dump {
    /// Before optimization.
    pub lowered: String,
    /// After optimization.
    pub optimized: String,
}

/// Compiles a module.
///
/// # Errors
/// The first error of the first stage that has one; among units, the error of the lowest function.
pub fn compile(bytes: &[u8], request: &Request, observer: &dyn Observer) -> Result<Compiled, Error> {
    in_threads(request.jobs, || {
        let record = request.build_dir.clone().map(|dir| Record::begin(dir, &request.options, observer)).transpose()?;
        if let Some(record) = &record
            && is_input_edited(record)?
        {
            observer.noticed(&Notice::Damaged(&record.dir().input()));
        }
        let all = All { record: record.as_ref(), request, observer, told: AtomicBool::new(false) };
        let compiled = all.run(abi::container::original(bytes))?;
        if let Some(record) = record {
            record.close(Stage::Output)?;
        }
        Ok(compiled)
    })
}

/// Brings a build directory up to date: makes what is stale or missing, then the container if one is asked for.
///
/// # Errors
/// If no compile was begun there, and what a stage finds wrong.
pub fn update(
    dir: &BuildDir,
    out: Option<(&Path, Container)>,
    jobs: usize,
    observer: &dyn Observer,
) -> Result<(), Error> {
    in_threads(jobs, || {
        let record = Record::resume(dir.clone(), Stage::Parse, observer)?;
        let options = record.options().clone();
        let bytes = dir.read(&dir.input(), Stage::Parse, Stage::Parse)?;
        if is_input_edited(&record)? {
            observer.noticed(&Notice::Edited(&dir.input()));
        }
        let container = out.map_or(Container::Universal, |(_, container)| container);
        let request = Request { container, jobs, ..Request::new(options) };
        let all = All { record: Some(&record), request: &request, observer, told: AtomicBool::new(false) };
        match out {
            Some((path, _)) => write_out(path, &all.run(&bytes)?.file)?,
            None => drop(all.prepare(&bytes, |prepared| all.units(prepared))?),
        }
        record.close(Stage::Output)
    })
}

/// Writes a container where it was asked for.
pub(crate) fn write_out(path: &Path, file: &[u8]) -> Result<(), Error> {
    artifact::write_atomically(path, file).map_err(|error| Error::io(Stage::Output, path, &error))
}

/// Whether the input is another than the one that was taken into a build directory.
fn is_input_edited(record: &Record) -> Result<bool, Error> {
    let from = identity::from(Stage::Parse, record.options(), &[]);
    Ok(matches!(record.find(Stage::Parse, &record.dir().input(), &from)?, Found::Edited(_)))
}

/// Runs work whose parallel parts have so many threads; 0 for one per core.
pub fn in_threads<T: Send>(jobs: usize, work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool =
        pool.map_err(|error| Error::new(Stage::Parse, Kind::Io, format!("threads cannot be started: {error}")))?;
    pool.install(work)
}

/// A compile of all stages.
struct All<'a> {
    record: Option<&'a Record>,
    request: &'a Request,
    observer: &'a dyn Observer,
    /// Whether it has been told that the cache cannot be written to.
    told: AtomicBool,
}

impl All<'_> {
    fn run(&self, bytes: &[u8]) -> Result<Compiled, Error> {
        if let Container::Library(format) = self.request.container {
            // Before the work, not after it.
            format.check(&self.request.options.target.triple)?;
        }
        self.prepare(bytes, |prepared| {
            let mut made = self.units(prepared)?;
            let dump = self.request.dump.then(|| dump(prepared, &mut made)).transpose()?;
            let objects: Vec<Vec<u8>> = made.into_iter().map(|made| made.object).collect();
            let file = prepared.output(&objects, self.request.container)?;
            Ok(Compiled { file, dump })
        })
    }

    /// Parses, validates and plans, then does some work with the plan.
    fn prepare<T>(&self, bytes: &[u8], work: impl FnOnce(&Prepared<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let options = &self.request.options;
        if let Some(record) = self.record {
            let (path, from) = (record.dir().input(), identity::from(Stage::Parse, options, &[]));
            if !matches!(record.find(Stage::Parse, &path, &from)?, Found::Current(there) if there == bytes) {
                record.write(Stage::Parse, &path, &from, bytes)?;
            }
        }
        let from = identity::from(Stage::Parse, options, &[bytes]);
        let (parsed, text) = self.whole(Stage::Parse, BuildDir::parsed, &from, || parse::parse(bytes))?;
        let from = identity::from(Stage::Validate, options, &[bytes, text.as_bytes()]);
        let validate = || validate::validate(bytes, &parsed, options);
        let (plan, text) = self.whole::<Plan>(Stage::Validate, BuildDir::plan, &from, validate)?;
        if let Some(record) = self.record {
            record.write_units_mk(&plan, text.as_bytes(), self.observer)?;
            record.retain(&artifacts(record.dir(), &plan))?;
        }
        work(&Prepared::new(bytes, &parsed, &plan, self.observer))
    }

    /// An artifact of the whole module, with its text if there is a record: what is there, or else what `make` makes.
    fn whole<A: Artifact>(
        &self,
        stage: Stage,
        path: fn(&BuildDir) -> PathBuf,
        from: &str,
        make: impl FnOnce() -> Result<A, Error>,
    ) -> Result<(A, String), Error> {
        self.observer.begins(stage);
        let task = Task::Stage(stage);
        let make = || observe(self.observer, task, None, make, |_| None);
        let Some(record) = self.record else { return Ok((make()?, String::new())) };
        let path = path(record.dir());
        match record.find(stage, &path, from)? {
            Found::Current(bytes) => {
                self.observer.started(task, None);
                self.observer.finished(task, None, Outcome::Kept);
                let malformed =
                    |error: std::string::FromUtf8Error| Error::new(stage, Kind::Malformed, error.to_string());
                let text = String::from_utf8(bytes).map_err(malformed)?;
                Ok((A::read(&text).map_err(|error| error.in_file(path))?, text))
            }
            found => {
                if matches!(found, Found::Damaged | Found::Edited(_)) {
                    self.observer.noticed(&Notice::Damaged(&path));
                }
                let made = make()?;
                let text = made.write();
                let write = || record.write(stage, &path, from, text.as_bytes());
                observe(self.observer, Task::Write(stage), None, write, |()| Some(text.len() as u64))?;
                Ok((made, text))
            }
        }
    }

    /// Takes all units to their objects, side by side.
    fn units(&self, prepared: &Prepared<'_>) -> Result<Vec<Made>, Error> {
        let units: Vec<UnitId> = prepared.plan.unit_ids().collect();
        prepared.planned(&units, Stage::Codegen);
        let cache = self.request.cache.as_ref().filter(|_| self.record.is_none() && !self.request.dump);
        let added = AtomicBool::new(false);
        let make = |machine: &mut Option<TargetMachine>, unit: UnitId| {
            if let Some(made) = cache.and_then(|cache| self.recall(prepared, cache, unit)) {
                return Ok(made);
            }
            let machine = match machine {
                Some(machine) => machine,
                none => none.insert(prepared.machine()?),
            };
            let mut made = prepared.make(self.record, machine, unit, self.request.dump)?;
            if let Some(cache) = cache {
                self.remember(prepared, cache, unit, &made);
                added.store(true, Ordering::Relaxed);
            }
            made.texts = made.texts.filter(|_| self.request.dump);
            Ok(made)
        };
        let made: Vec<Result<Made, Error>> = prepared.side_by_side(&units, || None, make);
        if let Some(cache) = cache
            && added.load(Ordering::Relaxed)
        {
            // A cache that cannot be kept small is nothing that a compile fails for.
            let _ = observe(self.observer, Task::Recall, None, || cache.trim(), |()| None);
        }
        made.into_iter().collect()
    }

    /// What the cache has of a unit.
    fn recall(&self, prepared: &Prepared<'_>, cache: &Cache, unit: UnitId) -> Option<Made> {
        self.observer.started(Task::Recall, Some(unit));
        let cached = cache.get(prepared.plan.key(unit));
        let size = cached.as_ref().map(|cached| cached.object.len() as u64);
        self.observer.finished(Task::Recall, Some(unit), Outcome::Made(size));
        let Cached { object, unoptimized } = cached?;
        for stage in [Stage::Lower, Stage::Verify, Stage::Optimize, Stage::Codegen] {
            prepared.begins(stage);
            self.observer.started(Task::Stage(stage), Some(unit));
            self.observer.finished(Task::Stage(stage), Some(unit), Outcome::Kept);
        }
        prepared.tell_unoptimized(unit, &unoptimized);
        Some(Made { object, texts: None, unoptimized })
    }

    /// Adds a unit to the cache.
    fn remember(&self, prepared: &Prepared<'_>, cache: &Cache, unit: UnitId, made: &Made) {
        let cached = Cached { object: made.object.clone(), unoptimized: made.unoptimized.clone() };
        let put = || cache.put(prepared.plan.key(unit), &cached);
        if let Err(error) = observe(self.observer, Task::Recall, Some(unit), put, |()| None)
            && !self.told.swap(true, Ordering::Relaxed)
        {
            self.observer.noticed(&Notice::NotCached(cache.folder(), &error));
        }
    }
}

/// The artifacts that a compile leaves in a build directory, and what else belongs to its units.
fn artifacts(dir: &BuildDir, plan: &Plan) -> Vec<PathBuf> {
    let stages = [Stage::Lower, Stage::Verify, Stage::Optimize, Stage::Codegen];
    let units = plan.unit_ids().flat_map(|unit| stages.map(|stage| dir.unit(stage, unit)));
    let views = plan.unit_ids().flat_map(|unit| [Stage::Lower, Stage::Optimize].map(|stage| mlir(dir, stage, unit)));
    [dir.input(), dir.parsed(), dir.plan(), dir.units_mk()].into_iter().chain(units).chain(views).collect()
}

/// The IR of all units as one module each, before and after optimization.
fn dump(prepared: &Prepared<'_>, made: &mut [Made]) -> Result<Dump, Error> {
    let mut lowered = Vec::new();
    let mut optimized = Vec::new();
    for made in made {
        let [before, after] = made.texts.take().expect("texts were asked for");
        lowered.push(before);
        optimized.push(after);
    }
    Ok(Dump {
        lowered: link(prepared, &lowered, Stage::Lower)?,
        optimized: link(prepared, &optimized, Stage::Optimize)?,
    })
}

/// Links the units' IR into one module, in which functions have the names that they have in an image.
fn link(prepared: &Prepared<'_>, texts: &[String], stage: Stage) -> Result<String, Error> {
    let context = Context::new();
    let whole = context.module("wasm");
    for (id, text) in prepared.plan.unit_ids().zip(texts) {
        let module = read_ir(&context, id, text.as_bytes(), stage)?;
        if let UnitId::Functions(index) = id {
            let unit = &prepared.plan.units[index as usize];
            for function in module.functions() {
                let Some(Local { whose, tail }) = Local::parse(&function.name()) else { continue };
                let index = unit.function(&prepared.parsed.module, whose).ok_or_else(|| {
                    // Somebody has edited it.
                    let message = format!("{id} names a function that it does not know: `{}`", function.name());
                    Error::new(stage, Kind::Invalid, message)
                })?;
                function.set_name(&if tail { symbol::tail(index) } else { symbol::function(index) });
            }
        }
        whole.link(module).map_err(|error| Error::new(stage, Kind::Llvm, error.to_string()))?;
    }
    Ok(whole.print())
}
