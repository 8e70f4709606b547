//! A conversation whose bytes mean nothing to it: they pass, and both directions hold back.

#![allow(
    clippy::disallowed_types,
    reason = "the test looks at what its pipe has"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use otherend_core::pair::{Link, Pair};
use otherend_core::{
    Conversation, EndReason, Flow, Framing, Loss, Next, Outbox, Pipe, Settings, Step, Time,
};
use proptest::prelude::*;

/// What a test has on its side of the pipe.
#[derive(Debug, Default)]
struct Inside {
    /// `None`: the end.
    to_say: VecDeque<Option<Vec<u8>>>,
    heard: Vec<Vec<u8>>,
    full: bool,
}

#[derive(Debug, Clone, Default)]
struct Test(Arc<Mutex<Inside>>);

impl Test {
    fn with<T>(&self, act: impl FnOnce(&mut Inside) -> T) -> T {
        act(&mut self.0.lock().expect("nobody panicked"))
    }

    fn heard(&self) -> Vec<u8> {
        self.with(|inside| inside.heard.concat())
    }

    fn say(&self, pieces: &[&[u8]]) {
        let pieces = pieces.iter().map(|piece| Some(piece.to_vec()));
        self.with(|inside| inside.to_say.extend(pieces));
    }

    fn end(&self) {
        self.with(|inside| inside.to_say.push_back(None));
    }

    fn conversation(&self, framing: Framing) -> Conversation {
        let settings = Settings {
            framing,
            ..Settings::client()
        };
        let pipe: Box<dyn Pipe> = Box::new(self.clone());
        Conversation::new(Arc::new(settings), pipe, Time::ZERO)
    }
}

impl Pipe for Test {
    fn hear(&mut self, bytes: &[u8]) {
        self.with(|inside| inside.heard.push(bytes.to_vec()));
    }

    fn has_room(&self) -> bool {
        !self.with(|inside| inside.full)
    }

    fn next(&mut self, outbox: &mut Outbox) -> Next {
        match self.with(|inside| inside.to_say.pop_front()) {
            Some(Some(piece)) => {
                outbox.push(&piece);
                Next::Piece
            }
            Some(None) => Next::End,
            None => Next::Nothing,
        }
    }
}

/// Somebody made room, or has more to say.
fn go_on(conversation: &mut Conversation) {
    conversation.answer(Time::ZERO, |_| Flow::Continue);
}

fn opened(test: &Test) -> Conversation {
    let mut conversation = test.conversation(Framing::Auto);
    conversation.open(Time::ZERO);
    conversation
}

proptest! {
    #[test]
    fn bytes_pass_untouched_however_they_are_cut(
        said in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
        heard in prop::collection::vec(any::<u8>(), 0..200),
        room in 1_usize..50,
    ) {
        let test = Test::default();
        for piece in &said {
            test.say(&[piece]);
        }
        let peer = Test::default();
        peer.say(&[&heard]);
        let link = Link { capacity: room, max_piece: 7, ..Link::default() };
        let (client, server) = (test.conversation(Framing::Auto), peer.conversation(Framing::Lf));
        let mut pair = Pair::joined(client, server).over(link);
        pair.drive();
        prop_assert_eq!(peer.heard(), said.concat());
        prop_assert_eq!(test.heard(), heard);
    }
}

#[test]
fn a_piece_is_fetched_when_the_one_before_has_left() {
    let test = Test::default();
    test.say(&[b"one", b"", b"two"]);
    let mut conversation = opened(&test);
    assert_eq!(conversation.unsent(), b"one");
    conversation.sent(Time::ZERO, 2);
    assert_eq!(conversation.unsent(), b"e");
    conversation.sent(Time::ZERO, 1);
    assert_eq!(conversation.unsent(), b"two");
    conversation.sent(Time::ZERO, 3);
    test.say(&[b"three"]);
    assert_eq!(conversation.unsent(), b"");
    go_on(&mut conversation);
    assert_eq!(conversation.unsent(), b"three");
}

#[test]
fn who_has_no_room_holds_the_peer_back_and_says_on() {
    let test = Test::default();
    let mut conversation = opened(&test);
    test.with(|inside| inside.full = true);
    conversation.receive(Time::ZERO, b"a");
    assert_eq!(conversation.step(), Step::Wait { read: false });
    test.say(&[b"x"]);
    go_on(&mut conversation);
    assert_eq!(conversation.unsent(), b"x");
    assert_eq!(conversation.step(), Step::Wait { read: false });
    test.with(|inside| inside.full = false);
    go_on(&mut conversation);
    assert_eq!(conversation.step(), Step::Wait { read: true });
    assert_eq!(test.with(|inside| inside.heard.clone()), [b"a"]);
}

#[test]
fn after_the_end_of_what_is_said_the_peer_is_heard_to_its_end() {
    let test = Test::default();
    test.say(&[b"question"]);
    test.end();
    let mut conversation = opened(&test);
    assert_eq!(conversation.step(), Step::Wait { read: true });
    conversation.sent(Time::ZERO, 8);
    assert_eq!(conversation.step(), Step::HalfClose);
    conversation.half_closed(Time::ZERO);
    conversation.receive(Time::ZERO, b"ans");
    conversation.receive(Time::ZERO, b"wer");
    conversation.peer_finished(Time::ZERO);
    assert_eq!(conversation.step(), Step::Close);
    assert_eq!(conversation.reason(), Some(EndReason::PeerFinished));
    assert_eq!(test.heard(), b"answer");
}

#[test]
fn who_finishes_without_reading_is_not_waited_for() {
    let test = Test::default();
    test.say(&[b"much", b"more"]);
    let mut conversation = opened(&test);
    conversation.sent(Time::ZERO, 0);
    conversation.peer_finished(Time::ZERO);
    assert_eq!(conversation.step(), Step::Close);
    assert_eq!(conversation.counts().bytes_said, 0);
}

#[test]
fn last_words_are_heard_although_a_write_failed() {
    let test = Test::default();
    test.say(&[b"much", b"more"]);
    let mut conversation = opened(&test);
    conversation.write_failed(Time::ZERO, Loss::Reset);
    assert_eq!(conversation.unsent(), b"");
    assert_eq!(conversation.step(), Step::Wait { read: true });
    conversation.receive(Time::ZERO, b"no place");
    conversation.peer_finished(Time::ZERO);
    assert_eq!(conversation.step(), Step::Close);
    assert_eq!(conversation.reason(), Some(EndReason::PeerReset));
    assert_eq!(test.heard(), b"no place");
}

#[test]
fn each_piece_is_a_datagram() {
    let test = Test::default();
    test.say(&[b"one\n", b"two"]);
    let mut conversation = test.conversation(Framing::Datagram);
    conversation.open(Time::ZERO);
    for datagram in [&b"one\n"[..], b"two"] {
        assert_eq!(conversation.next_datagram(), Some(datagram.len()));
        assert_eq!(conversation.unsent(), datagram);
        conversation.sent(Time::ZERO, datagram.len());
    }
    assert_eq!(conversation.next_datagram(), None);
    conversation.receive(Time::ZERO, b"");
    conversation.receive(Time::ZERO, b"answer\r\n");
    assert_eq!(test.with(|inside| inside.heard.len()), 2);
    assert_eq!(test.heard(), b"answer\r\n");
    let counts = conversation.counts();
    assert_eq!((counts.messages_said, counts.messages_heard), (2, 2));
}
