//! What one peer was due against what it heard: nothing of otherend is used here.

use std::fmt;
use std::io::ErrorKind;
use std::iter::Sum;
use std::ops::AddAssign;

/// What the server puts before each line that it says back.
pub(crate) const PREFIX: &[u8] = b"-> ";

/// How a peer left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It finished sending, and listened to the end.
    Finishing,
    /// It broke the connection off.
    Resetting,
    /// It said the exit word and then something that nobody answers.
    Exiting,
    /// The server had enough, somewhere: what was answered until then was answered in order.
    Drained,
}

/// What it heard last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing, while it listened.
    Open,
    /// The end of the stream.
    Finished,
    Broken(ErrorKind),
}

/// One connection.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The answers to all that it said, without their ends.
    pub(crate) due: Vec<Vec<u8>>,
    /// The exit word was among it, which has no answer.
    pub(crate) exits: bool,
    pub(crate) leaving: Leaving,
    pub(crate) heard: Vec<u8>,
    /// What answers end with.
    pub(crate) reply_end: &'static [u8],
    pub(crate) end: End,
}

/// Why a page is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Complaint {
    Lost(String),
    Doubled(String),
    /// Neither the answer that was due nor another one's.
    Altered(String),
    /// The last answer came in part.
    Cut(String),
    /// More than there was to answer.
    Invented(String),
    NoEnd(End),
}

/// What the pages that are right add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) pages: u64,
    pub(crate) said: u64,
    pub(crate) answered: u64,
    /// Peers that broke it off.
    pub(crate) resets: u64,
}

impl Page {
    /// Each line answered once and in order; all of them, unless the peer broke it off.
    pub(crate) fn check(&self) -> Result<Tally, Complaint> {
        let due = &self.due;
        let (heard, unfinished) = self.answers();
        for (place, answer) in heard.iter().enumerate() {
            match due.get(place) {
                Some(right) if right == answer => {}
                Some(right) => return Err(wrong(due, place, right, answer)),
                None if due.iter().any(|right| right == answer) => {
                    return Err(Complaint::Doubled(text(answer)));
                }
                None => return Err(Complaint::Invented(text(answer))),
            }
        }
        let tally = Tally {
            pages: 1,
            said: due.len() as u64 + u64::from(self.exits),
            answered: heard.len() as u64,
            resets: u64::from(self.leaving == Leaving::Resetting),
        };
        let next = due.get(heard.len());
        if self.leaving == Leaving::Resetting {
            let begun = next.map(|next| [next, self.reply_end].concat());
            let begun = begun.is_some_and(|next| next.starts_with(unfinished));
            return match begun || unfinished.is_empty() {
                true => Ok(tally),
                false => Err(Complaint::Altered(text(unfinished))),
            };
        }
        match next {
            _ if !unfinished.is_empty() => Err(Complaint::Cut(text(unfinished))),
            Some(next) if self.leaving != Leaving::Drained => Err(Complaint::Lost(text(next))),
            _ if self.end != End::Finished => Err(Complaint::NoEnd(self.end)),
            _ => Ok(tally),
        }
    }

    /// Whole answers, and what has no end.
    fn answers(&self) -> (Vec<&[u8]>, &[u8]) {
        let (mut answers, mut rest) = (Vec::new(), self.heard.as_slice());
        let length = self.reply_end.len();
        while let Some(at) = rest.windows(length).position(|end| end == self.reply_end) {
            answers.push(&rest[..at]);
            rest = &rest[at + length..];
        }
        (answers, rest)
    }
}

/// What went wrong where `answer` stands in the `place` of `right`.
fn wrong(due: &[Vec<u8>], place: usize, right: &[u8], answer: &[u8]) -> Complaint {
    match due.iter().position(|line| line == answer) {
        Some(other) if other < place => Complaint::Doubled(text(answer)),
        Some(_) => Complaint::Lost(text(right)),
        None => Complaint::Altered(text(answer)),
    }
}

fn text(line: &[u8]) -> String {
    line.escape_ascii().to_string()
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Complaint::Lost(line) => write!(f, "lost or late: \"{line}\""),
            Complaint::Doubled(line) => write!(f, "answered twice or early: \"{line}\""),
            Complaint::Altered(line) => write!(f, "nobody said what was answered: \"{line}\""),
            Complaint::Cut(line) => write!(f, "the last answer is cut: \"{line}\""),
            Complaint::Invented(line) => write!(f, "more than was said: \"{line}\""),
            Complaint::NoEnd(end) => write!(f, "the end was no end but {end:?}"),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.pages += other.pages;
        self.said += other.said;
        self.resets += other.resets;
        self.answered += other.answered;
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.fold(Tally::default(), |mut sum, tally| {
            sum += tally;
            sum
        })
    }
}

