//! A module together with its context, as one value that can be stored and sent.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use crate::context::Context;
use crate::module::Module;

/// A module with a context of its own.
///
/// Handles and the module itself are within reach only inside the closures, whose lifetime cannot leave them.
pub struct OwnedModule {
    /// Borrows `context`; never given out with this lifetime.
    module: ManuallyDrop<Module<'static>>,
    /// From a `Box`; freed in `drop`, after the module.
    context: NonNull<Context>,
}

// SAFETY: context and everything in it move together; a context is `Send`, and the module is tied to nothing else.
unsafe impl Send for OwnedModule {}

impl OwnedModule {
    /// A fresh context, and the module that `make` makes in it.
    pub fn new<E>(make: impl for<'c> FnOnce(&'c Context) -> Result<Module<'c>, E>) -> Result<Self, E> {
        let context = NonNull::from(Box::leak(Box::new(Context::new())));
        // SAFETY: the context stays where it is until it is freed here or in `drop`, after the module; as `make` works
        // for any lifetime, it cannot have kept the reference.
        match make(unsafe { context.as_ref() }) {
            Ok(module) => {
                // A module of a leaked context would pass the lifetime's check, but not stay on one thread.
                assert!(std::ptr::eq(module.context(), context.as_ptr()), "the module is of another context");
                Ok(Self { module: ManuallyDrop::new(module), context })
            }
            Err(error) => {
                // SAFETY: from a `Box`, and no longer borrowed: an error of type `E` has no lifetime of the context.
                drop(unsafe { Box::from_raw(context.as_ptr()) });
                Err(error)
            }
        }
    }

    /// Looks at the module.
    pub fn with<R>(&self, look: impl for<'c> FnOnce(&Module<'c>) -> R) -> R {
        look(&self.module)
    }

    /// Works on the module.
    pub fn with_mut<R>(&mut self, work: impl for<'c> FnOnce(&mut Module<'c>) -> R) -> R {
        work(&mut self.module)
    }
}

impl Drop for OwnedModule {
    fn drop(&mut self) {
        // SAFETY: the module goes first, as it borrows the context; both are ours and go once.
        unsafe {
            ManuallyDrop::drop(&mut self.module);
            drop(Box::from_raw(self.context.as_ptr()));
        }
    }
}
