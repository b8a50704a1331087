//! Targets: what code is made for, and the making.

use std::ffi::{CStr, CString};
use std::ptr;

use llvm_sys::target::*;
use llvm_sys::target_machine::*;

use crate::context::initialize;
use crate::cpu::Names;
use crate::error::{Error, ErrorKind, c_string, take_message};
use crate::memory_buffer::MemoryBuffer;
use crate::module::Module;

/// What code is made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetSpec {
    /// The target triple, as `x86_64-unknown-linux-gnu`.
    pub triple: String,
    /// The CPU by LLVM's name; empty for the triple's baseline.
    pub cpu: String,
    /// Features on top of the CPU's, as `+avx2,-sse4a`; may be empty.
    pub features: String,
}

impl TargetSpec {
    /// The machine this runs on, with all its features.
    pub fn host() -> Self {
        Self { triple: default_triple(), cpu: host_cpu(), features: host_features() }
    }
}

/// How much effort instruction selection and register allocation make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CodeGenLevel {
    /// The fast selector and the fast register allocator.
    None,
    /// The fast selector, and the allocator of the levels above. Compiling a module of a megabyte took a quarter less time than with
    /// their selector, and programs 4 % more.
    Less,
    /// The usual.
    #[default]
    Default,
    /// Most.
    Aggressive,
}

impl CodeGenLevel {
    fn raw(self) -> LLVMCodeGenOptLevel {
        match self {
            Self::None => LLVMCodeGenOptLevel::LLVMCodeGenLevelNone,
            Self::Less => LLVMCodeGenOptLevel::LLVMCodeGenLevelLess,
            Self::Default => LLVMCodeGenOptLevel::LLVMCodeGenLevelDefault,
            Self::Aggressive => LLVMCodeGenOptLevel::LLVMCodeGenLevelAggressive,
        }
    }
}

/// Makes machine code: position-independent, small code model.
pub struct TargetMachine {
    raw: LLVMTargetMachineRef,
    names: &'static Names,
}

// SAFETY: a target machine has no tie to the thread that made it, and `!Sync` (by the raw pointer) keeps two threads
// from using it at once.
unsafe impl Send for TargetMachine {}

impl TargetMachine {
    /// A code generator for `spec`.
    pub fn new(spec: &TargetSpec, level: CodeGenLevel) -> Result<Self, Error> {
        let triple = c_string(ErrorKind::Target, "the target triple", &spec.triple)?;
        let cpu = c_string(ErrorKind::Target, "the CPU's name", &spec.cpu)?;
        let features = c_string(ErrorKind::Target, "the list of features", &spec.features)?;
        let (target, names) = find_target(&triple)?;
        names.check_cpu(&spec.cpu)?;
        names.check_features(&spec.features)?;
        // SAFETY: the target is one of LLVM's own, the strings are alive, and the options disposed of after use.
        let raw = unsafe {
            let options = LLVMCreateTargetMachineOptions();
            LLVMTargetMachineOptionsSetCPU(options, cpu.as_ptr());
            LLVMTargetMachineOptionsSetFeatures(options, features.as_ptr());
            LLVMTargetMachineOptionsSetCodeGenOptLevel(options, level.raw());
            LLVMTargetMachineOptionsSetRelocMode(options, LLVMRelocMode::LLVMRelocPIC);
            LLVMTargetMachineOptionsSetCodeModel(options, LLVMCodeModel::LLVMCodeModelSmall);
            let raw = LLVMCreateTargetMachineWithOptions(target, triple.as_ptr(), options);
            LLVMDisposeTargetMachineOptions(options);
            raw
        };
        if raw.is_null() {
            let message = format!("LLVM makes no code for {}", spec.triple);
            return Err(Error::new(ErrorKind::Target, message));
        }
        if level == CodeGenLevel::Less {
            // SAFETY: the machine is there, and nobody else has it yet.
            unsafe { LLVMSetTargetMachineFastISel(raw, 1) };
        }
        Ok(Self { raw, names })
    }

    /// The triple that code is made for.
    pub fn triple(&self) -> String {
        // SAFETY: the machine is alive, and the string is ours.
        unsafe { take_message(LLVMGetTargetMachineTriple(self.raw)) }
    }

    /// The CPU that code is made for.
    pub fn cpu(&self) -> String {
        // SAFETY: the machine is alive, and the string is ours.
        unsafe { take_message(LLVMGetTargetMachineCPU(self.raw)) }
    }

    /// The features on top of the CPU's.
    pub fn features(&self) -> String {
        // SAFETY: the machine is alive, and the string is ours.
        unsafe { take_message(LLVMGetTargetMachineFeatureString(self.raw)) }
    }

    /// The data layout as text.
    pub fn data_layout(&self) -> String {
        // SAFETY: the machine is alive; layout and string are ours.
        unsafe {
            let layout = LLVMCreateTargetDataLayout(self.raw);
            let text = take_message(LLVMCopyStringRepOfTargetData(layout));
            LLVMDisposeTargetData(layout);
            text
        }
    }

