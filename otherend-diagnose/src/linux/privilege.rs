//! What the kernel asks of those who listen on a low port.

use std::fs;

/// The first port that needs no privilege to listen on.
pub(crate) fn first_unprivileged_port() -> Option<u16> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok()?;
    text.trim().parse().ok()
}
