//! `otherend serve --talk`: a transcript as the server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::program::{Program, Running, otherend};

const MOCK: &str = "\
otherend talk 1

C: HELLO
S: 200 {{who:word=world}}

on C: PING {{n:int=1}}
S: PONG {{n}}

on after 2 C: BYE
S! close

on C: BYE
S: once more
";

const ENGINES: [&str; 3] = ["single", "threads", "async"];

fn serve(words: &[&str], file: &str) -> (Running, TcpStream) {
    let words = [&["serve", "0", "--talk", "mock.talk"], words].concat();
    let mut server = otherend(&words).file("mock.talk", file).start();
    let line = server.stdout_with("listening on ");
    let address = line.split("listening on ").nth(1).expect("an address");
    let stream = TcpStream::connect(address.trim()).expect("it listens");
    (server, stream)
}

/// All that the server says to this.
fn answers(stream: &mut TcpStream, said: &str) -> String {
    stream.write_all(said.as_bytes()).expect("it reads");
    stream.shutdown(Shutdown::Write).expect("it is open");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).expect("it answers");
    heard
}

/// Stop a server whose clients all fitted.
fn stop(server: Running) -> String {
    server.signal(rustix::process::Signal::INT);
    server.wait().succeeded().stdout
}

/// Stop a server that heard this many lines that nothing fitted.
fn stop_misfitted(server: Running, misfits: &str) -> String {
    server.signal(rustix::process::Signal::INT);
    let said = format!("mock.talk: clients said {misfits} that nothing in it fits");
    server.wait().exited(3).complained(&said).stdout
}

#[test]
fn the_script_leads_and_rules_answer_under_every_engine() {
    for engine in ENGINES {
        let (server, mut peer) = serve(&["--engine", engine], MOCK);
        let heard = answers(
            &mut peer,
            "PING 7\nHELLO\nPING 8\nBYE\nPING x\nBYE\nPING 9\n",
        );
        assert_eq!(heard, "PONG 7\n200 world\nPONG 8\nonce more\n", "{engine}");
        let shown = stop_misfitted(server, "1 line");
        assert!(
            shown.contains("mock.talk: nothing in the file fits what the client said\n"),
            "{shown}"
        );
        assert!(shown.contains("heard     C: PING x\n"), "{shown}");
        assert!(!shown.contains("never reached"), "{shown}");
    }
}

#[test]
fn every_client_begins_at_the_start() {
    let (server, mut first) = serve(&[], MOCK);
    let mut second = TcpStream::connect(first.peer_addr().expect("connected")).expect("listens");
    assert_eq!(answers(&mut second, "HELLO\n"), "200 world\n");
    assert_eq!(answers(&mut first, "HELLO\n"), "200 world\n");
    stop(server);
}

#[test]
fn strict_closes_at_the_first_line_that_does_not_fit() {
    let (server, mut peer) = serve(&["--strict"], MOCK);
    assert_eq!(answers(&mut peer, "HELO\nHELLO\n"), "");
    let shown = stop_misfitted(server, "1 line");
    assert!(
        shown.contains("mock.talk:3: the client said something else\n"),
        "{shown}"
    );
    assert!(shown.contains("expected  C: HELLO\n"), "{shown}");
    assert!(
        shown.contains("mock.talk:3: never reached, nor 1 more step up to line 4: C: HELLO\n"),
        "{shown}"
    );
    assert!(
        shown.contains("never reached: on C: PING {{n:int=1}}\n"),
        "{shown}"
    );
    assert!(
        shown.contains("the peer does not fit the transcript"),
        "{shown}"
    );
}

#[test]
fn a_line_that_is_waited_for_in_vain_is_shown_once() {
    let (server, mut peer) = serve(&[], MOCK);
    assert_eq!(
        answers(&mut peer, "HELO\nHALLO\nHI\nHELLO\n"),
        "200 world\n"
    );
    let shown = stop_misfitted(server, "3 lines");
    let times = |text| shown.matches(text).count();
    assert_eq!(times("the client said something else"), 1, "{shown}");
    assert_eq!(times("as in `C: {{_:text=hi}}`"), 1, "{shown}");
    assert!(
        shown.contains("mock.talk:3: from there on 2 more lines fitted nothing\n"),
        "{shown}"
    );
}

#[test]
fn who_says_something_else_and_leaves_is_told_of_once() {
    let (server, mut peer) = serve(&[], MOCK);
    assert_eq!(answers(&mut peer, "HALLO\n"), "");
    let shown = stop_misfitted(server, "1 line");
    assert!(
        shown.contains("mock.talk:3: the client said something else"),
        "{shown}"
    );
    assert!(
        !shown.contains("closed the connection before this"),
        "{shown}"
    );
}

#[test]
fn clients_that_leave_early_or_never_come_are_no_misfits() {
    let (server, mut peer) = serve(&["--strict"], MOCK);
    assert_eq!(answers(&mut peer, ""), "");
    stop(server);
    let words = ["serve", "0", "--talk", "mock.talk"];
    let mut server = otherend(&words).file("mock.talk", MOCK).start();
    server.stdout_with("listening on ");
    let shown = stop(server);
    assert!(!shown.contains("never reached"), "{shown}");
}

