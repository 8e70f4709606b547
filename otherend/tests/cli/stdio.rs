//! Every command × stdin, stdout and stderr in every state: not blocking, closed, full, replaced.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::Signal;

use super::connect::server;
use super::program::{Program, Running, otherend, program};
use super::serve::serve;
use super::terminal::Terminal;

const TALK: &str = "otherend talk 1\n\nC: a\nS: From server -> a\n";

/// A pipe with little room; whoever shares `end` has set O_NONBLOCK on it.
fn shared_pipe(nonblocking: fn(&(OwnedFd, OwnedFd)) -> &OwnedFd) -> (File, File) {
    // Not to be inherited by what another test starts meanwhile: then it never ends.
    let ends = pipe_with(PipeFlags::CLOEXEC).expect("a pipe");
    // Another system has a pipe of another size.
    let _ = fcntl_setpipe_size(&ends.1, 4096);
    let end = nonblocking(&ends);
    let flags = fcntl_getfl(end).expect("its mode");
    fcntl_setfl(end, flags | OFlags::NONBLOCK).expect("it is ours");
    (File::from(ends.0), File::from(ends.1))
}

/// How many bytes wait in a pipe.
fn waiting(pipe: impl AsFd) -> u64 {
    rustix::io::ioctl_fionread(pipe).expect("a pipe")
}

/// A pipe takes nothing more.
fn is_full(pipe: impl AsFd) -> bool {
    let mut fds = [PollFd::new(&pipe, PollFlags::OUT)];
    poll(&mut fds, Some(&Timespec::default())).expect("a pipe") == 0
}

/// Wait until `done`, for it comes by itself.
#[track_caller]
fn until(mut done: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < give_up, "it does not come");
        thread::yield_now();
    }
}

/// Give it this on a stdin that does not block, the second part when the first was read.
fn given(program: Program, parts: [&[u8]; 2]) -> Running {
    let (from, mut to) = shared_pipe(|ends| &ends.0);
    let seen = from.try_clone().expect("a descriptor");
    let running = program.on_stdin(from).start();
    for part in parts {
        to.write_all(part).expect("it is read");
        until(|| waiting(&seen) == 0);
    }
    running
}

/// What it writes to a stdout that does not block, and of which nobody reads before it is full or
/// all is written; and its exit code.
fn taken_late(program: Program) -> (String, Option<i32>) {
    let (mut from, to) = shared_pipe(|ends| &ends.1);
    let full = to.try_clone().expect("a descriptor");
    let running = program.on_stdout(to).start();
    let pid = running.pid();
    until(|| is_full(&full) || has_ended(pid));
    drop(full);
    let reading = thread::spawn(move || {
        let mut text = Vec::new();
        from.read_to_end(&mut text).map(|_| text)
    });
    let outcome = running.wait();
    let text = reading.join().expect("a thread").expect("a pipe");
    (String::from_utf8_lossy(&text).into_owned(), outcome.code)
}

/// It is a zombie: the test has not asked for its status yet.
fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_none_or(|rest| rest.starts_with('Z'))
}

#[test]
fn input_that_does_not_block_is_waited_for() {
    let (echo, address) = serve(&["-q"]);
    for words in [
        &["connect", &address][..],
        &["connect", &address, "--json"],
        &["connect", &address, "--hex"],
        &["connect", &address, "--record", "a.talk"],
    ] {
        let outcome = given(otherend(words), [b"a\n", b"late\n"])
            .wait()
            .succeeded();
        outcome.said("late");
    }
    for words in [
        &["talk", "fmt", "-"][..],
        &["talk", "lint", "-"],
        &["talk", "generalise", "-"],
        &["talk", "convert", "-"],
    ] {
        let (first, second) = TALK.as_bytes().split_at(20);
        let outcome = given(otherend(words), [first, second]).wait();
        assert!(!outcome.exited(0).stdout.is_empty(), "{words:?}");
    }
    echo.signal(Signal::TERM);
    echo.wait();
}

#[test]
fn datagrams_from_input_that_does_not_block() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("bound").to_string();
    let program = otherend(&["connect", "-u", &address, "--linger", "100ms"]);
    let running = given(program, [b"a\n", b"late\n"]);
    for text in [&b"a\n"[..], b"late\n"] {
        let mut heard = [0; 16];
        let length = socket.recv(&mut heard).expect("a datagram");
        assert_eq!(&heard[..length], text);
    }
    running.wait().succeeded();
}

