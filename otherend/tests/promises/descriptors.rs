//! With few descriptors: nobody is lost without a word, nothing spins, and it recovers.

use std::io::Write;
use std::time::{Duration, Instant};

use super::installed::all_there;
use super::served::{PATIENCE, RawPeer, Served, serve_under};
use rustix::process::Signal;

on_engines! {
    too_many_for_the_descriptors_are_refused_and_forgotten
}

fn each_is_served_or_told(peers: &mut [RawPeer]) {
    let mut told = 0;
    for peer in peers {
        // Who was told may be gone already.
        let _ = peer.stream.get_mut().write_all(b"hello\n");
        match peer.line().as_str() {
            "From server -> hello\n" => {}
            "ERR server is full\n" => told += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(told > 30, "{told}");
}

fn too_many_for_the_descriptors_are_refused_and_forgotten(engine: &str) {
    if !all_there(&["prlimit"]) {
        return;
    }
    let server = serve_under(&["prlimit", "--nofile=64"], engine, &["-q"]).unwrap();
    // More than it has descriptors for; nobody closes by itself.
    let mut peers: Vec<_> = (0..100).map(|_| server.connect()).collect();
    assert_eq!(peers[0].ask("hello"), "From server -> hello\n");
    let computed = server.computed_in(Duration::from_secs(2));
    assert!(
        computed < Duration::from_millis(400),
        "it computed for {computed:?} in 2 s"
    );
    assert_eq!(peers[0].ask("still"), "From server -> still\n");
    if engine != "single" {
        each_is_served_or_told(&mut peers[1..]);
    }

    drop(peers);
    let began = Instant::now();
    while !server.connect().is_served() {
        assert!(began.elapsed() < PATIENCE);
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(1500),
        "it recovered after {took:?}"
    );
}

#[test]
fn a_file_for_each_client_leaves_room_for_all_who_are_let_in() {
    if !all_there(&["prlimit"]) {
        return;
    }
    for engine in ["threads", "async"] {
        let folder = tempfile::tempdir().unwrap();
        let record = format!("{}/", folder.path().display());
        let words = ["--record", &record];
        let mut server = serve_under(&["prlimit", "--nofile=200"], engine, &words).unwrap();
        let mut peers: Vec<_> = (0..120).map(|_| server.connect()).collect();
        let let_in = peers
            .iter_mut()
            .filter_map(|peer| peer.is_served().then_some(()));
        let let_in = let_in.count();
        assert!((30..60).contains(&let_in), "{engine}: {let_in}");

        server.signal(Signal::TERM);
        drop(peers);
        let report = server.wait_for("\"event\":\"stopped\"");
        assert_eq!(Served::reported(&report, "lines_heard"), let_in as u64);
        // It would not be, if the recording had ended before.
        assert!(server.ended_within(PATIENCE).success(), "{engine}");
        let files = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(files.count(), let_in, "{engine}");
    }
}
