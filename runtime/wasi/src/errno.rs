//! The error numbers of preview 1, and what the host's errors become.

use std::io;

use rustix::io::Errno as Host;

/// An error number of preview 1 (`errno` in the witx, in its order), then those that WasmEdge adds for `sock_getaddrinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    /// No error.
    Success,
    /// Argument list too long.
    TooBig,
    /// Permission denied.
    Acces,
    /// Address in use.
    Addrinuse,
    /// Address not available.
    Addrnotavail,
    /// Address family not supported.
    Afnosupport,
    /// Resource unavailable, or operation would block.
    Again,
    /// Connection already in progress.
    Already,
    /// Bad file descriptor.
    Badf,
    /// Bad message.
    Badmsg,
    /// Device or resource busy.
    Busy,
    /// Operation canceled.
    Canceled,
    /// No child processes.
    Child,
    /// Connection aborted.
    Connaborted,
    /// Connection refused.
    Connrefused,
    /// Connection reset.
    Connreset,
    /// Resource deadlock would occur.
    Deadlk,
    /// Destination address required.
    Destaddrreq,
    /// Mathematics argument out of domain of function.
    Dom,
    /// Quota exceeded.
    Dquot,
    /// File exists.
    Exist,
    /// Bad address: a pointer leads outside of the guest's memory.
    Fault,
    /// File too large.
    Fbig,
    /// Host is unreachable.
    Hostunreach,
    /// Identifier removed.
    Idrm,
    /// Illegal byte sequence: a path is not UTF-8.
    Ilseq,
    /// Operation in progress.
    Inprogress,
    /// Interrupted function.
    Intr,
    /// Invalid argument.
    Inval,
    /// I/O error.
    Io,
    /// Socket is connected.
    Isconn,
    /// Is a directory.
    Isdir,
    /// Too many levels of symbolic links.
    Loop,
    /// Too many open files.
    Mfile,
    /// Too many links.
    Mlink,
    /// Message too large.
    Msgsize,
    /// Reserved.
    Multihop,
    /// Filename too long.
    Nametoolong,
    /// Network is down.
    Netdown,
    /// Connection aborted by network.
    Netreset,
    /// Network unreachable.
    Netunreach,
    /// Too many files open in system.
    Nfile,
    /// No buffer space available.
    Nobufs,
    /// No such device.
    Nodev,
    /// No such file or directory.
    Noent,
    /// Executable file format error.
    Noexec,
    /// No locks available.
    Nolck,
    /// Reserved.
    Nolink,
    /// Not enough space.
    Nomem,
    /// No message of the desired type.
    Nomsg,
    /// Protocol not available.
    Noprotoopt,
    /// No space left on device.
    Nospc,
    /// Function not supported.
    Nosys,
    /// The socket is not connected.
    Notconn,
    /// Not a directory or a symbolic link to a directory.
    Notdir,
    /// Directory not empty.
    Notempty,
    /// State not recoverable.
    Notrecoverable,
    /// Not a socket.
    Notsock,
    /// Not supported, or operation not supported on socket.
    Notsup,
    /// Inappropriate I/O control operation.
    Notty,
    /// No such device or address.
    Nxio,
    /// Value too large to be stored in data type.
    Overflow,
    /// Previous owner died.
    Ownerdead,
    /// Operation not permitted.
    Perm,
    /// Broken pipe.
    Pipe,
    /// Protocol error.
    Proto,
    /// Protocol not supported.
    Protonosupport,
    /// Protocol wrong type for socket.
    Prototype,
    /// Result too large.
    Range,
    /// Read-only file system.
    Rofs,
    /// Invalid seek.
    Spipe,
    /// No such process.
    Srch,
    /// Reserved.
    Stale,
    /// Connection timed out.
    Timedout,
    /// Text file busy.
    Txtbsy,
    /// Cross-device link.
    Xdev,
    /// Capabilities insufficient: a right is missing, or a path leads out of the sandbox.
    Notcapable,
    /// WasmEdge: the host name has no address of the family asked for.
    Aiaddrfamily,
    /// WasmEdge: try again later.
    Aiagain,
    /// WasmEdge: invalid flags in the hints.
    Aibadflag,
    /// WasmEdge: the name server failed for good.
    Aifail,
    /// WasmEdge: the address family is not supported.
    Aifamily,
    /// WasmEdge: no room for a result.
    Aimemory,
    /// WasmEdge: the host name has no address.
    Ainodata,
    /// WasmEdge: the host name or service is not known.
    Ainoname,
    /// WasmEdge: the service is not known for the type of socket.
    Aiservice,
    /// WasmEdge: the type of socket is not supported.
    Aisocktype,
    /// WasmEdge: another error of the system.
    Aisystem,
}

