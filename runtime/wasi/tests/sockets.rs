//! Sockets on the loopback interface: two guests, or a guest and a program of the host.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::*;
use wasi::{Builder, Errno};

const INET4: u64 = 1;
const INET6: u64 = 2;
const DGRAM: u64 = 1;
const STREAM: u64 = 2;

/// Where the tests' records and buffers lie.
const RECORD: u64 = 0x100;
const ADDRESS: u64 = 0x200;
const PORT: u64 = 0x300;
const KIND: u64 = 0x308;
const COUNT: u64 = 0x310;
const FLAGS: u64 = 0x318;
const DATA: u64 = 0x1000;

fn net() -> Guest {
    let (mut guest, _dir) = guest();
    let mut builder = Builder::new();
    builder.allow_net(true);
    guest.context = builder.build();
    guest
}

fn loopback(family: u64) -> IpAddr {
    if family == INET4 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

impl Guest {
    fn socket(&mut self, family: u64, kind: u64) -> Got<u64> {
        self.call("sock_open", &[family, kind, COUNT])?;
        Ok(self.u32(COUNT))
    }

    /// Puts an address and the record that names it.
    fn address(&mut self, address: IpAddr) -> u64 {
        let bytes = octets(address);
        self.put(ADDRESS, &bytes);
        self.record(bytes.len() as u64)
    }

    /// Puts a record for a buffer of this length.
    fn record(&mut self, len: u64) -> u64 {
        self.put(RECORD + 4, &(len as u32).to_le_bytes());
        self.put(RECORD, &(ADDRESS as u32).to_le_bytes())
    }

    fn bind(&mut self, fd: u64, address: IpAddr, port: u16) -> Got<()> {
        let record = self.address(address);
        self.call("sock_bind", &[fd, record, port.into()])
    }

    fn connect(&mut self, fd: u64, to: SocketAddr) -> Got<()> {
        let record = self.address(to.ip());
        self.call("sock_connect", &[fd, record, to.port().into()])
    }

    /// The address of a socket by both calls for it, which must agree.
    fn name(&mut self, call: &str, fd: u64) -> Got<SocketAddr> {
        let record = self.record(16);
        self.call(call, &[fd, record, KIND, PORT])?;
        let kind = self.u32(KIND);
        let short = self.bytes(ADDRESS, if kind == 4 { 4 } else { 16 });
        let record = self.record(128);
        self.call(call, &[fd, record, PORT])?;
        let (family, port) = (self.u16(ADDRESS), self.u32(PORT));
        assert_eq!(family, if kind == 4 { INET4 } else { INET6 });
        let address: IpAddr = match family {
            INET4 => <[u8; 4]>::try_from(self.bytes(ADDRESS + 2, 4)).unwrap().into(),
            _ => <[u8; 16]>::try_from(self.bytes(ADDRESS + 2, 16)).unwrap().into(),
        };
        assert_eq!(octets(address), short);
        Ok(SocketAddr::new(address, port.try_into().unwrap()))
    }

    /// A listening socket, and its address.
    fn listen(&mut self, family: u64) -> (u64, SocketAddr) {
        let fd = self.socket(family, STREAM).unwrap();
        self.bind(fd, loopback(family), 0).unwrap();
        self.call("sock_listen", &[fd, 8]).unwrap();
        let address = self.name("sock_getlocaladdr", fd).unwrap();
        (fd, address)
    }

    fn accept(&mut self, fd: u64) -> Got<u64> {
        self.call("sock_accept", &[fd, 0, COUNT])?;
        Ok(self.u32(COUNT))
    }

    fn send(&mut self, fd: u64, bytes: &[u8]) -> Got<u64> {
        self.put(DATA, bytes);
        let [iovs, count] = self.iovs(&[(DATA, bytes.len() as u64)]);
        self.call("sock_send", &[fd, iovs, count, 0, COUNT])?;
        Ok(self.u32(COUNT))
    }

    /// The bytes, and the flags that came with them.
    fn recv(&mut self, fd: u64, room: u64, flags: u64) -> Got<(Vec<u8>, u64)> {
        let [iovs, count] = self.iovs(&[(DATA, room)]);
        self.call("sock_recv", &[fd, iovs, count, flags, COUNT, FLAGS])?;
        Ok((self.bytes(DATA, self.u32(COUNT)), self.u16(FLAGS)))
    }

    fn option(&mut self, fd: u64, name: u64, room: u64) -> Got<Vec<u8>> {
        self.put(COUNT, &(room as u32).to_le_bytes());
        self.call("sock_getsockopt", &[fd, 0, name, DATA, COUNT])?;
        Ok(self.bytes(DATA, self.u32(COUNT)))
    }

    fn set_option(&mut self, fd: u64, name: u64, value: &[u8]) -> Got<()> {
        self.put(DATA, value);
        self.call("sock_setsockopt", &[fd, 0, name, DATA, value.len() as u64])
    }
}

/// The families that this machine has.
fn families() -> Vec<u64> {
    let has = |family: &u64| TcpListener::bind((loopback(*family), 0)).is_ok();
    let families: Vec<u64> = [INET4, INET6].into_iter().filter(has).collect();
    assert!(families.contains(&INET4));
    families
}

#[test]
fn two_guests_talk() {
    for family in families() {
        let mut server = net();
        let (listener, address) = server.listen(family);
        let client = thread::spawn(move || {
            let mut client = net();
            let fd = client.socket(family, STREAM).unwrap();
            client.connect(fd, address).unwrap();
            assert_eq!(client.name("sock_getpeeraddr", fd), Ok(address));
            let own = client.name("sock_getlocaladdr", fd).unwrap();
            assert_eq!(client.send(fd, b"question"), Ok(8));
            // Reading like from a file.
            assert_eq!(client.read(fd, 100).unwrap(), b"answer");
            client.call("sock_shutdown", &[fd, 2]).unwrap();
            fails(client.send(fd, b"more"), Errno::Pipe);
            fails(client.write(fd, b"more"), Errno::Pipe);
            assert_eq!(client.read(fd, 100).unwrap(), b"");
            own
        });
        let fd = server.accept(listener).unwrap();
        let peer = server.name("sock_getpeeraddr", fd).unwrap();
        assert_eq!(server.recv(fd, 8, 1).unwrap(), (b"question".to_vec(), 0), "to look does not take");
        assert_eq!(server.recv(fd, 4, 0).unwrap(), (b"ques".to_vec(), 0));
        assert_eq!(server.recv(fd, 4, 2).unwrap(), (b"tion".to_vec(), 0));
        assert_eq!(server.write(fd, b"answer"), Ok(6));
        assert_eq!(server.read(fd, 1).unwrap(), b"", "the other side sends no more");
        server.close(fd).unwrap();
        assert_eq!(client.join().unwrap(), peer);
        fails(server.recv(fd, 1, 0), Errno::Badf);
    }
}

#[test]
fn the_old_accept_has_no_flags() {
    let mut server = net();
    let (listener, address) = server.listen(INET4);
    let client = thread::spawn(move || TcpStream::connect(address).unwrap().write_all(b"x").unwrap());
    server.call("sock_accept", &[listener, COUNT]).unwrap();
    let fd = server.u32(COUNT);
    assert_eq!(server.fdstat(fd), (6, 0));
    assert_eq!(server.recv(fd, 10, 0).unwrap().0, b"x");
    client.join().unwrap();
}

#[test]
fn waiting_for_all() {
    let mut server = net();
    let (listener, address) = server.listen(INET4);
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        for piece in [b"one", b"two", b"six"] {
            stream.write_all(piece).unwrap();
            stream.flush().unwrap();
            thread::yield_now();
        }
    });
    let fd = server.accept(listener).unwrap();
    assert_eq!(server.recv(fd, 8, 2).unwrap().0, b"onetwosi");
    assert_eq!(server.recv(fd, 8, 2).unwrap().0, b"x", "no more is to come");
    client.join().unwrap();
}

