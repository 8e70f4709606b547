//! `otherend play`.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::connect::{NOBODY_LISTENS, port_without_listener};
use super::program::{Program, otherend};

const BELL: &str = "\
otherend talk 1
timeout  20s

C: RING {{count:int=3}}
S: 250 rang {{count}} times, ticket {{ticket:hex=0b1e}}
C: STATUS {{ticket}}
S: 251 {{ticket}} done
S! close
";

/// Play `files` against a server that plays `bell.talk`.
fn play(words: &[&str]) -> Program {
    let served = format!(
        "{} serve {{port}} --talk bell.talk -q",
        env!("CARGO_BIN_EXE_otherend")
    );
    let words = [&["play"], words, &["--server-command", &served]].concat();
    otherend(&words).file("bell.talk", BELL)
}

#[test]
fn a_file_that_fits_passes() {
    let outcome = play(&["bell.talk"]).run().exited(0);
    assert!(
        outcome.stdout.starts_with("ok     bell.talk ("),
        "{outcome}"
    );
}

#[test]
fn the_first_difference_is_shown_with_what_came_before() {
    let other = BELL.replace("251 {{ticket}} done", "252 {{ticket}} done");
    let outcome = play(&["other.talk"])
        .file("other.talk", &other)
        .run()
        .exited(3);
    outcome
        .said("    C: RING 3\n    S: 250 rang 3 times, ticket 0b1e\n    C: STATUS 0b1e\n")
        .said("other.talk:7: the server said something else\n")
        .said("    expected  S: 252 {{ticket}} done\n    heard     S: 251 0b1e done\n")
        .said("                   ^ expected `2 `\n")
        .complained("1 of 1 transcript did not match");
}

#[test]
fn a_value_that_may_vary_is_advised_to_be_a_hole() {
    let other = BELL.replace("{{count}} times", "4 times");
    let advised = |other: &str| {
        let outcome = play(&["other.talk"]).file("other.talk", other).run();
        outcome.exited(3).stdout
    };
    let advice = "    if that may vary, make it a hole: {{_:int=4}}\n";
    let number = advised(&other);
    assert!(number.ends_with(advice), "{number}");
    let words = advised(&BELL.replace("rang", "struck"));
    assert!(!words.contains("hole"), "{words}");
}

#[test]
fn several_files_are_played_and_summed_up() {
    let program = play(&["tests", "bell.talk", "-j", "3"]);
    std::fs::create_dir(program.folder().join("tests")).expect("a folder");
    let program = program
        .file("tests/a.talk", BELL)
        .file("tests/b.talk", &BELL.replace("251", "25x"));
    let outcome = program.run().exited(3);
    outcome
        .said("failed tests/b.talk (")
        .said("ok     tests/a.talk (")
        .said("2 passed, 1 failed, in ")
        .complained("1 of 3 transcripts did not match");
}

#[test]
fn what_it_says_can_be_set() {
    let outcome = play(&["bell.talk", "--set", "count=7", "--json"])
        .run()
        .exited(0);
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        (&json["file"], &json["passed"]),
        (&"bell.talk".into(), &true.into())
    );
    play(&["bell.talk", "--set", "count=x"])
        .run()
        .exited(2)
        .complained("does not fit its hole");
}

#[test]
fn a_masked_secret_has_to_be_given() {
    let recorded = "otherend talk 1\n\nC: RING 3\nC: PASS {{secret:text=****}}\nS: ok\n";
    let server = "otherend talk 1\n\nC: RING 3\nC: PASS hunter22\nS: ok\n";
    let masked = |more: &[&str]| {
        let program = play(&[&["masked.talk"], more].concat());
        let program = program.file("bell.talk", server);
        program.file("masked.talk", recorded).run()
    };
    masked(&[])
        .exited(2)
        .complained("masked.talk:4: this file needs a secret: --set secret=…");
    masked(&["--set", "secret=hunter22"]).exited(0);
}

