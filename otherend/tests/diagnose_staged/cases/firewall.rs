//! Firewalls: here, on the way, at the server; silent or not; with and without the right to read
//! their rules.

use super::{NOBODY, RESET, SERVER, fails};
use crate::host::Host;
use crate::peers;
use crate::run::{Case, Staged};

pub(super) const CASES: &[Case] = &[
    fails(
        "drop at the server",
        &["firewall-drop", "backlog-full"],
        || at_server("tcp dport 8080 drop"),
    ),
    fails(
        "drop at the server, asked there as root",
        &["firewall-drop"],
        || here("tcp dport 8080 drop"),
    ),
    fails(
        "server drops everything but ping",
        &["firewall-drop"],
        drop_all,
    ),
    fails(
        "server drops everything",
        &["firewall-drop", "answer-lost"],
        drop_all_and_ping,
    ),
    fails("drop at the client's output", &["firewall-here"], || {
        at_client("tcp dport 8080 drop")
    }),
    fails(
        "drop at the client's output, as nobody",
        &["firewall-here"],
        || at_client("tcp dport 8080 drop").behind(NOBODY),
    ),
    fails(
        "drop at the server, and of another program's here, as nobody",
        &["firewall-drop", "backlog-full"],
        drop_of_another,
    ),
    fails(
        "reject at the client's output, as nobody",
        &["firewall-here"],
        || at_client("tcp dport 8080 reject").behind(NOBODY),
    ),
    fails("reject with TCP reset", RESET, || {
        at_server("tcp dport 8080 reject with tcp reset")
    }),
    fails(
        "reject with TCP reset, asked there as root",
        &["firewall-reject"],
        || here("tcp dport 8080 reject with tcp reset"),
    ),
    fails(
        "reject with ICMP admin prohibited",
        &["firewall-reject"],
        || at_server("tcp dport 8080 reject with icmp type admin-prohibited"),
    ),
    fails(
        "reject with ICMP port unreachable",
        &["firewall-reject"],
        || at_server("tcp dport 8080 reject with icmp type port-unreachable"),
    ),
    fails("reject at the router", &["firewall-reject"], at_router),
    fails(
        "drop at the router",
        &["firewall-drop", "backlog-full"],
        drop_at_router,
    ),
];

fn at_server(rule: &'static str) -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    server.firewall("input", rule);
    Staged::ask(client, server, SERVER)
}

fn here(rule: &'static str) -> Staged {
    let host = Host::alone();
    peers::serve(host.listen("0.0.0.0:8080"), peers::echo);
    host.firewall("input", rule);
    Staged::ask(host, (), ["127.0.0.1", "8080"])
}

fn at_client(rule: &'static str) -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    client.firewall("output", rule);
    Staged::ask(client, server, SERVER)
}

/// This machine stops the packets of another program, which tries again and again: no reason to
/// blame it for what the server drops.
fn drop_of_another() -> Staged {
    let staged = at_server("tcp dport 8080 drop").behind(NOBODY);
    staged.host.firewall("output", "tcp dport 9999 drop");
    let other = staged.host.start(
        &["sh", "-c", "echo trying; exec nc -w 30 10.77.0.2 9999"],
        "trying",
    );
    staged.keeping(other)
}

fn drop_all() -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    server.firewall_with_policy("input", "drop", "icmp type echo-request accept");
    Staged::ask(client, server, SERVER)
}

/// ARP is below the firewall: the machine still shows that it is there.
fn drop_all_and_ping() -> Staged {
    let (client, server) = Host::pair();
    server.firewall_with_policy("input", "drop", "");
    Staged::ask(client, server, SERVER)
}

fn at_router() -> Staged {
    let (client, router, server) = Host::routed();
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    router.firewall(
        "forward",
        "tcp dport 8080 reject with icmp type admin-prohibited",
    );
    Staged::ask(client, (router, server), ["10.77.2.2", "8080"])
}

fn drop_at_router() -> Staged {
    let (client, router, server) = Host::routed();
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    router.firewall("forward", "tcp dport 8080 drop");
    Staged::ask(client, (router, server), ["10.77.2.2", "8080"])
}
