//! With 64 descriptors: nobody is lost without a word, nothing spins, and it recovers.

use std::time::{Duration, Instant};

use super::installed::all_there;
use super::served::{PATIENCE, pace, serve_under};

on_engines! {
    too_many_for_the_descriptors_are_refused_and_forgotten
}

fn too_many_for_the_descriptors_are_refused_and_forgotten(engine: &str) {
    if !all_there(&["prlimit"]) {
        return;
    }
    let server = serve_under(&["prlimit", "--nofile=64"], engine, &["-q"]).unwrap();
    // More than it has descriptors for; nobody closes by itself.
    let mut peers: Vec<_> = (0..100).map(|_| server.connect()).collect();
    assert_eq!(peers[0].ask("hello"), "From server -> hello\n");
    let before = server.computed();
    pace(Duration::from_secs(2));
    let computed = server.computed() - before;
    assert!(
        computed < Duration::from_millis(400),
        "it computed for {computed:?} in 2 s"
    );
    assert_eq!(peers[0].ask("still"), "From server -> still\n");

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
