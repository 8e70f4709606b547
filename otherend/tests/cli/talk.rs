//! `otherend talk`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::program::otherend;

const BELL: &str = "\
otherend talk 1
eol      crlf

S: 200 ready, you are guest {{me:int=7}}
C: RING 3
+40ms
S: 250 rang 3 times, ticket {{ticket:hex=0b1e}}
C: STATUS {{ticket}}
S: 251 {{ticket}} done
S! close
";

#[test]
fn lint_tells_what_a_good_file_holds() {
    let program = otherend(&["talk", "lint", "bell.talk"]).file("bell.talk", BELL);
    let outcome = program.run().succeeded();
    assert_eq!(
        outcome.stdout,
        "bell.talk: 6 steps, 1 connection; for play and serve\n"
    );
}

#[test]
fn lint_tells_what_a_file_can_be_used_for() {
    let two = "otherend talk 1\nC: a\n2C: b\n";
    let program = otherend(&["talk", "lint", "."]).file("two.talk", two);
    let program = program.file("rules.talk", "otherend talk 1\non C: a\nS: b\n");
    let outcome = program.run().succeeded();
    assert_eq!(
        outcome.stdout,
        "\
./rules.talk: 1 rule; for serve; rules give a client nothing to play
./two.talk: 2 steps, 2 connections; for play and serve
"
    );
}

#[test]
fn lint_shows_every_file_that_is_wrong() {
    let program = otherend(&["talk", "lint", "."])
        .file("a.talk", "otherend talk 1\nS: {{id:integer=1}}\n")
        .file(
            "b.talk",
            "otherend talk 1\nS: {{a:text=x y}} {{b:text=z}}\n",
        )
        .file("c.talk", BELL);
    let outcome = program.run().exited(2).complained("1 file cannot be used");
    assert_eq!(
        outcome.stdout,
        "\
./a.talk:2:9: `integer` is no kind of hole
  |
2 | S: {{id:integer=1}}
  |         ^^^^^^^
  = did you mean `int`?
./b.talk:2: `a` takes another part of its line than its sample
    S: {{a:text=x y}} {{b:text=z}}
./b.talk:2: `b` takes another part of its line than its sample
    S: {{a:text=x y}} {{b:text=z}}
./b.talk: 1 step, 1 connection; for play and serve
./c.talk: 6 steps, 1 connection; for play and serve
"
    );
}

#[test]
fn lint_tells_what_can_never_match_from_what_is_odd() {
    let rules = "otherend talk 1\non other\nS: a\n\non other\nS: b\n";
    let program = otherend(&["talk", "lint", "x.talk"]).file("x.talk", rules);
    program
        .run()
        .exited(3)
        .said("line 2 answers before it")
        .complained("1 file can never match");
    let program = otherend(&["talk", "lint", "x.talk", "y.talk"]).file("x.talk", rules);
    let both = program.file("y.talk", "no transcript\n").run().exited(2);
    both.complained("1 file cannot be used, 1 file can never match");
    let odd = "otherend talk 1\nlet a = b\nS: x\n";
    let program = otherend(&["talk", "lint", "x.talk", "--quiet"]).file("x.talk", odd);
    let outcome = program.run().succeeded();
    assert_eq!(
        outcome.stdout,
        "x.talk:2: nothing refers to `a`\n    let      a = b\n"
    );
}

#[test]
fn lint_only_warns_of_holes_that_part_their_line_otherwise() {
    let line = "S: {{a:time=Mon, 02 Mar 2026 10:15:09 +0000}} {{b:text=x}}\n";
    for line in [line, "S: {{a:text=hi there}} {{b:text=bye}}\n"] {
        let passes = format!("otherend talk 1\nC: a\n{line}");
        let program = otherend(&["talk", "lint", "x.talk"]).file("x.talk", &passes);
        let outcome = program.run().succeeded();
        outcome.said("x.talk:3: `a` takes another part of its line than its sample");
        let serve = format!(
            "{} serve {{port}} --talk x.talk -q",
            env!("CARGO_BIN_EXE_otherend")
        );
        let program = otherend(&["play", "x.talk", "--server-command", &serve]);
        program.file("x.talk", &passes).run().succeeded();
        let said_again = format!("{passes}C: b {{{{a}}}}\nS: c\n");
        let program = otherend(&["talk", "lint", "x.talk"]).file("x.talk", &said_again);
        program
            .run()
            .exited(3)
            .said("this never fits what the file itself says");
    }
}

