//! Making, naming and connecting sockets.
//!
//! Preview 1 itself can accept connections, send, receive and shut down; the other calls, and some with other parameters under
//! the same name, are those that WasmEdge gives its guests. IPv4 and IPv6, streams and datagrams; sockets with names in the file
//! system cannot be had. What makes or names sockets is `notcapable` unless the embedder allows the network.
//!
//! The sockets that a guest makes never wait on the host: see `stream`.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::PollFlags;
use rustix::io::Errno as Host;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, sockopt};

use crate::address::{self, Family, Room};
use crate::context::Context;
use crate::errno::Errno;
use crate::interrupt::wait_for;
use crate::memory::{Memory, Ptr};
use crate::stream::Stream;
use crate::table::{Entry, Fd, Object};
use crate::types::{FdFlags, Filetype, Rights, flags};

/// On every socket that we make.
const SOCKET_FLAGS: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

impl Context {
    /// The program may use the network.
    pub(crate) fn require_net(&self) -> Result<(), Errno> {
        if self.net { Ok(()) } else { Err(Errno::Notcapable) }
    }

    /// A socket of a program that may use the network.
    pub(crate) fn net_socket(&self, fd: Fd) -> Result<Arc<Stream>, Errno> {
        let stream = self.table.socket(fd, Rights::empty())?;
        self.require_net()?;
        Ok(stream)
    }
}

fn entry(socket: OwnedFd, filetype: Filetype, fdflags: FdFlags, base: Rights, inheriting: Rights) -> Entry {
    let stream = Stream::opened(File::from(socket), filetype, fdflags);
    Entry { object: Object::Stream(Arc::new(stream)), base, inheriting, readonly: false }
}

pub(crate) fn sock_open(
    context: &Context,
    memory: &mut Memory<'_>,
    family: u32,
    kind: u32,
    opened: Ptr,
) -> Result<(), Errno> {
    context.require_net()?;
    let family = Family::new(family)?.ok_or(Errno::Inval)?;
    let (kind, filetype) = match kind {
        1 => (SocketType::DGRAM, Filetype::SocketDgram),
        2 => (SocketType::STREAM, Filetype::SocketStream),
        _ => return Err(Errno::Inval),
    };
    let slot = memory.slot::<u32>(opened)?;
    let socket = rustix::net::socket_with(family.host(), kind, SOCKET_FLAGS, None)?;
    let fd = context.table.insert(entry(socket, filetype, FdFlags::empty(), Rights::SOCKET, Rights::SOCKET))?;
    memory.put(slot, fd.0);
    Ok(())
}

pub(crate) fn sock_bind(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    address: Ptr,
    port: u32,
) -> Result<(), Errno> {
    let stream = context.net_socket(fd)?;
    let socket = stream.socket()?;
    Ok(rustix::net::bind(socket, &address::read(memory, address, port)?)?)
}

pub(crate) fn sock_listen(context: &Context, _: &mut Memory<'_>, fd: Fd, backlog: u32) -> Result<(), Errno> {
    let stream = context.net_socket(fd)?;
    let socket = stream.socket()?;
    // A host takes a number that is too large for the largest there is.
    Ok(rustix::net::listen(socket, i32::try_from(backlog).unwrap_or(i32::MAX))?)
}

pub(crate) fn sock_connect(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    address: Ptr,
    port: u32,
) -> Result<(), Errno> {
    let stream = context.net_socket(fd)?;
    let socket = stream.socket()?;
    let to = address::read(memory, address, port)?;
    loop {
        match rustix::net::connect(socket, &to) {
            // Only the call after the wait tells how it went, and makes the socket a connected one to the host.
            Err(Host::INPROGRESS | Host::ALREADY) if !stream.nonblock() => {
                if !wait_for(socket, PollFlags::OUT, stream.timeouts().send, context.interrupt())? {
                    return Err(Errno::Inprogress);
                }
            }
            connected => return Ok(connected?),
        }
    }
}

