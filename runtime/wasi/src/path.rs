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
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
    Ok(directory.dir.create_dir(&*memory.path(path, path_len)?)?)
}

pub(crate) fn path_remove_directory(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let path = memory.path(path, path_len)?;
    let path = path.as_os_str().as_bytes();
    // With a slash at the end cap-std would remove ".", which no host does. Whatever is no directory
    // fails without the slash, too.
    let kept = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    Ok(directory.dir.remove_dir(OsStr::from_bytes(&path[..kept]))?)
}

pub(crate) fn path_unlink_file(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_UNLINK_FILE)?;
    Ok(directory.dir.remove_file(memory.path(path, path_len)?)?)
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_rename(
    context: &Context,
    memory: &mut Memory<'_>,
    old_fd: Fd,
    old_path: Ptr,
    old_path_len: u32,
    new_fd: Fd,
    new_path: Ptr,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_directory = context.table.directory(old_fd, Rights::PATH_RENAME_SOURCE)?;
    let new_directory = context.table.directory(new_fd, Rights::PATH_RENAME_TARGET)?;
    let old_path = memory.path(old_path, old_path_len)?;
    let new_path = memory.path(new_path, new_path_len)?;
    // cap-std drops slashes at the end of the new path; only a directory can have them.
    if new_path.as_os_str().as_bytes().ends_with(b"/") && !is_dir(&old_directory.dir, &old_path)? {
        return Err(Errno::Notdir);
    }
    Ok(old_directory.dir.rename(old_path, &new_directory.dir, new_path)?)
}

fn is_dir(dir: &Dir, path: &Path) -> Result<bool, Errno> {
    Ok(dir.symlink_metadata(path)?.is_dir())
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_link(
    context: &Context,
    memory: &mut Memory<'_>,
    old_fd: Fd,
    old_lookup: u32,
    old_path: Ptr,
    old_path_len: u32,
    new_fd: Fd,
    new_path: Ptr,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_directory = context.table.directory(old_fd, Rights::PATH_LINK_SOURCE)?;
    let new_directory = context.table.directory(new_fd, Rights::PATH_LINK_TARGET)?;
    let old_path = memory.path(old_path, old_path_len)?;
    let new_path = memory.path(new_path, new_path_len)?;
    if flags::<LookupFlags>(old_lookup)?.contains(LookupFlags::SYMLINK_FOLLOW) {
        // The link itself never follows, so resolve first. Both steps stay below the directory.
        return Ok(old_directory.dir.hard_link(
            old_directory.dir.canonicalize(old_path)?,
            &new_directory.dir,
            new_path,
        )?);
    }
    Ok(old_directory.dir.hard_link(old_path, &new_directory.dir, new_path)?)
}

pub(crate) fn path_symlink(
    context: &Context,
    memory: &mut Memory<'_>,
    old_path: Ptr,
    old_path_len: u32,
    fd: Fd,
    new_path: Ptr,
    new_path_len: u32,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_SYMLINK)?;
    // What a link says is checked when it is followed, but an absolute path never could be.
    let old_path = memory.path(old_path, old_path_len)?;
    Ok(directory.dir.symlink(old_path, memory.path(new_path, new_path_len)?)?)
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_readlink(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
    buf: Ptr,
    buf_len: u32,
    used: Ptr,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_READLINK)?;
    let slot = memory.slot::<u32>(used)?;
    let link = directory.dir.read_link_contents(memory.path(path, path_len)?)?;
    let link = link.as_os_str().as_bytes();
    // Like readlink(2): what does not fit is left out.
    let used = link.len().min(buf_len as usize);
    memory.check(buf, buf_len)?;
    memory.write_bytes(buf, &link[..used])?;
    memory.put(slot, used as u32);
    Ok(())
}
