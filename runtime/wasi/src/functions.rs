//! The table of all calls: names, signatures, and what does the work.

use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};
use crate::table::Fd;
use crate::{
    End, Exit, clock, descriptor, file, open, path, poll, process, readdir, resolve, socket, sockopt, stat, transmit,
};

/// The module that guests import the calls from. Its predecessor `wasi_unstable` is not offered.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// A type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// What does a call: see [`Function::call`].
pub type Call = fn(&Context, &mut Memory<'_>, &[u64]) -> Result<u64, End>;

/// One WASI call: its import name in [`MODULE`], its signature and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name it is imported under.
    pub name: &'static str,
    /// The types of its parameters.
    pub params: &'static [Ty],
    /// The types of its results: one error number, or none.
    pub results: &'static [Ty],
    /// Does it: with the guest's memory and the raw arguments, one for each parameter,
    /// 32-bit ones extended with zeros. Returns the result, to be ignored if there is none.
    ///
    /// # Errors
    ///
    /// [`End`] if the program ends here.
    pub call: Call,
}

/// What an argument can be taken as.
trait Argument {
    const TY: Ty;
    fn from_raw(raw: u64) -> Self;
}

impl Argument for u32 {
    const TY: Ty = Ty::I32;
    fn from_raw(raw: u64) -> Self {
        raw as u32
    }
}

impl Argument for u64 {
    const TY: Ty = Ty::I64;
    fn from_raw(raw: u64) -> Self {
        raw
    }
}

impl Argument for i64 {
    const TY: Ty = Ty::I64;
    fn from_raw(raw: u64) -> Self {
        raw as i64
    }
}

impl Argument for Ptr {
    const TY: Ty = Ty::I32;
    fn from_raw(raw: u64) -> Self {
        Ptr(raw as u32)
    }
}

impl Argument for Fd {
    const TY: Ty = Ty::I32;
    fn from_raw(raw: u64) -> Self {
        Fd(raw as u32)
    }
}

/// How a call can come out.
trait Outcome {
    const RESULTS: &'static [Ty];
    fn finish(self) -> Result<u64, Exit>;
}

impl Outcome for Result<(), Errno> {
    const RESULTS: &'static [Ty] = &[Ty::I32];
    fn finish(self) -> Result<u64, Exit> {
        Ok(self.err().unwrap_or(Errno::Success) as u64)
    }
}

impl Outcome for Exit {
    const RESULTS: &'static [Ty] = &[];
    fn finish(self) -> Result<u64, Exit> {
        Err(self)
    }
}

impl Outcome for Result<Result<(), Errno>, Exit> {
    const RESULTS: &'static [Ty] = &[Ty::I32];
    fn finish(self) -> Result<u64, Exit> {
        self.and_then(Outcome::finish)
    }
}

macro_rules! name {
    ($function:ident) => {
        stringify!($function)
    };
    ($function:ident $name:ident) => {
        stringify!($name)
    };
}

macro_rules! functions {
    ($($module:ident::$function:ident $(as $name:ident)? ($($arg:ident: $ty:ty),* $(,)?) -> $outcome:ty;)*) => {
        /// All calls, by name. A name can stand for several, of different signatures: a module's import tells which
        /// one it means.
        pub static FUNCTIONS: &[Function] = &[$(Function {
            name: name!($function $($name)?),
            params: &[$(<$ty as Argument>::TY),*],
            results: <$outcome as Outcome>::RESULTS,
            call: |context, memory, args| {
                let &[$($arg),*] = args else {
                    // The caller broke the contract; a guest cannot.
                    return Ok(Errno::Inval as u64);
                };
                context.check()?;
                let outcome: $outcome =
                    $module::$function(context, memory, $(<$ty as Argument>::from_raw($arg)),*);
                let result = outcome.finish()?;
                // It may have been raised while the call waited.
                context.check()?;
                Ok(result)
            },
        }),*];
    };
}

type Done = Result<(), Errno>;

