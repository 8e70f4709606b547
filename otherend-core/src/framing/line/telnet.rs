//! The telnet filter: takes commands out of a byte stream and says what to answer.
//!
//! Follows RFC 854 (commands), RFC 1143 (no negotiation loops: every option is refused once and
//! never asked for) and RFC 1123 §3.3.1 (line ends, which the decoder handles). It never speaks first.

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const EL: u8 = 248;
const EC: u8 = 247;
const AYT: u8 = 246;
const SE: u8 = 240;

/// The longest subnegotiation that is skipped in silence, in bytes.
const MAX_SUBNEGOTIATION: u16 = 1024;
/// How many answers one conversation gets, whatever the peer asks.
const MAX_ANSWERS: u8 = 64;

/// What one byte of a telnet stream amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filtered {
    /// Part of a command; nothing to do.
    Nothing,
    /// A byte of text (`FF FF` is one 0xFF).
    Data(u8),
    /// EC: take back the last character of the pending line.
    EraseCharacter,
    /// EL: take back the pending line.
    EraseLine,
    /// AYT: prove that someone is here, with a line.
    AreYouThere,
    /// Refuse an option: these bytes go to the peer as they are.
    Answer([u8; 3]),
    /// A subnegotiation passed another [`MAX_SUBNEGOTIATION`] bytes.
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Command,
    Option(u8),
    Subnegotiation(u16),
    SubnegotiationCommand(u16),
}

/// The filter's state between two bytes, and which options were refused already.
#[derive(Debug)]
pub(super) struct TelnetFilter {
    state: State,
    refused_do: [u64; 4],
    refused_will: [u64; 4],
    answers: u8,
}

impl TelnetFilter {
    pub(super) fn new() -> Self {
        TelnetFilter {
            state: State::Data,
            refused_do: [0; 4],
            refused_will: [0; 4],
            answers: 0,
        }
    }

    /// Inside a command whose end has not come yet.
    pub(super) fn is_mid_command(&self) -> bool {
        self.state != State::Data
    }

    /// Take one byte of the stream.
    pub(super) fn push(&mut self, byte: u8) -> Filtered {
        match self.state {
            State::Data if byte == IAC => self.go(State::Command),
            State::Data => Filtered::Data(byte),
            State::Command => self.command(byte),
            State::Option(verb) => {
                self.state = State::Data;
                self.negotiate(verb, byte)
            }
            // `FF FA 1F 00 50 FF FF F0 FF F0`: inside, `FF FF` is one byte of the window's size, so
            // the `F0` behind it ends nothing. Only the last `FF F0` does.
            State::Subnegotiation(seen) if byte == IAC => {
                self.go(State::SubnegotiationCommand(seen))
            }
            State::SubnegotiationCommand(_) if byte == SE => self.go(State::Data),
            State::Subnegotiation(seen) | State::SubnegotiationCommand(seen) => self.skip(seen),
        }
    }

    fn go(&mut self, state: State) -> Filtered {
        self.state = state;
        Filtered::Nothing
    }

    fn command(&mut self, byte: u8) -> Filtered {
        self.state = match byte {
            DO | DONT | WILL | WONT => State::Option(byte),
            SB => State::Subnegotiation(0),
            _ => State::Data,
        };
        match byte {
            IAC => Filtered::Data(IAC),
            EC => Filtered::EraseCharacter,
            EL => Filtered::EraseLine,
            AYT => self.answer(Filtered::AreYouThere),
            // NOP, DM, BRK, IP, AO, GA and what is undefined: nothing to do here.
            _ => Filtered::Nothing,
        }
    }

    fn negotiate(&mut self, verb: u8, option: u8) -> Filtered {
        // `FF FD 01` (DO ECHO) is answered `FF FC 01` (WONT ECHO), once. A peer that asks again
        // knows the answer; two that answered every word of each other would never stop (RFC 1143).
        let (refused, no) = match verb {
            DO => (&mut self.refused_do, WONT),
            WILL => (&mut self.refused_will, DONT),
            // Answering WONT or DONT is how negotiation loops start.
            _ => return Filtered::Nothing,
        };
        let (word, bit) = (usize::from(option / 64), 1 << (option % 64));
        if refused[word] & bit != 0 {
            return Filtered::Nothing;
        }
        refused[word] |= bit;
        self.answer(Filtered::Answer([IAC, no, option]))
    }

    fn answer(&mut self, answer: Filtered) -> Filtered {
        // Three bytes asked for, three answered: without a limit a peer that reads nothing could
        // fill the outbox with refusals.
        if self.answers == MAX_ANSWERS {
            return Filtered::Nothing;
        }
        self.answers += 1;
        answer
    }

    fn skip(&mut self, seen: u16) -> Filtered {
        // Skipped, not stored. It is told every kibibyte like an overlong line, so that a
        // subnegotiation without an end runs into the limit on those.
        if seen == MAX_SUBNEGOTIATION {
            self.state = State::Subnegotiation(0);
            return Filtered::TooLong;
        }
        self.go(State::Subnegotiation(seen + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(bytes: &[u8]) -> Vec<Filtered> {
        let mut filter = TelnetFilter::new();
        bytes
            .iter()
            .map(|&b| filter.push(b))
            .filter(|f| *f != Filtered::Nothing)
            .collect()
    }

    #[test]
    fn options_are_refused_once_each() {
        let ask = [IAC, DO, 1, IAC, WILL, 3, IAC, DO, 1, IAC, WILL, 3];
        let refusals = [
            Filtered::Answer([IAC, WONT, 1]),
            Filtered::Answer([IAC, DONT, 3]),
        ];
        assert_eq!(filtered(&ask), refusals);
    }

    #[test]
    fn refusals_are_never_answered() {
        assert_eq!(filtered(&[IAC, WONT, 1, IAC, DONT, 3]), []);
    }

    #[test]
    fn at_most_64_answers_are_given() {
        let ask: Vec<u8> = (0..=255).flat_map(|option| [IAC, DO, option]).collect();
        assert_eq!(filtered(&ask).len(), 64);
        assert_eq!(filtered(&[IAC, AYT].repeat(100)).len(), 64);
    }

    #[test]
    fn a_doubled_iac_is_one_byte_of_text() {
        assert_eq!(
            filtered(&[b'a', IAC, IAC]),
            [Filtered::Data(b'a'), Filtered::Data(IAC)]
        );
    }

    #[test]
    fn a_subnegotiation_is_skipped_to_its_end() {
        let window_size = [IAC, SB, 31, 0, 80, IAC, IAC, 0, 24, IAC, SE, b'x'];
        assert_eq!(filtered(&window_size), [Filtered::Data(b'x')]);
    }

    #[test]
    fn an_endless_subnegotiation_is_noticed_every_kibibyte() {
        let mut bytes = vec![IAC, SB];
        bytes.resize(2 + 3 * 1025, 7);
        assert_eq!(filtered(&bytes), [Filtered::TooLong; 3]);
    }
}
