//! The way there, and what this machine lacks.

use std::net::TcpStream;

use super::{SERVER, fails};
use crate::host::Host;
use crate::peers;
use crate::run::{Case, Staged};

pub(super) const CASES: &[Case] = &[
    fails(
        "unused address on the same network",
        &["wrong-address", "host-down"],
        unused_near,
    ),
    fails(
        "unused address behind the router",
        &["wrong-address", "host-down"],
        unused_far,
    ),
    fails("router not there", &["gateway-down"], no_router),
    fails(
        "router without a route",
        &["no-route"],
        router_without_route,
    ),
    fails("routers send it in a circle", &["routing-loop"], circle),
    fails("no route", &["no-route"], no_route),
    fails(
        "no route, one slip from the own network",
        &["no-route"],
        no_route_near,
    ),
    fails("interface down", &["interface-down"], interface_down),
    fails(
        "nothing at the other end of the cable",
        &["interface-down", "wrong-address", "host-down"],
        unplugged,
    ),
    fails("a route forbids it", &["route-forbids"], forbidden_route),
    fails(
        "no way back from the server",
        &["firewall-drop", "host-down", "answer-lost", "wrong-address"],
        no_way_back,
    ),
    fails("ephemeral ports used up", &["no-local-port"], no_ports),
    fails(
        "self-connect",
        &["self-connect", "not-listening"],
        self_connect,
    ),
];

pub(super) const WITH_STRACE: &[Case] = &[
    fails(
        "no descriptors in this process",
        &["no-descriptors"],
        no_descriptors,
    ),
    fails(
        "no descriptors, to listen",
        &["no-descriptors"],
        no_descriptors_to_listen,
    ),
];

fn unused_near() -> Staged {
    let (client, server) = Host::pair();
    Staged::ask(client, server, ["10.77.0.65", "8080"])
}

fn unused_far() -> Staged {
    let (client, router, server) = Host::routed();
    Staged::ask(client, (router, server), ["10.77.2.65", "8080"])
}

fn no_router() -> Staged {
    let (client, server) = Host::pair();
    client.ip("route add default via 10.77.0.254");
    Staged::ask(client, server, ["10.78.0.1", "8080"])
}

fn router_without_route() -> Staged {
    let (client, router, server) = Host::routed();
    Staged::ask(client, (router, server), ["10.78.0.1", "8080"])
}

fn circle() -> Staged {
    let (client, router, server) = Host::routed();
    router.ip("route add 10.78.0.0/16 via 10.77.2.2");
    server.sysctl("net.ipv4.ip_forward", "1");
    Staged::ask(client, (router, server), ["10.78.0.1", "8080"])
}

fn no_route() -> Staged {
    let (client, server) = Host::pair();
    Staged::ask(client, server, ["172.16.5.5", "8080"])
}

fn no_route_near() -> Staged {
    let (client, server) = Host::pair();
    Staged::ask(client, server, ["10.78.0.2", "8080"])
}

fn interface_down() -> Staged {
    let (client, server) = Host::pair();
    client.ip("link set eth0 down");
    Staged::ask(client, server, SERVER)
}

/// The interface is on; the kernel tells of a link, and of one that is lost, a moment later.
fn unplugged() -> Staged {
    let (client, server) = Host::pair();
    let wait_for = |state| {
        let wait = format!("until grep -q {state} /sys/class/net/eth0/operstate; do :; done");
        client.run(&["timeout", "5", "sh", "-c", &wait]);
    };
    wait_for("up");
    server.ip("link set eth0 down");
    wait_for("down");
    Staged::ask(client, server, SERVER)
}

fn forbidden_route() -> Staged {
    let (client, server) = Host::pair();
    client.ip("route add prohibit 10.78.0.0/16");
    Staged::ask(client, server, ["10.78.0.1", "8080"])
}

fn no_way_back() -> Staged {
    let (client, router, server) = Host::routed();
    server.ip("route del default");
    peers::serve(server.listen("0.0.0.0:8080"), peers::echo);
    Staged::ask(client, (router, server), ["10.77.2.2", "8080"])
}

fn no_ports() -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("0.0.0.0:8080"), peers::silent);
    client.sysctl("net.ipv4.ip_local_port_range", "40000 40001");
    let used = client.inside(|| {
        let connect = || TcpStream::connect("10.77.0.2:8080");
        let used: Vec<TcpStream> = std::iter::from_fn(|| connect().ok()).take(10).collect();
        assert_eq!(used.len(), 2, "the range has two ports");
        used
    });
    Staged::ask(client, (server, used), SERVER)
}

fn self_connect() -> Staged {
    let host = Host::alone();
    host.sysctl("net.ipv4.ip_local_port_range", "8080 8080");
    Staged::ask(host, (), ["127.0.0.1", "8080"])
}

/// The kernel's answer to every socket(2) for TCP is EMFILE.
const NO_SOCKETS: &[&str] = &[
    "strace",
    "-f",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    "trace=socket",
    "-e",
    "inject=socket:error=EMFILE",
];

fn no_descriptors() -> Staged {
    Staged::ask(Host::alone(), (), ["127.0.0.1", "8080"]).behind(NO_SOCKETS)
}

fn no_descriptors_to_listen() -> Staged {
    Staged::listen(Host::alone(), (), ["127.0.0.1", "8080"]).behind(NO_SOCKETS)
}
