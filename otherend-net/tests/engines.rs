//! One test, every engine: what a server does must not depend on what carries it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use otherend_net::core::{AnyBehaviour, Echo};
use otherend_net::{Engine, Running, Server, ServerConfig};

fn serve(engine: Engine) -> Running {
    let mut config = ServerConfig::default();
    config.engine = engine;
    let address = "127.0.0.1:0".parse().unwrap();
    let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
    Server::bind(&[address], config, echo)
        .unwrap()
        .start()
        .unwrap()
}

fn talk(server: &Running, text: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addresses()[0]).unwrap();
    stream.write_all(text).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

#[test]
fn a_half_closed_peer_gets_every_answer() {
    for &engine in Engine::ALL {
        let server = serve(engine);
        assert_eq!(
            talk(&server, b"a\nb"),
            "From server -> a\nFrom server -> b\n",
            "{engine}"
        );
        let report = server.drain();
        assert_eq!((report.aborted, report.stats.accepted), (0, 1), "{engine}");
    }
}

#[test]
fn exit_ends_a_conversation() {
    for &engine in Engine::ALL {
        let server = serve(engine);
        assert_eq!(
            talk(&server, b"a\nExit\nb\n"),
            "From server -> a\n",
            "{engine}"
        );
    }
}
