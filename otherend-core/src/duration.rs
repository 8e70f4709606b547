//! Durations as text: `10`, `2.5s`, `300ms`, `5m`, `1h`; a bare number is seconds.

use std::fmt;
use std::time::Duration;

/// Read a duration; `None` when it is none, or is longer than five centuries.
///
/// ```
/// use otherend_core::parse_duration;
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("1.5ms"), Some(Duration::from_micros(1500)));
/// assert_eq!(parse_duration("2"), Some(Duration::from_secs(2)));
/// assert_eq!(parse_duration("soon"), None);
/// ```
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let nanos_per_unit: u64 = match unit {
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    nanos(number, nanos_per_unit).map(Duration::from_nanos)
}

/// `number` units in nanoseconds.
fn nanos(number: &str, nanos_per_unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut total = match whole {
        "" => 0,
        digits => digits.parse::<u64>().ok()?.checked_mul(nanos_per_unit)?,
    };
    let mut place = nanos_per_unit;
    for digit in fraction.chars() {
        place /= 10;
        total = total.checked_add(u64::from(digit.to_digit(10)?) * place)?;
    }
    Some(total)
}

/// A duration as `3s` or `120ms`, with as many decimals as it takes: what
/// [`parse_duration`] reads again.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        if nanos == 0 {
            return write!(f, "{seconds}s");
        }
        let millis = u128::from(seconds) * 1000 + u128::from(nanos / 1_000_000);
        let decimals = format!(".{:06}", nanos % 1_000_000);
        let decimals = decimals.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{millis}{decimals}ms")
    }
}
