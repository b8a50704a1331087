//! Executes the directives of one file of the suite.

use crate::spec::{Engine, STACK, spectest, values};
use artifact::{Error, Kind, Stage};
use driver::Silent;
use engine::{
    Extern, Instance, InstantiateError, InterpreterError, Linker, Loading, Mode, Module, ModuleError, SharedMemory,
    Store, Trap, TrapReason, Value,
};
use std::collections::HashMap;
use std::thread::{self, Scope, ScopedJoinHandle};
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet, WastThread, Wat};

/// Why a directive does not hold.
pub enum Failure {
    /// It needs a module that failed before, and could not be tried.
    Blocked,
    /// Something else happened than what the suite asks for.
    Because(String),
}

impl From<String> for Failure {
    fn from(reason: String) -> Failure {
        Failure::Because(reason)
    }
}

fn because<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Because(reason.into()))
}

/// Why bytes are no module.
enum Refused {
    /// The text is not that of a module.
    Text(wast::Error),
    /// The compiler refused the binary.
    Binary(Error),
    /// The interpreter refused the binary, or the loader before it.
    Interpreter(ModuleError),
}

/// The state of a file, or of one of its threads: one store with all its instances. Threads run in a scope.
pub struct Script<'s, 'e> {
    engine: &'e Engine,
    scope: &'s Scope<'s, 'e>,
    store: Store,
    linker: Linker,
    /// The instance that directives mean which name none.
    current: Option<Instance>,
    instances: HashMap<String, Instance>,
    /// The module that was defined last, and those with names.
    definition: Option<Module>,
    definitions: HashMap<String, Module>,
    /// The memories that an instance of the file, by its name, shares with this thread.
    shared: HashMap<String, SharedMemories>,
    /// The threads that nobody has waited for.
    threads: HashMap<String, ScopedJoinHandle<'s, Result<usize, Failure>>>,
}

/// Memories by the names under which they are exported.
type SharedMemories = Vec<(String, SharedMemory)>;

impl<'s, 'e> Script<'s, 'e> {
    /// The state before the first directive.
    pub fn new(engine: &'e Engine, scope: &'s Scope<'s, 'e>) -> Script<'s, 'e> {
        let mut store = Store::new();
        let mut linker = Linker::new();
        spectest::define(&mut linker, &mut store);
        Script {
            engine,
            scope,
            store,
            linker,
            current: None,
            instances: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
            shared: HashMap::new(),
            threads: HashMap::new(),
        }
    }

