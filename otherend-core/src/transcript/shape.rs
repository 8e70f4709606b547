//! One line of a transcript by itself: what a line must look like to be meant.

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
    /// A file with nothing but a rule that this line sets off.
    plan: Plan,
}

impl LineShape {
    /// All of `line`, without its end, is as it must be. Holes remember nothing from line to line.
    #[must_use]
    pub fn fits(&self, line: &[u8]) -> bool {
        let (mut file, mut connection) = (Values::default(), Values::default());
        let mut known = Known {
            file: &mut file,
            connection: &mut connection,
        };
        let line = [line, b"\n"].concat();
        let (mut counts, mut takes) = (Vec::new(), Vec::new());
        let rules = &self.plan.rules;
        rules
            .find(&line, &mut counts, &mut known, &mut takes)
            .is_some()
    }
}

impl std::str::FromStr for LineShape {
    /// What is wrong with it and what would be right, in one line.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('\n') {
            return Err("it is more than one line".to_owned());
        }
        let lead = if text.is_empty() { "" } else { " " };
        let file = format!("{FIRST_LINE}\non C:{lead}{text}\nS:\n");
        let transcript = Transcript::parse(file.as_bytes())
            .map_err(|error| format!("{}; {}", error.wrong, error.wrong.hint()))?;
        let plan = Plan::new(transcript);
        let text = text.to_owned();
        Ok(LineShape { text, plan })
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
    fn what_is_wrong_is_said_in_a_line() {
        let wrong = |text: &str| text.parse::<LineShape>().unwrap_err();
        assert!(wrong("a {{").contains("hole"), "{}", wrong("a {{"));
        assert!(wrong("a \\q").contains("\\q"), "{}", wrong("a \\q"));
        assert_eq!(wrong("a\nb"), "it is more than one line");
    }
}
