//! Each fault between real sockets: what the listener gets, and how it is recorded.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "tap/ends.rs"]
mod ends;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ends::{anywhere, connect, hear, hear_out, is_reset, reset, say};
use otherend_net::core::transcript::{
    Masks, Options, Outcome, Plan, Recording as Recorded, Timing, Transcript,
};
use otherend_net::core::{Handler, Observer, Role, Script};
use otherend_net::play::{PlayOptions, play};
use otherend_net::recording::{Recording, RecordingConfig, Scribe, Writer};
use otherend_net::tap::{Fault, Tap, TapConfig};
use otherend_net::{Peer, Running, Server, ServerConfig, Watcher};

/// Records every connection.
struct Record(Recording);

impl Watcher for Record {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Scribe::between(self.0.clone(), peer.number)))
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
    let tap = Tap::bind(&[anywhere().into()], target, TapConfig::default()).unwrap();
    let tap = tap
        .with_faults(faults)
        .watched_by(Arc::new(Record(recording)));
    let tap = tap.start().unwrap();
    let client = connect(tap.addresses()[0].inet().unwrap());
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
    /// Both ends close, if they have not; gives the recording.
    fn plan(self) -> Arc<Plan> {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
        drop((self.client, self.server));
        self.tap.drain();
        self.writer.finish().unwrap();
        Arc::new(Plan::new(read(&self.file)))
    }

    /// The same; gives the steps and comments of the recording.
    fn recorded(self) -> Vec<String> {
        let text = self.plan().transcript().to_string();
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
    assert_eq!(read, 15);
}

/// What one end heard.
struct Heard {
    /// The bytes of each read, and how long after the beginning they came.
    reads: Vec<(Duration, Vec<u8>)>,
    /// The end was a reset.
    reset: bool,
}

impl Heard {
    /// Everything up to the end.
    fn of(mut stream: &TcpStream) -> Self {
        let began = Instant::now();
        let (mut reads, mut buffer) = (Vec::new(), [0; 1024]);
        let reset = loop {
            match std::io::Read::read(&mut stream, &mut buffer) {
                Ok(0) => break false,
                Ok(count) => reads.push((began.elapsed(), buffer[..count].to_vec())),
                Err(_) => break true,
            }
        };
        Heard { reads, reset }
    }

    fn bytes(&self) -> Vec<u8> {
        let reads = self.reads.iter().flat_map(|(_, bytes)| bytes);
        reads.copied().collect()
    }

    /// When the last byte came.
    fn last(&self) -> Duration {
        self.reads.last().map_or(Duration::ZERO, |(at, _)| *at)
    }
}

/// What the other end hears of all that `who` says under `fault`, and the recording of it.
fn said_under(fault: &str, who: Role, text: &[u8]) -> (Heard, Arc<Plan>) {
    let f = faulty(&[fault]);
    let (speaker, listener) = match who {
        Role::Client => (&f.client, &f.server),
        Role::Server => (&f.server, &f.client),
    };
    say(speaker, text);
    let _ = speaker.shutdown(Shutdown::Write);
    let heard = Heard::of(listener);
    let _ = listener.shutdown(Shutdown::Both);
    (heard, f.plan())
}

/// Record what a server says under `fault`; the client heard it, and so does that of a server that
/// plays the recording and keeps its times.
fn replayed(fault: &str) -> [Heard; 2] {
    let (heard, plan) = said_under(fault, Role::Server, b"220 ready\r\n250 all is well\r\n");
    let script = move |_: &Peer| {
        let script = Script::server(Arc::clone(&plan)).unwrap();
        let script = script.with(|options| Options {
            timing: REAL,
            ..options
        });
        Handler::from(script)
    };
    let mock = Server::bind(&[anywhere().into()], ServerConfig::default(), script).unwrap();
    let mock = mock.start().unwrap();
    let again = Heard::of(&connect(mock.addresses()[0].inet().unwrap()));
    assert_eq!(again.bytes(), heard.bytes(), "{fault}");
    assert_eq!(
        (heard.reset, again.reset),
        (fault.ends_with("reset"), fault.ends_with("reset")),
        "{fault}"
    );
    [heard, again]
}

