//! Every form of output × everything that a peer can send to drive a terminal or to hide: it is
//! seen and not obeyed, on a screen, in a log, in a report and in a recording.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use proptest::prelude::*;
use rustix::process::Signal;

use super::program::{Outcome, otherend};
use super::serve::serve;
use super::tap::{Tap, say, tap};
use super::terminal::Terminal;

/// What it is, and what a peer sends of it. A letter before it and one behind it are added.
const CLASSES: [(&str, &str); 20] = [
    ("clears the screen", "\x1b[2J"),
    ("sets the title", "\x1b]0;title\x07"),
    ("backspace, bell", "\x08\x07"),
    ("other C0", "\x01\x02\x05\x0e\x0f\x10\x18\x1a\x1c\x1f"),
    ("DEL", "\x7f"),
    ("CSI of C1", "\u{9b}31m"),
    ("OSC of C1 sets the clipboard", "\u{9d}52;c;aGk=\u{9c}"),
    ("next line", "\u{85}"),
    (
        "embeds and overrides",
        "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}",
    ),
    ("isolates", "\u{2066}\u{2067}\u{2068}\u{2069}"),
    ("marks of direction", "\u{200e}\u{200f}\u{61c}"),
    ("line and paragraph separators", "\u{2028}\u{2029}"),
    ("without width", "\u{200b}\u{200c}\u{200d}"),
    ("word joiner", "\u{2060}"),
    ("byte order mark", "\u{feff}"),
    ("soft hyphen", "\u{ad}"),
    ("tags", "\u{e0001}\u{e0041}\u{e007f}"),
    (
        "signs that nobody sees",
        "\u{2061}\u{206f}\u{3164}\u{180e}\u{34f}",
    ),
    ("interlinear annotation", "\u{fff9}\u{fffb}"),
    (
        "nine accents",
        "\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}",
    ),
];

/// The lines that a hostile peer says.
fn hostile_lines() -> Vec<String> {
    let class = |(_, text): (&str, &str)| format!("a{text}z");
    let mut lines: Vec<String> = CLASSES.map(class).to_vec();
    lines.push(format!("e{}", "\u{335}".repeat(5000)));
    lines
}

fn hostile() -> String {
    hostile_lines()
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// By a list of the test's own: what of `text` could be obeyed, or would not be seen.
fn drives(text: &str) -> Option<String> {
    let mut marks = 0;
    for character in text.chars() {
        let code = u32::from(character);
        let odd = match code {
            0x0a => false,
            0..=0x1f | 0x7f..=0x9f | 0xad | 0x34f | 0x61c | 0x180b..=0x180f | 0x3164 => true,
            0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff => true,
            0xfff9..=0xfffb | 0xe0000..=0xe0fff => true,
            _ => false,
        };
        marks = match code {
            0x300..=0x36f => marks + 1,
            _ => 0,
        };
        if odd || marks > 8 {
            return Some(format!("U+{code:04X}, mark {marks}"));
        }
    }
    None
}

#[track_caller]
fn is_tame(what: &str, text: &str) {
    if let Some(found) = drives(text) {
        panic!("{what}: {found} in\n{}", text.escape_debug());
    }
}

/// Both streams of a program that has ended.
#[track_caller]
fn all_is_tame(outcome: &Outcome) {
    is_tame("stdout", &outcome.stdout);
    is_tame("stderr", &outcome.stderr);
}

/// What the lines of JSON hold under this name.
fn members(json: &str, name: &str) -> Vec<String> {
    let values = json
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let member = |value: serde_json::Value| value[name].as_str().map(str::to_owned);
    values.filter_map(member).collect()
}

/// Say all of it to a server, half-close and hear the answers.
fn visit(address: &str, said: &[u8]) -> Vec<u8> {
    let mut peer = TcpStream::connect(address).expect("it listens");
    peer.write_all(said).expect("it reads");
    peer.shutdown(Shutdown::Write).expect("it is open");
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).expect("it answers");
    heard
}

/// A server for one peer that says this, whatever it hears, and closes.
fn says(said: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    thread::spawn(move || {
        for mut peer in listener.incoming().map_while(Result::ok) {
            // Who looks only whether it connects is not there any more.
            let _ = peer.write_all(said.as_bytes());
            let _ = peer.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut peer, &mut std::io::sink());
        }
    });
    address
}

