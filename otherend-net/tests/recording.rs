//! What is on the disk of a recording, while it goes on and when it has ended.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use otherend_net::core::transcript::{self, Tail};
use otherend_net::core::{Address, Counts, EndReason, Event, Observer, Role, Time};
use otherend_net::recording::{
    OnTrouble, RecordError, Recording, RecordingConfig, Scribe, SyncWhen,
};
use rustix::fs::OFlags;
use tempfile::TempDir;

fn config(sync: SyncWhen) -> RecordingConfig {
    let mut config = RecordingConfig::new("by a test");
    config.sync = sync;
    config
}

/// No test expects to be told.
fn no_trouble() -> OnTrouble {
    Box::new(|trouble| panic!("{trouble}"))
}

/// Between a client and its server, as the connection with this number.
fn scribe(recording: &Recording, number: u64) -> Scribe {
    Scribe::between(recording.clone(), number)
}

fn opened(scribe: &mut Scribe) {
    let connected = Event::Connected {
        target: &Address::Unnamed,
        local: &Address::Unnamed,
        after: Duration::ZERO,
    };
    scribe.on_event(Time::ZERO, &connected);
}

fn says(scribe: &mut Scribe, from: Role, bytes: &[u8]) {
    scribe.on_event(Time::ZERO, &Event::Bytes { from, bytes });
}

/// A visitor that says a line, hears one, and goes.
fn visit(recording: &Recording, number: u64) {
    let mut scribe = scribe(recording, number);
    opened(&mut scribe);
    says(&mut scribe, Role::Client, b"PASS hunter2\r\n");
    says(&mut scribe, Role::Server, b"230 in\r\n");
    for from in Role::BOTH {
        scribe.on_event(Time::ZERO, &Event::Finished { from });
    }
    let ended = Event::Ended {
        reason: EndReason::PeerFinished,
        who: None,
        counts: Counts::default(),
    };
    scribe.on_event(Time::ZERO, &ended);
    scribe.on_pause();
}

/// Hand on and wait until it is written.
fn write(scribe: &mut Scribe) {
    let (tell, told) = mpsc::channel();
    scribe.hand_on(move || tell.send(()).unwrap());
    told.recv_timeout(Duration::from_secs(20)).unwrap();
}

/// Wait until all that was handed on is written.
fn wait(recording: &Recording) {
    write(&mut scribe(recording, 0));
}

fn read(path: &Path) -> transcript::Recording {
    transcript::Recording::read(&fs::read(path).unwrap()).unwrap()
}

/// The lines that somebody said or did.
fn steps(path: &Path) -> Vec<String> {
    let text = read(path).transcript.to_string();
    let is_step = |line: &&str| line.contains("C! ") || line.contains(": ");
    text.lines().filter(is_step).map(str::to_owned).collect()
}

#[test]
fn one_file_holds_every_connection_with_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    let (recording, writer) =
        Recording::to_file(&path, config(SyncWhen::Never), no_trouble()).unwrap();
    visit(&recording, 7);
    visit(&recording, 9);
    writer.finish().unwrap();
    assert_eq!(read(&path).tail, Tail::Complete);
    assert_eq!(
        steps(&path),
        [
            "C! connect",
            "C: PASS {{secret:text=****}}",
            "S: 230 in",
            "C! close",
            "2C! connect",
            "2C: PASS {{secret:text=****}}",
            "2S: 230 in",
            "2C! close",
        ]
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!fs::read(&path).unwrap().windows(7).any(|w| w == b"hunter2"));
}

#[test]
fn what_was_acknowledged_with_each_is_vouched_for_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    let (recording, writer) =
        Recording::to_file(&path, config(SyncWhen::Each), no_trouble()).unwrap();
    let mut scribe = scribe(&recording, 1);
    opened(&mut scribe);
    says(&mut scribe, Role::Client, b"one\n");
    write(&mut scribe);
    assert_eq!(steps(&path), ["C! connect", "C: one"]);
    // What the machine's end would leave: no lines are skipped.
    assert_eq!(read(&path).tail, Tail::Cut { after: 7, lines: 0 });
    writer.finish().unwrap();
}

