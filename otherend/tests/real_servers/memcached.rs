//! memcached, with netcat as its client.

use super::case::{Case, run};
use super::server::{Server, folder, free_port};

const MEMCACHED: Case = Case {
    name: "real-memcached",
    server_program: "memcached",
    client_program: "nc.openbsd",
    server,
    client: |server| {
        let port = server.port().to_string();
        run("nc.openbsd", &["127.0.0.1", &port], COMMANDS)
    },
    prints: &[
        "VERSION 1.",
        "STORED\r\nVALUE tea 0 5\r\ngreen\r\nEND\r\nNOT_FOUND\r\nDELETED\r\n",
    ],
    set: &[],
};

const COMMANDS: &str = "\
version\r
set tea 0 0 5\r
green\r
get tea\r
incr nothing 1\r
delete tea\r
quit\r
";

fn server() -> Server {
    let port = free_port();
    let number = port.to_string();
    let words = ["-U", "0", "-l", "127.0.0.1", "-u", "nobody"];
    let words = [&["-p", &number], &words[..]].concat();
    Server::start(folder(), port, "memcached", &words)
}

#[test]
fn memcached_goes_all_round() {
    MEMCACHED.goes_all_round();
}

#[test]
fn what_is_kept_of_memcached_satisfies_netcat() {
    MEMCACHED.is_kept();
}