#[test]
fn a_server_shows_what_it_hears_and_says() {
    for flags in [
        &[][..],
        &["--json"],
        &["--hex"],
        &["--time", "clock"],
        &["-v"],
    ] {
        let (server, address) = serve(flags);
        let heard = visit(&address, hostile().as_bytes());
        assert!(
            heard.ends_with(b"\n"),
            "the peer itself gets its bytes back"
        );
        server.signal(Signal::TERM);
        let outcome = server.wait().succeeded();
        all_is_tame(&outcome);
        if flags == ["--json"] {
            let said = members(&outcome.stdout, "text");
            for line in hostile_lines() {
                assert!(said.contains(&line), "{:?} is lost", line.escape_debug());
            }
        }
    }
}

#[test]
fn a_tap_shows_both_ends() {
    for flags in [&[][..], &["--json"], &["--hex"]] {
        let Tap {
            mut program,
            address,
            target,
        } = tap(flags);
        let client = TcpStream::connect(&address).expect("the tap");
        let (server, _) = target.accept().expect("the tap's connection");
        say(&client, hostile().as_bytes());
        say(&server, hostile().as_bytes());
        // A line that does not end is shown, too.
        say(&client, "a\u{9b}1m".as_bytes());
        drop((client, server));
        program.stdout_with("ended");
        program.signal(Signal::INT);
        let outcome = program.wait().succeeded();
        all_is_tame(&outcome);
        if flags == ["--json"] {
            let said = members(&outcome.stdout, "text");
            for line in hostile_lines() {
                assert_eq!(said.iter().filter(|said| **said == line).count(), 2);
            }
        }
    }
}

#[test]
fn a_client_shows_its_server() {
    for flags in [&["--json"][..], &["--hex"], &["--time", "clock"]] {
        let address = says(hostile());
        let outcome = otherend(&[&["connect", &address], flags].concat()).run();
        let outcome = outcome.succeeded();
        all_is_tame(&outcome);
        if flags == ["--json"] {
            assert_eq!(members(&outcome.stdout, "text")[1..][..21], hostile_lines());
        }
    }
}

#[test]
fn a_terminal_shows_a_server_to_a_pipe_and_at_the_prompt() {
    let program = env!("CARGO_BIN_EXE_otherend");
    for input in ["</dev/null", ""] {
        let address = says(hostile() + "the end\n");
        let script = format!("'{program}' connect {address} {input}");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]);
        let home = tempfile::tempdir().expect("a folder");
        let mut terminal = Terminal::running(command, home);
        let mut seen = terminal.sees("the end");
        if input.is_empty() {
            // What stands before the first line is the prompt's own.
            let from = seen.find("\\x1b[2J").expect("the first hostile line");
            seen = seen.split_off(from);
            // The prompt is painted anew below each piece that comes.
            seen = seen.replace("\x1b[J", "").replace("\x1b[2C", "");
            seen = seen
                .replace("\x1b[K", "")
                .replace("\x1b[A", "")
                .replace("\x1b[0m", "");
        }
        is_tame(input, &seen.replace('\r', ""));
    }
}

#[test]
fn a_player_and_its_reports_show_what_differs() {
    for line in hostile_lines() {
        let address = says(format!("{line}\n"));
        let talk = "otherend talk 1\n\nS: something else\n";
        let words = ["play", "a.talk", &address, "--report", "junit=report.xml"];
        for json in [&[][..], &["--json"]] {
            let program = otherend(&[&words, json].concat()).file("a.talk", talk);
            let report = program.folder().join("report.xml");
            let (outcome, report) = program.run_and_read(&report);
            all_is_tame(&outcome.exited(3));
            is_tame("JUnit", &report);
        }
    }
}

#[test]
fn a_mock_and_a_referee_show_what_does_not_fit() {
    let talk = "otherend talk 1\n\nC: something else\nS: ok\n";
    for json in [&[][..], &["--json"]] {
        let words = [&["serve", "127.0.0.1:0", "--talk", "a.talk"], json].concat();
        let mut server = otherend(&words).file("a.talk", talk).start();
        let address = super::tap::listening(&mut server);
        for line in hostile_lines() {
            visit(&address, format!("{line}\n").as_bytes());
        }
        server.signal(Signal::TERM);
        all_is_tame(&server.wait());

        let target = says(hostile());
        let words = [&["tap", "127.0.0.1:0", &target, "--check", "a.talk"], json].concat();
        let mut tap = otherend(&words).file("a.talk", talk).start();
        let address = super::tap::listening(&mut tap);
        visit(&address, hostile().as_bytes());
        tap.stdout_with("ended");
        tap.signal(Signal::TERM);
        all_is_tame(&tap.wait());
    }
}

