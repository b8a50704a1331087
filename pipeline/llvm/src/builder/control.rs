//! Control: branches, returns, phis, calls.

use llvm_sys::core::*;

use super::{Builder, UNNAMED};
use crate::block::BasicBlock;
use crate::function::Function;
use crate::instruction::{Call, Phi, Switch};
use crate::types::{FunctionType, Type};
use crate::value::Value;

/// One of LLVM's intrinsics, found once by name and declared in each module with [`crate::Module::intrinsic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intrinsic(u32);

impl Intrinsic {
    /// The intrinsic `name`, without the suffix that says its types: `llvm.fptosi.sat`.
    pub fn find(name: &str) -> Option<Self> {
        // SAFETY: LLVM reads as many bytes as it is told.
        match unsafe { LLVMLookupIntrinsicID(name.as_ptr().cast(), name.len()) } {
            0 => None,
            id => Some(Self(id)),
        }
    }

    pub(crate) fn id(self) -> u32 {
        self.0
    }
}

impl<'c> Builder<'c> {
    /// Goes to `to`.
    pub fn br(&self, to: BasicBlock<'c>) -> Value<'c> {
        // SAFETY: builder and block are alive.
        unsafe { Value::from_raw(LLVMBuildBr(self.raw(), to.raw())) }
    }

    /// Goes to `then` if `condition` (an `i1`), else to `otherwise`.
    pub fn cond_br(&self, condition: Value<'c>, then: BasicBlock<'c>, otherwise: BasicBlock<'c>) -> Value<'c> {
        debug_assert_eq!(condition.ty(), self.context().i1(), "condition of cond_br");
        // SAFETY: builder, condition and blocks are alive.
        unsafe { Value::from_raw(LLVMBuildCondBr(self.raw(), condition.raw(), then.raw(), otherwise.raw())) }
    }

    /// Goes to the case that equals `on`, else to `default`. Room is made for `cases` cases; more may be added.
    pub fn switch(&self, on: Value<'c>, default: BasicBlock<'c>, cases: u32) -> Switch<'c> {
        debug_assert!(on.ty().is_int(), "switch on {on:?}");
        // SAFETY: builder, value and block are alive; what is built is a switch.
        unsafe { Switch::from_value(Value::from_raw(LLVMBuildSwitch(self.raw(), on.raw(), default.raw(), cases))) }
    }

    /// Returns `value`.
    pub fn ret(&self, value: Value<'c>) -> Value<'c> {
        // SAFETY: builder and value are alive.
        unsafe { Value::from_raw(LLVMBuildRet(self.raw(), value.raw())) }
    }

    /// Returns nothing.
    pub fn ret_void(&self) -> Value<'c> {
        // SAFETY: the builder is alive.
        unsafe { Value::from_raw(LLVMBuildRetVoid(self.raw())) }
    }

    /// Ends a block that control never leaves.
    pub fn unreachable(&self) -> Value<'c> {
        // SAFETY: the builder is alive.
        unsafe { Value::from_raw(LLVMBuildUnreachable(self.raw())) }
    }

