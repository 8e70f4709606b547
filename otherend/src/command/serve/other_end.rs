//! The server's part when a peer diagnoses together with it: recognise its line, answer it, and say
//! on the screen what both ends see.

use otherend_diagnose::OtherEnd;
use otherend_diagnose::two_ended::{Recognised, Recogniser, Seen};
use otherend_net::{Handle, Peer};

/// A peer that diagnoses says so in its first line, and in its second that it heard the answer.
const LINES: u8 = 2;

/// Listens to the first lines of one peer.
pub(super) struct Ear {
    recogniser: Recogniser,
    lines_left: u8,
}

impl Ear {
    pub(super) fn new() -> Self {
        Ear {
            recogniser: Recogniser::default(),
            lines_left: LINES,
        }
    }

    /// Whoever did not say so by now is not diagnosing.
    pub(super) fn is_done(&self) -> bool {
        self.lines_left == 0
    }

    /// The peer said a line: answer it if it is meant for this. Gives what is to be remarked.
    pub(super) fn line(&mut self, peer: &Peer, handle: &Handle, line: &[u8]) -> Option<String> {
        // Two lines and no more: a client that happens to say the same later on is not spoken to by
        // surprise, and the rest of its lines cost nothing.
        self.lines_left = self.lines_left.checked_sub(1)?;
        let seen = Seen {
            source: peer.address.inet()?,
            destination: peer.local.inet()?,
        };
        let Some(recognised) = self.recogniser.line(line, seen) else {
            self.lines_left = 0;
            return None;
        };
        match recognised {
            Recognised::Diagnosing { answer, compared } => {
                handle.say(peer.number, answer.as_bytes());
                Some(remark(&compared))
            }
            Recognised::Heard => Some("diagnosing: our answers reach the peer".to_owned()),
        }
    }
}

fn remark(compared: &OtherEnd) -> String {
    let translations = match compared.translations() {
        0 => "no address is translated on the way".to_owned(),
        1 => "one address is translated on the way".to_owned(),
        count => format!("{count} addresses are translated on the way"),
    };
    let (from, to) = (compared.seen_from, compared.seen_to);
    format!("diagnosing: arrived from {from} at {to}; {translations}")
}