/// More than the host's buffers take: the guest waits until all is sent.
#[test]
fn much() {
    let (mut guest, listener) = (net(), TcpListener::bind("127.0.0.1:0").unwrap());
    let to = listener.local_addr().unwrap();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.connect(fd, to).unwrap();
    guest.memory = vec![7; 16 << 20];
    let whole = guest.memory.len() as u64 - 0x2_0000;
    let [iovs, count] = guest.iovs(&[(0x2_0000, whole)]);
    guest.call("sock_send", &[fd, iovs, count, 0, COUNT]).unwrap();
    assert_eq!(guest.u32(COUNT), whole);
    guest.close(fd).unwrap();
    assert_eq!(reader.join().unwrap(), vec![7; whole as usize]);
}

#[test]
fn datagrams() {
    for family in families() {
        let mut guest = net();
        let fd = guest.socket(family, DGRAM).unwrap();
        guest.bind(fd, loopback(family), 0).unwrap();
        assert_eq!(guest.fdstat(fd).0, 5);
        let own = guest.name("sock_getlocaladdr", fd).unwrap();
        let other = UdpSocket::bind((loopback(family), 0)).unwrap();
        let from = other.local_addr().unwrap();
        other.send_to(b"hello", own).unwrap();

        let [iovs, count] = guest.iovs(&[(DATA, 3)]);
        let record = guest.record(128);
        guest.call("sock_recv_from", &[fd, iovs, count, record, 0, PORT, COUNT, FLAGS]).unwrap();
        assert_eq!((guest.u32(COUNT), guest.u16(FLAGS)), (3, 1), "cut off");
        assert_eq!(guest.bytes(DATA, 3), b"hel");
        assert_eq!((guest.u16(ADDRESS), guest.u32(PORT)), (family, from.port().into()));
        let len = octets(from.ip()).len() as u64;
        assert_eq!(guest.bytes(ADDRESS + 2, len), octets(from.ip()));

        // The older call, without a port.
        other.send_to(b"again", own).unwrap();
        guest.put(ADDRESS, &[0; 16]);
        let record = guest.record(16);
        let [iovs, count] = guest.iovs(&[(DATA, 100)]);
        guest.call("sock_recv_from", &[fd, iovs, count, record, 0, COUNT, FLAGS]).unwrap();
        assert_eq!((guest.u32(COUNT), guest.u16(FLAGS)), (5, 0));
        assert_eq!(guest.bytes(ADDRESS, len), octets(from.ip()));

        guest.put(DATA, b"answer");
        let [iovs, count] = guest.iovs(&[(DATA, 6)]);
        let record = guest.address(from.ip());
        guest.call("sock_send_to", &[fd, iovs, count, record, from.port().into(), 0, COUNT]).unwrap();
        assert_eq!(guest.u32(COUNT), 6);
        let mut buffer = [0; 10];
        assert_eq!(other.recv_from(&mut buffer).unwrap(), (6, own));
        fails(guest.send(fd, b"nowhere"), Errno::Destaddrreq);
        // Whom a message goes to can be fixed.
        guest.connect(fd, from).unwrap();
        assert_eq!(guest.send(fd, b"x"), Ok(1));
        assert_eq!(other.recv_from(&mut buffer).unwrap(), (1, own));
    }
}

