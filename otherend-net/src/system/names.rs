//! Names that only some systems have for a socket: Linux's abstract ones, which are no paths.

use std::io;
use std::os::unix::net::SocketAddr;

use socket2::SockAddr;

/// The abstract `name` as the system takes it: behind a zero byte.
#[cfg(target_os = "linux")]
pub(crate) fn to_abstract(name: &[u8]) -> io::Result<SockAddr> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    SockAddr::unix(OsStr::from_bytes(&[&[0], name].concat()))
}

/// Only Linux has abstract names.
#[cfg(not(target_os = "linux"))]
pub(crate) fn to_abstract(_name: &[u8]) -> io::Result<SockAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The abstract name that `address` is, if it is one.
#[cfg(target_os = "linux")]
pub(crate) fn from_abstract(address: &SocketAddr) -> Option<Vec<u8>> {
    use std::os::linux::net::SocketAddrExt;
    address.as_abstract_name().map(<[u8]>::to_vec)
}

/// Only Linux has abstract names.
#[cfg(not(target_os = "linux"))]
pub(crate) fn from_abstract(_address: &SocketAddr) -> Option<Vec<u8>> {
    None
}