#[test]
fn a_silent_server_is_a_timeout() {
    let more = BELL.replace("C: RING", "S: 220 ready\nC: RING");
    let program = play(&["more.talk", "--timeout", "50ms"]).file("more.talk", &more);
    let outcome = program.run().exited(4).complained("the server was silent");
    outcome.said("more.talk:4: the server said nothing for ");
}

#[test]
fn a_file_can_be_brought_up_to_date() {
    let old = BELL.replace("rang {{count}} times, ticket", "rang, ticket");
    let program = play(&["old.talk", "--update", "--set", "count=7"]).file("old.talk", &old);
    let path = program.folder().join("old.talk");
    let (outcome, text) = program.run_and_read(&path);
    assert!(outcome.exited(0).stdout.starts_with("updated old.talk ("));
    let expected = "S: 250 rang 7 times, ticket {{ticket:hex=0b1e}}";
    assert_eq!(
        text,
        old.replace("S: 250 rang, ticket {{ticket:hex=0b1e}}", expected)
    );
}

#[test]
fn reports_are_written() {
    let program = play(&["bell.talk", "--quiet", "--report", "junit=report.xml"]);
    let path = program.folder().join("report.xml");
    let (outcome, report) = program.run_and_read(&path);
    assert_eq!(outcome.exited(0).stdout, "");
    let counts = "tests=\"1\" skipped=\"0\" errors=\"0\" failures=\"0\"";
    assert!(report.contains(counts), "{report}");
    assert!(report.contains("name=\"bell.talk\""), "{report}");
}

#[test]
fn a_report_is_as_the_umask_says() {
    let mode = |path: &Path| {
        let found = fs::metadata(path).expect("a file");
        found.permissions().mode() & 0o777
    };
    // The test has the umask that the program has.
    let program = play(&["bell.talk", "--report", "junit=report.xml"]).file("ours", "");
    let [report, ours] = ["report.xml", "ours"].map(|name| program.folder().join(name));
    let (outcome, modes) = program.run_and(|| (mode(&report), mode(&ours)));
    outcome.exited(0);
    assert_eq!(modes.0, modes.1);
}

#[test]
fn nobody_there_is_network_trouble() {
    let (_held, address) = port_without_listener();
    let program = otherend(&["play", "bell.talk", &address]).file("bell.talk", BELL);
    program.run().exited(1).complained("connection refused");
}

/// A server that answers its first connection, and is gone after it; its address.
fn once() -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a client");
        drop(listener);
        let answer = "250 rang 3 times, ticket 0b1e\n251 0b1e done\n";
        peer.write_all(answer.as_bytes()).expect("sent");
        peer.shutdown(std::net::Shutdown::Write).expect("said");
        std::io::copy(&mut peer, &mut std::io::sink()).expect("heard");
    });
    (address, server)
}

#[test]
fn files_that_cannot_be_played_are_reported_too() {
    let (address, server) = once();
    let files = ["a.talk", "b.talk", "c.talk"];
    let words = ["--json", "--report", "junit=report.xml", &address];
    let mut program = otherend(&[&["play"], &files[..], &words].concat());
    for file in files {
        program = program.file(file, BELL);
    }
    let path = program.folder().join("report.xml");
    let (outcome, report) = program.run_and_read(&path);
    server.join().expect("the server");
    let outcome = outcome.exited(1).complained("connection refused");
    let events = outcome.stdout.lines();
    let events = events.map(|line| serde_json::from_str(line).expect("JSON"));
    let events: Vec<serde_json::Value> = events.collect();
    let seen = |key: &str| -> Vec<_> { events.iter().map(|event| event[key].clone()).collect() };
    assert_eq!(seen("file"), files);
    assert_eq!(seen("passed"), [true, false, false]);
    let cause = events[1]["cause"].as_str().expect("a word");
    assert!(NOBODY_LISTENS.contains(&cause), "{cause}");
    let counts = "tests=\"3\" skipped=\"0\" errors=\"2\" failures=\"0\"";
    assert!(report.contains(counts), "{report}");
    let said = [
        "<error message=\"cannot connect to ".to_owned(),
        format!(" type=\"{cause}\"/>"),
    ];
    for part in said {
        assert_eq!(report.matches(&part).count(), 2, "{report}");
    }
}