#[test]
fn without_waiting() {
    let mut guest = net();
    let (listener, address) = guest.listen(INET4);
    guest.call("fd_fdstat_set_flags", &[listener, NONBLOCK]).unwrap();
    fails(guest.accept(listener), Errno::Again);
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.call("fd_fdstat_set_flags", &[fd, NONBLOCK]).unwrap();
    assert_eq!(guest.fdstat(fd), (6, NONBLOCK));
    match guest.connect(fd, address) {
        Ok(()) => {}
        Err(errno) => assert_eq!(errno, Errno::Inprogress as u64),
    }
    // Connected is what can be written to.
    subscribe(&mut guest, 2, fd);
    guest.call("poll_oneoff", &[0, 0x4000, 1, COUNT]).unwrap();
    assert_eq!((guest.u16(0x4000 + 8), guest.u8(0x4000 + 10)), (0, 2));
    assert_eq!(guest.option(fd, 2, 4).unwrap(), [0; 4]);

    subscribe(&mut guest, 1, listener);
    guest.call("poll_oneoff", &[0, 0x4000, 1, COUNT]).unwrap();
    guest.call("sock_accept", &[listener, NONBLOCK, COUNT]).unwrap();
    let accepted = guest.u32(COUNT);
    assert_eq!(guest.fdstat(accepted), (6, NONBLOCK));
    fails(guest.recv(accepted, 1, 0), Errno::Again);
    fails(guest.read(accepted, 1), Errno::Again);
    guest.send(fd, b"text").unwrap();
    subscribe(&mut guest, 1, accepted);
    guest.call("poll_oneoff", &[0, 0x4000, 1, COUNT]).unwrap();
    assert_eq!((guest.u16(0x4000 + 8), guest.u64(0x4000 + 16)), (0, 4));
    guest.call("fd_fdstat_set_flags", &[accepted, 0]).unwrap();
    assert_eq!(guest.recv(accepted, 10, 0).unwrap().0, b"text");
    guest.close(fd).unwrap();
    guest.call("poll_oneoff", &[0, 0x4000, 1, COUNT]).unwrap();
    assert_eq!(guest.u16(0x4000 + 8), 0);
    assert_eq!(guest.recv(accepted, 10, 0).unwrap().0, b"");
    fails(guest.call("sock_accept", &[listener, APPEND, COUNT]), Errno::Inval);
}

