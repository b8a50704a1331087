//! How failures are reported, and what the process exits with.

use console::codes::{Code, Failure};
use console::{Console, metering};
use engine::{Ability, InstantiateError, LinkErrorKind, Trap, TrapCode, TrapReason, WasiExit};
use std::fmt::{Display, Write};
use std::path::Path;
use std::process::ExitCode;

/// The exit code of a program that trapped: as a shell shows an aborted process.
pub const TRAPPED: u8 = 134;

/// Why a command ended early.
pub enum End {
    /// Something was wrong before the program ran.
    Failure(Failure),
    /// The program ended early: by `proc_exit`, which is no failure, or by a trap.
    Trap(Trap),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> End {
        End::Failure(failure)
    }
}

impl From<Trap> for End {
    fn from(trap: Trap) -> End {
        End::Trap(trap)
    }
}

/// Why the module of a file could not be instantiated.
pub fn instantiation(file: &Path, error: InstantiateError) -> End {
    let fail = |code: Code, error: &dyn Display| Failure::new(code, format!("{}: {error}", file.display())).into();
    match error {
        InstantiateError::Link(error) => match error.kind {
            LinkErrorKind::UnknownImport => fail(Code::UnknownImport, &error),
            LinkErrorKind::IncompatibleImportType => fail(Code::IncompatibleImport, &error),
        },
        InstantiateError::Unable(ability) => unable(file, &error, ability).into(),
        InstantiateError::Resource(error) => fail(Code::Resource, &error),
        // No function was running: a segment does not fit.
        InstantiateError::Trap(trap) if trap.frames.is_empty() => match trap.code() {
            Some(TrapCode::MemoryOutOfBounds) => fail(Code::DataSegment, &Code::DataSegment.words()),
            Some(TrapCode::TableOutOfBounds) => fail(Code::ElementSegment, &Code::ElementSegment.words()),
            _ => End::Trap(trap),
        },
        InstantiateError::Trap(trap) => End::Trap(trap),
    }
}

/// The code of a file cannot do what it is to do.
fn unable(file: &Path, error: &dyn Display, ability: Ability) -> Failure {
    let switch = match ability {
        Ability::CountInstructions => metering::INSTRUCTIONS,
        Ability::CountGas => metering::GAS,
        Ability::BeInterrupted => metering::INTERRUPTIBLE,
    };
    let message = format!("{}: {error} (compile it again with --{switch})", file.display());
    Failure::new(Code::Unable, message)
}

/// Reports why a command ended, and gives what to exit with.
pub fn end(console: Console, end: End) -> ExitCode {
    let trap = match end {
        End::Failure(failure) => {
            console.error(failure);
            return ExitCode::FAILURE;
        }
        End::Trap(trap) => trap,
    };
    if let TrapReason::Host(error) = &trap.reason
        && let Some(WasiExit(code)) = error.downcast_ref()
    {
        // As every shell does with larger codes.
        return ExitCode::from(*code as u8);
    }
    let code = trap.code().unwrap_or(TrapCode::HostFunctionFailed);
    let mut message = match &trap.reason {
        TrapReason::Code(_) | TrapReason::Exception(_) => {
            format!("execution failed: {code}, Code: {:#05x}", code.code())
        }
        TrapReason::Host(error) => format!("execution failed: {code}: {error}, Code: {:#05x}", code.code()),
    };
    for frame in &trap.frames {
        let name = frame.name.as_deref().unwrap_or("<unnamed>");
        let write = write!(message, "\n    at {name} (function {}, byte offset {:#x})", frame.function, frame.offset);
        write.expect("writing to a string succeeds");
    }
    if trap.omitted > 0 {
        write!(message, "\n    and {} more", trap.omitted).expect("writing to a string succeeds");
    }
    console.error(message);
    ExitCode::from(TRAPPED)
}
