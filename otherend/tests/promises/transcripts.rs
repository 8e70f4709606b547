//! Transcripts of a million lines: memory, and time that grows with the file.

use std::fmt::Write;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tempfile::TempDir;

use super::served::computed;

/// A file that says `line` of each of `count` numbers.
fn file(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = "otherend talk 1\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "{}", line(number));
    }
    text
}

/// What is read: its name, and the line that is said of a number.
type Shape = (&'static str, fn(usize) -> String);

const SHAPES: [Shape; 8] = [
    ("plain steps", |n| format!("C: GET key{n}\nS: VALUE {n} ok")),
    ("one turn", |n| format!("C: line {n}")),
    ("pieces of one line", |n| format!("C. {n},")),
    ("named holes", |n| {
        format!("C: GET {{{{k{n}:int={n}}}}}\nS: {{{{k{n}}}}}")
    }),
    ("plain rules", |n| format!("on C: GET key{n}\nS: VALUE {n}")),
    ("rules with holes", |n| {
        format!("on C: GET{n} {{{{n{n}:int=1}}}}\nS: VALUE {{{{n{n}}}}}")
    }),
    ("values with one label", |n| {
        format!("C: GET id={}\nS: id={} ok", 100_000 + n, 100_000 + n)
    }),
    ("lines to be written anew", |n| format!("C:line {n}\n+1.0s")),
];

const COMMANDS: [&[&str]; 4] = [
    &["talk", "lint"],
    &["talk", "fmt"],
    &["talk", "generalise"],
    &["talk", "convert"],
];

/// Run it with no more than so much memory, in KiB; gives how long it computed, which is the same
/// beside whatever else this machine does.
fn run(words: &[&str], text: &str, memory: u64) -> Duration {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("x.talk"), text).unwrap();
    let program = env!("CARGO_BIN_EXE_otherend");
    let script = format!(
        "ulimit -v {memory} && exec {program} {} x.talk",
        words.join(" ")
    );
    let stderr = File::create(folder.path().join("stderr")).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .unwrap();
    // What it took is to be read between its end and that somebody asks for that.
    let ends = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(&child)), ends).unwrap();
    let took = computed(Pid::from_child(&child));
    let said = std::fs::read_to_string(folder.path().join("stderr")).unwrap();
    assert!(child.wait().unwrap().success(), "{words:?}: {said}");
    took
}

/// Memory that no file here needs.
const PLENTY: u64 = 4 << 20;

#[test]
fn a_million_steps_take_a_quarter_of_a_gigabyte() {
    let half_a_million = |shape: usize| file(500_000, SHAPES[shape].1);
    for shape in [0, 4] {
        let text = half_a_million(shape);
        run(&["talk", "lint"], &text, 256 * 1024);
        run(&["talk", "fmt"], &text, 256 * 1024);
    }
}

#[test]
fn four_times_as_many_lines_take_four_times_as_long() {
    const FEW: usize = 5_000;
    for (name, line) in SHAPES {
        let (few, many) = (file(FEW, line), file(4 * FEW, line));
        for words in COMMANDS {
            let best = |text: &str| (0..2).map(|_| run(words, text, PLENTY)).min();
            let (few, many) = (best(&few).unwrap(), best(&many).unwrap());
            // What grows with the square would take sixteen times as long; to start takes time, too.
            let allowed = 8 * few + Duration::from_millis(500);
            assert!(many < allowed, "{words:?}, {name}: {few:?}, then {many:?}");
        }
    }
}

#[test]
fn a_let_for_each_line_is_looked_up() {
    let lines = |count: usize| {
        let lets = file(count, |n| format!("let a{n} = {n}"));
        (0..count).fold(lets + "\n", |text, n| text + &format!("C: {{{{a{n}}}}}\n"))
    };
    let (few, many) = (lines(5_000), lines(20_000));
    let few = run(&["talk", "lint"], &few, PLENTY);
    let many = run(&["talk", "lint"], &many, PLENTY);
    assert!(
        many < 8 * few + Duration::from_millis(500),
        "{few:?}, then {many:?}"
    );
}
