//! Types, made by the context and compared by identity.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use llvm_sys::core::*;
use llvm_sys::prelude::*;
use llvm_sys::{LLVMType, LLVMTypeKind};

use crate::context::Context;
use crate::error::take_message;

/// A type. Equal types of one context are the same handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Type<'c> {
    raw: NonNull<LLVMType>,
    context: PhantomData<&'c Context>,
}

/// A function's type: result, parameters, variadic or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct FunctionType<'c>(Type<'c>);

/// What sort of type a [`Type`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// No value.
    Void,
    /// An integer of so many bits.
    Int(u32),
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// A pointer, opaque.
    Pointer,
    /// A vector of a fixed number of lanes.
    Vector,
    /// An array.
    Array,
    /// A structure.
    Struct,
    /// A function.
    Function,
    /// The type of basic blocks.
    Label,
    /// The type of metadata used as an operand.
    Metadata,
    /// A type that this compiler never makes (half, x86_fp80, token, scalable vectors, ...).
    Other,
}

macro_rules! plain_types {
    ($($(#[$doc:meta])* $name:ident => $ffi:ident;)*) => {
        impl Context {
            $(
                $(#[$doc])*
                pub fn $name(&self) -> Type<'_> {
                    // SAFETY: the context is alive, and the type lives as long as it does.
                    unsafe { Type::from_raw($ffi(self.raw())) }
                }
            )*
        }
    };
}

plain_types! {
    /// The type of comparison results.
    i1 => LLVMInt1TypeInContext;
    /// 8-bit integers.
    i8 => LLVMInt8TypeInContext;
    /// 16-bit integers.
    i16 => LLVMInt16TypeInContext;
    /// 32-bit integers.
    i32 => LLVMInt32TypeInContext;
    /// 64-bit integers.
    i64 => LLVMInt64TypeInContext;
    /// 128-bit integers.
    i128 => LLVMInt128TypeInContext;
    /// IEEE 754 binary32.
    f32 => LLVMFloatTypeInContext;
    /// IEEE 754 binary64.
    f64 => LLVMDoubleTypeInContext;
    /// No value: the result of functions that return nothing.
    void => LLVMVoidTypeInContext;
}

impl Context {
    /// Integers of `bits` bits (1 to 2^23).
    pub fn int(&self, bits: u32) -> Type<'_> {
        assert!((1..=1 << 23).contains(&bits), "no integer has {bits} bits");
        // SAFETY: the context is alive, and LLVM accepts this range of widths.
        unsafe { Type::from_raw(LLVMIntTypeInContext(self.raw(), bits)) }
    }

    /// Pointers of the default address space.
    pub fn ptr(&self) -> Type<'_> {
        // SAFETY: the context is alive.
        unsafe { Type::from_raw(LLVMPointerTypeInContext(self.raw(), 0)) }
    }

    /// Vectors of `lanes` elements. `element` is an integer, float or pointer.
    pub fn vector<'c>(&'c self, element: Type<'c>, lanes: u32) -> Type<'c> {
        assert!(lanes > 0, "a vector has at least one lane");
        // SAFETY: `element` is alive with the context.
        unsafe { Type::from_raw(LLVMVectorType(element.raw(), lanes)) }
    }

    /// Arrays of `len` elements.
    pub fn array<'c>(&'c self, element: Type<'c>, len: u64) -> Type<'c> {
        // SAFETY: `element` is alive with the context.
        unsafe { Type::from_raw(LLVMArrayType2(element.raw(), len)) }
    }

    /// A literal structure; `packed` leaves out all padding.
    pub fn structure<'c>(&'c self, fields: &[Type<'c>], packed: bool) -> Type<'c> {
        // SAFETY: `Type` is transparent over its reference, and LLVM copies the slice and does not write to it.
        unsafe {
            Type::from_raw(LLVMStructTypeInContext(
                self.raw(),
                fields.as_ptr().cast_mut().cast(),
                fields.len() as u32,
                packed.into(),
            ))
        }
    }

    /// The type of functions from `params` to `ret`.
    pub fn function<'c>(&'c self, ret: Type<'c>, params: &[Type<'c>], vararg: bool) -> FunctionType<'c> {
        // SAFETY: `Type` is transparent over its reference, and LLVM copies the slice and does not write to it.
        unsafe {
            FunctionType(Type::from_raw(LLVMFunctionType(
                ret.raw(),
                params.as_ptr().cast_mut().cast(),
                params.len() as u32,
                vararg.into(),
            )))
        }
    }
}

impl<'c> Type<'c> {
    /// # Safety
    ///
    /// `raw` is a type of a context that lives for `'c`.
    pub(crate) unsafe fn from_raw(raw: LLVMTypeRef) -> Self {
        Self { raw: NonNull::new(raw).expect("LLVM always returns a type"), context: PhantomData }
    }

    pub(crate) fn raw(self) -> LLVMTypeRef {
        self.raw.as_ptr()
    }

