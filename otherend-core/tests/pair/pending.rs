//! Answers that come later, or never: the lines behind them wait, and so does the peer.

use std::sync::Arc;

use otherend_core::{
    AnyBehaviour, Behaviour, Conversation, EndReason, Flow, Replies, Said, Settings, Step, Time,
};
use proptest::prelude::*;

use super::{answering, conversation, seconds};
use otherend_core::pair::Pair;

/// Owes the answer to each line that begins with `?`, has no room after one that begins with `!`,
/// and says the others back.
struct Asks;

impl Behaviour for Asks {
    fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
        match line.first() {
            Some(b'?') => Flow::Pending,
            Some(b'!') => Flow::Full,
            _ => {
                replies.message(line);
                Flow::Continue
            }
        }
    }

    fn on_peer_finished(&mut self, replies: &mut Replies<'_>) -> Flow {
        replies.message(b"bye");
        Flow::Continue
    }
}

fn asking() -> Conversation {
    let mut asking = conversation(Settings::server(), AnyBehaviour::custom(Asks));
    asking.open(Time::ZERO);
    asking
}

fn answer(asking: &mut Conversation, text: &str) -> bool {
    asking.answer(Time::ZERO, |replies| {
        replies.message(text.as_bytes());
        Flow::Continue
    })
}

#[test]
fn the_lines_behind_a_pending_answer_wait_for_it() {
    let mut asking = asking();
    asking.receive(Time::ZERO, b"a\n?1\nb\n?2\nc\n");
    assert_eq!(asking.unsent(), b"a\n");
    assert_eq!(asking.step(), Step::Wait { read: false });
    assert!(asking.is_busy());
    assert!(answer(&mut asking, "one"));
    assert_eq!(asking.unsent(), b"a\none\nb\n");
    assert!(answer(&mut asking, "two"));
    assert_eq!(asking.unsent(), b"a\none\nb\ntwo\nc\n");
    assert_eq!(asking.step(), Step::Wait { read: true });
    assert!(!answer(&mut asking, "nobody asked"));
}

#[test]
fn an_answer_may_be_pending_again_or_end_it() {
    let mut asking = asking();
    asking.receive(Time::ZERO, b"?\nb\n");
    assert!(asking.answer(Time::ZERO, |_| Flow::Pending));
    assert_eq!(asking.unsent(), b"");
    assert!(asking.answer(Time::ZERO, |_| Flow::FinishAfterReplies));
    assert_eq!(asking.reason(), Some(EndReason::BehaviourFinished));
    assert!(!answer(&mut asking, "too late"));
}

#[test]
fn who_has_no_room_owes_nothing() {
    let mut asking = asking();
    asking.receive(Time::ZERO, b"!\nb\n");
    assert_eq!(asking.step(), Step::Wait { read: false });
    assert!(asking.answer(Time::ZERO, |_| Flow::Continue));
    assert_eq!(asking.unsent(), b"b\n");
}

#[test]
fn a_peer_that_finishes_meanwhile_gets_every_answer() {
    let mut asking = asking();
    asking.receive(Time::ZERO, b"?1\nb\n?2");
    asking.peer_finished(Time::ZERO);
    assert_eq!(asking.reason(), None);
    answer(&mut asking, "one");
    assert_eq!(asking.unsent(), b"one\nb\n");
    assert_eq!(asking.reason(), None);
    answer(&mut asking, "two");
    assert_eq!(asking.unsent(), b"one\nb\ntwo\nbye\n");
    assert_eq!(asking.reason(), Some(EndReason::PeerFinished));
}

#[test]
fn the_end_itself_may_be_answered_later() {
    struct Late;
    impl Behaviour for Late {
        fn on_message(&mut self, _line: &[u8], _replies: &mut Replies<'_>) -> Flow {
            Flow::Continue
        }
        fn on_peer_finished(&mut self, _replies: &mut Replies<'_>) -> Flow {
            Flow::Pending
        }
    }
    let mut late = conversation(Settings::server(), AnyBehaviour::custom(Late));
    late.receive(Time::ZERO, b"a\n");
    late.peer_finished(Time::ZERO);
    assert_eq!(late.reason(), None);
    assert_eq!(late.say(Time::ZERO, b"still here"), Said::Queued);
    assert!(answer(&mut late, "done"));
    assert_eq!(late.unsent(), b"still here\ndone\n");
    assert_eq!(late.reason(), Some(EndReason::PeerFinished));
}

