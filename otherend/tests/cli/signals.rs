//! Every signal × every command: what was said is told, what was recorded is sealed, nothing that was
//! started stays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::transcript::{Recording, Tail};
use rustix::process::{Pid, Signal, test_kill_process};

use super::program::{Outcome, Program, Running, otherend, program};
use super::serve::serve;
use super::tap::listening;

/// A client of something that listens: it has said a line, and heard the answer.
fn client(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("it listens");
    let mut stream = BufReader::new(stream);
    ask(&mut stream);
    stream
}

fn ask(client: &mut BufReader<TcpStream>) {
    client.get_mut().write_all(b"a\n").expect("it reads");
    let mut answer = String::new();
    client.read_line(&mut answer).expect("it answers");
    assert_eq!(answer, "From server -> a\n");
}

/// Of these signals those that this process, and so all that it starts, was not told to ignore: a
/// shell has what is in the background ignore SIGINT, and `nohup` SIGHUP.
fn heard(signals: &[Signal]) -> Vec<Signal> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = mask(&status, "SigIgn:");
    let is_heard = |signal: &&Signal| ignored & 1 << (signal.as_raw() - 1) == 0;
    signals.iter().filter(is_heard).copied().collect()
}

/// A set of signals, see proc_pid_status(5).
fn mask(status: &str, name: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix(name));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default()
}

/// Wait until `done`, for it comes by itself.
#[track_caller]
fn until(mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < give_up, "it does not come");
        thread::yield_now();
    }
}

/// What stands in a recording, and whether it came to its end.
fn recorded(path: &Path) -> (String, Tail) {
    let file = std::fs::read(path).expect("a recording");
    let recording = Recording::read(&file).expect("a transcript");
    (recording.transcript.to_string(), recording.tail)
}

/// What listens, recording into `a.talk`.
struct Served {
    program: Running,
    address: String,
    /// The server behind a tap.
    behind: Option<Running>,
}

