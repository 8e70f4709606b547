//! Numbers as people read them: `12,345 lines`, `1.46 MiB`, `2m 05s`.

use std::time::Duration;

use indicatif::{HumanBytes, HumanCount};

/// A number with a comma at every third digit: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    // A string, because HumanCount takes no heed of a width.
    HumanCount(number).to_string()
}

/// A number and its noun: `1 line`, `2 lines`; the plural adds an `s`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

/// A size in bytes: `512 B`, `1.46 KiB`, `64 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    // Most sizes are limits, and those are whole.
    HumanBytes(bytes).to_string().replace(".00 ", " ")
}

/// A duration in the two units that matter: `12 µs`, `3.4 ms`, `2.5 s`, `2m 05s`, `3h 04m`.
///
/// Not indicatif's: to that all below half a second is `0 seconds`.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs();
    match seconds {
        0 if micros < 1000 => format!("{micros} µs"),
        0 => format!("{} ms", tenths(micros / 100)),
        1..60 => format!("{} s", tenths(micros / 100_000)),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

fn tenths(tenths: u128) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}.{tenth}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_follow_their_number() {
        let shown = [0, 1, 2, 1000].map(|number| plural(number, "line"));
        assert_eq!(shown, ["0 lines", "1 line", "2 lines", "1,000 lines"]);
    }

    #[test]
    fn whole_sizes_have_no_decimals() {
        let shown = [0, 1023, 1024, 1500, 64 << 20, 100 << 30].map(size);
        let expected = ["0 B", "1023 B", "1 KiB", "1.46 KiB", "64 MiB", "100 GiB"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn durations_keep_two_units() {
        let shown = [
            0,
            12,
            3400,
            12_000,
            2_500_000,
            60_000_000,
            125_000_000,
            11_040_000_000,
        ]
        .map(|micros| duration(Duration::from_micros(micros)));
        assert_eq!(
            shown,
            [
                "0 µs", "12 µs", "3.4 ms", "12 ms", "2.5 s", "1m 00s", "2m 05s", "3h 04m"
            ]
        );
    }
}
