//! Every number that a flag or a file takes, and the least, the largest and one more of it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::program::otherend;
use super::tap::listening;

const CLIENT: &[&str] = &["connect", "127.0.0.1:9"];
const SERVER: &[&str] = &["serve", "127.0.0.1:0"];
const TAP: &[&str] = &["tap", "127.0.0.1:0", "127.0.0.1:9"];
const PLAY: &[&str] = &["play", "x.talk", "127.0.0.1:9"];
const MOCK: &[&str] = &["serve", "127.0.0.1:0", "--talk", "x.talk"];
const BENCH: &[&str] = &["bench", "127.0.0.1:9"];
const LINT: &[&str] = &["talk", "lint", "x.talk"];
const SHRINK: &[&str] = &["talk", "shrink", "--against", "127.0.0.1:9", "x.talk"];
const DIAGNOSE: &[&str] = &["diagnose", "127.0.0.1:9"];
const INTERFACES: &[&str] = &["interfaces"];

/// What is no count, as `usize` and below.
const COUNTS: &[&str] = &["", "-1", "1e3", "1.5", "0x10", "18446744073709551616"];
const SIZES: &[&str] = &[
    "",
    "-1",
    "1.5m",
    "k",
    "18446744073709551615k",
    "17179869184g",
    "18446744073709551616",
];
const TIMES: &[&str] = &[
    "",
    "-1",
    "1e3",
    "nan",
    "inf",
    "1ns",
    "18446744073709551616",
    "5124095576030431h",
    "307445734561825861m",
];
const SPEEDS: &[&str] = &["", "x0", "x-1", "xnan", "xinf", "x1e400"];

/// A flag, the commands that have it, and what it refuses.
type Flag = (
    &'static str,
    &'static [&'static [&'static str]],
    &'static [&'static str],
);

/// Every flag with a number.
const FLAGS: &[Flag] = &[
    ("--max-clients", &[SERVER, TAP], COUNTS),
    ("--max-per-source", &[SERVER, TAP], COUNTS),
    ("--workers", &[SERVER], COUNTS),
    ("--max-line", &[SERVER], SIZES),
    ("--max-output", &[SERVER], SIZES),
    ("--max-output-in-all", &[SERVER], SIZES),
    ("--line-timeout", &[SERVER], TIMES),
    ("--idle-timeout", &[SERVER], TIMES),
    ("--write-timeout", &[SERVER], TIMES),
    ("--drain-timeout", &[SERVER, TAP], TIMES),
    ("--keepalive", &[SERVER, TAP], TIMES),
    (
        "--keepalive",
        &[SERVER, TAP],
        &["0", "999ms", "32768", "10h"],
    ),
    ("--linger", &[SERVER, CLIENT], TIMES),
    (
        "--wait",
        &[CLIENT, TAP, PLAY, BENCH, SHRINK, DIAGNOSE],
        TIMES,
    ),
    ("--retry", &[CLIENT, BENCH], TIMES),
    ("--timeout", &[PLAY, SHRINK], TIMES),
    ("--timing", &[PLAY, MOCK], SPEEDS),
    ("--jobs", &[PLAY], COUNTS),
    ("--max-filled", &[PLAY, MOCK, LINT, SHRINK], SIZES),
    (
        "--max-filled",
        &[PLAY, MOCK, LINT, SHRINK],
        &["1025m", "2g"],
    ),
    ("--clients", &[BENCH], COUNTS),
    ("--in-flight", &[BENCH], COUNTS),
    ("--rate", &[BENCH], COUNTS),
    ("--threads", &[BENCH], COUNTS),
    ("--size", &[BENCH], SIZES),
    ("--seconds", &[BENCH], TIMES),
    ("--warm-up", &[BENCH], TIMES),
    ("--grace", &[BENCH], TIMES),
    ("--port", &[INTERFACES], &["", "-1", "65536", "1e3"]),
];

#[test]
fn what_is_no_number_or_too_large_is_refused_by_its_flag() {
    for (flag, commands, values) in FLAGS {
        for command in *commands {
            for value in *values {
                let given = format!("{flag}={value}");
                let words = [command, &[&given[..]][..]].concat();
                let program = otherend(&words).file("x.talk", "otherend talk 1\nC: a\n");
                let outcome = program.run().exited(2);
                assert!(
                    outcome.stderr.contains(flag),
                    "{words:?}: {}",
                    outcome.stderr
                );
            }
        }
    }
}

/// The least and the largest that a server takes, with every engine or only those named.
const TAKEN: &[&str] = &[
    "--keepalive=1",
    "--keepalive=32767",
    "--keepalive=none",
    "--max-per-source=18446744073709551615",
    "--max-line=17179869183g",
    "--max-output=1",
    "--max-output=17179869183g",
    "--max-output-in-all=17179869183g",
    "--line-timeout=5124095h",
    "--idle-timeout=5124095h",
    "--write-timeout=5124095h",
    "--linger=5124095h",
    "--drain-timeout=5124095h",
    "--drain-timeout=0",
];

