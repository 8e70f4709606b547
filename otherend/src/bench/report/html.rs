//! A run as one page that needs nothing else: figures, plots, and what was measured where.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::svg::{Axis, plot};
use super::text::task;
use super::time::time;
use super::{Blame, Point, Report, chart};
use crate::output::human;

const STYLE: &str = include_str!("page.css");

/// The page.
pub(crate) fn page(report: &Report) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "otherend bench " (report.address) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (report.address) }
                p.task {
                    (task(&report.load)) "; measured " (format!("{:.1}", report.measured_s))
                    " s after " (format!("{:.1}", report.load.warm_up_s)) " s of warm-up"
                }
                (remarks(report))
                @if report.measured_s > 0.0 && !report.histogram.is_empty() {
                    (cards(report))
                    (figures(report))
                }
                (facts(report))
            }
        }
    };
    page.into_string() + "\n"
}

fn remarks(report: &Report) -> Markup {
    let class = |blame| match blame {
        Blame::Reading => "reading",
        _ => "wrong",
    };
    let difference = report.trouble.first_difference.as_ref();
    html! {
        @if !report.remarks.is_empty() || difference.is_some() {
            ul.remarks {
                @for remark in &report.remarks {
                    li.(class(remark.blame)) { (remark.text) }
                }
                @if let Some(first) = difference {
                    li {
                        "client " (first.client) ", reply " (first.reply) ", byte " (first.byte) ":"
                        pre {
                            "expected  " (first.expected) "\n     got  " (first.got)
                            "\n          " (first.caret)
                        }
                    }
                }
            }
        }
    }
}

fn cards(report: &Report) -> Markup {
    let mut cards = vec![
        (count(report.lines_per_s), "lines a second"),
        (time(report.latency.p50_ns), "median latency"),
        (time(report.latency.p99_ns), "p99 latency"),
        (time(report.latency.max_ns), "longest"),
    ];
    if let Some(server) = &report.server_cpu {
        let lines = count(server.lines_per_cpu_s);
        cards.push((lines, "lines a server CPU second"));
    }
    html! {
        div.cards {
            @for (value, name) in cards {
                div { b { (value) } span { (name) } }
            }
        }
    }
}

fn count(number: f64) -> String {
    human::count(number.round() as u64)
}

fn figures(report: &Report) -> Markup {
    let shaded = match report.load.warm_up_s > 0.0 {
        true => "Shaded: the warm-up, which does not count.",
        false => "",
    };
    html! {
        figure {
            figcaption { "Latency: how many lines took how long" }
            pre { (chart::bars(&report.histogram).join("\n")) }
        }
        figure {
            figcaption { "Latency at percentiles" }
            (percentiles(report))
            p { "How long the fastest 50 %, 90 %, 99 % … of the lines took at most." }
        }
        figure {
            figcaption { "Lines a second over time" }
            (rate(report))
            p { (shaded) }
        }
        figure {
            figcaption { "Latency over time" }
            (latency(report))
            p { span.key.p50 { "median" } " " span.key.p99 { "p99" } }
            p { (shaded) }
        }
    }
}

fn latency_axis(from: u64, to: u64) -> Axis {
    Axis::logarithmic(from as f64, to as f64, |nanos| time(nanos.round() as u64))
}

/// The x axis counts nines: 0, 90, 99, 99.9 … are evenly spaced.
fn percentiles(report: &Report) -> Markup {
    let nines = |quantile: f64| -(1.0 - quantile).log10();
    // The last point is the maximum, at 1: it stands one step after the one before.
    let last = report.quantiles.iter().rev().nth(1);
    let end = last.map_or(1.0, |last| nines(last.0)).ceil();
    let points = report.quantiles.iter();
    let points = points.map(|&(quantile, nanos)| (nines(quantile).min(end), nanos as f64));
    let label = |nines: u32| match nines {
        1 => "90 %".to_owned(),
        2 => "99 %".to_owned(),
        more => format!("99.{} %", "9".repeat(more as usize - 2)),
    };
    let mut labels = vec![(0.0, String::new()), (nines(0.5), "50 %".to_owned())];
    labels.extend((1..end as u32).map(|n| (f64::from(n), label(n))));
    labels.push((end, "max".to_owned()));
    let x = Axis::labelled(labels);
    let y = latency_axis(report.latency.min_ns, report.latency.max_ns);
    let line = ("p50", points.collect());
    plot("latency at percentiles", (&x, &y), 0.0, &[line])
}

