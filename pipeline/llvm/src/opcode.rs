//! The operations of instructions.

use llvm_sys::LLVMOpcode;

macro_rules! opcodes {
    ($($name:ident => $raw:ident,)* ; $($other:ident,)*) => {
        /// What an instruction does; named as in LLVM's text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the language reference of LLVM documents each")]
        pub enum Opcode {
            $($name,)*
            /// An operation that this compiler never builds.
            Other,
        }

        impl Opcode {
            pub(crate) fn from_raw(raw: LLVMOpcode) -> Self {
                match raw {
                    $(LLVMOpcode::$raw => Self::$name,)*
                    $(LLVMOpcode::$other)|* => Self::Other,
                }
            }
        }
    };
}

opcodes! {
    Ret => LLVMRet,
    Br => LLVMBr,
    Switch => LLVMSwitch,
    Unreachable => LLVMUnreachable,
    FNeg => LLVMFNeg,
    Add => LLVMAdd,
    FAdd => LLVMFAdd,
    Sub => LLVMSub,
    FSub => LLVMFSub,
    Mul => LLVMMul,
    FMul => LLVMFMul,
    UDiv => LLVMUDiv,
    SDiv => LLVMSDiv,
    FDiv => LLVMFDiv,
    URem => LLVMURem,
    SRem => LLVMSRem,
    FRem => LLVMFRem,
    Shl => LLVMShl,
    LShr => LLVMLShr,
    AShr => LLVMAShr,
    And => LLVMAnd,
    Or => LLVMOr,
    Xor => LLVMXor,
    Alloca => LLVMAlloca,
    Load => LLVMLoad,
    Store => LLVMStore,
    GetElementPtr => LLVMGetElementPtr,
    Trunc => LLVMTrunc,
    ZExt => LLVMZExt,
    SExt => LLVMSExt,
    FPToUI => LLVMFPToUI,
    FPToSI => LLVMFPToSI,
    UIToFP => LLVMUIToFP,
    SIToFP => LLVMSIToFP,
    FPTrunc => LLVMFPTrunc,
    FPExt => LLVMFPExt,
    PtrToInt => LLVMPtrToInt,
    IntToPtr => LLVMIntToPtr,
    BitCast => LLVMBitCast,
    ICmp => LLVMICmp,
    FCmp => LLVMFCmp,
    Phi => LLVMPHI,
    Call => LLVMCall,
    Invoke => LLVMInvoke,
    LandingPad => LLVMLandingPad,
    Select => LLVMSelect,
    ExtractElement => LLVMExtractElement,
    InsertElement => LLVMInsertElement,
    ShuffleVector => LLVMShuffleVector,
    ExtractValue => LLVMExtractValue,
    InsertValue => LLVMInsertValue,
    Freeze => LLVMFreeze,
    Fence => LLVMFence,
    CmpXchg => LLVMAtomicCmpXchg,
    AtomicRmw => LLVMAtomicRMW,
    ;
    LLVMIndirectBr,
    LLVMCallBr,
    LLVMPtrToAddr,
    LLVMAddrSpaceCast,
    LLVMUserOp1,
    LLVMUserOp2,
    LLVMVAArg,
    LLVMResume,
    LLVMCleanupRet,
    LLVMCatchRet,
    LLVMCatchPad,
    LLVMCleanupPad,
    LLVMCatchSwitch,
}