pub(crate) fn sock_accept(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    fdflags: u32,
    accepted: Ptr,
) -> Result<(), Errno> {
    let listening = context.table.get(fd)?;
    let inheriting = listening.inheriting;
    let stream = listening.socket(Rights::SOCK_ACCEPT)?;
    let fdflags = flags::<FdFlags>(fdflags)?;
    if !FdFlags::NONBLOCK.contains(fdflags) {
        return Err(Errno::Inval);
    }
    let slot = memory.slot::<u32>(accepted)?;
    let socket =
        stream.transfer(PollFlags::IN, context.interrupt(), |fd| rustix::net::accept_with(fd, SOCKET_FLAGS))?;
    let entry = entry(socket, Filetype::SocketStream, fdflags, inheriting & Rights::SOCKET, Rights::empty());
    let fd = context.table.insert(entry)?;
    memory.put(slot, fd.0);
    Ok(())
}

/// `sock_accept` before preview 1 had it.
pub(crate) fn sock_accept_plain(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    accepted: Ptr,
) -> Result<(), Errno> {
    sock_accept(context, memory, fd, 0, accepted)
}

pub(crate) fn sock_shutdown(context: &Context, _: &mut Memory<'_>, fd: Fd, how: u32) -> Result<(), Errno> {
    let stream = context.table.socket(fd, Rights::SOCK_SHUTDOWN)?;
    let socket = stream.socket()?;
    let how = match how {
        1 => Shutdown::Read,
        2 => Shutdown::Write,
        3 => Shutdown::Both,
        _ => return Err(Errno::Inval),
    };
    Ok(rustix::net::shutdown(socket, how)?)
}

/// Which end of a connection to name.
#[derive(Clone, Copy, Debug)]
enum Side {
    Local,
    Peer,
}

impl Side {
    /// Writes the address of this end, and its port. `typed`: the buffer is for the address alone, and the number of its version
    /// goes apart, as WasmEdge's first calls had it.
    fn name(
        self,
        context: &Context,
        memory: &mut Memory<'_>,
        fd: Fd,
        address: Ptr,
        typed: Option<Ptr>,
        port: Ptr,
    ) -> Result<(), Errno> {
        let stream = context.net_socket(fd)?;
        let socket = stream.socket()?;
        let family = sockopt::socket_domain(socket)?;
        let room = Room::new(memory, address, family)?;
        if room.holds_family() == typed.is_some() {
            return Err(Errno::Inval);
        }
        let typed = typed.map(|kind| memory.slot::<u32>(kind)).transpose()?;
        let port = memory.slot::<u32>(port)?;
        let found = match self {
            Side::Local => Some(rustix::net::getsockname(socket)?),
            Side::Peer => rustix::net::getpeername(socket)?,
        };
        let found = address::from_host(found).ok_or(Errno::Afnosupport)?;
        room.put(memory, Some(found.ip()))?;
        if let Some(typed) = typed {
            memory.put(typed, if family == AddressFamily::INET { 4 } else { 6 });
        }
        memory.put(port, found.port().into());
        Ok(())
    }
}

pub(crate) fn sock_getlocaladdr(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    address: Ptr,
    port: Ptr,
) -> Result<(), Errno> {
    Side::Local.name(context, memory, fd, address, None, port)
}

pub(crate) fn sock_getlocaladdr_typed(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    address: Ptr,
    kind: Ptr,
    port: Ptr,
) -> Result<(), Errno> {
    Side::Local.name(context, memory, fd, address, Some(kind), port)
}

pub(crate) fn sock_getpeeraddr(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    address: Ptr,
    port: Ptr,
) -> Result<(), Errno> {
    Side::Peer.name(context, memory, fd, address, None, port)
}

pub(crate) fn sock_getpeeraddr_typed(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    address: Ptr,
    kind: Ptr,
    port: Ptr,
) -> Result<(), Errno> {
    Side::Peer.name(context, memory, fd, address, Some(kind), port)
}
