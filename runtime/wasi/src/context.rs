//! The state of one program, and how it is set up.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Cursor};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::OFlags;

use crate::End;
use crate::interrupt::Interrupt;
use crate::stream::{Pipe, Source, Stream};
use crate::table::{Directory, Entry, Object, Table};
use crate::types::Rights;

/// The state of one program: its arguments, environment and open files. Threads of the program share it; a call that waits
/// keeps no other one from being made.
#[derive(Debug)]
pub struct Context {
    pub(crate) args: Vec<Vec<u8>>,
    /// Each as `KEY=value`.
    pub(crate) environ: Vec<Vec<u8>>,
    pub(crate) table: Table,
    /// Whether the program may make sockets.
    pub(crate) net: bool,
    interrupt: Option<Interrupt>,
}

impl Context {
    pub(crate) fn interrupt(&self) -> Option<&Interrupt> {
        self.interrupt.as_ref()
    }

    /// The program may go on.
    pub(crate) fn check(&self) -> Result<(), End> {
        match &self.interrupt {
            Some(interrupt) if interrupt.is_raised() => Err(End::Interrupted),
            _ => Ok(()),
        }
    }
}

/// Bytes of a string from the command line or the environment.
pub trait IntoBytes {
    /// The bytes, as they are.
    fn into_bytes(self) -> Vec<u8>;
}

impl IntoBytes for Vec<u8> {
    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

impl IntoBytes for OsString {
    fn into_bytes(self) -> Vec<u8> {
        self.into_vec()
    }
}

impl IntoBytes for String {
    fn into_bytes(self) -> Vec<u8> {
        self.into()
    }
}

impl IntoBytes for &str {
    fn into_bytes(self) -> Vec<u8> {
        self.into()
    }
}

/// Where a program's standard input comes from.
#[derive(Debug, Default)]
pub enum Input {
    /// From the standard input of this process.
    #[default]
    Inherit,
    /// From these bytes, then the end.
    Bytes(Vec<u8>),
    /// From a file, pipe or the like.
    File(File),
}

/// Where a program's standard output or standard error goes.
#[derive(Debug, Default)]
pub enum Output {
    /// To the stream of the same name of this process.
    #[default]
    Inherit,
    /// Into memory, where the embedder reads it. It grows without limit.
    Pipe(Pipe),
    /// To a file, pipe or the like.
    File(File),
}

/// Sets up a [`Context`]. Without further calls a program has no arguments, no environment and no
/// files but the standard streams of this process.
#[derive(Debug, Default)]
pub struct Builder {
    args: Vec<Vec<u8>>,
    environ: Vec<Vec<u8>>,
    stdin: Input,
    stdout: Output,
    stderr: Output,
    preopened: Vec<Entry>,
    net: bool,
    interrupt: Option<Interrupt>,
}

impl Builder {
    /// Nothing set up yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends arguments; the first of all is the program's name. To C programs a NUL ends an argument.
    pub fn args<A: IntoBytes>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Self {
        self.args.extend(args.into_iter().map(IntoBytes::into_bytes));
        self
    }

    /// Adds an environment variable.
    pub fn env(&mut self, key: impl IntoBytes, value: impl IntoBytes) -> &mut Self {
        let mut variable = key.into_bytes();
        variable.push(b'=');
        variable.extend(value.into_bytes());
        self.environ.push(variable);
        self
    }

    /// Gives the program the directory `host` and all below it, under the name `guest`. With
    /// `readonly`, whatever would change something there fails as on a read-only file system.
    ///
    /// # Errors
    ///
    /// The host's error if `host` cannot be opened as a directory.
    pub fn preopen_dir(&mut self, host: &Path, guest: &str, readonly: bool) -> io::Result<()> {
        // cap-std opens directories for lookups alone, which cannot be listed or synchronized.
        let listed = OpenOptions::new().read(true).custom_flags(OFlags::DIRECTORY.bits() as i32).open(host);
        let dir = match listed {
            Ok(file) => Dir::from_std_file(file),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Dir::open_ambient_dir(host, ambient_authority())?
            }
            Err(error) => return Err(error),
        };
        let preopened_as = Some(guest.as_bytes().to_vec());
        self.preopened.push(Entry {
            object: Object::Directory(Arc::new(Directory { dir, preopened_as, listing: Mutex::default() })),
            base: Rights::DIRECTORY,
            inheriting: Rights::DIRECTORY.union(Rights::FILE),
            readonly,
        });
        Ok(())
    }

    /// Lets the program use the network: make sockets, connect to any address, listen at any port, resolve names. It is not
    /// allowed unless this is called. Sockets among the standard streams can be read and written without it.
    pub fn allow_net(&mut self, allow: bool) -> &mut Self {
        self.net = allow;
        self
    }

    /// Lets `interrupt` end the program.
    pub fn interrupt(&mut self, interrupt: Interrupt) -> &mut Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Sets the standard input (descriptor 0).
    pub fn stdin(&mut self, stdin: Input) -> &mut Self {
        self.stdin = stdin;
        self
    }

    /// Sets the standard output (descriptor 1).
    pub fn stdout(&mut self, stdout: Output) -> &mut Self {
        self.stdout = stdout;
        self
    }

    /// Sets the standard error (descriptor 2).
    pub fn stderr(&mut self, stderr: Output) -> &mut Self {
        self.stderr = stderr;
        self
    }

    /// The program's state: the standard streams have the descriptors 0 to 2, the directories those
    /// from 3 on, in their order.
    pub fn build(self) -> Context {
        let stdin = match self.stdin {
            Input::Inherit => Source::Inherited(rustix::stdio::stdin()),
            Input::Bytes(bytes) => Source::Input(Mutex::new(Cursor::new(bytes))),
            Input::File(file) => Source::Given(file),
        };
        let output = |output: Output, inherited: BorrowedFd<'static>| match output {
            Output::Inherit => Source::Inherited(inherited),
            Output::Pipe(pipe) => Source::Output(pipe),
            Output::File(file) => Source::Given(file),
        };
        let sockets = if self.net { Rights::SOCKET_ONLY } else { Rights::empty() };
        let entries = [
            standard(stdin, Rights::FILE - Rights::WRITING, sockets),
            standard(output(self.stdout, rustix::stdio::stdout()), Rights::FILE - Rights::FD_READ, sockets),
            standard(output(self.stderr, rustix::stdio::stderr()), Rights::FILE - Rights::FD_READ, sockets),
        ];
        let table = Table::new(entries.into_iter().chain(self.preopened));
        Context { args: self.args, environ: self.environ, table, net: self.net, interrupt: self.interrupt }
    }
}

/// A standard stream with these rights, and those for sockets if it is one.
fn standard(source: Source, rights: Rights, sockets: Rights) -> Entry {
    let stream = Stream::standard(source);
    let sockets = if stream.is_socket() { sockets } else { Rights::empty() };
    Entry {
        base: rights & stream.applicable_rights() | sockets,
        // What a socket accepts has them.
        inheriting: if sockets.is_empty() { sockets } else { Rights::SOCKET },
        object: Object::Stream(Arc::new(stream)),
        readonly: false,
    }
}
