//! The same over IPv6, where the errors have other numbers and neighbours are discovered otherwise.

use super::{fails, works};
use crate::host::Host;
use crate::peers;
use crate::run::{Case, Staged};

pub(super) const CASES: &[Case] = &[
    works("IPv6: echoes lines", &[], || {
        reached("[fd77::2]:8080", "fd77::2").with(&["--say", "HELLO"])
    }),
    works("IPv6: echoes lines, link-local", &[], || {
        reached("[::]:8080", "fe80::77%eth0").with(&["--say", "HELLO"])
    }),
    fails(
        "IPv6: nothing listens",
        &[
            "not-listening",
            "loopback-only",
            "family-mismatch",
            "other-address",
            "firewall-reject",
            "wrong-address",
        ],
        || reached("[fd77::2]:9999", "fd77::2"),
    ),
    fails(
        "IPv6: unused address",
        &["wrong-address", "host-down"],
        || reached("[fd77::2]:8080", "fd77::65"),
    ),
    fails("IPv6: reject with ICMP", &["firewall-reject"], || {
        ruled("tcp dport 8080 reject with icmpv6 type admin-prohibited")
    }),
    fails(
        "IPv6: drop at the server",
        &["firewall-drop", "backlog-full"],
        || ruled("tcp dport 8080 drop"),
    ),
    fails("IPv6: no route", &["no-route"], || {
        reached("[fd77::2]:8080", "fd99::1")
    }),
];

fn pair() -> (Host, Host) {
    let (client, server) = Host::pair();
    for (host, own) in [(&client, "fd77::1/64"), (&server, "fd77::2/64")] {
        host.ip(&format!("addr add {own} dev eth0 nodad"));
    }
    server.ip("addr add fe80::77/64 dev eth0 nodad");
    (client, server)
}

fn reached(listens: &str, asked: &'static str) -> Staged {
    let (client, server) = pair();
    peers::serve(server.listen(listens), peers::echo);
    Staged::ask(client, server, [asked, "8080"])
}

fn ruled(rule: &str) -> Staged {
    let (client, server) = pair();
    peers::serve(server.listen("[::]:8080"), peers::echo);
    server.firewall("input", rule);
    Staged::ask(client, server, ["fd77::2", "8080"])
}
