//! Stopping: in good order, within its limit, and with an honest report.

use std::thread;
use std::time::Instant;

use otherend_net::{Engine, Running};

use super::stage::{
    PATIENCE, RawPeer, Seen, config, echo, held_up, millis, serve, serve_watched, stream_to,
};

on_engines! {
    for_all:
        a_drain_closes_an_idle_peer_at_once
        a_drain_lets_a_line_that_has_begun_end
        a_stop_resets_at_once
        dropping_the_server_stops_it
        nobody_gets_in_after_a_stop;
    for_many:
        under_load_every_line_that_was_heard_is_answered;
    over_tcp for_all:
        a_drain_cuts_off_who_never_finishes
        a_drain_hears_what_follows_urgent_data;
    for_many:
}

fn a_drain_closes_an_idle_peer_at_once(engine: Engine) {
    let server = serve(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("hello"), "hello\n");
    let began = Instant::now();
    let report = server.drain();
    assert!(began.elapsed() < millis(5000));
    assert_eq!(peer.rest_text(), "");
    let (finished, idle, aborted) = (report.finished, report.idle_closed, report.aborted);
    assert_eq!((finished, idle, aborted), (0, 1, 0));
}

fn a_drain_lets_a_line_that_has_begun_end(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"beg");
    watch.wait_for_bytes(1, 3);
    let handle = server.handle();
    handle.drain();
    peer.hears_nothing_for(millis(100));
    peer.send(b"un\n");
    assert_eq!(peer.rest_text(), "begun\n");
    drop(peer);
    let report = server.drain();
    let (finished, idle, aborted) = (report.finished, report.idle_closed, report.aborted);
    assert_eq!((finished, idle, aborted), (1, 0, 0));
}

fn a_drain_cuts_off_who_never_finishes(engine: Engine) {
    let mut config = config(engine);
    config.drain_timeout = millis(300);
    let (server, watch) = serve_watched(config, echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"begun and never finished");
    watch.wait_for_bytes(1, 24);
    let began = Instant::now();
    let report = server.drain();
    assert!(began.elapsed() >= millis(290) && began.elapsed() < PATIENCE / 3);
    assert_eq!((report.finished, report.aborted), (0, 1));
    assert_eq!(peer.rest_before_reset(), b"");
    let ended = watch.rest().into_iter().find_map(|seen| match seen {
        Seen::Ended(1, reason) => Some(reason),
        _ => None,
    });
    assert_eq!(ended, Some("stopped"));
}

/// A read ends at the mark of urgent data, however much follows.
fn a_drain_hears_what_follows_urgent_data(engine: Engine) {
    let (server, mut peer, go_on) = held_up(config(engine));
    peer.send(b"one\n");
    assert_eq!(peer.stream.get_ref().send_out_of_band(b"!").unwrap(), 1);
    peer.send(b"two\n");
    server.handle().drain();
    go_on.send(()).unwrap();
    assert_eq!(peer.rest_text(), "one\n!two\n");
    drop(peer);
    assert_eq!(server.drain().aborted, 0);
}

fn a_stop_resets_at_once(engine: Engine) {
    let server = serve(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("hello"), "hello\n");
    let began = Instant::now();
    let report = server.stop();
    assert!(began.elapsed() < millis(5000));
    assert_eq!(report.aborted + report.idle_closed, 1);
    let _ = std::io::Read::read_to_end(&mut peer.stream, &mut Vec::new());
}

fn dropping_the_server_stops_it(engine: Engine) {
    let server = serve(config(engine), echo);
    let address = server.addresses()[0].clone();
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("hello"), "hello\n");
    drop(server);
    let _ = std::io::Read::read_to_end(&mut peer.stream, &mut Vec::new());
    assert!(stream_to(&address).is_err());
}

fn nobody_gets_in_after_a_stop(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"beg");
    watch.wait_for_bytes(1, 3);
    let handle = server.handle();
    handle.drain();
    assert!(handle.is_stopping());
    if engine != Engine::Single {
        // The single engine's door is this conversation's thread: it closes after it.
        while stream_to(&server.addresses()[0]).is_ok() {
            thread::yield_now();
        }
    }
    peer.send(b"un\n");
    assert_eq!(peer.rest_text(), "begun\n");
    assert!(handle.stats().accepted >= 1);
}

fn under_load_every_line_that_was_heard_is_answered(engine: Engine) {
    for _ in 0..3 {
        let (server, watch) = serve_watched(config(engine), echo);
        let talkers: Vec<_> = (0..20).map(|_| talk_until_the_end(&server)).collect();
        let mut heard = 0;
        watch.wait_for(|seen| {
            heard += u64::from(matches!(seen, Seen::Line(..)));
            (heard == 2000).then_some(())
        });
        let report = server.drain();
        let answered: u64 = talkers
            .into_iter()
            .map(|talker| talker.join().unwrap())
            .sum();
        heard += watch
            .rest()
            .iter()
            .filter(|seen| matches!(seen, Seen::Line(..)))
            .count() as u64;
        assert_eq!(report.aborted, 0);
        assert_eq!(
            (report.stats.counts.messages_heard, answered),
            (heard, heard)
        );
    }
}

/// Say numbered lines, five at a time, until the server has had enough. Gives how many it answered,
/// each once and in order.
fn talk_until_the_end(server: &Running) -> thread::JoinHandle<u64> {
    let mut peer = RawPeer::connect(server);
    // Who is still at the door when the stop comes is not under way.
    assert_eq!(peer.ask("0"), "0\n");
    thread::spawn(move || {
        let mut said = 1;
        let mut answered = 1;
        loop {
            let lines: String = (said..said + 5)
                .map(|number| format!("{number}\n"))
                .collect();
            // After the end it may say what it likes.
            let _ = std::io::Write::write_all(peer.stream.get_mut(), lines.as_bytes());
            said += 5;
            for _ in 0..5 {
                let line = peer.line();
                if line.is_empty() {
                    return answered;
                }
                assert_eq!(line, format!("{answered}\n"));
                answered += 1;
            }
        }
    })
}
