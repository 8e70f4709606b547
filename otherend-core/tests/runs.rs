//! Plain lines are answered in runs as long as nobody watches; it must not show.
//!
//! A conversation with an observer takes each line by itself. So the two are told the same, in the
//! same pieces, and must say the same, count the same and end the same way. Rules of a transcript
//! are likewise asked in short, as long as none counts lines or has holes.

use std::sync::Arc;

use otherend_core::transcript::{Plan, Transcript};
use otherend_core::{
    AnyBehaviour, Conversation, Counts, Echo, EndReason, Event, ExitWords, Framing, Observer,
    Script, Settings, Sink, Time,
};
use proptest::prelude::*;

struct Watcher;

impl Observer for Watcher {
    fn on_event(&mut self, _: Time, _: &Event<'_>) {}
}

#[derive(Debug, Clone)]
struct Case {
    framing: Framing,
    /// `None`: nothing is said.
    prefix: Option<String>,
    max_message: usize,
    max_output: usize,
    exit_words: Vec<&'static str>,
}

impl Case {
    fn echo(framing: Framing) -> Self {
        Case {
            framing,
            prefix: Some("From server -> ".into()),
            max_message: 200,
            max_output: 1 << 20,
            exit_words: vec!["exit", "Exit"],
        }
    }

    fn conversation(&self) -> Conversation {
        let settings = Settings {
            framing: self.framing.clone(),
            max_message: self.max_message,
            max_output: self.max_output,
            exit_words: ExitWords::new(self.exit_words.clone()),
            ..Settings::server()
        };
        let behaviour = match &self.prefix {
            Some(prefix) => AnyBehaviour::Echo(Echo::new(prefix.as_bytes())),
            None => AnyBehaviour::Sink(Sink),
        };
        Conversation::new(Arc::new(settings), behaviour, Time::ZERO)
    }

