//! `--record` of `serve` and `connect`: what stands in the file is what was said.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use otherend_core::transcript::{Recording, Tail};
use rustix::process::Signal;
use tempfile::TempDir;

use super::program::{Outcome, Running, otherend};
use super::serve::{ENGINES, serve};

/// Say this, half-close, and hear the server to its end.
fn visit(address: &str, said: &str) -> String {
    let mut peer = TcpStream::connect(address).expect("it listens");
    peer.write_all(said.as_bytes()).expect("it reads");
    peer.shutdown(Shutdown::Write).expect("it is open");
    let mut heard = String::new();
    peer.read_to_string(&mut heard).expect("it answers");
    heard
}

fn stop(server: Running) -> Outcome {
    server.signal(Signal::INT);
    server.wait()
}

/// The steps of a complete recording, without the times between them.
pub(crate) fn steps(path: &Path) -> String {
    let file = std::fs::read(path).expect("a recording");
    let recording = Recording::read(&file).expect("a transcript");
    assert_eq!(recording.tail, Tail::Complete, "{}", path.display());
    let text = recording.transcript.to_string();
    let body = text.split_once("\n\n").expect("a head").1;
    let steps = body.lines().filter(|line| !line.starts_with(['+', '#']));
    steps.map(|line| format!("{line}\n")).collect()
}

const EXIT: &str = "\
C! connect
C: hello
C: PASS {{secret:text=****}}
C: exit
S: From server -> hello
S: From server -> PASS x
S! close
";

#[test]
fn a_server_records_the_same_under_every_engine() {
    for engine in ENGINES {
        for sync in ["1s", "each"] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("a.talk");
            let name = path.to_str().expect("UTF-8");
            let (server, address) =
                serve(&["--engine", engine, "--record", name, "--sync", sync, "-q"]);
            visit(&address, "hello\nPASS x\nexit\n");
            stop(server).succeeded();
            assert_eq!(steps(&path), EXIT, "{engine} {sync}");
        }
    }
}

#[test]
fn a_folder_has_a_file_for_each_client() {
    let folder = tempfile::tempdir().expect("a folder");
    let heard = folder.path().join("heard");
    let (server, address) = serve(&["--record", &format!("{}/", heard.display())]);
    for said in ["one\n", "two\n"] {
        visit(&address, said);
    }
    let outcome = stop(server).succeeded();
    let outcome = outcome.said(&format!("* recording to {}/", heard.display()));
    outcome.said(&format!("* recorded in {}/", heard.display()));
    let files = std::fs::read_dir(&heard).expect("the folder");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let [one, two] = &files[..] else {
        panic!("{files:?}");
    };
    assert!(one.file_name().is_some_and(|name| {
        let name = name.to_string_lossy();
        name.starts_with("0001-20") && name.ends_with(".talk")
    }));
    assert!(steps(one).contains("C: one\n"));
    assert!(steps(two).contains("S: From server -> two\n"));
}

#[test]
fn a_line_is_shown_once_it_is_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.talk");
    let name = path.to_str().expect("UTF-8");
    let (mut server, address) = serve(&["--record", name, "--sync", "each"]);
    let mut peer = TcpStream::connect(&address).expect("it listens");
    // The second has no LF: it is shown as a line, and is one for nobody else.
    for (said, shown) in [("one\n", "S: From server -> one"), ("two\r", "C. two\\r")] {
        peer.write_all(said.as_bytes()).expect("it reads");
        server.stdout_with(&format!("1 < From server -> {}", &said[..3]));
        let file = std::fs::read(&path).expect("a recording");
        let text = Recording::read(&file).expect("a transcript").transcript;
        assert!(text.to_string().contains(shown), "{text}");
    }
    server.signal(Signal::KILL);
    server.wait();
}

#[test]
fn a_reset_is_recorded_as_one_whoever_makes_it() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mock = "otherend talk 1\n\nC: A\nS: a\nS! reset\n";
        std::fs::write(path("mock.talk"), mock).expect("a file");
        let (mock, heard) = (path("mock.talk"), path("a.talk"));
        let flags = ["--engine", engine, "--talk", &mock, "--record", &heard];
        let (mut server, address) = serve(&flags);
        let mut peer = TcpStream::connect(&address).expect("it listens");
        peer.write_all(b"A\n").expect("it reads");
        let end = peer.read_to_end(&mut Vec::new());
        assert!(end.is_err(), "the server resets");
        server.stdout_with("1 * left");

        let mut peer = TcpStream::connect(&address).expect("it listens");
        peer.write_all(b"unfinished").expect("it reads");
        server.stdout_with("2 * 127.0.0.1");
        rustix::net::sockopt::set_socket_linger(&peer, Some(Duration::ZERO)).expect("it is open");
        drop(peer);
        server.stdout_with("2 * left");
        stop(server).succeeded();
        let recorded = steps(Path::new(&heard));
        assert!(
            recorded.contains("S: a\nS! reset\n"),
            "{engine}: {recorded}"
        );
        assert!(recorded.ends_with("2C! reset\n"), "{engine}: {recorded}");
    }
}

