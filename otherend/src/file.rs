//! The user's files, read whole: only regular ones, and never more than a limit.
//!
//! A pipe nobody writes to would be waited for without end, a device such as `/dev/zero` has no end, and
//! a log that is being written may grow for as long as it is read.

use std::fmt::{self, Display};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::exit::Failure;
use crate::exit::file::unreadable;
use crate::output::human::size;
use crate::output::stdio;
use crate::system::files::{self, PIPE};

/// How standard input is named.
pub(crate) const STDIN: &str = "-";

/// The bytes of a regular file, at most `most`; `-` is standard input, whatever that is.
///
/// # Errors
/// It cannot be read, is no regular file, or is larger.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new(STDIN) {
        whole(stdio::stdin(), most)
    } else {
        regular(path, most)
    };
    read.map_err(|refusal| refusal.of(path))
}

/// Why a file is not read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The system does not let us.
    System(io::Error),
    /// It is a pipe, a device, a socket.
    NoFile(&'static str),
    /// It has more bytes than the limit, which is the second number; how many is not always known.
    TooLarge(Option<u64>, usize),
}

impl Refusal {
    fn of(self, path: &Path) -> Failure {
        let advice = match self {
            Refusal::System(error) => return unreadable(path, &error),
            Refusal::NoFile(PIPE) => "; to read what comes through one, name it `-`",
            _ => "",
        };
        let path = path.display();
        Failure::Usage(format!("cannot read {path}: {self}{advice}"))
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::System(error)
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::System(error) => error.fmt(f),
            Refusal::NoFile(what) => write!(f, "it is {what}, not a file"),
            Refusal::TooLarge(None, most) => write!(f, "it has more than {}", size(*most as u64)),
            Refusal::TooLarge(Some(found), most) => {
                let (found, most) = (size(*found), size(*most as u64));
                write!(f, "it has {found}, and {most} is the most")
            }
        }
    }
}

/// What stands at `path` is a regular file of at most `most` bytes, or a folder.
///
/// # Errors
/// It is something else, or nothing.
pub(crate) fn check(found: &fs::Metadata, most: usize) -> Result<(), Refusal> {
    // Opening a folder says by itself that it is one.
    match files::odd(found.file_type()) {
        Some(what) => Err(Refusal::NoFile(what)),
        None if found.is_file() && found.len() > most as u64 => {
            Err(Refusal::TooLarge(Some(found.len()), most))
        }
        None => Ok(()),
    }
}

fn regular(path: &Path, most: usize) -> Result<Vec<u8>, Refusal> {
    // Opening alone may already do something to a device, or take a pipe from its reader.
    check(&fs::metadata(path)?, most)?;
    // And whatever took its place since then must not be waited for.
    let file = files::open_without_waiting(path)?;
    check(&file.metadata()?, most)?;
    whole(file, most)
}

/// All of `input`, unless it is more than `most`.
fn whole(input: impl Read, most: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    input
        // One byte more than may be: that one tells a file which is too long from one that just
        // fits, whatever its length was said to be.
        .take((most as u64).saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(Refusal::TooLarge(None, most));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[track_caller]
    fn refuses(path: &Path, most: usize, why: &str) {
        let failure = read(path, most).unwrap_err().to_string();
        assert_eq!(failure, format!("cannot read {}: {why}", path.display()));
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        refuses(&path, 4, "it has 5 B, and 4 B is the most");
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), b"12345");
    }

    #[test]
    fn what_has_no_size_is_read_up_to_its_limit() {
        // Files of /proc have length 0, as one that grows may have.
        let path = Path::new("/proc/self/status");
        if path.exists() {
            assert!(read(path, 1 << 20).unwrap().starts_with(b"Name:"));
            refuses(path, 10, "it has more than 10 B");
        }
        assert!(whole(io::repeat(0), 1000).is_err());
    }

    #[test]
    fn nothing_but_files_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        refuses(Path::new("/dev/zero"), 10, "it is a device, not a file");
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        refuses(&socket, 10, "it is a socket, not a file");
        refuses(folder.path(), 10, "is a directory; name a file in it");
    }
}
