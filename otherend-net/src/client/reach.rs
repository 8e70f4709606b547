//! Getting to a server: a stream, or a socket for datagrams, to one of the addresses it has.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Instant;

use super::race::{Attempt, Race};
use super::{ConnectError, ConnectOptions};
use crate::endpoint::{Endpoint, Target};
use crate::stream::{self, Stream};

/// Connect to `endpoint` and give the bare stream, in non-blocking mode.
///
/// Every address of a name is tried in the order of RFC 8305; the first that answers is taken.
///
/// # Errors
///
/// When the name has no address, or none of its addresses answered.
pub fn connect(endpoint: &Endpoint, options: &ConnectOptions) -> Result<TcpStream, ConnectError> {
    let addresses = resolve(endpoint, options)?;
    connect_to_any(endpoint, &addresses, options)
}

/// A stream to `target`, whatever carries it, in non-blocking mode.
///
/// # Errors
///
/// As [`connect`] and [`connect_udp`]; over a Unix socket, when nobody listens at it.
pub(crate) fn reach(target: &Target, options: &ConnectOptions) -> Result<Stream, ConnectError> {
    match target {
        Target::Stream(endpoint) => connect(endpoint, options).map(Stream::Tcp),
        Target::Datagrams(endpoint) => connect_udp(endpoint, options).map(Stream::Udp),
        Target::Unix(address) => {
            let connected = stream::connect_unix(address, options.timeout);
            connected.map(Stream::Unix).map_err(|cause| {
                let address = address.clone();
                ConnectError::Unix { address, cause }
            })
        }
    }
}

/// The addresses of `endpoint`, in the order in which to try them.
pub(crate) fn resolve(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let addresses = match options.timeout {
        Some(limit) => endpoint.resolve_within(options.family, options.no_dns, limit),
        None => endpoint.resolve(options.family, options.no_dns),
    };
    addresses.map_err(ConnectError::Resolve)
}

/// Connect to whichever of `addresses` answers first.
pub(crate) fn connect_to_any(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    options: &ConnectOptions,
) -> Result<TcpStream, ConnectError> {
    let stream = Race::new(addresses, options.source, options.timeout)
        .run()
        .map_err(|attempts| ConnectError::Failed {
            endpoint: endpoint.clone(),
            attempts,
        })?;
    // What cannot be set now shows itself at the first read.
    let _ = stream::prepare(&stream, options.keepalive.as_ref());
    Ok(stream)
}

/// A bare socket that talks to `endpoint` only, in non-blocking mode. Nothing is sent.
///
/// # Errors
///
/// When the name has no address, or there is no way to any of its addresses.
pub fn connect_udp(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<UdpSocket, ConnectError> {
    let began = Instant::now();
    let mut attempts = Vec::new();
    for address in resolve(endpoint, options)? {
        match talk_to(address, options) {
            Ok(socket) => return Ok(socket),
            Err(error) => attempts.push(Attempt {
                address,
                error,
                after: began.elapsed(),
            }),
        }
    }
    let endpoint = endpoint.clone();
    Err(ConnectError::Failed { endpoint, attempts })
}

fn talk_to(address: SocketAddr, options: &ConnectOptions) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    let from = options
        .source
        .map_or(any, |source| SocketAddr::new(source, 0));
    let socket = UdpSocket::bind(from)?;
    stream::make_room(&socket);
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
