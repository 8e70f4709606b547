//! What rooms and members are called.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A longer one is none.
const LONGEST: usize = 32;

/// A room's or a member's name: 1 to 32 letters and digits of ASCII, `-` and `_`. It can stand in a
/// subject, a file name or a terminal as it is.
///
/// ```
/// use otherend_net::bus::Name;
///
/// let lobby: Name = "lobby".parse()?;
/// assert_eq!(lobby.as_str(), "lobby");
/// assert!("two words".parse::<Name>().is_err());
/// # Ok::<(), otherend_net::bus::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why something is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 32 letters, digits, - and _")]
pub struct NameError;

impl Name {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let may_stand = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let is_name = (1..=LONGEST).contains(&text.len()) && text.bytes().all(may_stand);
        is_name.then(|| Name(text.into())).ok_or(NameError)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mean_something_elsewhere_is_no_name() {
        for text in [
            "",
            "a.b",
            "*",
            ">",
            "a b",
            "é",
            "a/b",
            "\x1b",
            &"x".repeat(33),
        ] {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
        for text in ["a", "A-1_b", &"x".repeat(32)] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
    }
}
