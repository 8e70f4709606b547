//! redis-server and redis-cli.

use super::case::{Case, run};
use super::server::{Server, folder, free_port};

const REDIS: Case = Case {
    name: "real-redis",
    server_program: "redis-server",
    client_program: "redis-cli",
    server,
    client: |server| {
        let port = server.port().to_string();
        run("redis-cli", &["-p", &port], COMMANDS)
    },
    prints: &[
        "OK\nhello there\n2\ntea\nmilk\n",
        "said\nhello\n\nERR unknown",
        "\n3\n",
    ],
    set: &[],
};

/// The same each time, also on a server without data, but for the id that XADD gives.
const COMMANDS: &str = "\
SET motd \"hello there\"
GET motd
RPUSH basket tea milk
LRANGE basket 0 -1
XADD events * said hello
XRANGE events - +
GET nothing
NOSUCH
DEL events basket motd
";

fn server() -> Server {
    let port = free_port();
    let number = port.to_string();
    // COMMAND is renamed: redis-cli begins with it, to be told of 480 commands in a random order.
    let words = ["--save", "", "--rename-command", "COMMAND", ""];
    let words = [&["--port", &number], &words[..]].concat();
    Server::start(folder(), port, "redis-server", &words)
}

#[test]
fn redis_cli_goes_all_round() {
    REDIS.goes_all_round();
}

#[test]
fn redis_cli_is_satisfied_with_what_is_kept() {
    REDIS.is_kept();
}
