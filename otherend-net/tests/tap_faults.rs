//! Each fault between real sockets: what the listener gets, and how it is recorded.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "tap/ends.rs"]
mod ends;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ends::{anywhere, connect, hear, hear_out, is_reset, reset, say};
use otherend_net::core::transcript::{Masks, Plan, Recording as Recorded, Transcript};
use otherend_net::core::{AnyBehaviour, Script, Time};
use otherend_net::recording::{Notes, Recording, RecordingConfig, Writer};
use otherend_net::tap::{Audience, Event, Fault, Observer, Tap, TapConfig};
use otherend_net::{Peer, Running, Server, ServerConfig};

/// Records every connection.
struct Record(Recording);

impl Audience for Record {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Recorder {
            recording: self.0.clone(),
            number: peer.number,
            notes: Notes::default(),
        }))
    }
}

struct Recorder {
    recording: Recording,
    number: u64,
    notes: Notes,
}

impl Observer for Recorder {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        event.note(&mut self.notes, now, self.number);
    }

    fn on_pause(&mut self) {
        self.recording.push(&mut self.notes, || ());
    }
}

/// A recorded tap with faults, and one connection through it.
struct Faulty {
    client: TcpStream,
    server: TcpStream,
    tap: Running,
    writer: Writer,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

fn faulty(faults: &[&str]) -> Faulty {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.talk");
    let mut config = RecordingConfig::new("by a test");
    config.masks = Masks::none();
    let (recording, writer) = Recording::to_file(&file, config, Box::new(|_| ())).unwrap();
    let listener = TcpListener::bind(anywhere()).unwrap();
    let target = listener.local_addr().unwrap().into();
    let faults = faults.iter().map(|text| text.parse::<Fault>().unwrap());
    let tap = Tap::bind(&[anywhere()], target, TapConfig::default()).unwrap();
    let tap = tap
        .with_faults(faults)
        .watched_by(Arc::new(Record(recording)));
    let tap = tap.start().unwrap();
    let client = connect(tap.addresses()[0]);
    let (server, _) = listener.accept().unwrap();
    server.set_nodelay(true).unwrap();
    Faulty {
        client,
        server,
        tap,
        writer,
        file,
        _folder: folder,
    }
}

impl Faulty {
    /// Both ends close, if they have not; gives the steps and comments of the recording.
    fn recorded(self) -> Vec<String> {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
        drop((self.client, self.server));
        self.tap.drain();
        self.writer.finish().unwrap();
        let text = read(&self.file).to_string();
        let body = text.split_once("\n\n").unwrap().1;
        let lines = body.lines().filter(|line| !line.starts_with(['+', '=']));
        let lines = lines.filter(|line| !line.starts_with("#=") && *line != "C! connect");
        lines.map(str::to_owned).collect()
    }
}

fn read(file: &Path) -> Transcript {
    let file = std::fs::read(file).unwrap();
    Recorded::read(&file).unwrap().transcript
}

#[test]
fn a_cut_leaves_half_a_line_and_an_end() {
    let f = faulty(&["after S: 220 {{_:text=}} cut"]);
    say(
        &f.server,
        b"220 ready\r\n250 all is well\r\nnever heard\r\n",
    );
    assert_eq!(hear_out(&f.client), b"220 ready\r\n250 all ");
    assert_eq!(hear_out(&f.server), b"");
    assert_eq!(
        f.recorded(),
        [
            "S: 220 ready",
            "# fault: after S: 220 {{_:text=}} cut",
            "S. 250 all\\x20",
            "S! close",
        ]
    );
}

#[test]
fn a_line_is_delayed_and_so_is_what_follows() {
    let f = faulty(&["on C: slow delay 150ms"]);
    let began = Instant::now();
    say(&f.client, b"quick\nslow\nlast\n");
    hear(&f.server, b"quick\n");
    hear(&f.server, b"slow\nlast\n");
    assert!(began.elapsed() >= Duration::from_millis(150));
    assert_eq!(
        f.recorded()[..4],
        [
            "C: quick",
            "# fault: on C: slow delay 150ms",
            "C: slow",
            "C: last",
        ]
    );
}

#[test]
fn a_dropped_line_is_never_heard() {
    let f = faulty(&["on 2 S: 250 ok drop"]);
    say(&f.server, b"250 ok\n250 ok\n250 ok\n251 done\n");
    hear(&f.client, b"250 ok\n250 ok\n251 done\n");
    assert_eq!(
        f.recorded()[..4],
        [
            "S: 250 ok",
            "# fault: on 2 S: 250 ok drop",
            "S: 250 ok",
            "S: 251 done",
        ]
    );
}

#[test]
fn a_duplicated_line_is_heard_twice() {
    let f = faulty(&["on C: RING {{_:int=1}} duplicate"]);
    say(&f.client, b"RING 3\r\nQUIT\r\n");
    hear(&f.server, b"RING 3\r\nRING 3\r\nQUIT\r\n");
    assert_eq!(f.recorded()[1..4], ["C: RING 3", "C: RING 3", "C: QUIT"]);
}

#[test]
fn a_split_line_comes_byte_by_byte() {
    let f = faulty(&["on S: abc split 15ms"]);
    let began = Instant::now();
    say(&f.server, b"abc\nx\n");
    hear(&f.client, b"abc\nx\n");
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert_eq!(
        f.recorded()[1..6],
        ["S. a", "S. b", "S. c", "S: ", "S: x"].map(str::trim_end)
    );
}

#[test]
fn a_garbled_line_keeps_its_length_and_its_end() {
    let f = faulty(&["on S: abcd garble"]);
    say(&f.server, b"abcd\nx\n");
    hear(&f.client, b"\xe1bc\xe4\nx\n");
    assert_eq!(f.recorded()[1..3], ["S# e1 62 63 e4 0a", "S: x"]);
}

#[test]
fn a_wrong_end_is_the_other_one() {
    let f = faulty(&["on S: b wrong-eol"]);
    say(&f.server, b"a\r\nb\r\nc\r\n");
    hear(&f.client, b"a\r\nb\nc\r\n");
    let recorded = f.recorded();
    assert_eq!(recorded[0], "S: a");
    assert_eq!(recorded[2..4], ["S. b\\n", "S: c"]);
}

#[test]
fn a_half_close_lets_the_other_direction_go_on() {
    let f = faulty(&["after S: bye half-close"]);
    say(&f.server, b"bye\nnot heard\n");
    assert_eq!(hear_out(&f.client), b"bye\n");
    say(&f.client, b"still talking\n");
    hear(&f.server, b"still talking\n");
    say(&f.server, b"nor this\n");
    f.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&f.server), b"");
    assert_eq!(
        f.recorded()[..4],
        [
            "S: bye",
            "# fault: after S: bye half-close",
            "S! half-close",
            "C: still talking",
        ]
    );
}

