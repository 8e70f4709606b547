//! The staged causes, in the order of the steps of a diagnosis.

mod firewall;
mod ipv6;
mod listen;
mod name;
mod network;
mod server;
mod talk;

use crate::host::Host;
use crate::run::{Case, Staged};

/// The address of the server of [`Host::pair`].
const SERVER: [&str; 2] = ["10.77.0.2", "8080"];
/// What may be wrong, from outside, when a reset comes back.
const RESET: &[&str] = &[
    "not-listening",
    "loopback-only",
    "other-address",
    "firewall-reject",
    "wrong-address",
];
/// As an ordinary user, who may not read the firewall's rules.
const NOBODY: &[&str] = &[
    "setpriv",
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
    "--inh-caps=-all",
];

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let groups = [
        name::CASES,
        network::CASES,
        firewall::CASES,
        ipv6::CASES,
        server::CASES,
        talk::CASES,
        listen::CASES,
    ];
    let mut all = Vec::new();
    for group in groups {
        all.extend(group.iter().map(Case::clone));
    }
    all.extend(tools());
    all
}

/// Cases that want a tool that not every machine has.
fn tools() -> Vec<Case> {
    let mut cases = Vec::new();
    for (tool, group) in [
        ("openssl", server::WITH_OPENSSL),
        ("socat", server::WITH_SOCAT),
        ("strace", network::WITH_STRACE),
    ] {
        match crate::has(tool) {
            true => cases.extend(group.iter().map(Case::clone)),
            false => println!("skipped: what is staged with {tool}, which is not installed"),
        }
    }
    cases
}

/// A case that fails.
const fn fails(name: &'static str, words: &'static [&'static str], stage: fn() -> Staged) -> Case {
    Case {
        name,
        stage,
        words,
        works: false,
    }
}

/// A case that works, perhaps with a remark.
const fn works(name: &'static str, words: &'static [&'static str], stage: fn() -> Staged) -> Case {
    Case {
        name,
        stage,
        words,
        works: true,
    }
}

/// A pair of hosts; the server is kept alive and treats connections to port 8080 so.
fn served(manner: fn(std::net::TcpStream)) -> Staged {
    let (client, server) = Host::pair();
    crate::peers::serve(server.listen("0.0.0.0:8080"), manner);
    Staged::ask(client, server, SERVER)
}

/// The same, asked on the server itself.
fn served_here(manner: fn(std::net::TcpStream)) -> Staged {
    let host = Host::alone();
    crate::peers::serve(host.listen("127.0.0.1:8080"), manner);
    Staged::ask(host, (), ["127.0.0.1", "8080"])
}
