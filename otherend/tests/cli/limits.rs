//! Transcripts that are too large: every command that fills them in says so, and where.

use std::fmt::Write;

use super::program::otherend;

/// A file of 120 KB whose one line comes to 400 MB.
fn one_line() -> String {
    let (value, line) = ("x".repeat(20_000), "{{a}}".repeat(20_000));
    format!("otherend talk 1\nlet a = {value}\n\nC: {line}\n")
}

/// One of 1 MB that comes to `lines` times as much.
fn many_lines(lines: usize) -> String {
    let value = "x".repeat(1_000_000);
    format!(
        "otherend talk 1\nlet a = {value}\n\n{}",
        "C: {{a}}\n".repeat(lines)
    )
}

/// Every command that reads a transcript to play it; the file is `x.talk`.
const COMMANDS: [&[&str]; 6] = [
    &["talk", "lint", "x.talk"],
    &["talk", "shrink", "--against", "127.0.0.1:9", "x.talk"],
    &["play", "x.talk"],
    &["serve", "127.0.0.1:0", "--talk", "x.talk"],
    &["tap", "127.0.0.1:0", "127.0.0.1:9", "--check", "x.talk"],
    &["bench", "127.0.0.1:9", "--talk", "x.talk"],
];

#[test]
fn a_line_that_comes_to_too_much_is_shown_with_a_caret() {
    let file = one_line();
    for words in COMMANDS {
        let outcome = otherend(words).file("x.talk", &file).run().exited(2);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        let place = "x.talk:4:264: with its values filled in this line has more than 1 MiB\n";
        assert!(said.contains(place), "{words:?}: {said}");
        assert!(said.contains("{{a}}{{a}}"), "{said}");
        assert!(said.contains("| ") && said.contains("^^^^^\n"), "{said}");
        assert!(said.len() < 2000, "{}", said.len());
    }
}

#[test]
fn a_file_that_comes_to_too_much_can_be_allowed_to() {
    let file = many_lines(17);
    for words in COMMANDS {
        let outcome = otherend(words).file("x.talk", &file).run().exited(2);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        let place =
            "x.talk:20:1: with their values filled in the lines up to here have more than 16 MiB\n";
        assert!(said.contains(place), "{words:?}: {said}");
        assert!(said.contains("`--max-filled`"), "{said}");
    }
    let lint = otherend(&["talk", "lint", "--max-filled", "17m", "x.talk"]);
    lint.file("x.talk", &file)
        .run()
        .succeeded()
        .said("17 steps");
    let less = otherend(&["talk", "lint", "--max-filled", "1m", "x.talk"]);
    less.file("x.talk", &file)
        .run()
        .exited(2)
        .said("more than 1 MiB");
}

#[test]
fn what_is_not_filled_in_is_not_limited() {
    let file = many_lines(17);
    for words in [
        &["talk", "fmt", "x.talk"][..],
        &["talk", "generalise", "x.talk"],
    ] {
        otherend(words).file("x.talk", &file).run().succeeded();
    }
    let there = otherend(&["talk", "convert", "x.talk"]);
    let json = there.file("x.talk", &file).run().succeeded().stdout;
    let back = otherend(&["talk", "convert", "-"])
        .input(json)
        .run()
        .succeeded();
    assert!(back.stdout.ends_with("C: {{a}}\n"));
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    // One blank more, and the line is too long.
    let file = format!("otherend talk 1\nC:{}\n", "x".repeat((1 << 20) - 2));
    let program = otherend(&["talk", "fmt", "--write", "x.talk"]).file("x.talk", &file);
    let path = program.folder().join("x.talk");
    let (outcome, text) = program.run_and_read(&path);
    outcome
        .exited(2)
        .complained("larger than a transcript may be");
    assert!(text == file);
}

#[test]
fn a_value_that_is_set_can_be_too_long() {
    let file = "otherend talk 1\nlet a = b\nC: {{a}}{{a}}\nS: {{a}}\n";
    let mut set = String::from("a=");
    let _ = write!(set, "{}", "x".repeat(100_000));
    let words = ["play", "x.talk", "--max-filled", "250k", "--set", &set];
    let outcome = otherend(&words).file("x.talk", file).run().exited(2);
    outcome.complained("--set: with these values the lines up to 4 have more than 250 KiB");
}

#[test]
fn a_limit_without_a_transcript_is_a_slip() {
    let serve = otherend(&["serve", "127.0.0.1:0", "--max-filled", "1m"]);
    serve.run().exited(2).complained("add --talk FILE");
    let tap = otherend(&["tap", "127.0.0.1:0", "127.0.0.1:9", "--max-filled", "1m"]);
    tap.run().exited(2).complained("add --check FILE");
    let more = otherend(&["talk", "lint", "--max-filled", "2g", "x.talk"]);
    more.run().exited(2).complained("write at most 1g");
}