impl Served {
    fn start(command: &str) -> Served {
        let (behind, words) = match command {
            "tap" => {
                let (behind, to) = serve(&["-q"]);
                (
                    Some(behind),
                    vec!["tap".to_owned(), "127.0.0.1:0".to_owned(), to],
                )
            }
            _ => (None, vec!["serve".to_owned(), "127.0.0.1:0".to_owned()]),
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let words = [&words[..], &["--record", "a.talk"]].concat();
        let mut program = otherend(&words).start();
        let address = listening(&mut program);
        Served {
            program,
            address,
            behind,
        }
    }

    /// The outcome, and the recording.
    fn end(self) -> (Outcome, String, Tail) {
        let path = self.program.folder().join("a.talk");
        // The folder goes with the program.
        let kept = tempfile::tempdir().expect("a folder");
        let link = kept.path().join("a.talk");
        std::fs::hard_link(&path, &link).expect("the same file system");
        let outcome = self.program.wait();
        let (text, tail) = recorded(&link);
        drop(self.behind);
        (outcome, text, tail)
    }
}

#[test]
fn what_asks_for_an_end_drains_and_seals() {
    for command in ["serve", "tap"] {
        for signal in heard(&[Signal::INT, Signal::TERM, Signal::HUP]) {
            let served = Served::start(command);
            let mut client = client(&served.address);
            served.program.signal(signal);
            assert_eq!(
                client.read(&mut [0]).expect("an orderly end"),
                0,
                "{command} {signal:?}"
            );
            drop(client);
            let (outcome, text, tail) = served.end();
            assert_eq!(tail, Tail::Complete, "{command} {signal:?}");
            assert!(text.contains("S: From server -> a\n"), "{text}");
            outcome.succeeded().said("stopping").said("recorded ");
        }
    }
}

#[test]
fn who_insists_is_obeyed_and_the_recording_is_sealed_all_the_same() {
    for command in ["serve", "tap"] {
        for (first, second) in [(Signal::INT, Signal::INT), (Signal::TERM, Signal::INT)] {
            let mut served = Served::start(command);
            let mut client = client(&served.address);
            // It is in the middle of a line, so a drain waits for it.
            client.get_mut().write_all(b"hal").expect("it reads");
            served.program.signal(first);
            served.program.stdout_with("stopping");
            served.program.signal(second);
            let (outcome, text, tail) = served.end();
            assert_eq!(tail, Tail::Complete, "{command}");
            assert!(text.contains("S: From server -> a\n"), "{text}");
            outcome.exited(0);
        }
    }
}

#[test]
fn a_terminal_that_is_gone_is_told_of_twice_and_insists_on_nothing() {
    if heard(&[Signal::HUP]).is_empty() {
        eprintln!("skipped: SIGHUP is ignored here");
        return;
    }
    let mut served = Served::start("serve");
    let mut client = client(&served.address);
    client.get_mut().write_all(b"hal").expect("it reads");
    served.program.signal(Signal::HUP);
    served.program.stdout_with("stopping");
    served.program.signal(Signal::HUP);
    client.get_mut().write_all(b"f\n").expect("it still reads");
    let mut rest = String::new();
    client.read_to_string(&mut rest).expect("an orderly end");
    assert_eq!(rest, "From server -> half\n");
    drop(client);
    served.end().0.succeeded();
}

/// By `nohup`, or whatever starts it so.
#[cfg(target_os = "linux")]
#[test]
fn a_hangup_that_is_to_be_ignored_is_ignored() {
    let otherend_ = env!("CARGO_BIN_EXE_otherend");
    let script = format!("trap '' HUP; exec '{otherend_}' serve 127.0.0.1:0");
    let mut server = program("sh", &["-c", &script]).start();
    let mut client = client(&listening(&mut server));
    server.signal(Signal::HUP);
    ask(&mut client);
    server.signal(Signal::TERM);
    drop(client);
    server.wait().succeeded();
}

#[test]
fn what_means_nothing_is_outlived() {
    for signal in [
        Signal::PIPE,
        Signal::XFSZ,
        Signal::WINCH,
        Signal::CONT,
        Signal::CHILD,
    ] {
        let served = Served::start("serve");
        let mut client = client(&served.address);
        served.program.signal(signal);
        ask(&mut client);
        drop(client);
        served.program.signal(Signal::TERM);
        let (outcome, _, tail) = served.end();
        assert_eq!(tail, Tail::Complete, "{signal:?}");
        outcome.succeeded();
    }
}

/// Ctrl-\ is for a core: at once. What the last seal vouches for is there.
#[test]
fn a_quit_ends_at_once_and_leaves_what_was_sealed() {
    for signal in heard(&[Signal::QUIT, Signal::KILL, Signal::ABORT]) {
        let (behind, to) = serve(&["-q"]);
        let words = [
            "tap",
            "127.0.0.1:0",
            &to,
            "--record",
            "a.talk",
            "--sync",
            "each",
        ];
        let mut program = otherend(&words).start();
        let address = listening(&mut program);
        let _client = client(&address);
        // It is shown once it is on the disk.
        program.stdout_with("From server");
        let served = Served {
            program,
            address,
            behind: Some(behind),
        };
        served.program.signal(signal);
        let (outcome, text, tail) = served.end();
        assert_eq!(outcome.code, None, "{signal:?}");
        assert!(matches!(tail, Tail::Cut { .. }), "{tail:?}");
        assert!(text.contains("S: From server -> a\n"), "{text}");
    }
}

/// A client with a silent server, started and connected.
fn connected(words: &[&str]) -> (Running, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let mut client = otherend(&[&["connect", &address], words].concat()).start();
    let (mut peer, _) = listener.accept().expect("the client");
    client.say("a");
    peer.read_exact(&mut [0; 2]).expect("a line");
    (client, peer)
}

#[test]
fn a_client_seals_its_recording_and_ends_of_the_signal() {
    for signal in heard(&[Signal::INT, Signal::TERM, Signal::HUP]) {
        let (client, _peer) = connected(&["--record", "a.talk"]);
        let path = client.folder().join("a.talk");
        client.signal(signal);
        let kept = tempfile::tempdir().expect("a folder");
        let link = kept.path().join("a.talk");
        std::fs::hard_link(&path, &link).expect("the same file system");
        let outcome = client.wait_with_open_input();
        assert_eq!(outcome.code, None, "{signal:?}: as any other program");
        let (text, tail) = recorded(&link);
        assert_eq!(tail, Tail::Complete, "{signal:?}");
        assert!(text.contains("C: a\n"), "{text}");
    }
    for signal in heard(&[Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT]) {
        let (client, _peer) = connected(&[]);
        client.signal(signal);
        assert_eq!(client.wait_with_open_input().code, None, "{signal:?}");
    }
}

#[test]
fn a_client_of_datagrams_seals_its_recording() {
    for signal in heard(&[Signal::INT, Signal::TERM, Signal::HUP]) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("bound").to_string();
        let mut client = otherend(&["connect", "-u", &address, "--record", "a.talk"]).start();
        client.say("a");
        socket.recv(&mut [0; 4]).expect("a datagram");
        let path = client.folder().join("a.talk");
        let kept = tempfile::tempdir().expect("a folder");
        let link = kept.path().join("a.talk");
        std::fs::hard_link(&path, &link).expect("the same file system");
        client.signal(signal);
        client.wait_with_open_input();
        assert_eq!(recorded(&link).1, Tail::Complete, "{signal:?}");
    }
}

