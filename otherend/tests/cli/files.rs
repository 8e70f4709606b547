//! Every command that reads a file, and every kind of thing that may stand at its name.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::program::{Outcome, otherend};

/// What is said of every kind that is not read; the file is `x.talk`.
const KINDS: [(&str, &str); 7] = [
    (
        "pipe",
        "it is a pipe, not a file; to read what comes through one, name it `-`",
    ),
    ("device", "it is a device, not a file"),
    ("socket", "it is a socket, not a file"),
    ("large", "it has 1 TiB, and "),
    ("missing", "no such file or directory"),
    ("link", "no such file or directory"),
    ("circle", "too many levels of symbolic links"),
];

/// The commands with the file as their last word.
const COMMANDS: [&[&str]; 10] = [
    &["talk", "lint"],
    &["talk", "fmt"],
    &["talk", "fmt", "--accept"],
    &["talk", "generalise"],
    &["talk", "convert"],
    &["talk", "shrink", "--against", "127.0.0.1:9"],
    &["play"],
    &["serve", "127.0.0.1:0", "--talk"],
    &["tap", "127.0.0.1:0", "127.0.0.1:9", "--check"],
    &["bench", "127.0.0.1:9", "--talk"],
];

/// It wants two files, of another form.
const COMPARE: &[&str] = &["bench", "compare", "x.talk"];

/// Put a thing of this kind at `path`; what must outlive the test is given back.
fn make(kind: &str, path: &Path) -> Option<UnixListener> {
    match kind {
        "pipe" => {
            let made = Command::new("mkfifo").arg(path).status();
            assert!(made.expect("mkfifo").success());
        }
        "device" => symlink("/dev/zero", path).expect("a link"),
        "socket" => return Some(UnixListener::bind(path).expect("a socket")),
        "large" => {
            let file = File::create(path).expect("a file");
            file.set_len(1 << 40).expect("a file with nothing in it");
        }
        "folder" => fs::create_dir(path).expect("a folder"),
        "empty" => fs::write(path, "").expect("a file"),
        "unreadable" => {
            fs::write(path, "otherend talk 1\nC: a\n").expect("a file");
            fs::set_permissions(path, Permissions::from_mode(0o000)).expect("our own file");
        }
        "link" => symlink("nowhere", path).expect("a link"),
        "circle" => symlink("x.talk", path).expect("a link"),
        _ => {}
    }
    None
}

#[track_caller]
fn run(kind: &str, words: &[&str]) -> Outcome {
    let words = [words, &["x.talk"]].concat();
    let program = otherend(&words);
    let _kept = make(kind, &program.folder().join("x.talk"));
    let began = Instant::now();
    let outcome = program.run();
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{kind}: {words:?}"
    );
    outcome
}

/// What was said on either stream: `lint` shows what is wrong as its result.
fn all(outcome: &Outcome) -> String {
    format!("{}{}", outcome.stdout, outcome.stderr)
}

#[test]
fn what_is_no_file_is_refused_by_every_command() {
    for (kind, why) in KINDS {
        for words in COMMANDS.into_iter().chain([COMPARE]) {
            let outcome = run(kind, words).exited(2);
            let said = all(&outcome);
            let expected = format!("cannot read x.talk: {why}");
            assert!(said.contains(&expected), "{kind}: {words:?}: {said}");
        }
    }
}

#[test]
fn a_folder_holds_files_or_is_none() {
    for words in COMMANDS {
        let said = all(&run("folder", words).exited(2));
        let expected = [
            "x.talk holds no .talk files",
            "is a directory; name a file in it",
        ];
        let is_said = expected.iter().any(|text| said.contains(text));
        assert!(is_said, "{words:?}: {said}");
    }
}

#[test]
fn an_empty_file_is_no_transcript() {
    for words in COMMANDS {
        let said = all(&run("empty", words).exited(2));
        assert!(
            said.contains("x.talk:1:1: the file is empty"),
            "{words:?}: {said}"
        );
    }
}

#[test]
fn a_file_that_may_not_be_read_is_said_to_be_its_owners() {
    let probe = tempfile::tempdir().expect("a folder");
    let secret = probe.path().join("secret");
    make("unreadable", &secret);
    if fs::read(&secret).is_ok() {
        eprintln!("skipped: whoever runs this may read everything");
        return;
    }
    for words in COMMANDS {
        let said = all(&run("unreadable", words).exited(2));
        assert!(
            said.contains("permission denied; ask its owner"),
            "{words:?}: {said}"
        );
    }
}

#[test]
fn standard_input_without_end_is_read_up_to_the_limit() {
    for words in [["talk", "lint", "-"], ["talk", "fmt", "-"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_otherend"));
        let zero = File::open("/dev/zero").expect("a device");
        let run = command.args(words).stdin(Stdio::from(zero)).output();
        let run = run.expect("the program starts");
        let said = [run.stdout, run.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.contains("cannot read -: it has more than 64 MiB"),
            "{said}"
        );
        assert_eq!(run.status.code(), Some(2));
    }
}

#[test]
fn links_that_lead_in_a_circle_are_followed_once() {
    let good = "otherend talk 1\nC: a\nS: b\n";
    let program = otherend(&["talk", "lint", "d"]);
    let folder = program.folder().join("d");
    fs::create_dir_all(folder.join("sub")).expect("folders");
    for link in ["a", "b"] {
        symlink(".", folder.join(link)).expect("a link");
        symlink("..", folder.join("sub").join(link)).expect("a link");
    }
    fs::write(folder.join("x.talk"), good).expect("a file");
    fs::write(folder.join("sub/y.talk"), good).expect("a file");
    make("pipe", &folder.join("z.talk"));
    let outcome = program.run().exited(2);
    assert_eq!(
        outcome.stdout,
        "\
d/sub/y.talk: 2 steps, 1 connection; for play and serve
d/x.talk: 2 steps, 1 connection; for play and serve
cannot read d/z.talk: it is a pipe, not a file; to read what comes through one, name it `-`
"
    );
}

#[test]
fn folders_within_folders_need_no_more_descriptors() {
    let program = otherend(&["talk", "lint", "d", "--quiet"]);
    let mut deepest = program.folder().join("d");
    while deepest.as_os_str().len() < 3_800 {
        deepest.push("d");
    }
    fs::create_dir_all(&deepest).expect("folders");
    fs::write(deepest.join("x.talk"), "otherend talk 1\nC: a\n").expect("a file");
    program.run().succeeded();
}
