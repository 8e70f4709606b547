//! A transcript inside a conversation: its pauses and ends are ours and cost the peer nothing, and
//! no peer can make it keep more than a little.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::Framing;
use otherend_core::pair::{Link, Notes, Pair};
use otherend_core::transcript::{Options, Plan, Timing, Transcript};
use otherend_core::{Conversation, EndReason, Script, Settings, Step, Time};

use super::{conversation, narrow, seconds, text};

/// A server that plays `file` and keeps its pauses.
fn served(file: &str, settings: Settings) -> Conversation {
    let file = format!("otherend talk 1\n{file}");
    let plan = Plan::new(Transcript::parse(file.as_bytes()).expect("a transcript"));
    let script = Script::server(Arc::new(plan)).expect("one connection");
    let script = script.with(|options| Options {
        timing: Timing::Speed(1.0),
        ..options
    });
    conversation(settings, script)
}

fn pair(file: &str, settings: Settings) -> Pair {
    Pair::new(served(file, settings))
}

fn reason(pair: &mut Pair) -> Option<EndReason> {
    pair.server.conversation().reason()
}

/// It answers three seconds after it was asked.
const SLOW: &str = "on C: a\n+3s\nS: b\n";

#[test]
fn a_flood_waits_in_the_link_while_the_script_pauses() {
    let mut pair = pair(SLOW, Settings::server()).over(narrow(10_000));
    pair.client.write(&b"a\n".repeat(1_000_000));
    pair.drive();
    let heard = pair.server.conversation().counts().bytes_heard;
    let waiting = pair.server.conversation().waiting_bytes();
    assert!(heard < 128 * 1024, "{heard} bytes were read");
    assert!(waiting > 60_000, "{waiting} bytes are told to wait");
    pair.turn(seconds(9));
    assert_eq!(text(pair.client.heard()), "b\nb\nb\n");
}

#[test]
fn a_long_line_is_heard_while_it_is_the_peers_turn() {
    let settings = Settings {
        max_message: 500_000,
        ..Settings::server()
    };
    let mut pair = pair("on other\nS: heard\n", settings).over(narrow(10_000));
    pair.client.write(&[&[b'x'; 400_000][..], b"\n"].concat());
    pair.drive();
    assert_eq!(text(pair.client.heard()), "heard\n");
}

#[test]
fn a_flood_of_datagrams_is_lost_while_the_script_pauses() {
    let settings = Settings {
        framing: Framing::Datagram,
        ..Settings::server()
    };
    let mut served = served(&format!("over udp\n{SLOW}"), settings);
    served.open(Time::ZERO);
    served.receive(Time::ZERO, b"a\n");
    // Empty ones take memory too.
    for datagram in [b"", &[b'x'; 10_000][..]] {
        for _ in 0..10_000 {
            served.receive(Time::ZERO, datagram);
        }
    }
    let waiting = served.waiting_bytes();
    assert!((60_000..80_000).contains(&waiting), "{waiting} bytes wait");
    let later = Time::ZERO + seconds(3);
    served.tick(later);
    assert_eq!(text(served.unsent()), "b\n");
    served.sent(later, 2);
    assert_eq!(served.waiting_bytes(), 0);
}

#[test]
fn a_pause_that_is_over_waits_for_room_without_a_deadline() {
    let file = format!("on C: a\nS: {}\n+1s\nS: end\n", "x".repeat(100));
    let settings = Settings {
        max_output: 60,
        write_timeout: None,
        idle_timeout: None,
        ..Settings::server()
    };
    let mut pair = pair(&file, settings).over(narrow(20));
    pair.client.set_reading(false);
    pair.client.write(b"a\na\n");
    // A deadline that stays due fails here.
    pair.turn(seconds(5));
    assert_eq!(pair.server.conversation().deadline(), None);
    pair.client.set_reading(true);
    pair.turn(seconds(5));
    let answer = format!("{}\nend\n", "x".repeat(100));
    assert_eq!(text(pair.client.heard()), answer.repeat(2));
}

fn impatient() -> Settings {
    Settings {
        message_timeout: Some(seconds(1)),
        ..Settings::server()
    }
}

#[test]
fn a_line_that_waits_for_a_pause_is_not_late() {
    let mut pair = pair(SLOW, impatient());
    pair.client.write(b"a\na\n");
    pair.turn(seconds(10));
    assert_eq!(text(pair.client.heard()), "b\nb\n");
    assert_eq!(reason(&mut pair), None);
}

#[test]
fn a_line_begun_in_a_pause_has_its_time_after_it() {
    let mut pair = pair(SLOW, impatient());
    pair.client.write(b"a\nunfinished");
    pair.turn(seconds(3) + Duration::from_millis(999));
    assert_eq!(text(pair.client.heard()), "b\n");
    assert_eq!(reason(&mut pair), None);
    pair.turn(Duration::from_millis(1));
    assert_eq!(reason(&mut pair), Some(EndReason::MessageTimeout));
}

