//! One line of a transcript by itself: what a line or message must look like to be meant.

use std::fmt;

use super::plan::{Known, Values};
use super::{FIRST_LINE, Plan, Transcript};

/// What a line looks like: literal text and holes, as a `C:` or `S:` line has them.
///
/// ```
/// use otherend_core::transcript::LineShape;
///
/// let shape: LineShape = "RING {{n:int=3}} of {{n}}".parse().unwrap();
/// assert!(shape.fits(b"RING 7 of 7"));
/// assert!(!shape.fits(b"RING 7 of 8"));
///
/// let wrong = "RING {{n:integer=3}}".parse::<LineShape>().unwrap_err();
/// assert_eq!(wrong, "`integer` is no kind of hole; did you mean `int`?");
/// ```
#[derive(Debug)]
pub struct LineShape {
    text: String,
    /// A file with nothing but a rule that this line sets off; `None`: it is in hex, which no line
    /// end belongs to.
    line: Option<Plan>,
    /// The same for a message in a frame.
    message: Plan,
}

impl LineShape {
    /// All of `line`, without its end, is as it must be. Holes remember nothing from line to line.
    #[must_use]
    pub fn fits(&self, line: &[u8]) -> bool {
        match &self.line {
            Some(plan) => sets_off(plan, &[line, b"\n"].concat()),
            None => self.fits_message(line),
        }
    }

    /// As [`fits`](Self::fits), for a message without its frame: any bytes may be in it.
    #[must_use]
    pub fn fits_message(&self, message: &[u8]) -> bool {
        sets_off(&self.message, message)
    }

    /// What a message looks like that is written in pairs of hex digits, as behind `C#`.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what would be right, in one line.
    pub fn hex(text: &str) -> Result<Self, String> {
        Ok(LineShape {
            text: text.to_owned(),
            line: None,
            message: plan(MESSAGES, '#', text)?,
        })
    }
}

/// What any message can stand in.
const MESSAGES: &str = "framing u64\n";

/// A file with nothing but a rule for this line.
fn plan(setting: &str, marker: char, text: &str) -> Result<Plan, String> {
    if text.contains('\n') {
        return Err("it is more than one line".to_owned());
    }
    let lead = if text.is_empty() { "" } else { " " };
    let file = format!("{FIRST_LINE}\n{setting}on C{marker}{lead}{text}\nS:\n");
    let transcript = Transcript::parse(file.as_bytes())
        .map_err(|error| format!("{}; {}", error.wrong, error.wrong.hint()))?;
    Ok(Plan::new(transcript))
}

/// `heard` sets off the only rule of `plan`.
fn sets_off(plan: &Plan, heard: &[u8]) -> bool {
    let (mut file, mut connection) = (Values::default(), Values::default());
    let mut known = Known {
        file: &mut file,
        connection: &mut connection,
    };
    let (mut counts, mut takes) = (Vec::new(), Vec::new());
    plan.rules
        .find(heard, &mut counts, &mut known, &mut takes)
        .is_some()
}

impl std::str::FromStr for LineShape {
    /// What is wrong with it and what would be right, in one line.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(LineShape {
            text: text.to_owned(),
            line: Some(plan("", ':', text)?),
            message: plan(MESSAGES, ':', text)?,
        })
    }
}

impl fmt::Display for LineShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::LineShape;

    #[test]
    fn a_line_fits_as_a_whole() {
        let shape: LineShape = "250 {{_:text=ok}}".parse().unwrap();
        assert!(shape.fits(b"250 ") && shape.fits(b"250 done"));
        assert!(!shape.fits(b"250") && !shape.fits(b" 250 done"));
        let empty: LineShape = "".parse().unwrap();
        assert!(empty.fits(b"") && !empty.fits(b"x"));
    }

    #[test]
    fn a_message_fits_as_a_whole() {
        let shape = LineShape::hex("00 {{n:u8=1}} {{_:bytes=}}").unwrap();
        assert!(shape.fits_message(b"\0\x07") && shape.fits_message(b"\0\x07\nx"));
        assert!(!shape.fits_message(b"\0") && !shape.fits_message(b"\x01\0"));
        let shape: LineShape = "ID?".parse().unwrap();
        assert!(shape.fits_message(b"ID?") && !shape.fits_message(b"ID?\n"));
        assert!(LineShape::hex("0").is_err());
    }

    #[test]
    fn what_is_wrong_is_said_in_a_line() {
        let wrong = |text: &str| text.parse::<LineShape>().unwrap_err();
        assert!(wrong("a {{").contains("hole"), "{}", wrong("a {{"));
        assert!(wrong("a \\q").contains("\\q"), "{}", wrong("a \\q"));
        assert_eq!(wrong("a\nb"), "it is more than one line");
    }
}
