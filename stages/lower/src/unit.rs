//! What the functions of one LLVM module share: target, attributes, metadata, declarations.

use crate::Input;
use crate::env::Counter;
use crate::types::Types;
use abi::symbol::{self, Local, Whose};
use abi::system::System;
use abi::types::{FuncIdx, FuncType};
use artifact::region::{self, Region};
use interface::Code;
use llvm::{Attribute, CallConv, Context, Function, Metadata, Module, Position, TargetMachine, Value, Visibility};
use std::cell::RefCell;
use std::collections::HashMap;

/// In which form a function has its code ([`abi::signature`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A native function.
    Native,
    /// A tail function.
    Tail,
}

/// A function of the module with a body.
#[derive(Clone, Copy)]
pub(crate) struct Defined<'c> {
    /// What the unit calls it.
    pub whose: Whose,
    pub form: Form,
    /// Its code, of that form.
    pub code: Function<'c>,
}

/// Where a function has its code.
#[derive(Clone, Copy)]
pub(crate) enum Callee<'c> {
    Defined(Defined<'c>),
    /// Elsewhere: where its record lies in the context.
    Imported(u32),
}

/// An LLVM module in the making.
pub(crate) struct Unit<'a, 'c> {
    pub context: &'c Context,
    pub input: &'a Input<'a>,
    pub types: Types<'c>,
    pub facts: Facts<'c>,
    /// What functions count.
    pub counters: Vec<Counter>,
    attributes: Attributes<'c>,
    module: Module<'c>,
    /// Functions declared so far. Only looked up, never gone through.
    declared: RefCell<HashMap<FuncIdx, Function<'c>>>,
}

impl<'a, 'c> Unit<'a, 'c> {
    pub fn new(context: &'c Context, machine: &TargetMachine, input: &'a Input<'a>, name: &str) -> Self {
        let module = context.module(name);
        // Before the first instruction: alignments and folding depend on the data layout.
        module.set_target(machine);
        let counted =
            [(Counter::Gas, input.metering.gas.is_some()), (Counter::Instructions, input.metering.instructions)];
        let counters = counted.into_iter().filter(|&(_, counted)| counted).map(|(counter, _)| counter).collect();
        Self {
            context,
            input,
            types: Types::new(context),
            facts: Facts::new(context, input),
            counters,
            attributes: Attributes::new(context, input),
            module,
            declared: RefCell::default(),
        }
    }

    /// The code of a function, declared in this unit if it was not yet.
    pub fn code(&self, index: FuncIdx) -> Callee<'c> {
        let function = self.input.interface.function(index);
        let (whose, tail) = match function.code {
            Code::Imported(record) => return Callee::Imported(record),
            Code::Defined { whose, tail } => (whose, tail),
        };
        let form = if tail { Form::Tail } else { Form::Native };
        let code = *self.declared.borrow_mut().entry(index).or_insert_with(|| {
            let name = Local { whose, tail }.to_string();
            self.guest_function(&name, &function.ty, form, self.input.interface.context_size())
        });
        Callee::Defined(Defined { whose, form, code })
    }

    /// A function of some form whose context is at least `context_size` bytes long.
    pub fn guest_function(&self, name: &str, ty: &FuncType, form: Form, context_size: u32) -> Function<'c> {
        let (ty, convention) = match form {
            Form::Native => (self.types.native(ty), CallConv::Fast),
            Form::Tail => (self.types.tail(ty), CallConv::Tail),
        };
        let function = self.module.add_function(name, ty);
        function.set_call_conv(convention);
        self.set_attributes(function);
        for attribute in self.attributes.vmctx {
            function.add_attribute(Position::Param(0), attribute);
        }
        let size = self.context.int_attribute("dereferenceable", context_size.into());
        function.add_attribute(Position::Param(0), size);
        function
    }

    /// A function of C's calling convention.
    pub fn c_function(&self, name: &str, ty: llvm::FunctionType<'c>) -> Function<'c> {
        let function = self.module.add_function(name, ty);
        self.set_attributes(function);
        function
    }

    /// Leaves a call as it is, whatever is called.
    pub fn no_inline(&self) -> Attribute<'c> {
        self.context.enum_attribute("noinline")
    }

    /// The function that functions with landing pads name ([`symbol::PERSONALITY`]).
    pub fn personality(&self) -> Function<'c> {
        self.module.function(symbol::PERSONALITY).unwrap_or_else(|| {
            let ty = self.context.function(self.types.i32, &[], true);
            let function = self.module.add_function(symbol::PERSONALITY, ty);
            function.set_visibility(Visibility::Hidden);
            function
        })
    }

    /// No exception comes from a call.
    pub fn no_unwind(&self) -> Attribute<'c> {
        self.attributes.no_unwind
    }

    /// The attributes of a call that does not come back.
    pub fn no_return(&self) -> [Attribute<'c>; 2] {
        self.attributes.no_return
    }

    /// The finished module.
    pub fn finish(mut self) -> Module<'c> {
        self.module.settle();
        self.module
    }

    fn set_attributes(&self, function: Function<'c>) {
        function.set_visibility(Visibility::Hidden);
        for &attribute in &self.attributes.function {
            function.add_attribute(Position::Function, attribute);
        }
    }
}

