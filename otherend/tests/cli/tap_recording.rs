//! `otherend tap --record`: what is on the disk, whatever happens to the program or to the disk.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use otherend_core::transcript::{Item, Recording, Tail};
use rustix::process::{Pid, Signal, getuid, kill_process};
use tempfile::TempDir;

use super::tap::{Tap, pass, tap};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn recording_to(path: &Path, flags: &[&str]) -> Tap {
    let path = path.to_str().expect("a path in UTF-8");
    tap(&[&["--record", path], flags].concat())
}

fn read(path: &Path) -> Recording {
    let file = std::fs::read(path).expect("a recording");
    Recording::read(&file).expect("a transcript")
}

#[test]
fn a_recording_is_a_transcript_without_the_secrets() {
    let folder = folder();
    let path = folder.path().join("a.talk");
    let tap = recording_to(&path, &["--mask", "/ticket (\\w+)/"]);
    let (client, server) = tap.connect();
    pass(&client, &server, b"PASS hunter2\r\n");
    pass(&server, &client, b"230 ticket x7\r\n");
    drop(client);
    assert_eq!((&server).read(&mut [0]).expect("an end"), 0);
    drop(server);
    let outcome = tap.stop().succeeded();
    let name = path.display();
    let outcome = outcome.said(&format!("* recording to {name}"));
    let size = std::fs::metadata(&path).expect("a recording").len();
    outcome.said(&format!("* recorded {size} B in {name}"));
    let recording = read(&path);
    assert_eq!(recording.tail, Tail::Complete);
    let text = recording.transcript.to_string();
    let body = text.split_once("\n\n").expect("a head").1;
    // On a busy machine there are pauses.
    let body = body
        .split_inclusive('\n')
        .filter(|line| !line.starts_with('+'));
    let body: String = body.collect();
    assert!(
        body.starts_with(
            "C! connect\nC: PASS {{secret:text=****}}\nS: 230 ticket {{secret2:text=****}}\nC! close\n"
        ),
        "{text}"
    );
}

#[test]
fn a_file_that_exists_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("a.talk");
    std::fs::write(&path, "precious").expect("a file");
    let words = ["tap", "127.0.0.1:0", "127.0.0.1:1", "--record"];
    let words = [&words[..], &[path.to_str().expect("UTF-8")]].concat();
    let outcome = super::program::otherend(&words).run();
    outcome.exited(2).complained("a.talk: it exists already");
    assert_eq!(std::fs::read(&path).expect("still there"), b"precious");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_ends_the_recording_and_nothing_else() {
    let mut tap = recording_to(Path::new("/dev/full"), &["--sync", "each"]);
    let (client, server) = tap.connect();
    pass(&client, &server, b"one\n");
    tap.program.stdout_with("the recording ends here");
    pass(&server, &client, b"two\n");
    tap.program.stdout_with("1 < two");
    drop((client, server));
    let outcome = tap.stop().exited(2);
    outcome.complained("cannot record to /dev/full: no space left on device");
}

/// A server that says back what it hears, and a client that waits for each echo.
fn chatter(address: String, target: TcpListener) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let client = TcpStream::connect(address).expect("the tap");
        let (mut server, _) = target.accept().expect("the tap's connection");
        let echo = thread::spawn(move || {
            let mut heard = [0; 4096];
            // Ends with the tap.
            while let Ok(count @ 1..) = server.read(&mut heard) {
                if server.write_all(&heard[..count]).is_err() {
                    break;
                }
            }
        });
        let mut replies = BufReader::new(client.try_clone().expect("a descriptor"));
        let mut reply = String::new();
        for number in 0..100_000 {
            let said = (&client).write_all(format!("line {number}\n").as_bytes());
            reply.clear();
            if said.is_err() || !matches!(replies.read_line(&mut reply), Ok(1..)) {
                break;
            }
        }
        drop((client, replies));
        echo.join().expect("an echo");
    })
}

/// Kill a recording tap a moment after it has shown `after` lines; everything shown is in the file,
/// and nothing else than what was said.
fn kill_after(after: usize, moment: usize) {
    let folder = folder();
    let path = folder.path().join("a.talk");
    let Tap {
        mut program,
        address,
        target,
    } = recording_to(&path, &["--sync", "each"]);
    let chatter = chatter(address, target);
    for _ in 0..after {
        program.stdout_with(" line ");
    }
    (0..moment).for_each(|_| thread::yield_now());
    program.signal(Signal::KILL);
    let outcome = program.wait();
    chatter.join().expect("the chatter");

    let recording = read(&path);
    assert!(!matches!(recording.tail, Tail::Complete | Tail::NoSeals));
    let text = recording.transcript.to_string();
    let recorded: Vec<&str> = text.lines().filter(|line| is_said(line)).collect();
    for (index, line) in recorded.iter().enumerate() {
        let who = ["C", "S"][index % 2];
        assert_eq!(*line, format!("{who}: line {}", index / 2), "{text}");
    }
    // What was killed in the middle of a line has not shown it.
    let (whole, _) = outcome.stdout.rsplit_once('\n').expect("lines");
    let shown = whole.lines().filter(|line| line.contains(" line "));
    let mut seen = 0;
    for line in shown {
        let written = line.replace("1 > ", "C: ").replace("1 < ", "S: ");
        assert_eq!(recorded.get(seen), Some(&&*written), "{outcome}\n{text}");
        seen += 1;
    }
    assert!(seen >= after, "{seen} of {after}");
}

