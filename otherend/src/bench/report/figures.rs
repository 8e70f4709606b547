//! From an [`LoadOutcome`] to a [`Report`].

use hdrhistogram::Histogram;

use super::{
    Connections, FirstDifference, Latency, Load, Machine, MissingClients, Point, Report, SCHEMA,
    ServerCpu, ThreadCpu, Trouble, remarks,
};
use crate::bench::{Difference, End, LoadOutcome, Pace, Plan};

/// Steps of the histogram in an octave.
const STEPS: f64 = 8.0;

/// Make the report of a run: `address` is what the user asked for, `server_cores` what the server
/// kept busy if that is known.
pub(crate) fn report(
    plan: &Plan,
    outcome: &LoadOutcome,
    address: &str,
    server: Option<(u32, String, f64)>,
    stopped: bool,
) -> Report {
    let measured = outcome.until.saturating_sub(plan.times.measured_from);
    let measured_s = seconds(measured);
    let lines_per_s = rate(outcome.heard as f64, measured_s);
    let bytes = plan.said.length() + plan.heard.length();
    let mut report = Report {
        schema: SCHEMA,
        program: concat!("otherend ", env!("CARGO_PKG_VERSION")).to_owned(),
        when: jiff::Timestamp::now().strftime("%FT%TZ").to_string(),
        machine: Machine::this(),
        address: address.to_owned(),
        targets: plan.targets.iter().map(ToString::to_string).collect(),
        load: load(plan),
        connections: connections(plan, outcome),
        measured_s,
        lines: outcome.heard,
        lines_per_s,
        bytes_per_s: lines_per_s * bytes as f64,
        latency: latency(&outcome.latency),
        lateness: matches!(plan.pace, Pace::Open { .. }).then(|| latency(&outcome.lateness)),
        quantiles: quantiles(&outcome.latency),
        histogram: histogram(&outcome.latency),
        series: series(outcome, plan.times.interval()),
        load_cpu: load_cpu(outcome),
        server_cpu: server.map(|(pid, name, cores)| ServerCpu {
            pid,
            name,
            cores,
            lines_per_cpu_s: rate(lines_per_s, cores),
        }),
        trouble: trouble(outcome, stopped),
        remarks: Vec::new(),
    };
    report.remarks = remarks::remarks(&report);
    report
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// `amount` for each of `units`; nothing for none.
fn rate(amount: f64, units: f64) -> f64 {
    if units > 0.0 { amount / units } else { 0.0 }
}

fn load(plan: &Plan) -> Load {
    let (in_flight, rate) = match plan.pace {
        Pace::Closed { in_flight } => (Some(in_flight), None),
        Pace::Open { rate, at_most } => (at_most, Some(rate)),
    };
    Load {
        clients: plan.clients,
        threads: plan.threads,
        in_flight,
        rate,
        size: plan.said.length(),
        prefix: String::from_utf8_lossy(&plan.heard.prefix).into_owned(),
        seconds: seconds(plan.times.end),
        warm_up_s: seconds(plan.times.measured_from),
    }
}

fn connections(plan: &Plan, outcome: &LoadOutcome) -> Connections {
    let missing = |missing: &crate::bench::Missing| MissingClients {
        cause: missing.cause.word().to_owned(),
        text: missing.cause.to_string(),
        clients: missing.clients,
        target: missing.target.to_string(),
    };
    let missed: u32 = outcome.missing.iter().map(|missing| missing.clients).sum();
    Connections {
        asked: plan.clients,
        made: plan.clients - missed,
        took_s: outcome.connecting.as_secs_f64(),
        missing: outcome.missing.iter().map(missing).collect(),
    }
}

fn latency(times: &Histogram<u64>) -> Latency {
    if times.is_empty() {
        return Latency::default();
    }
    Latency {
        lines: times.len(),
        min_ns: times.min(),
        mean_ns: times.mean(),
        p50_ns: times.value_at_quantile(0.5),
        p90_ns: times.value_at_quantile(0.9),
        p99_ns: times.value_at_quantile(0.99),
        p999_ns: times.value_at_quantile(0.999),
        max_ns: times.max(),
    }
}

/// Quantiles that come ever closer to 1, as far as there are lines to tell them apart.
///
/// Nine to each nine, so that 0.9, 0.99 … are among them: hdrhistogram's own steps halve the rest
/// and meet none of those that people ask for.
fn quantiles(times: &Histogram<u64>) -> Vec<(f64, u64)> {
    let mut quantiles = Vec::new();
    let mut rest = 1.0;
    while !times.is_empty() {
        for step in 0..9 {
            let quantile = 1.0 - rest * f64::from(10 - step) / 10.0;
            quantiles.push((quantile, times.value_at_quantile(quantile)));
        }
        rest /= 10.0;
        // Each round looks ten times closer at the tail. It ends where a step would be less than a
        // line: of 1,000 lines nothing is known of one in 10,000.
        if rest * (times.len() as f64) < 1.0 || rest < 2e-6 {
            quantiles.push((1.0, times.max()));
            break;
        }
    }
    quantiles
}

/// Eight steps to every doubling of the time; empty ones are left out.
fn histogram(times: &Histogram<u64>) -> Vec<(u64, u64, u64)> {
    let mut steps: Vec<(u64, u64, u64)> = Vec::new();
    for value in times.iter_recorded() {
        let nanos = value.value_iterated_to().max(1);
        // Logarithmic, eight steps for each doubling (9 %): as much detail at 50 µs as at 50 ms, in
        // a few hundred rows.
        let step = ((nanos as f64).log2() * STEPS).floor();
        let edge = |step: f64| (step / STEPS).exp2().round() as u64;
        let (from, to) = (edge(step), edge(step + 1.0));
        match steps.last_mut() {
            Some(last) if last.0 == from => last.2 += value.count_at_value(),
            _ => steps.push((from, to, value.count_at_value())),
        }
    }
    steps
}

/// What remained of an interval at the very end says nothing when it is too short.
fn series(outcome: &LoadOutcome, interval: u64) -> Vec<Point> {
    let point = |interval: &crate::bench::Interval| Point {
        from_s: seconds(interval.from),
        to_s: seconds(interval.to),
        lines_per_s: interval.rate(),
        p50_ns: interval.latency.value_at_quantile(0.5),
        p99_ns: interval.latency.value_at_quantile(0.99),
        ended: interval.ended,
    };
    // An interval that was cut short by the end has a rate of few lines, and would be a peak or a
    // gap in the picture.
    let long_enough = |found: &&crate::bench::Interval| found.to - found.from >= interval / 10;
    let intervals = outcome.intervals.iter();
    intervals.filter(long_enough).map(point).collect()
}

fn load_cpu(outcome: &LoadOutcome) -> Vec<ThreadCpu> {
    let thread = |cpu: &crate::bench::CpuShare| ThreadCpu {
        busy: cpu.busy_share(),
        waiting: cpu.waiting.map(|_| cpu.waiting_share()),
        saturated: cpu.is_saturated(),
    };
    outcome.cpu.iter().map(thread).collect()
}

fn trouble(outcome: &LoadOutcome, stopped: bool) -> Trouble {
    let mut trouble = Trouble {
        unanswered: outcome.unanswered,
        lost: outcome.lost,
        stopped,
        ..Trouble::default()
    };
    for (_, end) in &outcome.ends {
        match end {
            End::Differs(difference) => {
                trouble.differs += 1;
                trouble
                    .first_difference
                    .get_or_insert_with(|| first_difference(difference));
            }
            End::Unasked => trouble.unasked += 1,
            End::Closed => trouble.closed += 1,
            End::Reset => trouble.reset += 1,
            End::Failed(error) => {
                trouble.failed += 1;
                trouble.first_failure.get_or_insert(error.to_string());
            }
        }
    }
    trouble
}

fn first_difference(difference: &Difference) -> FirstDifference {
    let [expected, got, caret] = difference.lines();
    FirstDifference {
        client: difference.client,
        reply: difference.reply + 1,
        byte: difference.at + 1,
        expected,
        got,
        caret,
        hint: difference.hint().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::nanos;
    use std::time::Duration;

    fn times(micros: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut times = Histogram::new_with_bounds(100, 3_600_000_000_000, 3).unwrap();
        for micros in micros {
            times.record(nanos(Duration::from_micros(micros))).unwrap();
        }
        times
    }

    #[test]
    fn no_lines_make_no_figures() {
        let none = times([]);
        assert_eq!(latency(&none), Latency::default());
        assert!(quantiles(&none).is_empty() && histogram(&none).is_empty());
        assert_eq!(rate(5.0, 0.0), 0.0);
    }

    #[test]
    fn quantiles_end_where_the_lines_do() {
        let quantiles = quantiles(&times(1..=1000));
        assert_eq!(quantiles[0].0, 0.0);
        assert!(quantiles.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
        assert_eq!(quantiles.last().map(|last| last.0), Some(1.0));
        assert_eq!(quantiles.len(), 4 * 9 + 1);
    }

    #[test]
    fn the_histogram_counts_every_line_once() {
        let histogram = histogram(&times((1..=1000).chain([1_000_000])));
        assert_eq!(histogram.iter().map(|step| step.2).sum::<u64>(), 1001);
        assert!(histogram.iter().all(|(from, to, _)| from < to));
        assert!(histogram.is_sorted_by(|a, b| a.1 <= b.0));
    }
}
