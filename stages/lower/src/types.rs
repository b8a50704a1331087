//! The LLVM types of WebAssembly values and functions.

use abi::libcall::{Libcall, NativeType};
use abi::signature::{TailPlace, has_return_area, tail_places};
use abi::types::{FuncType, ValType};
use llvm::{Context, FunctionType, Type, Value};

/// The types that lowering uses, looked up once.
#[derive(Clone, Copy)]
pub(crate) struct Types<'c> {
    context: &'c Context,
    pub i32: Type<'c>,
    pub i64: Type<'c>,
    pub f32: Type<'c>,
    pub f64: Type<'c>,
    pub v128: Type<'c>,
    pub ptr: Type<'c>,
    void: Type<'c>,
}

impl<'c> Types<'c> {
    pub fn new(context: &'c Context) -> Self {
        Self {
            context,
            i32: context.i32(),
            i64: context.i64(),
            f32: context.f32(),
            f64: context.f64(),
            // Of a type with as many lanes as floats have, LLVM would take `bitcast (select ...)` for a selection of integers, and no
            // longer see a minimum in it.
            v128: context.vector(context.i8(), 16),
            ptr: context.ptr(),
            void: context.void(),
        }
    }

    /// The type of a value.
    pub fn value(&self, ty: ValType) -> Type<'c> {
        match ty {
            ValType::I32 => self.i32,
            ValType::I64 => self.i64,
            ValType::F32 => self.f32,
            ValType::F64 => self.f64,
            ValType::V128 => self.v128,
            ValType::Ref(_) => self.ptr,
        }
    }

    /// A vector, from its bytes in memory order.
    pub fn vector(&self, bytes: [u8; 16]) -> Value<'c> {
        self.context.const_vector(&bytes.map(|byte| self.context.const_i8(byte)))
    }

    /// The type of a native function ([`abi::signature`]).
    pub fn native(&self, ty: &FuncType) -> FunctionType<'c> {
        let mut params = vec![self.ptr];
        if has_return_area(ty) {
            params.push(self.ptr);
        }
        params.extend(ty.params.iter().map(|&ty| self.value(ty)));
        self.context.function(self.result(ty), &params, false)
    }

    /// The type of a tail function ([`abi::signature`]).
    pub fn tail(&self, ty: &FuncType) -> FunctionType<'c> {
        let mut params = vec![self.ptr];
        if has_return_area(ty) {
            params.push(self.ptr);
        }
        let in_registers = ty.params.iter().zip(tail_places(ty)).filter(|(_, place)| *place == TailPlace::Register);
        params.extend(in_registers.map(|(&ty, _)| self.value(ty)));
        self.context.function(self.result(ty), &params, false)
    }

    /// What a native function returns directly.
    pub fn result(&self, ty: &FuncType) -> Type<'c> {
        match ty.results[..] {
            [] => self.void,
            [result] => self.value(result),
            _ if has_return_area(ty) => self.void,
            _ => {
                let fields: Vec<_> = ty.results.iter().map(|&ty| self.value(ty)).collect();
                self.context.structure(&fields, false)
            }
        }
    }

    /// The type of an entry wrapper: callee's context, code, slots.
    pub fn entry(&self) -> FunctionType<'c> {
        self.context.function(self.void, &[self.ptr; 3], false)
    }

    /// The type of a libcall.
    pub fn libcall(&self, libcall: Libcall) -> FunctionType<'c> {
        let signature = libcall.signature();
        let mut params = vec![self.ptr];
        params.extend(signature.params.iter().map(|&ty| self.libcall_value(ty)));
        let result = signature.result.map_or(self.void, |ty| self.libcall_value(ty));
        self.context.function(result, &params, false)
    }

    fn libcall_value(&self, ty: NativeType) -> Type<'c> {
        match ty {
            NativeType::I32 => self.i32,
            NativeType::I64 => self.i64,
            NativeType::Ptr => self.ptr,
        }
    }

    /// `count` argument slots.
    pub fn slots(&self, count: usize) -> Type<'c> {
        self.context.array(self.context.i128(), count as u64)
    }
}
