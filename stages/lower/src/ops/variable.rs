//! Locals and globals.

use super::rows;
use crate::function::{Lowering, Result};
use abi::types::GlobalIdx;

rows! {
    visit_local_get(local: u32) => local_get(local);
    visit_local_set(local: u32) => local_set(local);
    visit_local_tee(local: u32) => local_tee(local);
    visit_global_get(global: u32) => global_get(GlobalIdx(global));
    visit_global_set(global: u32) => global_set(GlobalIdx(global));
}

impl Lowering<'_, '_> {
    fn local_get(&mut self, local: u32) -> Result {
        let value = self.ssa.get(local);
        self.push(value);
        Ok(())
    }

    fn local_set(&mut self, local: u32) -> Result {
        let value = self.pop();
        self.ssa.set(local, value);
        Ok(())
    }

    fn local_tee(&mut self, local: u32) -> Result {
        let value = self.pop();
        self.ssa.set(local, value);
        self.push(value);
        Ok(())
    }

    fn global_get(&mut self, global: GlobalIdx) -> Result {
        let value = self.env.global_get(global);
        self.push(value);
        Ok(())
    }

    fn global_set(&mut self, global: GlobalIdx) -> Result {
        let value = self.pop();
        self.env.global_set(global, value);
        Ok(())
    }
}
