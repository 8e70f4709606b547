//! No recording has a secret in it, whichever command made it.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use rustix::process::Signal;

use super::program::otherend;
use super::recording::{recording_client, steps};
use super::serve::serve;
use super::tap::{hear, listening, say};

const MOCK: &str = "\
otherend talk 1

S. Password:\\x20
C: {{pass:text=x}}
S: welcome
C: again {{pass}}
S: heard {{pass}}
";

const RECORDED: &str = "\
C! connect
S. Password:\\x20
C: {{secret:text=****}}
S: welcome
C: again {{secret:text=****}}
S: heard {{secret:text=****}}
";

/// The recording has these steps, and nowhere the secret.
fn is_masked(path: &Path, who: &str) {
    let file = std::fs::read_to_string(path).expect("a recording");
    assert!(!file.contains("hunter22"), "{who}: {file}");
    let steps = steps(path);
    assert!(steps.starts_with(RECORDED), "{who}: {steps}");
}

#[test]
fn the_answer_to_a_prompt_is_in_neither_recording_of_tap_and_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("mock.talk"), MOCK).expect("a mock");
    let text = |name: &str| path(name).display().to_string();
    let (server, target) = serve(&["--talk", &text("mock.talk"), "--record", &text("s.talk")]);
    let mut tap = otherend(&["tap", "127.0.0.1:0", &target, "--record", &text("t.talk")]).start();
    let client = TcpStream::connect(listening(&mut tap)).expect("the tap");
    hear(&client, b"Password: ");
    say(&client, b"hunter22\n");
    hear(&client, b"welcome\n");
    say(&client, b"again hunter22\n");
    hear(&client, b"heard hunter22\n");
    drop(client);
    for program in [tap, server] {
        program.signal(Signal::INT);
        program.wait();
    }
    is_masked(&path("t.talk"), "tap");
    is_masked(&path("s.talk"), "serve");
}

#[test]
fn the_answer_to_a_prompt_is_not_in_the_recording_of_a_client() {
    let (mut client, mut peer, path, _folder) = recording_client();
    peer.write_all(b"hello\nPassword: ").expect("it reads");
    client.stdout_with("hello");
    client.say("hunter22");
    hear(&peer, b"hunter22\n");
    peer.write_all(b"welcome\n").expect("it reads");
    client.stdout_with("welcome");
    client.say("again hunter22");
    hear(&peer, b"again hunter22\n");
    peer.write_all(b"heard hunter22\n").expect("it reads");
    client.stdout_with("heard");
    drop(peer);
    client.wait();
    let file = std::fs::read_to_string(&path).expect("a recording");
    assert!(!file.contains("hunter22"), "{file}");
    assert!(steps(&path).contains("C: {{secret:text=****}}\nS: welcome\n"));
}