impl From<Host> for Errno {
    fn from(error: Host) -> Self {
        match error {
            Host::TOOBIG => Errno::TooBig,
            Host::ACCESS => Errno::Acces,
            Host::ADDRINUSE => Errno::Addrinuse,
            Host::ADDRNOTAVAIL => Errno::Addrnotavail,
            Host::AFNOSUPPORT => Errno::Afnosupport,
            Host::AGAIN => Errno::Again,
            Host::ALREADY => Errno::Already,
            Host::BADF => Errno::Badf,
            Host::BADMSG => Errno::Badmsg,
            Host::BUSY => Errno::Busy,
            Host::CANCELED => Errno::Canceled,
            Host::CHILD => Errno::Child,
            Host::CONNABORTED => Errno::Connaborted,
            Host::CONNREFUSED => Errno::Connrefused,
            Host::CONNRESET => Errno::Connreset,
            Host::DEADLK => Errno::Deadlk,
            Host::DESTADDRREQ => Errno::Destaddrreq,
            Host::DOM => Errno::Dom,
            Host::DQUOT => Errno::Dquot,
            Host::EXIST => Errno::Exist,
            Host::FAULT => Errno::Fault,
            Host::FBIG => Errno::Fbig,
            Host::HOSTUNREACH => Errno::Hostunreach,
            Host::IDRM => Errno::Idrm,
            Host::ILSEQ => Errno::Ilseq,
            Host::INPROGRESS => Errno::Inprogress,
            Host::INTR => Errno::Intr,
            Host::INVAL => Errno::Inval,
            Host::IO => Errno::Io,
            Host::ISCONN => Errno::Isconn,
            Host::ISDIR => Errno::Isdir,
            Host::LOOP => Errno::Loop,
            Host::MFILE => Errno::Mfile,
            Host::MLINK => Errno::Mlink,
            Host::MSGSIZE => Errno::Msgsize,
            Host::MULTIHOP => Errno::Multihop,
            Host::NAMETOOLONG => Errno::Nametoolong,
            Host::NETDOWN => Errno::Netdown,
            Host::NETRESET => Errno::Netreset,
            Host::NETUNREACH => Errno::Netunreach,
            Host::NFILE => Errno::Nfile,
            Host::NOBUFS => Errno::Nobufs,
            Host::NODEV => Errno::Nodev,
            Host::NOENT => Errno::Noent,
            Host::NOEXEC => Errno::Noexec,
            Host::NOLCK => Errno::Nolck,
            Host::NOLINK => Errno::Nolink,
            Host::NOMEM => Errno::Nomem,
            Host::NOMSG => Errno::Nomsg,
            Host::NOPROTOOPT => Errno::Noprotoopt,
            Host::NOSPC => Errno::Nospc,
            Host::NOSYS => Errno::Nosys,
            Host::NOTCONN => Errno::Notconn,
            Host::NOTDIR => Errno::Notdir,
            Host::NOTEMPTY => Errno::Notempty,
            Host::NOTRECOVERABLE => Errno::Notrecoverable,
            Host::NOTSOCK => Errno::Notsock,
            Host::OPNOTSUPP => Errno::Notsup,
            Host::NOTTY => Errno::Notty,
            Host::NXIO => Errno::Nxio,
            Host::OVERFLOW => Errno::Overflow,
            Host::OWNERDEAD => Errno::Ownerdead,
            Host::PERM => Errno::Perm,
            Host::PIPE => Errno::Pipe,
            Host::PROTO => Errno::Proto,
            Host::PROTONOSUPPORT => Errno::Protonosupport,
            Host::PROTOTYPE => Errno::Prototype,
            Host::RANGE => Errno::Range,
            Host::ROFS => Errno::Rofs,
            Host::SPIPE => Errno::Spipe,
            Host::SRCH => Errno::Srch,
            Host::STALE => Errno::Stale,
            Host::TIMEDOUT => Errno::Timedout,
            Host::TXTBSY => Errno::Txtbsy,
            Host::XDEV => Errno::Xdev,
            // An error that preview 1 has no number for.
            _ => Errno::Io,
        }
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        if let Some(host) = Host::from_io_error(&error) {
            return host.into();
        }
        // Errors without a number are made by the standard library and by cap-std.
        match error.kind() {
            // cap-std found that the path leads out of its directory.
            io::ErrorKind::PermissionDenied => Errno::Notcapable,
            io::ErrorKind::InvalidInput => Errno::Inval,
            io::ErrorKind::Unsupported => Errno::Notsup,
            _ => Errno::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_witx() {
        assert_eq!(Errno::Success as u16, 0);
        assert_eq!(Errno::Badf as u16, 8);
        assert_eq!(Errno::Exist as u16, 20);
        assert_eq!(Errno::Inval as u16, 28);
        assert_eq!(Errno::Noent as u16, 44);
        assert_eq!(Errno::Notdir as u16, 54);
        assert_eq!(Errno::Pipe as u16, 64);
        assert_eq!(Errno::Notcapable as u16, 76);
        assert_eq!(Errno::Aisystem as u16, 87);
    }

    #[test]
    fn host_errors_keep_their_meaning() {
        assert_eq!(Errno::from(Host::LOOP), Errno::Loop);
        assert_eq!(Errno::from(io::Error::from_raw_os_error(Host::XDEV.raw_os_error())), Errno::Xdev);
        assert_eq!(Errno::from(io::Error::from(io::ErrorKind::PermissionDenied)), Errno::Notcapable);
    }
}
