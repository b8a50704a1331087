//! Creating, removing, renaming and linking by path.
//!
//! Every path is looked up by cap-std below the directory it is given with; one that leads out of
//! it, by `..` or through a link, is `notcapable`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use cap_std::fs::Dir;

use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};
use crate::table::Fd;
use crate::types::{LookupFlags, Rights, flags};

pub(crate) fn path_create_directory(
    context: &mut Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = &context.table.directory(fd, Rights::PATH_CREATE_DIRECTORY)?.dir;
    Ok(dir.create_dir(&*memory.path(path, path_len)?)?)
}

pub(crate) fn path_remove_directory(
    context: &mut Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = &context.table.directory(fd, Rights::PATH_REMOVE_DIRECTORY)?.dir;
    let path = memory.path(path, path_len)?;
    let path = path.as_os_str().as_bytes();
    // With a slash at the end cap-std would remove ".", which no host does. Whatever is no directory
    // fails without the slash, too.
    let kept = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    Ok(dir.remove_dir(OsStr::from_bytes(&path[..kept]))?)
}

pub(crate) fn path_unlink_file(
    context: &mut Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = &context.table.directory(fd, Rights::PATH_UNLINK_FILE)?.dir;
    Ok(dir.remove_file(memory.path(path, path_len)?)?)
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_rename(
    context: &mut Context,
    memory: &mut Memory<'_>,
    old_fd: Fd,
    old_path: Ptr,
    old_path_len: u32,
    new_fd: Fd,
    new_path: Ptr,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_dir = &context.table.directory(old_fd, Rights::PATH_RENAME_SOURCE)?.dir;
    let new_dir = &context.table.directory(new_fd, Rights::PATH_RENAME_TARGET)?.dir;
    let old_path = memory.path(old_path, old_path_len)?;
    let new_path = memory.path(new_path, new_path_len)?;
    // cap-std drops slashes at the end of the new path; only a directory can have them.
    if new_path.as_os_str().as_bytes().ends_with(b"/") && !is_dir(old_dir, &old_path)? {
        return Err(Errno::Notdir);
    }
    Ok(old_dir.rename(old_path, new_dir, new_path)?)
}

fn is_dir(dir: &Dir, path: &Path) -> Result<bool, Errno> {
    Ok(dir.symlink_metadata(path)?.is_dir())
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_link(
    context: &mut Context,
    memory: &mut Memory<'_>,
    old_fd: Fd,
    old_lookup: u32,
    old_path: Ptr,
    old_path_len: u32,
    new_fd: Fd,
    new_path: Ptr,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_dir = &context.table.directory(old_fd, Rights::PATH_LINK_SOURCE)?.dir;
    let new_dir = &context.table.directory(new_fd, Rights::PATH_LINK_TARGET)?.dir;
    let old_path = memory.path(old_path, old_path_len)?;
    let new_path = memory.path(new_path, new_path_len)?;
    if flags::<LookupFlags>(old_lookup)?.contains(LookupFlags::SYMLINK_FOLLOW) {
        // The link itself never follows, so resolve first. Both steps stay below the directory.
        return Ok(old_dir.hard_link(old_dir.canonicalize(old_path)?, new_dir, new_path)?);
    }
    Ok(old_dir.hard_link(old_path, new_dir, new_path)?)
}

pub(crate) fn path_symlink(
    context: &mut Context,
    memory: &mut Memory<'_>,
    old_path: Ptr,
    old_path_len: u32,
    fd: Fd,
    new_path: Ptr,
    new_path_len: u32,
) -> Result<(), Errno> {
    let dir = &context.table.directory(fd, Rights::PATH_SYMLINK)?.dir;
    // What a link says is checked when it is followed, but an absolute path never could be.
    let old_path = memory.path(old_path, old_path_len)?;
    Ok(dir.symlink(old_path, memory.path(new_path, new_path_len)?)?)
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_readlink(
    context: &mut Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
    buf: Ptr,
    buf_len: u32,
    used: Ptr,
) -> Result<(), Errno> {
    let dir = &context.table.directory(fd, Rights::PATH_READLINK)?.dir;
    let slot = memory.slot::<u32>(used)?;
    let link = dir.read_link_contents(memory.path(path, path_len)?)?;
    let link = link.as_os_str().as_bytes();
    // Like readlink(2): what does not fit is left out.
    let used = link.len().min(buf_len as usize);
    memory.check(buf, buf_len)?;
    memory.write_bytes(buf, &link[..used])?;
    memory.put(slot, used as u32);
    Ok(())
}
