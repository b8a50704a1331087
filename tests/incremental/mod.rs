//! Incremental compiles: after an edit only what the edit touches is compiled again, and the bytes are what they are without a
//! cache. Whatever else may be asserted here, every compile with a cache is compared with one without.

mod compiles;
mod pairs;
mod related;

use crate::{modules, programs};
use artifact::{Features, Level, Options, UnitId};
use compiles::{Units, compile};
use driver::{Cache, Request};
use std::collections::BTreeSet;
use std::fmt;
use tempfile::TempDir;
use tests::edit::{Edit, edit};

/// A cache of its own.
struct Cached {
    request: Request,
    _folder: TempDir,
}

impl Cached {
    fn new(options: Options) -> Cached {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let cache = Some(Cache::new(folder.path(), Cache::DEFAULT_LIMIT));
        Cached { request: Request { jobs: 0, cache, ..Request::new(options) }, _folder: folder }
    }

    /// Compiles a module with the cache, and sees to it that it makes no difference. None if the module cannot be compiled.
    #[track_caller]
    fn compile(&self, name: impl fmt::Display, bytes: &[u8]) -> Option<Units> {
        let without = compile(bytes, &Request { cache: None, ..self.request.clone() });
        let with = compile(bytes, &self.request);
        match (with, without) {
            (Ok((with, units)), Ok((without, _))) => {
                assert!(with == without, "{name}: what the cache has of another module is taken for this one's");
                Some(units)
            }
            (Err(with), Err(without)) => {
                assert_eq!(with, without, "{name}");
                None
            }
            (with, without) => {
                let told = |result: Result<_, _>| {
                    result.map_or_else(|error: artifact::Error| error.to_string(), |_| "success".into())
                };
                panic!("{name}: {} with a cache, {} without", told(with), told(without));
            }
        }
    }

    /// The same for a module that can be compiled.
    #[track_caller]
    fn must_compile(&self, name: impl fmt::Display, bytes: &[u8]) -> Units {
        self.compile(&name, bytes).unwrap_or_else(|| panic!("{name} cannot be compiled"))
    }
}

fn options(level: Level, unit_size: u32) -> Options {
    Options {
        level,
        unit_size,
        features: Features(artifact::Feature::ALL.iter().copied().collect()),
        ..Options::new(driver::host_target(false))
    }
}

fn functions(made: &BTreeSet<UnitId>) -> Vec<UnitId> {
    made.iter().copied().filter(|unit| *unit != UnitId::Wrappers).collect()
}

/// How many functions with a body a module has.
fn bodies(bytes: &[u8]) -> u32 {
    abi::module::Module::decode(bytes).expect("a module").bodies.len() as u32
}

/// Each function of a small module is a unit of its own: that it has changed, been added or moved concerns no other one.
#[test]
fn an_edit_of_a_module_concerns_one_function() {
    let (mut changed, mut inserted) = (0, 0);
    for name in modules::names() {
        let bytes = modules::binary(&name);
        let cached = Cached::new(Options { metering: modules::metering(&name), ..options(Level::O1, 0) });
        let count = bodies(&bytes);
        cached.must_compile(&name, &bytes);
        assert_eq!(cached.must_compile(&name, &bytes).made, BTreeSet::new(), "{name}, compiled again");

        let after = |kind: Edit| Some(cached.must_compile(format!("{name} after {kind:?}"), &edit(&bytes, kind)?).made);
        for function in 0..count {
            let Some(made) = after(Edit::Body(function)) else { continue };
            // It may have become what another one is.
            assert!(made.iter().all(|unit| *unit == UnitId::Functions(function)), "{name}, {function}: {made:?}");
            changed += made.len();
        }
        if let Some(made) = after(Edit::Insert) {
            assert!(made.iter().all(|unit| *unit == UnitId::Functions(0)), "{name}: {made:?}");
            inserted += made.len();
        }
        if let Some(made) = after(Edit::AddExport) {
            assert!(made.iter().all(|unit| *unit == UnitId::Functions(count)), "{name}: {made:?}");
        }
        for kind in [Edit::Nothing, Edit::RenameExport, Edit::AddData] {
            assert_eq!(after(kind).unwrap_or_default(), BTreeSet::new(), "{name} after {kind:?}");
        }
        // These move what lies behind them in the context.
        for kind in [Edit::InsertOfNewType, Edit::AddGlobal] {
            after(kind);
        }
    }
    assert!(changed > 30 && inserted > 10, "{changed} bodies changed, {inserted} functions inserted");
}

