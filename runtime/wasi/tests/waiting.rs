//! Calls that wait: for pipes, terminals and sockets; and how an interrupt ends them.

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::*;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::pty::OpenptFlags;
use tempfile::TempDir;
use wasi::{Builder, Context, End, Errno, FUNCTIONS, Input, Interrupt, Memory, Output, SharedBytes};

fn file(fd: impl Into<OwnedFd>) -> File {
    File::from(fd.into())
}

fn with(context: Context) -> Guest {
    let (mut guest, _dir) = guest();
    guest.context = context;
    guest
}

/// Both ends of a terminal; the second one is the program's.
fn terminal() -> (File, File) {
    let own = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    rustix::pty::grantpt(&own).unwrap();
    rustix::pty::unlockpt(&own).unwrap();
    let name = rustix::pty::ptsname(&own, Vec::new()).unwrap();
    let program = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    (File::from(own), File::from(program))
}

fn fifo(dir: &Path) {
    rustix::fs::mkfifoat(CWD, dir.join("fifo"), Mode::from_raw_mode(0o600)).unwrap();
}

#[test]
fn terminals() {
    let (mut own, program) = terminal();
    let mut builder = Builder::new();
    builder.stdin(Input::File(program.try_clone().unwrap()));
    builder.stdout(Output::File(program.try_clone().unwrap())).stderr(Output::File(program));
    let mut guest = with(builder.build());
    for fd in 0..3 {
        assert_eq!(guest.fdstat(fd).0, 2, "a character device");
        // By this C libraries know a terminal.
        assert_eq!(guest.rights(fd).0 & (FD_SEEK | FD_TELL), 0);
    }
    own.write_all(b"typed\n").unwrap();
    assert_eq!(guest.read(0, 100).unwrap(), b"typed\n");
    guest.call("fd_fdstat_set_flags", &[0, NONBLOCK]).unwrap();
    fails(guest.read(0, 100), Errno::Again);
    fails(guest.seek(0, 0, 1), Errno::Notcapable);
    assert_eq!(guest.write(1, b"out"), Ok(3));
    assert_eq!(guest.write(2, b"err"), Ok(3));
    // The terminal echoes what was typed.
    let mut printed = [0; 13];
    own.read_exact(&mut printed).unwrap();
    assert_eq!(&printed, b"typed\r\nouterr");
}

/// A process that leads a session and has no terminal yet gets the first one that it opens, and then its signals. To be one
/// takes a process of its own: this test again.
#[test]
fn an_opened_terminal_is_not_this_process_s() {
    const NAME: &str = "an_opened_terminal_is_not_this_process_s";
    if std::env::var_os(NAME).is_none() {
        let test = std::env::current_exe().unwrap();
        let status = Command::new(test).args(["--exact", NAME]).env(NAME, "").status().unwrap();
        assert!(status.success());
        return;
    }
    rustix::process::setsid().unwrap();
    let (own, program) = terminal();
    let name = rustix::pty::ptsname(&own, Vec::new()).unwrap();
    let (dir, file) = name.to_str().unwrap().rsplit_once('/').unwrap();
    drop(program);
    let mut builder = Builder::new();
    builder.preopen_dir(Path::new(dir), "/", false).unwrap();
    let mut guest = with(builder.build());
    let fd = guest.open(file, 0, FD_READ | FD_WRITE).unwrap();
    assert_eq!(guest.fdstat(fd).0, 2);
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name: the state, the numbers of the parent, the group and the session, and of the terminal.
    let terminal = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(4);
    assert_eq!(terminal, Some("0"));
}

#[test]
fn a_device_that_is_no_terminal() {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
    let mut builder = Builder::new();
    builder.stdin(Input::File(null.try_clone().unwrap())).stdout(Output::File(null));
    let mut guest = with(builder.build());
    assert_eq!(guest.fdstat(0).0, 2);
    assert_eq!(guest.rights(0).0 & (FD_SEEK | FD_TELL), FD_SEEK | FD_TELL);
    assert_eq!(guest.read(0, 10).unwrap(), b"");
    assert_eq!(guest.write(1, b"gone"), Ok(4));
}

