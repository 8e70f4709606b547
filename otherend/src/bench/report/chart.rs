//! The distribution of latencies as bars of text.

use super::time::time;

/// Rows at most.
const ROWS: i64 = 16;
/// Columns of the longest bar.
const WIDTH: f64 = 40.0;

/// A row: latencies of `from` up to, but without, `to` nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    from: u64,
    to: u64,
    lines: u64,
}

/// Bars for a histogram of (from, to, lines) in ascending order; nothing for an empty one.
pub(crate) fn bars(histogram: &[(u64, u64, u64)]) -> Vec<String> {
    let rows = rows(histogram);
    let total: u64 = rows.iter().map(|row| row.lines).sum();
    let most = rows.iter().map(|row| row.lines).max().unwrap_or(0);
    let text = |row: &Row| {
        let share = row.lines as f64 / total as f64;
        let bar = bar(row.lines as f64 / most as f64 * WIDTH);
        format!(
            "{:>8} – {:<8} {bar:<40} {}",
            time(row.from),
            time(row.to),
            percent(share)
        )
    };
    rows.iter().map(text).collect()
}

/// Steps of the histogram in an octave, as `figures` makes them.
const STEPS: f64 = 8.0;

/// Join steps until there are few enough rows; what lies between is there, even if empty.
fn rows(histogram: &[(u64, u64, u64)]) -> Vec<Row> {
    let step = |from: u64| ((from.max(1) as f64).log2() * STEPS).round() as i64;
    let (Some(first), Some(last)) = (histogram.first(), histogram.last()) else {
        return Vec::new();
    };
    let (first, last) = (step(first.0), step(last.0));
    let mut joined = 1;
    while last.div_euclid(joined) - first.div_euclid(joined) >= ROWS {
        // Rows are joined in pairs until they fit the screen, at places that depend on the value
        // alone: so two runs have their rows at the same times and can be compared by eye.
        joined *= 2;
    }
    let edge = |group: i64| ((group * joined) as f64 / STEPS).exp2().round() as u64;
    let groups = first.div_euclid(joined)..=last.div_euclid(joined);
    let row = |group: i64| Row {
        from: edge(group),
        to: edge(group + 1),
        lines: histogram
            .iter()
            .filter(|entry| step(entry.0).div_euclid(joined) == group)
            .map(|entry| entry.2)
            .sum(),
    };
    groups.map(row).collect()
}

/// A bar of so many columns, exact to an eighth; whatever is there at all is seen.
fn bar(columns: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (columns * 8.0).ceil() as usize;
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        none if none <= 0.0 => String::new(),
        little if little < 0.001 => "<0.001 %".to_owned(),
        some if some < 0.1 => format!("{some:.3} %"),
        most => format!("{most:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `figures` makes it: one line in each of `count` steps.
    fn steps(count: i32) -> Vec<(u64, u64, u64)> {
        let edge = |step: i32| (f64::from(step + 80) / STEPS).exp2().round() as u64;
        (0..count)
            .map(|step| (edge(step), edge(step + 1), 1))
            .collect()
    }

    #[test]
    fn many_steps_become_few_rows_and_no_line_is_lost() {
        for count in [1, 15, 16, 17, 100, 200] {
            let rows = rows(&steps(count));
            assert!((1..=16).contains(&rows.len()), "{count}: {}", rows.len());
            assert_eq!(rows.iter().map(|row| row.lines).sum::<u64>(), count as u64);
            assert!(rows.windows(2).all(|pair| pair[0].to == pair[1].from));
        }
    }

    #[test]
    fn what_is_rare_is_still_seen() {
        let chart = bars(&[(54_000, 58_900, 999_999), (117_768, 128_425, 1)]);
        assert!(chart[0].contains(&"█".repeat(40)) && chart[0].ends_with("100.0 %"));
        assert!(
            chart
                .last()
                .is_some_and(|row| row.contains('▏') && row.ends_with("<0.001 %"))
        );
        assert!(!chart[1].contains('▏') && !chart[1].contains('%'));
    }

    #[test]
    fn nothing_makes_no_chart() {
        assert!(bars(&[]).is_empty());
    }
}