/// Where small functions are inlined, units of their callers change with them.
#[test]
fn an_edit_of_a_small_function_concerns_its_callers() {
    let with = |small: u32, large: u32| {
        let large = (0..20).map(|_| format!("(i32.store (local.get 0) (i32.const {large}))")).collect::<String>();
        tests::wat(&format!(
            r#"(module (memory 1)
                (func $small (param i32) (result i32) (i32.mul (local.get 0) (i32.const {small})))
                (func $large (param i32) {large})
                (func (export "calls_small") (param i32) (result i32) (call $small (local.get 0)))
                (func (export "calls_large") (param i32) (call $large (local.get 0))))"#
        ))
    };
    let [small, large, calls_small] = [0, 1, 2].map(UnitId::Functions);
    for (level, after_small) in [(Level::O1, vec![small]), (Level::O2, vec![small, calls_small])] {
        let cached = Cached::new(options(level, 0));
        cached.must_compile("at first", &with(3, 3));
        let made = |name: &str, bytes: &[u8]| functions(&cached.must_compile(name, bytes).made);
        assert_eq!(made("another small function", &with(5, 3)), after_small, "{level}");
        assert_eq!(made("another large function", &with(5, 5)), [large], "{level}");
    }
}

#[test]
fn an_edit_of_a_program_concerns_few_units() {
    for (program, unit_size) in [("lua", 4096), ("sqlite", 16384)] {
        let bytes = programs::wasm(program);
        let cached = Cached::new(options(Level::O0, unit_size));
        let all = cached.must_compile(program, &bytes);
        let units = all.ranges.len();
        assert!(units > 40, "{program}: {units} units");
        assert_eq!(cached.must_compile(program, &bytes).made, BTreeSet::new(), "{program}, compiled again");

        let after = |kind: Edit| {
            let edited = edit(&bytes, kind).unwrap_or_else(|| panic!("{program}: nothing to edit by {kind:?}"));
            cached.must_compile(format!("{program} after {kind:?}"), &edited)
        };
        for part in [1, 4, 7] {
            let from = bodies(&bytes) * part / 9;
            let function = (from..).find(|&function| edit(&bytes, Edit::Body(function)).is_some());
            let function = function.expect("some function has a constant");
            let after = after(Edit::Body(function));
            assert!(!after.made.contains(&UnitId::Wrappers), "{program}, function {function}");
            let made: Vec<_> = after.made.iter().map(|&unit| after.functions(unit)).collect();
            // A unit may end after the function that did not, or the other way round.
            let around = |unit: &std::ops::Range<u32>| unit.contains(&function) || unit.start == function + 1;
            assert!(
                (1..=2).contains(&made.len()) && made.iter().all(around),
                "{program}, function {function}: {made:?}"
            );
        }
        let front = |made: &BTreeSet<UnitId>| {
            let made = functions(made);
            assert!((1..=2).contains(&made.len()) && made[0] == UnitId::Functions(0), "{program}: {made:?}");
        };
        let inserted = after(Edit::Insert).made;
        front(&inserted);
        assert!(!inserted.contains(&UnitId::Wrappers), "{program}");
        let inserted = after(Edit::InsertOfNewType).made;
        front(&inserted);
        assert!(inserted.contains(&UnitId::Wrappers), "{program}");
        assert_eq!(after(Edit::AddExport).made.len(), 1, "{program}");
        for kind in [Edit::Nothing, Edit::RenameExport, Edit::AddData] {
            assert_eq!(after(kind).made, BTreeSet::new(), "{program} after {kind:?}");
        }
        let after = after(Edit::AddGlobal);
        println!("{program}: a global concerns {} of {units} units", functions(&after.made).len());
    }
}

#[test]
fn programs_share_functions() {
    let cached = Cached::new(options(Level::O0, 0));
    cached.must_compile("sha256", &programs::wasm("sha256"));
    let other = cached.must_compile("sieve", &programs::wasm("sieve"));
    let (kept, made) = (functions(&other.kept).len(), functions(&other.made).len());
    println!("sieve has {kept} functions in common with sha256, and {made} others");
    // The C library's, but for those that name data by its address.
    assert!(kept > made, "{kept} functions in common, {made} others");
}