#[test]
fn files_as_standard_streams() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, b"first").unwrap();
    let mut builder = Builder::new();
    builder.stdin(Input::File(File::open(&path).unwrap()));
    builder.stdout(Output::File(OpenOptions::new().append(true).open(&path).unwrap()));
    let mut guest = with(builder.build());
    assert_eq!(guest.fdstat(0), (4, 0));
    assert_eq!(guest.fdstat(1), (4, APPEND));
    assert_eq!(guest.write(1, b" second"), Ok(7));
    assert_eq!(guest.read(0, 100).unwrap(), b"first second");
    assert_eq!(guest.seek(0, 6, 0), Ok(6));
    assert_eq!(guest.pread(0, 3, 0).unwrap(), b"fir");
}

#[test]
fn a_pipe_with_a_name_waits_for_its_other_end() {
    let (mut guest, dir) = guest();
    fifo(dir.path());
    let path = dir.path().join("fifo");
    // A reader waits for a writer, who need not be there yet.
    let writer = thread::spawn({
        let path = path.clone();
        move || OpenOptions::new().write(true).open(path).unwrap().write_all(b"text").unwrap()
    });
    let fd = guest.open("fifo", 0, FD_READ).unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"text");
    writer.join().unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"");
    guest.close(fd).unwrap();

    // The flag that creates makes no difference to what is there.
    let writer = thread::spawn({
        let path = path.clone();
        move || OpenOptions::new().write(true).open(path).unwrap().write_all(b"more").unwrap()
    });
    let fd = guest.open("fifo", CREAT, FD_READ).unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"more");
    writer.join().unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"");
    guest.close(fd).unwrap();

    // A writer waits for a reader, and until all is written.
    // A process that another test starts has our reader, too, until it runs its own program.
    let refused = (0..1000).find_map(|_| {
        let opened = guest.open_with(ROOT, FOLLOW, "fifo", 0, FD_WRITE, 0, NONBLOCK).map(|fd| guest.close(fd));
        opened.err().or_else(|| {
            thread::sleep(Duration::from_millis(1));
            None
        })
    });
    assert_eq!(refused, Some(Errno::Nxio as u64));
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    });
    let fd = guest.open("fifo", 0, FD_WRITE).unwrap();
    guest.memory = vec![7; 1 << 20];
    let [iovs, count] = guest.iovs(&[(0x2_0000, 0x8_0000)]);
    guest.call("fd_write", &[fd, iovs, count, 0]).unwrap();
    assert_eq!(guest.u32(0), 0x8_0000);
    guest.close(fd).unwrap();
    assert_eq!(reader.join().unwrap(), vec![7; 0x8_0000]);
}

/// Nothing to read or to write is nothing to wait for.
#[test]
fn nothing_to_wait_for() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut builder = Builder::new();
    builder.stdin(Input::File(file(reader.try_clone().unwrap()))).stdout(Output::File(file(writer)));
    // With an interrupt, what may wait is asked before.
    builder.interrupt(Interrupt::new().unwrap());
    let mut guest = with(builder.build());
    assert_eq!(guest.read(0, 0).unwrap(), b"");
    guest.call("fd_fdstat_set_flags", &[1, NONBLOCK]).unwrap();
    while guest.write(1, &[0; 4096]).is_ok() {}
    guest.call("fd_fdstat_set_flags", &[1, 0]).unwrap();
    assert_eq!(guest.write(1, b""), Ok(0));
    drop(reader);
}

#[test]
fn a_pipe_that_nobody_reads_from() {
    let (end, output) = std::io::pipe().unwrap();
    let mut builder = Builder::new();
    builder.stdout(Output::File(file(output)));
    let mut guest = with(builder.build());
    drop(end);
    fails(guest.write(1, b"x"), Errno::Pipe);
}

/// Makes a guest with an interrupt and has it make a call that waits for ever, until the interrupt is raised.
#[track_caller]
fn interrupts(
    what: &str,
    make: impl FnOnce(Builder, &Path) -> Guest,
    call: impl FnOnce(&mut Guest) -> End + Send + 'static,
) {
    let dir: TempDir = tempfile::tempdir().unwrap();
    let interrupt = Interrupt::new().unwrap();
    let mut builder = Builder::new();
    builder.interrupt(interrupt.clone()).allow_net(true).preopen_dir(dir.path(), "/", false).unwrap();
    // The standard streams of the test are no guest's.
    builder.stdin(Input::Bytes(Vec::new()));
    let mut guest = make(builder, dir.path());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let end = call(&mut guest);
        sender.send((end, guest)).unwrap();
    });
    // Most likely it waits by now; if it does not yet, it must not begin to.
    assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "{what} did not wait");
    interrupt.raise();
    let (end, mut guest) = receiver.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{what} waits"));
    assert_eq!(end, End::Interrupted, "{what}");
    // Every later call ends at once, until the interrupt is taken back.
    assert_eq!(guest.raw("sched_yield", &[]), Err(End::Interrupted), "{what}");
    interrupt.clear();
    assert_eq!(guest.raw("sched_yield", &[]), Ok(0), "{what}");
}