    #[track_caller]
    fn check(&self, pieces: &[&[u8]]) {
        let unwatched = outcome(self.conversation(), pieces);
        let watched = outcome(self.conversation().observed(Box::new(Watcher)), pieces);
        assert_eq!(unwatched, watched, "{self:?}");
    }
}

/// What waits for the peer after each piece (of which it takes 60 bytes), and what there was in the end.
fn outcome(
    mut conversation: Conversation,
    pieces: &[&[u8]],
) -> (Vec<String>, Counts, Option<EndReason>) {
    let now = Time::ZERO;
    conversation.open(now);
    let mut unsent = Vec::new();
    let mut take = |conversation: &mut Conversation, most: usize| {
        unsent.push(conversation.unsent().escape_ascii().to_string());
        conversation.sent(now, conversation.unsent().len().min(most));
    };
    for piece in pieces {
        conversation.receive(now, piece);
        take(&mut conversation, 60);
    }
    conversation.peer_finished(now);
    while !conversation.unsent().is_empty() {
        take(&mut conversation, usize::MAX);
    }
    (unsent, conversation.counts(), conversation.reason())
}

#[test]
fn blocks_and_reads_of_every_size() {
    for framing in Framing::ALL {
        for length in 0..=130 {
            for end in ["\n", "\r\n", "\r"] {
                let line = "x".repeat(length) + end;
                let lines = "first\n".to_owned() + &line.repeat(8);
                // Each byte of a line comes to stand at bit 63 of some block, a CR among them.
                Case::echo(framing.clone()).check(&[lines.as_bytes()]);
            }
        }
        let lines = "twenty-nine bytes and an end\n".repeat(20) + &"CR LF\r\n".repeat(60);
        for size in [1, 2, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 192] {
            let reads: Vec<&[u8]> = lines.as_bytes().chunks(size).collect();
            Case::echo(framing.clone()).check(&reads);
        }
    }
}

#[test]
fn every_second_line_is_odd() {
    let long = "l".repeat(70) + "\n";
    for odd in ["odd\r", "\u{ff}\n", "\r\r\n", "exit\r", &long, "", "\n"] {
        for framing in Framing::ALL {
            let lines = format!("first\n{}", format!("plain\n{odd}").repeat(100));
            let case = Case {
                max_message: 64,
                ..Case::echo(framing.clone())
            };
            case.check(&[lines.as_bytes()]);
        }
    }
    let lines = [&b"first\n"[..], &b"plain\n\xff\xf1odd\n".repeat(100)].concat();
    Case::echo(Framing::Auto).check(&[&lines]);
}

#[test]
fn limits_and_exit_words_of_every_length() {
    let longest = 70;
    let lines: String = (0..=longest).map(|n| "x".repeat(n) + "\n").collect();
    let all = format!("first\n{}exit\nmore\n", lines.repeat(2));
    for framing in Framing::ALL {
        for max_message in (0..=longest).step_by(3).chain([5, 6, 7, 63, 64, 65]) {
            for exit_words in [vec![], vec!["exit"], vec!["longer than a line may be"]] {
                let case = Case {
                    max_message,
                    exit_words,
                    ..Case::echo(framing.clone())
                };
                case.check(&[all.as_bytes()]);
                let silent = Case {
                    prefix: None,
                    ..case
                };
                silent.check(&[all.as_bytes()]);
            }
        }
    }
}

#[test]
fn no_reply_more_than_the_output_may_have() {
    let lines = "first\n".to_owned() + &"0123456789\n".repeat(60);
    for max_output in (0..300).chain([27 * 61 - 1, 27 * 61, 27 * 61 + 1]) {
        let case = Case {
            max_output,
            ..Case::echo(Framing::Auto)
        };
        case.check(&[lines.as_bytes(), b"and then\n", b"", b""]);
    }
}

/// A mock of plain rules and one that pauses (which ends the shortcut), and `more`.
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
fn mock(max_output: usize, more: &str) -> Conversation {
    let file = format!(
        "otherend talk 1\n\non C: a\nS: the first letter\n\non C: \nS: empty\nS: twice\n\non C: end\nS! close\n\
         \non C: wait\n+1s\nS: waited\n\non C: {}\nS: long\n\non C: a\nS: never\n{more}",
        "l".repeat(60)
    );
    let transcript = Transcript::parse(file.as_bytes()).unwrap();
    let script = Script::server(Arc::new(Plan::new(transcript))).unwrap();
    let settings = Settings {
        max_message: 64,
        max_output,
        ..Settings::server()
    };
    Conversation::new(Arc::new(settings), script, Time::ZERO)
}

fn case() -> impl Strategy<Value = Case> {
    let framing = prop::sample::select(&Framing::ALL[..]);
    let prefix = prop::option::of("[a-z\r]{0,40}");
    let limits = (0usize..100, prop_oneof![0usize..2000, Just(1 << 20)]);
    let exit_words = prop::sample::subsequence(vec!["", "a", "exit", "aaaaaaaaaaaaaaaa"], 0..=4);
    (framing, prefix, limits, exit_words).prop_map(
        |(framing, prefix, (max_message, max_output), exit_words)| Case {
            framing,
            prefix,
            max_message,
            max_output,
            exit_words,
        },
    )
}

/// Plain lines of every length, between them what is not plain.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        4 => "[ab]{0,70}", 2 => "[a-z]{28,34}", 1 => "a{0,20}", 1 => "[a\r\u{e9}]{0,40}", 1 => Just("exit".to_owned()),
    ];
    let end = prop_oneof![
        12 => Just(&b"\n"[..]), 6 => Just(&b"\r\n"[..]), 2 => Just(&b"\r"[..]), 1 => Just(&b""[..]),
        1 => Just(&b"\xff\xf1\n"[..]), 1 => Just(&b"\r\r\n"[..]),
    ];
    let line = (text, end).prop_map(|(text, end)| [text.as_bytes(), end].concat());
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nobody_can_tell_whether_somebody_watches(
        case in case(),
        input in input(),
        size in prop_oneof![Just(usize::MAX), 1usize..300],
    ) {
        let pieces: Vec<&[u8]> = input.chunks(size).collect();
        case.check(&pieces);
    }

    /// Two more rules, which nobody sets off, make it ask all of them at each line.
    #[test]
    fn rules_answer_the_same_in_short(
        lines in prop::collection::vec(prop_oneof![
            12 => Just("a\n".to_owned()), 8 => Just("\n".to_owned()), 8 => Just("l".repeat(60) + "\n"),
            1 => "[ab]{0,70}\n", 1 => Just("end\n".to_owned()), 1 => Just("wait\n".to_owned()), 1 => "[ab\r]{0,3}",
        ], 0..60),
        size in prop_oneof![Just(usize::MAX), 1usize..300],
        max_output in prop_oneof![0usize..300, Just(1 << 20)],
    ) {
        let input = lines.concat();
        let pieces: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
        let short = outcome(mock(max_output, ""), &pieces);
        let counting = mock(max_output, "\non after 1000 C: never\nS: never\n");
        prop_assert_eq!(&short, &outcome(counting, &pieces));
        let watched = mock(max_output, "").observed(Box::new(Watcher));
        prop_assert_eq!(&short, &outcome(watched, &pieces));
    }
}