#[test]
fn every_file_is_read_before_a_byte_is_said() {
    let outcome = play(&["bell.talk", "bad.talk", "rules.talk"])
        .file("bad.talk", "otherend talk 1\nX: a\n")
        .file("rules.talk", "otherend talk 1\non C: a\nS: b\n")
        .run()
        .exited(2);
    assert_eq!(outcome.stdout, "");
    outcome
        .complained("bad.talk:2:1: no line begins with `X:`")
        .complained("rules.talk: it has only rules");
}

#[test]
fn a_server_that_does_not_start_is_explained() {
    let words = ["play", "bell.talk", "--server-command", "exit 7 # {port}"];
    let program = otherend(&words).file("bell.talk", BELL);
    program
        .run()
        .exited(1)
        .said("not played bell.talk\n")
        .complained("the server ended before it listened: exit status: 7");
    let words = ["play", "bell.talk", "--server-command", "true"];
    let program = otherend(&words).file("bell.talk", BELL);
    program.run().exited(2).complained("has no {port}");
}

/// Play `bell.talk` against a server that `stopped.sh` starts as its child.
fn play_against_a_child_of(script: &str) -> Program {
    let script = script.replace("SERVE", env!("CARGO_BIN_EXE_otherend"));
    // Two commands, so that the shell does not become the first.
    let command = "sh stopped.sh {port}; true";
    otherend(&["play", "bell.talk", "--server-command", command])
        .file("bell.talk", BELL)
        .file("stopped.sh", &script)
}

#[test]
fn a_server_is_given_the_time_to_finish() {
    let finishes = "\
trap 'sleep 0.3; echo finished >&2; exit' TERM
SERVE serve $1 -q --talk bell.talk &
wait
";
    let outcome = play_against_a_child_of(finishes).run().exited(0);
    outcome.complained("finished\n");
}

#[test]
fn a_server_that_does_not_finish_is_killed() {
    let stays = "\
trap '' TERM
echo $$ > pid
SERVE serve $1 -q --talk bell.talk &
while :; do sleep 60; done
";
    let program = play_against_a_child_of(stays);
    let file = program.folder().join("pid");
    let (outcome, pid) = program.run_and_read(&file);
    outcome.exited(0);
    let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
    assert_eq!(
        test_kill_process(pid.expect("a process number")),
        Err(Errno::SRCH)
    );
}

const ECHOED_DATAGRAM: &str = "otherend talk 1\nover     udp\n\nC: a\nS: a\n";

#[test]
fn a_server_of_datagrams_is_started_too() {
    let serve = format!(
        "{} serve -u -q {{port}} --talk udp.talk",
        env!("CARGO_BIN_EXE_otherend")
    );
    let words = ["play", "udp.talk", "--server-command", &serve];
    let program = otherend(&words).file("udp.talk", ECHOED_DATAGRAM);
    program.run().exited(0).said("ok     udp.talk");

    let other = ECHOED_DATAGRAM.replace("S: a", "S: b");
    let words = ["talk", "shrink", "other.talk", "--server-command", &serve];
    let program = otherend(&words).file("udp.talk", ECHOED_DATAGRAM);
    let outcome = program.file("other.talk", &other).run().exited(0);
    outcome.complained("2 of 2 steps left after ");
}

#[test]
fn a_server_listens_for_every_file_before_the_first_is_played() {
    let serve = env!("CARGO_BIN_EXE_otherend");
    let both = format!(
        "(sleep 0.3; {serve} serve -u -q {{port}} --talk udp.talk) & {serve} serve -q {{port}} --talk bell.talk"
    );
    let words = ["play", "udp.talk", "bell.talk", "--server-command", &both];
    let program = otherend(&words).file("udp.talk", ECHOED_DATAGRAM);
    let outcome = program.file("bell.talk", BELL).run().exited(0);
    outcome.said("ok     udp.talk").said("ok     bell.talk");
}
