//! Addresses of sockets, as WasmEdge's guests have them in memory: a record that names a buffer, and the port apart.
//!
//! The buffer's length tells what it holds: 4 or 16 bytes are an IPv4 or IPv6 address alone; 128 bytes begin with the number
//! of the family (16 bits), and the address follows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::net::{AddressFamily, SocketAddrAny};

use crate::errno::Errno;
use crate::layout::Iovec;
use crate::memory::{Memory, Ptr};

/// Bytes of a buffer for an address of any family.
const STORAGE: u32 = 128;

/// `address_family`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Family {
    Inet4 = 1,
    Inet6 = 2,
}

impl Family {
    /// From a guest's argument. None is any family.
    pub fn new(number: u32) -> Result<Option<Self>, Errno> {
        match number {
            0 => Ok(None),
            1 => Ok(Some(Family::Inet4)),
            2 => Ok(Some(Family::Inet6)),
            // Sockets with names in the file system would be a way around its walls.
            3 => Err(Errno::Afnosupport),
            _ => Err(Errno::Inval),
        }
    }

    pub fn of(address: &IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Family::Inet4,
            IpAddr::V6(_) => Family::Inet6,
        }
    }

    pub fn host(self) -> AddressFamily {
        match self {
            Family::Inet4 => AddressFamily::INET,
            Family::Inet6 => AddressFamily::INET6,
        }
    }
}

/// The bytes of an address, in network order.
pub(crate) fn octets(address: &IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Reads the address of a record, and takes the port to it.
pub(crate) fn read(memory: &Memory<'_>, record: Ptr, port: u32) -> Result<SocketAddr, Errno> {
    let Iovec { buf, len } = memory.read_element(record, 0)?;
    memory.check(Ptr(buf), len)?;
    let (family, at) = match len {
        4 => (Family::Inet4, Ptr(buf)),
        16 => (Family::Inet6, Ptr(buf)),
        STORAGE => {
            let family: u16 = memory.read_element(Ptr(buf), 0)?;
            (Family::new(family.into())?.ok_or(Errno::Inval)?, Ptr(buf).after(size_of::<u16>())?)
        }
        _ => return Err(Errno::Inval),
    };
    let address: IpAddr = match family {
        Family::Inet4 => Ipv4Addr::from(bytes(memory, at)?).into(),
        Family::Inet6 => Ipv6Addr::from(bytes(memory, at)?).into(),
    };
    let port = u16::try_from(port).map_err(|_| Errno::Inval)?;
    Ok(SocketAddr::new(address, port))
}

fn bytes<const N: usize>(memory: &Memory<'_>, at: Ptr) -> Result<[u8; N], Errno> {
    let bytes = memory.bytes(at, N as u32)?;
    bytes.as_ref().try_into().map_err(|_| Errno::Inval)
}

/// A buffer for an address, known to lie in memory and to have room for one of some family.
#[derive(Debug)]
pub(crate) struct Room {
    buf: Ptr,
    len: u32,
}

impl Room {
    /// The buffer that a record names.
    pub fn new(memory: &Memory<'_>, record: Ptr, family: AddressFamily) -> Result<Self, Errno> {
        let Iovec { buf, len } = memory.read_element(record, 0)?;
        let buf = Ptr(buf);
        memory.check(buf, len)?;
        match (len, family) {
            (4, AddressFamily::INET) | (16, AddressFamily::INET | AddressFamily::INET6) | (STORAGE, _) => {
                Ok(Room { buf, len })
            }
            _ => Err(Errno::Inval),
        }
    }

    /// The buffer tells families apart.
    pub fn holds_family(&self) -> bool {
        self.len == STORAGE
    }

    /// Writes an address, and its family if there is a place for it. No address is family 0.
    pub fn put(self, memory: &mut Memory<'_>, address: Option<IpAddr>) -> Result<(), Errno> {
        let mut at = self.buf;
        if self.holds_family() {
            let family = address.as_ref().map_or(0, |address| Family::of(address) as u16);
            memory.write_element(at, 0, family)?;
            at = at.after(size_of::<u16>())?;
        }
        match address {
            Some(address) => memory.write_bytes(at, &octets(&address)),
            None => Ok(()),
        }
    }
}

/// An address of the host; those of other families than WASI has are no address.
pub(crate) fn from_host(address: Option<SocketAddrAny>) -> Option<SocketAddr> {
    address.and_then(|address| SocketAddr::try_from(address).ok())
}
