//! Pairs of instructions that one handler runs.
//!
//! Often an instruction's result is an operand of the next one: an address, a condition, a part of an expression. Then the handler
//! of the first can run both: it saves a jump, and the value need not come back from memory. Nothing else changes: the code stays
//! as it is, the result goes to its slot all the same, and a branch to the second instruction finds that one's own handler.
//!
//! Which pairs there are is a table: what follows a value of each type, after each instruction that makes one.

use crate::context::{Code, Context, Exit, Handler, Step, go_on, go_to};
use crate::control::br_table_at;
use crate::frame::{Frame, Immediate, Word};
use crate::handler::{check, handler, next};
use crate::instruction::{Instr, Op};
use crate::semantics::{float, int};
use abi::trap::TrapCode;
use vm::{MemoryView, View};

/// Defines a handler that makes a value and uses it.
macro_rules! fused {
    ($make:tt $ty:ident $use:tt) => {{
        Some(handler!(fused(context, step, code, frame) {
                        let value: $ty = make!(context, step, frame, $make);
            frame.set(step.a, value);
            if needs_third!($use) && !code.has(2) {
                return Exit::Lost;
            }
            let second = next!(code);
            consume!(context second value code frame, $use)
        }))
    }};
}

/// Whether an instruction always goes on with the next one.
macro_rules! needs_third {
    ((compare $($rest:tt)*)) => {
        false
    };
    ((compare_immediate $($rest:tt)*)) => {
        false
    };
    ((truth $($rest:tt)*)) => {
        false
    };
    ((jump)) => {
        false
    };
    ((table)) => {
        false
    };
    ((table_of)) => {
        false
    };
    ($other:tt) => {
        true
    };
}

/// The value that the first instruction makes.
macro_rules! make {
    ($context:ident, $instr:ident, $frame:ident, (binary $ty:ident $f:expr)) => {
        $f($frame.get::<$ty>($instr.b), $frame.get::<$ty>($instr.c))
    };
    ($context:ident, $instr:ident, $frame:ident, (immediate $ty:ident $f:expr)) => {
        $f($frame.get::<$ty>($instr.b), <$ty>::from_immediate($instr.immediate().cast_signed()))
    };
    ($context:ident, $instr:ident, $frame:ident, (test $ty:ident $f:expr)) => {
        i32::from($f(&$frame.get::<$ty>($instr.b), &<$ty>::from_immediate($instr.immediate().cast_signed())))
    };
    ($context:ident, $instr:ident, $frame:ident, (load $decode:expr, $extend:expr)) => {
        $extend(check!(read($context.memory, $frame.get($instr.b), $instr, $decode)))
    };
    ($context:ident, $instr:ident, $frame:ident, (unary $f:expr)) => {
        $f($frame.get($instr.b))
    };
    ($context:ident, $instr:ident, $frame:ident, (constant_long $ty:ident)) => {
        match $context.function.constants.get($instr.immediate() as usize) {
            Some(&word) => <$ty>::from_word(word),
            None => return Exit::Lost,
        }
    };
    ($context:ident, $instr:ident, $frame:ident, (constant)) => {
        i64::from($instr.immediate().cast_signed())
    };
    ($context:ident, $instr:ident, $frame:ident, (copy)) => {
        $frame.word($instr.b)
    };
}