functions! {
    process::args_get(argv: Ptr, argv_buf: Ptr) -> Done;
    process::args_sizes_get(count: Ptr, size: Ptr) -> Done;
    clock::clock_res_get(id: u32, resolution: Ptr) -> Done;
    clock::clock_time_get(id: u32, precision: u64, time: Ptr) -> Done;
    process::environ_get(environ: Ptr, environ_buf: Ptr) -> Done;
    process::environ_sizes_get(count: Ptr, size: Ptr) -> Done;
    file::fd_advise(fd: Fd, offset: u64, len: u64, advice: u32) -> Done;
    file::fd_allocate(fd: Fd, offset: u64, len: u64) -> Done;
    descriptor::fd_close(fd: Fd) -> Done;
    descriptor::fd_datasync(fd: Fd) -> Done;
    descriptor::fd_fdstat_get(fd: Fd, stat: Ptr) -> Done;
    descriptor::fd_fdstat_set_flags(fd: Fd, fdflags: u32) -> Done;
    descriptor::fd_fdstat_set_rights(fd: Fd, base: u64, inheriting: u64) -> Done;
    stat::fd_filestat_get(fd: Fd, stat: Ptr) -> Done;
    file::fd_filestat_set_size(fd: Fd, size: u64) -> Done;
    stat::fd_filestat_set_times(fd: Fd, atim: u64, mtim: u64, fstflags: u32) -> Done;
    file::fd_pread(fd: Fd, iovs: Ptr, count: u32, offset: u64, nread: Ptr) -> Done;
    descriptor::fd_prestat_dir_name(fd: Fd, path: Ptr, path_len: u32) -> Done;
    descriptor::fd_prestat_get(fd: Fd, prestat: Ptr) -> Done;
    file::fd_pwrite(fd: Fd, iovs: Ptr, count: u32, offset: u64, nwritten: Ptr) -> Done;
    file::fd_read(fd: Fd, iovs: Ptr, count: u32, nread: Ptr) -> Done;
    readdir::fd_readdir(fd: Fd, buf: Ptr, buf_len: u32, cookie: u64, used: Ptr) -> Done;
    descriptor::fd_renumber(from: Fd, to: Fd) -> Done;
    file::fd_seek(fd: Fd, delta: i64, whence: u32, position: Ptr) -> Done;
    descriptor::fd_sync(fd: Fd) -> Done;
    file::fd_tell(fd: Fd, position: Ptr) -> Done;
    file::fd_write(fd: Fd, iovs: Ptr, count: u32, nwritten: Ptr) -> Result<Done, Exit>;
    path::path_create_directory(fd: Fd, path: Ptr, path_len: u32) -> Done;
    stat::path_filestat_get(fd: Fd, lookup: u32, path: Ptr, path_len: u32, stat: Ptr) -> Done;
    stat::path_filestat_set_times(
        fd: Fd, lookup: u32, path: Ptr, path_len: u32, atim: u64, mtim: u64, fstflags: u32,
    ) -> Done;
    path::path_link(
        old_fd: Fd, old_lookup: u32, old_path: Ptr, old_path_len: u32,
        new_fd: Fd, new_path: Ptr, new_path_len: u32,
    ) -> Done;
    open::path_open(
        fd: Fd, lookup: u32, path: Ptr, path_len: u32, oflags: u32,
        base: u64, inheriting: u64, fdflags: u32, opened: Ptr,
    ) -> Done;
    path::path_readlink(
        fd: Fd, path: Ptr, path_len: u32, buf: Ptr, buf_len: u32, used: Ptr,
    ) -> Done;
    path::path_remove_directory(fd: Fd, path: Ptr, path_len: u32) -> Done;
    path::path_rename(
        old_fd: Fd, old_path: Ptr, old_path_len: u32,
        new_fd: Fd, new_path: Ptr, new_path_len: u32,
    ) -> Done;
    path::path_symlink(
        old_path: Ptr, old_path_len: u32, fd: Fd, new_path: Ptr, new_path_len: u32,
    ) -> Done;
    path::path_unlink_file(fd: Fd, path: Ptr, path_len: u32) -> Done;
    poll::poll_oneoff(subscriptions: Ptr, events: Ptr, count: u32, stored: Ptr) -> Done;
    process::proc_exit(code: u32) -> Exit;
    process::proc_raise(signal: u32) -> Result<Done, Exit>;
    process::random_get(buf: Ptr, len: u32) -> Done;
    process::sched_yield() -> Done;
    socket::sock_accept(fd: Fd, fdflags: u32, accepted: Ptr) -> Done;
    socket::sock_accept_plain as sock_accept(fd: Fd, accepted: Ptr) -> Done;
    socket::sock_bind(fd: Fd, address: Ptr, port: u32) -> Done;
    socket::sock_connect(fd: Fd, address: Ptr, port: u32) -> Done;
    resolve::sock_getaddrinfo(
        node: Ptr, node_len: u32, service: Ptr, service_len: u32,
        hints: Ptr, found: Ptr, most: u32, count: Ptr,
    ) -> Done;
    socket::sock_getlocaladdr(fd: Fd, address: Ptr, port: Ptr) -> Done;
    socket::sock_getlocaladdr_typed as sock_getlocaladdr(fd: Fd, address: Ptr, kind: Ptr, port: Ptr) -> Done;
    socket::sock_getpeeraddr(fd: Fd, address: Ptr, port: Ptr) -> Done;
    socket::sock_getpeeraddr_typed as sock_getpeeraddr(fd: Fd, address: Ptr, kind: Ptr, port: Ptr) -> Done;
    sockopt::sock_getsockopt(fd: Fd, level: u32, name: u32, value: Ptr, len: Ptr) -> Done;
    socket::sock_listen(fd: Fd, backlog: u32) -> Done;
    socket::sock_open(family: u32, kind: u32, opened: Ptr) -> Done;
    transmit::sock_recv(fd: Fd, iovs: Ptr, count: u32, riflags: u32, nread: Ptr, roflags: Ptr) -> Done;
    transmit::sock_recv_from(
        fd: Fd, iovs: Ptr, count: u32, address: Ptr, riflags: u32, port: Ptr, nread: Ptr, roflags: Ptr,
    ) -> Done;
    transmit::sock_recv_from_anywhere as sock_recv_from(
        fd: Fd, iovs: Ptr, count: u32, address: Ptr, riflags: u32, nread: Ptr, roflags: Ptr,
    ) -> Done;
    transmit::sock_send(fd: Fd, iovs: Ptr, count: u32, siflags: u32, nwritten: Ptr) -> Done;
    transmit::sock_send_to(
        fd: Fd, iovs: Ptr, count: u32, address: Ptr, port: u32, siflags: u32, nwritten: Ptr,
    ) -> Done;
    sockopt::sock_setsockopt(fd: Fd, level: u32, name: u32, value: Ptr, len: u32) -> Done;
    socket::sock_shutdown(fd: Fd, how: u32) -> Done;
}
