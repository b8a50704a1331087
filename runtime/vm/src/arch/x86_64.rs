//! x86-64, System V calling convention.
//!
//! All three pieces of assembly agree on one thing: while guest code runs, `Runtime::host_sp` is the address below what `enter`
//! has pushed on the host's stack, and it is aligned to 16 bytes.

use crate::activation::{FaultState, Landing, Runtime};
use crate::value::Slot;
use abi::layout::Header;
use std::arch::naked_asm;
use std::mem::offset_of;

/// The registers that functions preserve, the frame pointer aside, by the numbers that DWARF gives them: as a thunk keeps them.
pub(crate) const SAVED: [u32; 5] = [R15, R14, R13, R12, RBX];
const RBX: u32 = 3;
const R12: u32 = 12;
const R13: u32 = 13;
const R14: u32 = 14;
const R15: u32 = 15;

/// Where a thunk keeps these registers, in bytes from the start of its frame; they are preceded by a word for alignment.
pub(crate) const SUSPENDED_REGISTERS: usize = 8;
/// Where a thunk keeps the guest's frame pointer, and behind it the address to which it returns.
pub(crate) const SUSPENDED_FRAME: usize = SUSPENDED_REGISTERS + SAVED.len() * 8;

/// Calls `entry(context, code, slots)` on the guest's stack. Gives whether guest code was left rather than returning.
///
/// # Safety
/// The runtime's stack pointers are those of suspended guest code or of the empty stack, the current activation is of this
/// runtime, and `entry` is the wrapper of the type that `code` and the slots have.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn enter(
    runtime: *mut Runtime,
    context: *mut Header,
    code: *const u8,
    slots: *mut Slot,
    entry: *const u8,
) -> bool {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov [rdi + {host_sp}], rsp",
        "mov rsp, [rdi + {guest_sp}]",
        // The wrapper preserves rbx.
        "mov rbx, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "call r8",
        "mov rsp, [rbx + {host_sp}]",
        "xor eax, eax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        host_sp = const offset_of!(Runtime, host_sp),
        guest_sp = const offset_of!(Runtime, guest_sp),
    )
}

/// Leaves guest code: returns `true` from the innermost `enter`. Jumped to from guest code or a thunk, never called by Rust.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn leave(runtime: *mut Runtime) -> ! {
    naked_asm!(
        "mov rsp, [rdi + {host_sp}]",
        "mov eax, 1",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        host_sp = const offset_of!(Runtime, host_sp),
    )
}

/// Goes on in a landing pad, as [`Runtime::landing`] says. Jumped to from a thunk, never called by Rust.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn land(runtime: *mut Runtime) -> ! {
    naked_asm!(
        "xor ecx, ecx",
        "xchg rcx, [rdi + {landing} + {pc}]",
        "mov rsp, [rdi + {landing} + {sp}]",
        "mov rbp, [rdi + {landing} + {fp}]",
        "mov rax, [rdi + {landing} + {exception}]",
        "mov r15, [rdi + {landing} + {registers}]",
        "mov r14, [rdi + {landing} + {registers} + 8]",
        "mov r13, [rdi + {landing} + {registers} + 16]",
        "mov r12, [rdi + {landing} + {registers} + 24]",
        "mov rbx, [rdi + {landing} + {registers} + 32]",
        // What a personality would choose by.
        "xor edx, edx",
        "jmp rcx",
        landing = const offset_of!(Runtime, landing),
        pc = const offset_of!(Landing, pc),
        sp = const offset_of!(Landing, sp),
        fp = const offset_of!(Landing, fp),
        exception = const offset_of!(Landing, exception),
        registers = const offset_of!(Landing, registers),
    )
}

/// How a thunk begins: it makes its frame, with the registers that functions preserve, and goes over to the host's stack.
macro_rules! suspend {
    () => {
        concat!(
            "push rbp\n",
            "mov rbp, rsp\n",
            "push rbx\n",
            "push r12\n",
            "push r13\n",
            "push r14\n",
            "push r15\n",
            "sub rsp, 8\n",
            "mov rax, [rdi + {binding}]\n",
            "mov rax, [rax + {runtime}]\n",
            "mov [rax + {guest_sp}], rsp\n",
            "mov rsp, [rax + {host_sp}]",
        )
    };
}
pub(crate) use suspend;

/// How a thunk ends that does not return: with the runtime in rdx, it lands if there is somewhere to land, or leaves.
macro_rules! depart {
    () => {
        concat!("mov rdi, rdx\n", "cmp qword ptr [rdi + {landing}], 0\n", "jne {land}\n", "jmp {leave}",)
    };
}
pub(crate) use depart;

/// The body of a libcall's thunk: calls `$shell`, which has the same parameters, on the host's stack. The shell returns an
/// outcome: the libcall's result in rax, and in rdx the runtime to leave or land with, or null.
///
/// Parameters stay in their registers; no libcall has more than six.
macro_rules! thunk {
    ($shell:path) => {
        std::arch::naked_asm!(
            $crate::arch::suspend!(),
            "call {shell}",
            "mov rsp, rbp",
            "pop rbp",
            "test rdx, rdx",
            "jnz 2f",
            "ret",
            "2:",
            $crate::arch::depart!(),
            binding = const std::mem::offset_of!(abi::layout::Header, runtime),
            runtime = const std::mem::offset_of!($crate::activation::Binding, runtime),
            guest_sp = const std::mem::offset_of!($crate::activation::Runtime, guest_sp),
            host_sp = const std::mem::offset_of!($crate::activation::Runtime, host_sp),
            shell = sym $shell,
            landing = const std::mem::offset_of!($crate::activation::Runtime, landing.pc),
            land = sym $crate::arch::land,
            leave = sym $crate::arch::leave,
        )
    };
}
pub(crate) use thunk;