#[test]
fn what_is_no_file_is_named() {
    let outcome = otherend(&["talk", "lint", "nowhere.talk"]).run().exited(2);
    outcome.said("nowhere.talk: no such file");
    let outcome = otherend(&["talk", "lint", "."]).run().exited(2);
    outcome.complained(". holds no .talk files");
}

#[test]
fn fmt_shows_then_writes() {
    let crooked = BELL
        .replace("eol      crlf", "eol crlf")
        .replace("C: RING", "C:RING");
    let program = otherend(&["talk", "fmt", "x.talk"]).file("x.talk", &crooked);
    let outcome = program.run().succeeded();
    outcome
        .said("- eol crlf\n+ eol      crlf\n")
        .said("- C:RING 3\n+ C: RING 3\n");
    let program = otherend(&["talk", "fmt", "--exit-code", "x.talk"]).file("x.talk", &crooked);
    program
        .run()
        .exited(2)
        .complained("1 file is not in its canonical spelling");

    let program = otherend(&["talk", "fmt", "--write", "x.talk"]).file("x.talk", &crooked);
    let path = program.folder().join("x.talk");
    let (written, text) = program.run_and_read(&path);
    assert_eq!(
        (&written.succeeded().stdout[..], &text[..]),
        ("x.talk: written\n", BELL)
    );
}

#[test]
fn fmt_writes_to_where_a_link_leads() {
    let crooked = BELL.replace("C: RING", "C:RING");
    let program = otherend(&["talk", "fmt", "--write", "link.talk"])
        .file("real.talk", &crooked)
        .file("link.talk.new", "my own");
    let at = |name: &str| program.folder().join(name);
    let (link, real, own) = (at("link.talk"), at("real.talk"), at("link.talk.new"));
    std::os::unix::fs::symlink("real.talk", &link).expect("a link");
    let mut running = program.start();
    running.stdout_with("link.talk: written");
    let target = std::fs::read_link(&link).expect("still a link");
    assert_eq!(target, std::path::Path::new("real.talk"));
    assert_eq!(std::fs::read_to_string(&real).expect("a file"), BELL);
    assert_eq!(std::fs::read_to_string(&own).expect("a file"), "my own");
    running.wait().succeeded();
}

#[test]
fn fmt_reads_standard_input() {
    let outcome = otherend(&["talk", "fmt", "-"])
        .input("otherend talk 1\r\nS:x")
        .run();
    assert_eq!(outcome.succeeded().stdout, "otherend talk 1\nS: x\n");
}

const SEALED: &str = "\
otherend talk 1
#= recorded by hand
eol      lf

S: 220 at 2026-03-02T10:15:09Z
#= 35cc1a5e
";

/// The last line of what begins with [`SEALED`].
const END: &str = "#= end 0c646e16\n";

#[test]
fn a_recording_that_was_edited_is_refused_until_it_is_accepted() {
    let edited = SEALED.replace("220", "221");
    let program = otherend(&["talk", "lint", "x.talk"]).file("x.talk", &edited);
    let outcome = program.run().exited(2);
    outcome
        .said("x.talk:1: lines 1 to 6 are not as they were recorded: damaged, or edited")
        .said("otherend talk fmt --accept --write x.talk");
    let outcome = otherend(&["talk", "fmt", "--accept", "-"])
        .input(edited)
        .run()
        .succeeded();
    assert!(!outcome.stdout.contains("#="), "{outcome:?}");
    let complete = format!("{SEALED}{END}");
    let program = otherend(&["talk", "fmt", "-"]).input(&*complete);
    assert_eq!(program.run().succeeded().stdout, complete);
}

