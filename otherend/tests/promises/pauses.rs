//! A transcript's pause costs nothing, whatever the peer does meanwhile.

use std::io::Write;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::served::serve;

on_engines! {
    a_peer_that_leaves_in_a_pause_is_not_asked_again_and_again
}

fn a_peer_that_leaves_in_a_pause_is_not_asked_again_and_again(engine: &str) {
    let mut talk = NamedTempFile::with_suffix(".talk").unwrap();
    talk.write_all(b"otherend talk 1\n\nC: x\nS: a\n+4s\nS: b\n")
        .unwrap();
    let path = talk.path().to_str().unwrap();
    let server = serve(engine, &["-q", "--talk", path, "--timing", "real"]);
    let mut peer = server.connect();
    assert_eq!(peer.ask("x"), "a\n");
    drop(peer);
    let computed = server.computed_in(Duration::from_secs(2));
    assert!(
        computed < Duration::from_millis(400),
        "it computed for {computed:?} in 2 s"
    );
}
