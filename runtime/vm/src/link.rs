//! Matching what a module imports with what it is given (specification, section 4.5.3 and 3.4 on import matching).

use crate::module::Module;
use crate::store::Data;
use crate::types;
use crate::value::Extern;
use abi::module::{Import, ImportItem};
use abi::types::Limits;
use std::fmt;

/// Why a module cannot be linked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {module:?} {name:?}{}", .detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default())]
pub struct LinkError {
    /// What is wrong.
    pub kind: LinkErrorKind,
    /// The module's name in the import.
    pub module: String,
    /// The item's name in the import.
    pub name: String,
    /// What was asked for and what was given.
    pub detail: Option<String>,
}

/// The kind of a [`LinkError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkErrorKind {
    /// Nothing was given for the import.
    UnknownImport,
    /// What was given is of another type.
    IncompatibleImportType,
}

impl fmt::Display for LinkErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkErrorKind::UnknownImport => "unknown import",
            LinkErrorKind::IncompatibleImportType => "incompatible import type",
        })
    }
}

impl LinkError {
    /// The error for an import that nothing is given for.
    pub fn unknown(import: &Import) -> LinkError {
        LinkError::new(LinkErrorKind::UnknownImport, import, None)
    }

    fn new(kind: LinkErrorKind, import: &Import, detail: Option<String>) -> LinkError {
        LinkError { kind, module: import.module.clone(), name: import.name.clone(), detail }
    }
}

impl Data {
    /// Compares a module's imports with what is given for them, in order.
    ///
    /// # Panics
    /// If more is given than imported, or something of another store.
    pub(crate) fn match_imports(&self, module: &Module, given: &[Extern]) -> Result<(), LinkError> {
        let imports = &module.declarations().imports;
        assert!(given.len() <= imports.len(), "a module is given what it imports");
        for (position, import) in imports.iter().enumerate() {
            let given = *given.get(position).ok_or_else(|| LinkError::unknown(import))?;
            self.match_import(module, import, given)
                .map_err(|detail| LinkError::new(LinkErrorKind::IncompatibleImportType, import, Some(detail)))?;
        }
        Ok(())
    }

    fn match_import(&self, module: &Module, import: &Import, given: Extern) -> Result<(), String> {
        match (import.item, given) {
            (ImportItem::Function(ty), Extern::Func(func)) => {
                // SAFETY: the record is of this store (checked) and lives as long.
                let found = unsafe { (*self.record(func).as_ptr()).type_id };
                let expected = module.type_ids()[ty.index()];
                same(
                    found == expected,
                    || format!("function {}", types::lookup(expected)),
                    || types::lookup(found).to_string(),
                )
            }
            (ImportItem::Table(expected), Extern::Table(table)) => {
                let table = self.table(table);
                let (found, length) = (table.ty(), table.length());
                let expected = module.canonical_table(expected);
                same(
                    found.element == expected.element,
                    || format!("table of {}", expected.element),
                    || found.element.to_string(),
                )?;
                let width = |ty: abi::types::TableType| format!("{}-bit table", if ty.table64 { 64 } else { 32 });
                same(found.table64 == expected.table64, || width(expected), || width(found))?;
                match_limits(expected.limits, length, found.limits.max)
            }
            (ImportItem::Memory(expected), Extern::Memory(memory)) => {
                let memory = self.memory(memory);
                let found = memory.ty();
                let kind = |ty: abi::types::MemoryType| {
                    format!(
                        "{}{}-bit memory",
                        if ty.shared { "shared " } else { "" },
                        if ty.memory64 { 64 } else { 32 }
                    )
                };
                let equal = (found.memory64, found.shared) == (expected.memory64, expected.shared);
                same(equal, || kind(expected), || kind(found))?;
                match_limits(expected.limits, memory.pages(), found.limits.max)
            }
            (ImportItem::Global(expected), Extern::Global(global)) => {
                let (found, expected) = (self.global(global).ty(), module.canonical_global(expected));
                let kind =
                    |ty: abi::types::GlobalType| format!("{}{}", if ty.mutable { "mutable " } else { "" }, ty.content);
                // What can be set must be of the very type; what is only read may be of a subtype.
                let matches = match expected.mutable {
                    true => found == expected,
                    false => !found.mutable && found.content.matches(expected.content),
                };
                same(matches, || format!("global of type {}", kind(expected)), || kind(found))
            }
            (ImportItem::Function(_), _) => Err(format!("expected a function, found a {}", given.kind())),
            (ImportItem::Table(_), _) => Err(format!("expected a table, found a {}", given.kind())),
            (ImportItem::Memory(_), _) => Err(format!("expected a memory, found a {}", given.kind())),
            (ImportItem::Tag(ty), Extern::Tag(tag)) => {
                let (found, expected) = (self.tag(tag).type_id(), module.type_ids()[ty.index()]);
                same(
                    found == expected,
                    || format!("tag {}", types::lookup(expected)),
                    || types::lookup(found).to_string(),
                )
            }
            (ImportItem::Tag(_), _) => Err(format!("expected a tag, found a {}", given.kind())),
            (ImportItem::Global(_), _) => Err(format!("expected a global, found a {}", given.kind())),
        }
    }
}

fn same(equal: bool, expected: impl FnOnce() -> String, found: impl FnOnce() -> String) -> Result<(), String> {
    if equal { Ok(()) } else { Err(format!("expected {}, found {}", expected(), found())) }
}

/// Limits match if the current size is at least the minimum, and the maximum is at most what is asked for.
fn match_limits(expected: Limits, size: u64, max: Option<u64>) -> Result<(), String> {
    if size < expected.min {
        return Err(format!("expected a size of at least {}, found {size}", expected.min));
    }
    match (expected.max, max) {
        (None, _) => Ok(()),
        (Some(expected), Some(max)) if max <= expected => Ok(()),
        (Some(expected), Some(max)) => Err(format!("expected a maximum of at most {expected}, found {max}")),
        (Some(expected), None) => Err(format!("expected a maximum of at most {expected}, found none")),
    }
}
