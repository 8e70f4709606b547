//! The kernel's own counters, which say what a firewall rule does not: whether what we sent has
//! left.

use std::fs;

/// How many retransmissions this machine itself refused to send since it started (TCPRetransFail).
/// A rule on the way out that drops our packets shows here and nowhere else without a privilege.
pub(in crate::diagnose) fn refused_retransmissions() -> Option<u64> {
    value(
        &fs::read_to_string("/proc/net/netstat").ok()?,
        "TcpExt:",
        "TCPRetransFail",
    )
}

/// The first port that needs no privilege to listen on.
pub(in crate::diagnose) fn first_unprivileged_port() -> Option<u16> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok()?;
    text.trim().parse().ok()
}

/// The file has pairs of lines with the same first word: names, then values.
fn value(text: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with(group));
    let position = lines.next()?.split(' ').position(|word| word == name)?;
    lines.next()?.split(' ').nth(position)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::value;

    const FILE: &str =
        "TcpExt: SyncookiesSent TCPRetransFail Last\nTcpExt: 4 7 9\nIpExt: A B\nIpExt: 1 2\n";

    #[test]
    fn a_counter_is_found_by_its_group_and_name() {
        assert_eq!(value(FILE, "TcpExt:", "TCPRetransFail"), Some(7));
        assert_eq!(value(FILE, "IpExt:", "B"), Some(2));
        assert_eq!(value(FILE, "IpExt:", "TCPRetransFail"), None);
    }
}
