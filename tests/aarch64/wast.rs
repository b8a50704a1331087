//! A file of the suite as a script: what it asks for is written down first, and compared with what the host prints.
//!
//! What is about invalid modules or about linking alone is left to the tests of this machine's own code.

use super::machine::{Compiled, Function, Instance, Item, Machine, Slot};
use super::{Report, carry_out, compile};
use crate::spec::{Case, values};
use abi::types::{FuncType, Hierarchy, Limits, MemoryType, RefType, TableType, ValType};
use artifact::Metering;
use driver::Request;
use engine::{Store, TrapCode, Value};
use std::collections::{BTreeMap, HashMap};
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet};

/// What a line of the host's must say.
enum Expected<'e> {
    /// The module is instantiated, or the call returns.
    Success,
    /// A trap with a message.
    Trap(&'e str),
    /// Results, of these types.
    Results(Vec<ValType>, Vec<WastRet<'e>>),
}

/// The state of a file.
struct Script<'a, 'e> {
    case: &'a Case<'a>,
    request: &'a Request,
    machine: Machine,
    /// By the names under which they can be imported.
    registered: HashMap<String, Instance>,
    current: Option<Instance>,
    instances: HashMap<String, Instance>,
    definition: Option<Compiled>,
    definitions: HashMap<String, Compiled>,
    /// For each line that the host is going to print: the directive's line, and what must be printed.
    expected: Vec<(usize, Expected<'e>)>,
    /// Holds what references of the suite refer to.
    store: Store,
}

/// Runs a file.
pub fn run(case: &Case<'_>, request: &Request) -> Report {
    let mut report = Report { file: case.name.clone(), passed: 0, failures: BTreeMap::new() };
    let buffer = case.file.wast().expect("the suite can be read");
    let directives = buffer.directives().expect("the suite can be parsed");
    let mut script = Script::new(case, request);
    for directive in directives {
        let line = directive.span().linecol_in(case.file.raw()).0 + 1;
        if let Err(reason) = script.directive(line, directive) {
            report.failures.insert(line, reason);
        }
    }
    let Script { machine, expected, mut store, .. } = script;
    let (lines, ended) = carry_out(&machine);
    let mut lines = lines.iter();
    for (line, expected) in &expected {
        let outcome = match lines.next() {
            Some(printed) => check(&mut store, printed, expected),
            None => Err(ended.clone().unwrap_or_else(|| "the host prints nothing".to_string())),
        };
        match outcome {
            Ok(()) => report.passed += usize::from(!matches!(expected, Expected::Success)),
            Err(reason) => drop(report.failures.insert(*line, reason)),
        }
    }
    report
}

/// Whether a line of the host's says what is expected.
fn check(store: &mut Store, printed: &str, expected: &Expected<'_>) -> Result<(), String> {
    let mut words = printed.split(' ');
    let (word, words) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
    match (expected, word) {
        (Expected::Success, "ok" | "values") => Ok(()),
        (Expected::Trap(message), "trap") => {
            let code = u32::from_str_radix(words[0], 16).ok().and_then(TrapCode::from_code);
            let code = code.ok_or_else(|| format!("an unknown trap: {printed}"))?;
            match message.starts_with(code.message()) || code.message().starts_with(message) {
                true => Ok(()),
                false => Err(format!("traps: {code}, not: {message}")),
            }
        }
        (Expected::Results(types, expected), "values") => {
            let results: Vec<Value> = types.iter().zip(words).map(|(&ty, word)| value(store, ty, word)).collect();
            values::check_all(store, &results, expected)
        }
        (Expected::Trap(message), _) => Err(format!("prints `{printed}`, where a trap is expected: {message}")),
        (Expected::Success | Expected::Results(..), _) => Err(format!("prints `{printed}`")),
    }
}

/// The value of a type in a slot. References are to things of the store that stand for what the host has.
fn value(store: &mut Store, ty: ValType, slot: &str) -> Value {
    let bytes = u128::from_str_radix(slot, 16).expect("slots are printed as numbers").to_be_bytes();
    let word = u64::from_le_bytes(*bytes.first_chunk().expect("a slot has two words"));
    match ty {
        ValType::I32 => Value::I32(word as i32),
        ValType::I64 => Value::I64(word as i64),
        ValType::F32 => Value::F32(word as u32),
        ValType::F64 => Value::F64(word),
        ValType::V128 => Value::V128(bytes),
        ValType::Ref(ty) => match (ty.hierarchy(), word.checked_sub(1)) {
            (Hierarchy::Func, None) => Value::FuncRef(None),
            (Hierarchy::Func, Some(_)) => {
                let function = store.host_func(FuncType::default(), String::new(), Box::new(|_, _| Ok(())));
                Value::FuncRef(Some(function))
            }
            (Hierarchy::Extern, None) => Value::ExternRef(None),
            (Hierarchy::Extern, Some(number)) => Value::ExternRef(Some(store.new_externref(Box::new(number as u32)))),
            (Hierarchy::Exn, _) => Value::ExnRef(None),
        },
    }
}

impl<'a, 'e> Script<'a, 'e> {
    fn new(case: &'a Case<'a>, request: &'a Request) -> Script<'a, 'e> {
        let mut machine = Machine::new();
        let spectest = spectest(&mut machine);
        Script {
            case,
            request,
            machine,
            registered: HashMap::from([("spectest".to_string(), spectest)]),
            current: None,
            instances: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
            expected: Vec::new(),
            store: Store::new(),
        }
    }

    /// Writes down a directive, and what it asks for.
    fn directive(&mut self, line: usize, directive: WastDirective<'e>) -> Result<(), String> {
        match directive {
            WastDirective::Module(mut wat) => {
                let name = wat.name();
                self.current = None;
                name.map(|name| self.instances.remove(name.name()));
                let compiled = self.compiled(&mut wat)?;
                let instance = self.instantiate(&compiled)?;
                self.expected.push((line, Expected::Success));
                self.remember(name, instance);
            }
            WastDirective::ModuleDefinition(mut wat) => {
                let name = wat.name();
                self.definition = None;
                let compiled = self.compiled(&mut wat)?;
                name.map(|name| self.definitions.insert(name.name().to_string(), compiled.clone()));
                self.definition = Some(compiled);
            }
            WastDirective::ModuleInstance { instance: name, module, .. } => {
                self.current = None;
                let compiled = match module {
                    Some(module) => self.definitions.get(module.name()),
                    None => self.definition.as_ref(),
                };
                let compiled = compiled.ok_or("its module failed")?.clone();
                let instance = self.instantiate(&compiled)?;
                self.expected.push((line, Expected::Success));
                self.remember(name, instance);
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.lookup(module)?.clone();
                self.registered.insert(name.to_string(), instance);
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke)?;
                self.expected.push((line, Expected::Success));
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let types = match exec {
                    WastExecute::Invoke(invoke) => self.invoke(&invoke)?,
                    WastExecute::Get { module, global, .. } => match self.lookup(module)?.exports.get(global) {
                        Some((Item::Global { cell, ty, .. }, _)) => {
                            let (cell, ty) = (cell.clone(), *ty);
                            self.machine.get(&cell);
                            vec![ty]
                        }
                        _ => return Err(format!("there is no global `{global}`")),
                    },
                    WastExecute::Wat(_) => return Err("a module returns nothing".to_string()),
                };
                self.expected.push((line, Expected::Results(types, results)));
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                match exec {
                    WastExecute::Invoke(invoke) => drop(self.invoke(&invoke)?),
                    WastExecute::Wat(wat) => {
                        let compiled = self.compiled(&mut QuoteWat::Wat(wat))?;
                        self.instantiate(&compiled)?;
                    }
                    WastExecute::Get { .. } => return Err("a global does not trap".to_string()),
                }
                self.expected.push((line, Expected::Trap(message)));
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                self.invoke(&call)?;
                self.expected.push((line, Expected::Trap(message)));
            }
            WastDirective::AssertInvalid { .. }
            | WastDirective::AssertMalformed { .. }
            | WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. }
            | WastDirective::AssertUnlinkable { .. } => {}
            WastDirective::AssertException { exec: WastExecute::Invoke(invoke), .. } => {
                self.invoke(&invoke)?;
                self.expected.push((line, Expected::Trap(TrapCode::UncaughtException.message())));
            }
            WastDirective::AssertException { .. } => return Err("only a call throws".to_string()),
            WastDirective::Thread(_) | WastDirective::Wait { .. } => return Err("the host has one thread".to_string()),
            WastDirective::AssertSuspension { .. } => return Err("the directive is of a later edition".to_string()),
        }
        Ok(())
    }

    fn remember(&mut self, name: Option<Id<'_>>, instance: Instance) {
        name.map(|name| self.instances.insert(name.name().to_string(), instance.clone()));
        self.current = Some(instance);
    }

    fn lookup(&self, name: Option<Id<'_>>) -> Result<&Instance, String> {
        let instance = match name {
            Some(name) => self.instances.get(name.name()),
            None => self.current.as_ref(),
        };
        instance.ok_or_else(|| "its module failed".to_string())
    }

    fn compiled(&mut self, wat: &mut QuoteWat<'_>) -> Result<Compiled, String> {
        let bytes = wat.encode().map_err(|error| error.to_string())?;
        let file = compile(&bytes, self.request, &self.case.features, &Metering::default())?;
        Ok(self.machine.map(&file))
    }

    fn instantiate(&mut self, compiled: &Compiled) -> Result<Instance, String> {
        let import = |import: &abi::module::Import| {
            let found = self.registered.get(&import.module).and_then(|instance| instance.exports.get(&import.name));
            let (item, _) = found.ok_or_else(|| format!("there is no `{}` in `{}`", import.name, import.module))?;
            Ok(item.clone())
        };
        let imports = compiled.module.imports.iter().map(import).collect::<Result<Vec<_>, String>>()?;
        Ok(self.machine.instantiate(compiled, &imports))
    }

    /// Calls a function; gives the types of its results.
    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<ValType>, String> {
        let (function, ty): (Function, FuncType) = match self.lookup(invoke.module)?.exports.get(invoke.name) {
            Some((Item::Function(function), Some(ty))) => (function.clone(), ty.clone()),
            _ => return Err(format!("there is no function `{}`", invoke.name)),
        };
        let mut arguments = Vec::new();
        for argument in &invoke.args {
            let value = values::argument(&mut self.store, argument)?;
            arguments.push(slot(&self.store, value));
        }
        self.machine.call(&function, ty.results.len(), &arguments);
        Ok(ty.results)
    }
}

