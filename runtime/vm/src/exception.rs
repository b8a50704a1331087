//! Tags and exceptions (specification, section 4.2.15 and 4.2.16).
//!
//! An exception is made when it is thrown and lives on the heap, at an address that its references are. Guest code holds
//! references in registers, on its stack, in tables, globals and other exceptions, and counts none of them; what nobody refers
//! to any more is found by looking (mark and sweep), each time that there are twice as many exceptions as were left the last
//! time. Where types are known, they are followed. A stack is searched word by word: what looks like a reference counts as one, and
//! so does an address in what an exception carries, since optimized code may have no other left of one that it has yet to read.
//! What is found to be free is kept for the next exceptions with its tag, so that a program which throws often asks for memory
//! seldom.

use crate::store::{Data, Store};
use crate::trap::Trap;
use crate::types;
use crate::value::{ExnRef, Slot, Tag, Value};
use abi::layout;
use abi::trap::TrapCode;
use abi::types::{FuncType, Hierarchy, ValType};
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many exceptions may be there before any are looked for that are not needed.
const FEW: usize = 1024;
/// For so many words that a search has looked at, one more exception may be made before the next: in a program that throws
/// below a deep stack, searches take their time, but not more than throwing does.
const WORDS_FOR_EACH: usize = 16;

/// A tag that a store owns.
pub(crate) struct TagData {
    ty: &'static FuncType,
    /// Owned; its address is the tag's identity.
    definition: NonNull<layout::Tag>,
}

impl TagData {
    pub(crate) fn new(type_id: u32, index: u32) -> TagData {
        let ty = types::lookup(type_id);
        TagData { ty, definition: NonNull::from(Box::leak(Box::new(layout::Tag { type_id, index }))) }
    }

    pub(crate) fn definition(&self) -> NonNull<layout::Tag> {
        self.definition
    }

    pub(crate) fn ty(&self) -> &'static FuncType {
        self.ty
    }

    pub(crate) fn type_id(&self) -> u32 {
        // SAFETY: the definition is ours and never changes.
        unsafe { self.definition.as_ref().type_id }
    }
}

impl Drop for TagData {
    fn drop(&mut self) {
        // SAFETY: it came from a box in `new` and is freed once, with the whole store.
        drop(unsafe { Box::from_raw(self.definition.as_ptr()) });
    }
}

/// An exception. What native code knows of it comes first.
#[repr(C)]
pub(crate) struct ExceptionData {
    header: layout::Exception,
    slots: Box<[UnsafeCell<Slot>]>,
    ty: &'static FuncType,
    /// The host has seen a reference to it, which may be anywhere by now.
    is_held: AtomicBool,
    is_marked: AtomicBool,
}

// SAFETY: slots are written by the code that throws, right after it has made the exception, and only read from then on, both
// with the store borrowed mutably. The tag that the header points to is looked at with the store at hand only.
unsafe impl Send for ExceptionData {}
// SAFETY: as above.
unsafe impl Sync for ExceptionData {}

impl ExceptionData {
    fn new(tag: &TagData) -> ExceptionData {
        let mut slots: Box<[UnsafeCell<Slot>]> = tag.ty.params.iter().map(|_| UnsafeCell::new(Slot::ZERO)).collect();
        let header = layout::Exception { tag: tag.definition().as_ptr(), slots: slots.as_mut_ptr().cast() };
        let is = AtomicBool::new;
        ExceptionData { header, slots, ty: tag.ty, is_held: is(false), is_marked: is(false) }
    }

    /// Makes it what a new one with its tag is. Nobody has held it.
    fn clear(&mut self) {
        self.slots.fill_with(|| UnsafeCell::new(Slot::ZERO));
        self.header.slots = self.slots.as_mut_ptr().cast();
    }

    fn slot(&self, index: usize) -> Slot {
        // SAFETY: nobody writes to the slot (see above); all its bytes are initialized.
        unsafe { self.slots[index].get().read() }
    }