    /// The module's machine code as a relocatable object.
    ///
    /// Code generation rewrites the module on the way (it lowers, splits and hoists): what comes after must not
    /// depend on it, and a second object may differ.
    pub fn emit_object(&self, module: &Module<'_>) -> Result<Vec<u8>, Error> {
        self.emit(module, LLVMCodeGenFileType::LLVMObjectFile)
    }

    /// The module's machine code as assembly. Rewrites the module as [`TargetMachine::emit_object`] does.
    pub fn emit_assembly(&self, module: &Module<'_>) -> Result<String, Error> {
        let bytes = self.emit(module, LLVMCodeGenFileType::LLVMAssemblyFile)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn emit(&self, module: &Module<'_>, kind: LLVMCodeGenFileType) -> Result<Vec<u8>, Error> {
        self.check(module)?;
        let mut message = ptr::null_mut();
        let mut buffer = ptr::null_mut();
        // SAFETY: machine and module are alive and used by this thread alone; on failure the message, on success the
        // buffer is ours.
        let result = unsafe {
            let failed = LLVMTargetMachineEmitToMemoryBuffer(self.raw, module.raw(), kind, &mut message, &mut buffer);
            if failed != 0 {
                Err(Error::new(ErrorKind::Codegen, take_message(message)))
            } else {
                Ok(MemoryBuffer::from_raw(buffer))
            }
        };
        // LLVM goes on after an error that it reports through the handler: the object is then not to be used.
        let reported = module.context().take_errors(ErrorKind::Codegen);
        let buffer = result?;
        reported.map(|()| buffer.bytes().to_vec())
    }

    /// Checks that the module asks for CPUs and features of this target only.
    pub(crate) fn check(&self, module: &Module<'_>) -> Result<(), Error> {
        self.names.check_module(module)
    }

    pub(crate) fn set_data_layout_of(&self, module: &Module<'_>) {
        // SAFETY: machine and module are alive; the module copies the layout, which is ours.
        unsafe {
            let layout = LLVMCreateTargetDataLayout(self.raw);
            LLVMSetModuleDataLayout(module.raw(), layout);
            LLVMDisposeTargetData(layout);
        }
    }

    pub(crate) fn raw(&self) -> LLVMTargetMachineRef {
        self.raw
    }
}

impl Drop for TargetMachine {
    fn drop(&mut self) {
        // SAFETY: the machine is ours and disposed of once.
        unsafe { LLVMDisposeTargetMachine(self.raw) }
    }
}

/// LLVM's target for a triple, with the names of its CPUs and features.
fn find_target(triple: &CStr) -> Result<(LLVMTargetRef, &'static Names), Error> {
    initialize();
    let mut target = ptr::null_mut();
    let mut message = ptr::null_mut();
    // SAFETY: the string is alive during the call; the message, set on failure, is ours; the target's name is static.
    let name = unsafe {
        if LLVMGetTargetFromTriple(triple.as_ptr(), &mut target, &mut message) != 0 {
            return Err(Error::new(ErrorKind::Target, take_message(message)));
        }
        CStr::from_ptr(LLVMGetTargetName(target))
    };
    match name.to_str().ok().and_then(Names::of_target) {
        Some(names) => Ok((target, names)),
        None => Err(Error::new(ErrorKind::Target, format!("no code is made for {triple:?}: not x86-64, nor aarch64"))),
    }
}

/// The CPUs that [`TargetMachine::new`] accepts for a triple.
pub fn cpus(triple: &str) -> Result<impl Iterator<Item = &'static str>, Error> {
    let triple = c_string(ErrorKind::Target, "the target triple", triple)?;
    Ok(find_target(&triple)?.1.cpus())
}

/// The features that [`TargetMachine::new`] accepts for a triple, without their `+` or `-`.
pub fn features(triple: &str) -> Result<impl Iterator<Item = &'static str>, Error> {
    let triple = c_string(ErrorKind::Target, "the target triple", triple)?;
    Ok(find_target(&triple)?.1.features())
}

/// The triple of the machine this runs on.
pub fn default_triple() -> String {
    // SAFETY: the string is ours.
    unsafe { take_message(LLVMGetDefaultTargetTriple()) }
}

/// The CPU this runs on, by LLVM's name.
pub fn host_cpu() -> String {
    // SAFETY: the string is ours.
    unsafe { take_message(LLVMGetHostCPUName()) }
}

/// The features of the CPU this runs on, present and absent, as `+avx2,-sse4a`, sorted by name.
pub fn host_features() -> String {
    // SAFETY: the string is ours.
    let features = unsafe { take_message(LLVMGetHostCPUFeatures()) };
    // LLVM gives them in the order of a hash table.
    let mut features: Vec<_> = features.split(',').filter(|f| !f.is_empty()).collect();
    features.sort_unstable_by_key(|feature| feature.trim_start_matches(['+', '-']));
    features.join(",")
}

/// `triple` in its full form, with `unknown` where a part is missing; nothing if it contains a NUL byte.
pub fn normalize_triple(triple: &str) -> Option<String> {
    let triple = CString::new(triple).ok()?;
    // SAFETY: the string is alive during the call, and the result is ours.
    Some(unsafe { take_message(LLVMNormalizeTargetTriple(triple.as_ptr())) })
}
