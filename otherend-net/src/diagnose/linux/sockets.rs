//! Connections that no process has: those that were never finished, and those long ended.

use std::net::SocketAddr;

use crate::listeners::Protocol;
use crate::listeners::proc_net::{self, Row, TcpState};

/// Connections of a local port that are in TIME_WAIT, which is no obstacle to listening.
pub(in crate::diagnose) fn time_wait(port: u16) -> usize {
    of_port(port, TcpState::TIME_WAIT).len()
}

/// Peers whose first packet arrived at a local port, and from whom nothing came after our answer:
/// the answer is lost on its way, or they have gone.
pub(in crate::diagnose) fn half_open(port: u16) -> Vec<SocketAddr> {
    of_port(port, TcpState::SYN_RECV)
        .into_iter()
        .map(|row| row.remote)
        .collect()
}

fn of_port(port: u16, state: TcpState) -> Vec<Row> {
    let mut rows = proc_net::rows(Protocol::Tcp).unwrap_or_default();
    rows.retain(|row| row.state == state && row.local.port() == port);
    rows
}