#[test]
fn a_reset_breaks_both_ends() {
    let f = faulty(&["on C: QUIT reset"]);
    say(&f.client, b"hello\nQUIT\n");
    hear(&f.server, b"hello\n");
    assert!(is_reset(&f.server) && is_reset(&f.client));
    assert_eq!(
        f.recorded(),
        ["C: hello", "# fault: on C: QUIT reset", "C! reset"]
    );
}

#[test]
fn a_stalled_direction_passes_nothing_and_the_other_goes_on() {
    let f = faulty(&["after S: go stall"]);
    say(&f.server, b"go\nnever heard\n");
    hear(&f.client, b"go\n");
    say(&f.client, b"are you there?\n");
    hear(&f.server, b"are you there?\n");
    hears_nothing(&f.client);
    // Not even an end, also when both have finished.
    f.client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(hear_out(&f.server), b"");
    f.server.shutdown(Shutdown::Write).unwrap();
    hears_nothing(&f.client);
    // It lasts until the listener goes itself.
    assert_eq!(f.tap.handle().conversations().len(), 1);
    reset(f.client);
    while !f.tap.handle().conversations().is_empty() {
        std::thread::yield_now();
    }
}

fn hears_nothing(mut stream: &TcpStream) {
    let moment = Some(Duration::from_millis(50));
    stream.set_read_timeout(moment).unwrap();
    let silent = std::io::Read::read(&mut stream, &mut [0]).unwrap_err();
    assert_eq!(silent.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_stall_may_end() {
    let f = faulty(&["on S: late stall 100ms"]);
    let began = Instant::now();
    say(&f.server, b"late\n");
    hear(&f.client, b"late\n");
    assert!(began.elapsed() >= Duration::from_millis(100));
}

#[test]
fn a_rate_holds_from_its_line_on() {
    let f = faulty(&["after S: go rate 1000"]);
    let began = Instant::now();
    say(&f.server, b"go\n");
    say(&f.server, &[b'x'; 199]);
    say(&f.server, b"\n");
    hear(&f.client, b"go\n");
    hear(&f.client, &[b'x'; 199]);
    // 50 bytes at once, then as many every 50 ms.
    assert!(began.elapsed() >= Duration::from_millis(150));
}

#[test]
fn the_direction_without_faults_is_untouched() {
    let f = faulty(&["on S: x drop"]);
    // Not a line, and not held back for one.
    say(&f.client, b"\x16\x03\x01 no line");
    hear(&f.server, b"\x16\x03\x01 no line");
}

#[test]
fn a_prompt_in_a_direction_with_faults_is_not_held_for_long() {
    let f = faulty(&["on S: x drop"]);
    say(&f.server, b"login: ");
    hear(&f.client, b"login: ");
}

#[test]
fn every_example_of_the_documentation_is_a_fault() {
    let documentation = include_str!("../../docs/tap.md");
    let rows = documentation
        .lines()
        .skip_while(|line| *line != "## Faults")
        .filter(|line| line.starts_with("| `"));
    let mut read = 0;
    for row in rows {
        let example = row.rsplit('`').nth(1).unwrap();
        assert!(example.parse::<Fault>().is_ok(), "{example}");
        read += 1;
    }
    assert_eq!(read, 11);
}

/// Everything up to the end, and whether that was a reset.
fn to_its_end(mut stream: &TcpStream) -> (Vec<u8>, bool) {
    let mut heard = Vec::new();
    let reset = std::io::Read::read_to_end(&mut stream, &mut heard).is_err();
    (heard, reset)
}

/// Record a conversation under `fault`, and give what a server says that plays the recording.
fn replayed(fault: &str) -> Vec<u8> {
    let f = faulty(&[fault]);
    say(&f.server, b"220 ready\r\n250 all is well\r\n");
    let _ = f.server.shutdown(Shutdown::Write);
    let (heard, reset) = to_its_end(&f.client);
    assert_eq!(reset, fault.ends_with("reset"), "{fault}");
    let _ = f.client.shutdown(Shutdown::Both);
    f.tap.drain();
    f.writer.finish().unwrap();

    let plan = Arc::new(Plan::new(read(&f.file)));
    let script = move |_: &Peer| {
        let script = Script::server(Arc::clone(&plan)).unwrap();
        AnyBehaviour::Script(Box::new(script))
    };
    let mock = Server::bind(&[anywhere()], ServerConfig::default(), script).unwrap();
    let mock = mock.start().unwrap();
    let again = to_its_end(&connect(mock.addresses()[0]));
    assert_eq!(again, (heard.clone(), reset), "{fault}");
    heard
}

#[test]
fn a_recorded_fault_happens_again_when_the_recording_is_played() {
    assert_eq!(
        replayed("on S: 250 {{_:text=}} cut"),
        b"220 ready\r\n250 all "
    );
    assert_eq!(replayed("on S: 250 {{_:text=}} drop"), b"220 ready\r\n");
    assert_eq!(replayed("after S: 220 ready half-close"), b"220 ready\r\n");
    for fault in ["duplicate", "split", "garble", "wrong-eol", "delay 20ms"] {
        replayed(&format!("on S: 220 ready {fault}"));
    }
    for fault in ["reset", "stall 20ms", "rate 2k"] {
        replayed(&format!("after S: 220 ready {fault}"));
    }
}