#[test]
fn output_that_does_not_block_is_waited_for() {
    let big: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    let talk: String = (0..2_000).map(|n| format!("C: {n}\n")).collect();
    let talk = format!("otherend talk 1\n\n{talk}");
    let other = talk.replace("C: 7", "C:  7");
    let lines = |text: &str| text.lines().count();
    for words in [
        &["man"][..],
        &["--help"],
        &["serve", "--help"],
        &["completions", "bash"],
        &["interfaces"],
        &["interfaces", "--json"],
        &["talk", "convert", "a.talk"],
        &["talk", "fmt", "b.talk"],
        &["talk", "lint", "a.talk"],
        &["talk", "generalise", "a.talk"],
        &["diagnose", "127.0.0.1:1", "--json"],
    ] {
        let program = || otherend(words).file("a.talk", &talk).file("b.talk", &other);
        let expected = program().run();
        let (text, code) = taken_late(program());
        assert_eq!(
            (lines(&text), code),
            (lines(&expected.stdout), expected.code),
            "{words:?}"
        );
    }
    for words in [
        &["connect"][..],
        &["connect", "--json"],
        &["connect", "--hex"],
    ] {
        let said = big.clone();
        let (address, serving) = server(move |mut peer: TcpStream| {
            peer.write_all(said.as_bytes()).expect("all of it");
        });
        let words = [&words[..1], &[&address[..]], &words[1..]].concat();
        let (text, code) = taken_late(otherend(&words).on_stdin(File::open("/dev/null").unwrap()));
        serving.join().unwrap();
        assert_eq!(code, Some(0), "{words:?}");
        match words.len() {
            2 => assert!(text == big, "bytes were lost"),
            _ if words[2] == "--json" => assert_eq!(lines(&text), 20_000 + 2),
            _ => assert_eq!(lines(&text), big.len().div_ceil(16)),
        }
    }
}

#[test]
fn a_test_run_is_shown_whole() {
    let (echo, address) = serve(&["-q"]);
    for json in [&[][..], &["--json"]] {
        let files: Vec<String> = (0..100)
            .map(|n| format!("a-file-with-a-name-{n}.talk"))
            .collect();
        let mut words = vec!["play"];
        words.extend(files.iter().map(String::as_str));
        words.push(&address);
        words.extend(json);
        let program = files
            .iter()
            .fold(otherend(&words), |program, file| program.file(file, TALK));
        let (text, code) = taken_late(program);
        let sum = usize::from(json.is_empty());
        assert_eq!((text.lines().count(), code), (files.len() + sum, Some(0)));
    }
    echo.signal(Signal::TERM);
    echo.wait();
}

/// Say `lines` lines to `address` and hear them back.
fn visit(address: &str, lines: usize) {
    let peer = TcpStream::connect(address).expect("it listens");
    let mut saying = peer.try_clone().expect("a descriptor");
    let said = thread::spawn(move || {
        let text = "a line of some length, so that there is much to show\n".repeat(lines);
        saying.write_all(text.as_bytes()).expect("it reads");
        saying.shutdown(Shutdown::Write).expect("it is open");
    });
    let heard = BufReader::new(peer).lines().map_while(Result::ok).count();
    said.join().expect("a thread");
    assert_eq!(heard, lines);
}

#[test]
fn what_serves_shows_everything_on_a_stdout_that_does_not_block() {
    const LINES: usize = 2_000;
    for (command, more) in [
        ("serve", "-v"),
        ("serve", "--json"),
        ("tap", "-v"),
        ("tap", "--json"),
    ] {
        let (echo, target) = serve(&["-q"]);
        let (from, to) = shared_pipe(|ends| &ends.1);
        let full = to.try_clone().expect("a descriptor");
        let words = match command {
            "serve" => vec!["serve", "127.0.0.1:0", more],
            _ => vec!["tap", "127.0.0.1:0", &target, more],
        };
        let running = otherend(&words).on_stdout(to).start();
        let mut from = BufReader::new(from);
        let mut shown = String::new();
        from.read_line(&mut shown).expect("where it listens");
        let address = shown
            .split([' ', '"'])
            .find(|word| word.contains("127.0.0.1:"));
        let address = address.expect("an address").trim().to_owned();
        let visiting = thread::spawn(move || visit(&address, LINES));
        until(|| is_full(&full));
        drop(full);
        let reading = thread::spawn(move || from.lines().map_while(Result::ok).collect::<Vec<_>>());
        visiting.join().unwrap();
        running.signal(Signal::TERM);
        running.wait().exited(0);
        let lines = reading.join().unwrap();
        let said = lines
            .iter()
            .filter(|line| line.contains("a line of some length"))
            .count();
        assert_eq!(said, 2 * LINES, "{words:?}");
        echo.signal(Signal::TERM);
        echo.wait();
    }
}

