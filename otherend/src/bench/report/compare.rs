//! Two saved runs beside each other: each figure, its change, and whether that is more than noise.
//!
//! Noise is what the figure did within each run: the distance between the quartiles of its
//! intervals. A change smaller than the larger of the two is called the same.

use serde::Serialize;

use super::text::task;
use super::time::time;
use super::{Point, Report};
use crate::output::human;

/// Two runs and what changed from the first to the second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// Both had the same task; otherwise no figure is better or worse.
    pub(crate) same_load: bool,
    pub(crate) rows: Vec<Row>,
    /// Why the two cannot be compared one to one.
    pub(crate) cautions: Vec<String>,
}

/// One figure of both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// The second over the first, less one; `None` where the first is zero.
    pub(crate) change: Option<f64>,
    /// How much it moved within a run, as a share; `None` for figures that are single values.
    pub(crate) noise: Option<f64>,
    pub(crate) verdict: Verdict,
    #[serde(skip)]
    unit: Unit,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Better,
    Worse,
    /// Within the noise.
    Same,
    /// Nothing tells how much it moves by itself, or the two had different loads.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// More is better.
    Lines,
    /// Nanoseconds: less is better.
    Time,
}

/// Compare the second run with the first.
pub(crate) fn compare(before: &Report, after: &Report) -> Comparison {
    let both = |figure: fn(&Report) -> f64| (figure(before), figure(after));
    let noise =
        |figure: fn(&Point) -> f64| Some(spread(before, figure)?.max(spread(after, figure)?));
    let rate = noise(|point| point.lines_per_s);
    let mut rows = vec![row(
        "lines/s",
        Unit::Lines,
        both(|run| run.lines_per_s),
        rate,
    )];
    let per_cpu = |run: &Report| run.server_cpu.as_ref().map(|cpu| cpu.lines_per_cpu_s);
    if let Some(values) = per_cpu(before).zip(per_cpu(after)) {
        rows.push(row("lines/server CPU s", Unit::Lines, values, None));
    }
    let mut latency = |name, figure: fn(&Report) -> u64, noise| {
        let values = (figure(before) as f64, figure(after) as f64);
        rows.push(row(name, Unit::Time, values, noise));
    };
    latency("p50", |run| run.latency.p50_ns, noise(|p| p.p50_ns as f64));
    latency("p90", |run| run.latency.p90_ns, None);
    latency("p99", |run| run.latency.p99_ns, noise(|p| p.p99_ns as f64));
    latency("p99.9", |run| run.latency.p999_ns, None);
    latency("max", |run| run.latency.max_ns, None);
    let same_load = task(&before.load) == task(&after.load);
    if !same_load {
        for row in &mut rows {
            // The figures are shown all the same: somebody may want to see what twice the clients
            // do.
            row.verdict = Verdict::Unknown;
        }
    }
    Comparison {
        same_load,
        rows,
        cautions: cautions(before, after),
    }
}

fn row(name: &'static str, unit: Unit, (before, after): (f64, f64), noise: Option<f64>) -> Row {
    let change = (before > 0.0).then(|| after / before - 1.0);
    let verdict = match (change, noise) {
        (Some(change), Some(noise)) if change.abs() <= noise => Verdict::Same,
        (Some(change), Some(_)) if (change > 0.0) == (unit == Unit::Lines) => Verdict::Better,
        (Some(_), Some(_)) => Verdict::Worse,
        _ => Verdict::Unknown,
    };
    Row {
        name,
        before,
        after,
        change,
        noise,
        verdict,
        unit,
    }
}

/// The distance between the quartiles of a figure over a run's intervals, as a share of its
/// median; `None` with fewer than eight intervals.
fn spread(run: &Report, figure: fn(&Point) -> f64) -> Option<f64> {
    let measured = run
        .series
        .iter()
        .filter(|point| point.from_s >= run.load.warm_up_s && point.lines_per_s > 0.0);
    // Quartiles and not a standard deviation: one interval in which the machine did something else
    // must not make every change look like noise.
    let mut values: Vec<f64> = measured.map(figure).collect();
    values.sort_by(f64::total_cmp);
    let at = |quarter: usize| values[(values.len() - 1) * quarter / 4];
    (values.len() >= 8 && at(2) > 0.0).then(|| (at(3) - at(1)) / at(2))
}

fn cautions(before: &Report, after: &Report) -> Vec<String> {
    let mut cautions = Vec::new();
    let (first, second) = (task(&before.load), task(&after.load));
    if first != second {
        cautions.push(format!(
            "the loads differ, so nothing is better or worse: {first} and {second}"
        ));
    }
    // Only a caution: to compare two machines may be just what is wanted.
    if before.machine != after.machine {
        let (first, second) = (&before.machine, &after.machine);
        cautions.push(format!("the machines differ: {first} and {second}"));
    }
    for (run, which) in [(before, "first"), (after, "second")] {
        for remark in &run.remarks {
            cautions.push(format!("in the {which} run: {}", remark.text));
        }
    }
    cautions
}

impl Row {
    /// A value of this row for people.
    pub(crate) fn shown(&self, value: f64) -> String {
        match self.unit {
            Unit::Lines => human::count(value.round() as u64),
            Unit::Time => time(value.round() as u64),
        }
    }

    /// The change for people: `+12.3 %`.
    pub(crate) fn change_shown(&self) -> String {
        self.change
            .map_or_else(String::new, |change| format!("{:+.1} %", change * 100.0))
    }

    /// The noise for people: `± 2.0 %`.
    pub(crate) fn noise_shown(&self) -> String {
        self.noise
            .map_or_else(String::new, |noise| format!("± {:.1} %", noise * 100.0))
    }
}

impl Verdict {
    /// For people.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Same => "same",
            Verdict::Unknown => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[track_caller]
    fn verdict(after: &Report, name: &str) -> Verdict {
        let comparison = compare(&sample(), after);
        let found = comparison.rows.iter().find(|row| row.name == name);
        found.unwrap().verdict
    }

    #[test]
    fn a_change_within_the_noise_is_none() {
        let mut after = sample();
        after.lines_per_s = 1015.0;
        assert_eq!(verdict(&after, "lines/s"), Verdict::Same);
        after.lines_per_s = 1050.0;
        assert_eq!(verdict(&after, "lines/s"), Verdict::Better);
        after.lines_per_s = 950.0;
        assert_eq!(verdict(&after, "lines/s"), Verdict::Worse);
    }

    #[test]
    fn less_latency_is_better() {
        let mut after = sample();
        after.latency.p50_ns = 50_000;
        after.latency.max_ns = 500_000;
        assert_eq!(verdict(&after, "p50"), Verdict::Better);
        assert_eq!(verdict(&after, "max"), Verdict::Unknown);
    }

    #[test]
    fn runs_that_cannot_be_compared_are_named() {
        let mut after = sample();
        assert!(compare(&sample(), &after).cautions.is_empty());
        after.load.clients = 7;
        after.machine.cores = 64;
        let cautions = compare(&sample(), &after).cautions;
        assert!(cautions[0].starts_with("the loads differ, so nothing "));
        assert!(cautions[0].contains(": 100 clients, "), "{}", cautions[0]);
        assert_eq!(verdict(&after, "lines/s"), Verdict::Unknown);
        assert!(cautions[1].starts_with("the machines differ: Fast 9, 2 cores, "));
    }

    #[test]
    fn a_run_without_intervals_has_no_known_noise() {
        let mut after = sample();
        after.series.clear();
        assert_eq!(verdict(&after, "lines/s"), Verdict::Unknown);
    }
}
