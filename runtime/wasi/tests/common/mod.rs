//! A guest without code: a context, a memory, and the calls as a program would make them.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use tempfile::TempDir;
use wasi::{Builder, Context, End, Errno, FUNCTIONS, Input, Memory, Output, Pipe};

pub const FD_DATASYNC: u64 = 1 << 0;
pub const FD_READ: u64 = 1 << 1;
pub const FD_SEEK: u64 = 1 << 2;
pub const FD_SYNC: u64 = 1 << 4;
pub const FD_TELL: u64 = 1 << 5;
pub const FD_WRITE: u64 = 1 << 6;
pub const PATH_OPEN: u64 = 1 << 13;
pub const FD_READDIR: u64 = 1 << 14;
pub const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
pub const FD_FILESTAT_GET: u64 = 1 << 21;
pub const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
pub const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
pub const ALL_FILE: u64 = FD_DATASYNC
    | FD_READ
    | FD_SEEK
    | 1 << 3
    | FD_SYNC
    | FD_TELL
    | FD_WRITE
    | 1 << 7
    | 1 << 8
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | 1 << 27;

pub const CREAT: u64 = 1;
pub const DIRECTORY: u64 = 2;
pub const EXCL: u64 = 4;
pub const TRUNC: u64 = 8;

pub const APPEND: u64 = 1;
pub const DSYNC: u64 = 2;
pub const NONBLOCK: u64 = 4;
pub const RSYNC: u64 = 8;
pub const SYNC: u64 = 16;

pub const NOFOLLOW: u64 = 0;
pub const FOLLOW: u64 = 1;

/// The first preopened directory.
pub const ROOT: u64 = 3;

/// Where the helpers put arguments and results; the rest of the memory is a test's own.
const SCRATCH: u64 = 0x1_0000;

pub struct Guest {
    pub context: Context,
    pub memory: Vec<u8>,
    pub stdout: Pipe,
}

/// What a call gave, or its error number.
pub type Got<T> = Result<T, u64>;

#[track_caller]
pub fn fails<T: std::fmt::Debug>(got: Got<T>, errno: Errno) {
    match got {
        Err(number) => assert_eq!(number, errno as u64, "expected {errno:?}"),
        Ok(value) => panic!("expected {errno:?}, got {value:?}"),
    }
}

/// A guest with a fresh directory as its root.
pub fn guest() -> (Guest, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (guest_in(dir.path(), false), dir)
}

pub fn guest_in(dir: &Path, readonly: bool) -> Guest {
    let mut builder = Builder::new();
    let stdout = Pipe::new();
    builder
        .args(["program", "one"])
        .env("KEY", "value")
        .stdin(Input::Bytes(b"input".to_vec()))
        .stdout(Output::Pipe(stdout.clone()))
        .stderr(Output::Pipe(stdout.clone()));
    builder.preopen_dir(dir, "/", readonly).unwrap();
    Guest { context: builder.build(), memory: vec![0; 0x2_0000], stdout }
}

impl Guest {
    pub fn raw(&mut self, name: &str, args: &[u64]) -> Result<u64, End> {
        let function = FUNCTIONS
            .iter()
            .find(|function| function.name == name && function.params.len() == args.len())
            .unwrap_or_else(|| panic!("{name} with {} arguments", args.len()));
        (function.call)(&mut self.context, &mut Memory::new(&mut self.memory), args)
    }

    pub fn call(&mut self, name: &str, args: &[u64]) -> Got<()> {
        match self.raw(name, args).unwrap() {
            0 => Ok(()),
            errno => Err(errno),
        }
    }

    pub fn put(&mut self, at: u64, bytes: &[u8]) -> u64 {
        self.memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
        at
    }

    pub fn bytes(&self, at: u64, len: u64) -> Vec<u8> {
        self.memory[at as usize..][..len as usize].to_vec()
    }

    pub fn u8(&self, at: u64) -> u64 {
        self.memory[at as usize].into()
    }

    pub fn u16(&self, at: u64) -> u64 {
        u16::from_le_bytes(self.memory[at as usize..][..2].try_into().unwrap()).into()
    }

    pub fn u32(&self, at: u64) -> u64 {
        u32::from_le_bytes(self.memory[at as usize..][..4].try_into().unwrap()).into()
    }