#[test]
fn a_folder_has_a_file_for_each_connection_complete_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/deep");
    let name = |number| format!("{number:04}.talk");
    let (recording, _writer) =
        Recording::to_folder(&path, config(SyncWhen::Never), name, no_trouble()).unwrap();
    visit(&recording, 12);
    let mut scribe = scribe(&recording, 13);
    opened(&mut scribe);
    write(&mut scribe);
    assert_eq!(read(&path.join("0012.talk")).tail, Tail::Complete);
    assert_eq!(steps(&path.join("0012.talk"))[0], "C! connect");
    assert!(path.join("0013.talk").exists());
    // Other users of the machine do not even see their names.
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("0012.talk")), 0o600);
}

#[test]
fn nothing_is_ever_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    fs::write(&path, "precious").unwrap();
    let refused = Recording::to_file(&path, config(SyncWhen::Never), no_trouble());
    let Err(error @ RecordError::Exists(_)) = refused.map(|_| ()) else {
        panic!("a file that exists");
    };
    assert!(error.to_string().ends_with("a.talk: it exists already"));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_place_that_cannot_be_is_explained() {
    let refused = Recording::to_file(
        "/nowhere/at/all.talk",
        config(SyncWhen::Never),
        no_trouble(),
    );
    let error = refused.map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot record to /nowhere/at/all.talk: no such file or directory"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_ends_the_recording_and_what_waits_is_done_all_the_same() {
    let (tell, told) = mpsc::channel();
    let on_trouble: OnTrouble = Box::new(move |trouble| tell.send(trouble.to_string()).unwrap());
    let (recording, writer) =
        Recording::to_file("/dev/full", config(SyncWhen::Each), on_trouble).unwrap();
    visit(&recording, 1);
    wait(&recording);
    let why = "cannot record to /dev/full: no space left on device";
    assert_eq!(told.try_recv().unwrap(), why);
    visit(&recording, 2);
    wait(&recording);
    assert_eq!(writer.finish().unwrap_err().to_string(), why);
}

/// What somebody else does to a file, and what is told of it.
type Deed = (fn(&Path), &'static str);

const DEEDS: [Deed; 5] = [
    (|path| fs::remove_file(path).unwrap(), "it was removed"),
    (
        |path| fs::rename(path, path.with_extension("1")).unwrap(),
        "it was removed",
    ),
    (
        |path| {
            fs::remove_file(path).unwrap();
            fs::write(path, "mine").unwrap();
        },
        "it was replaced",
    ),
    (
        |path| {
            OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(0)
                .unwrap()
        },
        "it was cut short",
    ),
    (
        |path| {
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            std::io::Write::write_all(&mut file, b"# mine\n").unwrap();
        },
        "somebody else writes into it",
    ),
];

#[test]
fn a_file_that_somebody_takes_away_is_noticed_at_the_next_seal() {
    for (deed, told) in DEEDS {
        // Without a wait for each a seal comes a second later.
        let syncs: &[SyncWhen] = match told {
            "it was replaced" => &[SyncWhen::Each, SyncWhen::EverySecond, SyncWhen::Never],
            _ => &[SyncWhen::Each],
        };
        for &sync in syncs {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("a.talk");
            let (tell, trouble) = mpsc::channel();
            let on_trouble =
                Box::new(move |error: &RecordError| tell.send(error.to_string()).unwrap());
            let (recording, writer) = Recording::to_file(&path, config(sync), on_trouble).unwrap();
            visit(&recording, 1);
            wait(&recording);
            deed(&path);
            let left = fs::read(&path).ok();
            visit(&recording, 2);
            wait(&recording);
            let trouble = trouble.recv_timeout(Duration::from_secs(20)).unwrap();
            assert_eq!(
                trouble,
                format!("cannot record to {}: {told}", path.display())
            );
            assert_eq!(writer.finish().unwrap_err().to_string(), trouble);
            if sync == SyncWhen::Each && told != "it was cut short" {
                assert_eq!(fs::read(&path).ok(), left, "it is left as it is: {told}");
            }
        }
    }
}

#[test]
fn a_file_that_is_taken_away_at_the_end_is_noticed_there() {
    for (deed, told) in DEEDS {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.talk");
        let on_trouble: OnTrouble = Box::new(|_| ());
        let (recording, writer) =
            Recording::to_file(&path, config(SyncWhen::Each), on_trouble).unwrap();
        visit(&recording, 1);
        wait(&recording);
        deed(&path);
        let error = writer.finish().unwrap_err().to_string();
        assert_eq!(
            error,
            format!("cannot record to {}: {told}", path.display())
        );
    }
}

#[test]
fn more_than_there_is_room_for_ends_the_recording_with_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    let on_trouble: OnTrouble = Box::new(|_| ());
    let (recording, writer) =
        Recording::to_file(&path, config(SyncWhen::Never), on_trouble).unwrap();
    let mut scribe = scribe(&recording, 1);
    says(&mut scribe, Role::Client, b"one\n");
    scribe.on_pause();
    // A disk that stands still could not be staged more simply: one note of more than the room.
    says(&mut scribe, Role::Client, &vec![b'x'; 65 << 20]);
    write(&mut scribe);
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, RecordError::TooSlow(_)), "{error}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("C: one\n"), "{text}");
    assert!(
        text.ends_with("# the recording ends early: it came faster than it could be written\n"),
        "{text}"
    );
    assert!(matches!(read(&path).tail, Tail::Cut { lines: 1, .. }));
}