#[test]
fn a_client_with_another_line_end_is_told_from_a_strange_one() {
    let (server, mut peer) = serve(&[], "otherend talk 1\neol crlf\n\non C: HI\nS: hello\n");
    assert_eq!(answers(&mut peer, "HI\nHI\r\nHO\r\n"), "hello\r\n");
    let shown = stop_misfitted(server, "2 lines");
    let named = "mock.talk: the client ended the line with LF, not with CR LF\n";
    assert!(shown.contains(named), "{shown}");
    assert!(shown.contains("or write `eol lf` in the file\n"), "{shown}");
    let strange = "mock.talk: nothing in the file fits what the client said\n";
    assert!(shown.contains(strange), "{shown}");
}

#[test]
fn what_it_says_can_be_set() {
    let (server, mut peer) = serve(&["--set", "who=you"], MOCK);
    assert_eq!(answers(&mut peer, "HELLO\n"), "200 you\n");
    stop(server);
}

#[test]
fn a_changed_file_is_read_again_all_or_nothing() {
    let words = ["serve", "0", "--talk", "mock.talk"];
    let program = otherend(&words).file("mock.talk", MOCK);
    let path = program.folder().join("mock.talk");
    let mut server = program.start();
    let line = server.stdout_with("listening on ");
    let address = line
        .split("listening on ")
        .nth(1)
        .expect("an address")
        .trim()
        .to_owned();
    let ask = || {
        let mut peer = TcpStream::connect(&address).expect("it listens");
        answers(&mut peer, "HELLO\n")
    };
    assert_eq!(ask(), "200 world\n");
    std::fs::write(&path, MOCK.replace("200", "2{{")).expect("a file");
    server.stdout_with("changed and cannot be used");
    assert_eq!(ask(), "200 world\n");
    std::fs::write(&path, MOCK.replace("200", "201 now")).expect("a file");
    server.stdout_with("new clients get what it says now");
    assert_eq!(ask(), "201 now world\n");
    stop(server);
}

const MEETING: &str = "\
otherend talk 1
S: hello
C: first
2C! connect
2S: hello you
2C: second
S: there is another
";

#[test]
fn connections_of_one_script_play_together() {
    for engine in ["threads", "async"] {
        let (mut server, mut first) = serve(&["--engine", engine], MEETING);
        first.write_all(b"first\n").expect("it reads");
        server.stdout_with(
            "1 * mock.talk:7 waits until somebody has come for connection 2 (mock.talk:4)",
        );
        let mut second =
            TcpStream::connect(first.peer_addr().expect("connected")).expect("listens");
        assert_eq!(answers(&mut second, "second\n"), "hello you\n");
        assert_eq!(answers(&mut first, ""), "hello\nthere is another\n");
        let shown = stop(server);
        assert!(!shown.contains("never reached"), "{shown}");
    }
}

#[test]
fn files_with_several_connections_are_played_one_after_the_other() {
    let (server, mut looking) = serve(&[], MEETING);
    let address = looking.peer_addr().expect("connected").to_string();
    assert_eq!(answers(&mut looking, ""), "hello\n");
    let files: Vec<String> = (0..20).map(|number| format!("{number}.talk")).collect();
    let files = files.iter().map(String::as_str);
    let words = ["play", "-j", "8"].into_iter().chain(files.clone());
    let words: Vec<&str> = words.chain([&address[..]]).collect();
    let with = |program: Program, file| program.file(file, MEETING);
    let program = files.fold(otherend(&words), with);
    program.run().succeeded().said("20 passed");
    stop(server);
}

#[test]
fn who_was_taken_for_another_connection_is_told_from_who_is_wrong() {
    let (mut server, first) = serve(&[], MEETING);
    server.stdout_with("1 < hello");
    let mut other = TcpStream::connect(first.peer_addr().expect("connected")).expect("listens");
    assert_eq!(answers(&mut other, "first\n"), "hello you\n");
    drop(first);
    let shown = stop_misfitted(server, "1 line");
    let named = "2 * this client was taken for connection 2 of the file";
    assert!(shown.contains(named), "{shown}");
}

#[test]
fn what_cannot_be_served_is_explained() {
    let program = otherend(&["serve", "0", "--talk", "x.talk", "--engine", "single"]);
    let two = program.file("x.talk", "otherend talk 1\nC: a\n2C: b\nC: c\n");
    two.run()
        .exited(2)
        .complained("x.talk:3: this connection opens while another is open")
        .complained("use --engine threads or async");
    let program = otherend(&["serve", "0", "--set", "a=b"]);
    program.run().exited(2).complained("add --talk FILE");
    let program = otherend(&["serve", "0", "--talk", "x.talk", "--set", "b=1"]);
    let unknown = program.file("x.talk", "otherend talk 1\nlet a = 1\nS: {{a}}\n");
    unknown
        .run()
        .exited(2)
        .complained("nothing in the transcript is named `b`");
}