#[test]
fn a_server_with_the_largest_number_serves_and_stops() {
    for engine in ["single", "threads", "async"] {
        for flag in TAKEN {
            let words = ["serve", "127.0.0.1:0", "--engine", engine, flag];
            let mut server = otherend(&words).start();
            let mut client = TcpStream::connect(listening(&mut server)).expect("a server");
            let patience = Some(Duration::from_secs(20));
            client.set_read_timeout(patience).expect("a socket");
            client.write_all(b"a\n").expect("it reads");
            let mut heard = [0; 17];
            client.read_exact(&mut heard).expect("a reply");
            assert_eq!(&heard, b"From server -> a\n", "{words:?}");
            drop(client);
            server.signal(rustix::process::Signal::TERM);
            server.wait().exited(0);
        }
    }
}

/// Lines of a transcript with a number that is none, and where the caret stands.
const LINES: &[(&str, usize)] = &[
    ("timeout 0\nC: a\n", 2),
    ("timeout -1s\nC: a\n", 2),
    ("timeout 18446744073709551616s\nC: a\n", 2),
    ("C: a\n+5124095576030431h\nS: b\n", 3),
    ("C: a\n+-1s\nS: b\n", 3),
    ("C: a\n+1e9s\nS: b\n", 3),
    ("0C: a\n", 2),
    ("2C: a\n", 2),
    ("C: a\n10000C: a\n", 3),
    ("C: a\n18446744073709551617C: a\n", 3),
    ("on after 0 C: a\n", 2),
    ("on after -1 C: a\n", 2),
    ("on after 4294967296 C: a\n", 2),
    ("C# 100\n", 2),
    ("C: \\x100\\xg\n", 2),
    ("C: {{n:/a{4294967296}/=a}}\n", 2),
    ("C: {{n:/(a{1000}){1000}/=a}}\n", 2),
];

#[test]
fn a_number_of_a_file_that_is_none_is_shown_with_a_caret() {
    for (lines, line) in LINES {
        let file = format!("otherend talk 1\n{lines}");
        for command in [LINT, PLAY, MOCK] {
            let outcome = otherend(command).file("x.talk", &file).run().exited(2);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(
                said.contains(&format!("x.talk:{line}:")),
                "{command:?}: {said}"
            );
            assert!(said.contains('^'), "{command:?}: {said}");
        }
    }
}

#[test]
fn the_largest_numbers_of_a_file_are_taken() {
    let file = "otherend talk 1\ntimeout 5124095h\n\nC: {{n:int=99999999999999999999999}}\n\
        +5124095h\nS: {{n}}\n\non after 4294967295 C: a\n+5124095h\n+5124095h\nS: b\n";
    otherend(LINT).file("x.talk", file).run().succeeded();
    for line in [
        r#"{"t":1e308,"conn":1,"from":"C","text":"a","eol":"lf"}"#,
        r#"{"t":-1e308,"conn":1,"from":"C","text":"a","eol":"lf"}"#,
        r#"{"t":18446744073709551616,"conn":1,"from":"C","text":"a","eol":"lf"}"#,
    ] {
        let two = format!(
            "{}\n{line}\n{line}\n",
            r#"{"t":0,"conn":1,"from":"C","text":"b","eol":"lf"}"#
        );
        let outcome = otherend(&["talk", "convert", "-"]).input(two).run();
        outcome.succeeded().said("C: b");
    }
    for (conn, t) in [
        ("0", "0"),
        ("65536", "0"),
        ("-1", "0"),
        ("1.5", "0"),
        ("1", "1e999"),
    ] {
        let line = format!(r#"{{"t":{t},"conn":{conn},"from":"C","text":"a","eol":"lf"}}"#);
        let outcome = otherend(&["talk", "convert", "-"]).input(line).run();
        outcome.exited(2);
    }
}

/// Faults of a tap with a number that is none.
const FAULTS: &[&str] = &[
    "on 0 S: x cut",
    "on -1 S: x cut",
    "after 18446744073709551616 S: x cut",
    "on S: x delay 5124095576030431h",
    "on S: x delay -1s",
    "on S: x stall 1e9",
    "on S: x rate 0",
    "on S: x rate 18446744073709551616",
];

#[test]
fn a_number_of_a_fault_that_is_none_is_refused() {
    for fault in FAULTS {
        let words = [TAP, &["--fault", fault][..]].concat();
        otherend(&words).run().exited(2).complained("--fault");
    }
}
