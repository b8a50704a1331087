//! How failures are reported, and what the process exits with.

use console::Console;
use engine::{InstantiateError, LinkErrorKind, Trap, TrapCode, TrapReason, WasiExit};
use std::fmt::{Display, Write};
use std::process::ExitCode;

/// The exit code of a program that trapped: as a shell shows an aborted process.
const TRAPPED: u8 = 134;

/// Something went wrong before the program ran.
pub fn failure(console: Console, message: &str) -> ExitCode {
    console.error(message);
    ExitCode::FAILURE
}

/// A module could not be instantiated.
pub fn instantiation(console: Console, error: InstantiateError) -> ExitCode {
    let fail =
        |error: &dyn Display, code: u32| failure(console, &format!("instantiation failed: {error}, Code: {code:#05x}"));
    match error {
        InstantiateError::Link(error) => match error.kind {
            LinkErrorKind::UnknownImport => fail(&error, 0x302),
            LinkErrorKind::IncompatibleImportType => fail(&error, 0x301),
        },
        InstantiateError::Unable(_) => fail(&error, 0x001),
        InstantiateError::Resource(error) => fail(&error, 0x001),
        InstantiateError::Trap(trap) => end(console, trap),
    }
}

/// The program ended early: by `proc_exit`, which is no failure, or by a trap.
pub fn end(console: Console, trap: Trap) -> ExitCode {
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