/// Puts a subscription to a descriptor at address 0.
fn subscribe(guest: &mut Guest, tag: u8, fd: u64) {
    guest.put(0, &[0; 48]);
    guest.put(8, &[tag]);
    guest.put(16, &(fd as u32).to_le_bytes());
}

#[test]
fn nobody_listens() {
    let mut guest = net();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fd = guest.socket(INET4, STREAM).unwrap();
    fails(guest.connect(fd, address), Errno::Connrefused);
}

#[test]
fn options() {
    let mut guest = net();
    let fd = guest.socket(INET4, STREAM).unwrap();
    let datagrams = guest.socket(INET4, DGRAM).unwrap();
    assert_eq!(guest.option(fd, 1, 4).unwrap(), [2, 0, 0, 0]);
    assert_eq!(guest.option(datagrams, 1, 100).unwrap(), [1, 0, 0, 0]);
    assert_eq!(guest.option(fd, 13, 4).unwrap(), [0; 4]);
    for (fd, name) in [(fd, 0), (datagrams, 4), (fd, 7), (fd, 8)] {
        assert_eq!(guest.option(fd, name, 4).unwrap(), [0; 4], "{name}");
        guest.set_option(fd, name, &[1, 0, 0, 0]).unwrap();
        assert_eq!(guest.option(fd, name, 4).unwrap(), [1, 0, 0, 0], "{name}");
        fails(guest.set_option(fd, name, &[1, 0, 0]), Errno::Inval);
    }
    for name in [5, 6] {
        guest.set_option(fd, name, &0x1_0000_i32.to_le_bytes()).unwrap();
        let size = guest.option(fd, name, 4).unwrap();
        assert!(i32::from_le_bytes(size.try_into().unwrap()) >= 0x1_0000);
        fails(guest.set_option(fd, name, &(-1_i32).to_le_bytes()), Errno::Inval);
    }
    guest.set_option(fd, 9, &[1, 0, 0, 0, 5, 0, 0, 0]).unwrap();
    assert_eq!(guest.option(fd, 9, 8).unwrap(), [1, 0, 0, 0, 5, 0, 0, 0]);
    fails(guest.option(fd, 9, 4), Errno::Inval);
    for name in [11, 12] {
        assert_eq!(guest.option(fd, name, 16).unwrap(), [0; 16]);
        let time = [3_u64.to_le_bytes(), 500_000_u64.to_le_bytes()].concat();
        guest.set_option(fd, name, &time).unwrap();
        assert_eq!(guest.option(fd, name, 16).unwrap(), time);
        fails(guest.set_option(fd, name, &[0; 15]), Errno::Inval);
        fails(guest.set_option(fd, name, &[0xff; 16]), Errno::Dom);
    }
    for name in [1, 2, 13] {
        fails(guest.set_option(fd, name, &[0; 4]), Errno::Noprotoopt);
    }
    for name in [3, 10, 14] {
        fails(guest.option(fd, name, 4), Errno::Noprotoopt);
    }
    fails(guest.option(fd, 15, 4), Errno::Inval);
    fails(guest.call("sock_getsockopt", &[fd, 1, 0, DATA, COUNT]), Errno::Inval);
}

