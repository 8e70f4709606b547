//! The door: who is let in, who is told why not, and who waits.

use std::net::{IpAddr, SocketAddr, TcpStream};

use otherend_net::core::Time;
use otherend_net::{BindError, Engine, Refusal, Server};

use super::stage::{PATIENCE, RawPeer, Seen, config, echo, millis, serve, serve_watched, skipped};

on_engines! {
    for_all:
        while_suspended_nobody_is_accepted;
    for_many:
        one_client_too_many_is_told_that_the_server_is_full
        a_place_that_was_left_is_free_again
        who_closes_and_comes_back_at_once_has_its_place
        a_place_is_free_before_the_end_is_heard
        who_lingers_by_the_dozen_keeps_a_place
        one_source_has_only_so_many;
    over_tcp for_all:
        a_source_that_is_not_allowed_is_told_so
        a_denied_source_is_told_so_even_if_allowed
        the_same_port_serves_both_families
        a_taken_port_is_an_error_with_its_address
        a_refused_peer_that_had_already_spoken_still_hears_why;
    for_many:
}

fn one_client_too_many_is_told_that_the_server_is_full(engine: Engine) {
    let mut config = config(engine);
    config.max_clients = Some(3);
    let (server, watch) = serve_watched(config, echo);
    let mut inside: Vec<RawPeer> = (0..3).map(|_| RawPeer::connect(&server)).collect();
    for peer in &mut inside {
        assert_eq!(peer.ask("hello"), "hello\n");
    }
    for _ in 0..10 {
        assert_eq!(
            RawPeer::connect(&server).rest_text(),
            "ERR server is full\n"
        );
    }
    watch.wait_for(|seen| match seen {
        Seen::Notice(text) if text.contains("Full") => Some(()),
        _ => None,
    });
    for peer in &mut inside {
        assert_eq!(peer.ask("undisturbed?"), "undisturbed?\n");
    }
    let stats = server.handle().stats();
    assert_eq!(stats.refused, 10);
    assert_eq!(stats.refusals.of(Refusal::Full), 10);
}

/// Its new connection can be here before the end of the old one is read.
fn who_closes_and_comes_back_at_once_has_its_place(engine: Engine) {
    let mut config = config(engine);
    config.max_clients = Some(1);
    let server = serve(config, echo);
    for _ in 0..300 {
        let mut peer = RawPeer::connect(&server);
        assert_eq!(peer.ask("hello"), "hello\n");
    }
    assert_eq!(server.handle().stats().refused, 0);
}

fn a_place_that_was_left_is_free_again(engine: Engine) {
    let mut config = config(engine);
    config.max_clients = Some(1);
    let (server, watch) = serve_watched(config, echo);
    for number in 1..=10 {
        let mut peer = RawPeer::connect(&server);
        assert_eq!(peer.ask("hello"), "hello\n");
        peer.finish();
        assert_eq!(peer.rest_text(), "");
        assert_eq!(watch.wait_for_end(number), "peer-finished");
        while !server.handle().conversations().is_empty() {
            std::thread::yield_now();
        }
    }
}

/// Whoever has heard the end of one conversation can begin the next.
fn a_place_is_free_before_the_end_is_heard(engine: Engine) {
    let mut config = config(engine);
    config.max_clients = Some(1);
    config.max_per_source = Some(1);
    let server = serve(config, echo);
    for _ in 0..300 {
        // The server closes first, and waits for our end.
        let mut peer = RawPeer::connect(&server);
        peer.send(b"exit\n");
        assert_eq!(peer.rest_text(), "");
        // We close first, and the server closes at once.
        let mut peer = RawPeer::connect(&server);
        assert_eq!(peer.ask("hello"), "hello\n");
        peer.finish();
        assert_eq!(peer.rest_text(), "");
    }
    assert_eq!(server.handle().stats().refused, 0);
}

