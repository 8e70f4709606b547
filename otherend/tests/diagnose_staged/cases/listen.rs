//! Listening: can I serve here?

use std::net::TcpStream;

use super::{NOBODY, fails, works};
use crate::host::Host;
use crate::run::{Case, Staged};

pub(super) const CASES: &[Case] = &[
    works("port free at bind", &[], || {
        Staged::listen(Host::alone(), (), ["127.0.0.1", "8080"])
    }),
    fails("port taken at bind, same address", &["port-taken"], || {
        taken("127.0.0.1:8080", ["127.0.0.1", "8080"])
    }),
    fails(
        "port taken at bind, by the wildcard",
        &["port-taken"],
        || taken("0.0.0.0:8080", ["127.0.0.1", "8080"]),
    ),
    fails(
        "port taken at bind, for the wildcard",
        &["port-taken"],
        || taken("127.0.0.1:8080", ["0.0.0.0", "8080"]),
    ),
    works("port lingers in TIME_WAIT at bind", &[], time_wait),
    fails("address not mine", &["address-not-here"], || {
        Staged::listen(Host::alone(), (), ["10.77.0.9", "8080"])
    }),
    fails(
        "privileged port as an ordinary user",
        &["privileged-port"],
        || Staged::listen(Host::alone(), (), ["127.0.0.1", "80"]).behind(NOBODY),
    ),
    works(
        "a rule keeps others away",
        &["firewall-drop"],
        behind_firewall,
    ),
];

fn taken(held: &str, asked: [&'static str; 2]) -> Staged {
    let host = Host::alone();
    let holder = host.listen(held);
    Staged::listen(host, holder, asked)
}

/// The server ended the connection first, so its side lingers.
fn time_wait() -> Staged {
    let host = Host::alone();
    let listener = host.listen("127.0.0.1:8080");
    let client = host.inside(|| TcpStream::connect("127.0.0.1:8080").expect("it listens"));
    drop(listener.accept());
    drop(client);
    drop(listener);
    Staged::listen(host, (), ["127.0.0.1", "8080"])
}

fn behind_firewall() -> Staged {
    let (client, server) = Host::pair();
    server.firewall("input", "iif != \"lo\" tcp dport 8080 drop");
    Staged::listen(server, client, ["0.0.0.0", "8080"])
}