/// The middle of each stretch and a figure of it.
fn over_time(report: &Report, figure: impl Fn(&Point) -> f64) -> Vec<(f64, f64)> {
    let middle = |point: &Point| f64::midpoint(point.from_s, point.to_s);
    let points = report.series.iter();
    points.map(|point| (middle(point), figure(point))).collect()
}

fn time_axis(report: &Report) -> Axis {
    let end = report.series.last().map_or(0.0, |point| point.to_s);
    Axis::from_zero(end, |seconds| format!("{} s", rounded(seconds)))
}

/// At most three decimals.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn rate(report: &Report) -> Markup {
    let points = over_time(report, |point| point.lines_per_s);
    let most = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let y = Axis::from_zero(most * 1.05, |lines| match lines {
        millions if millions >= 1e6 => format!("{}M", rounded(millions / 1e6)),
        thousands if thousands >= 1e3 => format!("{}k", rounded(thousands / 1e3)),
        few => rounded(few).to_string(),
    });
    let (title, x) = ("lines a second over time", time_axis(report));
    plot(title, (&x, &y), report.load.warm_up_s, &[("p50", points)])
}

fn latency(report: &Report) -> Markup {
    let heard = report.series.iter().filter(|point| point.p50_ns > 0);
    let lowest = heard.map(|point| point.p50_ns).min().unwrap_or(1);
    let highest = report.series.iter().map(|point| point.p99_ns).max();
    let y = latency_axis(lowest / 5 * 4, highest.unwrap_or(1) / 5 * 6);
    let lines = [
        ("p99", over_time(report, |point| point.p99_ns as f64)),
        ("p50", over_time(report, |point| point.p50_ns as f64)),
    ];
    let (title, x) = ("latency over time", time_axis(report));
    plot(title, (&x, &y), report.load.warm_up_s, &lines)
}

fn facts(report: &Report) -> Markup {
    let cpu = report.load_cpu.iter();
    let cpu: Vec<String> = cpu
        .map(|cpu| format!("{:.0} %", cpu.busy * 100.0))
        .collect();
    let clients = &report.connections;
    let mut facts = vec![
        ("When", report.when.clone()),
        ("Machine", report.machine.to_string()),
        ("By", report.program.clone()),
        ("Connected to", report.targets.join(", ")),
        ("Clients", format!("{} of {}", clients.made, clients.asked)),
        ("Prefix of replies", format!("“{}”", report.load.prefix)),
        ("Lines answered", human::count(report.lines)),
        ("CPU of the load's threads", cpu.join(", ")),
    ];
    if let Some(server) = &report.server_cpu {
        let (cores, name, pid) = (server.cores, &server.name, server.pid);
        let text = format!("{cores:.2} cores, {name} ({pid})");
        facts.push(("CPU of the server", text));
    }
    if let Some(late) = &report.lateness {
        let text = format!("p50 {}, p99 {}", time(late.p50_ns), time(late.p99_ns));
        facts.push(("Lateness of the load", text));
    }
    html! {
        table {
            @for (name, value) in facts {
                tr { th { (name) } td { (value) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::super::{FirstDifference, Remark};
    use super::*;

    #[test]
    fn a_page_needs_nothing_else() {
        let page = page(&sample());
        assert_eq!(page.matches("<svg").count(), 3);
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
        let page = page(&report);
        assert!(!page.contains("<script") && page.contains("&lt;script"));
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
