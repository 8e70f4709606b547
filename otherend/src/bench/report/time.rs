//! Times of a report in words.

/// A time with three digits that count: `54.3 µs`, `8.70 ms`, `1.02 s`.
pub(crate) fn time(nanos: u64) -> String {
    const UNITS: [&str; 3] = ["ns", "µs", "ms"];
    let mut value = nanos as f64;
    for unit in UNITS {
        // What would round up to four digits belongs to the next unit.
        if value < 999.5 {
            return format!("{} {unit}", digits(value));
        }
        value /= 1000.0;
    }
    format!("{} s", digits(value))
}

fn digits(value: f64) -> String {
    match value {
        whole if whole >= 99.95 || whole.fract() == 0.0 => format!("{whole:.0}"),
        tens if tens >= 9.995 => format!("{tens:.1}"),
        ones => format!("{ones:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_that_count() {
        let shown = [
            0,
            64,
            1000,
            5440,
            54_321,
            544_000,
            999_600,
            8_700_000,
            1_020_000_000,
            75_000_000_000,
        ];
        assert_eq!(
            shown.map(time),
            [
                "0 ns", "64 ns", "1 µs", "5.44 µs", "54.3 µs", "544 µs", "1.00 ms", "8.70 ms",
                "1.02 s", "75 s"
            ]
        );
    }
}
