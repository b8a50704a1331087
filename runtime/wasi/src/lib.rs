//! WASI preview 1, sandboxed.
//!
//! What goes in: a call of a guest, by its row in [`FUNCTIONS`], with the program's [`Context`], the
//! whole of its linear memory and the raw arguments. What comes out: an error number (the calls
//! return all else through pointers), or [`End`].
//!
//! What holds:
//! - No call panics, whatever its arguments. A pointer that leads outside of the memory is `fault`,
//!   and found before the call has effects where these could not be undone.
//! - A guest reaches files only through directories that the embedder has given it. cap-std looks
//!   up every path, so neither `..` nor a link leads out (`notcapable`).
//! - A descriptor does what its rights allow, and passes on what its inheriting rights allow.
//! - Memory taken for a call is bounded by small constants, not by what the guest says.
//! - Of a memory that other threads use, what a call decides on is read once ([`Memory`]).
//! - A call that waits for somebody else hears of an [`Interrupt`].
//! - Threads of a program can call at the same time, with one [`Context`]. No call waits for one of another thread's, but for
//!   those that list the same directory. What a call uses stays open until it is done, whoever closes the descriptor
//!   meanwhile; so to close one wakes nobody who waits for it.
//!
//! Where preview 1 leaves a choice, or is hard to give:
//! - A read-only directory is one on a read-only file system (`rofs`), not one with fewer rights: libraries ask for
//!   rights that they do not use, and a missing right says less.
//! - Descriptors are numbered from the lowest free one on.
//! - The rights to set a file's size and to allocate come with the right to write only.
//! - A link can be made to any relative path, but leads nowhere outside; to an absolute path none can be made.
//! - `..` in a listing has the inode of the directory itself. Names in listings and contents of links are the host's
//!   bytes, even if they are not UTF-8; paths from the guest must be.
//! - A cookie of a listing takes all 64 bits, as on the host; what `telldir` of C libraries for 32 bits keeps of it is no place to
//!   go back to.
//! - The clocks of CPU time can be read, not waited for.
//! - To open a pipe with a name for reading does not wait for a writer; the first read does.
//! - A write to a standard stream of this process whose other end is closed ends the program with exit code 141, as a
//!   signal does for the host's programs. On all other streams it is `pipe`.
//! - Preview 1 can use sockets, but not make any. The calls to make, name and connect them are those that WasmEdge gives its
//!   guests, and refused (`notcapable`) unless the embedder allows the network: see `socket`.
//!
//! The host is Linux: appending and synchronizing are asked for with each write, which other
//! systems cannot do, and cookies of a listing are its.

#![forbid(unsafe_code)]

mod address;
mod clock;
mod context;
mod descriptor;
mod errno;
mod file;
mod functions;
mod interrupt;
mod layout;
mod memory;
mod open;
mod path;
mod poll;
mod process;
mod readdir;
mod resolve;
mod socket;
mod sockopt;
mod stat;
mod stream;
mod table;
mod transmit;
mod types;

pub use context::{Builder, Context, Input, IntoBytes, Output};
pub use errno::Errno;
pub use functions::{Call, FUNCTIONS, Function, MODULE, Ty};
pub use interrupt::Interrupt;
pub use memory::{Memory, SharedBytes};
pub use stream::Pipe;

/// The program ends with this exit code (`proc_exit`, a signal that it raised on itself, or a standard stream that nobody
/// reads from any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program ended with exit code {0}")]
pub struct Exit(pub u32);

impl Exit {
    /// By the signal for a pipe that nobody reads from any more, as shells tell it.
    pub(crate) const BROKEN_PIPE: Exit = Exit(128 + 13);
}

/// Why a call does not return to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The program ends.
    #[error(transparent)]
    Exit(#[from] Exit),
    /// An [`Interrupt`] was raised.
    #[error("the program was interrupted")]
    Interrupted,
}
