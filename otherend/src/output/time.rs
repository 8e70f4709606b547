//! The time before a line: `--time none|clock|since|delta|epoch`.
//!
//! Order and distance come from the monotonic clock of whoever carries the conversation; the wall
//! clock is only looked at to tell the hour, so a clock that jumps never makes a line look earlier
//! than the one before it by more than the jump.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use otherend_core::Time;

/// What stands before each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeStyle {
    /// Nothing.
    None,
    /// The local time of day, `14:03:07.123`.
    Clock,
    /// Seconds since the start, `12.345678`.
    Since,
    /// Seconds since the line before, `+0.000213`.
    Delta,
    /// Seconds since 1970 in UTC, `1732159000.123456`.
    Epoch,
}

/// Writes times in one style.
#[derive(Debug)]
pub(crate) struct Stamper {
    style: TimeStyle,
    /// The moment that the conversations' clock calls zero.
    zero: Instant,
    /// The wall clock at that moment, as far as known now.
    wall_at_zero: Duration,
    zone: TimeZone,
    /// The time of the line before.
    last: Option<Time>,
    /// The second that was formatted last, and how it reads.
    second: (u64, String),
}

impl Stamper {
    /// `zero` is the moment that the conversations' clock calls zero.
    pub(crate) fn new(style: TimeStyle, zero: Instant) -> Stamper {
        Stamper::in_zone(style, zero, TimeZone::system())
    }

    fn in_zone(style: TimeStyle, zero: Instant, zone: TimeZone) -> Stamper {
        Stamper {
            style,
            zero,
            wall_at_zero: wall_at(zero),
            zone,
            last: None,
            second: (u64::MAX, String::new()),
        }
    }

    /// Follow the wall clock where it was set or the machine slept; call now and then.
    pub(crate) fn follow_clock(&mut self) {
        let seen = wall_at(self.zero);
        // Two readings are never quite simultaneous: small differences are not the clock's.
        if seen.abs_diff(self.wall_at_zero) > Duration::from_millis(100) {
            self.wall_at_zero = seen;
        }
    }

    /// Append the time of a line and a blank; nothing in the style `none`.
    pub(crate) fn stamp_into(&mut self, out: &mut Vec<u8>, at: Time) {
        let since_zero = at.since(Time::ZERO);
        let wall = self.wall_at_zero + since_zero;
        let (second, micros) = (wall.as_secs(), wall.subsec_micros());
        // Writing to a Vec cannot fail.
        let _ = match self.style {
            TimeStyle::None => Ok(()),
            TimeStyle::Clock => write!(out, "{}.{:03} ", self.clock(second), micros / 1000),
            TimeStyle::Epoch => write!(out, "{second}.{micros:06} "),
            TimeStyle::Since => {
                let (second, micros) = (since_zero.as_secs(), since_zero.subsec_micros());
                write!(out, "{second:>4}.{micros:06} ")
            }
            TimeStyle::Delta => {
                let gap = at.since(self.last.replace(at).unwrap_or(at));
                let (second, micros) = (gap.as_secs(), gap.subsec_micros());
                write!(out, "{second:>+4}.{micros:06} ")
            }
        };
    }

    /// Microseconds since 1970 of a moment of the conversations' clock.
    pub(crate) fn epoch_micros(&self, at: Time) -> u128 {
        (self.wall_at_zero + at.since(Time::ZERO)).as_micros()
    }

    /// The local time of day; asked for the same second again and again.
    fn clock(&mut self, second: u64) -> &str {
        // Lines of the same second have the same hour: looking up the zone for each would cost more
        // than all else that is done for a line.
        if self.second.0 != second {
            let whole = i64::try_from(second).unwrap_or(i64::MAX);
            let local = Timestamp::from_second(whole).unwrap_or(Timestamp::MAX);
            let local = local.to_zoned(self.zone.clone());
            self.second = (second, local.strftime("%H:%M:%S").to_string());
        }
        &self.second.1
    }
}

/// The wall clock at a moment in the past, since 1970.
fn wall_at(moment: Instant) -> Duration {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    now.saturating_sub(moment.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stamps of lines at these microseconds, with zero at 2026-03-02 10:15:09.5 UTC.
    fn stamps(style: TimeStyle, micros: &[u64]) -> Vec<String> {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let mut stamper = Stamper::in_zone(style, Instant::now(), zone);
        stamper.wall_at_zero = Duration::from_millis(1_772_446_509_500);
        let stamp = |micros: &u64| {
            let mut out = Vec::new();
            stamper.stamp_into(&mut out, Time::from_micros(*micros));
            String::from_utf8(out).unwrap()
        };
        micros.iter().map(stamp).collect()
    }

    #[test]
    fn none_is_nothing() {
        assert_eq!(stamps(TimeStyle::None, &[5]), [""]);
    }

    #[test]
    fn clock_is_local() {
        assert_eq!(
            stamps(TimeStyle::Clock, &[0, 499_999, 500_000]),
            ["12:15:09.500 ", "12:15:09.999 ", "12:15:10.000 "]
        );
    }

    #[test]
    fn since_counts_from_the_start() {
        assert_eq!(
            stamps(TimeStyle::Since, &[42, 12_345_678_901]),
            ["   0.000042 ", "12345.678901 "]
        );
    }

    #[test]
    fn delta_counts_from_the_line_before() {
        assert_eq!(
            stamps(TimeStyle::Delta, &[1_000_000, 1_000_213, 3_000_213]),
            ["  +0.000000 ", "  +0.000213 ", "  +2.000000 "]
        );
    }

    #[test]
    fn epoch_is_utc() {
        assert_eq!(stamps(TimeStyle::Epoch, &[1]), ["1772446509.500001 "]);
    }

    #[test]
    fn a_clock_that_was_set_is_followed_and_a_small_difference_is_not() {
        let mut stamper = Stamper::new(TimeStyle::Epoch, Instant::now());
        let right = stamper.wall_at_zero;
        stamper.wall_at_zero = right - Duration::from_secs(3600);
        stamper.follow_clock();
        assert!(stamper.wall_at_zero.abs_diff(right) < Duration::from_secs(60));
        let followed = stamper.wall_at_zero;
        stamper.wall_at_zero = followed + Duration::from_millis(1);
        stamper.follow_clock();
        assert_eq!(stamper.wall_at_zero, followed + Duration::from_millis(1));
    }
}
