//! The `name` section (specification, appendix 7.4).

use super::Module;
use crate::types::FuncIdx;
use std::collections::BTreeMap;
use wasmparser::{BinaryReader, Name, NameSectionReader};

impl Module {
    /// The names of functions, as far as a well-formed `name` section gives them: it is a custom section, so what cannot be
    /// read is left out. `bytes` is the file that the module was decoded from.
    pub fn function_names(&self, bytes: &[u8]) -> BTreeMap<FuncIdx, String> {
        let mut names = BTreeMap::new();
        let Some(range) = &self.name_section else { return names };
        let Some(contents) = bytes.get(range.start as usize..range.end as usize) else { return names };
        for subsection in NameSectionReader::new(BinaryReader::new(contents, range.start)).map_while(Result::ok) {
            if let Name::Function(map) = subsection {
                let known =
                    map.into_iter().map_while(Result::ok).filter(|naming| naming.index < self.functions.len() as u32);
                names.extend(known.map(|naming| (FuncIdx(naming.index), naming.name.to_string())));
            }
        }
        names
    }
}