#[test]
fn remarks_on_a_stderr_that_does_not_block_are_not_lost() {
    let bad: String = (0..200).map(|n| format!("bad-{n}.talk ")).collect();
    let words: Vec<&str> = bad.split_whitespace().collect();
    let words = [&["play"], &words[..], &["127.0.0.1:1"]].concat();
    let (mut from, to) = shared_pipe(|ends| &ends.1);
    let full = to.try_clone().expect("a descriptor");
    let running = otherend(&words).on_stderr(to).start();
    until(|| is_full(&full));
    drop(full);
    let mut text = String::new();
    from.read_to_string(&mut text).expect("a pipe");
    assert_eq!(text.lines().count(), 200, "{text}");
    running.wait().exited(2);
}

#[test]
fn a_reader_that_has_gone_is_noticed_by_a_silent_client() {
    for more in [&[][..], &["--json"], &["--record", "a.talk"]] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let (from, to) = shared_pipe(|ends| &ends.0);
        let words = [&["connect", &address], more].concat();
        let client = otherend(&words).on_stdout(to).start();
        let (mut peer, _) = listener.accept().expect("the client");
        drop(from);
        // Its input is open, and the server says nothing.
        assert_eq!(peer.read(&mut [0]).expect("an orderly end"), 0);
        client.wait_with_open_input().exited(0);
    }
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("bound").to_string();
    let (from, to) = shared_pipe(|ends| &ends.0);
    let client = otherend(&["connect", "-u", &address]).on_stdout(to).start();
    drop(from);
    client.wait_with_open_input().exited(0);
}

#[test]
fn a_descriptor_that_is_closed_or_replaced_is_no_crash() {
    let (echo, address) = serve(&["-q"]);
    let otherend_ = env!("CARGO_BIN_EXE_otherend");
    for (how, code) in [
        ("<&-", 0),
        (">&-", 0),
        ("2>&-", 0),
        ("<&- >&- 2>&-", 0),
        ("</dev/null", 0),
        // Opened for the other direction: there is nothing to read, and nowhere to write.
        ("0>in", 0),
        ("1<in", 2),
        ("<.", 2),
        ("2>/dev/full", 0),
        ("1>/dev/full", 2),
    ] {
        for command in [
            "connect ADDRESS",
            "connect ADDRESS --json",
            "play a.talk ADDRESS",
        ] {
            // Without input there is no answer to be shown; a server that is played against reads none.
            let plain = command == "connect ADDRESS";
            let code = match (how, command.starts_with("play")) {
                ("<.", true) => 0,
                ("1<in" | "1>/dev/full", false) if plain => 2,
                _ => code,
            };
            let command = command.replace("ADDRESS", &address);
            let script = format!("echo a | {{ '{otherend_}' {command} {how}; }}");
            let outcome = program("sh", &["-c", &script])
                .file("a.talk", TALK)
                .file("in", "");
            let outcome = outcome.run();
            assert_eq!(outcome.code, Some(code), "{how} {outcome}");
            assert!(!outcome.stderr.contains("panicked"), "{outcome}");
        }
    }
    for how in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "1<in", "2>/dev/full"] {
        let script = format!("exec '{otherend_}' serve 127.0.0.1:0 {how}");
        let server = program("sh", &["-c", &script]).file("in", "").start();
        until(|| handles(server.pid(), Signal::TERM));
        server.signal(Signal::TERM);
        let outcome = server.wait();
        let code = if how == "1<in" { 2 } else { 0 };
        assert_eq!(outcome.code, Some(code), "{how} {outcome}");
    }
    echo.signal(Signal::TERM);
    echo.wait();
}

