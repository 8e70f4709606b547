//! Notices a peer that only says back what it is told (usually: loop detection): two echoes would
//! go on for ever.
//!
//! One line of ours at a time is the probe. Said back within half a second, alone or with something
//! before or after it, it was echoed; after eight echoes nothing of that peer is answered until it
//! has been silent for a second. With several lines under way at once each round of all of them
//! counts once, so every one of them dies after eight rounds.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::time::Duration;

use otherend_core::Time;

/// So many echoes of what we said make a loop: 17 datagrams in all between two of us.
const ECHOES: u8 = 8;
/// What comes later than this is no echo. Whoever repeats a line slower than that is no loop either.
const SOON: Duration = Duration::from_millis(500);
/// After so much silence the loop is broken.
const QUIET: Duration = Duration::from_secs(1);
/// A shorter line is an echo only alone: `a` is at the end of many lines.
const TELLING: usize = 8;

/// What is remembered of one peer.
#[derive(Debug, Default)]
pub(super) struct LoopGuard {
    probe: Option<Probe>,
    echoes: u8,
    /// When it was last heard, once it is in a loop.
    muted: Option<Time>,
}

/// A line of ours that may come back.
#[derive(Debug)]
struct Probe {
    length: usize,
    hash: u64,
    said: Time,
}

/// What to do with a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopCheck {
    /// Answer it.
    Fine,
    /// Do not.
    Looping,
}

impl LoopGuard {
    /// The peer sent `datagram`.
    pub(super) fn heard(&mut self, now: Time, datagram: &[u8]) -> LoopCheck {
        if let Some(last) = self.muted {
            if now.since(last) < QUIET {
                self.muted = Some(now);
                return LoopCheck::Looping;
            }
            *self = LoopGuard::default();
        }
        self.forget_old(now);
        // Two echoes and one datagram between them, ours with `From server -> `, theirs with
        // nothing:
        //
        //     they   hi
        //     we     From server -> hi                    the probe
        //     they   From server -> hi                    it: one echo
        //     we     From server -> From server -> hi     the next probe
        //
        // At the eighth we fall silent, and so do they. A person who pastes a line of ours back is
        // one echo, and half a second later none.
        let line = without_end(datagram);
        if self.probe.as_ref().is_some_and(|probe| probe.is_in(line)) {
            self.probe = None;
            self.echoes += 1;
            if self.echoes >= ECHOES {
                self.muted = Some(now);
                return LoopCheck::Looping;
            }
        }
        LoopCheck::Fine
    }

    /// We sent `datagram` to the peer.
    pub(super) fn said(&mut self, now: Time, datagram: &[u8]) {
        self.forget_old(now);
        if self.probe.is_none() {
            let line = without_end(datagram);
            self.probe = Some(Probe {
                length: line.len(),
                hash: hash(line),
                said: now,
            });
        }
    }

    /// A probe that did not come back in time: there is no loop.
    fn forget_old(&mut self, now: Time) {
        let is_old = |probe: &Probe| now.since(probe.said) > SOON;
        if self.probe.as_ref().is_some_and(is_old) {
            self.probe = None;
            self.echoes = 0;
        }
    }
}

impl Probe {
    fn is_in(&self, line: &[u8]) -> bool {
        let Some(more) = line.len().checked_sub(self.length) else {
            return false;
        };
        if more > 0 && self.length < TELLING {
            return false;
        }
        hash(&line[more..]) == self.hash || (more > 0 && hash(&line[..self.length]) == self.hash)
    }
}

/// A peer that finds another line with the same hash makes us not answer it, and no more.
fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(line);
    hasher.finish()
}

fn without_end(datagram: &[u8]) -> &[u8] {
    let line = datagram.strip_suffix(b"\n").unwrap_or(datagram);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two echoes with these prefixes and one datagram between them, `delay` for each way: how many
    /// datagrams are sent in all, the first included, before both are silent; 1000 at most.
    fn exchanged(prefixes: [&str; 2], first: &str, delay: Duration) -> usize {
        let mut guards = [LoopGuard::default(), LoopGuard::default()];
        let (mut now, mut datagram) = (Time::ZERO, first.as_bytes().to_vec());
        for sent in 1..1000 {
            now = now + delay;
            let end = sent % 2;
            if guards[end].heard(now, &datagram) == LoopCheck::Looping {
                return sent;
            }
            datagram = [prefixes[end].as_bytes(), &datagram].concat();
            guards[end].said(now, &datagram);
        }
        1000
    }

    #[test]
    fn two_echoes_stop_after_seventeen_datagrams() {
        let fast = Duration::from_micros(50);
        for prefixes in [["From server -> "; 2], ["", ""], ["", "echo: "]] {
            for first in ["", "x", "hello\n", "a longer line than the others\r\n"] {
                let sent = exchanged(prefixes, first, fast);
                assert!(sent <= 20, "{prefixes:?} {first:?}: {sent}");
            }
        }
        assert_eq!(exchanged(["", ""], "x", fast), 17);
    }

    #[test]
    fn far_away_echoes_stop_too() {
        assert_eq!(exchanged(["", ""], "x", Duration::from_millis(200)), 17);
    }

    #[test]
    fn many_lines_in_one_loop_stop_after_as_many_rounds() {
        let mut guard = LoopGuard::default();
        let mut heard = 0;
        for round in 0..100u64 {
            for line in 0..50u8 {
                let now = Time::from_micros(round * 1000 + u64::from(line));
                if guard.heard(now, &[line]) == LoopCheck::Fine {
                    heard += 1;
                    guard.said(now, &[line]);
                }
            }
        }
        assert!(heard <= 50 * 10, "{heard} were answered");
    }

    #[test]
    fn whoever_asks_the_same_again_is_answered() {
        let mut guard = LoopGuard::default();
        for second in 0..100 {
            let now = Time::ZERO + Duration::from_secs(second);
            assert_eq!(guard.heard(now, b"ping"), LoopCheck::Fine);
            guard.said(now, b"ping");
        }
    }

    #[test]
    fn short_answers_are_no_echo_of_longer_lines() {
        let mut guard = LoopGuard::default();
        for _ in 0..100 {
            assert_eq!(guard.heard(Time::ZERO, b"look"), LoopCheck::Fine);
            guard.said(Time::ZERO, b"ok");
        }
    }

    #[test]
    fn a_broken_loop_is_forgotten() {
        let mut guard = LoopGuard::default();
        let mut now = Time::ZERO;
        while guard.heard(now, b"x") == LoopCheck::Fine {
            guard.said(now, b"x");
        }
        now = now + QUIET / 2;
        assert_eq!(guard.heard(now, b"other"), LoopCheck::Looping);
        now = now + QUIET;
        assert_eq!(guard.heard(now, b"other"), LoopCheck::Fine);
    }
}
