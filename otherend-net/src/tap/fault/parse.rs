//! A fault as text: `on|after [N] C:|S: LINE ACTION`, or `on connect C:|S: ACTION`.

use std::str::FromStr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use otherend_core::transcript::LineShape;
use otherend_core::{Flaw, Role, parse_duration};

use super::{Action, Fault, LineAction, Lines, StreamAction, When};

/// Between two bytes of a line that is split, unless it says otherwise.
const SPLIT: Duration = Duration::from_millis(1);

/// Why some text is no fault, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// It begins with neither `on` nor `after`.
    #[error("a fault begins with `on` or `after`, as in `on S: 250 {{{{_:text=}}}} drop`")]
    When,
    /// Only its first word came.
    #[error("put the fault in quotes: '{0} S: 250 {{{{_:text=}}}} drop'")]
    Unquoted(String),
    /// A number that is none, or 0.
    #[error("`{0}` is no number of a line: they are counted from 1")]
    Nth(String),
    /// It does not say whose line it is for.
    #[error(
        "`{0}` says not whose line it is for: write `C:` or `S:` before the line (`C#` or `S#` before hex)"
    )]
    Who(String),
    /// It does not end with an action.
    #[error(
        "`{0}` is no fault: use cut, delay TIME, drop, duplicate, split [TIME], garble, wrong-eol, \
         wrong-length, wrong-sum, no-end, extra-byte, half-close, reset, stall [TIME] or rate SIZE"
    )]
    Action(String),
    /// An action has no value, or one of another kind.
    #[error("`{word}` needs a {kind}, as in `{word} {sample}`")]
    Value {
        /// The action.
        word: &'static str,
        /// What it needs.
        kind: &'static str,
        /// Such a one.
        sample: &'static str,
    },
    /// It could never happen in this framing.
    #[error("`{word}` cannot happen: the framing {framing} {lacks}")]
    Unsuited {
        /// The action.
        word: String,
        /// The framing.
        framing: String,
        /// What it does not have.
        lacks: &'static str,
    },
    /// The line is none.
    #[error("the line of a fault is written as in a transcript: {0}")]
    Line(String),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let text = text.trim();
        let (word, rest) = first_word(text);
        let after = match word {
            "on" | "after" if rest.is_empty() => {
                return Err(FaultError::Unquoted(word.to_owned()));
            }
            "on" => false,
            "after" => true,
            _ => return Err(FaultError::When),
        };
        if let ("connect", rest) = first_word(rest)
            && !after
        {
            let (who, _, rest) = speaker(rest)?;
            let action = action(rest).ok_or_else(|| no_action(rest))?;
            return Ok(Fault::new(text, who, When::Start, action));
        }
        let (nth, rest) = nth(rest)?;
        let (who, is_hex, rest) = speaker(rest)?;
        let (line, action) = line_and_action(rest)?;
        let shape = match is_hex {
            true => LineShape::hex(line),
            false => line.parse::<LineShape>(),
        };
        let shape = shape.map_err(FaultError::Line)?;
        let lines = Lines { shape, nth };
        let when = if after {
            When::After(lines)
        } else {
            When::On(lines)
        };
        Ok(Fault::new(text, who, when, action))
    }
}

