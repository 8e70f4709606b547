//! Durations on the command line: `10`, `2.5s`, `300ms`, `5m`, `1h`; a bare number is seconds.

use std::time::Duration;

/// A time limit that can be switched off: a duration, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout(pub(crate) Option<Duration>);

impl std::str::FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Timeout, String> {
        if text.trim() == "none" {
            return Ok(Timeout(None));
        }
        match parse(text) {
            Ok(limit) if limit.is_zero() => Err("write `none` for no limit".to_owned()),
            Ok(limit) => Ok(Timeout(Some(limit))),
            Err(complaint) => Err(format!("{complaint}, or `none`")),
        }
    }
}

/// Parse a duration; for use as a clap value parser.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    otherend_core::parse_duration(text.trim()).ok_or_else(|| complaint(text.trim()))
}

fn complaint(text: &str) -> String {
    let text = text.escape_debug();
    format!("`{text}` is no duration: write seconds, or a number with ms, s, m or h, as in 500ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, millis: u64) {
        assert_eq!(
            parse(text),
            Ok(Duration::from_millis(millis)),
            "for `{text}`"
        );
    }

    #[test]
    fn a_bare_number_is_seconds() {
        reads("3", 3000);
        reads("0", 0);
        reads(" 3 ", 3000);
        reads("0.25", 250);
        reads(".5", 500);
        reads("5.", 5000);
    }

    #[test]
    fn units_follow_their_number() {
        reads("300ms", 300);
        assert_eq!(parse("1.5ms"), Ok(Duration::from_micros(1500)));
        reads("2s", 2000);
        reads("1.5m", 90_000);
        reads("2h", 7_200_000);
    }

    #[test]
    fn anything_else_is_explained() {
        for text in [
            "",
            ".",
            "s",
            "-1",
            "1d",
            "1 s",
            "1e3",
            "1.2.3",
            "99999999999999h",
            "\u{1b}",
        ] {
            let complaint = parse(text).unwrap_err();
            assert!(complaint.contains("is no duration"), "for `{text}`");
            assert!(!complaint.contains('\u{1b}'));
        }
    }

    #[test]
    fn a_limit_can_be_switched_off_but_not_by_accident() {
        assert_eq!("none".parse(), Ok(Timeout(None)));
        assert_eq!("5s".parse(), Ok(Timeout(Some(Duration::from_secs(5)))));
        assert_eq!(
            "0".parse::<Timeout>(),
            Err("write `none` for no limit".to_owned())
        );
        assert!("off".parse::<Timeout>().unwrap_err().ends_with("or `none`"));
    }
}
