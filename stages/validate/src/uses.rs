//! What bodies hold that callers, or other functions of the module, must know.

use abi::module::Module;
use abi::types::{DefinedFuncIdx, FuncIdx};
use artifact::{Error, Kind, Stage};
use rayon::prelude::*;
use std::collections::BTreeSet;
use wasmparser::{BinaryReader, FunctionBody, Operator, Result};

/// What the bodies of a module hold, reached or not.
#[derive(Default)]
pub struct Uses {
    /// The functions that make tail calls.
    pub tail_callers: BTreeSet<FuncIdx>,
    /// Whether any function catches exceptions.
    pub catches: bool,
}

#[derive(Clone, Copy, Default)]
struct BodyUses {
    makes_tail_calls: bool,
    catches: bool,
}

impl Uses {
    /// Looks through all bodies.
    ///
    /// # Errors
    /// If a body cannot be read, which validation rules out.
    pub fn of(bytes: &[u8], module: &Module) -> std::result::Result<Uses, Error> {
        let bodies = (0..module.bodies.len() as u32).into_par_iter().map(|index| {
            let function = module.function(DefinedFuncIdx(index));
            let range = module.bodies[index as usize].clone();
            let body = &bytes[range.start as usize..range.end as usize];
            BodyUses::of(body, range.start).map(|uses| (function, uses)).map_err(|error| {
                Error::new(Stage::Validate, Kind::Malformed, error.message()).at(error.offset()).in_function(function)
            })
        });
        let found = bodies.collect::<std::result::Result<Vec<_>, Error>>()?;
        Ok(Uses {
            tail_callers: found
                .iter()
                .filter(|(_, uses)| uses.makes_tail_calls)
                .map(|&(function, _)| function)
                .collect(),
            catches: found.iter().any(|(_, uses)| uses.catches),
        })
    }
}

impl BodyUses {
    fn of(body: &[u8], offset: u64) -> Result<BodyUses> {
        let mut uses = BodyUses::default();
        let mut reader = FunctionBody::new(BinaryReader::new(body, offset)).get_operators_reader()?;
        while !reader.eof() {
            match reader.read()? {
                Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
                    uses.makes_tail_calls = true;
                }
                Operator::TryTable { .. } => uses.catches = true,
                _ => {}
            }
        }
        Ok(uses)
    }
}
