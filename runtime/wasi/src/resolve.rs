//! Addresses of host names, as WasmEdge has it: the guest gives a list of records with buffers, and finds them filled in.
//!
//! Each record has a buffer for the port and the address, laid out as in the host's `sockaddr` behind the family; WasmEdge
//! gives 14 bytes as its length even where it has the 26 that IPv6 needs, so the length is not asked for. The official name of
//! a host is the one that was asked for. Names of services are those of the file `/etc/services`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use bitflags::bitflags;

use crate::address::{Family, octets};
use crate::context::Context;
use crate::errno::Errno;
use crate::interrupt::Interrupt;
use crate::layout::{Addrinfo, Sockaddr};
use crate::memory::{Memory, Ptr};

bitflags! {
    /// `aiflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Hints: u16 {
        const PASSIVE = 1 << 0;
        const CANONNAME = 1 << 1;
        const NUMERICHOST = 1 << 2;
        const NUMERICSERV = 1 << 3;
        const V4MAPPED = 1 << 4;
        const ALL = 1 << 5;
        const ADDRCONFIG = 1 << 6;
    }
}

/// A type of socket with its protocol, and what services files call that.
#[derive(Clone, Copy, Debug)]
struct Transport {
    socktype: u8,
    protocol: u8,
    name: &'static str,
}

const TRANSPORTS: [Transport; 2] =
    [Transport { socktype: 2, protocol: 1, name: "tcp" }, Transport { socktype: 1, protocol: 2, name: "udp" }];

/// One thing to be found.
#[derive(Clone, Copy, Debug)]
struct Found {
    transport: Transport,
    address: IpAddr,
    port: u16,
}

/// How long the resolver may take before an interrupt is looked for again.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(20);

#[expect(clippy::too_many_arguments, reason = "the signature that WasmEdge gives it")]
pub(crate) fn sock_getaddrinfo(
    context: &Context,
    memory: &mut Memory<'_>,
    node: Ptr,
    node_len: u32,
    service: Ptr,
    service_len: u32,
    hints: Ptr,
    found: Ptr,
    most: u32,
    count: Ptr,
) -> Result<(), Errno> {
    context.require_net()?;
    let node = name(memory, node, node_len)?;
    let service = name(memory, service, service_len)?;
    let hints: Addrinfo = memory.read_element(hints, 0)?;
    let first: u32 = memory.read_element(found, 0)?;
    let count = memory.slot::<u32>(count)?;
    if node.is_empty() && service.is_empty() {
        return Err(Errno::Ainoname);
    }
    if most == 0 {
        return Err(Errno::Aimemory);
    }
    let flags = Hints::from_bits(hints.flags).ok_or(Errno::Aibadflag)?;
    if flags.contains(Hints::CANONNAME) && node.is_empty() {
        return Err(Errno::Aibadflag);
    }
    let family = Family::new(hints.family.into()).map_err(|_| Errno::Aifamily)?;
    let transports = transports(&hints)?;
    let ports = ports(&service, flags, &transports)?;
    let addresses = addresses(&node, flags, family, context.interrupt())?;
    let all: Vec<Found> = addresses
        .iter()
        .flat_map(|&address| ports.iter().map(move |&(transport, port)| Found { transport, address, port }))
        .take(most as usize)
        .collect();
    let name = flags.contains(Hints::CANONNAME).then_some(node.as_bytes());
    write(memory, Ptr(first), flags, &all, name)?;
    memory.put(count, all.len() as u32);
    Ok(())
}

/// A name; a NUL ends it early.
fn name(memory: &Memory<'_>, at: Ptr, len: u32) -> Result<String, Errno> {
    let bytes = memory.bytes(at, len)?;
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8(bytes[..end].to_vec()).map_err(|_| Errno::Ilseq)
}

/// The transports that the hints allow.
fn transports(hints: &Addrinfo) -> Result<Vec<Transport>, Errno> {
    if hints.socktype > 2 {
        return Err(Errno::Aisocktype);
    }
    if hints.protocol > 2 {
        return Err(Errno::Protonosupport);
    }
    let allowed = |hint, own| hint == 0 || hint == own;
    let transports: Vec<_> = TRANSPORTS
        .into_iter()
        .filter(|own| allowed(hints.socktype, own.socktype) && allowed(hints.protocol, own.protocol))
        .collect();
    if transports.is_empty() { Err(Errno::Aisocktype) } else { Ok(transports) }
}

/// The service's port for each transport that has it.
fn ports(service: &str, flags: Hints, transports: &[Transport]) -> Result<Vec<(Transport, u16)>, Errno> {
    if service.is_empty() {
        return Ok(transports.iter().map(|&transport| (transport, 0)).collect());
    }
    if service.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = service.parse().map_err(|_| Errno::Aiservice)?;
        return Ok(transports.iter().map(|&transport| (transport, port)).collect());
    }
    if flags.contains(Hints::NUMERICSERV) {
        return Err(Errno::Ainoname);
    }
    // Without the file no service has a name.
    let services = std::fs::read_to_string("/etc/services").unwrap_or_default();
    let ports: Vec<_> = transports
        .iter()
        .filter_map(|&transport| Some((transport, port_of(&services, service, transport.name)?)))
        .collect();
    if ports.is_empty() { Err(Errno::Aiservice) } else { Ok(ports) }
}