fn is_said(line: &str) -> bool {
    line.starts_with("C: ") || line.starts_with("S: ")
}

/// Eight at a time: each of them mostly waits for its turn.
#[test]
fn every_line_shown_survives_kill_9_at_200_moments() {
    thread::scope(|scope| {
        for seed in 0..8_u64 {
            scope.spawn(move || (0..25).fold(seed, |state, _| kill_at_random(state)));
        }
    });
}

/// Moments that do not repeat, the same in every run.
fn kill_at_random(state: u64) -> u64 {
    let state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    let random = (state >> 33) as usize;
    kill_after(1 + random % 40, random / 40 % 100);
    state
}

/// The program in a mount namespace of its own, in a tmpfs of 1 MB of which so many bytes are taken;
/// `None` where that is not allowed.
fn tap_on_small_disk(target: &str, disk: &Path, taken: usize) -> Option<Child> {
    let own_mount = if getuid().is_root() { "-m" } else { "-rm" };
    let allowed = Command::new("unshare").args([own_mount, "true"]).output();
    if !allowed.is_ok_and(|outcome| outcome.status.success()) {
        return None;
    }
    let script = format!(
        "mount -t tmpfs -o size=1m none \"$0\" && cd \"$0\" && head -c {taken} /dev/zero >taken &&
        exec \"$@\""
    );
    let child = Command::new("unshare")
        .args([own_mount, "sh", "-c", &script])
        .arg(disk)
        .arg(env!("CARGO_BIN_EXE_otherend"))
        .args(["tap", "127.0.0.1:0", target, "--record", "a.talk"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Some(child.expect("unshare starts"))
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_with_a_mark_and_nothing_else() {
    let steps = recorded_on_small_disk(0);
    assert!(steps.is_none_or(|steps| steps > 10_000), "{steps:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_from_the_start_leaves_room_for_the_mark() {
    /// What is left is one page.
    const TAKEN: usize = (1 << 20) - 4096;
    let steps = recorded_on_small_disk(TAKEN);
    assert!(steps.is_none_or(|steps| steps == 0), "{steps:?}");
}

/// Record more than fits on a disk of which so much is `taken`: how many steps can be relied on then;
/// `None` where no such disk can be had.
#[cfg(target_os = "linux")]
fn recorded_on_small_disk(taken: usize) -> Option<usize> {
    let folder = folder();
    let target = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = target.local_addr().expect("its address").to_string();
    let mut tap = tap_on_small_disk(&to, folder.path(), taken)?;
    let mut lines = BufReader::new(tap.stdout.take().expect("a pipe")).lines();
    let mut line_with = |text: &str| {
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(text));
        found.expect("a line with it")
    };
    let listening = line_with("listening on ");
    let client = TcpStream::connect(&listening["* listening on ".len()..]).expect("the tap");
    let (server, _) = target.accept().expect("the tap's connection");
    for _ in 0..32 {
        pass(
            &client,
            &server,
            &b"a line of thirty-two bytes, yes\n".repeat(2048),
        );
    }
    line_with("the recording ends here");
    pass(&server, &client, b"still here\n");
    line_with("still here");

    // The namespace goes with the program: look now, from outside.
    let inside = format!("/proc/{}/root{}/a.talk", tap.id(), folder.path().display());
    let file = std::fs::read(inside).expect("the recording");
    let text = String::from_utf8_lossy(&file);
    let mark = "# the recording ends early: no space left on device\n";
    assert!(
        text.ends_with(mark),
        "{}",
        &text[text.len().saturating_sub(200)..]
    );
    let recording = Recording::read(&file).expect("a transcript");
    let tail = recording.tail;
    assert!(matches!(tail, Tail::Cut { lines: 1, .. }), "{tail:?}");

    kill_process(Pid::from_child(&tap), Signal::INT).expect("it still runs");
    let outcome = tap.wait_with_output().expect("its end");
    assert_eq!(outcome.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&outcome.stderr);
    assert!(
        complaint.contains("a.talk: no space left on device"),
        "{complaint}"
    );
    let items = recording.transcript.items().iter();
    Some(items.filter(|item| matches!(item, Item::Step(_))).count())
}
