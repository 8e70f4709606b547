//! The first rule: what a conversation hears and says never depends on how TCP cut the bytes.

use std::sync::Arc;

use otherend_core::pair::Notes;
use otherend_core::{AnyBehaviour, Conversation, Echo, Framing, Settings, Step, Time};
use proptest::prelude::*;

/// Everything heard, said and decided when `input` arrives in `pieces` and then ends.
fn outcome(framing: Framing, pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
    let now = Time::ZERO;
    let settings = Settings {
        framing,
        max_message: 20,
        max_output: 100,
        ..Settings::server()
    };
    let echo = AnyBehaviour::Echo(Echo::default());
    let (notes, observer) = Notes::new();
    let mut conversation = Conversation::new(Arc::new(settings), echo, now).observed(observer);
    conversation.open(now);
    let mut said = Vec::new();
    for piece in pieces {
        conversation.receive(now, piece);
        take(&mut conversation, now, &mut said);
    }
    conversation.peer_finished(now);
    take(&mut conversation, now, &mut said);
    (notes.taken(), said)
}

fn take(conversation: &mut Conversation, now: Time, said: &mut Vec<u8>) {
    while !conversation.unsent().is_empty() {
        said.extend_from_slice(conversation.unsent());
        conversation.sent(now, conversation.unsent().len());
    }
}

/// Bytes in which line ends, marks and telnet commands are frequent, or lines are long.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = |letters: u32| {
        prop_oneof![
            3 => Just(b'\n'), 3 => Just(b'\r'), 2 => Just(0u8), 2 => Just(0xff),
            1 => Just(0xfe), 1 => Just(0xef), 1 => Just(0xbb), 1 => Just(0xbf),
            2 => 0xf0u8..=0xff, letters => b'a'..=b'e', 1 => any::<u8>(),
        ]
    };
    let start = prop_oneof![
        Just(&b""[..]),
        Just(&b"\xef\xbb\xbf"[..]),
        Just(&b"\xff\xfe"[..]),
        Just(&b"Exit"[..]),
        Just(&b"exactly twenty bytes"[..]),
    ];
    let rest = prop_oneof![
        prop::collection::vec(byte(8), 0..300),
        prop::collection::vec(byte(200), 0..300),
    ];
    (start, rest).prop_map(|(start, rest)| [start, &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_partition_gives_the_same_conversation(
        input in bytes(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        framing in prop::sample::select(&Framing::ALL[..]),
    ) {
        let whole = outcome(framing.clone(), &[&input]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pieces.push(&input[start..cut]);
            start = cut;
        }
        pieces.push(&input[start..]);
        prop_assert_eq!(&outcome(framing.clone(), &pieces), &whole);
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        prop_assert_eq!(&outcome(framing.clone(), &bytes), &whole);
    }
}

/// Echo's prefix, 20 bytes and a line end; no complaint is longer.
const LONGEST_REPLY: usize = 40;

/// What a peer that takes `bite` bytes at a time, and lets `max_output` wait, is told in all.
fn said_to_slow_peer(
    framing: Framing,
    input: &[u8],
    (max_output, bite): (usize, usize),
) -> Vec<u8> {
    let now = Time::ZERO;
    let settings = Settings {
        framing,
        max_message: 20,
        max_output,
        ..Settings::server()
    };
    let mut conversation = Conversation::new(Arc::new(settings), Echo::default(), now);
    conversation.open(now);
    let mut said = Vec::new();
    let mut rest = input;
    let mut finished = false;
    loop {
        let unsent = conversation.unsent();
        // One reply may pass the limit, never a second.
        assert!(unsent.len() < max_output + LONGEST_REPLY);
        let taken = unsent.len().min(bite);
        said.extend_from_slice(&unsent[..taken]);
        if taken > 0 {
            conversation.sent(now, taken);
        }
        match conversation.step() {
            Step::Wait { read: true } if !rest.is_empty() => {
                let (next, behind) = rest.split_at(rest.len().min(7));
                conversation.receive(now, next);
                rest = behind;
            }
            Step::Wait { read: true } if !finished => {
                conversation.peer_finished(now);
                finished = true;
            }
            Step::Wait { .. } => assert!(!conversation.unsent().is_empty(), "stuck"),
            Step::HalfClose => conversation.half_closed(now),
            Step::Close | Step::Reset => return said,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_slow_peer_is_told_the_same(
        input in bytes(),
        limits in (0usize..64, 1usize..64),
        framing in prop::sample::select(&Framing::ALL[..]),
    ) {
        let quick = said_to_slow_peer(framing.clone(), &input, (1 << 20, usize::MAX));
        prop_assert_eq!(said_to_slow_peer(framing.clone(), &input, limits), quick);
    }
}

/// What stood before it was known to be no mark is heard in order, also by a peer that reads nothing.
#[test]
fn the_first_bytes_wait_for_room_too() {
    let openings: [&[u8]; 4] = [
        b"\xff\xfe\n\n",
        b"\xef\n\n\n",
        b"\xef\xbb\n\n",
        b"\xff\xfe\r\n",
    ];
    for framing in Framing::ALL {
        for opening in openings {
            let quick = said_to_slow_peer(framing.clone(), opening, (1 << 20, usize::MAX));
            assert_eq!(
                said_to_slow_peer(framing.clone(), opening, (1, 1)),
                quick,
                "{framing:?}"
            );
        }
    }
}