impl Fault {
    fn new(text: &str, who: Role, when: When, action: Action) -> Self {
        Fault {
            text: text.to_owned(),
            who,
            when,
            action,
            met: AtomicBool::new(false),
        }
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// `2 S: …`: only the second line that fits.
fn nth(text: &str) -> Result<(Option<u32>, &str), FaultError> {
    let (word, rest) = first_word(text);
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((None, text));
    }
    match word.parse() {
        Ok(nth @ 1..) => Ok((Some(nth), rest)),
        _ => Err(FaultError::Nth(word.to_owned())),
    }
}

/// Whose line it is for, whether that is in hex, and what comes behind.
fn speaker(text: &str) -> Result<(Role, bool, &str), FaultError> {
    let speakers = [
        ("C:", Role::Client, false),
        ("S:", Role::Server, false),
        ("C#", Role::Client, true),
        ("S#", Role::Server, true),
    ];
    let found = speakers.iter().find_map(|(marker, who, is_hex)| {
        let rest = text.strip_prefix(marker)?;
        Some((*who, *is_hex, rest.strip_prefix(' ').unwrap_or(rest)))
    });
    found.ok_or_else(|| FaultError::Who(text.to_owned()))
}

/// The action stands at the end: one word, or a word and its value.
fn line_and_action(text: &str) -> Result<(&str, Action), FaultError> {
    let blanks: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    // The longest first: `stall 2s` is not a line that ends with `stall`, `2s`.
    let starts = blanks.iter().rev().take(2).rev();
    for &blank in starts {
        if let Some(action) = action(&text[blank + 1..]) {
            return Ok((&text[..blank], action));
        }
    }
    match action(text) {
        Some(action) => Ok(("", action)),
        None => Err(no_action(text)),
    }
}

fn no_action(text: &str) -> FaultError {
    /// The actions that cannot do without a value.
    const WITH_VALUE: [(&str, &str, &str); 2] = [("delay", "time", "3s"), ("rate", "size", "2k")];
    let last_two = || text.rsplit(' ').take(2);
    let needs = WITH_VALUE
        .into_iter()
        .find(|(word, ..)| last_two().any(|last| last == *word));
    match needs {
        Some((word, kind, sample)) => FaultError::Value { word, kind, sample },
        None => FaultError::Action(last_two().next().unwrap_or_default().to_owned()),
    }
}

fn action(text: &str) -> Option<Action> {
    use Action::{Line, Stream};
    let (word, value) = match text.split_once(' ') {
        Some((word, value)) => (word, Some(value)),
        None => (text, None),
    };
    let time = value.map(parse_duration);
    let action = match (word, value, time) {
        ("cut", None, _) => Line(LineAction::Cut),
        ("drop", None, _) => Line(LineAction::Drop),
        ("duplicate", None, _) => Line(LineAction::Duplicate),
        ("garble", None, _) => Line(LineAction::Garble),
        ("wrong-eol", None, _) => Line(LineAction::WrongEol),
        ("wrong-length", None, _) => Line(LineAction::Wrong(Flaw::Length)),
        ("wrong-sum", None, _) => Line(LineAction::Wrong(Flaw::Sum)),
        ("no-end", None, _) => Line(LineAction::Wrong(Flaw::NoEnd)),
        ("extra-byte", None, _) => Line(LineAction::ExtraByte),
        ("delay", _, Some(Some(time))) => Line(LineAction::Delay(time)),
        ("split", None, _) => Line(LineAction::Split(SPLIT)),
        ("split", _, Some(Some(gap))) => Line(LineAction::Split(gap)),
        ("half-close", None, _) => Stream(StreamAction::HalfClose),
        ("reset", None, _) => Stream(StreamAction::Reset),
        ("stall", None, _) => Stream(StreamAction::Stall(None)),
        ("stall", _, Some(Some(time))) => Stream(StreamAction::Stall(Some(time))),
        ("rate", Some(value), _) => Stream(StreamAction::Rate(size(value)?)),
        _ => return None,
    };
    Some(action)
}

/// Bytes, with `k` or `m` for powers of 1024; not 0.
fn size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor = match unit {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        _ => return None,
    };
    let bytes = number.parse::<u64>().ok()?.checked_mul(factor)?;
    (bytes > 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[track_caller]
    fn is(text: &str, who: Role, action: Action) {
        let fault = fault(text);
        assert_eq!((fault.who, fault.action), (who, action), "for {text}");
    }

    #[test]
    fn every_action_is_read() {
        let second = Duration::from_secs(1);
        for (text, action) in [
            ("cut", LineAction::Cut),
            ("delay 1s", LineAction::Delay(second)),
            ("drop", LineAction::Drop),
            ("duplicate", LineAction::Duplicate),
            ("split", LineAction::Split(SPLIT)),
            ("split 1s", LineAction::Split(second)),
            ("garble", LineAction::Garble),
            ("wrong-eol", LineAction::WrongEol),
            ("wrong-length", LineAction::Wrong(Flaw::Length)),
            ("wrong-sum", LineAction::Wrong(Flaw::Sum)),
            ("no-end", LineAction::Wrong(Flaw::NoEnd)),
            ("extra-byte", LineAction::ExtraByte),
        ] {
            is(
                &format!("on S: 250 {text}"),
                Role::Server,
                Action::Line(action),
            );
        }
        for (text, action) in [
            ("half-close", StreamAction::HalfClose),
            ("reset", StreamAction::Reset),
            ("stall", StreamAction::Stall(None)),
            ("stall 1s", StreamAction::Stall(Some(second))),
            ("rate 2k", StreamAction::Rate(2048)),
        ] {
            let fault = format!("after 3 C: QUIT {text}");
            is(&fault, Role::Client, Action::Stream(action));
            let fault = format!("on connect C: {text}");
            is(&fault, Role::Client, Action::Stream(action));
        }
    }

    #[test]
    fn a_fault_that_could_never_happen_is_told() {
        let told = |action: &str, framing: &str| {
            let fault = fault(&format!("on S# 00 {action}"));
            let drawing = framing.parse().ok();
            let unsuited = fault.suits(drawing.as_ref()).err();
            unsuited.map(|error| error.to_string())
        };
        for (action, suits, not) in [
            ("wrong-length", "u16", "stx"),
            ("wrong-length", "lsp", "lf"),
            ("wrong-sum", "nmea", "u16"),
            ("wrong-sum", "rtu", "lf"),
            ("no-end", "amqp", "u16"),
            ("no-end", "lf", "rtu"),
            ("wrong-eol", "lf", "stx"),
        ] {
            assert_eq!(told(action, suits), None, "{action} {suits}");
            let text = told(action, not).expect(not);
            let says = format!("`{action}` cannot happen: the framing {not} ");
            assert!(text.starts_with(&says), "{text}");
        }
        assert_eq!(told("extra-byte", "u16"), None);
        assert_eq!(told("reset", "lf"), None);
    }

    #[test]
    fn the_line_is_what_stands_between() {
        let shape = |text: &str| match fault(text).when {
            When::On(lines) | When::After(lines) => (lines.nth, lines.shape.to_string()),
            When::Start => panic!("{text}"),
        };
        assert_eq!(
            shape("after S: 250 ok then drop"),
            (None, "250 ok then".into())
        );
        assert_eq!(shape("on 2 C: stall 2s"), (Some(2), String::new()));
        assert_eq!(shape("on C: drop drop"), (None, "drop".into()));
        assert_eq!(shape("on C: stall 2s drop"), (None, "stall 2s".into()));
        assert_eq!(shape("on C: delay split"), (None, "delay".into()));
    }

    #[test]
    fn what_is_no_fault_is_explained() {
        let wrong = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        for (text, part) in [
            ("drop", "begins with `on` or `after`"),
            ("on 0 S: x drop", "`0` is no number"),
            ("on 250 drop", "says not whose line"),
            ("on S: 250", "`250` is no fault"),
            ("on", "put the fault in quotes: 'on S: "),
            (
                "on S: 250 OK delay",
                "`delay` needs a time, as in `delay 3s`",
            ),
            ("on S: 250 delay soon", "`delay` needs a time"),
            ("on S: 250 rate 0", "`rate` needs a size, as in `rate 2k`"),
            ("on S: {{x:int=1} drop", "written as in a transcript"),
            ("on connect drop", "says not whose"),
        ] {
            assert!(wrong(text).contains(part), "{text}: {}", wrong(text));
        }
    }
}
