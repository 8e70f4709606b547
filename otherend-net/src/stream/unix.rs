//! Unix sockets: how they are named, made and cleaned up.

use std::fs::{self, File};
use std::io;
use std::net::Shutdown;
// The kind itself; everything else about the system is asked of `system`.
pub(crate) use std::os::unix::net::UnixStream;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::Address;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use crate::system::errors::is_passing;
use crate::system::{files, names};

/// How long another server may take from its look to its `listen`, and how often it is asked.
const LOCK_WAIT: Duration = Duration::from_secs(1);
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// A listening Unix socket; dropping it removes its file.
#[derive(Debug)]
pub(crate) struct NamedListener {
    pub(super) socket: UnixListener,
    /// Where it is in the file system, if it is; held for its drop.
    _file: Option<SocketFile>,
}

#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// By its path alone we could remove a successor's.
    identity: files::Identity,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| files::Identity::of(&found) == self.identity) {
            // Nothing can be done about one that cannot be removed: the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A listening socket at `path` that does not block and that only its owner can connect to.
///
/// The file of a server that was killed is replaced, one that somebody listens at is not. A
/// connect tells which it is: it is refused where nobody listens. Two servers that start at once
/// must not both find the old file dead, and one then remove the other's new one: so each holds the
/// lock of the folder from the look to the `listen`.
///
/// Nobody can connect before the mode is set: what is bound and does not listen yet refuses.
pub(super) fn listen_at(path: &Path, backlog: i32) -> io::Result<NamedListener> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let _lock = lock_folder(folder);
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path, &address) => {
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    let identity = files::Identity::of(&fs::symlink_metadata(path)?);
    let file = SocketFile {
        path: path.to_owned(),
        identity,
    };
    files::make_private(path)?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(NamedListener {
        socket: socket.into(),
        _file: Some(file),
    })
}

/// The lock of `folder`. Without it (a file system that has none, or somebody who keeps it: whoever
/// can read `/tmp` can lock it) it is as in every other program.
fn lock_folder(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    let until = Instant::now() + LOCK_WAIT;
    while let Err(error) = files::try_lock(&folder) {
        if !is_passing(&error) || Instant::now() >= until {
            break;
        }
        thread::sleep(LOCK_PAUSE);
    }
    Some(folder)
}

/// A listening socket in the abstract name space, which has no file and no mode: whoever is on this
/// machine (in its network namespace) can connect.
pub(super) fn listen_as(name: &[u8], backlog: i32) -> io::Result<NamedListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&names::to_abstract(name)?)?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(NamedListener {
        socket: socket.into(),
        _file: None,
    })
}

/// Refuse whoever asks to connect.
pub(super) fn turn_newcomers_away(listener: &UnixListener) {
    // Systems that cannot shut one half of a listener down leave it open.
    let _ = SockRef::from(listener).shutdown(Shutdown::Read);
}

/// A socket is there, and nobody listens at it.
fn is_stale(path: &Path, address: &SockAddr) -> bool {
    if !fs::symlink_metadata(path).is_ok_and(|found| files::is_socket(&found)) {
        return false;
    }
    let Ok(probe) = Socket::new(Domain::UNIX, Type::STREAM, None) else {
        return false;
    };
    // A full backlog would make a blocking connect wait; somebody listens there.
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    probe.set_nonblocking(true).is_ok() && probe.connect(address).is_err_and(refused)
}

/// What the system calls an end.
pub(super) fn address(name: &SocketAddr) -> Address {
    if let Some(path) = name.as_pathname() {
        return Address::Path(path.to_owned());
    }
    names::from_abstract(name).map_or(Address::Unnamed, Address::Abstract)
}

/// A stream to the socket of this name, in non-blocking mode. A server whose backlog is full is
/// waited for, `limit` at most.
pub(crate) fn connect(address: &Address, limit: Option<Duration>) -> io::Result<UnixStream> {
    let address = match address {
        Address::Path(path) => SockAddr::unix(path)?,
        Address::Abstract(name) => names::to_abstract(name)?,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Poll cannot wait for a Unix connect; the write timeout is what limits it.
    socket.set_write_timeout(limit)?;
    socket
        .connect(&address)
        .map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        })?;
    socket.set_write_timeout(None)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
