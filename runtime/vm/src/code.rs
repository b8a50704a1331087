//! The native code of a module, mapped.

use crate::linear::Linear;
use abi::container::{Contents, Native, Parts, Save, Tail, Unwinding};
use abi::metering::Metered;
use abi::module::Module;
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, TypeIdx};
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::ptr;
use std::slice;
use std::sync::{Arc, OnceLock};

/// The file that an image is mapped from.
#[derive(Clone, Debug)]
pub struct Backing {
    /// The file, open for reading.
    pub file: Arc<File>,
    /// Where the image begins in it, in bytes.
    pub offset: u64,
}

/// The native code of one module.
pub struct Code {
    base: *const u8,
    text: Range<usize>,
    functions: Vec<u32>,
    tails: Vec<Tail>,
    entries: Vec<u32>,
    hosts: Vec<u32>,
    unwinding: Unwinding,
    metered: Metered,
    contents: Vec<Contents>,
    backing: Option<Backing>,
    /// Where functions and wrappers begin, ascending; made when the first backtrace asks.
    starts: OnceLock<Vec<(u32, Option<DefinedFuncIdx>)>>,
    /// Keeps the image mapped.
    _mapping: Box<dyn Send + Sync>,
}

// SAFETY: the image behind `base` is never written after it was mapped (contract of `Code::new`), and the mapping itself is
// `Send` and `Sync`.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

impl Code {
    /// Takes over a mapped image. `backing` is the file that it is mapped from, if its pages are the file's.
    ///
    /// # Safety
    /// - `base` points to an image that `native` describes: mapped with its text executable, its import slots filled, and all
    ///   offsets of functions and wrappers right;
    /// - the contents of memories lie within the image, and are what the module's data segments leave in memories of its own, within
    ///   their minimal sizes;
    /// - the image stays mapped and unchanged as long as `mapping` lives, and what the file holds in its place is the same;
    /// - the code follows [`abi`] and was compiled from a valid module, and the result is put together with that module's
    ///   declarations only ([`crate::Module::new`]).
    pub unsafe fn new(
        mapping: Box<dyn Send + Sync>,
        base: *const u8,
        backing: Option<Backing>,
        native: Native,
    ) -> Code {
        let Native {
            parts: Parts { text, .. }, functions, tails, entries, hosts, unwinding, metered, contents, ..
        } = native;
        Code {
            base,
            text: base.addr() + text.start as usize..base.addr() + text.end as usize,
            functions,
            tails,
            entries,
            hosts,
            unwinding,
            metered,
            contents,
            backing,
            starts: OnceLock::new(),
            _mapping: mapping,
        }
    }

    /// # Panics
    /// If the numbers of functions and wrappers are not those of the module.
    pub(crate) fn check(&self, module: &Module) {
        assert_eq!(self.functions.len(), module.bodies.len(), "one native function for each body");
        assert_eq!(self.entries.len(), module.types.len(), "one entry wrapper for each type");
        assert_eq!(self.hosts.len(), module.types.len(), "one host wrapper for each type");
    }

    /// What the code keeps track of.
    pub(crate) fn metered(&self) -> Metered {
        self.metered
    }

    /// What memories hold at first; empty if data segments say it.
    pub(crate) fn contents(&self) -> &[Contents] {
        &self.contents
    }

    /// Puts what a memory holds at first into one that is as it was made.
    pub(crate) fn fill(&self, memory: &Linear, contents: &Contents) -> Result<(), TrapCode> {
        let Contents { address, place, .. } = contents;
        if let Some(Backing { file, offset }) = &self.backing {
            let mapped = memory.map(*address, place.len() as u64, file, offset + u64::from(place.start))?;
            if mapped {
                return Ok(());
            }
        }
        // SAFETY: the bytes lie within the image, which stays mapped and unchanged (contract of `new`).
        let bytes = unsafe { slice::from_raw_parts(self.base.add(place.start as usize), place.len()) };
        memory.write(*address, bytes)
    }

    /// The native code of a function.
    pub(crate) fn function(&self, index: DefinedFuncIdx) -> *const u8 {
        self.base.wrapping_add(self.functions[index.index()] as usize)
    }

    /// The tail function of a function; null if it has none.
    pub(crate) fn tail(&self, index: DefinedFuncIdx) -> *const u8 {
        match self.tails.binary_search_by_key(&index, |tail| tail.function) {
            Ok(at) => self.base.wrapping_add(self.tails[at].offset as usize),
            Err(_) => ptr::null(),
        }
    }

    /// The wrapper that calls functions of a type from the host.
    pub(crate) fn entry(&self, ty: TypeIdx) -> *const u8 {
        self.base.wrapping_add(self.entries[ty.index()] as usize)
    }

    /// The wrapper that calls the host as a function of a type.
    pub(crate) fn host(&self, ty: TypeIdx) -> *const u8 {
        self.base.wrapping_add(self.hosts[ty.index()] as usize)
    }

    /// Whether an address lies in the code. Async-signal-safe.
    pub(crate) fn contains(&self, pc: usize) -> bool {
        self.text.contains(&pc)
    }

    /// The function that an address lies in; none for wrappers and addresses outside.
    pub(crate) fn function_at(&self, pc: usize) -> Option<DefinedFuncIdx> {
        let offset = self.offset(pc)?;
        let starts = self.starts.get_or_init(|| self.starts());
        let after = starts.partition_point(|&(start, _)| start <= offset);
        starts[..after].last()?.1
    }

    /// Where the call whose code an address lies in goes on if an exception comes out of it.
    /// Gives the pad and how many bytes of arguments were pushed for the call.
    pub(crate) fn landing_pad(&self, pc: usize) -> Option<(usize, u32)> {
        let offset = self.offset(pc)?;
        let handlers = &self.unwinding.handlers;
        let handler = handlers[..handlers.partition_point(|handler| handler.call.start <= offset)].last()?;
        handler.call.contains(&offset).then(|| (self.base.addr() + handler.pad as usize, handler.pushed))
    }

    /// What the function or wrapper that an address lies in saves for its caller.
    pub(crate) fn saves(&self, pc: usize) -> &[Save] {
        let saves = self.offset(pc).and_then(|offset| {
            let frames = &self.unwinding.frames;
            let frame = frames[..frames.partition_point(|frame| frame.start <= offset)].last()?;
            self.unwinding.saves.get(frame.saves as usize)
        });
        saves.map(Vec::as_slice).unwrap_or_default()
    }

    /// The offset of an address in the image, if it lies in the code.
    fn offset(&self, pc: usize) -> Option<u32> {
        self.contains(pc).then(|| (pc - self.base.addr()) as u32)
    }

    fn starts(&self) -> Vec<(u32, Option<DefinedFuncIdx>)> {
        // What is there beside a tail function only calls it.
        let function = |index| Some(index).filter(|&index| self.tail(index).is_null());
        let functions = self.functions.iter().zip((0..).map(DefinedFuncIdx));
        let functions = functions.map(|(&start, index)| (start, function(index)));
        let tails = self.tails.iter().map(|tail| (tail.offset, Some(tail.function)));
        let wrappers = self.entries.iter().chain(&self.hosts).map(|&start| (start, None));
        let mut starts: Vec<_> = wrappers.chain(functions).chain(tails).collect();
        starts.sort_by_key(|&(start, _)| start);
        starts
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("text", &self.text)
            .field("functions", &self.functions.len())
            .finish_non_exhaustive()
    }
}