/// The port of a service in a services file: `name port/protocol aliases`, and comments.
fn port_of(services: &str, service: &str, protocol: &str) -> Option<u16> {
    services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        let (port, found) = words.next()?.split_once('/')?;
        let named = name == service || words.any(|alias| alias == service);
        if named && found == protocol { port.parse().ok() } else { None }
    })
}

/// The host's addresses, those of a family if there is one.
fn addresses(
    node: &str,
    flags: Hints,
    family: Option<Family>,
    interrupt: Option<&Interrupt>,
) -> Result<Vec<IpAddr>, Errno> {
    let all: Vec<IpAddr> = if node.is_empty() {
        match flags.contains(Hints::PASSIVE) {
            true => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
            false => vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()],
        }
    } else if let Ok(address) = node.parse() {
        vec![address]
    } else if flags.contains(Hints::NUMERICHOST) {
        return Err(Errno::Ainoname);
    } else {
        look_up(node, interrupt)?
    };
    let mut fitting: Vec<IpAddr> =
        all.iter().copied().filter(|address| family.is_none_or(|family| family == Family::of(address))).collect();
    if family == Some(Family::Inet6)
        && flags.contains(Hints::V4MAPPED)
        && (fitting.is_empty() || flags.contains(Hints::ALL))
    {
        fitting.extend(all.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Some(IpAddr::from(address.to_ipv6_mapped())),
            IpAddr::V6(_) => None,
        }));
    }
    if fitting.is_empty() { Err(Errno::Aiaddrfamily) } else { Ok(fitting) }
}

/// Asks the host's resolver, which cannot be interrupted: so a thread of its own does, and is left behind.
fn look_up(node: &str, interrupt: Option<&Interrupt>) -> Result<Vec<IpAddr>, Errno> {
    let (sender, receiver) = mpsc::channel();
    let node = node.to_string();
    let resolve = move || {
        let found: io::Result<Vec<IpAddr>> =
            (node.as_str(), 0).to_socket_addrs().map(|all| all.map(|address| address.ip()).collect());
        // Nobody listens any more after an interrupt.
        let _ = sender.send(found);
    };
    thread::Builder::new().spawn(resolve).map_err(|_| Errno::Aiagain)?;
    loop {
        match receiver.recv_timeout(INTERRUPT_INTERVAL) {
            Ok(Ok(mut found)) => {
                let mut seen = Vec::new();
                found.retain(|address| {
                    let new = !seen.contains(address);
                    seen.push(*address);
                    new
                });
                return Ok(found);
            }
            // The standard library does not tell why.
            Ok(Err(_)) => return Err(Errno::Ainoname),
            Err(RecvTimeoutError::Timeout) if interrupt.is_some_and(Interrupt::is_raised) => return Err(Errno::Intr),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Errno::Aifail),
        }
    }
}

/// Fills in the guest's records, one after another.
fn write(memory: &mut Memory<'_>, first: Ptr, flags: Hints, all: &[Found], name: Option<&[u8]>) -> Result<(), Errno> {
    let mut at = first;
    for (index, found) in all.iter().enumerate() {
        let mut record: Addrinfo = memory.read_element(at, 0)?;
        let mut sockaddr: Sockaddr = memory.read_element(Ptr(record.addr), 0)?;
        let family = Family::of(&found.address);
        // Behind the family: the port, in network order; IPv4: the address, and eight bytes of padding; IPv6: the flow, the
        // address, the scope.
        let mut data = found.port.to_be_bytes().to_vec();
        match family {
            Family::Inet4 => data.extend([octets(&found.address), vec![0; 8]].concat()),
            Family::Inet6 => data.extend([vec![0; 4], octets(&found.address), vec![0; 4]].concat()),
        }
        memory.write_bytes(Ptr(sockaddr.data), &data)?;
        sockaddr.family = family as u8;
        sockaddr.data_len = data.len() as u32;
        memory.write_element(Ptr(record.addr), 0, sockaddr)?;

        // The first record alone has the name, as far as there is room.
        let name = name.filter(|_| index == 0).unwrap_or_default();
        let name = &name[..name.len().min(record.canonname_len as usize)];
        memory.write_bytes(Ptr(record.canonname), name)?;
        record.canonname_len = name.len() as u32;
        record.flags = flags.bits();
        record.family = family as u8;
        record.socktype = found.transport.socktype;
        record.protocol = found.transport.protocol;
        // With the family's own two bytes, as the host counts.
        record.addrlen = data.len() as u32 + 2;
        memory.write_element(at, 0, record)?;
        at = Ptr(record.next);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_files() {
        let file = "# comment\nhttp 80/tcp www # web\ndomain 53/tcp\ndomain 53/udp\nbad\nworse x/tcp\n";
        assert_eq!(port_of(file, "http", "tcp"), Some(80));
        assert_eq!(port_of(file, "www", "tcp"), Some(80));
        assert_eq!(port_of(file, "web", "tcp"), None);
        assert_eq!(port_of(file, "http", "udp"), None);
        assert_eq!(port_of(file, "domain", "udp"), Some(53));
        assert_eq!(port_of(file, "worse", "tcp"), None);
    }
}
