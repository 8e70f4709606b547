//! Programs that speak no lines talk to a transcript that draws their frames.

use rustix::process::Signal;

use super::installed::all_there;
use super::program::{Running, otherend, program};

/// Serve this file of `transcripts/` on a free port; gives that.
fn serve(file: &str) -> (Running, String) {
    let path = format!("{}/../transcripts/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut server = otherend(&["serve", "127.0.0.1:0", "--talk", &path]).start();
    let listening = server.stdout_with("listening on");
    let address = listening.rsplit(' ').next().unwrap_or_default().trim();
    let port = address.rsplit(':').next().unwrap_or_default().to_owned();
    (server, port)
}

#[test]
fn dig_asks_over_tcp() {
    if !all_there(&["dig"]) {
        return;
    }
    let (server, port) = serve("dns-tcp.talk");
    let asked = [
        "@127.0.0.1",
        "-p",
        &port,
        "+tcp",
        "+short",
        "+tries=1",
        "example.org",
    ];
    assert_eq!(
        program("dig", &asked).run().succeeded().stdout,
        "192.0.2.7\n"
    );
    server.signal(Signal::INT);
    server.wait().succeeded();
}

#[test]
fn mosquitto_publishes() {
    if !all_there(&["mosquitto_pub"]) {
        return;
    }
    let (server, port) = serve("mqtt.talk");
    let words = [
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-V",
        "mqttv311",
        "-t",
        "a/b",
        "-m",
        "hello",
    ];
    program("mosquitto_pub", &words).run().succeeded();
    server.signal(Signal::INT);
    let shown = server.wait().succeeded().stdout;
    assert!(shown.contains("0..a/bhello"), "{shown}");
}
