//! Edits of modules, as they happen when a program is edited and built again.

use abi::module::Module;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, Instruction, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, DataSectionReader, Export, ExportSectionReader, FunctionBody, FunctionSectionReader,
    GlobalSectionReader, Operator, Parser, TypeSectionReader,
};

/// An edit. Whatever it is, the module stays valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Nothing changes but what encoders choose, such as the lengths of numbers.
    Nothing,
    /// The largest constant in the body of a function grows by one; functions are counted among those with a body.
    Body(u32),
    /// There is one function more, in front of all others with a body.
    Insert,
    /// The same, of a type that the module did not have, which is its last one.
    InsertOfNewType,
    /// The last export has another name.
    RenameExport,
    /// There is one global more, the last one.
    AddGlobal,
    /// There is one data segment more, the last one.
    AddData,
    /// There is one exported function more, the last one.
    AddExport,
}

/// As many data segments as validators accept (WebAssembly JavaScript interface, implementation limits).
const MAX_DATA_SEGMENTS: usize = 100_000;

/// The name of what is new.
const NEW: &str = "new, by an edit";

/// Edits a valid module; none if there is nothing to edit: no constant, no export, no section to add to, or no room in it.
pub fn edit(bytes: &[u8], edit: Edit) -> Option<Vec<u8>> {
    let module = Module::decode(bytes).expect("the module is valid");
    let mut editor = Editor { edit, next_body: 0, done: edit == Edit::Nothing, module: &module };
    let mut edited = wasm_encoder::Module::new();
    editor.parse_core_module(&mut edited, Parser::new(0), bytes).expect("the module is valid");
    editor.done.then(|| edited.finish())
}

struct Editor<'a> {
    edit: Edit,
    /// The next function with a body.
    next_body: u32,
    /// Whether there was something to edit.
    done: bool,
    module: &'a Module,
}

type Result<T = ()> = std::result::Result<T, Error<Infallible>>;

impl Editor<'_> {
    fn inserts(&self) -> bool {
        matches!(self.edit, Edit::Insert | Edit::InsertOfNewType)
    }

    fn adds_data(&self) -> bool {
        let segments = self.module.data.len();
        self.edit == Edit::AddData && (1..MAX_DATA_SEGMENTS).contains(&segments)
    }

    /// The type of the new function.
    fn new_type(&self) -> Option<u32> {
        match self.edit {
            Edit::InsertOfNewType => Some(self.module.types.len() as u32),
            _ => self.module.functions.get(self.module.imported_functions as usize).map(|ty| ty.0),
        }
    }
}

impl Reencode for Editor<'_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32> {
        let moves = self.inserts() && index >= self.module.imported_functions;
        Ok(index + u32::from(moves))
    }

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Result {
        utils::parse_type_section(self, types, section)?;
        if self.edit == Edit::InsertOfNewType {
            // Nobody has this one.
            types.ty().function([ValType::I64, ValType::F32, ValType::I64, ValType::F64, ValType::F32], []);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result {
        let ty = self.new_type();
        if let Some(ty) = ty.filter(|_| self.inserts()) {
            functions.function(ty);
        }
        utils::parse_function_section(self, functions, section)?;
        if let Some(ty) = ty.filter(|_| self.edit == Edit::AddExport && !self.module.exports.is_empty()) {
            functions.function(ty);
        }
        Ok(())
    }

    fn parse_global_section(&mut self, globals: &mut GlobalSection, section: GlobalSectionReader<'_>) -> Result {
        utils::parse_global_section(self, globals, section)?;
        if self.edit == Edit::AddGlobal {
            let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
            globals.global(ty, &ConstExpr::i32_const(7));
            self.done = true;
        }
        Ok(())
    }

    fn parse_export_section(&mut self, exports: &mut ExportSection, section: ExportSectionReader<'_>) -> Result {
        utils::parse_export_section(self, exports, section)?;
        if self.edit == Edit::AddExport && !self.module.bodies.is_empty() && !self.module.exports.is_empty() {
            exports.export(NEW, ExportKind::Func, self.module.functions.len() as u32);
            self.done = true;
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut ExportSection, export: Export<'_>) -> Result {
        let last = self.module.exports.last().is_some_and(|last| last.name == export.name);
        let rename = self.edit == Edit::RenameExport && last;
        self.done |= rename;
        utils::parse_export(self, exports, Export { name: if rename { NEW } else { export.name }, ..export })
    }

    fn data_count(&mut self, count: u32) -> Result<u32> {
        Ok(count + u32::from(self.adds_data()))
    }

    fn parse_data_section(&mut self, data: &mut DataSection, section: DataSectionReader<'_>) -> Result {
        utils::parse_data_section(self, data, section)?;
        if self.adds_data() {
            data.passive(NEW.bytes());
            self.done = true;
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Result {
        let mut new = Function::new([]);
        new.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
        if self.inserts() && !self.module.bodies.is_empty() {
            code.function(&new);
            self.done = true;
        }
        utils::parse_code_section(self, code, section)?;
        if self.edit == Edit::AddExport && !self.module.exports.is_empty() && !self.module.bodies.is_empty() {
            code.function(&new);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result {
        let function = self.next_body;
        self.next_body += 1;
        if self.edit != Edit::Body(function) {
            return utils::parse_function_body(self, code, body);
        }
        let operators = body.get_operators_reader()?.into_iter().collect::<wasmparser::Result<Vec<_>>>()?;
        let constant = |operator: &Operator<'_>| match *operator {
            Operator::I32Const { value } => Some(i64::from(value)),
            Operator::I64Const { value } => Some(value),
            _ => None,
        };
        let constants = operators.iter().enumerate().filter_map(|(at, operator)| Some((constant(operator)?, at)));
        let largest = constants.max().map(|(_, at)| at);
        self.done = largest.is_some();
        let mut edited = self.new_function_with_parsed_locals(&body)?;
        for (at, operator) in operators.into_iter().enumerate() {
            let operator = match operator {
                Operator::I32Const { value } if largest == Some(at) => {
                    Operator::I32Const { value: value.wrapping_add(1) }
                }
                Operator::I64Const { value } if largest == Some(at) => {
                    Operator::I64Const { value: value.wrapping_add(1) }
                }
                other => other,
            };
            edited.instruction(&self.instruction(operator)?);
        }
        code.function(&edited);
        Ok(())
    }
}
