//! Runs against servers that are threads of the test: good ones, and each kind of bad one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;

use super::payload::LineFormat;
use super::*;

const PREFIX: &str = "S ";

/// A server on a free port: `serve` gets every connection in a thread of its own. The threads end
/// with their connections, the listener with the test.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = std::sync::Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.unwrap(), serve.clone());
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Answer every line with what `reply` makes of its number and itself, until it gives `None`.
fn answer(stream: TcpStream, reply: impl Fn(usize, &str) -> Option<String>) {
    let mut writer = stream.try_clone().unwrap();
    let lines = BufReader::new(stream).split(b'\n');
    for (number, line) in lines.map_while(Result::ok).enumerate() {
        let line = String::from_utf8(line).unwrap();
        let Some(reply) = reply(number, &line) else {
            return;
        };
        if writer.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn echo(line: &str) -> Option<String> {
    Some(format!("{PREFIX}{line}\n"))
}

/// 4 clients, 300 ms of which 60 are warm-up, and 200 ms for the last replies.
fn plan(target: SocketAddr, pace: Pace) -> Plan {
    let said = LineFormat {
        prefix: Vec::new(),
        text: 31,
        end: b"\n",
    };
    let millis = Duration::from_millis;
    Plan {
        targets: vec![target],
        source: None,
        connect_timeout: Some(Duration::from_secs(10)),
        clients: 4,
        threads: 2,
        pace,
        heard: LineFormat {
            prefix: PREFIX.into(),
            ..said.clone()
        },
        said,
        times: Times::new(millis(300), millis(60), millis(200)),
    }
}

fn carry_out(plan: &Plan) -> LoadOutcome {
    let stop = AtomicBool::new(false);
    let connected = connect(plan, None, &stop, &mut |_| {}).unwrap();
    run(plan, connected, &stop, |_| {}).unwrap()
}

fn closed(in_flight: u32) -> Pace {
    Pace::Closed { in_flight }
}

#[track_caller]
fn assert_clean(outcome: &LoadOutcome) {
    assert!(outcome.ends.is_empty(), "{:?}", outcome.ends);
    assert_eq!((outcome.unanswered, outcome.lost), (0, 0));
    assert!(outcome.missing.is_empty());
}

/// Every client's connection ended early, and so.
#[track_caller]
fn assert_all_ended(outcome: &LoadOutcome, so: impl Fn(&End) -> bool) {
    let ends = &outcome.ends;
    assert!(
        ends.len() == 4 && ends.iter().all(|(_, end)| so(end)),
        "{ends:?}"
    );
}

#[test]
fn a_good_server_answers_everything() {
    for in_flight in [1, 100] {
        let target = server(|stream| answer(stream, |_, line| echo(line)));
        let outcome = carry_out(&plan(target, closed(in_flight)));
        assert_clean(&outcome);
        assert!(outcome.heard > 0 && !outcome.latency.is_empty());
        let seen: u64 = outcome
            .intervals
            .iter()
            .map(|interval| interval.lines)
            .sum();
        assert!(seen >= outcome.heard);
        assert_eq!(outcome.cpu.len(), 2);
    }
}

#[test]
fn lines_larger_than_any_buffer_are_checked_too() {
    let target = server(|stream| answer(stream, |_, line| echo(line)));
    let mut plan = plan(target, closed(2));
    plan.said.text = 3_000_000;
    plan.heard.text = 3_000_000;
    plan.times.given_up *= 100;
    let outcome = carry_out(&plan);
    assert_clean(&outcome);
}

#[test]
fn replies_may_come_in_any_pieces() {
    let target = server(|stream| {
        stream.set_nodelay(true).unwrap();
        let mut writer = stream.try_clone().unwrap();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            for byte in echo(&line).unwrap().bytes() {
                if writer.write_all(&[byte]).is_err() {
                    return;
                }
            }
        }
    });
    let mut plan = plan(target, closed(3));
    plan.times.given_up *= 100;
    let outcome = carry_out(&plan);
    assert_clean(&outcome);
}

#[test]
fn a_wrong_reply_is_shown_with_its_place() {
    let target = server(|stream| {
        answer(stream, |number, line| match number {
            2 => Some(format!("{PREFIX}{}\n", line.replace('f', "F"))),
            _ => echo(line),
        })
    });
    let outcome = carry_out(&plan(target, closed(1)));
    assert_eq!(outcome.ends.len(), 4);
    for (client, end) in &outcome.ends {
        let End::Differs(difference) = end else {
            panic!("{end:?}");
        };
        let head = format!("S {client:08}-00000002 abcde");
        assert_eq!(difference.expected, format!("{head}fghijklm\n").as_bytes());
        assert_eq!(difference.got, format!("{head}Fghijklm\n").as_bytes());
        assert_eq!((difference.client, difference.reply), (*client, 2));
        assert_eq!(difference.at, head.len());
    }
}

#[test]
fn another_clients_reply_is_a_wrong_one() {
    let target = server(|stream| answer(stream, |_, line| echo(&line.replacen('0', "1", 1))));
    let outcome = carry_out(&plan(target, closed(1)));
    assert!(matches!(&outcome.ends[..], [(_, End::Differs(_)), ..]));
}

#[test]
fn a_reply_to_nothing_is_noticed() {
    let target = server(|stream| answer(stream, |_, _| Some("\n\n".to_owned())));
    let mut plan = plan(target, closed(1));
    plan.said.text = 0;
    plan.heard = plan.said.clone();
    let outcome = carry_out(&plan);
    assert_all_ended(&outcome, |end| matches!(end, End::Unasked));
}

#[test]
fn a_server_that_closes_early_loses_lines() {
    let target = server(|stream| answer(stream, |number, line| echo(line).filter(|_| number < 5)));
    let outcome = carry_out(&plan(target, closed(1)));
    assert_all_ended(&outcome, |end| matches!(end, End::Closed));
    assert_eq!(outcome.lost, 4);
}

#[test]
fn a_reset_is_told_from_a_close() {
    let target = server(|mut stream| {
        let mut some = [0; 10];
        let _ = stream.read(&mut some);
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    });
    let outcome = carry_out(&plan(target, closed(1)));
    assert_all_ended(&outcome, |end| matches!(end, End::Reset));
}

#[test]
fn a_server_that_stalls_leaves_lines_unanswered_with_their_age() {
    let target = server(|stream| {
        answer(stream, |number, line| {
            Some(match number {
                0..10 => echo(line)?,
                _ => String::new(),
            })
        })
    });
    let mut plan = plan(target, closed(3));
    plan.times.measured_from = 0;
    let outcome = carry_out(&plan);
    assert_eq!((outcome.unanswered, outcome.ends.len()), (4 * 3, 0));
    assert_eq!(outcome.latency.len(), 4 * (10 + 3));
    assert!(outcome.latency.max() >= 400_000_000);
}

#[test]
fn an_open_loop_counts_the_wait_for_a_server_that_stalls() {
    let target = server(|stream| {
        answer(stream, |number, line| {
            if number == 40 {
                thread::sleep(Duration::from_millis(150));
            }
            echo(line)
        })
    });
    let pace = Pace::Open {
        rate: 4000,
        at_most: None,
    };
    let mut plan = plan(target, pace);
    plan.times.given_up *= 100;
    let outcome = carry_out(&plan);
    assert_clean(&outcome);
    // Every line due in the measured 240 ms, whatever the server did meanwhile.
    assert_eq!(outcome.latency.len(), 960);
    // 150 ms at 4,000 a second: 600 lines wait, half of them 75 ms or more.
    let waited = outcome.latency.count_between(60_000_000, u64::MAX);
    assert!(waited >= 200, "{waited}");
}

#[test]
fn an_open_loop_may_be_held_to_lines_in_flight() {
    let target = server(|stream| {
        let (mut reader, mut writer) = (stream.try_clone().unwrap(), stream);
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            // One line at a time, or the replies are wrong.
            let line = std::str::from_utf8(&bytes[..count]).unwrap();
            let _ = writer.write_all(format!("{PREFIX}{line}").as_bytes());
        }
    });
    let pace = Pace::Open {
        rate: 100_000,
        at_most: Some(1),
    };
    let mut plan = plan(target, pace);
    plan.times.given_up *= 100;
    assert_clean(&carry_out(&plan));
}

#[test]
fn nobody_there_is_one_cause_for_all_clients() {
    // Bound but not listening: the port stays ours, and whoever connects is refused.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any_port.into()).unwrap();
    let target = socket.local_addr().unwrap().as_socket().unwrap();
    let stop = AtomicBool::new(false);
    let connected = connect(&plan(target, closed(1)), None, &stop, &mut |_| {}).unwrap();
    assert!(connected.streams.iter().all(Option::is_none));
    let refused = Missing {
        cause: connect::Cause::Refused,
        clients: 4,
        target,
    };
    assert_eq!(connected.missing, [refused]);
}

#[test]
fn a_run_can_be_stopped_at_any_time() {
    let target = server(|stream| answer(stream, |_, line| echo(line)));
    let mut plan = plan(target, closed(1));
    plan.times = Times::new(Duration::from_secs(3600), Duration::ZERO, Duration::ZERO);
    let stop = AtomicBool::new(false);
    let connected = connect(&plan, None, &stop, &mut |_| {}).unwrap();
    let outcome = run(&plan, connected, &stop, |_| {
        stop.store(true, Ordering::Relaxed)
    })
    .unwrap();
    assert_clean(&outcome);
    assert!(outcome.until < plan.times.end && outcome.heard > 0);
}