/// Record what a client says under `fault`; the server heard it, and so does one that the recording
/// is played against with its times.
fn played_again(fault: &str) -> [Heard; 2] {
    let (heard, plan) = said_under(fault, Role::Client, b"HELLO otherend\nBYE\n");
    let listener = TcpListener::bind(anywhere()).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || Heard::of(&listener.accept().unwrap().0));
    let mut options = PlayOptions::default();
    options.timing = REAL;
    assert_eq!(
        play(plan, &address.into(), &options).unwrap(),
        Outcome::Passed,
        "{fault}"
    );
    let again = server.join().unwrap();
    assert_eq!(again.bytes(), heard.bytes(), "{fault}");
    [heard, again]
}

const REAL: Timing = Timing::Speed(1.0);

#[test]
fn a_recorded_fault_happens_again_when_the_recording_is_played() {
    let said = |fault: &str| replayed(fault)[1].bytes();
    assert_eq!(said("on S: 250 {{_:text=}} cut"), b"220 ready\r\n250 all ");
    assert_eq!(said("on S: 250 {{_:text=}} drop"), b"220 ready\r\n");
    assert_eq!(said("after S: 220 ready half-close"), b"220 ready\r\n");
    for fault in ["duplicate", "garble", "wrong-eol"] {
        replayed(&format!("on S: 220 ready {fault}"));
    }
    replayed("after S: 220 ready reset");
}

/// What came apart, came apart again, and what took its time, takes it again.
#[track_caller]
fn took_its_time(fault: &str, heard: &[Heard; 2], least: Duration, reads: usize) {
    for (heard, which) in heard.iter().zip(["recorded", "played"]) {
        let (took, count) = (heard.last(), heard.reads.len());
        assert!(took >= least, "{fault}, {which}: only {took:?}");
        assert!(count >= reads, "{fault}, {which}: only {count} reads");
    }
}

#[test]
fn a_recorded_fault_takes_its_time_again() {
    // By fault: milliseconds until the last byte, and reads if no two that are 20 ms apart meet.
    for (fault, least, reads) in [
        // Eleven bytes, ten gaps.
        ("on S: 220 ready split", 10, 1),
        ("on S: 220 ready split 20ms", 200, 6),
        ("on S: 220 ready delay 150ms", 150, 1),
        ("after S: 220 ready stall 150ms", 150, 2),
        // Seventeen bytes in pieces of five, 50 ms each.
        ("after S: 220 ready rate 100", 150, 3),
    ] {
        let least = Duration::from_millis(least) * 9 / 10;
        took_its_time(fault, &replayed(fault), least, reads);
    }
}

#[test]
fn a_fault_of_the_clients_lines_happens_to_the_server_again() {
    let fault = "on C: HELLO {{_:text=}} split 20ms";
    let heard = played_again(fault);
    assert_eq!(heard[1].bytes(), b"HELLO otherend\nBYE\n");
    took_its_time(fault, &heard, Duration::from_millis(250), 7);
    let [_, again] = played_again("on C: HELLO {{_:text=}} cut");
    assert_eq!(again.bytes(), b"HELLO o");
}

#[test]
fn between_the_pieces_of_a_split_there_is_time() {
    let f = faulty(&["on S: ab split"]);
    say(&f.server, b"ab\nx\n");
    hear(&f.client, b"ab\nx\n");
    let plan = f.plan();
    let text = plan.transcript().to_string();
    let pauses = text.lines().filter(|line| line.starts_with('+'));
    assert!(pauses.count() >= 3, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| *line == "S. a").unwrap();
    assert!(lines[at + 1].starts_with('+'), "{text}");
    assert_eq!(lines[at + 2], "S. b", "{text}");
}
