//! A run as one page that needs nothing else: figures, plots, and what was measured where.

use super::svg::{Axis, Plot};
use super::text::{task, time};
use super::{Blame, Report};
use crate::output::human;

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let title = escape(&format!("otherend bench {}", report.address));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n\
         <h1>{}</h1>\n<p class=\"task\">{}; measured {:.1} s after {:.1} s of warm-up</p>\n",
        escape(&report.address),
        escape(&task(&report.load)),
        report.measured_s,
        report.load.warm_up_s
    );
    page += &remarks(report);
    if report.measured_s > 0.0 && !report.histogram.is_empty() {
        page += &cards(report);
        page += &figure(
            "Latency: how many lines took how long",
            &distribution(report),
            "",
        );
        page += &figure(
            "Latency at percentiles",
            &percentiles(report),
            "How long the fastest 50 %, 90 %, 99 % … of the lines took at most.",
        );
        page += &figure("Lines a second over time", &rate(report), "");
        page += &figure("Latency over time", &latency(report), LATENCY_KEY);
    }
    page + &facts(report)
}

const LATENCY_KEY: &str =
    "<span class=\"key p50\">median</span> <span class=\"key p99\">p99</span>";

fn figure(title: &str, plot: &str, below: &str) -> String {
    format!("<figure><figcaption>{title}</figcaption>\n{plot}<p>{below}</p></figure>\n")
}

/// Text that cannot be taken for markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn remarks(report: &Report) -> String {
    let mut list = String::new();
    for remark in &report.remarks {
        let class = match remark.blame {
            Blame::Reading => "reading",
            _ => "wrong",
        };
        list += &format!("<li class=\"{class}\">{}</li>\n", escape(&remark.text));
    }
    if let Some(first) = &report.trouble.first_difference {
        list += &format!(
            "<li>client {}, reply {}, byte {}:<pre>expected  {}\n     got  {}\n          {}</pre></li>\n",
            first.client,
            first.reply,
            first.byte,
            escape(&first.expected),
            escape(&first.got),
            escape(&first.caret)
        );
    }
    match list.is_empty() {
        true => String::new(),
        false => format!("<ul class=\"remarks\">\n{list}</ul>\n"),
    }
}

fn cards(report: &Report) -> String {
    let mut cards = vec![
        (
            "lines a second",
            human::count(report.lines_per_s.round() as u64),
        ),
        ("median latency", time(report.latency.p50_ns)),
        ("p99 latency", time(report.latency.p99_ns)),
        ("longest", time(report.latency.max_ns)),
    ];
    if let Some(server) = &report.server_cpu {
        let lines = human::count(server.lines_per_cpu_s.round() as u64);
        cards.push(("lines a server CPU second", lines));
    }
    let card = |(name, value): (&str, String)| {
        format!("<div><b>{}</b><span>{name}</span></div>\n", escape(&value))
    };
    let cards: String = cards.into_iter().map(card).collect();
    format!("<div class=\"cards\">\n{cards}</div>\n")
}

fn tick_time(nanos: f64) -> String {
    time(nanos.round() as u64)
}

/// A number short enough for an axis: `1.5M`.
fn tick_count(value: f64) -> String {
    match value {
        millions if millions >= 1e6 => format!("{}M", (millions / 1e4).round() / 100.0),
        thousands if thousands >= 1e3 => format!("{}k", (thousands / 10.0).round() / 100.0),
        few => format!("{few}"),
    }
}

fn tick_seconds(value: f64) -> String {
    format!("{} s", (value * 1000.0).round() / 1000.0)
}

fn distribution(report: &Report) -> String {
    let total: u64 = report.histogram.iter().map(|step| step.2).sum();
    let share = |lines: u64| lines as f64 / total as f64 * 100.0;
    let most = report.histogram.iter().map(|step| step.2).max();
    let ends = report.histogram.first().zip(report.histogram.last());
    let (from, to) = ends.map_or((1, 2), |(first, last)| (first.0, last.1));
    let mut plot = Plot::new(
        "distribution of latencies",
        Axis::logarithmic(from as f64, to as f64, tick_time),
        Axis::from_zero(share(most.unwrap_or(0)), |percent| {
            format!("{} %", (percent * 100.0).round() / 100.0)
        }),
    );
    for &(from, to, lines) in &report.histogram {
        let text = format!(
            "{} – {}: {}",
            time(from),
            time(to),
            human::plural(lines, "line")
        );
        plot.bar((from as f64, to as f64), share(lines), &text);
    }
    let marks = [
        ("p50", report.latency.p50_ns),
        ("p99", report.latency.p99_ns),
    ];
    for (row, (name, nanos)) in (0..).zip(marks) {
        plot.mark(nanos as f64, name, row);
    }
    plot.finish()
}