#[test]
fn the_ten_thousandth_connection_ends_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    let (recording, writer) =
        Recording::to_file(&path, config(SyncWhen::Never), Box::new(|_| ())).unwrap();
    for number in 1..=10_000 {
        visit(&recording, number);
    }
    let error = writer.finish().unwrap_err();
    assert!(error.to_string().ends_with("more than 9999 connections"));
    // What is there can be read: no transcript has more.
    assert!(matches!(read(&path).tail, Tail::Cut { .. }));
    assert_eq!(steps(&path).last().unwrap(), "9999C! close");
}

fn pipe(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

#[test]
fn a_pipe_that_nobody_reads_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(&folder);
    let refused = Recording::to_file(&path, config(SyncWhen::Never), no_trouble());
    let error = refused.map(|_| ()).unwrap_err().to_string();
    assert!(error.ends_with("pipe: nobody reads that pipe"), "{error}");
}

#[test]
fn who_takes_nothing_holds_nobody_up_and_the_end_is_not_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(&folder);
    let reader = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(&path)
        .unwrap();
    let (tell, told) = mpsc::channel();
    let on_trouble: OnTrouble = Box::new(move |trouble| tell.send(trouble.to_string()).unwrap());
    let (recording, writer) =
        Recording::to_file(&path, config(SyncWhen::Each), on_trouble).unwrap();
    let mut scribe = scribe(&recording, 1);
    let line = [b"a line that fills the pipe", &[b'.'; 4096][..], b"\n"].concat();
    // More than a pipe holds, the writer has taken and may wait: none of these calls waits for anybody.
    let begun = Instant::now();
    let why = loop {
        says(&mut scribe, Role::Client, &line);
        scribe.on_pause();
        match told.try_recv() {
            Ok(why) => break why,
            Err(_) => assert!(begun.elapsed() < Duration::from_secs(60), "it takes all"),
        }
    };
    assert!(
        why.ends_with("came faster than it could be written"),
        "{why}"
    );
    write(&mut scribe);
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, RecordError::Stuck(_)), "{error}");
    drop(reader);
}

#[test]
fn a_line_that_does_not_end_is_on_the_disk_a_moment_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    let (recording, writer) =
        Recording::to_file(&path, config(SyncWhen::EverySecond), no_trouble()).unwrap();
    let mut scribe = scribe(&recording, 1);
    says(&mut scribe, Role::Server, b"220 ready\r\nlogin: ");
    scribe.on_pause();
    let is_there = || {
        let file = fs::read(&path).unwrap();
        let read = transcript::Recording::read(&file).ok();
        read.is_some_and(|read| read.transcript.to_string().contains("S. login:"))
    };
    while !is_there() {
        std::thread::yield_now();
    }
    writer.finish().unwrap();
}
