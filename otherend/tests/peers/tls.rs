//! OpenSSL talks to OpenSSL through `otherend tap`: what it cannot read it passes untouched.

use std::path::Path;
use std::process::Command;

use super::installed::all_there;
use super::program::{Running, otherend, program};

/// A server that says each line backwards, and its address.
fn backwards(folder: &Path) -> (Running, String) {
    let subject = ["-subj", "/CN=localhost", "-days", "2"];
    let certificate = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .args(subject)
        .output()
        .expect("openssl starts");
    assert!(certificate.status.success(), "{certificate:?}");
    let file = |name: &str| folder.join(name).display().to_string();
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let words = [
        "s_server",
        "-accept",
        "127.0.0.1:0",
        "-rev",
        "-naccept",
        "1",
    ];
    let words = [&words[..], &["-key", &key, "-cert", &certificate]].concat();
    let mut server = program("openssl", &words).start();
    let line = server.stdout_with("ACCEPT ");
    let address = line.trim_end().trim_start_matches("ACCEPT ").to_owned();
    (server, address)
}

#[test]
fn tls_passes_untouched_and_is_not_shown() {
    if !all_there(&["openssl"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (server, target) = backwards(folder.path());
    let mut tap = otherend(&["tap", "127.0.0.1:0", &target]).start();
    let line = tap.stdout_with("listening on ");
    let address = line.trim_end().rsplit(' ').next().expect("an address");

    let words = ["s_client", "-quiet", "-no_ign_eof", "-connect", address];
    let mut client = program("openssl", &words).start();
    client.say("straight on");
    assert_eq!(client.stdout_with("no"), "no thgiarts\n");
    client.finish_saying();
    client.wait();
    tap.stdout_with("ended after");
    tap.signal(rustix::process::Signal::INT);
    let shown = tap.wait().succeeded().stdout;
    for who in ["client", "server"] {
        assert!(shown.contains(&format!("the {who} speaks TLS")), "{shown}");
    }
    assert!(!shown.contains("straight"), "{shown}");
    server.wait();
}
