//! Where the code of a single function is.

use crate::observer::Silent;
use crate::record::Record;
use crate::step::with_prepared;
use abi::module::ExportItem;
use abi::symbol::{Local, Whose};
use abi::types::FuncIdx;
use artifact::{BuildDir, Error, Kind, Parsed, Stage, UnitId};
use std::collections::BTreeSet;

/// A function with a body, and where its code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The function.
    pub function: FuncIdx,
    /// Its name, if the module gives one.
    pub name: Option<String>,
    /// The unit that holds it.
    pub unit: UnitId,
    /// Its symbol there: of its tail function if it makes tail calls, which has its code then.
    pub symbol: String,
}

/// Finds a function by its index, or by a name that the name section or an export gives it.
///
/// # Errors
/// If there is no such function, or several, or it is imported; if there is no plan.
pub fn locate(dir: &BuildDir, stage: Stage, wanted: &str) -> Result<Located, Error> {
    let record = Record::look(dir.clone(), stage)?;
    let located = with_prepared(&record, stage, &Silent, |prepared| {
        let (parsed, plan) = (prepared.parsed, prepared.plan);
        let invalid = |message: String| Error::new(stage, Kind::Invalid, message);
        let function = find(parsed, wanted).map_err(invalid)?;
        let name = parsed.names.get(&function).cloned();
        let called = name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let Some(defined) = parsed.module.defined(function) else {
            return Err(invalid(format!("function {function}{called} is imported: its code is not in this module")));
        };
        let Some(unit @ UnitId::Functions(at)) = plan.unit_of(defined) else {
            let message = format!("no unit holds function {function}");
            return Err(Error::new(stage, Kind::Malformed, message).in_file(dir.plan()));
        };
        let whose = Whose::Own(defined.0 - plan.units[at as usize].functions.start);
        let local = Local { whose, tail: plan.tail_callers.contains(&function) };
        Ok(Located { function, name, unit, symbol: local.to_string() })
    })?;
    record.close(stage)?;
    Ok(located)
}

fn find(parsed: &Parsed, wanted: &str) -> Result<FuncIdx, String> {
    let module = &parsed.module;
    let count = module.functions.len();
    if wanted.bytes().all(|byte| byte.is_ascii_digit()) && !wanted.is_empty() {
        return match wanted.parse() {
            Ok(index) if (index as usize) < count => Ok(FuncIdx(index)),
            _ => Err(format!("there is no function {wanted}: the module has {count}")),
        };
    }
    let named = parsed.names.iter().filter(|(_, name)| *name == wanted).map(|(&function, _)| function);
    let exported = module.exports.iter().filter(|export| export.name == wanted);
    let exported = exported.filter_map(|export| match export.item {
        ExportItem::Function(function) => Some(function),
        ExportItem::Table(_) | ExportItem::Memory(_) | ExportItem::Global(_) | ExportItem::Tag(_) => None,
    });
    let found: BTreeSet<FuncIdx> = named.chain(exported).collect();
    match (found.first(), found.len()) {
        (None, _) => Err(format!("no function is called `{wanted}`")),
        (Some(&function), 1) => Ok(function),
        (Some(_), _) => {
            let all = found.iter().map(|function| function.to_string()).collect::<Vec<_>>().join(", ");
            Err(format!("several functions are called `{wanted}`: {all}"))
        }
    }
}