fn with_talk(words: &[&str]) -> Program {
    // The server never says what the file has, so that the signal comes in the middle.
    let talk = "otherend talk 1\ntimeout  60s\n\nC: a\nS: something else\n";
    otherend(words).file("a.talk", talk)
}

/// The server that is started for a test run is in a group of its own, and hears no Ctrl-C.
#[test]
fn a_server_that_was_started_ends_with_whoever_started_it() {
    let otherend_ = env!("CARGO_BIN_EXE_otherend");
    let sink = format!("echo $$ > pid; exec '{otherend_}' serve {{port}} -q --reply sink");
    for signal in heard(&[Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT]) {
        for words in [&["play", "a.talk"][..], &["talk", "shrink", "a.talk"]] {
            let words = [words, &["--server-command", &sink]].concat();
            let player = with_talk(&words).start();
            let file = player.folder().join("pid");
            let mut server = None;
            until(|| {
                let pid = std::fs::read_to_string(&file).unwrap_or_default();
                server = pid.trim().parse().ok().and_then(Pid::from_raw);
                server.is_some()
            });
            let server = server.expect("a process number");
            player.signal(signal);
            let outcome = player.wait();
            assert_eq!(outcome.code, None, "{signal:?} {outcome}");
            until(|| test_kill_process(server).is_err() || is_zombie(server));
        }
    }
}

/// Nobody has asked for its status: who would, was killed before.
fn is_zombie(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'))
    })
}

#[test]
fn a_load_that_is_stopped_shows_what_it_has() {
    let (server, address) = serve(&["-q"]);
    for signal in heard(&[Signal::INT, Signal::TERM]) {
        let words = [
            "bench",
            &address,
            "--clients",
            "1",
            "--seconds",
            "60",
            "--json",
        ];
        let bench = otherend(&words).start();
        until(|| handles(bench.pid(), signal));
        bench.signal(signal);
        let outcome = bench.wait();
        let report: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert!(report.is_object(), "{outcome}");
    }
    server.signal(Signal::TERM);
    server.wait();
}

/// A process has a handler for this signal: it has come so far.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    mask(&status, "SigCgt:") & 1 << (signal.as_raw() - 1) != 0
}

#[test]
fn a_recording_that_is_taken_away_is_told_of() {
    for command in ["serve", "tap"] {
        let mut served = Served::start(command);
        let mut client = client(&served.address);
        std::fs::remove_file(served.program.folder().join("a.talk")).expect("it is there");
        ask(&mut client);
        served
            .program
            .stdout_with("the recording ends here, the connections go on");
        // They do.
        ask(&mut client);
        drop(client);
        served.program.signal(Signal::TERM);
        let outcome = served.program.wait().exited(2);
        outcome.complained("cannot record to a.talk: it was removed");
    }
}
