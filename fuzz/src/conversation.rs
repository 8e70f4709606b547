//! A whole conversation, operation by operation, against the [`Model`] and its own promises.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::{
    AnyBehaviour, Conversation, Echo, EndReason, ExitWords, Framing, Said, Settings, Step, Time,
};

use crate::model::{IDLE_TIMEOUT, LINE_TIMEOUT, Model};

const FRAMINGS: [Framing; 4] = [Framing::Lf, Framing::Crlf, Framing::Dotnet, Framing::Auto];

/// The first three bytes choose the settings; then comes one operation after the other: a byte
/// that says which, and what it needs.
pub fn check(input: &[u8]) {
    let [framing, max_message, max_output, operations @ ..] = input else {
        return;
    };
    let framing = FRAMINGS[usize::from(*framing) % FRAMINGS.len()].clone();
    let max_output = match max_output {
        0..128 => None,
        small => Some(usize::from(*small) - 128),
    };
    let mut run = Run::new(framing, usize::from(*max_message), max_output);
    let mut operations = operations;
    while let [operation, rest @ ..] = operations {
        let length = 1 + usize::from(operation >> 3);
        let (argument, after) = rest.split_at(length.min(rest.len()));
        run.perform(operation & 7, argument);
        operations = after;
    }
    run.end();
}

/// One conversation and its model, side by side.
struct Run {
    conversation: Conversation,
    model: Model,
    now: Time,
    taken: Vec<u8>,
    reason: Option<EndReason>,
    /// Replies wait, so the model, which does not, cannot tell what happens in between.
    bounded: bool,
}

impl Run {
    fn new(framing: Framing, max_message: usize, max_output: Option<usize>) -> Self {
        let settings = Settings {
            framing: framing.clone(),
            max_message,
            max_output: max_output.unwrap_or(usize::MAX / 2),
            message_timeout: Some(Duration::from_secs(LINE_TIMEOUT)),
            idle_timeout: Some(Duration::from_secs(IDLE_TIMEOUT)),
            write_timeout: None,
            exit_words: ExitWords::new(["exit"]),
            ..Settings::server()
        };
        let echo = AnyBehaviour::Echo(Echo::new(b"> "));
        let mut conversation = Conversation::new(Arc::new(settings), echo, Time::ZERO);
        conversation.open(Time::ZERO);
        Run {
            conversation,
            model: Model::new(framing, max_message),
            now: Time::ZERO,
            taken: Vec::new(),
            reason: None,
            bounded: max_output.is_some(),
        }
    }

    fn perform(&mut self, operation: u8, argument: &[u8]) {
        let Some(&first) = argument.first() else {
            return;
        };
        match operation {
            0..=2 => self.bytes(argument),
            3 => self.sent(usize::from(first)),
            4 if !self.bounded => self.time(u64::from(first)),
            5 if !self.bounded => self.say(first),
            6 if !self.bounded && first < 64 => self.drain(),
            7 if first < 16 => self.half_close(),
            _ => {}
        }
        self.model.settle();
        self.look();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        // 0xFF under `auto` is telnet, which has a target of its own.
        let auto = self.model.framing == Framing::Auto;
        let tame = |byte: &u8| if auto && *byte == 0xff { b'x' } else { *byte };
        let bytes: Vec<u8> = bytes.iter().map(tame).collect();
        if !self.may_read() {
            return;
        }
        self.conversation.receive(self.now, &bytes);
        if self.model.over.is_none() {
            bytes.iter().for_each(|byte| self.model.hear(*byte));
        }
    }

    fn half_close(&mut self) {
        if self.may_read() {
            self.conversation.peer_finished(self.now);
            if self.model.over.is_none() {
                self.model.peer_finishes();
            }
        }
    }

    /// Take replies until the conversation wants to read, as an engine would. `false`: it never will.
    fn may_read(&mut self) -> bool {
        while self.conversation.step() == (Step::Wait { read: false }) {
            if self.conversation.unsent().is_empty() {
                return false;
            }
            self.sent(7);
        }
        self.conversation.step() == Step::Wait { read: true }
    }

    fn sent(&mut self, count: usize) {
        let unsent = self.conversation.unsent();
        if unsent.is_empty() {
            return;
        }
        let count = count.min(unsent.len());
        self.taken.extend_from_slice(&unsent[..count]);
        self.conversation.sent(self.now, count);
        if count > 0 {
            self.model.touched = self.model.now;
        }
    }

    fn time(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.conversation.tick(self.now);
        self.model.time_passes(seconds);
        let deadline = self.conversation.deadline();
        assert!(
            deadline.is_none_or(|due| due > self.now) || self.conversation.is_over(),
            "a deadline that was carried out is due again"
        );
    }

    fn say(&mut self, number: u8) {
        let text = number.to_string();
        let said = self.conversation.say(self.now, text.as_bytes());
        assert_eq!(said == Said::Queued, self.model.say(&text));
    }

    fn drain(&mut self) {
        self.conversation.drain(self.now);
        self.conversation.nothing_to_read(self.now);
        self.model.draining = true;
    }

    /// What holds at every moment.
    fn look(&mut self) {
        let reason = self.conversation.reason();
        assert!(
            self.reason.is_none() || reason == self.reason,
            "the reason changed"
        );
        self.reason = reason;
        let counts = self.conversation.counts();
        assert_eq!(counts.bytes_said, self.taken.len() as u64);
        // What was taken stays as it was compared when it was said: only what is new is looked at.
        let unsent = self.conversation.unsent();
        let due = &self.model.said[self.taken.len()..];
        if self.bounded {
            assert!(due.starts_with(unsent), "{}", shown(unsent, due));
        } else {
            assert!(due == unsent, "{}", shown(unsent, due));
            assert_eq!(reason.map(EndReason::label), self.model.over);
        }
    }

    /// Everything that waits is taken, and nothing is missing.
    fn end(mut self) {
        self.take_all();
        let said = &self.model.said;
        assert!(self.taken == *said, "{}", shown(&self.taken, said));
        let reason = self.conversation.reason().map(EndReason::label);
        assert_eq!(reason, self.model.over);
        self.close();
    }

    fn take_all(&mut self) {
        while !self.conversation.unsent().is_empty() {
            self.sent(usize::MAX);
        }
    }

    /// However it went: with its engine's help it comes to its end.
    fn close(&mut self) {
        if self.conversation.step() == Step::HalfClose {
            self.conversation.half_closed(self.now);
        }
        self.conversation.peer_finished(self.now);
        self.take_all();
        let step = self.conversation.step();
        assert!(
            self.conversation.is_over() || step == Step::HalfClose,
            "{step:?}"
        );
    }
}

/// What was said and what was due, for the eyes of whoever reads a failure.
fn shown(said: &[u8], due: &[u8]) -> String {
    let (said, due) = (said.escape_ascii(), due.escape_ascii());
    format!("said \"{said}\", due \"{due}\"")
}