/// `uwtable(sync)`: right wherever a call is under way.
const UNWIND_TABLE: u64 = 1;

struct Attributes<'c> {
    function: Vec<Attribute<'c>>,
    vmctx: [Attribute<'c>; 3],
    no_return: [Attribute<'c>; 2],
    no_unwind: Attribute<'c>,
}

impl<'c> Attributes<'c> {
    fn new(context: &'c Context, input: &Input<'_>) -> Self {
        let no_unwind = context.enum_attribute("nounwind");
        let mut function = vec![
            // Where functions save the registers of their callers, exceptions have to know; anything may be on the stack.
            context.int_attribute("uwtable", UNWIND_TABLE),
            // Traps and the profiler walk the stack by it.
            context.string_attribute("frame-pointer", "all"),
            // Recursion without end exhausts the stack; LLVM would make a loop without end of it. It would also drop frames that
            // backtraces show. Calls that must be tail calls stay so.
            context.string_attribute("disable-tail-calls", "true"),
            // A frame larger than a page touches each page, so that it cannot step over the guard.
            context.string_attribute("probe-stack", "inline-asm"),
            // Loops must not become calls of C functions that are not there.
            context.string_attribute("no-builtins", ""),
            context.string_attribute("target-cpu", input.target.baseline()),
            context.string_attribute("tune-cpu", &input.target.tune),
        ];
        if !input.interface.catches() {
            function.push(no_unwind);
        }
        if !input.target.system().is_none_or(System::has_red_zone) {
            function.push(context.enum_attribute("noredzone"));
        }
        let features = input.target.feature_string();
        if !features.is_empty() {
            function.push(context.string_attribute("target-features", &features));
        }
        Self {
            function,
            vmctx: [
                context.enum_attribute("noundef"),
                context.enum_attribute("nonnull"),
                context.int_attribute("align", 16),
            ],
            no_unwind,
            no_return: [context.enum_attribute("cold"), context.enum_attribute("noreturn")],
        }
    }
}

/// Metadata that tells the optimizer what it cannot see.
pub(crate) struct Facts<'c> {
    empty: Metadata<'c>,
    /// The regions that the module's code touches, each with the scope of its accesses and the scopes that they do not alias.
    scopes: Vec<(Region, Metadata<'c>, Metadata<'c>)>,
    unlikely: Metadata<'c>,
}

impl<'c> Facts<'c> {
    fn new(context: &'c Context, input: &Input<'_>) -> Self {
        let domain = context.alias_domain(region::DOMAIN);
        let memory = if input.interface.shares_memory() { Region::SharedMemory } else { Region::Memory };
        let mut regions = vec![memory, Region::Globals, Region::Tables];
        if input.metering.counts() {
            regions.push(Region::Meter);
        }
        let scopes: Vec<_> = regions.iter().map(|region| context.alias_scope(region.name(), domain)).collect();
        let list = |scopes: &[_]| context.md_node(scopes);
        let others = |scope| scopes.iter().copied().filter(|&other| other != scope).collect::<Vec<_>>();
        Self {
            empty: context.md_node(&[]),
            scopes: std::iter::zip(regions, &scopes)
                .map(|(region, &scope)| (region, list(&[scope]), list(&others(scope))))
                .collect(),
            unlikely: context.branch_weights(&[1, 1 << 20]),
        }
    }

    /// The loaded word never changes.
    pub fn invariant(&self, context: &Context, load: Value<'c>) {
        load.set_metadata(context.kinds().invariant_load, self.empty);
    }

    /// The access goes to linear memory.
    pub fn within_memory(&self, context: &Context, access: Value<'c>) {
        self.within(context, self.scopes[0].0, access);
    }

    /// The access stays within a region.
    pub fn within(&self, context: &Context, region: Region, access: Value<'c>) {
        let known = self.scopes.iter().find(|(known, ..)| *known == region);
        let &(_, scope, others) = known.expect("code touches the regions that it has");
        access.set_metadata(context.kinds().alias_scope, scope);
        access.set_metadata(context.kinds().noalias, others);
    }

    /// The first successor of the branch is hardly ever taken.
    pub fn unlikely(&self, context: &Context, branch: Value<'c>) {
        branch.set_metadata(context.kinds().prof, self.unlikely);
    }
}