/// An argument as a slot. A host object is a number, and is not null.
fn slot(store: &Store, value: Value) -> Slot {
    match value {
        Value::I32(value) => Slot::of(&value.to_le_bytes()),
        Value::I64(value) => Slot::of(&value.to_le_bytes()),
        Value::F32(bits) => Slot::of(&bits.to_le_bytes()),
        Value::F64(bits) => Slot::of(&bits.to_le_bytes()),
        Value::V128(bytes) => Slot::Bytes(bytes),
        Value::FuncRef(None) | Value::ExternRef(None) | Value::ExnRef(None) => Slot::of(&[]),
        Value::ExternRef(Some(reference)) => {
            let number =
                store.externref_data(reference).downcast_ref::<u32>().expect("the suite's objects are numbers");
            Slot::of(&(u64::from(*number) + 1).to_le_bytes())
        }
        Value::FuncRef(Some(_)) | Value::ExnRef(Some(_)) => panic!("the suite passes no function"),
    }
}

/// The host module that the suite's modules import from, as its documentation describes it. Printing prints nothing.
fn spectest(machine: &mut Machine) -> Instance {
    let mut exports = HashMap::new();
    for name in ["", "_i32", "_i64", "_f32", "_f64", "_i32_f32", "_f64_f64"] {
        exports.insert(format!("print{name}"), (Item::Host, None));
    }
    let globals: [(&str, ValType, &[u8]); 4] = [
        ("global_i32", ValType::I32, &666i32.to_le_bytes()),
        ("global_i64", ValType::I64, &666i64.to_le_bytes()),
        ("global_f32", ValType::F32, &666.6f32.to_le_bytes()),
        ("global_f64", ValType::F64, &666.6f64.to_le_bytes()),
    ];
    for (name, ty, bytes) in globals {
        exports.insert(name.to_string(), (machine.global(ty, bytes), None));
    }
    let limits = |min, max| Limits { min, max: Some(max) };
    let table = TableType { element: RefType::FUNCREF, limits: limits(10, 20), table64: false };
    exports.insert("table".to_string(), (machine.table(table), None));
    for (name, shared) in [("memory", false), ("shared_memory", true)] {
        let memory = MemoryType { limits: limits(1, 2), memory64: false, shared };
        exports.insert(name.to_string(), (machine.memory(memory), None));
    }
    Instance { exports }
}
