//! Reading a body: what it refers to, and what it says apart from how its module numbers that.

use abi::module::Module;
use abi::types::{DefinedFuncIdx, FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use artifact::{Error, Kind, Stage};
use indexmap::IndexSet;
use std::collections::BTreeSet;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// A body without the numbering of its module.
#[derive(Clone, Debug)]
pub struct Body {
    /// The hash of its instructions, with the functions, types and globals that it refers to numbered in the order in which it
    /// first does. Bodies of one content do the same to what their references stand for.
    pub content: blake3::Hash,
    /// The size in bytes of what that is the hash of. In a module a body may take more or fewer: large numbers are longer.
    pub size: u64,
    /// What it refers to.
    pub references: References,
    /// Whether it makes tail calls.
    pub makes_tail_calls: bool,
    /// Whether it catches exceptions.
    pub catches: bool,
    /// The tables whose elements or length it changes.
    pub changed_tables: BTreeSet<TableIdx>,
}

/// What a body, or a unit, refers to: each thing once, in the order of first mention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The functions that are called by name.
    pub functions: IndexSet<FuncIdx>,
    /// The functions that references are made of.
    pub records: IndexSet<FuncIdx>,
    /// The types that parameters and results are those of.
    pub types: IndexSet<TypeIdx>,
    /// The types that functions are checked to have.
    pub type_ids: IndexSet<TypeIdx>,
    /// The globals.
    pub globals: IndexSet<GlobalIdx>,
    /// The tables.
    pub tables: IndexSet<TableIdx>,
    /// The memories.
    pub memories: IndexSet<MemoryIdx>,
    /// The tags.
    pub tags: IndexSet<TagIdx>,
}

impl Body {
    /// Reads a body.
    ///
    /// # Errors
    /// If it is malformed, which validation rules out.
    pub fn read(bytes: &[u8], module: &Module, function: DefinedFuncIdx) -> Result<Body, Error> {
        let range = module.bodies[function.index()].clone();
        let body = FunctionBody::new(BinaryReader::new(&bytes[range.start as usize..range.end as usize], range.start));
        read(&body).map_err(|error| {
            let error = match error {
                reencode::Error::ParseError(error) => {
                    Error::new(Stage::Validate, Kind::Malformed, error.message()).at(error.offset())
                }
                other => Error::new(Stage::Validate, Kind::Unsupported, other.to_string()).at(range.start),
            };
            error.in_function(module.function(function))
        })
    }
}

fn read(body: &FunctionBody<'_>) -> Result<Body, reencode::Error> {
    let mut renumber = Renumber { references: References::default(), referenced: false };
    let (mut makes_tail_calls, mut catches) = (false, false);
    let mut changed_tables = BTreeSet::new();
    let mut content = renumber.new_function_with_parsed_locals(body)?;
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let operator = reader.read()?;
        match operator {
            Operator::ReturnCall { .. } | Operator::ReturnCallRef { .. } => makes_tail_calls = true,
            Operator::CallIndirect { type_index, .. } => renumber.checks_type(type_index),
            Operator::ReturnCallIndirect { type_index, .. } => {
                makes_tail_calls = true;
                renumber.checks_type(type_index);
            }
            Operator::TryTable { .. } => catches = true,
            Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableFill { table }
            | Operator::TableInit { table, .. }
            | Operator::TableCopy { dst_table: table, .. } => drop(changed_tables.insert(TableIdx(table))),
            // `Operator` is left open to grow: what may not be missed of new ones, the test below tells by their names.
            _ => {}
        }
        renumber.referenced = matches!(operator, Operator::RefFunc { .. });
        content.instruction(&renumber.instruction(operator)?);
    }
    let content = content.into_raw_body();
    let (content, size) = (blake3::hash(&content), content.len() as u64);
    Ok(Body { content, size, references: renumber.references, makes_tail_calls, catches, changed_tables })
}

/// Numbers what code may not depend on the numbers of. Memories, tables, tags and segments keep theirs, which code tells the
/// runtime.
struct Renumber {
    references: References,
    /// Whether the function of the current instruction is referenced, rather than called.
    referenced: bool,
}

