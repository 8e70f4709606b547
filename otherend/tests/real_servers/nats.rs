//! nats-server, with netcat as its client.

use std::net::SocketAddr;

use super::case::{Case, Typed, talk};
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

/// Two clients of one conversation: what one says, the other hears.
const PUBLISHING: Case = Case {
    name: "real-nats-two",
    client: subscriber_and_publisher,
    prints: &["INFO {", "MSG news 1 5\r\nhello\r\n", "INFO {", "PONG\r\n"],
    ..NATS
};

/// The second PING follows the first PONG, and with that the subscription is known to be there when
/// the publisher comes.
fn subscriber_and_publisher(server: SocketAddr) -> String {
    let port = server.port().to_string();
    let words = ["-N", "127.0.0.1", &port];
    let mut subscriber = Typed::start("nc.openbsd", &words);
    let subscribe = "CONNECT {\"verbose\":false}\r\nSUB news 1\r\nPING\r\n";
    subscriber.turn("INFO ", subscribe);
    subscriber.turn("PONG", "PING\r\n");
    subscriber.turn("PONG", "");
    let mut publisher = Typed::start("nc.openbsd", &words);
    let publish = "CONNECT {\"verbose\":false}\r\nPUB news 5\r\nhello\r\nPING\r\n";
    publisher.turn("INFO ", publish);
    publisher.turn("PONG", "");
    let published = publisher.end();
    subscriber.turn("hello", "");
    subscriber.end() + &published
}

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

#[test]
fn a_subscriber_and_a_publisher_go_all_round() {
    PUBLISHING.goes_all_round();
}

#[test]
fn what_is_kept_of_two_satisfies_both() {
    PUBLISHING.is_kept();
}