#[test]
fn a_drain_lets_the_answer_under_way_be_said() {
    for file in [SLOW, "C: a\n+3s\nS: b\nC: c\n"] {
        let mut pair = pair(file, Settings::server());
        pair.client.write(b"a\n");
        pair.turn(seconds(1));
        let now = pair.now();
        assert!(pair.server.conversation().is_busy());
        pair.server.conversation().drain(now);
        pair.server.conversation().nothing_to_read(now);
        pair.turn(seconds(1));
        assert!(!pair.client.peer_finished(), "{file}");
        pair.turn(seconds(1));
        assert_eq!(text(pair.client.heard()), "b\n");
        assert!(pair.client.peer_finished(), "{file}");
        assert_eq!(reason(&mut pair), Some(EndReason::Drained));
    }
}

#[test]
fn after_its_half_close_a_rule_only_listens() {
    for half in ["S: b\nS! half-close\n", "S: b\n+1s\nS! half-close\n"] {
        let mut pair = pair(
            &format!("on C: a\n{half}\non C: bye\nS: bye\nS! close\n"),
            Settings::server(),
        );
        for _ in 0..2 {
            pair.client.write(b"a\n");
            pair.turn(seconds(2));
        }
        assert_eq!(text(pair.client.heard()), "b\n");
        assert!(pair.client.peer_finished());
        assert_eq!(pair.server.conversation().counts().messages_said, 1);
        assert_eq!(pair.server.conversation().counts().messages_heard, 2);
        assert_eq!(reason(&mut pair), None);
        pair.client.write(b"bye\n");
        pair.client.finish();
        pair.drive();
        assert_eq!(reason(&mut pair), Some(EndReason::BehaviourFinished));
        assert!(pair.server.conversation().unsent().is_empty());
    }
}

#[test]
fn a_reset_is_one_after_the_clients_end_too() {
    let mut served = served("C: quit\nC! half-close\nS! reset\n", Settings::server());
    served.open(Time::ZERO);
    served.receive(Time::ZERO, b"quit\n");
    served.peer_finished(Time::ZERO);
    assert_eq!(served.step(), Step::Reset);
}

#[test]
fn a_line_that_is_too_long_ends_it_however_it_was_cut() {
    let settings = || Settings {
        max_message: 10,
        ..Settings::server()
    };
    for file in ["on other\nS: ok\n", "C: {{_:text=x}}\nS: ok\n"] {
        for max_piece in [1, 7, 100] {
            for (line, answer) in [("0123456789\r\n", "ok\n"), ("0123456789x\n", "")] {
                let link = Link {
                    max_piece,
                    ..Link::default()
                };
                let file = if line.ends_with("\r\n") {
                    format!("eol crlf\n{file}").replace("S: ok", "S. ok\\n")
                } else {
                    file.to_owned()
                };
                let mut pair = pair(&file, settings()).over(link);
                pair.client.write(line.as_bytes());
                pair.drive();
                assert_eq!(text(pair.client.heard()), answer, "{file}{max_piece}");
                let expected = answer.is_empty().then_some(EndReason::Mismatch);
                assert_eq!(reason(&mut pair), expected, "{file}{max_piece}");
            }
        }
    }
}

#[test]
fn no_line_of_the_file_is_too_long() {
    let long = "x".repeat(100_000);
    for file in [
        format!("C: {long}\nS: ok\n"),
        format!("on C: {long}\nS: ok\n"),
    ] {
        let mut pair = pair(&file, Settings::server());
        pair.client.write(format!("{long}\n").as_bytes());
        pair.drive();
        assert_eq!(text(pair.client.heard()), "ok\n");
    }
}

/// What `file` made of `pieces` and the peer's end, for observers; and the lines counted.
fn seen(file: &str, pieces: &[&str]) -> (Vec<String>, u64) {
    let (notes, observer) = Notes::new();
    let mut observed = served(file, Settings::server()).observed(observer);
    let mut unobserved = served(file, Settings::server());
    for served in [&mut observed, &mut unobserved] {
        served.open(Time::ZERO);
        for piece in pieces {
            served.receive(Time::ZERO, piece.as_bytes());
        }
        served.peer_finished(Time::ZERO);
    }
    let counts = observed.counts();
    assert_eq!(counts, unobserved.counts(), "{pieces:?}");
    let seen = notes.taken().into_iter();
    let said = seen.filter(|note| note.starts_with("heard") || note.starts_with("said"));
    (said.collect(), counts.messages_heard)
}

#[test]
fn a_piece_without_an_end_is_seen_before_its_answer() {
    let file = "C. hello\nS: hi\nC. bye\n";
    let all = (
        vec!["heard hello".into(), "said hi".into(), "heard bye".into()],
        2,
    );
    assert_eq!(seen(file, &["hello", "bye"]), all);
    assert_eq!(seen(file, &["hel", "lo", "b", "y", "e"]), all);
}

#[test]
fn an_unfinished_last_line_is_seen() {
    let rule = "on C: a\nS: b\n";
    let all = (
        vec!["heard a".into(), "said b".into(), "heard unfinished".into()],
        2,
    );
    assert_eq!(seen(rule, &["a\nunfin", "ished"]), all);
}
