//! Which functions make tail calls.

use abi::module::Module;
use abi::types::{DefinedFuncIdx, FuncIdx};
use artifact::{Error, Kind, Stage};
use rayon::prelude::*;
use std::collections::BTreeSet;
use wasmparser::{BinaryReader, FunctionBody, Operator, Result};

/// The functions whose bodies hold a tail call, reached or not.
///
/// # Errors
/// If a body cannot be read, which validation rules out.
pub fn callers(bytes: &[u8], module: &Module) -> std::result::Result<BTreeSet<FuncIdx>, Error> {
    let bodies = (0..module.bodies.len() as u32).into_par_iter().map(|index| {
        let function = module.function(DefinedFuncIdx(index));
        let range = module.bodies[index as usize].clone();
        let body = &bytes[range.start as usize..range.end as usize];
        makes_tail_calls(body, range.start).map(|makes| makes.then_some(function)).map_err(|error| {
            Error::new(Stage::Validate, Kind::Malformed, error.message()).at(error.offset()).in_function(function)
        })
    });
    let found = bodies.collect::<std::result::Result<Vec<Option<FuncIdx>>, Error>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn makes_tail_calls(body: &[u8], offset: u64) -> Result<bool> {
    let mut reader = FunctionBody::new(BinaryReader::new(body, offset)).get_operators_reader()?;
    while !reader.eof() {
        if let Operator::ReturnCall { .. } | Operator::ReturnCallIndirect { .. } = reader.read()? {
            return Ok(true);
        }
    }
    Ok(false)
}
