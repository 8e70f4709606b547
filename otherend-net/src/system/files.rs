//! What is special about files: modes, pipes and sockets among them, which file it is, locks, room
//! set aside on the disk.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, fcntl_getfl, fcntl_setfl, flock};
use rustix::io::Errno;

/// Room on the disk can be set aside for a file.
pub(crate) const RESERVES: bool = cfg!(target_os = "linux");

/// There is something at `path` that is written into and keeps nothing: a pipe, a terminal.
pub(crate) fn is_pipe_or_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|existing| {
        let kind = existing.file_type();
        kind.is_char_device() || kind.is_fifo()
    })
}

/// Which file it is, whatever its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(crate) fn of(found: &Metadata) -> Identity {
        Identity {
            device: found.dev(),
            inode: found.ino(),
        }
    }
}

/// It is the file of a Unix socket.
pub(crate) fn is_socket(found: &Metadata) -> bool {
    found.file_type().is_socket()
}

/// Nobody but its owner can read, write, or connect to what is at `path`.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// Try to have `file` (or a folder) for ourselves among those who ask this, until it is closed.
///
/// # Errors
///
/// `WouldBlock` or `Interrupted`: somebody else has it now. Anything else: it cannot be locked.
pub(crate) fn try_lock(file: &File) -> io::Result<()> {
    Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
}

/// A folder that nobody else can look into.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Open `path` to append, readable by nobody else; `new`: it must not exist. Does not wait, as a pipe
/// that nobody reads would make us do; writing may wait.
pub(crate) fn open_to_append(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).mode(0o600).create_new(new);
    options.custom_flags(OFlags::NONBLOCK.bits() as i32);
    let file = options.open(path).map_err(|error| {
        if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) {
            return io::Error::other("nobody reads that pipe");
        }
        error
    })?;
    let flags = fcntl_getfl(&file)?;
    fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

/// What became of a file that is open, and that was opened at `path`, if that is not what it was:
/// `length` bytes long.
pub(crate) fn changed(file: &File, path: &Path, length: u64) -> io::Result<Option<&'static str>> {
    let own = file.metadata()?;
    let there = match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("it was removed")),
        there => there?,
    };
    Ok(match own.len() {
        _ if Identity::of(&own) != Identity::of(&there) => Some("it was replaced"),
        found if found < length => Some("it was cut short"),
        found if found > length => Some("somebody else writes into it"),
        _ => None,
    })
}

/// Set `length` bytes of the disk aside for what will stand behind `end`; the file gets no longer.
#[cfg(target_os = "linux")]
pub(crate) fn reserve(file: &File, end: u64, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::KEEP_SIZE, end, length)?)
}

/// Other systems have no such call; see [`RESERVES`].
#[cfg(not(target_os = "linux"))]
pub(crate) fn reserve(_file: &File, _end: u64, _length: u64) -> io::Result<()> {
    Ok(())
}