#[test]
fn a_diagnosis_quotes_what_answers() {
    for line in hostile_lines() {
        let address = says(format!("{line}\n"));
        for json in [&[][..], &["--json"]] {
            let words = [&["diagnose", &address], json].concat();
            all_is_tame(&otherend(&words).run());
        }
    }
}

#[test]
fn a_load_tells_of_replies() {
    for line in hostile_lines() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port().to_string();
        thread::spawn(move || {
            for peer in listener.incoming().map_while(Result::ok) {
                let lines = BufReader::new(&peer).lines().map_while(Result::ok);
                for (number, asked) in lines.enumerate() {
                    // The first tells what stands before a reply; then it is something else.
                    let reply = match number {
                        0 => format!("{line} {asked}\n"),
                        _ => format!("x{line}{asked}\n"),
                    };
                    if (&peer).write_all(reply.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        for json in [&[][..], &["--json"]] {
            let words = ["bench", &port, "--clients", "1", "--seconds", "0.05"];
            all_is_tame(&otherend(&[&words, json].concat()).run());
        }
    }
}

#[test]
fn a_recording_is_tame_and_so_is_what_is_made_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.talk");
    let name = path.to_str().expect("UTF-8");
    let (server, address) = serve(&["--record", name, "-q"]);
    visit(&address, hostile().as_bytes());
    server.signal(Signal::TERM);
    server.wait().succeeded();
    let recorded = std::fs::read_to_string(&path).expect("UTF-8");
    is_tame("recording", &recorded);
    for words in [
        &["talk", "lint", name][..],
        &["talk", "fmt", name],
        &["talk", "generalise", name],
        &["talk", "convert", name],
    ] {
        all_is_tame(&otherend(words).run().exited(0));
    }
    // Nothing is lost: whoever plays it says the same bytes.
    let (server, address) = serve(&["-q"]);
    otherend(&["play", name, &address]).run().exited(0);
    server.signal(Signal::TERM);
    server.wait();
}

/// A transcript that a person wrote may hold what cannot be seen; nobody shows it so.
#[test]
fn a_file_is_shown_escaped() {
    let talk = "otherend talk 1\n\n# \u{200b}\u{200d}\nC: a\u{200b}b\u{ad}   \nS: 2024-05-06 e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\n";
    let bad = "otherend talk 1\n\nC: \u{200b}a\u{202e}b\nX\u{200b}: b\n";
    let evil = "e\u{1b}]0;x\u{7}\u{9b}1m.talk";
    for words in [
        &["talk", "fmt", "d"][..],
        &["talk", "generalise", "d"],
        &["talk", "lint", "d"],
        &["talk", "lint", "bad.talk"],
        &["play", "d", "127.0.0.1:1"],
        &["play", "bad.talk", "127.0.0.1:1"],
    ] {
        let program = otherend(words);
        std::fs::create_dir(program.folder().join("d")).expect("a folder");
        let program = program.file("bad.talk", bad);
        let outcome = program
            .file(&Path::new("d").join(evil).to_string_lossy(), talk)
            .run();
        all_is_tame(&outcome);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]
    #[test]
    fn whatever_a_peer_says(
        lines in prop::collection::vec(
            "([^\r\n]|[\u{7f}-\u{a0}\u{ad}\u{300}-\u{31f}\u{200b}-\u{2070}\u{e0000}-\u{e0080}]){0,40}", 1..60,
        ),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        // Not telnet, whose commands are answered, and no word that ends it.
        let mut said: Vec<u8> = lines.iter().map(|line| format!("|{line}\n")).collect::<String>().into_bytes();
        said.push(b'|');
        said.extend(bytes.iter().filter(|byte| **byte != 0xff));
        for flags in [&["--framing", "lf"][..], &["--framing", "lf", "--json"]] {
            let (server, address) = serve(flags);
            visit(&address, &said);
            server.signal(Signal::TERM);
            let outcome = server.wait().succeeded();
            all_is_tame(&outcome);
            if flags.len() == 3 {
                let shown = members(&outcome.stdout, "text");
                for line in &lines {
                    let line = format!("|{line}");
                    prop_assert!(shown.contains(&line), "{:?}", line.escape_debug());
                }
            }
        }
    }
}