    /// The references to exceptions that it carries.
    fn references(&self) -> impl Iterator<Item = usize> {
        let params = self.ty.params.iter().enumerate().filter(|(_, ty)| is_exception(**ty));
        params.map(|(index, _)| self.slot(index).word().addr())
    }
}

fn is_exception(ty: ValType) -> bool {
    ty.reference().is_some_and(|ty| ty.hierarchy() == Hierarchy::Exn)
}

/// Hashes addresses that this process has chosen: nobody needs to be kept from finding some with equal hashes.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write_usize(&mut self, address: usize) {
        // Both ends of a hash are looked at; of a product, each half has one that depends on all of the address.
        let product = u128::from(address as u64) * 0x9E37_79B9_7F4A_7C15;
        self.0 = product as u64 ^ (product >> u64::BITS) as u64;
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("addresses are numbers");
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Where exceptions have what they carry: where it begins, where it ends, and the exception's address; sorted.
struct Contents(Vec<(usize, usize, usize)>);

impl Contents {
    fn of<'a>(exceptions: impl Iterator<Item = (&'a usize, &'a Arc<ExceptionData>)>) -> Contents {
        let place = |(&address, exception): (&usize, &Arc<ExceptionData>)| {
            let slots = exception.slots.as_ptr_range();
            (slots.start.addr(), slots.end.addr(), address)
        };
        let mut places: Vec<_> = exceptions.map(place).filter(|(start, end, _)| start < end).collect();
        places.sort_unstable();
        Contents(places)
    }

    /// The exception that carries what lies at an address; the address itself, if there is none.
    fn owner(&self, address: usize) -> usize {
        let after = self.0.partition_point(|&(start, ..)| start <= address);
        match after.checked_sub(1).map(|last| self.0[last]) {
            Some((_, end, exception)) if address < end => exception,
            _ => address,
        }
    }
}

/// The exceptions of a store.
pub(crate) struct Exceptions {
    /// By address.
    live: HashMap<usize, Arc<ExceptionData>, BuildHasherDefault<AddressHasher>>,
    /// By the index of their tag: what can be used for new exceptions, and is known to nobody. Not more than [`FEW`].
    spare: Vec<Vec<Arc<ExceptionData>>>,
    /// How many there may be before the next search.
    limit: usize,
}

impl Default for Exceptions {
    fn default() -> Exceptions {
        Exceptions { live: HashMap::default(), spare: Vec::new(), limit: FEW }
    }
}

impl Exceptions {
    pub(crate) fn contains(&self, address: usize) -> bool {
        self.live.contains_key(&address)
    }

    /// What a reference leads to; none if it is null or no reference.
    pub(crate) fn get(&self, address: usize) -> Option<&Arc<ExceptionData>> {
        self.live.get(&address)
    }

    /// The host gets to see a reference.
    pub(crate) fn hold(&self, address: usize) {
        if let Some(exception) = self.get(address) {
            exception.is_held.store(true, Ordering::Relaxed);
        }
    }

    /// Marks what words refer to, and what that refers to. Gives how many words those were.
    fn mark(&self, words: impl IntoIterator<Item = usize>) -> usize {
        let mut count = 0;
        let words = words.into_iter().inspect(|_| count += 1);
        let mut waiting: Vec<usize> = words.filter(|word| self.contains(*word)).collect();
        while let Some(exception) = waiting.pop().and_then(|address| self.get(address)) {
            if !exception.is_marked.swap(true, Ordering::Relaxed) {
                waiting.extend(exception.references().filter(|address| self.contains(*address)));
            }
        }
        count
    }

    /// Frees what is not marked, and takes the marks away. To find the marks, so many words were looked at.
    fn sweep(&mut self, words: usize) {
        let mut spare: usize = self.spare.iter().map(Vec::len).sum();
        let free = self.live.extract_if(|_, exception| !exception.is_marked.swap(false, Ordering::Relaxed));
        for (_, exception) in free {
            if spare < FEW {
                spare += 1;
                // SAFETY: tags live as long as the store does, and so as its exceptions in here.
                let tag = unsafe { (*exception.header.tag).index } as usize;
                if self.spare.len() <= tag {
                    self.spare.resize_with(tag + 1, Vec::new);
                }
                self.spare[tag].push(exception);
            }
        }
        self.limit = self.live.len() + FEW.max(self.live.len()).max(words / WORDS_FOR_EACH);
    }
}

