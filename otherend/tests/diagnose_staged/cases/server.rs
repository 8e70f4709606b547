//! The server: not there, elsewhere, full, stopped, crashed.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use socket2::{Domain, Socket, Type};

use super::{NOBODY, RESET, SERVER, fails, works};
use crate::host::{Host, Running};
use crate::peers;
use crate::run::{Case, Staged};

const OTHEREND: &str = env!("CARGO_BIN_EXE_otherend");

pub(super) const CASES: &[Case] = &[
    fails("nothing listens", RESET, nothing),
    fails(
        "nothing listens, asked there",
        &["not-listening"],
        nothing_here,
    ),
    fails("listens on loopback only", RESET, loopback),
    fails(
        "listens on loopback only, asked there",
        &["loopback-only"],
        loopback_here,
    ),
    fails(
        "listens on another address, asked there",
        &["other-address"],
        other_address,
    ),
    fails(
        "listens on another port one digit away",
        &[
            "other-port",
            "not-listening",
            "loopback-only",
            "other-address",
            "firewall-reject",
            "wrong-address",
        ],
        other_port,
    ),
    fails(
        "listens one digit away, asked there",
        &["other-port", "not-listening"],
        other_port_here,
    ),
    fails("backlog full", &["firewall-drop", "backlog-full"], backlog),
    fails("backlog full, asked there", &["backlog-full"], backlog_here),
    works(
        "process stopped (SIGSTOP)",
        &["silent", "server-stopped", "not-accepting"],
        stopped,
    ),
    fails(
        "process stopped (SIGSTOP), asked there",
        &["server-stopped"],
        stopped_here,
    ),
    fails(
        "process stopped, asked there as nobody",
        &["not-accepting", "server-stopped"],
        || stopped_here().behind(NOBODY),
    ),
    fails(
        "server without descriptors, asked there",
        &["server-no-descriptors"],
        no_descriptors,
    ),
    fails("server hangs, asked there", &["not-accepting"], hanging),
    fails("server full (ERR server is full)", &["server-full"], full),
    fails("server full, both ends", &["server-full"], || {
        full().with(&["--two-ended"])
    }),
    fails("allow list refuses", &["not-allowed"], not_allowed),
    fails("plain port spoken TLS", &["plain-expected"], plain),
];

pub(super) const WITH_SOCAT: &[Case] = &[fails(
    "crashed in mid-conversation",
    &["crashed", "one-shot"],
    crashing,
)];

pub(super) const WITH_OPENSSL: &[Case] = &[
    fails("TLS port spoken plain", &["tls-expected"], || {
        tls().with(&["--say", "HELLO"])
    }),
    works("TLS port, nothing said", &["tls-expected"], tls),
    works("usual TLS port, nothing said", &["tls-expected"], usual_tls),
    works("TLS port spoken TLS", &[], || tls().with(&["--tls"])),
];

fn nothing() -> Staged {
    let (client, server) = Host::pair();
    Staged::ask(client, server, SERVER)
}

fn nothing_here() -> Staged {
    Staged::ask(Host::alone(), (), ["127.0.0.1", "8080"])
}

fn loopback() -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("127.0.0.1:8080"), peers::echo);
    Staged::ask(client, server, SERVER)
}

fn loopback_here() -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("127.0.0.1:8080"), peers::echo);
    Staged::ask(server, client, SERVER)
}

fn other_address() -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("10.77.0.2:8080"), peers::echo);
    Staged::ask(server, client, ["127.0.0.1", "8080"])
}

fn other_port() -> Staged {
    let (client, server) = Host::pair();
    peers::serve(server.listen("0.0.0.0:8090"), peers::echo);
    Staged::ask(client, server, SERVER)
}

fn other_port_here() -> Staged {
    let host = Host::alone();
    peers::serve(host.listen("127.0.0.1:8081"), peers::echo);
    Staged::ask(host, (), ["127.0.0.1", "8080"])
}