/// A process has a handler for this signal: it has come so far.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 1 << (signal.as_raw() - 1) != 0)
}

#[test]
fn what_a_stdout_that_nobody_reads_was_not_shown_is_counted() {
    const LINES: usize = 100_000;
    for more in [&["-v"][..], &["--json"]] {
        let (mut from, to) = shared_pipe(|ends| &ends.0);
        let flags = fcntl_getfl(&from).expect("its mode");
        fcntl_setfl(&from, flags - OFlags::NONBLOCK).expect("it is ours");
        let words = [&["serve", "127.0.0.1:0"], more].concat();
        let server = otherend(&words).on_stdout(to).start();
        let mut first = Vec::new();
        while first.last() != Some(&b'\n') {
            let mut byte = [0];
            from.read_exact(&mut byte).expect("where it listens");
            first.push(byte[0]);
        }
        let first = String::from_utf8(first).expect("UTF-8");
        let address = first
            .split([' ', '"'])
            .find(|word| word.contains("127.0.0.1:"));
        visit(address.expect("an address").trim(), LINES);
        server.signal(Signal::TERM);
        let outcome = server.wait().exited(0);
        let told = "not shown: stdout took nothing for 2 s\n";
        let told = outcome
            .stderr
            .split_once(told)
            .map(|(before, _)| before.to_owned());
        let told = told.unwrap_or_else(|| panic!("{outcome}"));
        let count: String = told.chars().filter(char::is_ascii_digit).collect();
        let count: usize = count.parse().expect("a number");
        let mut seen = String::new();
        from.read_to_string(&mut seen).expect("UTF-8");
        let seen = seen.matches("a line of some length").count();
        let missing = 2 * LINES - seen;
        // Beside lines there are remarks: who came, who left.
        assert!(
            (missing..missing + 20).contains(&count),
            "{count} of {missing}: {outcome}"
        );
    }
}

/// A stderr that is stuck as well keeps nobody from stopping.
#[test]
fn a_terminal_that_takes_nothing_does_not_hold_up_the_end() {
    let (from, to) = shared_pipe(|ends| &ends.0);
    let both = to.try_clone().expect("a descriptor");
    let full = to.try_clone().expect("a descriptor");
    let program = otherend(&["serve", "127.0.0.1:0"])
        .on_stdout(to)
        .on_stderr(both);
    let server = program.start();
    let address = {
        let flags = fcntl_getfl(&from).expect("its mode");
        fcntl_setfl(&from, flags - OFlags::NONBLOCK).expect("it is ours");
        let mut first = String::new();
        let mut reader = BufReader::with_capacity(1, &from);
        reader.read_line(&mut first).expect("where it listens");
        first
            .trim()
            .rsplit(' ')
            .next()
            .expect("an address")
            .to_owned()
    };
    visit(&address, 1_000);
    until(|| is_full(&full));
    server.signal(Signal::TERM);
    server.wait().exited(0);
}

#[test]
fn a_prompt_is_whole_on_a_terminal_that_does_not_block() {
    let (address, server) = server(|mut peer: TcpStream| {
        let lines: String = (0..5_000).map(|n| format!("line {n}\n")).collect();
        peer.write_all(lines.as_bytes()).expect("it reads");
        peer.shutdown(Shutdown::Write).expect("it is open");
        std::io::copy(&mut peer, &mut std::io::sink()).expect("its end");
    });
    let program = env!("CARGO_BIN_EXE_otherend");
    // The shell goes on with the terminal that the first command has changed.
    let script = format!(
        "perl -MFcntl -e 'fcntl(STDIN, F_SETFL, O_RDWR | O_NONBLOCK) or die' || exit 77; \
         exec '{program}' connect {address}"
    );
    if !Command::new("perl")
        .arg("-v")
        .output()
        .is_ok_and(|ran| ran.status.success())
    {
        eprintln!("skipped: no perl");
        return;
    }
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    let mut terminal = Terminal::running(command, tempfile::tempdir().expect("a folder"));
    terminal.sees("line 0\r");
    terminal.sees("line 4999\r");
    terminal.sees("the server closed the connection");
    terminal.exits(0);
    server.join().unwrap();
}
