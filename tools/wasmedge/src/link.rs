//! Linking a module with others and with WASI.

use crate::arguments::{Linking, Named};
use crate::load::load;
use crate::report::{self, End};
use crate::session::Session;
use console::Console;
use console::codes::{Code, Failure};
use engine::{Func, Instance, Linker, Loading, Module, Store, WASI_MODULE, WasiBuilder, WasiContext, WasiInterrupt};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The function that prepares a reactor.
pub const INITIALIZE: &str = "_initialize";

/// A module, linked and instantiated.
pub struct Linked {
    /// The module.
    pub module: Module,
    /// Its instance. Its start function has run.
    pub instance: Instance,
}

/// Loads a module and those that it is linked with, and makes instances of them in this order: the named ones as given, each
/// prepared by its `_initialize`, then the module. `args` is what the program sees of the command line.
pub fn link(
    session: &mut Session,
    file: &Path,
    args: impl IntoIterator<Item = OsString>,
    linking: &Linking,
    console: Console,
) -> Result<Linked, End> {
    let mut costs = Costs { counted: None, linking };
    let mut load = |file: &Path| -> Result<Module, Failure> {
        let module = load(file, linking.loading.clone())?;
        costs.check(&module, file)?;
        if let Some(warning) = module.warning() {
            console.warning(format!("{}: {warning}", file.display()));
        }
        Ok(module)
    };
    let module = load(file)?;
    let mut others = Vec::with_capacity(linking.modules.len());
    let mut names = HashSet::from([WASI_MODULE]);
    for Named { name, path } in &linking.modules {
        if !names.insert(name) {
            let message = format!("{}: module name conflict: `{name}` is taken", path.display());
            return Err(Failure::new(Code::ModuleNameConflict, message).into());
        }
        others.push((name, path, load(path)?));
    }

    let mut linker = Linker::new();
    let uses_wasi = |module: &Module| module.declarations().imports.iter().any(|import| import.module == WASI_MODULE);
    // A folder that is not there is an error, whether it is used or not.
    let context = wasi(args, linking, session.interrupt.clone())?;
    let store = &mut session.store;
    if uses_wasi(&module) || others.iter().any(|(_, _, other)| uses_wasi(other)) {
        engine::add_wasi(&mut linker, context);
    }
    for (name, path, other) in &others {
        let instance = linker.instantiate(store, other).map_err(|error| report::instantiation(path, error))?;
        if let Some(initialize) = procedure(store, instance, INITIALIZE, path)? {
            store.call(initialize, &[])?;
        }
        linker.define_instance(store, name, instance);
    }
    let instance = linker.instantiate(store, &module).map_err(|error| report::instantiation(file, error))?;
    Ok(Linked { module, instance })
}

/// Sees to it that all modules count gas by one table of costs: sums of units that differ mean nothing.
struct Costs<'a> {
    /// The table's hash, and the first file that counts by it.
    counted: Option<([u8; 32], PathBuf)>,
    linking: &'a Linking,
}

impl Costs<'_> {
    fn check(&mut self, module: &Module, file: &Path) -> Result<(), Failure> {
        // What does not count though it is to is refused when it is instantiated.
        let Loading { metering, .. } = &self.linking.loading;
        let (Some(given), Some(used)) = (metering.metered().gas, module.metered().gas) else { return Ok(()) };
        let differs = |message: String| Err(Failure::new(Code::Unable, format!("{}: {message}", file.display())));
        let message = "the code of the module counts gas by another table of costs";
        if self.linking.fixes_costs && given != used {
            return differs(format!("{message} (compile it again with --cost-table)"));
        }
        match &self.counted {
            Some((counted, first)) if *counted != used => {
                let first = first.display();
                differs(format!("{message} than {first} (run and compile all with one --cost-table)"))
            }
            Some(_) => Ok(()),
            None => {
                self.counted = Some((used, file.to_owned()));
                Ok(())
            }
        }
    }
}

/// The exported function of a name that stands for something, in the module of a file: it must take and give nothing.
pub fn procedure(store: &Store, instance: Instance, name: &str, file: &Path) -> Result<Option<Func>, Failure> {
    let Some(func) = engine::function(store, instance, name) else { return Ok(None) };
    let ty = store.func_type(func);
    if ty.params.is_empty() && ty.results.is_empty() {
        return Ok(Some(func));
    }
    let words = Code::SignatureMismatch.words();
    let message = format!("{}: {words}: `{name}` is {ty} and must be () -> ()", file.display());
    Err(Failure::new(Code::SignatureMismatch, message))
}

/// What the program sees of the system.
fn wasi(
    args: impl IntoIterator<Item = OsString>,
    linking: &Linking,
    interrupt: Option<WasiInterrupt>,
) -> Result<WasiContext, Failure> {
    let mut builder = WasiBuilder::new();
    builder.args(args).allow_net(linking.allows_net);
    if let Some(interrupt) = interrupt {
        builder.interrupt(interrupt);
    }
    for (at, (name, value)) in linking.env.iter().enumerate() {
        let again = linking.env[at + 1..].iter().any(|(other, _)| other == name);
        if !again {
            builder.env(name.clone(), value.clone());
        }
    }
    for dir in &linking.dirs {
        builder.preopen_dir(&dir.host, &dir.guest, dir.readonly).map_err(|error| {
            Failure::new(Code::System, format!("cannot open the folder {}: {error}", dir.host.display()))
        })?;
    }
    Ok(builder.build())
}
