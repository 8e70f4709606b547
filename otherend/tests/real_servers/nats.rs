//! nats-server, with netcat as its client.

use super::case::{Case, talk};
use super::server::{Server, folder, free_port};

const NATS: Case = Case {
    name: "real-nats",
    server_program: "nats-server",
    client_program: "nc.openbsd",
    server,
    client: |server| {
        let port = server.port().to_string();
        talk("nc.openbsd", &["-N", "127.0.0.1", &port], TURNS)
    },
    prints: &["INFO {", "PONG\r\nMSG news 1 5\r\nhello\r\nPONG\r\n"],
    set: &[],
};

const TURNS: &[(&str, &str)] = &[
    ("INFO ", "CONNECT {\"verbose\":false}\r\nPING\r\n"),
    ("PONG", "SUB news 1\r\nPUB news 5\r\nhello\r\nPING\r\n"),
    ("PONG", ""),
];

fn server() -> Server {
    let port = free_port();
    let words = ["-a", "127.0.0.1", "-p", &port.to_string()];
    Server::start(folder(), port, "nats-server", &words)
}

#[test]
fn nats_goes_all_round() {
    NATS.goes_all_round();
}

#[test]
fn what_is_kept_of_nats_satisfies_netcat() {
    NATS.is_kept();
}
