//! A module that can be instantiated.

use crate::code::Code;
use crate::interpret::Interpret;
use crate::types;
use abi::layout::Layout;
use abi::metering::Metered;
use abi::module::{self, ExportItem};
use abi::types::{DataIdx, FuncIdx, GlobalType, RefType, TableType, TypeIdx, ValType};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The bytes of a module's binary form.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A module: what it declares, its bytes and what runs it. Shared by its instances in all stores.
pub struct Module {
    declarations: module::Module,
    bytes: Bytes,
    body: Body,
    name: Option<String>,
    layout: Layout,
    type_ids: Vec<u32>,
    exports: HashMap<String, ExportItem>,
    function_names: OnceLock<BTreeMap<FuncIdx, String>>,
}

/// What runs a module's functions.
enum Body {
    Native(Box<Code>),
    Interpreted(Box<dyn Interpret>),
}

impl Module {
    /// Puts together a compiled module. `bytes` is the binary that `declarations` were decoded from, and `code` was compiled from it
    /// (see [`Code::new`] for what that promise carries). `name` is for people: backtraces show it.
    ///
    /// # Panics
    /// If the code has another number of functions or wrappers than the module declares.
    pub fn new(declarations: module::Module, bytes: Bytes, code: Code, name: Option<String>) -> Module {
        code.check(&declarations);
        Module::with_body(declarations, bytes, Body::Native(Box::new(code)), name)
    }

    /// Puts together a module that is interpreted. `bytes` is the binary that `declarations` were decoded from. `name` is for
    /// people: backtraces show it.
    pub fn interpreted(
        declarations: module::Module,
        bytes: Bytes,
        interpreter: Box<dyn Interpret>,
        name: Option<String>,
    ) -> Module {
        Module::with_body(declarations, bytes, Body::Interpreted(interpreter), name)
    }

    fn with_body(declarations: module::Module, bytes: Bytes, body: Body, name: Option<String>) -> Module {
        let layout = Layout::new(&declarations);
        let type_ids = types::intern_all(&declarations);
        let exports = declarations.exports.iter().map(|export| (export.name.clone(), export.item)).collect();
        Module { declarations, bytes, body, name, layout, type_ids, exports, function_names: OnceLock::new() }
    }

    /// What the module declares.
    pub fn declarations(&self) -> &module::Module {
        &self.declarations
    }

    /// The module's binary form.
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// The layout of its contexts.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The name that it was given.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of a function in the module's name section.
    pub fn function_name(&self, index: FuncIdx) -> Option<&str> {
        let names = self.function_names.get_or_init(|| self.declarations.function_names(self.bytes()));
        names.get(&index).map(String::as_str)
    }

    /// The native code; none if the module is interpreted. Async-signal-safe.
    pub(crate) fn code(&self) -> Option<&Code> {
        match &self.body {
            Body::Native(code) => Some(code),
            Body::Interpreted(_) => None,
        }
    }

    pub(crate) fn interpreter(&self) -> Option<&dyn Interpret> {
        match &self.body {
            Body::Native(_) => None,
            Body::Interpreted(interpreter) => Some(&**interpreter),
        }
    }

    /// What its code keeps track of.
    pub fn metered(&self) -> Metered {
        match &self.body {
            Body::Native(code) => code.metered(),
            Body::Interpreted(interpreter) => interpreter.metered(),
        }
    }

    /// Whether the module has native code.
    pub fn is_native(&self) -> bool {
        self.code().is_some()
    }

    /// The canonical ids of its types.
    pub(crate) fn type_ids(&self) -> &[u32] {
        &self.type_ids
    }

    /// A type that the module declares, with canonical ids for indices.
    pub(crate) fn canonical(&self, ty: ValType) -> ValType {
        ty.map_index(|index| TypeIdx(self.type_ids[index.index()]))
    }

    /// A reference type that the module declares, with canonical ids for indices.
    pub(crate) fn canonical_reference(&self, ty: RefType) -> RefType {
        self.canonical(ValType::Ref(ty)).reference().expect("it stays a reference type")
    }

    /// A table type that the module declares, with canonical ids for indices.
    pub(crate) fn canonical_table(&self, ty: TableType) -> TableType {
        TableType { element: self.canonical_reference(ty.element), ..ty }
    }

    /// A global type that the module declares, with canonical ids for indices.
    pub(crate) fn canonical_global(&self, ty: GlobalType) -> GlobalType {
        GlobalType { content: self.canonical(ty.content), ..ty }
    }

    pub(crate) fn export(&self, name: &str) -> Option<ExportItem> {
        self.exports.get(name).copied()
    }

    /// The contents of a data segment; empty if the bytes do not reach that far.
    pub(crate) fn data(&self, index: DataIdx) -> &[u8] {
        let range = &self.declarations.data[index.index()].range;
        self.bytes().get(range.start as usize..range.end as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name).field("code", &self.code()).finish_non_exhaustive()
    }
}