/// The checker against ledgers that are wrong.
mod corrupted {
    use super::*;

    const LINES: usize = 8;

    fn page(leaving: Leaving) -> Page {
        let due: Vec<String> = (0..LINES).map(|line| format!("-> 7 {line} text")).collect();
        let heard = due.iter().map(|line| format!("{line}\n")).collect();
        Page {
            due: due.into_iter().map(String::into_bytes).collect(),
            exits: leaving == Leaving::Exiting,
            leaving,
            heard: String::into_bytes(heard),
            reply_end: b"\n",
            end: End::Finished,
        }
    }

    /// A page whose answers were changed by `change`.
    fn with_answers(leaving: Leaving, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Page {
        let mut page = page(leaving);
        let mut answers = page
            .heard
            .split_inclusive(|byte| *byte == b'\n')
            .collect::<Vec<_>>();
        let mut answers: Vec<Vec<u8>> = answers.drain(..).map(<[u8]>::to_vec).collect();
        change(&mut answers);
        page.heard = answers.concat();
        page
    }

    const ALL: [Leaving; 4] = [
        Leaving::Finishing,
        Leaving::Resetting,
        Leaving::Exiting,
        Leaving::Drained,
    ];

    /// Who may have heard less than it was due.
    fn may_miss(leaving: Leaving) -> bool {
        matches!(leaving, Leaving::Resetting | Leaving::Drained)
    }

    #[test]
    fn what_is_right_passes() {
        for leaving in ALL {
            let tally = page(leaving).check().unwrap();
            let said = 8 + u64::from(leaving == Leaving::Exiting);
            assert_eq!((tally.pages, tally.said, tally.answered), (1, said, 8));
        }
    }

    #[test]
    fn an_end_of_two_bytes() {
        let mut page = page(Leaving::Finishing);
        page.reply_end = b"\r\n";
        assert!(page.check().is_err());
        page.heard = page
            .due
            .iter()
            .flat_map(|line| [line, &b"\r\n"[..]].concat())
            .collect();
        assert_eq!(page.check().unwrap().answered, 8);
    }

    #[test]
    fn an_answer_that_was_lost() {
        for place in 0..LINES {
            for leaving in ALL {
                let found = with_answers(leaving, |answers| drop(answers.remove(place))).check();
                if may_miss(leaving) && place == LINES - 1 {
                    assert_eq!(found.unwrap().answered, 7);
                } else {
                    assert_eq!(found, Err(Complaint::Lost(format!("-> 7 {place} text"))));
                }
            }
        }
    }

    #[test]
    fn an_answer_that_came_twice() {
        for place in 0..LINES {
            for leaving in ALL {
                let doubled = with_answers(leaving, |answers| {
                    answers.insert(place, answers[place].clone());
                });
                let line = format!("-> 7 {place} text");
                assert_eq!(doubled.check(), Err(Complaint::Doubled(line)));
            }
        }
    }

    #[test]
    fn two_answers_that_changed_places() {
        for place in 1..LINES {
            for leaving in ALL {
                let swapped = with_answers(leaving, |answers| answers.swap(place - 1, place));
                let line = format!("-> 7 {} text", place - 1);
                assert_eq!(swapped.check(), Err(Complaint::Lost(line)));
            }
        }
    }

    #[test]
    fn every_byte_that_was_altered() {
        for place in 0..page(Leaving::Finishing).heard.len() {
            for leaving in ALL {
                let mut altered = page(leaving);
                altered.heard[place] ^= 0x20;
                assert!(altered.check().is_err(), "byte {place}, {leaving:?}");
            }
        }
    }

    #[test]
    fn what_was_cut_at_any_byte() {
        for length in 0..page(Leaving::Finishing).heard.len() {
            for leaving in ALL {
                let mut cut = page(leaving);
                cut.heard.truncate(length);
                // Who broke it off heard what it heard; who was sent away heard whole answers.
                let whole = length % "-> 7 0 text\n".len() == 0;
                let is_right =
                    leaving == Leaving::Resetting || leaving == Leaving::Drained && whole;
                assert_eq!(cut.check().is_ok(), is_right, "{length} bytes, {leaving:?}");
            }
        }
    }

    #[test]
    fn what_nobody_said() {
        for leaving in ALL {
            let more = with_answers(leaving, |answers| answers.push(b"-> 7 8 text\n".to_vec()));
            let line = "-> 7 8 text".to_owned();
            assert_eq!(more.check(), Err(Complaint::Invented(line)));
        }
    }

    #[test]
    fn an_end_that_is_none() {
        for end in [End::Open, End::Broken(ErrorKind::ConnectionReset)] {
            let mut page = page(Leaving::Finishing);
            page.end = end;
            assert_eq!(page.check(), Err(Complaint::NoEnd(end)));
        }
    }
}
