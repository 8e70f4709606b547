//! What is special about files: which one it is and whose, and those that are none.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;

/// What a pipe is called.
pub(crate) const PIPE: &str = "a pipe";

/// What `kind` is, if it is neither a file nor a folder.
pub(crate) fn odd(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_fifo() => Some(PIPE),
        kind if kind.is_socket() => Some("a socket"),
        kind if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        _ => None,
    }
}

/// Open it to read; whatever it is, it is not waited for and does not become our terminal.
///
/// # Errors
///
/// As open(2).
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path)
}

/// To write a file that, where there is none yet, nobody can read or write who cannot do so with
/// `source`, and never more than the umask lets. What was no file is the owner's alone.
pub(crate) fn create_as(source: Option<&Metadata>) -> OpenOptions {
    const OWNER: u32 = 0o600;
    let theirs = source.filter(|source| source.is_file());
    let mode = theirs.map_or(OWNER, |source| OWNER | source.mode() & 0o666);
    let mut options = OpenOptions::new();
    options.write(true).mode(mode);
    options
}

/// Which file or folder it is: the same under every name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// It belongs to whoever runs this.
pub(crate) fn is_ours(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Give `new` to whom `old` belongs. Only root may give a file away; for anybody else it stays theirs.
pub(crate) fn give_to_owner_of(new: &File, old: &Metadata) {
    let _ = fchown(new, Some(old.uid()), Some(old.gid()));
}
