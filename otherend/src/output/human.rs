//! Numbers as people read them: `12,345 lines`, `1.5 MiB`, `2m 05s`.

use std::time::Duration;

/// A number with a comma at every third digit: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number and its noun: `1 line`, `2 lines`; the plural adds an `s`.
pub(crate) fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

/// A size in bytes with one decimal at most: `512 B`, `1.5 KiB`, `64 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths of the unit, rounded half up; never in floating point, whose rounding differs.
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = "B";
    for next in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths = (tenths + 512) / 1024;
        unit = next;
    }
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        tenth => format!("{}.{tenth} {unit}", tenths / 10),
    }
}

/// A duration in the two units that matter: `12 µs`, `3.4 ms`, `2.5 s`, `2m 05s`, `3h 04m`.
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
    fn counts_have_commas() {
        let shown: Vec<String> = [0, 999, 1000, 1_234_567].map(count).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn nouns_follow_their_number() {
        let shown = [0, 1, 2, 1000].map(|number| plural(number, "line"));
        assert_eq!(shown, ["0 lines", "1 line", "2 lines", "1,000 lines"]);
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        let sizes = [0, 1023, 1024, 1536, 64 << 20, 5 << 40, u64::MAX];
        let shown = sizes.map(size);
        assert_eq!(
            shown,
            [
                "0 B",
                "1023 B",
                "1 KiB",
                "1.5 KiB",
                "64 MiB",
                "5 TiB",
                "16777216 TiB"
            ]
        );
    }

    #[test]
    fn a_size_just_under_a_unit_rounds_up_to_it() {
        assert_eq!(size((1 << 20) - 1), "1 MiB");
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