/// An exception that was thrown and that no guest code has caught yet. Only code of the store that it belongs to can: out of a
/// host function that is called by another store's code, it ends that code like any error of the host.
#[derive(Clone)]
pub struct Exception(pub(crate) Arc<ExceptionData>);

impl Exception {
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).expose_provenance()
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exception of type {}", self.0.ty)
    }
}

impl Data {
    pub(crate) fn new_tag(&mut self, type_id: u32) -> Tag {
        let index = u32::try_from(self.tags.len()).expect("a store holds fewer than 2^32 tags");
        self.add_tag(TagData::new(type_id, index))
    }

    /// Makes an exception whose slots hold zeros. `roots` are words in use besides those that the store knows of.
    pub(crate) fn new_exception(&mut self, tag: Tag, roots: &[u64]) -> NonNull<layout::Exception> {
        if self.exceptions.live.len() >= self.exceptions.limit {
            self.free_exceptions(roots);
        }
        let spare = self.exceptions.spare.get_mut(tag.index as usize).and_then(Vec::pop);
        let exception = match spare {
            Some(mut exception) => {
                Arc::get_mut(&mut exception).expect("nobody else has it").clear();
                exception
            }
            None => Arc::new(ExceptionData::new(self.tag(tag))),
        };
        let address = Arc::as_ptr(&exception).cast_mut();
        self.exceptions.live.insert(address.expose_provenance(), exception);
        NonNull::new(address.cast()).expect("what is allocated is not null")
    }

    /// Frees exceptions that nobody refers to.
    fn free_exceptions(&mut self, roots: &[u64]) {
        let exceptions = &self.exceptions;
        let held = |(&address, exception): (&usize, &Arc<ExceptionData>)| {
            let is_held = exception.is_held.load(Ordering::Relaxed) || Arc::strong_count(exception) > 1;
            is_held.then_some(address)
        };
        let mut words = exceptions.mark(exceptions.live.iter().filter_map(held));
        words += exceptions.mark(
            self.tables.iter().filter(|table| is_exception(ValType::Ref(table.ty().element))).flat_map(|table| {
                let start = table.range(0, table.length()).expect("all elements lie in the table");
                // SAFETY: the elements lie in the table; nobody else uses them while the store's data are borrowed.
                (0..table.length() as usize).map(move |index| unsafe { start.add(index).read() }.addr())
            }),
        );
        words +=
            exceptions.mark(self.globals.iter().filter(|global| is_exception(global.ty().content)).map(|global| {
                // SAFETY: cells live as long as the store, and no reference to them exists.
                unsafe { global.cell().read() }.word().addr()
            }));
        words += exceptions.mark(roots.iter().chain(&self.frames.words[..self.frames.top]).map(|&word| word as usize));
        let contents = Contents::of(exceptions.live.iter());
        // SAFETY: the runtime lives as long as its store; guest code is suspended or not running.
        let suspended = unsafe { crate::activation::suspended_words(self.runtime.as_ptr()) };
        words += exceptions.mark(suspended.into_iter().map(|word| contents.owner(word)));
        self.exceptions.sweep(words);
    }

    /// What ends a call that throws the exception which a word refers to.
    pub(crate) fn thrown(&self, word: usize) -> Result<Trap, TrapCode> {
        match self.exceptions.get(word) {
            Some(exception) => Ok(Trap::from(Exception(exception.clone()))),
            None if word == 0 => Err(TrapCode::NullExceptionReference),
            None => panic!("what is thrown is an exception of this store"),
        }
    }

    /// Whether an exception has a tag.
    fn has_tag(&self, exception: &ExceptionData, tag: Tag) -> bool {
        ptr::eq(exception.header.tag, self.tag(tag).definition().as_ptr())
    }