#[test]
fn a_cut_recording_is_read_up_to_its_last_seal() {
    let cut = format!("{SEALED}C: one\nC: tw");
    let outcome = otherend(&["talk", "convert", "-"])
        .input(cut)
        .run()
        .exited(0);
    assert_eq!(outcome.stdout.matches("\"from\"").count(), 1);
    outcome.complained("ended early: 2 lines after line 6 skipped");
}

#[test]
fn a_recording_cut_behind_a_seal_is_used_and_told_of() {
    let serve = format!(
        "{} serve -q {{port}} --talk x.talk",
        env!("CARGO_BIN_EXE_otherend")
    );
    let commands: [&[&str]; 6] = [
        &["talk", "lint", "x.talk"],
        &["talk", "fmt", "x.talk"],
        &["talk", "generalise", "x.talk"],
        &["talk", "convert", "x.talk"],
        &["play", "x.talk", "--server-command", &serve],
        &["play", "whole.talk", "--server-command", &serve],
    ];
    let complete = format!("{SEALED}{END}");
    for command in commands {
        let program = otherend(command).file("x.talk", SEALED);
        let outcome = program.file("whole.talk", &complete).run().exited(0);
        outcome
            .complained("x.talk: the recording ended early, or is still being written")
            .complained("it stops after line 6, with nothing to skip");
        let program = otherend(command).file("x.talk", &complete);
        program.file("whole.talk", &complete).run().succeeded();
    }
}

#[test]
fn a_cut_recording_is_not_rewritten_until_it_is_accepted() {
    let cut = format!("{SEALED}C: one\nC: tw");
    let commands: [&[&str]; 4] = [
        &["talk", "fmt", "--write", "x.talk"],
        &["talk", "generalise", "--write", "x.talk"],
        &["play", "--update", "x.talk", ":1"],
        &["talk", "lint", "x.talk"],
    ];
    for command in commands {
        let program = otherend(command).file("x.talk", &cut);
        let path = program.folder().join("x.talk");
        let (outcome, text) = program.run_and_read(&path);
        let outcome = outcome.exited(2);
        let told = outcome.stdout + &outcome.stderr;
        assert!(told.contains("2 lines after line 6 skipped"), "{told}");
        assert!(
            told.contains("otherend talk fmt --accept --write x.talk"),
            "{told}"
        );
        assert_eq!(text, cut, "{command:?}");
    }
    let words = ["talk", "fmt", "--accept", "--write", "x.talk"];
    let program = otherend(&words).file("x.talk", &cut);
    let path = program.folder().join("x.talk");
    let (outcome, text) = program.run_and_read(&path);
    outcome
        .exited(0)
        .complained("its last line is not whole, and left out");
    assert_eq!(
        text,
        "otherend talk 1\neol      lf\n\nS: 220 at 2026-03-02T10:15:09Z\nC: one\n"
    );
}

#[test]
fn a_recording_without_any_seal_left_is_no_empty_file() {
    let cut = "otherend talk 1\n#= recorded by hand\n\nS: 220\nC: one\n";
    let commands: [&[&str]; 3] = [
        &["play", "x.talk", ":1"],
        &["serve", "0", "--talk", "x.talk"],
        &["talk", "convert", "x.talk"],
    ];
    for command in commands {
        let program = otherend(command).file("x.talk", cut);
        let outcome = program.run().exited(2);
        outcome
            .complained(
                "4 lines after line 1 skipped, no seal vouches for them, and nothing is left",
            )
            .complained("otherend talk fmt --accept --write x.talk");
    }
}

const GENERALISED: &str = "\
x.talk:
  otherend talk 1
- S: pid 31415
+ S: pid {{_:int=31415}}
  C: a
  C: b
";

#[test]
fn generalise_shows_what_becomes_a_hole() {
    let file = "otherend talk 1\nS: pid 31415\nC: a\nC: b\nC: c\n";
    let program = otherend(&["talk", "generalise", "x.talk"]).file("x.talk", file);
    let outcome = program.run().succeeded();
    assert_eq!(outcome.stdout, format!("{GENERALISED}x.talk: 1 new hole\n"));
    let words = ["talk", "generalise", "--write", "x.talk"];
    let outcome = otherend(&words).file("x.talk", file).run().succeeded();
    assert_eq!(
        outcome.stdout,
        format!("{GENERALISED}x.talk: 1 new hole\nx.talk: written\n")
    );
    let program = otherend(&words).file("x.talk", "otherend talk 1\nS: hello\n");
    let outcome = program.run().succeeded();
    assert_eq!(outcome.stdout, "x.talk: nothing in it looks variable\n");
}