/// There is room for a few beside those who talk: who does not close is not counted out for ever.
fn who_lingers_by_the_dozen_keeps_a_place(engine: Engine) {
    let mut config = config(engine);
    config.max_clients = Some(1);
    config.settings.linger_idle = PATIENCE;
    let server = serve(config, echo);
    let mut lingering = Vec::new();
    let told = loop {
        let mut peer = RawPeer::connect(&server);
        peer.send(b"exit\n");
        let told = peer.rest_text();
        lingering.push(peer);
        if !told.is_empty() {
            break told;
        }
        assert!(lingering.len() < 100);
    };
    assert_eq!(told, "ERR server is full\n");
    assert!(lingering.len() > 5, "{}", lingering.len());
}

fn one_source_has_only_so_many(engine: Engine) {
    let mut config = config(engine);
    config.max_per_source = Some(2);
    let server = serve(config, echo);
    let mut inside: Vec<RawPeer> = (0..2).map(|_| RawPeer::connect(&server)).collect();
    for peer in &mut inside {
        assert_eq!(peer.ask("hello"), "hello\n");
    }
    let told = RawPeer::connect(&server).rest_text();
    assert_eq!(told, "ERR too many connections from your address\n");
}

fn a_source_that_is_not_allowed_is_told_so(engine: Engine) {
    let mut config = config(engine);
    config.allow = vec!["192.0.2.0/24".parse().unwrap()];
    let server = serve(config, echo);
    let told = RawPeer::connect(&server).rest_text();
    assert_eq!(told, "ERR your address is not allowed\n");
}

fn a_denied_source_is_told_so_even_if_allowed(engine: Engine) {
    let mut config = config(engine);
    config.allow = vec!["127.0.0.0/8".parse().unwrap()];
    config.deny = vec!["127.0.0.1/32".parse().unwrap()];
    let server = serve(config, echo);
    let told = RawPeer::connect(&server).rest_text();
    assert_eq!(told, "ERR your address is not allowed\n");
}

fn a_refused_peer_that_had_already_spoken_still_hears_why(engine: Engine) {
    let mut config = config(engine);
    config.deny = vec!["127.0.0.0/8".parse().unwrap()];
    let server = serve(config, echo);
    let handle = server.handle();
    handle.suspend();
    let mut peer = RawPeer::connect(&server);
    peer.send(&b"said before anybody could answer\n".repeat(100));
    handle.resume();
    assert_eq!(peer.rest_text(), "ERR your address is not allowed\n");
}

fn while_suspended_nobody_is_accepted(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let handle = server.handle();
    handle.suspend();
    let mut peer = RawPeer::connect(&server);
    peer.send(b"hello\n");
    peer.hears_nothing_for(millis(150));
    assert_eq!(handle.stats().accepted, 0);
    handle.resume();
    assert_eq!(peer.line(), "hello\n");
    watch.wait_for_bytes(1, 6);
}

fn the_same_port_serves_both_families(engine: Engine) {
    let wanted = ["127.0.0.1:0", "[::1]:0"].map(|address| address.parse().unwrap());
    let server = match Server::bind(&wanted, config(engine), echo) {
        Ok(server) => server,
        // A machine without IPv6, or whose port was free on one family only.
        Err(error @ BindError::Listen { .. }) => return skipped(&error.to_string()),
        Err(error) => panic!("{error}"),
    };
    let addresses = server.addresses().to_vec();
    assert_eq!(addresses[0].port(), addresses[1].port());
    let server = server.start().unwrap();
    for address in addresses {
        let mut peer = RawPeer {
            stream: std::io::BufReader::new(TcpStream::connect(address).unwrap().into()),
        };
        assert_eq!(peer.ask("hello"), "hello\n");
        drop(peer);
    }
    assert!(server.handle().now() > Time::ZERO);
}

fn a_taken_port_is_an_error_with_its_address(engine: Engine) {
    let first = serve(config(engine), echo);
    let taken = first.addresses()[0].inet().unwrap();
    let Err(error) = Server::bind(&[taken.into()], config(engine), echo) else {
        panic!("two servers listen on {taken}");
    };
    let text = error.to_string();
    assert!(text.contains(&taken.to_string()), "{text}");
    let nowhere = SocketAddr::new(IpAddr::from([192, 0, 2, 1]), 0);
    assert!(Server::bind(&[nowhere.into()], config(engine), echo).is_err());
    assert!(matches!(
        Server::bind(&[], config(engine), echo),
        Err(BindError::NoAddress)
    ));
}