fn build(builder: Builder, _: &Path) -> Guest {
    with(builder.build())
}

fn read(guest: &mut Guest, fd: u64) -> End {
    let [iovs, count] = guest.iovs(&[(0, 100)]);
    guest.raw("fd_read", &[fd, iovs, count, 0x100]).unwrap_err()
}

/// Writes until it waits.
fn write(guest: &mut Guest, fd: u64) -> End {
    let [iovs, count] = guest.iovs(&[(0, 10_000), (0, 100)]);
    loop {
        if let Err(end) = guest.raw("fd_write", &[fd, iovs, count, 0x100]) {
            return end;
        }
    }
}

#[test]
fn interrupted_streams() {
    let (reader, writer) = std::io::pipe().unwrap();
    let (unread, output) = std::io::pipe().unwrap();
    let given = |mut builder: Builder, _: &Path| {
        builder.stdin(Input::File(file(reader))).stdout(Output::File(file(output)));
        with(builder.build())
    };
    interrupts("reading a pipe", given, |guest| read(guest, 0));
    drop(writer);
    let (reader, output) = std::io::pipe().unwrap();
    let given = |mut builder: Builder, _: &Path| {
        builder.stdout(Output::File(file(output)));
        with(builder.build())
    };
    interrupts("writing to a pipe", given, |guest| write(guest, 1));
    drop((reader, unread));

    let (own, program) = terminal();
    let given = |mut builder: Builder, _: &Path| {
        builder.stdin(Input::File(program));
        with(builder.build())
    };
    interrupts("reading a terminal", given, |guest| read(guest, 0));
    drop(own);

    let named = |builder: Builder, dir: &Path| {
        fifo(dir);
        with(builder.build())
    };
    interrupts("opening a pipe with a name", named, |guest| {
        let path = guest.put(0, b"fifo");
        guest.raw("path_open", &[ROOT, 0, path, 4, 0, FD_WRITE, 0, 0, 0x100]).unwrap_err()
    });
    interrupts("reading a pipe with a name", named, |guest| {
        let fd = guest.open("fifo", 0, FD_READ).unwrap();
        read(guest, fd)
    });
    interrupts("writing to a pipe with a name", named, |guest| {
        let fd = guest.open("fifo", 0, FD_READ | FD_WRITE).unwrap();
        write(guest, fd)
    });
}

#[test]
fn interrupted_polls() {
    interrupts("a clock", build, |guest| {
        guest.put(24, &u64::MAX.to_le_bytes());
        guest.put(16, &[1]);
        guest.raw("poll_oneoff", &[0, 0x100, 1, 0x200]).unwrap_err()
    });
    interrupts("a descriptor", build, |guest| {
        guest.call("sock_open", &[1, 1, 0]).unwrap();
        let fd = guest.u32(0);
        guest.put(0, &[0; 48]);
        guest.put(8, &[1]);
        guest.put(16, &(fd as u32).to_le_bytes());
        guest.raw("poll_oneoff", &[0, 0x100, 1, 0x200]).unwrap_err()
    });
}