#[test]
fn convert_goes_both_ways_and_over_nothing() {
    let to = otherend(&["talk", "convert", "-"])
        .input(BELL)
        .run()
        .succeeded();
    let back = otherend(&["talk", "convert", "-"]).input(to.stdout).run();
    assert_eq!(back.succeeded().stdout, BELL);

    let words = ["talk", "convert", "-", "there"];
    let program = otherend(&words).file("there", "precious").input(BELL);
    program.run().exited(2).complained("--force writes over it");
}

#[test]
fn what_is_converted_is_for_those_who_could_read_it_before() {
    let mode = |path: &Path| {
        let found = fs::metadata(path).expect("a file");
        found.permissions().mode() & 0o777
    };
    for (source, theirs) in [("x.talk", 0o600), ("x.talk", 0o640), ("-", 0o600)] {
        let program = otherend(&["talk", "convert", source, "out"]).file("x.talk", BELL);
        let (from, out) = (
            program.folder().join("x.talk"),
            program.folder().join("out"),
        );
        fs::set_permissions(&from, fs::Permissions::from_mode(theirs)).expect("our file");
        let (outcome, seen) = program.input(BELL).run_and(|| mode(&out));
        outcome.succeeded();
        assert_eq!(seen & !theirs, 0, "{seen:o} where it was {theirs:o}");
        assert_eq!(seen & 0o600, 0o600, "{seen:o}");
    }
}

#[test]
fn a_message_in_a_frame_needs_a_line_that_says_which() {
    let shown = r#"{"t":1.5,"from":"C","text":"ID?","eol":"frame"}"#;
    let outcome = otherend(&["talk", "convert", "-"]).input(shown).run();
    outcome
        .exited(2)
        .complained("line 1: a message in a frame, and no line says what its frame is")
        .complained("framing u16");
}

/// A server that counts to three, whatever it is told to add.
const COUNTER: &str = "\
otherend talk 1

on connect
S: 220 ready

on C: ADD {{_:int=1}}
S: ok

on C: COUNT
S: count 3

on other
S: what?
";

const LONG: &str = "\
otherend talk 1
let      what = 1

# counted
S: 220 ready
C: ADD {{what}}
S: ok
C: HELLO
S: what?
C: ADD 2
S: ok
C: COUNT
S: count 4
C: ADD 3
S: ok
";

#[test]
fn shrink_leaves_what_the_failure_needs() {
    let program = env!("CARGO_BIN_EXE_otherend");
    let command = format!("{program} serve {{port}} -q --talk counter.talk");
    let words = ["talk", "shrink", "long.talk", "--set", "what=7"];
    let program = otherend(&[&words[..], &["--server-command", &command]].concat());
    let program = program
        .file("counter.talk", COUNTER)
        .file("long.talk", LONG);
    let outcome = program.run().exited(0);
    let left = "otherend talk 1\nS: 220 ready\nC: COUNT\nS: count 4\n";
    outcome
        .complained("3 of 11 steps left after ")
        .complained("shrunk:4: the server said something else\n    expected  S: count 4\n")
        .said(left);
}

#[test]
fn shrink_says_when_there_is_nothing_to_do() {
    let program = env!("CARGO_BIN_EXE_otherend");
    let command = format!("{program} serve {{port}} -q --talk long.talk");
    let words = ["talk", "shrink", "long.talk", "--server-command", &command];
    let outcome = otherend(&words).file("long.talk", LONG).run().exited(2);
    outcome.complained("long.talk: it passes, there is nothing to shrink");
    let words = ["talk", "shrink", "long.talk"];
    let outcome = otherend(&words).file("long.talk", LONG).run().exited(2);
    outcome.complained("<--against <ADDRESS>|--server-command <COMMAND>>");
}