    /// A phi without edges yet. Phis come first in their block.
    pub fn phi(&self, ty: Type<'c>) -> Phi<'c> {
        // SAFETY: builder and type are alive; what is built is a phi.
        unsafe { Phi::from_value(Value::from_raw(LLVMBuildPhi(self.raw(), ty.raw(), UNNAMED))) }
    }

    /// Calls `callee` (a function or a pointer) with the C convention; set another one on the result.
    pub fn call(&self, ty: FunctionType<'c>, callee: impl Into<Value<'c>>, args: &[Value<'c>]) -> Call<'c> {
        let callee = callee.into();
        debug_assert!(callee.ty().is_pointer() && accepts(ty, args), "call of {callee:?} as {ty:?} with {args:?}");
        // SAFETY: builder, type and operands are alive; `Value` is transparent over its reference, LLVM does not write
        // to the slice, and what is built is a call.
        unsafe {
            Call::from_value(Value::from_raw(LLVMBuildCall2(
                self.raw(),
                ty.raw(),
                callee.raw(),
                args.as_ptr().cast_mut().cast(),
                args.len() as u32,
                UNNAMED,
            )))
        }
    }

    /// Calls `callee` as [`Builder::call`] does and goes to `next`, or to the landing pad `unwind` if an exception comes.
    pub fn invoke(
        &self,
        ty: FunctionType<'c>,
        callee: impl Into<Value<'c>>,
        args: &[Value<'c>],
        next: BasicBlock<'c>,
        unwind: BasicBlock<'c>,
    ) -> Call<'c> {
        let callee = callee.into();
        debug_assert!(callee.ty().is_pointer() && accepts(ty, args), "invoke of {callee:?} as {ty:?} with {args:?}");
        // SAFETY: builder, type, operands and blocks are alive; `Value` is transparent over its reference, LLVM does not write
        // to the slice, and what is built is an invoke, which is changed as a call is.
        unsafe {
            Call::from_value(Value::from_raw(LLVMBuildInvoke2(
                self.raw(),
                ty.raw(),
                callee.raw(),
                args.as_ptr().cast_mut().cast(),
                args.len() as u32,
                next.raw(),
                unwind.raw(),
                UNNAMED,
            )))
        }
    }

    /// Begins a landing pad that catches every exception. Comes first in its block, behind phis. `ty` is what the function's
    /// personality gives: a structure of a pointer and an `i32`.
    pub fn landing_pad(&self, ty: Type<'c>) -> Value<'c> {
        // SAFETY: builder and type are alive; without a personality LLVM leaves the function's own; a clause of null catches all.
        unsafe {
            let pad = LLVMBuildLandingPad(self.raw(), ty.raw(), std::ptr::null_mut(), 1, UNNAMED);
            LLVMAddClause(pad, self.context().ptr().null().raw());
            Value::from_raw(pad)
        }
    }

    /// Calls `function` with its own type and calling convention.
    pub fn call_function(&self, function: Function<'c>, args: &[Value<'c>]) -> Call<'c> {
        let call = self.call(function.function_type(), function, args);
        // SAFETY: one is a function, the other a call; any convention of a function is one of calls.
        unsafe {
            LLVMSetInstructionCallConv(call.raw(), LLVMGetFunctionCallConv(function.raw()));
        }
        call
    }

    /// Calls the intrinsic `name` (as for [`Intrinsic::find`]) with its overloaded types.
    ///
    /// # Panics
    ///
    /// LLVM has no such intrinsic, or the builder has no position.
    pub fn intrinsic(&self, name: &str, overloads: &[Type<'c>], args: &[Value<'c>]) -> Call<'c> {
        let intrinsic = Intrinsic::find(name).unwrap_or_else(|| panic!("LLVM has no intrinsic {name:?}"));
        self.call_intrinsic(intrinsic, overloads, args)
    }

    /// Calls an intrinsic with its overloaded types.
    ///
    /// # Panics
    ///
    /// The builder has no position.
    pub fn call_intrinsic(&self, intrinsic: Intrinsic, overloads: &[Type<'c>], args: &[Value<'c>]) -> Call<'c> {
        // SAFETY: the block the builder is at is in a function, which is in a module.
        let function = unsafe {
            let block = LLVMGetInsertBlock(self.positioned());
            let module = LLVMGetGlobalParent(LLVMGetBasicBlockParent(block));
            Function::declare_intrinsic(module, intrinsic, overloads)
        };
        self.call_function(function, args)
    }
}

/// Whether a function of this type can be called so.
fn accepts<'c>(ty: FunctionType<'c>, args: &[Value<'c>]) -> bool {
    let params = ty.params();
    (args.len() == params.len() || ty.is_vararg() && args.len() > params.len())
        && params.iter().zip(args).all(|(param, arg)| *param == arg.ty())
}