#[test]
fn interrupted_sockets() {
    interrupts("receiving a datagram", build, |guest| {
        guest.call("sock_open", &[1, 1, 0]).unwrap();
        let fd = guest.u32(0);
        let [iovs, count] = guest.iovs(&[(0, 100)]);
        guest.raw("sock_recv", &[fd, iovs, count, 0, 0x100, 0x104]).unwrap_err()
    });
    interrupts("accepting", build, |guest| {
        guest.call("sock_open", &[1, 2, 0]).unwrap();
        let fd = guest.u32(0);
        guest.put(0, &[8, 0, 0, 0, 4, 0, 0, 0, 127, 0, 0, 1]);
        guest.call("sock_bind", &[fd, 0, 0]).unwrap();
        guest.call("sock_listen", &[fd, 1]).unwrap();
        guest.raw("sock_accept", &[fd, 0, 0]).unwrap_err()
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let connected = |mut builder: Builder, _: &Path| {
        builder.stdin(Input::File(file(client.try_clone().unwrap()))).stdout(Output::File(file(client)));
        with(builder.build())
    };
    interrupts("writing to a socket", connected, |guest| write(guest, 1));
}

/// Of the threads that wait for the same byte one gets it. The others go on to wait where an interrupt is heard.
#[test]
fn threads_that_wait_for_the_same() {
    const THREADS: usize = 8;
    let fd_read = FUNCTIONS.iter().find(|function| function.name == "fd_read").unwrap();
    for _ in 0..100 {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let interrupt = Interrupt::new().unwrap();
        let mut builder = Builder::new();
        builder.stdin(Input::File(file(reader))).interrupt(interrupt.clone());
        let context = Arc::new(builder.build());
        let (sender, receiver) = mpsc::channel();
        for _ in 0..THREADS {
            let (context, sender) = (context.clone(), sender.clone());
            thread::spawn(move || {
                let mut memory = vec![0; 0x100];
                memory[..8].copy_from_slice(&[0x80, 0, 0, 0, 1, 0, 0, 0]);
                sender.send((fd_read.call)(&context, &mut Memory::new(&mut memory), &[0, 0, 1, 0x10])).unwrap();
            });
        }
        writer.write_all(b"x").unwrap();
        let next = || receiver.recv_timeout(Duration::from_secs(60)).expect("it waits on the host");
        assert_eq!(next(), Ok(0));
        interrupt.raise();
        for _ in 1..THREADS {
            assert_eq!(next(), Err(End::Interrupted));
        }
    }
}

/// What is closed while a call uses it stays open for that call.
#[test]
fn closing_what_another_thread_waits_for() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut builder = Builder::new();
    builder.stdin(Input::File(file(reader)));
    let context = Arc::new(builder.build());
    let call = |name: &str| FUNCTIONS.iter().find(|function| function.name == name).unwrap().call;
    let (fd_read, fd_close) = (call("fd_read"), call("fd_close"));
    let (sender, receiver) = mpsc::channel();
    thread::spawn({
        let context = context.clone();
        move || {
            let mut memory = vec![0; 0x100];
            memory[..8].copy_from_slice(&[0x80, 0, 0, 0, 1, 0, 0, 0]);
            let result = fd_read(&context, &mut Memory::new(&mut memory), &[0, 0, 1, 0x10]);
            sender.send((result, memory[0x80])).unwrap();
        }
    });
    assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "there is nothing to read");
    assert_eq!(fd_close(&context, &mut Memory::new(&mut []), &[0]), Ok(0));
    assert_eq!(fd_close(&context, &mut Memory::new(&mut []), &[0]), Ok(Errno::Badf as u64));
    writer.write_all(b"x").unwrap();
    assert_eq!(receiver.recv_timeout(Duration::from_secs(60)).unwrap(), (Ok(0), b'x'));
}

/// To fill a large memory takes long. This one is interrupted when the first piece arrives.
#[test]
fn interrupted_random_bytes() {
    struct Counting(Interrupt, AtomicUsize);
    impl SharedBytes for Counting {
        fn size(&self) -> u64 {
            4 << 20
        }
        fn read(&self, _: u64, _: &mut [u8]) {}
        fn write(&self, _: u64, bytes: &[u8]) {
            self.0.raise();
            self.1.fetch_add(bytes.len(), Ordering::SeqCst);
        }
    }
    let interrupt = Interrupt::new().unwrap();
    let mut builder = Builder::new();
    builder.interrupt(interrupt.clone());
    let context = builder.build();
    let memory = Counting(interrupt, AtomicUsize::new(0));
    let random_get = FUNCTIONS.iter().find(|function| function.name == "random_get").unwrap();
    let end = (random_get.call)(&context, &mut Memory::shared(&memory), &[0, 4 << 20]);
    assert_eq!(end, Err(End::Interrupted));
    assert_eq!(memory.1.into_inner(), 1 << 20);
}

#[test]
fn an_interrupt_can_be_raised_from_anywhere() {
    fn sharable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let interrupt = Interrupt::new().unwrap();
    sharable(&interrupt);
    assert!(!interrupt.is_raised());
    for _ in 0..3 {
        interrupt.raise();
    }
    assert!(interrupt.is_raised());
    interrupt.clear();
    assert!(!interrupt.is_raised());
}