    /// What an exception carries, if a word refers to one with a tag.
    pub(crate) fn carried(&self, word: usize, tag: Tag) -> Option<Vec<Slot>> {
        let exception = self.exceptions.get(word).filter(|exception| self.has_tag(exception, tag))?;
        Some((0..exception.slots.len()).map(|index| exception.slot(index)).collect())
    }

    /// Makes an exception that carries what slots hold: values of the types that the tag says.
    pub(crate) fn new_exception_with(&mut self, tag: Tag, slots: &[Slot], roots: &[u64]) -> NonNull<layout::Exception> {
        let address = self.new_exception(tag, roots);
        let exception = self.exceptions.get(address.as_ptr().addr()).expect("it was just made");
        for (cell, &slot) in exception.slots.iter().zip(slots) {
            // SAFETY: nobody else knows the exception yet.
            unsafe { cell.get().write(slot) };
        }
        address
    }
}

impl Store {
    /// Makes a tag. What exceptions with it carry are the parameters of the type; it has no results.
    ///
    /// # Panics
    /// If the type has results.
    pub fn new_tag(&mut self, ty: &FuncType) -> Tag {
        assert!(ty.results.is_empty(), "a tag's type has no results");
        let type_id = types::intern(ty);
        self.data_mut().new_tag(type_id)
    }

    /// A tag's type.
    pub fn tag_type(&self, tag: Tag) -> &FuncType {
        self.data().tag(tag).ty()
    }

    /// Makes an exception, which lives as long as the store. A host function throws it by failing with [`Store::thrown`].
    ///
    /// # Panics
    /// If the values do not match the tag's type.
    pub fn new_exception(&mut self, tag: Tag, values: &[Value]) -> ExnRef {
        let params = &self.data().tag(tag).ty().params;
        let fit =
            values.len() == params.len() && values.iter().zip(params).all(|(&value, &ty)| self.matches(value, ty));
        assert!(fit, "the values are of the types that the tag says");
        let slots: Vec<Slot> = values.iter().map(|&value| self.slot(value)).collect();
        let data = self.data_mut();
        let address = data.new_exception_with(tag, &slots, &[]);
        data.exceptions.hold(address.as_ptr().addr());
        ExnRef { store: data.id, exception: address }
    }

    /// The tag of an exception.
    pub fn exception_tag(&self, reference: ExnRef) -> Tag {
        let data = self.data();
        // SAFETY: the exception is of this store (checked), was seen by the host and hence lives as long; so do tags.
        let index = unsafe { (*(*data.exception(reference).as_ptr()).tag).index };
        Tag { store: data.id, index }
    }

    /// What an exception carries.
    pub fn exception_values(&self, reference: ExnRef) -> Vec<Value> {
        let data = self.data();
        let exception = data.exceptions.get(data.exception(reference).as_ptr().addr());
        let exception = exception.expect("what the host has seen lives as long as the store");
        let values = exception.ty.params.iter().enumerate();
        // SAFETY: the slots hold values of the tag's type: whoever makes an exception sees to that.
        values.map(|(index, &ty)| unsafe { data.trusted_value(ty, &exception.slot(index)) }).collect()
    }

    /// How many exceptions there are, as far as they are not known to be needed by nobody.
    pub fn exception_count(&self) -> usize {
        self.data().exceptions.live.len()
    }

    /// The exception that ended a call, as a value; it lives as long as the store from here on.
    ///
    /// # Panics
    /// If it is of another store.
    pub fn exception(&self, exception: &Exception) -> ExnRef {
        let data = self.data();
        let address = exception.address();
        assert!(data.exceptions.contains(address), "an exception is used with the store that it belongs to");
        data.exceptions.hold(address);
        let pointer = ptr::with_exposed_provenance_mut(address);
        ExnRef { store: data.id, exception: NonNull::new(pointer).expect("exceptions are not null") }
    }

    /// What throws an exception: a host function that fails with this as its error does.
    pub fn thrown(&self, reference: ExnRef) -> Trap {
        let data = self.data();
        data.thrown(data.exception(reference).as_ptr().addr()).expect("a handle is not null")
    }
}