#[test]
fn a_full_device_ends_the_recording_of_a_server_and_nothing_else() {
    let (mut server, address) = serve(&["--record", "/dev/full", "--sync", "each"]);
    assert_eq!(visit(&address, "one\n"), "From server -> one\n");
    server.stdout_with("the recording ends here, the connections go on");
    assert_eq!(visit(&address, "two\n"), "From server -> two\n");
    let outcome = stop(server).exited(2);
    outcome.complained("cannot record to /dev/full: no space left on device");
}

/// A server for one peer: greets, hears it to its end, answers, and closes.
fn greeter() -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let thread = thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a peer");
        peer.write_all(b"hello\r\n").expect("it reads");
        let mut heard = String::new();
        peer.read_to_string(&mut heard).expect("it speaks");
        peer.write_all(b"bye").expect("it still reads");
    });
    (address, thread)
}

#[test]
fn a_pipe_is_recorded_with_its_half_close() {
    for sync in ["never", "1s", "each"] {
        let (address, server) = greeter();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.talk");
        let name = path.to_str().expect("UTF-8");
        let words = ["connect", &address, "-Cv", "--record", name, "--sync", sync];
        let mut client = otherend(&words).start();
        client.stdout_with("hello");
        client.say("one");
        let outcome = client.wait().exited(0).said("bye");
        let outcome = outcome.complained(&format!("* recording to {name}"));
        outcome.complained(" B in ");
        server.join().expect("the server");
        let body = "C! connect\nS: hello\nC: one\nC! half-close\nS. bye\nS! close\n";
        assert_eq!(steps(&path), body, "{sync}");
        let text = std::fs::read_to_string(&path).expect("the recording");
        assert!(text.contains("eol      crlf\n"), "{text}");
    }
}

#[test]
fn datagrams_are_recorded_at_both_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (server, address) = serve(&["--udp", "--record", &path("server.talk")]);
    let words = ["connect", "--udp", &address, "--linger", "50ms"];
    let mut client = otherend(&[&words[..], &["--record", &path("client.talk")]].concat()).start();
    client.say("one");
    client.stdout_with("one");
    client.say_bytes(b"two");
    client.finish_saying();
    client.wait().succeeded();
    stop(server).succeeded();
    for name in ["server.talk", "client.talk"] {
        let text = std::fs::read_to_string(path(name)).expect("a recording");
        assert!(text.contains("\nover     udp\n"), "{text}");
        let said = "C! connect\nC: one\nS: From server -> one\nC. two\nS. From server -> two\n";
        assert_eq!(steps(Path::new(&path(name))), said, "{name}");
    }
}

/// A client that records what goes through its pipe, its peer, and the file in its folder.
pub(super) fn recording_client() -> (Running, TcpStream, PathBuf, TempDir) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.talk");
    let name = path.to_str().expect("UTF-8");
    let client = otherend(&["connect", &address, "--record", name]).start();
    let (peer, _) = listener.accept().expect("a peer");
    (client, peer, path, folder)
}

#[test]
fn a_signal_ends_the_recording_of_a_pipe_in_good_order() {
    let (mut client, mut peer, path, _folder) = recording_client();
    peer.write_all(b"hello\n").expect("it reads");
    client.stdout_with("hello");
    client.signal(Signal::INT);
    assert_eq!(
        client.wait_with_open_input().code,
        None,
        "the signal ended it"
    );
    assert_eq!(steps(&path), "C! connect\nS: hello\nC! close\n");
}

#[test]
fn what_comes_while_a_signal_ends_a_recording_is_not_in_it() {
    for _ in 0..10 {
        let (mut client, mut peer, path, _folder) = recording_client();
        peer.write_all(b"hello\n").expect("it reads");
        client.stdout_with("hello");
        client.signal(Signal::INT);
        // Its standard input ends at the same moment, which may come first.
        client.wait();
        assert_eq!(steps(&path), "C! connect\nS: hello\nC! close\n");
    }
}

#[test]
fn a_file_that_exists_is_refused_before_anybody_is_called() {
    let outcome = otherend(&["connect", "127.0.0.1:1", "--record", "a.talk"])
        .file("a.talk", "precious")
        .run();
    outcome.exited(2).complained("a.talk: it exists already");
}