impl Renumber {
    fn checks_type(&mut self, index: u32) {
        self.references.type_ids.insert(TypeIdx(index));
    }
}

impl Reencode for Renumber {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        let list = if self.referenced { &mut self.references.records } else { &mut self.references.functions };
        Ok(list.insert_full(FuncIdx(index)).0 as u32)
    }

    fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.references.types.insert_full(TypeIdx(index)).0 as u32)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.references.globals.insert_full(GlobalIdx(index)).0 as u32)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        self.references.tables.insert(TableIdx(index));
        Ok(index)
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        self.references.memories.insert(MemoryIdx(index));
        Ok(index)
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        self.references.tags.insert(TagIdx(index));
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! names {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            [$((stringify!($proposal), stringify!($op))),*]
        };
    }

    /// Operators of proposals that there are modules of, whose names have one of these words in them, sorted.
    fn named(words: &[&str]) -> Vec<&'static str> {
        let all = wasmparser::for_each_operator!(names);
        let meant = all.iter().filter(|(proposal, _)| *proposal != "legacy_exceptions");
        let mut names: Vec<_> =
            meant.map(|(_, name)| *name).filter(|name| words.iter().any(|word| name.contains(word))).collect();
        names.sort_unstable();
        names
    }

    /// What a function's instructions say of it: whether it makes tail calls, and whether it catches.
    fn told(instructions: &str) -> (bool, bool) {
        let body = body(instructions);
        (body.makes_tail_calls, body.catches)
    }

    /// A function of these instructions.
    fn body(instructions: &str) -> Body {
        let text = format!(
            "(module (type $t (func)) (table 1 funcref) (elem declare func $f) (elem $passive func) (func $f (type $t) {instructions}))"
        );
        let bytes = wat::parse_str(text).expect("it is well-formed");
        let code = wasmparser::Parser::new(0).parse_all(&bytes).find_map(|payload| match payload {
            Ok(wasmparser::Payload::CodeSectionEntry(body)) => Some(body),
            _ => None,
        });
        read(&code.expect("there is a function")).expect("it is well-formed")
    }

    /// A new one needs an arm in [`read`], and a line here.
    #[test]
    fn none_that_calls_in_tail_position_or_catches_is_missed() {
        assert_eq!(named(&["ReturnCall", "TailCall"]), ["ReturnCall", "ReturnCallIndirect", "ReturnCallRef"]);
        for call in ["return_call $f", "i32.const 0 return_call_indirect (type $t)", "ref.func $f return_call_ref $t"] {
            assert_eq!(told(call), (true, false), "{call}");
        }
        assert_eq!(named(&["Try", "Catch"]), ["TryTable"]);
        assert_eq!(told("(block (try_table (catch_all 0)))"), (false, true));
        assert_eq!(told("call $f (call_indirect (type $t) (i32.const 0))"), (false, false));
    }

    /// Likewise.
    #[test]
    fn none_that_changes_tables_is_missed() {
        let all = ["TableCopy", "TableFill", "TableGet", "TableGrow", "TableInit", "TableSet", "TableSize"];
        // Atomic ones, which validation refuses, are of tables that threads share.
        let named = named(&["Table"]).into_iter().filter(|name| !name.starts_with("TableAtomic"));
        assert!(named.eq([&["BrTable"], &all[..], &["TryTable"]].concat()));
        let changes = |instructions| body(instructions).changed_tables.contains(&TableIdx(0));
        for change in [
            "(table.copy (i32.const 0) (i32.const 0) (i32.const 0))",
            "(table.fill (i32.const 0) (ref.null func) (i32.const 0))",
            "(drop (table.grow (ref.null func) (i32.const 0)))",
            "(table.init $passive (i32.const 0) (i32.const 0) (i32.const 0))",
            "(table.set (i32.const 0) (ref.null func))",
        ] {
            assert!(changes(change), "{change}");
        }
        assert!(!changes("(drop (table.get (i32.const 0))) (drop (table.size))"));
    }
}