    /// Executes a directive. Gives the number of assertions that it makes, or that the thread has made that it waits for.
    pub fn run(&mut self, directive: WastDirective<'e>) -> Result<usize, Failure> {
        let assertions = match directive {
            WastDirective::Module(_)
            | WastDirective::ModuleDefinition(_)
            | WastDirective::ModuleInstance { .. }
            | WastDirective::Register { .. }
            | WastDirective::Invoke(_)
            | WastDirective::Thread(_) => 0,
            WastDirective::Wait { thread, .. } => return self.wait(thread),
            _ => 1,
        };
        match directive {
            WastDirective::Module(wat) => self.module(wat)?,
            WastDirective::ModuleDefinition(wat) => self.define(wat)?,
            WastDirective::ModuleInstance { instance, module, .. } => self.instance(instance, module)?,
            WastDirective::Register { name, module, .. } => {
                self.register(name, module)?;
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?.map_err(|trap| format!("traps: {trap}"))?;
            }
            WastDirective::AssertReturn { exec, results, .. } => self.assert_return(exec, &results)?,
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec)?;
                assert_trap(outcome, message)?;
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call)?;
                assert_trap(outcome, message)?;
            }
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                Err(trap) if trap.exception().is_some() => {}
                Err(trap) => return because(format!("traps: {trap}, where an exception is expected")),
                Ok(results) => return because(format!("gives {results:x?}, where an exception is expected")),
            },
            WastDirective::AssertInvalid { module, message, .. } => self.assert_refused(module, message)?,
            WastDirective::AssertMalformed { module, message, .. } => self.assert_refused(module, message)?,
            WastDirective::AssertUnlinkable { module, message, .. } => self.assert_unlinkable(module, message)?,
            WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. }
            | WastDirective::AssertSuspension { .. } => return because("the directive is of a later edition"),
            WastDirective::Thread(thread) => self.start(thread)?,
            WastDirective::Wait { .. } => {}
        }
        Ok(assertions)
    }

    /// What must be so after the last directive.
    pub fn finish(self) -> Result<(), Failure> {
        match self.threads.keys().next() {
            Some(thread) => because(format!("nobody waits for the thread `{thread}`")),
            None => Ok(()),
        }
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Result<(), Failure> {
        if let Some(memories) = module.and_then(|module| self.shared.get(module.name())) {
            for (export, memory) in memories {
                self.linker.define_shared_memory(name, export, memory);
            }
            return Ok(());
        }
        let instance = self.lookup(module)?;
        self.linker.define_instance(&self.store, name, instance);
        Ok(())
    }

    /// Starts a thread, which ends at its first failure.
    fn start(&mut self, thread: WastThread<'e>) -> Result<(), Failure> {
        let mut shared = HashMap::new();
        if let Some(module) = thread.shared_module {
            shared.insert(module.name().to_string(), self.shares(module)?);
        }
        let (engine, scope, name) = (self.engine, self.scope, thread.name.name().to_string());
        let run = move || {
            let mut script = Script { shared, ..Script::new(engine, scope) };
            let assertions = thread.directives.into_iter().map(|directive| script.run(directive));
            let assertions = assertions.sum::<Result<usize, Failure>>()?;
            script.finish()?;
            Ok(assertions)
        };
        let handle = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).expect("a thread starts");
        self.threads.insert(name, handle);
        Ok(())
    }

    /// What an instance shares with a thread.
    fn shares(&self, module: Id<'_>) -> Result<SharedMemories, Failure> {
        let instance = self.lookup(Some(module))?;
        let memories = self.store.exports(instance).filter_map(|(name, item)| match item {
            Extern::Memory(memory) => Some((name.to_string(), self.store.shared_memory(memory)?)),
            Extern::Func(_) | Extern::Table(_) | Extern::Global(_) | Extern::Tag(_) => None,
        });
        Ok(memories.collect())
    }

    fn wait(&mut self, thread: Id<'_>) -> Result<usize, Failure> {
        let name = thread.name();
        let handle = self.threads.remove(name).ok_or_else(|| format!("there is no thread `{name}`"))?;
        match handle.join() {
            Ok(Err(Failure::Because(reason))) => because(format!("thread `{name}`: {reason}")),
            Ok(outcome) => outcome,
            Err(_) => because(format!("thread `{name}` panics")),
        }
    }

    fn module(&mut self, wat: QuoteWat<'_>) -> Result<(), Failure> {
        let name = wat.name();
        self.forget(name);
        let module = self.load_valid(wat)?;
        let instance = self.linker.instantiate(&mut self.store, &module).map_err(|error| error.to_string())?;
        self.remember(name, instance);
        Ok(())
    }

    fn define(&mut self, wat: QuoteWat<'_>) -> Result<(), Failure> {
        let name = wat.name();
        self.definition = None;
        let module = self.load_valid(wat)?;
        if let Some(name) = name {
            self.definitions.insert(name.name().to_string(), module.clone());
        }
        self.definition = Some(module);
        Ok(())
    }

    fn instance(&mut self, name: Option<Id<'_>>, module: Option<Id<'_>>) -> Result<(), Failure> {
        self.forget(name);
        let module = match module {
            Some(module) => self.definitions.get(module.name()),
            None => self.definition.as_ref(),
        };
        let module = module.ok_or(Failure::Blocked)?;
        let instance = self.linker.instantiate(&mut self.store, module).map_err(|error| error.to_string())?;
        self.remember(name, instance);
        Ok(())
    }

    /// What comes next must not use an older instance in place of one that fails.
    fn forget(&mut self, name: Option<Id<'_>>) {
        self.current = None;
        name.map(|name| self.instances.remove(name.name()));
    }

    fn remember(&mut self, name: Option<Id<'_>>, instance: Instance) {
        self.current = Some(instance);
        name.map(|name| self.instances.insert(name.name().to_string(), instance));
    }

    fn lookup(&self, name: Option<Id<'_>>) -> Result<Instance, Failure> {
        let instance = match name {
            Some(name) => self.instances.get(name.name()).copied(),
            None => self.current,
        };
        instance.ok_or(Failure::Blocked)
    }

    /// Loads a module, compiled or as it is. The compiler must never give a file that the loader refuses.
    fn load(&self, mut wat: QuoteWat<'_>) -> Result<Result<Module, Refused>, Failure> {
        let bytes = match wat.encode() {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(Refused::Text(error))),
        };
        let loaded = match self.engine {
            Engine::Native(request) => match driver::compile(&bytes, request, &Silent) {
                Ok(compiled) => Module::from_bytes_in(compiled.file, Mode::Aot),
                Err(error) => return Ok(Err(Refused::Binary(error))),
            },
            Engine::Interpreter(features) => {
                let how = Loading { mode: Mode::Interpreter, features: features.clone(), ..Loading::default() };
                Module::from_bytes_in(bytes, how)
            }
        };
        match (loaded, self.engine) {
            (Ok(module), _) => Ok(Ok(module)),
            (Err(error), Engine::Interpreter(_)) => Ok(Err(Refused::Interpreter(error))),
            (Err(error), Engine::Native(_)) => because(format!("does not load: {error}")),
        }
    }

    fn load_valid(&self, wat: QuoteWat<'_>) -> Result<Module, Failure> {
        match self.load(wat)? {
            Ok(module) => Ok(module),
            Err(Refused::Text(error)) => because(error.to_string()),
            Err(Refused::Binary(error)) => because(error.to_string()),
            Err(Refused::Interpreter(error)) => because(error.to_string()),
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Value>, Trap>, Failure> {
        let instance = self.lookup(invoke.module)?;
        let arguments = invoke.args.iter().map(|argument| values::argument(&mut self.store, argument));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        match engine::function(&self.store, instance, invoke.name) {
            Some(function) => Ok(self.store.call(function, &arguments)),
            None => because(format!("there is no function `{}`", invoke.name)),
        }
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Result<Vec<Value>, Trap>, Failure> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.lookup(module)?;
                match self.store.export(instance, global) {
                    Some(Extern::Global(global)) => Ok(Ok(vec![self.store.global_get(global)])),
                    _ => because(format!("there is no global `{global}`")),
                }
            }
            WastExecute::Wat(wat) => {
                let module = self.load_valid(QuoteWat::Wat(wat))?;
                match self.linker.instantiate(&mut self.store, &module) {
                    Ok(_) => Ok(Ok(Vec::new())),
                    Err(InstantiateError::Trap(trap)) => Ok(Err(trap)),
                    Err(error) => because(error.to_string()),
                }
            }
        }
    }

    fn assert_return(&mut self, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Result<(), Failure> {
        match self.execute(exec)? {
            Ok(results) => Ok(values::check_all(&self.store, &results, expected)?),
            Err(trap) => because(format!("traps: {trap}")),
        }
    }

    /// The first two stages, or the interpreter's loading, must refuse the module. Texts are the decoder's own and not compared.
    fn assert_refused(&self, wat: QuoteWat<'_>, message: &str) -> Result<(), Failure> {
        match self.load(wat)? {
            Ok(_) => because(format!("loads, though: {message}")),
            Err(Refused::Text(_)) => Ok(()),
            Err(Refused::Interpreter(ModuleError::Interpreter(error @ InterpreterError::Limit { .. }))) => {
                because(format!("{error}, not: {message}"))
            }
            Err(Refused::Interpreter(_)) => Ok(()),
            Err(Refused::Binary(error)) => match (error.stage, error.kind) {
                (Stage::Parse | Stage::Validate, Kind::Malformed | Kind::Invalid | Kind::Unsupported) => Ok(()),
                _ => because(format!("{error}, not: {message}")),
            },
        }
    }

    fn assert_unlinkable(&mut self, wat: Wat<'_>, message: &str) -> Result<(), Failure> {
        let module = self.load_valid(QuoteWat::Wat(wat))?;
        match self.linker.instantiate(&mut self.store, &module) {
            Ok(_) => because(format!("links, though: {message}")),
            Err(error) if error.to_string().starts_with(message) => Ok(()),
            Err(error) => because(format!("{error}, not: {message}")),
        }
    }
}

/// The suite's texts say more than ours in places ("uninitialized element 2") and less in others; one must begin the other.
fn assert_trap(outcome: Result<Vec<Value>, Trap>, message: &str) -> Result<(), Failure> {
    match outcome {
        Ok(results) => because(format!("gives {results:x?}, not the trap: {message}")),
        Err(Trap { reason: TrapReason::Code(code), .. })
            if message.starts_with(code.message()) || code.message().starts_with(message) =>
        {
            Ok(())
        }
        Err(trap) => because(format!("traps: {trap}, not: {message}")),
    }
}