/// What the second instruction does with the value.
macro_rules! consume {
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (first $ty:ident $f:expr)) => {{
        $frame.set::<$ty>($instr.a, $f($value, $frame.get::<$ty>($instr.c)));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (last $ty:ident $f:expr)) => {{
        $frame.set::<$ty>($instr.a, $f($frame.get::<$ty>($instr.b), $value));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (immediate $ty:ident $f:expr)) => {{
        $frame.set::<$ty>($instr.a, $f($value, <$ty>::from_immediate($instr.immediate().cast_signed())));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (trapping $ty:ident $f:expr)) => {{
        let result = check!($f($value, <$ty>::from_immediate($instr.immediate().cast_signed())));
        $frame.set::<$ty>($instr.a, result);
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (test $ty:ident $f:expr)) => {{
        $frame.set($instr.a, $f(&$value, &<$ty>::from_immediate($instr.immediate().cast_signed())));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (compare $f:expr)) => {
        match $f(&$value, &$frame.get($instr.b)) {
            true => go_to($context, $instr.immediate(), $code, $frame),
            false => go_on($context, $code, $frame),
        }
    };
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (compare_immediate $ty:ident $f:expr)) => {
        match $f(&$value, &<$ty>::from_immediate($instr.b.cast_signed().into())) {
            true => go_to($context, $instr.immediate(), $code, $frame),
            false => go_on($context, $code, $frame),
        }
    };
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (truth $wanted:expr)) => {
        match ($value != 0) == $wanted {
            true => go_to($context, $instr.immediate(), $code, $frame),
            false => go_on($context, $code, $frame),
        }
    };
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (load $decode:expr, $extend:expr)) => {{
        let value = check!(read($context.memory, $value.cast_unsigned(), $instr, $decode));
        $frame.set($instr.a, $extend(value));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (store_to $encode:expr)) => {{
        let bytes = $encode($frame.get($instr.a));
        check!(write($context.memory, $value.cast_unsigned(), $instr, bytes));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (store $encode:expr)) => {{
        check!(write($context.memory, $frame.get($instr.b), $instr, $encode($value)));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (store_immediate $encode:expr)) => {{
        let bytes = $encode($instr.a.cast_signed().into());
        check!(write($context.memory, $value.cast_unsigned(), $instr, bytes));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (table)) => {
        br_table_at($context, $value.cast_unsigned(), $instr, $code, $frame)
    };
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (table_of)) => {
        br_table_at($context, $frame.get($instr.a), $instr, $code, $frame)
    };
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (constant)) => {{
        $frame.constant($instr.instr(Op::Const));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (copy)) => {{
        $frame.set_word($instr.a, $frame.word($instr.b));
        go_on($context, $code, $frame)
    }};
    ($context:ident $instr:ident $value:ident $code:ident $frame:ident, (jump)) => {
        go_to($context, $instr.immediate(), $code, $frame)
    };
}

/// The handler for each second instruction that uses the value.
macro_rules! seconds {
    ($first:ident $second:ident $ty:ident $make:tt
        binary { $($binary:ident: $binary_f:expr;)* }
        immediate { $($immediate:ident: $immediate_f:expr;)* }
        trapping { $($trapping:ident: $trapping_f:expr;)* }
        test { $($test:ident: $test_f:expr;)* }
        compare { $($compare:ident: $compare_f:expr;)* }
        compare_immediate { $($compare_immediate:ident: $compare_immediate_f:expr;)* }
        truth { $($truth:ident: $wanted:expr;)* }
        load { $($load:ident: $decode:expr, $extend:expr;)* }
        store_to { $($store_to:ident: $encode_to:expr;)* }
        store_immediate { $($store_immediate:ident: $encode_immediate:expr;)* }
        store { $($store:ident: $encode:expr;)* }
        table { $($table:ident;)* }
    ) => {
        match $second.op {
            $(Op::$binary if $second.b == $first.a => fused!($make $ty (first $ty $binary_f)),)*
            $(Op::$binary if $second.c == $first.a => fused!($make $ty (last $ty $binary_f)),)*
            $(Op::$immediate if $second.b == $first.a => fused!($make $ty (immediate $ty $immediate_f)),)*
            $(Op::$trapping if $second.b == $first.a => fused!($make $ty (trapping $ty $trapping_f)),)*
            $(Op::$test if $second.b == $first.a => fused!($make $ty (test $ty $test_f)),)*
            $(Op::$compare if $second.a == $first.a => fused!($make $ty (compare $compare_f)),)*
            $(Op::$compare_immediate if $second.a == $first.a => {
                fused!($make $ty (compare_immediate $ty $compare_immediate_f))
            })*
            $(Op::$truth if $second.a == $first.a => fused!($make $ty (truth $wanted)),)*
            $(Op::$load if $second.b == $first.a => fused!($make $ty (load $decode, $extend)),)*
            $(Op::$store_to if $second.b == $first.a => fused!($make $ty (store_to $encode_to)),)*
            $(Op::$store_immediate if $second.b == $first.a => fused!($make $ty (store_immediate $encode_immediate)),)*
            $(Op::$table if $second.a == $first.a => fused!($make $ty (table)),)*
            $(Op::$store if $second.a == $first.a => fused!($make $ty (store $encode)),)*
            _ => None,
        }
    };
}

#[inline(always)]
fn read<const N: usize, T>(
    memory: MemoryView<'_>,
    address: u32,
    step: &Step,
    decode: impl FnOnce([u8; N]) -> T,
) -> Result<T, TrapCode> {
    // A result of bytes would be put together and taken apart again.
    let value = memory.read(u64::from(address) + u64::from(step.immediate())).map(decode);
    value.ok_or(TrapCode::MemoryOutOfBounds)
}

#[inline(always)]
fn write<const N: usize>(memory: MemoryView<'_>, address: u32, step: &Step, bytes: [u8; N]) -> Result<(), TrapCode> {
    memory.write(u64::from(address) + u64::from(step.immediate()), bytes).ok_or(TrapCode::MemoryOutOfBounds)
}

/// The handler that runs an instruction and the next one, if there is one for the two.
pub(crate) fn pair(first: Instr, second: Instr) -> Option<Handler> {
    /// After an instruction of 32 bits.
    macro_rules! after_i32 {
        ($first:tt) => {
            seconds! { first second i32 $first
                binary {
                    I32Add: i32::wrapping_add; I32Sub: i32::wrapping_sub; I32Mul: i32::wrapping_mul;
                    I32And: std::ops::BitAnd::bitand; I32Or: std::ops::BitOr::bitor; I32Xor: std::ops::BitXor::bitxor;
                    I32Shl: int::i32::shl; I32ShrU: int::i32::shr_u; I32ShrS: int::i32::shr_s;
                }
                immediate {
                    I32AddImm: i32::wrapping_add; I32MulImm: i32::wrapping_mul; I32AndImm: std::ops::BitAnd::bitand;
                    I32ShlImm: int::i32::shl; I32ShrUImm: int::i32::shr_u; I32RotlImm: int::i32::rotl;
                    I32OrImm: std::ops::BitOr::bitor; I32XorImm: std::ops::BitXor::bitxor; I32ShrSImm: int::i32::shr_s;
                }
                trapping {
                    I32DivSImm: int::i32::div_s; I32DivUImm: int::i32::div_u; I32RemSImm: int::i32::rem_s; I32RemUImm: int::i32::rem_u;
                }
                test { I32EqImm: i32::eq; I32NeImm: i32::ne; I32LtSImm: i32::lt; I32LtUImm: int::i32::lt_u; I32GtSImm: i32::gt; I32GtUImm: int::i32::gt_u; I32LeSImm: i32::le; I32LeUImm: int::i32::le_u; I32GeSImm: i32::ge; I32GeUImm: int::i32::ge_u; }
                compare {
                    BrI32Eq: i32::eq; BrI32Ne: i32::ne; BrI32LtS: i32::lt; BrI32LtU: int::i32::lt_u;
                    BrI32GtS: i32::gt; BrI32GtU: int::i32::gt_u; BrI32LeS: i32::le; BrI32LeU: int::i32::le_u;
                    BrI32GeS: i32::ge; BrI32GeU: int::i32::ge_u;
                }
                compare_immediate {
                    BrI32EqImm: i32::eq; BrI32NeImm: i32::ne; BrI32LtSImm: i32::lt; BrI32LtUImm: int::i32::lt_u;
                    BrI32GtSImm: i32::gt; BrI32GtUImm: int::i32::gt_u; BrI32LeSImm: i32::le; BrI32LeUImm: int::i32::le_u;
                    BrI32GeSImm: i32::ge; BrI32GeUImm: int::i32::ge_u;
                }
                truth { BrIf: true; BrUnless: false; }
                load {
                    Load8U: u8::from_le_bytes, u32::from; Load16U: u16::from_le_bytes, u32::from;
                    Load32: u32::from_le_bytes, u32::from; Load64: u64::from_le_bytes, u64::from;
                    I32Load8S: i8::from_le_bytes, i32::from;
                }
                store_to {
                    Store8: |value: u32| (value as u8).to_le_bytes(); Store16: |value: u32| (value as u16).to_le_bytes();
                    Store32: u32::to_le_bytes; Store64: u64::to_le_bytes;
                }
                store_immediate {
                    Store8Imm: |value: i64| (value as u8).to_le_bytes(); Store16Imm: |value: i64| (value as u16).to_le_bytes();
                    Store32Imm: |value: i64| (value as u32).to_le_bytes(); Store64Imm: i64::to_le_bytes;
                }
                store {
                    Store8: |value: i32| (value as u8).to_le_bytes(); Store16: |value: i32| (value as u16).to_le_bytes();
                    Store32: i32::to_le_bytes;
                }
                table { BrTable; }
            }
        };
    }
    /// After a comparison. A branch on one is a single instruction.
    macro_rules! after_test {
        ($first:tt) => {
            match second.op {
                Op::I32And if second.b == first.a => fused!($first i32 (first i32 std::ops::BitAnd::bitand)),
                Op::I32And if second.c == first.a => fused!($first i32 (last i32 std::ops::BitAnd::bitand)),
                Op::I32Or if second.b == first.a => fused!($first i32 (first i32 std::ops::BitOr::bitor)),
                Op::I32Or if second.c == first.a => fused!($first i32 (last i32 std::ops::BitOr::bitor)),
                _ => None,
            }
        };
    }
    /// After an instruction of 64 bits.
    macro_rules! after_i64 {
        ($first:tt) => {
            seconds! { first second i64 $first
                binary {
                    I64Add: i64::wrapping_add; I64Sub: i64::wrapping_sub; I64Mul: i64::wrapping_mul;
                    I64And: std::ops::BitAnd::bitand; I64Or: std::ops::BitOr::bitor; I64Xor: std::ops::BitXor::bitxor;
                    I64Shl: int::i64::shl; I64ShrU: int::i64::shr_u; I64ShrS: int::i64::shr_s;
                }
                immediate {
                    I64AddImm: i64::wrapping_add; I64MulImm: i64::wrapping_mul; I64AndImm: std::ops::BitAnd::bitand;
                    I64ShlImm: int::i64::shl; I64ShrUImm: int::i64::shr_u; I64RotlImm: int::i64::rotl;
                    I64OrImm: std::ops::BitOr::bitor; I64XorImm: std::ops::BitXor::bitxor; I64ShrSImm: int::i64::shr_s;
                }
                trapping {}
                test { I64EqImm: i64::eq; I64NeImm: i64::ne; I64LtSImm: i64::lt; I64LtUImm: int::i64::lt_u; I64GtSImm: i64::gt; I64GtUImm: int::i64::gt_u; I64LeSImm: i64::le; I64LeUImm: int::i64::le_u; I64GeSImm: i64::ge; I64GeUImm: int::i64::ge_u; }
                compare {
                    BrI64Eq: i64::eq; BrI64Ne: i64::ne; BrI64LtS: i64::lt; BrI64LtU: int::i64::lt_u;
                    BrI64GeS: i64::ge; BrI64GeU: int::i64::ge_u;
                }
                compare_immediate {
                    BrI64EqImm: i64::eq; BrI64NeImm: i64::ne; BrI64LtSImm: i64::lt; BrI64LtUImm: int::i64::lt_u;
                    BrI64GtSImm: i64::gt; BrI64GtUImm: int::i64::gt_u;
                }
                truth {}
                load {}
                store_to {}
                store_immediate {}
                store { Store64: i64::to_le_bytes; }
                table {}
            }
        };
    }
    /// After an instruction on floats.
    macro_rules! after_f32 {
        ($first:tt) => {
            seconds! { first second f32 $first
                binary {
                    F32Add: float::f32::add; F32Sub: float::f32::sub; F32Mul: float::f32::mul; F32Div: float::f32::div;
                }
                immediate {}
                trapping {}
                test {}
                compare {}
                compare_immediate {}
                truth {}
                load {}
                store_to {}
                store_immediate {}
                store { Store32: f32::to_le_bytes; }
                table {}
            }
        };
    }
    macro_rules! after_f64 {
        ($first:tt) => {
            seconds! { first second f64 $first
                binary {
                    F64Add: float::f64::add; F64Sub: float::f64::sub; F64Mul: float::f64::mul; F64Div: float::f64::div;
                }
                immediate {}
                trapping {}
                test {}
                compare {}
                compare_immediate {}
                truth {}
                load {}
                store_to {}
                store_immediate {}
                store { Store64: f64::to_le_bytes; }
                table {}
            }
        };
    }
    match first.op {
        Op::I32Add => after_i32!((binary i32 i32::wrapping_add)),
        Op::I32AddImm => after_i32!((immediate i32 i32::wrapping_add)),
        Op::I32Sub => after_i32!((binary i32 i32::wrapping_sub)),
        Op::I32Mul => after_i32!((binary i32 i32::wrapping_mul)),
        Op::I32MulImm => after_i32!((immediate i32 i32::wrapping_mul)),
        Op::I32And => after_i32!((binary i32 std::ops::BitAnd::bitand)),
        Op::I32AndImm => after_i32!((immediate i32 std::ops::BitAnd::bitand)),
        Op::I32Or => after_i32!((binary i32 std::ops::BitOr::bitor)),
        Op::I32Xor => after_i32!((binary i32 std::ops::BitXor::bitxor)),
        Op::I32ShlImm => after_i32!((immediate i32 int::i32::shl)),
        Op::I32ShrUImm => after_i32!((immediate i32 int::i32::shr_u)),
        Op::I32RotlImm => after_i32!((immediate i32 int::i32::rotl)),
        Op::I32Shl => after_i32!((binary i32 int::i32::shl)),
        Op::I32ShrSImm => after_i32!((immediate i32 int::i32::shr_s)),
        Op::Load8U => after_i32!((load u8::from_le_bytes, i32::from)),
        Op::Load32 => after_i32!((load i32::from_le_bytes, i32::from))
            .or_else(|| after_f32!((load f32::from_le_bytes, f32::from))),
        Op::I64Add => after_i64!((binary i64 i64::wrapping_add)),
        Op::I64AddImm => after_i64!((immediate i64 i64::wrapping_add)),
        Op::I64Sub => after_i64!((binary i64 i64::wrapping_sub)),
        Op::I64Mul => after_i64!((binary i64 i64::wrapping_mul)),
        Op::I64And => after_i64!((binary i64 std::ops::BitAnd::bitand)),
        Op::I64AndImm => after_i64!((immediate i64 std::ops::BitAnd::bitand)),
        Op::I64Or => after_i64!((binary i64 std::ops::BitOr::bitor)),
        Op::I64Xor => after_i64!((binary i64 std::ops::BitXor::bitxor)),
        Op::I64ShlImm => after_i64!((immediate i64 int::i64::shl)),
        Op::I64ShrUImm => after_i64!((immediate i64 int::i64::shr_u)),
        Op::I64RotlImm => after_i64!((immediate i64 int::i64::rotl)),
        Op::I64ExtendI32U => after_i64!((unary |value: u32| i64::from(value))),
        Op::I64ExtendI32S => after_i64!((unary |value: i32| i64::from(value))),
        Op::Load64 => after_i64!((load i64::from_le_bytes, i64::from))
            .or_else(|| after_f64!((load f64::from_le_bytes, f64::from))),
        Op::F32Add => after_f32!((binary f32 float::f32::add)),
        Op::F32Sub => after_f32!((binary f32 float::f32::sub)),
        Op::F32Mul => after_f32!((binary f32 float::f32::mul)),
        Op::F32Div => after_f32!((binary f32 float::f32::div)),
        Op::F32Sqrt => after_f32!((unary float::f32::sqrt)),
        Op::F32Neg => after_f32!((unary |a: f32| -a)),
        Op::F32ConvertI32S => after_f32!((unary |a: i32| a as f32)),
        Op::F64Add => after_f64!((binary f64 float::f64::add)),
        Op::F64Sub => after_f64!((binary f64 float::f64::sub)),
        Op::F64Mul => after_f64!((binary f64 float::f64::mul)),
        Op::F64Div => after_f64!((binary f64 float::f64::div)),
        Op::F64Sqrt => after_f64!((unary float::f64::sqrt)),
        Op::F64Neg => after_f64!((unary |a: f64| -a)),
        Op::F64ConvertI32S => after_f64!((unary |a: i32| a as f64)),
        Op::I32EqImm => after_test!((test i32 i32::eq)),
        Op::I32NeImm => after_test!((test i32 i32::ne)),
        Op::I32LtSImm => after_test!((test i32 i32::lt)),
        Op::I32LtUImm => after_test!((test i32 int::i32::lt_u)),
        Op::I32GtSImm => after_test!((test i32 i32::gt)),
        Op::I32GtUImm => after_test!((test i32 int::i32::gt_u)),
        Op::I32LeSImm => after_test!((test i32 i32::le)),
        Op::I32LeUImm => after_test!((test i32 int::i32::le_u)),
        Op::I32GeSImm => after_test!((test i32 i32::ge)),
        Op::I32GeUImm => after_test!((test i32 int::i32::ge_u)),
        Op::I64EqImm => after_test!((test i64 i64::eq)),
        Op::I64NeImm => after_test!((test i64 i64::ne)),
        Op::I64LtSImm => after_test!((test i64 i64::lt)),
        Op::I64LtUImm => after_test!((test i64 int::i64::lt_u)),
        Op::I64GtSImm => after_test!((test i64 i64::gt)),
        Op::I64GtUImm => after_test!((test i64 int::i64::gt_u)),
        Op::I64LeSImm => after_test!((test i64 i64::le)),
        Op::I64LeUImm => after_test!((test i64 int::i64::le_u)),
        Op::I64GeSImm => after_test!((test i64 i64::ge)),
        Op::I64GeUImm => after_test!((test i64 int::i64::ge_u)),
        Op::Const => match second.op {
            Op::Const => fused!((constant) i64 (constant)),
            Op::Copy => fused!((constant) i64 (copy)),
            Op::Jump => fused!((constant) i64 (jump)),
            Op::BrTable => fused!((constant) i64 (table_of)),
            Op::Store8 if second.a == first.a => {
                fused!((constant) i64 (store |value: i64| (value as u8).to_le_bytes()))
            }
            Op::Store16 if second.a == first.a => {
                fused!((constant) i64 (store |value: i64| (value as u16).to_le_bytes()))
            }
            Op::Store32 if second.a == first.a => {
                fused!((constant) i64 (store |value: i64| (value as u32).to_le_bytes()))
            }
            Op::Store64 if second.a == first.a => fused!((constant) i64 (store i64::to_le_bytes)),
            _ => after_i64!((constant)),
        },
        Op::ConstLong => after_i64!((constant_long i64)).or_else(|| after_f64!((constant_long f64))),
        Op::Copy => match second.op {
            Op::Const => fused!((copy) u64 (constant)),
            Op::Copy => fused!((copy) u64 (copy)),
            Op::Jump => fused!((copy) u64 (jump)),
            _ => None,
        },
        _ => None,
    }
}
