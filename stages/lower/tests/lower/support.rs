//! Lowers WebAssembly text and checks the result with LLVM's verifier.

use abi::layout::Layout;
use abi::metering::Metering;
use abi::module::Module;
use abi::types::DefinedFuncIdx;
use artifact::{Error, Target};
use interface::{Body, Contents, Interface, Surroundings};
use lower::{Function, Input};

/// What came of a module: its functions, and its wrappers, as LLVM's text.
pub struct Lowered {
    pub functions: String,
    pub wrappers: String,
}

/// Lowers a module with exact traps.
pub fn lower(wat: &str) -> Lowered {
    lower_with(wat, false).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// Lowers a module.
pub fn lower_with(wat: &str, relaxed_traps: bool) -> Result<Lowered, Error> {
    lower_bytes(&wat::parse_str(wat).expect("the test's module is well-formed"), relaxed_traps)
}

/// Lowers a module in its binary form.
pub fn lower_bytes(bytes: &[u8], relaxed_traps: bool) -> Result<Lowered, Error> {
    lower_for(&target("x86_64", &["avx"]), bytes, relaxed_traps, |_, functions, wrappers| Lowered {
        functions: functions.print(),
        wrappers: wrappers.print(),
    })
}

/// The machine code of a module's functions, unoptimized, as assembly.
pub fn assemble(target: &Target, bytes: &[u8]) -> String {
    let assembly = lower_for(target, bytes, false, |machine, functions, _| machine.emit_assembly(functions));
    assembly.expect("the test's module is supported").unwrap_or_else(|error| panic!("{}: {error}", target.triple))
}

/// An architecture with features beyond its baseline.
pub fn target(architecture: &str, features: &[&str]) -> Target {
    let cpu_features = features.iter().map(|feature| feature.to_string()).collect();
    Target { triple: format!("{architecture}-unknown-linux-gnu"), tune: "generic".into(), cpu_features }
}

/// Lowers a module for a target. Gives what is made of its functions and wrappers.
fn lower_for<T>(
    target: &Target,
    bytes: &[u8],
    relaxed_traps: bool,
    made: impl FnOnce(&llvm::TargetMachine, &llvm::Module<'_>, &llvm::Module<'_>) -> T,
) -> Result<T, Error> {
    let module = Module::decode(bytes).expect("the test's module can be decoded");
    let spec = llvm::TargetSpec {
        triple: target.triple.clone(),
        cpu: target.baseline().into(),
        features: target.feature_string(),
    };
    let machine = llvm::TargetMachine::new(&spec, llvm::CodeGenLevel::Default).expect("the target is known");
    let context = llvm::Context::new();
    let layout = Layout::new(&module);
    let defined = || (0..module.bodies.len() as u32).map(DefinedFuncIdx);
    let bodies: Vec<Body> = defined().map(|function| Body::read(bytes, &module, function)).collect::<Result<_, _>>()?;
    let tail_callers = defined().zip(&bodies).filter(|(_, body)| body.makes_tail_calls);
    let surroundings = Surroundings {
        module: &module,
        layout: &layout,
        tail_callers: &tail_callers.map(|(function, _)| module.function(function)).collect(),
        catches: bodies.iter().any(|body| body.catches),
        changed_tables: &bodies.iter().flat_map(|body| body.changed_tables.iter().copied()).collect(),
    };
    let metering = Metering::default();
    let input = |interface| Input { interface, target, relaxed_traps, metering: &metering };
    let functions: Vec<_> = defined()
        .map(|function| {
            let range = module.bodies[function.index()].clone();
            let body = &bytes[range.start as usize..range.end as usize];
            Function { index: module.function(function), range, body }
        })
        .collect();
    let contents = Contents { functions: 0..functions.len() as u32, bodies: &bodies, copies: &[] };
    let interface = Interface::new(&surroundings, &contents);
    let functions = lower::unit(&context, &machine, &input(&interface), &functions, &[], |_| ())?;
    let wrappers = lower::wrappers(&context, &machine, &input(&Interface::of_wrappers(&surroundings)))?;
    for module in [&functions, &wrappers] {
        module.verify().unwrap_or_else(|error| panic!("{error}\n{}", module.print()));
    }
    Ok(made(&machine, &functions, &wrappers))
}

impl Lowered {
    /// The lines of the body of the first function defined.
    pub fn first(&self) -> Vec<&str> {
        let body = self.functions.lines().skip_while(|line| !line.starts_with("define"));
        body.take_while(|line| *line != "}").collect()
    }

    /// How many lines of the functions contain a text.
    pub fn count(&self, text: &str) -> usize {
        self.functions.lines().filter(|line| line.contains(text)).count()
    }
}
