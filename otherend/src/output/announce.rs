//! What is said when a command begins to listen: where, and from where it can be reached.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use otherend_core::Time;
use otherend_diagnose::interfaces;
use otherend_diagnose::listeners::Protocol;

use crate::output::screen::{Remark, Screen};
use crate::output::stdio;

/// Say where it listens, and from where it can be reached. Of the addresses `asked` for, a quiet
/// screen shows those whose port the system was to choose: nobody else could tell which it is.
pub(crate) fn announce(
    screen: &Screen,
    asked: &[SocketAddr],
    addresses: &[SocketAddr],
    protocol: Protocol,
) {
    let quiet = screen.look().quiet;
    for (asked, &address) in asked.iter().zip(addresses) {
        if !quiet || asked.port() == 0 {
            screen.remark(Time::ZERO, 0, &Remark::Listening { address, protocol });
        }
        if quiet {
            continue;
        }
        // What the system does not tell is not worth an error: it listens all the same.
        let reached = interfaces::reachable_at(address).unwrap_or_default();
        for reach in reached.iter().filter(|_| !address.ip().is_loopback()) {
            screen.remark(Time::ZERO, 0, &Remark::Reachable(reach));
        }
    }
    let everybody_is_here = addresses.iter().all(|address| address.ip().is_loopback());
    if !quiet && !everybody_is_here && protocol == Protocol::Udp {
        let text = "no answer to another machine is longer than what it sent";
        screen.remark(Time::ZERO, 0, &Remark::note("no-amplification", text));
    }
    if !quiet && everybody_is_here {
        let text = match protocol {
            Protocol::Tcp => "only this machine can connect; --any lets others in",
            Protocol::Udp => "only this machine can send; --any lets others in",
        };
        screen.remark(Time::ZERO, 0, &Remark::note("loopback-only", text));
    }
    // Only to a person at a terminal: the line is to be typed, and a log would have it at every
    // start.
    if !quiet && !screen.look().json && stdio::stdout().is_terminal() {
        let client = client_command(addresses[0], protocol);
        let text = format!("to try it: {client}; Ctrl-C ends this");
        screen.remark(Time::ZERO, 0, &Remark::note("to-try", &text));
    }
}

/// What to type into another terminal of this machine.
fn client_command(address: SocketAddr, protocol: Protocol) -> String {
    let flag = match protocol {
        Protocol::Tcp => "",
        Protocol::Udp => " -u",
    };
    let port = address.port();
    let unspecified = address.ip().is_unspecified();
    if address.is_ipv4() && (unspecified || address.ip() == Ipv4Addr::LOCALHOST) {
        return format!("otherend connect{flag} :{port}");
    }
    let here = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let address = if unspecified { here } else { address };
    format!("otherend connect{flag} {address}")
}
