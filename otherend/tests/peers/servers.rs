//! `otherend connect` in a pipe talks to each server program.

use std::process::Command;

use super::dotnet;
use super::installed::all_there;
use super::program::{Running, otherend, program};

/// The words that start a server for one client on a free port of loopback. Each says on stderr
/// when it listens; not all of them say where.
pub(crate) const NCAT: &[&str] = &["ncat", "-v", "-l", "127.0.0.1", "0"];
pub(crate) const OPENBSD_NC: &[&str] = &["nc.openbsd", "-v", "-n", "-l", "127.0.0.1", "0"];
const SOCAT: &[&str] = &["socat", "-dd", "-t1", "TCP-LISTEN:0,bind=127.0.0.1", "-"];

#[test]
fn ncat() {
    talks_to(NCAT);
}

#[test]
fn openbsd_nc() {
    talks_to(OPENBSD_NC);
}

#[test]
fn socat() {
    talks_to(SOCAT);
}

#[test]
fn a_server_that_is_killed_ends_the_client_too() {
    let Some((mut server, address)) = start(NCAT) else {
        return;
    };
    let mut client = otherend(&["connect", &address]).start();
    client.say("hello");
    server.stdout_with("hello");
    drop(server);
    // Its input is still open; a server that is gone is enough.
    assert_eq!(client.wait_with_open_input().succeeded().stdout, "");
}

#[test]
fn dotnet_without_a_mark() {
    dotnet_answers("plain", "From server -> a\nFrom server -> Grüße\n");
}

/// In a pipe bytes pass untouched: the mark of the encoding, too.
#[test]
fn dotnet_with_a_byte_order_mark() {
    dotnet_answers("bom", "\u{feff}From server -> a\nFrom server -> Grüße\n");
}

#[test]
fn dotnet_with_windows_line_ends() {
    let answers = "\u{feff}From server -> a\r\nFrom server -> Grüße\r\n";
    dotnet_answers("bom-crlf", answers);
}

/// Start such a server; none if it is not installed. Gives its address.
pub(crate) fn start(words: &[&str]) -> Option<(Running, String)> {
    if !all_there(&[words[0], "ss"]) {
        return None;
    }
    let mut server = program(words[0], &words[1..]).start();
    server.stderr_with("istening on");
    let address = address_of(server.pid());
    Some((server, address))
}

/// Start the .NET server; none without Mono.
pub(crate) fn start_dotnet(manner: &str) -> Option<(Running, String)> {
    // Its file must be there until Mono has read it.
    let compiled = dotnet::compile("Server.cs")?;
    let mut server = compiled.prepare(&[manner]).start();
    let listening = server.stdout_with("listening on");
    let address = listening.trim().rsplit(' ').next().expect("a last word");
    Some((server, address.to_owned()))
}

/// Where a process listens, as the system knows it.
fn address_of(pid: u32) -> String {
    let output = Command::new("ss").args(["-Hltnp"]).output();
    let listeners = String::from_utf8(output.expect("ss runs").stdout).expect("text");
    let owner = format!("pid={pid},");
    let line = listeners.lines().find(|line| line.contains(&owner));
    let columns = line.expect("it listens").split_whitespace();
    columns.skip(3).take(1).collect()
}

/// Each hears the other while both may still speak; the end of our input ends both.
#[track_caller]
fn talks_to(words: &[&str]) {
    let Some((mut server, address)) = start(words) else {
        return;
    };
    let mut client = otherend(&["connect", &address]).start();
    client.say("hello");
    assert_eq!(server.stdout_with("hello"), "hello\n");
    server.say("Grüße");
    assert_eq!(client.stdout_with("Grüße"), "Grüße\n");
    client.say("bye");
    client.finish_saying();
    server.stdout_with("bye");
    assert_eq!(server.wait().stdout, "hello\nbye\n");
    assert_eq!(client.wait().succeeded().stdout, "Grüße\n");
}

/// The end of our input is a half-close, and `Exit` is for the server to understand: each time
/// every answer arrives.
#[track_caller]
fn dotnet_answers(manner: &str, answers: &str) {
    for (input, heard) in [
        ("a\nGrüße", "heard a\nheard Grüße\n"),
        (
            "a\r\nGrüße\r\nExit\r\n",
            "heard a\nheard Grüße\nheard Exit\n",
        ),
    ] {
        let Some((server, address)) = start_dotnet(manner) else {
            return;
        };
        let client = otherend(&["connect", &address]).input(input).run();
        assert_eq!(client.succeeded().stdout, answers);
        let served = server.wait().exited(0).stdout;
        assert!(served.ends_with(heard), "{served}");
    }
}
