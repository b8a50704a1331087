//! The alias scopes of lowered IR: what an access touches, as lowering says it and optimization reads it.

/// The name of the domain that the scopes are in.
pub const DOMAIN: &str = "wasm";

/// What an access touches. Regions never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Linear memories, all of them: two indices may name the same memory.
    Memory,
    /// The same in code whose memories other threads may change at any time.
    SharedMemory,
    /// The cells of globals.
    Globals,
    /// Tables, with their definitions and those of memories.
    Tables,
    /// The meter.
    Meter,
}

impl Region {
    /// The name of the region's scope.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::SharedMemory => "shared memory",
            Self::Globals => "globals",
            Self::Tables => "tables",
            Self::Meter => "meter",
        }
    }
}
