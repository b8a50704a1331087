//! The instance context (`vmctx`) and the structures it leads to.
//!
//! A context is one block of memory: a [`Header`], then parts whose places follow from the module alone, so that native code
//! knows every offset when it is compiled. The most used parts come first, where offsets are short; behind that, what an edit of a
//! program seldom adds to comes before what it often does, so that most offsets stay, and with them code. In order ([`ORDER`]):
//!
//! 1. for each memory a [`MemorySlot`];
//! 2. for each table that the module defines a [`TableDefinition`];
//! 3. for each global that the module defines a 16-byte cell with its value;
//! 4. for each imported global a pointer to its cell;
//! 5. for each imported table a pointer to its [`TableDefinition`];
//! 6. for each imported function a [`FuncRecord`];
//! 7. for each tag a pointer to its [`Tag`];
//! 8. for each type its canonical id, a `u32`;
//! 9. for each other function that escapes ([`Module::escaping`]) a [`FuncRecord`].
//!
//! Contexts are aligned to 16 bytes and never move.

use crate::libcall::LibcallTable;
use crate::module::Module;
use crate::types::{FuncIdx, GlobalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};

/// A field of a structure: its place and size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Distance from the start of the structure.
    pub offset: u32,
    /// Size.
    pub size: u32,
}

/// A structure as it appears in the ABI's description.
pub struct Description {
    /// The structure's name.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: u32,
    /// Its fields by name.
    pub fields: &'static [(&'static str, Field)],
}

