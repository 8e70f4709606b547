//! `otherend bench` against servers that are threads of the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use super::program::{Outcome, Program, otherend};

/// A server on a free port that answers each line with what `reply` makes of it; gives its port.
fn server(reply: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream, reply));
        }
    });
    port.to_string()
}

fn answer(stream: TcpStream, reply: fn(&str) -> String) {
    let mut writer = stream.try_clone().expect("a descriptor");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if writer.write_all(reply(&line).as_bytes()).is_err() {
            return;
        }
    }
}

fn echo(line: &str) -> String {
    format!("From server -> {line}\n")
}

/// A short run of 2 clients against `port`.
fn bench(port: &str, more: &[&str]) -> Program {
    let words = ["bench", port, "--clients", "2", "--seconds", "0.2"];
    otherend(&[&words, more].concat())
}

fn report(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).expect("one JSON object")
}

fn words(report: &serde_json::Value) -> Vec<&str> {
    let remarks = report["remarks"].as_array().expect("remarks");
    let words = remarks.iter().filter_map(|remark| remark["word"].as_str());
    words.collect()
}

#[test]
fn a_good_server_gets_a_summary() {
    let outcome = bench(&server(echo), &[]).run().succeeded();
    let shown = outcome.said("2 clients, 1 line of each in flight, 32 B a line");
    shown.said(" lines/s ").said("p99.9 ").said("█");
}

#[test]
fn json_is_one_object_on_one_line() {
    let outcome = bench(&server(echo), &["--json", "--in-flight", "7"]);
    let outcome = outcome.run().succeeded();
    assert_eq!(outcome.stdout.lines().count(), 1);
    let report = report(&outcome);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["load"]["in_flight"], 7);
    assert!(report["lines_per_s"].as_f64() > Some(0.0));
    assert!(report["latency"]["p99_ns"].as_u64() >= report["latency"]["p50_ns"].as_u64());
}

#[test]
fn an_open_loop_says_how_late_it_was() {
    let outcome = bench(&server(echo), &["--rate", "2000", "--json"]).run();
    let report = report(&outcome.succeeded());
    assert_eq!(report["load"]["rate"], 2000);
    // 160 ms are measured, and every line due in them counts.
    assert_eq!(report["latency"]["lines"], 320);
    assert!(report["lateness"]["p50_ns"].is_u64());
}

#[test]
fn a_saved_run_can_be_compared() {
    let port = server(echo);
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (one, two, page) = (file("one.json"), file("two.json"), file("page.html"));
    let run = bench(&port, &["--save", &one, "--html", &page]);
    run.run().succeeded();
    let page = std::fs::read_to_string(Path::new(&page)).expect("a page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    bench(&port, &["--save", &two, "--size", "64"])
        .run()
        .succeeded();
    let compared = otherend(&["bench", "compare", &one, &two])
        .run()
        .succeeded();
    let compared = compared.said("lines/s").said("one").said("two");
    let (caution, table) = compared.stdout.split_once('\n').expect("two lines");
    assert!(caution.starts_with("* the loads differ, so nothing is better or worse: "));
    assert!(
        !table.contains("better") && !table.contains("worse"),
        "{table}"
    );
}

#[test]
fn what_is_no_saved_run_is_named() {
    let run = otherend(&["bench", "compare", "a.json", "b.json"]).file("a.json", "{}");
    run.run()
        .exited(2)
        .complained("a.json: this is no run that");
    let run = otherend(&["bench", "compare", "a.txt", "b.json"]).file("a.txt", "Dear all");
    run.run()
        .exited(2)
        .complained("a.txt: this is no run that `bench --save` wrote\n");
}

#[test]
fn a_wrong_reply_is_a_mismatch_shown_with_both_sides() {
    let server = server(|line| format!("From server -> {}\n", line.replace("ab", "aB")));
    let outcome = bench(&server, &[]).run().exited(3);
    let outcome = outcome.said("expected  From server -> 0000000");
    outcome
        .said("byte 35:")
        .complained("another reply than expected");
}

#[test]
fn a_plain_echo_has_no_prefix() {
    let port = server(|line| format!("{line}\n"));
    bench(&port, &["--prefix", ""]).run().succeeded();
    let hint = "the server echoes without a prefix: add --prefix ''";
    bench(&port, &[]).run().exited(3).said(hint);
}

#[test]
fn line_ends_may_differ_between_line_and_reply() {
    let port = server(|line| format!("From server -> {line}\r\n"));
    bench(&port, &["--reply-end", "crlf"]).run().succeeded();
    bench(&port, &["--crlf"]).run().succeeded();
    bench(&port, &[])
        .run()
        .exited(3)
        .said("add --reply-end crlf");
}

#[test]
fn a_server_that_says_nothing_is_a_time_out() {
    let port = server(|_| String::new());
    let outcome = bench(&port, &["--grace", "100ms", "--json"])
        .run()
        .exited(4);
    assert_eq!(words(&report(&outcome))[0], "unanswered");
}

#[test]
fn a_server_that_closes_is_trouble_of_the_network() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a descriptor"));
            let _ = reader.read_line(&mut line);
            let _ = stream.write_all(echo(line.trim_end()).as_bytes());
            // With an unread line a close would be a reset.
            let _ = stream.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
    });
    let outcome = bench(&port, &["--json"]).run().exited(1);
    assert!(words(&report(&outcome)).contains(&"closed-early"));
}

#[test]
fn nobody_there_is_said_before_anything_else() {
    // Bound but not listening: the port stays ours, and whoever connects is refused.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any_port.into()).expect("a free port");
    let address = socket
        .local_addr()
        .expect("bound")
        .as_socket()
        .expect("IPv4");
    let outcome = bench(&address.port().to_string(), &[]).run().exited(1);
    assert_eq!(outcome.stdout, "");
    outcome.complained("refused");
}

#[test]
fn flags_that_make_no_sense_are_usage_trouble() {
    let no_end = otherend(&["bench", ":1", "--crlf", "--size", "1"]).run();
    no_end.exited(2).complained("a line has at least 2 bytes");
    let no_measure = otherend(&["bench", ":1", "--seconds", "1", "--warm-up", "1"]).run();
    no_measure.exited(2).complained("nothing would be measured");
    let too_many = otherend(&["bench", ":1", "--clients", "1000000"]).run();
    too_many
        .exited(2)
        .complained("descriptors and the limit is");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_early_with_the_figures_so_far() {
    let (said, heard) = std::sync::mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let said = said.clone();
            thread::spawn(move || {
                let _ = said.send(());
                answer(stream, echo);
            });
        }
    });
    let words = ["bench", &port, "--seconds", "1h", "--warm-up", "0"];
    let run = otherend(&words).start();
    // All clients are there, so the run has begun.
    assert_eq!(heard.iter().take(100).count(), 100);
    run.signal(rustix::process::Signal::INT);
    run.wait().exited(0).said("stopped early");
}
