//! What the ICMP errors that end an attempt to connect mean, and their names.

use crate::evidence::Icmp;

/// What an ICMP error of the kind "destination unreachable" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    NoRoute,
    Circle,
    HostSilent,
    Rejected,
}

/// ICMP types (RFC 792, RFC 4443 §3.3).
const TIME_EXCEEDED: u8 = 11;
const TIME_EXCEEDED_V6: u8 = 3;

/// RFC 792 and RFC 1812 §5.2.7.1 for IPv4; RFC 4443 §3.1 for IPv6.
pub(crate) fn meaning(icmp: &Icmp) -> Meaning {
    // What a router says that means well, and what only somebody says who has been told to say no:
    //
    //                        IPv4       IPv6
    //   no route             0, 6       0, 2
    //   nobody there         1, 7       3
    //   told to say no       the rest: 3 (port), 9, 10, 13 (prohibited); 1, 4, 5, 6
    //
    // "Port unreachable" is how a closed port answers UDP. TCP has the reset for it: a firewall's
    // `reject` says it, by default.
    match (icmp.from.is_ipv4(), icmp.kind, icmp.code) {
        (true, TIME_EXCEEDED, _) | (false, TIME_EXCEEDED_V6, _) => Meaning::Circle,
        (true, _, 0 | 6) | (false, _, 0 | 2) => Meaning::NoRoute,
        (true, _, 1 | 7) | (false, _, 3) => Meaning::HostSilent,
        _ => Meaning::Rejected,
    }
}

/// The name of an ICMP "destination unreachable" code.
pub(crate) fn icmp_text(icmp: &Icmp) -> &'static str {
    match (icmp.from.is_ipv4(), icmp.code) {
        _ if meaning(icmp) == Meaning::Circle => "time exceeded",
        (true, 0 | 6) => "network unreachable",
        (true, 1 | 7) => "host unreachable",
        (true, 2) => "protocol unreachable",
        (true, 3) | (false, 4) => "port unreachable",
        (true, 9 | 10 | 13) | (false, 1) => "administratively prohibited",
        (false, 0) => "no route to destination",
        (false, 2) => "beyond scope of source address",
        (false, 3) => "address unreachable",
        (false, 5 | 6) => "rejected by policy or route",
        _ => "destination unreachable",
    }
}