macro_rules! layouts {
    ($($(#[$meta:meta])* $name:ident, $fields:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug)]
            #[repr(C)]
            pub struct $name {
                $($(#[$field_meta])* pub $field: $ty,)*
            }

            #[doc = concat!("The places of the fields of [`", stringify!($name), "`].")]
            pub struct $fields {
                $($(#[$field_meta])* pub $field: Field,)*
            }

            impl $name {
                /// The places of the fields.
                pub const FIELDS: $fields = $fields {
                    $($field: Field {
                        offset: std::mem::offset_of!($name, $field) as u32,
                        size: size_of::<$ty>() as u32,
                    },)*
                };
                /// The size in bytes.
                pub const SIZE: u32 = size_of::<$name>() as u32;
            }
        )*

        /// All structures of the ABI.
        pub const DESCRIPTIONS: &[Description] = &[$(Description {
            name: stringify!($name),
            size: $name::SIZE,
            fields: &[$((stringify!($field), $name::FIELDS.$field)),*],
        }),*];
    };
}

layouts! {
    /// The start of every context, of instances and of host functions alike.
    Header, HeaderFields {
        /// [`INSTANCE_MAGIC`] or [`HOST_MAGIC`].
        magic: u64,
        /// The libcalls. Never changes.
        libcalls: *const LibcallTable,
        /// The runtime's own; native code leaves it alone.
        runtime: *mut u8,
        /// Slots for arguments of tail functions that find no register (see [`crate::signature`]), as many as a function can
        /// have parameters. One for all contexts of a store. Never changes.
        tail_arguments: *mut u8,
        /// What code is charged. One for all contexts of a store. Never changes.
        meter: *mut Meter,
        /// A byte that interruptible code reads now and then, and cannot read once it shall stop ([`crate::metering`]). One for all
        /// contexts of a store. Never changes. Null if the code is not interruptible.
        poll: *const u8,
    }

    /// What the code of a store has left and has done ([`crate::metering`]). Code may hold both in registers while nothing can look
    /// at them.
    Meter, MeterFields {
        /// The gas that is left.
        gas: u64,
        /// The instructions that were executed, modulo 2^64.
        instructions: u64,
    }

    /// A memory as seen from one context.
    MemorySlot, MemorySlotFields {
        /// The address of byte 0. Never changes: a memory grows in place.
        base: *mut u8,
        /// The memory itself. Never changes.
        definition: *mut MemoryDefinition,
    }

    /// A memory.
    MemoryDefinition, MemoryDefinitionFields {
        /// The address of byte 0.
        base: *mut u8,
        /// The current size in bytes. It never shrinks; of a shared memory, any thread may raise it, so it is read atomically.
        bytes: u64,
    }

    /// A table. Each element is a word ([`crate::types::Hierarchy`]); zero is null.
    TableDefinition, TableDefinitionFields {
        /// The address of element 0. Changes when the table grows.
        elements: *mut *mut u8,
        /// The current number of elements.
        length: u64,
    }

    /// A function as a value: what a function reference points to.
    FuncRecord, FuncRecordFields {
        /// The native code (see [`crate::signature`]).
        code: *const u8,
        /// The context that `code` is called with.
        context: *mut Header,
        /// The entry wrapper of the function's type.
        entry: *const u8,
        /// The canonical id of the function's type: equal for equal types throughout the process.
        type_id: u32,
        /// Makes the place of the next field explicit; zero.
        reserved: u32,
        /// The tail function; null if there is none: of a native function that makes no tail calls (see [`crate::signature`]).
        tail: *const u8,
    }

    /// A tag. Where it lies is what it is: two tags are the same if their addresses are.
    Tag, TagFields {
        /// The canonical id of its type.
        type_id: u32,
        /// The runtime's own; native code leaves it alone.
        index: u32,
    }

    /// An exception: what a reference to one points to.
    Exception, ExceptionFields {
        /// Its tag. Never changes.
        tag: *const Tag,
        /// What it carries: a slot for each parameter of the tag's type (see [`crate::signature`]). Never changes.
        slots: *mut u8,
    }
}

/// [`Header::magic`] of an instance's context.
pub const INSTANCE_MAGIC: u64 = u64::from_le_bytes(*b"instance");
/// [`Header::magic`] of a host function's context.
pub const HOST_MAGIC: u64 = u64::from_le_bytes(*b"hostfunc");

/// Size and alignment of a global's cell, in bytes.
pub const GLOBAL_SIZE: u32 = 16;
/// Size of a table's element, in bytes.
pub const ELEMENT_SIZE: u32 = 8;
/// Size of a WebAssembly page, in bytes.
pub const PAGE_SIZE: u64 = 65536;
/// Bytes of address space behind the base of a 32-bit memory: what a 32-bit address plus a 32-bit offset plus the widest
/// access can reach, rounded up to a page. Everything past the current size faults.
pub const MEMORY_RESERVATION: u64 = (1 << 33) + PAGE_SIZE;
/// Bytes of address space behind what a 64-bit memory may grow to. All of them fault, so an offset below it, less the widest
/// access, needs no check where the address itself has had one.
pub const MEMORY_GUARD: u64 = 1 << 32;
/// The most elements that a table can have.
pub const MAX_TABLE_LENGTH: u64 = 10_000_000;

/// The order of the parts, for the fingerprint.
pub const ORDER: &str = "header memories own-tables own-globals imported-globals imported-tables imported-functions tags types \
                         escaping-functions";

/// Where a context holds a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The thing itself lies at this offset.
    Inline(u32),
    /// A pointer to it lies at this offset. The pointer never changes.
    Indirect(u32),
}

/// The offsets of everything in the contexts of one module, in bytes.
#[derive(Clone, Debug)]
pub struct Layout {
    imported_globals: u32,
    imported_tables: u32,
    memories_at: u32,
    own_globals_at: u32,
    own_tables_at: u32,
    imported_globals_at: u32,
    imported_tables_at: u32,
    records: Vec<Option<u32>>,
    tags_at: u32,
    types_at: u32,
    size: u32,
}

impl Layout {
    /// The layout of a module's contexts.
    pub fn new(module: &Module) -> Layout {
        let imported_globals = module.imported_globals;
        let imported_tables = module.imported_tables;
        let mut end = Header::SIZE;
        let mut part = |count: u32, size: u32, align: u32| {
            let at = end.next_multiple_of(align);
            end = at + count * size;
            at
        };
        let memories_at = part(module.memories.len() as u32, MemorySlot::SIZE, 8);
        let own_tables_at = part(module.tables.len() as u32 - imported_tables, TableDefinition::SIZE, 8);
        let own_globals_at = part(module.globals.len() as u32 - imported_globals, GLOBAL_SIZE, 16);
        let imported_globals_at = part(imported_globals, 8, 8);
        let imported_tables_at = part(imported_tables, 8, 8);
        let mut records = vec![None; module.functions.len()];
        for imported in &mut records[..module.imported_functions as usize] {
            *imported = Some(part(1, FuncRecord::SIZE, 8));
        }
        let tags_at = part(module.tags.len() as u32, 8, 8);
        let types_at = part(module.types.len() as u32, 4, 4);
        for function in module.escaping() {
            records[function.index()].get_or_insert_with(|| part(1, FuncRecord::SIZE, 8));
        }
        let size = part(0, 0, 16);
        Layout {
            imported_globals,
            imported_tables,
            memories_at,
            own_globals_at,
            own_tables_at,
            imported_globals_at,
            imported_tables_at,
            records,
            tags_at,
            types_at,
            size,
        }
    }

    /// The size of a context.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The [`MemorySlot`] of a memory.
    pub fn memory(&self, index: MemoryIdx) -> u32 {
        self.memories_at + index.0 * MemorySlot::SIZE
    }

    /// The cell of a global.
    pub fn global(&self, index: GlobalIdx) -> Place {
        match index.0.checked_sub(self.imported_globals) {
            None => Place::Indirect(self.imported_globals_at + index.0 * 8),
            Some(own) => Place::Inline(self.own_globals_at + own * GLOBAL_SIZE),
        }
    }

    /// The [`TableDefinition`] of a table.
    pub fn table(&self, index: TableIdx) -> Place {
        match index.0.checked_sub(self.imported_tables) {
            None => Place::Indirect(self.imported_tables_at + index.0 * 8),
            Some(own) => Place::Inline(self.own_tables_at + own * TableDefinition::SIZE),
        }
    }

    /// The [`FuncRecord`] of a function, if it has one: imported and escaping functions do.
    pub fn record(&self, index: FuncIdx) -> Option<u32> {
        self.records[index.index()]
    }

    /// The pointer to the [`Tag`] of a tag.
    pub fn tag(&self, index: TagIdx) -> u32 {
        self.tags_at + index.0 * 8
    }

    /// The canonical id of a type.
    pub fn type_id(&self, index: TypeIdx) -> u32 {
        self.types_at + index.0 * 4
    }
}