/// The x axis counts nines: 0, 90, 99, 99.9 … are evenly spaced.
fn percentiles(report: &Report) -> String {
    let nines = |quantile: f64| -(1.0 - quantile).log10();
    // The last point is the maximum, at 1: it stands one step after the one before.
    let last = report.quantiles.iter().rev().nth(1);
    let end = last.map_or(1.0, |last| nines(last.0)).ceil();
    let points = report
        .quantiles
        .iter()
        .map(|&(quantile, nanos)| (nines(quantile).min(end), nanos as f64));
    let label = |nines: u32| match nines {
        1 => "90 %".to_owned(),
        2 => "99 %".to_owned(),
        more => format!("99.{} %", "9".repeat(more as usize - 2)),
    };
    let whole = (1..end as u32).map(|n| (f64::from(n), label(n)));
    let mut ticks = vec![(0.0, String::new()), (nines(0.5), "50 %".to_owned())];
    ticks.extend(whole);
    ticks.push((end, "max".to_owned()));
    let (min, max) = (report.latency.min_ns.max(1), report.latency.max_ns);
    let mut plot = Plot::new(
        "latency at percentiles",
        Axis::labelled(ticks),
        Axis::logarithmic(min as f64, max as f64, tick_time),
    );
    plot.line("p50", points);
    plot.finish()
}

/// The middle of each stretch and a figure of it.
fn over_time(report: &Report, figure: impl Fn(&super::Point) -> f64) -> Vec<(f64, f64)> {
    let middle = |point: &super::Point| f64::midpoint(point.from_s, point.to_s);
    let points = report.series.iter();
    points.map(|point| (middle(point), figure(point))).collect()
}

fn time_axis(report: &Report) -> Axis {
    let end = report.series.last().map_or(0.0, |point| point.to_s);
    let mut axis = Axis::from_zero(end, tick_seconds);
    axis.cut(end);
    axis
}

fn shade_warm_up(plot: &mut Plot, report: &Report) {
    if report.load.warm_up_s > 0.0 {
        plot.shade((0.0, report.load.warm_up_s), "warm-up");
    }
}

fn rate(report: &Report) -> String {
    let points = over_time(report, |point| point.lines_per_s);
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let y = Axis::from_zero(most, tick_count);
    let mut plot = Plot::new("lines a second over time", time_axis(report), y);
    shade_warm_up(&mut plot, report);
    plot.line("p50", points);
    plot.finish()
}

fn latency(report: &Report) -> String {
    let heard = |point: &&super::Point| point.p50_ns > 0;
    let all = || report.series.iter().filter(heard);
    let min = all().map(|point| point.p50_ns).min().unwrap_or(1);
    let max = all().map(|point| point.p99_ns).max().unwrap_or(1);
    let y = Axis::logarithmic(min as f64 / 1.2, max as f64 * 1.2, tick_time);
    let mut plot = Plot::new("latency over time", time_axis(report), y);
    shade_warm_up(&mut plot, report);
    plot.line("p99", over_time(report, |point| point.p99_ns as f64));
    plot.line("p50", over_time(report, |point| point.p50_ns as f64));
    plot.finish()
}

fn facts(report: &Report) -> String {
    let load = &report.load;
    let cpu: Vec<String> = report
        .load_cpu
        .iter()
        .map(|cpu| format!("{:.0} %", cpu.busy * 100.0))
        .collect();
    let mut facts = vec![
        ("When", report.when.clone()),
        ("Machine", report.machine.to_string()),
        ("By", report.program.clone()),
        ("Connected to", report.targets.join(", ")),
        (
            "Clients",
            format!(
                "{} of {}",
                report.connections.made, report.connections.asked
            ),
        ),
        ("Prefix of replies", format!("“{}”", load.prefix)),
        ("Lines answered", human::count(report.lines)),
        ("CPU of the load's threads", cpu.join(", ")),
    ];
    if let Some(server) = &report.server_cpu {
        let cores = format!(
            "{:.2} cores, {} ({})",
            server.cores, server.name, server.pid
        );
        facts.push(("CPU of the server", cores));
    }
    if let Some(late) = &report.lateness {
        let text = format!("p50 {}, p99 {}", time(late.p50_ns), time(late.p99_ns));
        facts.push(("Lateness of the load", text));
    }
    let row = |(name, value): (&str, String)| {
        format!("<tr><th>{name}</th><td>{}</td></tr>\n", escape(&value))
    };
    let rows: String = facts.into_iter().map(row).collect();
    format!("<table>\n{rows}</table>\n</html>\n")
}

const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::super::{FirstDifference, Remark};
    use super::*;

    #[test]
    fn a_page_needs_nothing_else() {
        let page = page(&sample());
        assert_eq!(page.matches("<svg").count(), 4);
        for outside in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn what_a_peer_said_is_no_markup() {
        let mut report = sample();
        report.trouble.first_difference = Some(FirstDifference {
            client: 0,
            reply: 1,
            byte: 1,
            expected: "a".into(),
            got: "<script>alert(1)</script>".into(),
            caret: "^".into(),
            hint: None,
        });
        assert!(!page(&report).contains("<script"));
    }

    #[test]
    fn a_run_that_measured_nothing_has_no_plots() {
        let mut report = sample();
        report.measured_s = 0.0;
        report.remarks = vec![Remark {
            word: "unmeasured".into(),
            text: "nothing was measured".into(),
            blame: Blame::Reading,
        }];
        let page = page(&report);
        assert!(!page.contains("<svg") && page.contains("nothing was measured"));
    }
}
