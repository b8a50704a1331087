//! Sending to sockets and receiving from them.

use std::io::IoSliceMut;
use std::net::SocketAddr;

use bitflags::bitflags;
use rustix::net::{RecvFlags, ReturnFlags, sockopt};

use crate::address::{self, Room};
use crate::context::Context;
use crate::errno::Errno;
use crate::file::size;
use crate::interrupt::Interrupt;
use crate::memory::{Memory, Ptr};
use crate::stream::Stream;
use crate::table::Fd;
use crate::types::{Filetype, Rights, flags};

bitflags! {
    /// `riflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct ReceiveFlags: u32 {
        const PEEK = 1 << 0;
        const WAITALL = 1 << 1;
    }

    /// `roflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct ReceivedFlags: u16 {
        const DATA_TRUNCATED = 1 << 0;
    }
}

/// What is known of received bytes.
#[derive(Clone, Copy, Debug)]
struct Received {
    flags: ReceivedFlags,
    from: Option<SocketAddr>,
}

/// Receives, and gives how many bytes.
fn receive(
    stream: &Stream,
    mut slices: &mut [IoSliceMut<'_>],
    how: ReceiveFlags,
    received: &mut Received,
    interrupt: Option<&Interrupt>,
) -> Result<usize, Errno> {
    if stream.moves_nothing(slices.is_empty()) {
        return Ok(0);
    }
    let peek = how.contains(ReceiveFlags::PEEK);
    let host = if peek { RecvFlags::PEEK } else { RecvFlags::empty() };
    // The host would wait where no interrupt is heard, so waiting for all is done here. What is only looked at does not go
    // away, so that the next look would find the same bytes: then what is there is all.
    let all = how.contains(ReceiveFlags::WAITALL) && !peek && stream.filetype() == Filetype::SocketStream;
    let mut done = 0;
    loop {
        match stream.receive(slices, host, interrupt) {
            Ok(message) => {
                received.flags.set(ReceivedFlags::DATA_TRUNCATED, message.flags.contains(ReturnFlags::TRUNC));
                received.from = address::from_host(message.address);
                done += message.bytes;
                IoSliceMut::advance_slices(&mut slices, message.bytes);
                if !all || message.bytes == 0 || slices.is_empty() {
                    return Ok(done);
                }
            }
            // What has been received must not be lost; the error comes again with the next call.
            Err(_) if done > 0 => return Ok(done),
            Err(errno) => return Err(errno),
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn sock_recv(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    riflags: u32,
    nread: Ptr,
    roflags: Ptr,
) -> Result<(), Errno> {
    let stream = context.table.socket(fd, Rights::FD_READ)?;
    let how = flags::<ReceiveFlags>(riflags)?;
    let (nread, roflags) = (memory.slot::<u32>(nread)?, memory.slot::<u16>(roflags)?);
    let regions = memory.regions(iovs, count)?;
    let mut received = Received { flags: ReceivedFlags::empty(), from: None };
    let read = memory.scatter(&regions, |slices| receive(&stream, slices, how, &mut received, context.interrupt()))?;
    memory.put(nread, size(read)?);
    memory.put(roflags, received.flags.bits());
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the signature that WasmEdge gives it")]
pub(crate) fn sock_recv_from(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    address: Ptr,
    riflags: u32,
    port: Ptr,
    nread: Ptr,
    roflags: Ptr,
) -> Result<(), Errno> {
    receive_from(context, memory, fd, [iovs, address, nread, roflags], count, riflags, Some(port))
}

/// `sock_recv_from` as WasmEdge had it first: it does not tell the port.
#[expect(clippy::too_many_arguments, reason = "the signature that WasmEdge gives it")]
pub(crate) fn sock_recv_from_anywhere(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    address: Ptr,
    riflags: u32,
    nread: Ptr,
    roflags: Ptr,
) -> Result<(), Errno> {
    receive_from(context, memory, fd, [iovs, address, nread, roflags], count, riflags, None)
}

fn receive_from(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    [iovs, address, nread, roflags]: [Ptr; 4],
    count: u32,
    riflags: u32,
    port: Option<Ptr>,
) -> Result<(), Errno> {
    let stream = context.table.socket(fd, Rights::FD_READ)?;
    context.require_net()?;
    let socket = stream.socket()?;
    let how = flags::<ReceiveFlags>(riflags)?;
    let room = Room::new(memory, address, sockopt::socket_domain(socket)?)?;
    let port = port.map(|port| memory.slot::<u32>(port)).transpose()?;
    let (nread, roflags) = (memory.slot::<u32>(nread)?, memory.slot::<u16>(roflags)?);
    let regions = memory.regions(iovs, count)?;
    let mut received = Received { flags: ReceivedFlags::empty(), from: None };
    let read = memory.scatter(&regions, |slices| receive(&stream, slices, how, &mut received, context.interrupt()))?;
    // Bytes of a connection come from its other end, but the host does not say so.
    let peer = || address::from_host(rustix::net::getpeername(socket).ok().flatten());
    let from = received.from.or_else(peer);
    room.put(memory, from.map(|from| from.ip()))?;
    if let Some(port) = port {
        memory.put(port, from.map_or(0, |from| from.port().into()));
    }
    memory.put(nread, size(read)?);
    memory.put(roflags, received.flags.bits());
    Ok(())
}

pub(crate) fn sock_send(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    siflags: u32,
    nwritten: Ptr,
) -> Result<(), Errno> {
    let stream = context.table.socket(fd, Rights::FD_WRITE)?;
    send(context, memory, &stream, (iovs, count), None, siflags, nwritten)
}

#[expect(clippy::too_many_arguments, reason = "the signature that WasmEdge gives it")]
pub(crate) fn sock_send_to(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    address: Ptr,
    port: u32,
    siflags: u32,
    nwritten: Ptr,
) -> Result<(), Errno> {
    let stream = context.table.socket(fd, Rights::FD_WRITE)?;
    context.require_net()?;
    let to = address::read(memory, address, port)?;
    send(context, memory, &stream, (iovs, count), Some(to), siflags, nwritten)
}

fn send(
    context: &Context,
    memory: &mut Memory<'_>,
    stream: &Stream,
    (iovs, count): (Ptr, u32),
    to: Option<SocketAddr>,
    siflags: u32,
    nwritten: Ptr,
) -> Result<(), Errno> {
    // No flags are defined.
    if siflags != 0 {
        return Err(Errno::Inval);
    }
    let nwritten = memory.slot::<u32>(nwritten)?;
    let regions = memory.regions(iovs, count)?;
    let written = memory.gather(&regions, |slices| stream.send(slices, to, context.interrupt()))?;
    memory.put(nwritten, size(written)?);
    Ok(())
}
