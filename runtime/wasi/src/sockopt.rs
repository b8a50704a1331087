//! Options of sockets, as WasmEdge has them. All are of the one level there is.
//!
//! A number or a switch takes 32 bits, a time 128: seconds, then microseconds, and none is forever. How long to linger takes
//! 64: whether to, then seconds. Closing does not wait, however long a guest says to linger: no interrupt could end that, and the
//! host sends what is left anyway. Only to linger for no time has an effect, namely that what is left is lost. Not to be had are whether to go past routers, how many bytes to wait for, and binding to a
//! device (`noprotoopt`).

use std::time::Duration;

use rustix::net::{SocketType, sockopt};

use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};
use crate::table::Fd;

/// `sock_opt_so`.
#[derive(Clone, Copy, Debug)]
enum Name {
    Reuseaddr,
    Type,
    Error,
    Broadcast,
    Sndbuf,
    Rcvbuf,
    Keepalive,
    Oobinline,
    Linger,
    Rcvtimeo,
    Sndtimeo,
    Acceptconn,
}

impl Name {
    fn new(level: u32, name: u32) -> Result<Self, Errno> {
        match (level, name) {
            (0, 0) => Ok(Name::Reuseaddr),
            (0, 1) => Ok(Name::Type),
            (0, 2) => Ok(Name::Error),
            (0, 4) => Ok(Name::Broadcast),
            (0, 5) => Ok(Name::Sndbuf),
            (0, 6) => Ok(Name::Rcvbuf),
            (0, 7) => Ok(Name::Keepalive),
            (0, 8) => Ok(Name::Oobinline),
            (0, 9) => Ok(Name::Linger),
            (0, 11) => Ok(Name::Rcvtimeo),
            (0, 12) => Ok(Name::Sndtimeo),
            (0, 13) => Ok(Name::Acceptconn),
            (0, 3 | 10 | 14) => Err(Errno::Noprotoopt),
            _ => Err(Errno::Inval),
        }
    }
}

pub(crate) fn sock_getsockopt(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    level: u32,
    name: u32,
    value: Ptr,
    len: Ptr,
) -> Result<(), Errno> {
    let stream = context.net_socket(fd)?;
    let socket = stream.socket()?;
    let name = Name::new(level, name)?;
    let room: u32 = memory.read_element(len, 0)?;
    memory.check(value, room)?;
    let size = match name {
        Name::Rcvtimeo | Name::Sndtimeo => 16,
        Name::Linger => 8,
        _ => 4,
    };
    if room < size {
        return Err(Errno::Inval);
    }
    let switch = |on: bool| i32::from(on).to_le_bytes().to_vec();
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes().to_vec();
    let bytes = match name {
        Name::Reuseaddr => switch(sockopt::socket_reuseaddr(socket)?),
        Name::Type => number(match sockopt::socket_type(socket)? {
            SocketType::DGRAM => 1,
            _ => 2,
        }),
        Name::Error => number(sockopt::socket_error(socket)?.err().map_or(Errno::Success, Errno::from) as usize),
        Name::Broadcast => switch(sockopt::socket_broadcast(socket)?),
        Name::Sndbuf => number(sockopt::socket_send_buffer_size(socket)?),
        Name::Rcvbuf => number(sockopt::socket_recv_buffer_size(socket)?),
        Name::Keepalive => switch(sockopt::socket_keepalive(socket)?),
        Name::Oobinline => switch(sockopt::socket_oobinline(socket)?),
        Name::Acceptconn => switch(sockopt::socket_acceptconn(socket)?),
        Name::Linger => {
            let host = sockopt::socket_linger(socket)?.map(|linger| linger.as_secs());
            let linger = stream.timeouts().linger.map(u64::from).or(host);
            [switch(linger.is_some()), number(linger.unwrap_or(0) as usize)].concat()
        }
        Name::Rcvtimeo => time_to_bytes(stream.timeouts().receive),
        Name::Sndtimeo => time_to_bytes(stream.timeouts().send),
    };
    memory.write_bytes(value, &bytes)?;
    memory.write_element(len, 0, bytes.len() as u32)
}

pub(crate) fn sock_setsockopt(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    level: u32,
    name: u32,
    value: Ptr,
    len: u32,
) -> Result<(), Errno> {
    let stream = context.net_socket(fd)?;
    let socket = stream.socket()?;
    let name = Name::new(level, name)?;
    memory.check(value, len)?;
    let word = |index: usize| -> Result<i32, Errno> {
        let end = (index as u64 + 1) * 4;
        if u64::from(len) < end {
            return Err(Errno::Inval);
        }
        Ok(memory.read_element::<u32>(value, index)? as i32)
    };
    let size = |index| word(index).and_then(|size| usize::try_from(size).map_err(|_| Errno::Inval));
    match name {
        Name::Reuseaddr => sockopt::set_socket_reuseaddr(socket, word(0)? != 0)?,
        Name::Broadcast => sockopt::set_socket_broadcast(socket, word(0)? != 0)?,
        Name::Sndbuf => sockopt::set_socket_send_buffer_size(socket, size(0)?)?,
        Name::Rcvbuf => sockopt::set_socket_recv_buffer_size(socket, size(0)?)?,
        Name::Keepalive => sockopt::set_socket_keepalive(socket, word(0)? != 0)?,
        Name::Oobinline => sockopt::set_socket_oobinline(socket, word(0)? != 0)?,
        Name::Linger => {
            let (on, seconds) = (word(0)? != 0, word(1)?);
            let linger = on.then(|| u32::try_from(seconds)).transpose().map_err(|_| Errno::Inval)?;
            sockopt::set_socket_linger(socket, linger.filter(|&seconds| seconds == 0).map(|_| Duration::ZERO))?;
            stream.set_timeouts(|timeouts| timeouts.linger = linger);
        }
        Name::Rcvtimeo | Name::Sndtimeo => {
            let time = time_from_bytes(memory, value, len)?;
            // They are kept here and not on the host, which never waits.
            stream.set_timeouts(|timeouts| match name {
                Name::Rcvtimeo => timeouts.receive = time,
                _ => timeouts.send = time,
            });
        }
        // They can be asked for only.
        Name::Type | Name::Error | Name::Acceptconn => return Err(Errno::Noprotoopt),
    }
    Ok(())
}

fn time_to_bytes(nanoseconds: Option<u64>) -> Vec<u8> {
    let microseconds = nanoseconds.unwrap_or(0) / 1000;
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    [seconds.to_le_bytes(), rest.to_le_bytes()].concat()
}

fn time_from_bytes(memory: &Memory<'_>, value: Ptr, len: u32) -> Result<Option<u64>, Errno> {
    if len < 16 {
        return Err(Errno::Inval);
    }
    let [seconds, microseconds] = [memory.read_element::<u64>(value, 0)?, memory.read_element::<u64>(value, 1)?];
    if microseconds >= 1_000_000 || i64::try_from(seconds).is_err() {
        return Err(Errno::Dom);
    }
    let nanoseconds = seconds.saturating_mul(1_000_000_000).saturating_add(microseconds * 1000);
    Ok((nanoseconds > 0).then_some(nanoseconds))
}
