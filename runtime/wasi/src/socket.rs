//! Sockets: no call makes one, and those inherited as standard streams can be read and written but
//! not accepted from, shut down or used with message flags.

use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};
use crate::table::{Fd, Object};
use crate::types::Filetype;

/// The error for a socket call: what `fd` is, or that the call does not exist.
fn refuse(context: &Context, fd: Fd) -> Result<(), Errno> {
    let filetype = match &context.table.get(fd)?.object {
        Object::Stream(stream) => stream.filetype(),
        Object::Directory(_) => Filetype::Directory,
    };
    match filetype {
        Filetype::SocketDgram | Filetype::SocketStream => Err(Errno::Notsup),
        _ => Err(Errno::Notsock),
    }
}

pub(crate) fn sock_accept(
    context: &mut Context,
    _: &mut Memory<'_>,
    fd: Fd,
    _fdflags: u32,
    _accepted: Ptr,
) -> Result<(), Errno> {
    refuse(context, fd)
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn sock_recv(
    context: &mut Context,
    _: &mut Memory<'_>,
    fd: Fd,
    _iovs: Ptr,
    _count: u32,
    _riflags: u32,
    _nread: Ptr,
    _roflags: Ptr,
) -> Result<(), Errno> {
    refuse(context, fd)
}

pub(crate) fn sock_send(
    context: &mut Context,
    _: &mut Memory<'_>,
    fd: Fd,
    _iovs: Ptr,
    _count: u32,
    _siflags: u32,
    _nwritten: Ptr,
) -> Result<(), Errno> {
    refuse(context, fd)
}

pub(crate) fn sock_shutdown(context: &mut Context, _: &mut Memory<'_>, fd: Fd, _how: u32) -> Result<(), Errno> {
    refuse(context, fd)
}