    /// What sort of type this is.
    pub fn kind(self) -> TypeKind {
        // SAFETY: the type is alive.
        match unsafe { LLVMGetTypeKind(self.raw()) } {
            LLVMTypeKind::LLVMVoidTypeKind => TypeKind::Void,
            LLVMTypeKind::LLVMIntegerTypeKind => {
                // SAFETY: this is an integer.
                TypeKind::Int(unsafe { LLVMGetIntTypeWidth(self.raw()) })
            }
            LLVMTypeKind::LLVMFloatTypeKind => TypeKind::F32,
            LLVMTypeKind::LLVMDoubleTypeKind => TypeKind::F64,
            LLVMTypeKind::LLVMPointerTypeKind => TypeKind::Pointer,
            LLVMTypeKind::LLVMVectorTypeKind => TypeKind::Vector,
            LLVMTypeKind::LLVMArrayTypeKind => TypeKind::Array,
            LLVMTypeKind::LLVMStructTypeKind => TypeKind::Struct,
            LLVMTypeKind::LLVMFunctionTypeKind => TypeKind::Function,
            LLVMTypeKind::LLVMLabelTypeKind => TypeKind::Label,
            LLVMTypeKind::LLVMMetadataTypeKind => TypeKind::Metadata,
            LLVMTypeKind::LLVMHalfTypeKind
            | LLVMTypeKind::LLVMBFloatTypeKind
            | LLVMTypeKind::LLVMX86_FP80TypeKind
            | LLVMTypeKind::LLVMFP128TypeKind
            | LLVMTypeKind::LLVMPPC_FP128TypeKind
            | LLVMTypeKind::LLVMTokenTypeKind
            | LLVMTypeKind::LLVMScalableVectorTypeKind
            | LLVMTypeKind::LLVMX86_AMXTypeKind
            | LLVMTypeKind::LLVMTargetExtTypeKind => TypeKind::Other,
        }
    }

    /// An integer, of any width.
    pub fn is_int(self) -> bool {
        matches!(self.kind(), TypeKind::Int(_))
    }

    /// `f32` or `f64`.
    pub fn is_float(self) -> bool {
        matches!(self.kind(), TypeKind::F32 | TypeKind::F64)
    }

    /// A pointer.
    pub fn is_pointer(self) -> bool {
        self.kind() == TypeKind::Pointer
    }

    /// A vector of fixed length.
    pub fn is_vector(self) -> bool {
        self.kind() == TypeKind::Vector
    }

    /// The type without values.
    pub fn is_void(self) -> bool {
        self.kind() == TypeKind::Void
    }

    /// The width of an integer type.
    pub fn int_width(self) -> Option<u32> {
        match self.kind() {
            TypeKind::Int(bits) => Some(bits),
            _ => None,
        }
    }

    /// The element of a vector or array.
    pub fn element(self) -> Option<Type<'c>> {
        match self.kind() {
            // SAFETY: vectors and arrays have an element type, alive with the context.
            TypeKind::Vector | TypeKind::Array => unsafe { Some(Type::from_raw(LLVMGetElementType(self.raw()))) },
            _ => None,
        }
    }

    /// The number of elements of a vector, array or structure.
    pub fn element_count(self) -> Option<u64> {
        // SAFETY: each query is asked of its own kind only.
        unsafe {
            match self.kind() {
                TypeKind::Vector => Some(LLVMGetVectorSize(self.raw()).into()),
                TypeKind::Array => Some(LLVMGetArrayLength2(self.raw())),
                TypeKind::Struct => Some(LLVMCountStructElementTypes(self.raw()).into()),
                _ => None,
            }
        }
    }

    /// The field `index` of a structure.
    pub fn field(self, index: u32) -> Option<Type<'c>> {
        if self.kind() != TypeKind::Struct || self.element_count() <= Some(index.into()) {
            return None;
        }
        // SAFETY: this is a structure, and it has that field.
        unsafe { Some(Type::from_raw(LLVMStructGetTypeAtIndex(self.raw(), index))) }
    }

    /// This type as a function's type.
    pub fn as_function(self) -> Option<FunctionType<'c>> {
        (self.kind() == TypeKind::Function).then_some(FunctionType(self))
    }
}

impl<'c> FunctionType<'c> {
    /// # Safety
    ///
    /// `raw` is a function type of a context that lives for `'c`.
    pub(crate) unsafe fn from_raw(raw: LLVMTypeRef) -> Self {
        // SAFETY: as the caller says.
        Self(unsafe { Type::from_raw(raw) })
    }

    /// The result's type.
    pub fn ret(self) -> Type<'c> {
        // SAFETY: this is a function type.
        unsafe { Type::from_raw(LLVMGetReturnType(self.raw())) }
    }

    /// How many parameters are named, not counting variadic ones.
    pub fn param_count(self) -> u32 {
        // SAFETY: this is a function type.
        unsafe { LLVMCountParamTypes(self.raw()) }
    }

    /// The parameters' types.
    pub fn params(self) -> Vec<Type<'c>> {
        let count = self.param_count() as usize;
        let mut params = Vec::with_capacity(count);
        // SAFETY: LLVM writes exactly `count` types, none null, and `Type` is transparent over its reference.
        unsafe {
            LLVMGetParamTypes(self.raw(), params.as_mut_ptr() as *mut LLVMTypeRef);
            params.set_len(count);
        }
        params
    }

    /// Whether more arguments than the named ones may follow.
    pub fn is_vararg(self) -> bool {
        // SAFETY: this is a function type.
        unsafe { LLVMIsFunctionVarArg(self.raw()) != 0 }
    }
}

impl<'c> Deref for FunctionType<'c> {
    type Target = Type<'c>;

    fn deref(&self) -> &Type<'c> {
        &self.0
    }
}

impl<'c> From<FunctionType<'c>> for Type<'c> {
    fn from(ty: FunctionType<'c>) -> Self {
        ty.0
    }
}

/// As in LLVM's text.
impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the type is alive, and the string is ours.
        f.write_str(&unsafe { take_message(LLVMPrintTypeToString(self.raw())) })
    }
}

impl fmt::Debug for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for FunctionType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