/// A listener that nobody accepts from, with as many connections waiting as the kernel takes.
fn full_queue(host: &Host, address: &'static str) -> (Socket, Vec<TcpStream>) {
    host.inside(move || {
        let address: SocketAddr = address.parse().expect("an address");
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        listener.bind(&address.into()).expect("a free port");
        listener.listen(1).expect("a listener");
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
        (listener, std::iter::from_fn(connect).take(10).collect())
    })
}

fn backlog() -> Staged {
    let (client, server) = Host::pair();
    let full = full_queue(&server, "10.77.0.2:8080");
    Staged::ask(client, (server, full), SERVER)
}

fn backlog_here() -> Staged {
    let host = Host::alone();
    let full = full_queue(&host, "127.0.0.1:8080");
    Staged::ask(host, full, ["127.0.0.1", "8080"])
}

fn serve(host: &Host, flags: &[&str]) -> Running {
    host.start(
        &[&[OTHEREND, "serve", "0.0.0.0:8080"], flags].concat(),
        "listening on",
    )
}

fn stopped() -> Staged {
    let (client, server) = Host::pair();
    let running = stop(serve(&server, &[]));
    Staged::ask(client, (server, running), SERVER)
}

fn stopped_here() -> Staged {
    let host = Host::alone();
    let running = stop(serve(&host, &[]));
    Staged::ask(host, running, ["127.0.0.1", "8080"])
}

fn stop(running: Running) -> Running {
    kill_process(running.pid(), Signal::STOP).expect("our own child");
    running
}

/// A server with three descriptors left, and more clients than that.
fn no_descriptors() -> Staged {
    let host = Host::alone();
    let limit = [
        "prlimit",
        "--nofile=8",
        "ncat",
        "-v",
        "-l",
        "-k",
        "127.0.0.1",
        "8080",
    ];
    let running = host.start(&limit, "Listening on");
    let clients = host.inside(|| {
        let connect = || TcpStream::connect("127.0.0.1:8080").ok();
        std::iter::from_fn(connect).take(8).collect::<Vec<_>>()
    });
    Staged::ask(host, (running, clients), ["127.0.0.1", "8080"])
}

fn hanging() -> Staged {
    let host = Host::alone();
    let listener: TcpListener = host.listen("127.0.0.1:8080");
    Staged::ask(host, listener, ["127.0.0.1", "8080"])
}

fn full() -> Staged {
    let (client, server) = Host::pair();
    let running = serve(&server, &["--max-clients", "1"]);
    let first = client.inside(|| TcpStream::connect("10.77.0.2:8080").expect("one is let in"));
    Staged::ask(client, (server, running, first), SERVER)
}

fn not_allowed() -> Staged {
    let (client, server) = Host::pair();
    let running = serve(&server, &["--allow", "192.168.1.0/24"]);
    Staged::ask(client, (server, running), SERVER)
}

fn plain() -> Staged {
    let (client, server) = Host::pair();
    let running = serve(&server, &[]);
    Staged::ask(client, (server, running), SERVER).with(&["--tls"])
}

/// The first line that it hears kills the server, after half an answer.
fn crashing() -> Staged {
    let (client, server) = Host::pair();
    let crash = "SYSTEM:read line; printf \"210 hel\"; kill -9 $PPID";
    let running = server.start(
        &["socat", "-d", "-d", "TCP-LISTEN:8080,reuseaddr", crash],
        "listening on",
    );
    Staged::ask(client, (server, running), SERVER).with(&["--say", "HELLO"])
}

fn tls() -> Staged {
    tls_at(SERVER)
}

fn usual_tls() -> Staged {
    tls_at(["10.77.0.2", "8443"])
}

fn tls_at(address: [&'static str; 2]) -> Staged {
    let (client, server) = Host::pair();
    let folder = tempfile::tempdir().expect("a folder");
    let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
    let (key, certificate) = (key.display().to_string(), certificate.display().to_string());
    let subject = [
        "-subj",
        "/CN=staged",
        "-days",
        "1",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let request = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ];
    server.run(&[&request[..], &subject].concat());
    let running = server.start(
        &[
            "openssl",
            "s_server",
            "-accept",
            address[1],
            "-key",
            &key,
            "-cert",
            &certificate,
        ],
        "ACCEPT",
    );
    Staged::ask(client, (server, running, folder), address)
}