#[test]
fn connecting_twice() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let to = listener.local_addr().unwrap();
    let mut guest = net();
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.connect(fd, to).unwrap();
    fails(guest.connect(fd, to), Errno::Isconn);
    // Who does not wait is told that it is done by the next call, or that it was before.
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.call("fd_fdstat_set_flags", &[fd, NONBLOCK]).unwrap();
    fails(guest.connect(fd, to), Errno::Inprogress);
    while guest.connect(fd, to) != Err(Errno::Isconn as u64) {}
    // What is under way is waited for.
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.call("fd_fdstat_set_flags", &[fd, NONBLOCK]).unwrap();
    fails(guest.connect(fd, to), Errno::Inprogress);
    guest.call("fd_fdstat_set_flags", &[fd, 0]).unwrap();
    guest.connect(fd, to).unwrap();
    drop(listener);
    let fd = guest.socket(INET4, STREAM).unwrap();
    fails(guest.connect(fd, to), Errno::Connrefused);
}

/// No interrupt could end a wait in there.
#[test]
fn closing_does_not_wait_for_a_peer_that_does_not_read() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut guest = net();
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.connect(fd, listener.local_addr().unwrap()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    let hour = [1_u32.to_le_bytes(), 3600_u32.to_le_bytes()].concat();
    guest.set_option(fd, 9, &hour).unwrap();
    assert_eq!(guest.option(fd, 9, 8).unwrap(), hour);
    guest.call("fd_fdstat_set_flags", &[fd, NONBLOCK]).unwrap();
    let mut sent = 0;
    loop {
        match guest.send(fd, &[7; 0x8000]) {
            Ok(bytes) => sent += bytes,
            full => break fails(full, Errno::Again),
        }
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(guest.close(fd)));
    assert_eq!(receiver.recv_timeout(Duration::from_secs(60)).expect("it waits"), Ok(()));
    // Nothing is lost.
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    assert_eq!(received.len() as u64, sent);

    // To linger for no time is to throw away.
    let mut guest = net();
    let fd = guest.socket(INET4, STREAM).unwrap();
    guest.connect(fd, listener.local_addr().unwrap()).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    guest.set_option(fd, 9, &[1, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    fails(guest.set_option(fd, 9, &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), Errno::Inval);
    guest.close(fd).unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_time_limit_of_receiving() {
    let mut guest = net();
    let fd = guest.socket(INET4, DGRAM).unwrap();
    guest.bind(fd, loopback(INET4), 0).unwrap();
    guest.set_option(fd, 11, &[0_u64.to_le_bytes(), 1000_u64.to_le_bytes()].concat()).unwrap();
    fails(guest.recv(fd, 1, 0), Errno::Again);
    fails(guest.read(fd, 1), Errno::Again);
}

#[test]
fn the_network_must_be_allowed() {
    let (mut guest, _dir) = guest();
    for kind in [STREAM, DGRAM] {
        fails(guest.socket(INET4, kind), Errno::Notcapable);
    }
    fails(guest.call("sock_getaddrinfo", &[0; 8]), Errno::Notcapable);

    // A socket that the embedder gives can be used like a pipe, and no more.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    for allowed in [false, true] {
        let mut builder = Builder::new();
        builder.stdin(wasi::Input::File(std::os::fd::OwnedFd::from(client.try_clone().unwrap()).into()));
        builder.stdout(wasi::Output::File(std::os::fd::OwnedFd::from(listener.try_clone().unwrap()).into()));
        builder.allow_net(allowed);
        guest.context = builder.build();
        let calls: [(&str, &[u64]); 8] = [
            ("sock_bind", &[0, RECORD, 0]),
            ("sock_connect", &[0, RECORD, 0]),
            ("sock_listen", &[0, 1]),
            ("sock_getlocaladdr", &[0, RECORD, PORT]),
            ("sock_getpeeraddr", &[0, RECORD, KIND, PORT]),
            ("sock_getsockopt", &[0, 0, 0, DATA, COUNT]),
            ("sock_setsockopt", &[0, 0, 0, DATA, 4]),
            ("sock_accept", &[1, 0, COUNT]),
        ];
        for (name, args) in calls {
            let refused = guest.call(name, args) == Err(Errno::Notcapable as u64);
            assert_eq!(refused, !allowed, "{name}");
        }
    }
}

#[test]
fn what_is_no_socket_and_bad_arguments() {
    let mut guest = net();
    let dir = tempfile::tempdir().unwrap();
    let mut builder = Builder::new();
    builder.allow_net(true).preopen_dir(dir.path(), "/", false).unwrap();
    guest.context = builder.build();
    let file = guest.create("file");
    let calls: [(&str, &[u64]); 10] = [
        ("sock_bind", &[RECORD, 0]),
        ("sock_connect", &[RECORD, 0]),
        ("sock_listen", &[1]),
        ("sock_accept", &[0, COUNT]),
        ("sock_getlocaladdr", &[RECORD, PORT]),
        ("sock_recv", &[0, 0, 0, COUNT, FLAGS]),
        ("sock_send", &[0, 0, 0, COUNT]),
        ("sock_shutdown", &[1]),
        ("sock_getsockopt", &[0, 0, DATA, COUNT]),
        ("sock_setsockopt", &[0, 0, DATA, 4]),
    ];
    for (name, args) in calls {
        for (fd, errno) in [(file, Errno::Notsock), (ROOT, Errno::Notsock), (99, Errno::Badf)] {
            fails(guest.call(name, &[&[fd], args].concat()), errno);
        }
    }
    fails(guest.socket(0, STREAM), Errno::Inval);
    fails(guest.socket(3, STREAM), Errno::Afnosupport);
    fails(guest.socket(4, STREAM), Errno::Inval);
    fails(guest.socket(INET4, 0), Errno::Inval);
    fails(guest.socket(INET4, 3), Errno::Inval);
    let end = guest.memory.len() as u64;
    fails(guest.call("sock_open", &[INET4, STREAM, end - 3]), Errno::Fault);

    let fd = guest.socket(INET4, STREAM).unwrap();
    for len in [0, 3, 5, 15, 17, 127, 129] {
        let record = guest.record(len);
        fails(guest.call("sock_bind", &[fd, record, 0]), Errno::Inval);
        fails(guest.call("sock_getlocaladdr", &[fd, record, PORT]), Errno::Inval);
    }
    let record = guest.record(end);
    fails(guest.call("sock_bind", &[fd, record, 0]), Errno::Fault);
    let record = guest.address(loopback(INET4));
    fails(guest.call("sock_bind", &[fd, record, 0x1_0000]), Errno::Inval);
    fails(guest.call("sock_bind", &[fd, end - 7, 0]), Errno::Fault);
    fails(guest.call("sock_shutdown", &[fd, 0]), Errno::Inval);
    fails(guest.call("sock_shutdown", &[fd, 4]), Errno::Inval);
    fails(guest.call("sock_shutdown", &[fd, 3]), Errno::Notconn);
    fails(guest.name("sock_getpeeraddr", fd), Errno::Notconn);
    let [iovs, count] = guest.iovs(&[(DATA, 1)]);
    fails(guest.call("sock_send", &[fd, iovs, count, 1, COUNT]), Errno::Inval);
    fails(guest.call("sock_recv", &[fd, iovs, count, 4, COUNT, FLAGS]), Errno::Inval);
    fails(guest.call("sock_recv", &[fd, iovs, count, 0, COUNT, end - 1]), Errno::Fault);
    // Rights are checked, and passed on to what a socket accepts.
    let (listener, address) = guest.listen(INET4);
    guest.call("fd_fdstat_set_rights", &[listener, 1 << 29, FD_READ]).unwrap();
    let client = TcpStream::connect(address).unwrap();
    let accepted = guest.accept(listener).unwrap();
    assert_eq!(guest.rights(accepted), (FD_READ, 0));
    fails(guest.send(accepted, b"x"), Errno::Notcapable);
    guest.call("fd_fdstat_set_rights", &[listener, 0, 0]).unwrap();
    fails(guest.accept(listener), Errno::Notcapable);
    drop(client);
}

/// Where the lists of records for names begin; each with its buffers.
const LIST: u64 = 0x2000;

/// What `sock_getaddrinfo` found: family, type and protocol of a socket, and the bytes of the address.
type Resolved = (u64, u64, u64, Vec<u8>);

fn resolve(guest: &mut Guest, node: &str, service: &str, hints: [u8; 5], most: u64) -> Got<Vec<Resolved>> {
    let records = most.min(16);
    for index in 0..records {
        let (record, sockaddr, data) = (LIST + 32 * index, LIST + 0x400 + 16 * index, LIST + 0x600 + 32 * index);
        guest.put(record, &[0; 28]);
        guest.put(record + 12, &(sockaddr as u32).to_le_bytes());
        guest.put(record + 16, &0x2f00_u32.to_le_bytes());
        guest.put(record + 20, &30_u32.to_le_bytes());
        guest.put(record + 24, &(record as u32 + 32).to_le_bytes());
        // The length that guests give, whatever the family.
        guest.put(sockaddr + 4, &14_u32.to_le_bytes());
        guest.put(sockaddr + 8, &(data as u32).to_le_bytes());
    }
    guest.put(DATA, node.as_bytes());
    guest.put(DATA + 0x100, service.as_bytes());
    guest.put(DATA + 0x200, &[0; 28]);
    guest.put(DATA + 0x200, &hints);
    guest.put(PORT, &(LIST as u32).to_le_bytes());
    let (node, service) = ([DATA, node.len() as u64], [DATA + 0x100, service.len() as u64]);
    guest.call("sock_getaddrinfo", &[&node[..], &service, &[DATA + 0x200, PORT, most, COUNT]].concat())?;
    let found = (0..guest.u32(COUNT)).map(|index| {
        let (record, sockaddr) = (LIST + 32 * index, LIST + 0x400 + 16 * index);
        assert_eq!(guest.u8(record + 2), guest.u8(sockaddr));
        let data = guest.bytes(guest.u32(sockaddr + 8), guest.u32(sockaddr + 4));
        (guest.u8(record + 2), guest.u8(record + 3), guest.u8(record + 4), data)
    });
    Ok(found.collect())
}

fn inet4(address: Ipv4Addr, port: u16) -> Vec<u8> {
    [&port.to_be_bytes()[..], &address.octets(), &[0; 8]].concat()
}

fn inet6(address: Ipv6Addr, port: u16) -> Vec<u8> {
    [&port.to_be_bytes()[..], &[0; 4], &address.octets(), &[0; 4]].concat()
}

#[test]
fn names() {
    let mut guest = net();
    let tcp = [0, 0, 0, 2, 1];
    let local = inet4(Ipv4Addr::LOCALHOST, 80);
    // Names may come with a NUL.
    for (node, service) in [("127.0.0.1", "80"), ("127.0.0.1\0", "80\0")] {
        assert_eq!(resolve(&mut guest, node, service, tcp, 4), Ok(vec![(INET4, STREAM, 1, local.clone())]));
    }
    let both = vec![(INET4, STREAM, 1, local.clone()), (INET4, DGRAM, 2, local.clone())];
    assert_eq!(resolve(&mut guest, "127.0.0.1", "80", [0; 5], 4), Ok(both.clone()));
    assert_eq!(resolve(&mut guest, "127.0.0.1", "80", [0; 5], 1), Ok(both[..1].to_vec()));
    assert_eq!(resolve(&mut guest, "127.0.0.1", "80", [0; 5], u64::from(u32::MAX)), Ok(both));
    let local = inet6(Ipv6Addr::LOCALHOST, 80);
    assert_eq!(resolve(&mut guest, "::1", "80", tcp, 4), Ok(vec![(INET6, STREAM, 1, local)]));
    let mapped = inet6(Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0);
    assert_eq!(resolve(&mut guest, "127.0.0.1", "", [1 << 4, 0, 2, 2, 0], 4), Ok(vec![(INET6, STREAM, 1, mapped)]));
    let any =
        vec![(INET4, STREAM, 1, inet4(Ipv4Addr::UNSPECIFIED, 7)), (INET6, STREAM, 1, inet6(Ipv6Addr::UNSPECIFIED, 7))];
    assert_eq!(resolve(&mut guest, "", "7", [1, 0, 0, 2, 0], 4), Ok(any));
    let found = resolve(&mut guest, "localhost", "", [2, 0, INET4 as u8, 2, 0], 4).unwrap();
    assert_eq!(found, [(INET4, STREAM, 1, inet4(Ipv4Addr::LOCALHOST, 0))]);
    assert_eq!((guest.u32(LIST + 20), guest.bytes(0x2f00, 9)), (9, b"localhost".to_vec()));

    fails(resolve(&mut guest, "", "", tcp, 4), Errno::Ainoname);
    fails(resolve(&mut guest, "localhost", "80", [4, 0, 0, 2, 1], 4), Errno::Ainoname);
    fails(resolve(&mut guest, "127.0.0.1", "http", [8, 0, 0, 2, 1], 4), Errno::Ainoname);
    fails(resolve(&mut guest, "127.0.0.1", "no-such-service", tcp, 4), Errno::Aiservice);
    fails(resolve(&mut guest, "127.0.0.1", "65536", tcp, 4), Errno::Aiservice);
    fails(resolve(&mut guest, "127.0.0.1", "80", tcp, 0), Errno::Aimemory);
    fails(resolve(&mut guest, "127.0.0.1", "80", [0x80, 0, 0, 2, 1], 4), Errno::Aibadflag);
    fails(resolve(&mut guest, "", "80", [2, 0, 0, 2, 1], 4), Errno::Aibadflag);
    fails(resolve(&mut guest, "127.0.0.1", "80", [0, 0, 3, 2, 1], 4), Errno::Aifamily);
    fails(resolve(&mut guest, "127.0.0.1", "80", [0, 0, 2, 2, 1], 4), Errno::Aiaddrfamily);
    fails(resolve(&mut guest, "127.0.0.1", "80", [0, 0, 0, 1, 1], 4), Errno::Aisocktype);
    fails(resolve(&mut guest, "127.0.0.1", "80", [0, 0, 0, 3, 0], 4), Errno::Aisocktype);
    fails(resolve(&mut guest, "127.0.0.1", "80", [0, 0, 0, 0, 3], 4), Errno::Protonosupport);
    // A list that ends too early.
    guest.put(DATA + 0x200, &[0; 28]);
    let end = guest.memory.len() as u64;
    fails(guest.call("sock_getaddrinfo", &[DATA, 9, DATA, 0, DATA + 0x200, PORT, 4, end - 3]), Errno::Fault);
    guest.put(PORT, &(end as u32 - 27).to_le_bytes());
    fails(guest.call("sock_getaddrinfo", &[DATA, 9, DATA, 0, DATA + 0x200, PORT, 4, COUNT]), Errno::Fault);
}