#[test]
fn a_drain_waits_for_the_answer() {
    let mut asking = asking();
    asking.receive(Time::ZERO, b"?\n");
    asking.drain(Time::ZERO);
    asking.nothing_to_read(Time::ZERO);
    assert_eq!(asking.reason(), None);
    answer(&mut asking, "here");
    assert_eq!(asking.reason(), Some(EndReason::Drained));
    assert_eq!(asking.unsent(), b"here\n");
}

#[test]
fn an_answer_that_never_comes_can_be_closed_over_and_cut_off() {
    for abort in [false, true] {
        let mut asking = asking();
        asking.receive(Time::ZERO, b"a\n?\nb\n");
        if abort {
            asking.abort(Time::ZERO, EndReason::Stopped);
            assert_eq!(asking.step(), Step::Reset);
        } else {
            asking.close(Time::ZERO, EndReason::ClosedHere);
            assert_eq!(asking.unsent(), b"a\n");
        }
        assert!(!answer(&mut asking, "too late"));
    }
}

#[test]
fn silence_while_the_answer_is_pending_is_no_idleness() {
    let mut asking = asking();
    asking.receive(Time::ZERO, b"?\n");
    let later = Time::ZERO + seconds(3600);
    assert_eq!(asking.deadline(), None);
    asking.tick(later);
    assert_eq!(asking.reason(), None);
    asking.answer(later, |_| Flow::Continue);
    // From here on the peer is waited for, but not from the moment of its last byte.
    asking.tick(later + seconds(599));
    assert_eq!(asking.reason(), None);
}

#[test]
fn a_flood_behind_a_pending_answer_stays_in_the_link() {
    let pending = answering(|_, _| Flow::Pending);
    let server = conversation(Settings::server(), pending);
    let mut pair = Pair::joined(
        conversation(Settings::client(), answering(|_, _| Flow::Continue)),
        server,
    )
    .over(super::narrow(100));
    let now = pair.now();
    for _ in 0..1000 {
        pair.client.conversation().say(now, b"and another thing");
    }
    pair.drive();
    assert_eq!(pair.server.conversation().counts().messages_heard, 1);
    assert!(pair.server.conversation().memory() < 1000);
}

proptest! {
    /// However the bytes are cut, and however much comes before each answer, the same is said.
    #[test]
    fn it_does_not_depend_on_the_cuts(
        lines in proptest::collection::vec("[?!]?[a-c]{0,3}", 0..8),
        cuts in proptest::collection::vec(1usize..6, 0..40),
        finish in any::<bool>(),
    ) {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
        let mut expected = Vec::new();
        for line in &lines {
            match line.as_bytes().first() {
                Some(b'?' | b'!') => expected.extend_from_slice(b"answer\n"),
                _ => expected.extend_from_slice([line.as_bytes(), b"\n"].concat().as_slice()),
            }
        }
        if finish {
            expected.extend_from_slice(b"bye\n");
        }
        let behaviour = AnyBehaviour::custom(Asks);
        let mut asking = Conversation::new(Arc::new(Settings::server()), behaviour, Time::ZERO);
        let (mut rest, mut cuts) = (&bytes[..], cuts.into_iter());
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(cuts.next().unwrap_or(rest.len()).min(rest.len()));
            asking.receive(Time::ZERO, piece);
            rest = left;
            if piece.len() % 2 == 0 {
                answer(&mut asking, "answer");
            }
        }
        if finish {
            asking.peer_finished(Time::ZERO);
        }
        while answer(&mut asking, "answer") {}
        prop_assert_eq!(asking.unsent(), &expected[..]);
    }
}