    pub fn u64(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.memory[at as usize..][..8].try_into().unwrap())
    }

    /// Puts a path; gives its pointer and length.
    fn path(&mut self, path: &str) -> [u64; 2] {
        [self.put(SCRATCH, path.as_bytes()), path.len() as u64]
    }

    fn second_path(&mut self, path: &str) -> [u64; 2] {
        [self.put(SCRATCH + 0x4000, path.as_bytes()), path.len() as u64]
    }

    /// Calls with a result pointer at the end, and reads a u32 from there.
    fn call_u32(&mut self, name: &str, args: &[u64]) -> Got<u64> {
        let out = SCRATCH + 0x8000;
        self.call(name, &[args, &[out]].concat())?;
        Ok(self.u32(out))
    }

    fn call_u64(&mut self, name: &str, args: &[u64]) -> Got<u64> {
        let out = SCRATCH + 0x8000;
        self.call(name, &[args, &[out]].concat())?;
        Ok(self.u64(out))
    }

    #[allow(clippy::too_many_arguments, reason = "the call has them")]
    pub fn open_with(
        &mut self,
        fd: u64,
        lookup: u64,
        path: &str,
        oflags: u64,
        base: u64,
        inheriting: u64,
        fdflags: u64,
    ) -> Got<u64> {
        let [ptr, len] = self.path(path);
        self.call_u32("path_open", &[fd, lookup, ptr, len, oflags, base, inheriting, fdflags])
    }

    /// Opens below the root, following links.
    pub fn open(&mut self, path: &str, oflags: u64, base: u64) -> Got<u64> {
        self.open_with(ROOT, FOLLOW, path, oflags, base, 0, 0)
    }

    /// Opens a directory with all rights that the root has.
    pub fn open_dir(&mut self, path: &str) -> Got<u64> {
        let (base, inheriting) = self.rights(ROOT);
        self.open_with(ROOT, FOLLOW, path, DIRECTORY, base, inheriting, 0)
    }

    pub fn create(&mut self, path: &str) -> u64 {
        self.open(path, CREAT, ALL_FILE).unwrap()
    }

    pub fn close(&mut self, fd: u64) -> Got<()> {
        self.call("fd_close", &[fd])
    }

    pub fn rights(&mut self, fd: u64) -> (u64, u64) {
        self.call("fd_fdstat_get", &[fd, SCRATCH]).unwrap();
        (self.u64(SCRATCH + 8), self.u64(SCRATCH + 16))
    }

    /// Type and flags of a descriptor.
    pub fn fdstat(&mut self, fd: u64) -> (u64, u64) {
        self.call("fd_fdstat_get", &[fd, SCRATCH]).unwrap();
        (self.u8(SCRATCH), self.u16(SCRATCH + 2))
    }

    /// Puts a list of regions; gives its pointer and length.
    pub fn iovs(&mut self, regions: &[(u64, u64)]) -> [u64; 2] {
        let at = SCRATCH + 0xc000;
        for (index, (buf, len)) in regions.iter().enumerate() {
            self.put(at + index as u64 * 8, &(*buf as u32).to_le_bytes());
            self.put(at + index as u64 * 8 + 4, &(*len as u32).to_le_bytes());
        }
        [at, regions.len() as u64]
    }

    pub fn write(&mut self, fd: u64, bytes: &[u8]) -> Got<u64> {
        let at = self.put(SCRATCH, bytes);
        let [iovs, count] = self.iovs(&[(at, bytes.len() as u64)]);
        self.call_u32("fd_write", &[fd, iovs, count])
    }

    pub fn pwrite(&mut self, fd: u64, bytes: &[u8], offset: u64) -> Got<u64> {
        let at = self.put(SCRATCH, bytes);
        let [iovs, count] = self.iovs(&[(at, bytes.len() as u64)]);
        self.call_u32("fd_pwrite", &[fd, iovs, count, offset])
    }

    pub fn read_regions(&mut self, fd: u64, regions: &[(u64, u64)]) -> Got<u64> {
        let [iovs, count] = self.iovs(regions);
        self.call_u32("fd_read", &[fd, iovs, count])
    }

    pub fn read(&mut self, fd: u64, len: u64) -> Got<Vec<u8>> {
        let read = self.read_regions(fd, &[(SCRATCH, len)])?;
        Ok(self.bytes(SCRATCH, read))
    }

    pub fn pread(&mut self, fd: u64, len: u64, offset: u64) -> Got<Vec<u8>> {
        let [iovs, count] = self.iovs(&[(SCRATCH, len)]);
        let read = self.call_u32("fd_pread", &[fd, iovs, count, offset])?;
        Ok(self.bytes(SCRATCH, read))
    }

    pub fn seek(&mut self, fd: u64, delta: i64, whence: u64) -> Got<u64> {
        self.call_u64("fd_seek", &[fd, delta as u64, whence])
    }

    pub fn tell(&mut self, fd: u64) -> Got<u64> {
        self.call_u64("fd_tell", &[fd])
    }

    pub fn filestat(&mut self, fd: u64) -> Got<Stat> {
        self.call("fd_filestat_get", &[fd, SCRATCH])?;
        Ok(self.stat_at(SCRATCH))
    }

    pub fn path_filestat(&mut self, lookup: u64, path: &str) -> Got<Stat> {
        let [ptr, len] = self.path(path);
        self.call("path_filestat_get", &[ROOT, lookup, ptr, len, SCRATCH + 0x8000])?;
        Ok(self.stat_at(SCRATCH + 0x8000))
    }

    fn stat_at(&self, at: u64) -> Stat {
        Stat {
            dev: self.u64(at),
            ino: self.u64(at + 8),
            filetype: self.u8(at + 16),
            nlink: self.u64(at + 24),
            size: self.u64(at + 32),
            atim: self.u64(at + 40),
            mtim: self.u64(at + 48),
        }
    }

    pub fn set_times(&mut self, lookup: u64, path: &str, times: [u64; 3]) -> Got<()> {
        let [ptr, len] = self.path(path);
        let [atim, mtim, flags] = times;
        self.call("path_filestat_set_times", &[ROOT, lookup, ptr, len, atim, mtim, flags])
    }

    /// A call that takes a descriptor and a path.
    pub fn on_path(&mut self, name: &str, path: &str) -> Got<()> {
        let [ptr, len] = self.path(path);
        self.call(name, &[ROOT, ptr, len])
    }

    pub fn mkdir(&mut self, path: &str) -> Got<()> {
        self.on_path("path_create_directory", path)
    }

    pub fn rmdir(&mut self, path: &str) -> Got<()> {
        self.on_path("path_remove_directory", path)
    }

    pub fn unlink(&mut self, path: &str) -> Got<()> {
        self.on_path("path_unlink_file", path)
    }

    pub fn rename(&mut self, old: &str, new: &str) -> Got<()> {
        let ([old, old_len], [new, new_len]) = (self.path(old), self.second_path(new));
        self.call("path_rename", &[ROOT, old, old_len, ROOT, new, new_len])
    }

    pub fn link(&mut self, lookup: u64, old: &str, new: &str) -> Got<()> {
        let ([old, old_len], [new, new_len]) = (self.path(old), self.second_path(new));
        self.call("path_link", &[ROOT, lookup, old, old_len, ROOT, new, new_len])
    }

    pub fn symlink(&mut self, contents: &str, new: &str) -> Got<()> {
        let ([old, old_len], [new, new_len]) = (self.path(contents), self.second_path(new));
        self.call("path_symlink", &[old, old_len, ROOT, new, new_len])
    }

    pub fn readlink(&mut self, path: &str, room: u64) -> Got<Vec<u8>> {
        let [ptr, len] = self.path(path);
        let used = self.call_u32("path_readlink", &[ROOT, ptr, len, SCRATCH + 0x4000, room])?;
        Ok(self.bytes(SCRATCH + 0x4000, used))
    }

    /// One `fd_readdir`: the bytes it gave.
    pub fn readdir(&mut self, fd: u64, room: u64, cookie: u64) -> Got<Vec<u8>> {
        let used = self.call_u32("fd_readdir", &[fd, SCRATCH, room, cookie])?;
        Ok(self.bytes(SCRATCH, used))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Stat {
    pub dev: u64,
    pub ino: u64,
    pub filetype: u64,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
}