/// The body of the tail function of functions that are not native. Its frame is that of a thunk; it calls `$shell` on the host's
/// stack with the context and the address of the registers in which a tail function finds its parameters
/// ([`crate::tail::Registers`]), which it saves there. The shell returns an outcome. In rax is null if the function has returned;
/// then the saved registers hold its results. Else it is the tail function to go on with, and they hold that one's parameters.
/// In rdx is the runtime to leave or land with, or null.
macro_rules! tail_thunk {
    ($shell:path) => {
        std::arch::naked_asm!(
            $crate::arch::suspend!(),
            "sub rsp, {size}",
            "mov [rsp], rdi",
            "mov [rsp + 8], rsi",
            "mov [rsp + 16], rdx",
            "mov [rsp + 24], rcx",
            "mov [rsp + 32], r8",
            "mov [rsp + 40], r9",
            "movaps [rsp + 48], xmm0",
            "movaps [rsp + 64], xmm1",
            "movaps [rsp + 80], xmm2",
            "movaps [rsp + 96], xmm3",
            "movaps [rsp + 112], xmm4",
            "movaps [rsp + 128], xmm5",
            "movaps [rsp + 144], xmm6",
            "movaps [rsp + 160], xmm7",
            "mov rsi, rsp",
            "call {shell}",
            "test rdx, rdx",
            "jnz 3f",
            "movaps xmm0, [rsp + 48]",
            "movaps xmm1, [rsp + 64]",
            "test rax, rax",
            "jnz 2f",
            "mov rax, [rsp]",
            "mov rdx, [rsp + 8]",
            "mov rsp, rbp",
            "pop rbp",
            // LLVM keeps eight bytes for arguments on the stack of every tail function, which the callee takes away.
            "ret 8",
            "2:",
            "mov rdi, [rsp]",
            "mov rsi, [rsp + 8]",
            "mov rdx, [rsp + 16]",
            "mov rcx, [rsp + 24]",
            "mov r8, [rsp + 32]",
            "mov r9, [rsp + 40]",
            "movaps xmm2, [rsp + 80]",
            "movaps xmm3, [rsp + 96]",
            "movaps xmm4, [rsp + 112]",
            "movaps xmm5, [rsp + 128]",
            "movaps xmm6, [rsp + 144]",
            "movaps xmm7, [rsp + 160]",
            "mov rsp, rbp",
            "pop rbp",
            "jmp rax",
            "3:",
            $crate::arch::depart!(),
            size = const std::mem::size_of::<$crate::tail::Registers>(),
            binding = const std::mem::offset_of!(abi::layout::Header, runtime),
            runtime = const std::mem::offset_of!($crate::activation::Binding, runtime),
            guest_sp = const std::mem::offset_of!($crate::activation::Runtime, guest_sp),
            host_sp = const std::mem::offset_of!($crate::activation::Runtime, host_sp),
            shell = sym $shell,
            landing = const std::mem::offset_of!($crate::activation::Runtime, landing.pc),
            land = sym $crate::arch::land,
            leave = sym $crate::arch::leave,
        )
    };
}
pub(crate) use tail_thunk;

/// Whether the instruction at an address is the one with which a function begins to make its frame: `push rbp`.
pub(crate) fn begins_frame(pc: usize) -> bool {
    // SAFETY: the processor has just fetched the instruction from there.
    unsafe { *std::ptr::with_exposed_provenance::<u8>(pc) == 0x55 }
}

/// The state that a signal interrupted.
///
/// # Safety
/// `context` is what the kernel gave the signal handler.
pub(crate) unsafe fn fault_state(context: *const libc::ucontext_t) -> FaultState {
    // SAFETY: the caller's promise.
    let registers = unsafe { &(*context).uc_mcontext.gregs };
    let register = |index: i32| registers[index as usize] as usize;
    FaultState { pc: register(libc::REG_RIP), sp: register(libc::REG_RSP), fp: register(libc::REG_RBP) }
}

/// Makes the interrupted code go on with leaving guest code when the signal handler returns.
///
/// # Safety
/// `context` is what the kernel gave the signal handler; guest code of the runtime's store was interrupted.
pub(crate) unsafe fn leave_to(context: *mut libc::ucontext_t, runtime: *mut Runtime) {
    const DIRECTION_FLAG: libc::greg_t = 1 << 10;
    // SAFETY: the caller's promise.
    let registers = unsafe { &mut (*context).uc_mcontext.gregs };
    registers[libc::REG_RIP as usize] = leave as *const () as libc::greg_t;
    registers[libc::REG_RDI as usize] = runtime as libc::greg_t;
    // A runtime symbol may have been interrupted while it copied backwards.
    registers[libc::REG_EFL as usize] &= !DIRECTION_FLAG;
}
