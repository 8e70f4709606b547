//! What everything that listens has in common: its sockets, its hub, and who may come in.

use std::net::UdpSocket;
use std::sync::Arc;

use otherend_core::Address;

use crate::accept::admission::{Admission, Terms};
use crate::endpoint::Listen;
use crate::error::BindError;
use crate::hub::Hub;
use crate::stream::{Listener, listen_on_all, take_datagrams_on_all};
use crate::system::bell::Bell;

/// Sockets that listen, and nobody who serves yet.
pub(crate) struct Bound {
    pub(crate) hub: Arc<Hub>,
    pub(crate) admission: Admission,
    pub(crate) sockets: Sockets,
    /// Where they really are, in the order asked for.
    pub(crate) addresses: Vec<Address>,
}

/// What listens.
pub(crate) enum Sockets {
    Streams(Vec<Listener>),
    Datagrams(Vec<UdpSocket>),
}

impl Bound {
    /// Listen on every one of `places`, which are all for streams or all for datagrams.
    /// `furnish` says how the hub differs from one that has no limits.
    ///
    /// # Errors
    ///
    /// When one cannot be listened on, or the limits asked for cannot be had. Nothing listens then.
    pub(crate) fn new(
        places: &[Listen],
        terms: &Terms<'_>,
        backlog: i32,
        furnish: impl FnOnce(&mut Hub),
    ) -> Result<Bound, BindError> {
        if places.is_empty() {
            return Err(BindError::NoAddress);
        }
        let addresses: Vec<Address> = places.iter().map(Listen::address).collect();
        // Before anything listens: whoever connects to a server that then does not start has seen
        // one come and go.
        let admission = Admission::new(terms, &addresses)?;
        let (sockets, bound) = match take_datagrams(places)? {
            true => {
                let sockets = take_datagrams_on_all(&addresses)?;
                let bound = sockets.iter().map(UdpSocket::local_addr);
                let bound: Result<Vec<_>, _> = bound.map(|at| at.map(Address::from)).collect();
                (Sockets::Datagrams(sockets), bound)
            }
            false => {
                let listeners = listen_on_all(&addresses, backlog)?;
                let bound = listeners.iter().map(Listener::address).collect();
                (Sockets::Streams(listeners), bound)
            }
        };
        let mut hub = Hub::new(Bell::new().map_err(BindError::Engine)?);
        furnish(&mut hub);
        Ok(Bound {
            hub: Arc::new(hub),
            admission,
            sockets,
            addresses: bound.map_err(BindError::Engine)?,
        })
    }
}

/// Are `places` for datagrams? They are answered by one thread and streams by an engine: one server
/// does the one or the other.
pub(crate) fn take_datagrams(places: &[Listen]) -> Result<bool, BindError> {
    let for_datagrams = |place: &Listen| matches!(place, Listen::Datagrams(_));
    match places.iter().filter(|place| for_datagrams(place)).count() {
        0 => Ok(false),
        all if all == places.len() => Ok(true),
        _ => Err(BindError::Protocol(
            "one server takes streams or datagrams, not both",
        )),
    }
}
