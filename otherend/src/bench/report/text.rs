//! The summary of a run for people: what was done, the figures, the distribution, the remarks.

use std::fmt::Write as _;

use super::time::time;
use super::{Blame, Load, Report, ServerCpu, chart};
use crate::output::human;
use crate::output::style::Palette;
use otherend_core::escaped;

/// What was done, in one line.
pub(crate) fn task(load: &Load) -> String {
    let clients = human::plural(load.clients.into(), "client");
    let pace = match (load.rate, load.in_flight) {
        (Some(rate), None) => format!("{} lines a second in all", human::count(rate)),
        (Some(rate), Some(most)) => format!(
            "{} lines a second in all, at most {} of a client unanswered",
            human::count(rate),
            human::count(most.into())
        ),
        (None, in_flight) => {
            let lines = human::plural(in_flight.unwrap_or(1).into(), "line");
            format!("{lines} of each in flight")
        }
    };
    let size = human::size(load.size as u64);
    format!("{clients}, {pace}, {size} a line")
}

/// The whole summary, one line feed at the end of each line.
pub(crate) fn summary(report: &Report, palette: Palette) -> String {
    let mut out = String::new();
    header(&mut out, report, palette);
    if report.measured_s > 0.0 {
        figures(&mut out, report, palette);
        cpu(&mut out, report);
        out.push('\n');
        for row in chart::bars(&report.histogram) {
            line(&mut out, format_args!("  {row}"));
        }
    }
    remarks(&mut out, report, palette);
    out
}

/// Writing to a string cannot fail.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
    out.push('\n');
}

fn header(out: &mut String, report: &Report, palette: Palette) {
    let targets = report.targets.join(", ");
    let reached = match targets == report.address {
        true => String::new(),
        false => format!(" at {targets}"),
    };
    let address = palette.strong(&report.address);
    line(
        out,
        format_args!("{address}{reached}: {}", task(&report.load)),
    );
    let times = format!(
        "measured {} of {} s, after {} s of warm-up",
        seconds(report.measured_s),
        seconds(report.load.seconds),
        seconds(report.load.warm_up_s)
    );
    line(out, format_args!("{}\n", palette.faint(times)));
}

fn seconds(seconds: f64) -> String {
    let rounded = (seconds * 100.0).round() / 100.0;
    rounded.to_string()
}

fn figures(out: &mut String, report: &Report, palette: Palette) {
    let rate = human::count(report.lines_per_s.round() as u64);
    let volume = human::size(report.bytes_per_s as u64);
    line(
        out,
        format_args!(
            "  answered  {} lines/s   {volume}/s both ways   {}",
            palette.strong(rate),
            human::plural(report.lines, "line")
        ),
    );
    let latency = &report.latency;
    if latency.lines == 0 {
        return;
    }
    let shown = [
        ("p50", latency.p50_ns),
        ("p90", latency.p90_ns),
        ("p99", latency.p99_ns),
        ("p99.9", latency.p999_ns),
        ("max", latency.max_ns),
    ];
    let shown = shown.map(|(name, nanos)| format!("{name} {}", palette.strong(time(nanos))));
    line(out, format_args!("  latency   {}", shown.join("   ")));
    if let Some(late) = &report.lateness {
        line(
            out,
            format_args!(
                "  lateness  p50 {}   p99 {}   of the load itself, part of the latency",
                time(late.p50_ns),
                time(late.p99_ns)
            ),
        );
    }
}

fn cpu(out: &mut String, report: &Report) {
    let busy = |share: f64| format!("{:.0} %", share * 100.0);
    let threads: Vec<String> = report.load_cpu.iter().map(|cpu| busy(cpu.busy)).collect();
    line(out, format_args!("  load CPU  {}", threads.join(", ")));
    if let Some(server) = &report.server_cpu {
        line(out, format_args!("  server    {}", server_text(server)));
    }
}

fn server_text(server: &ServerCpu) -> String {
    format!(
        "{:.0} %   {} lines a CPU second   {} (process {})",
        server.cores * 100.0,
        human::count(server.lines_per_cpu_s.round() as u64),
        escaped(server.name.as_bytes()),
        server.pid
    )
}

fn remarks(out: &mut String, report: &Report, palette: Palette) {
    if !report.remarks.is_empty() && report.measured_s > 0.0 {
        out.push('\n');
    }
    for remark in &report.remarks {
        let mut sign = "*";
        for text in wrapped(&remark.text) {
            let text = match remark.blame {
                Blame::Reading => text,
                _ => palette.bad(text).to_string(),
            };
            line(out, format_args!("  {sign} {text}"));
            sign = " ";
        }
        if remark.word == "differs" {
            difference(out, report);
        }
    }
}

/// Columns of a remark.
const COLUMNS: usize = 90;

/// The text in lines of at most so many columns, broken between words.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn difference(out: &mut String, report: &Report) {
    let Some(first) = &report.trouble.first_difference else {
        return;
    };
    line(
        out,
        format_args!(
            "    client {}, reply {}, byte {}:",
            first.client, first.reply, first.byte
        ),
    );
    line(out, format_args!("      expected  {}", first.expected));
    line(out, format_args!("           got  {}", first.got));
    line(out, format_args!("                {}", first.caret));
    if let Some(hint) = &first.hint {
        line(out, format_args!("    {hint}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::super::{FirstDifference, Remark};
    use super::*;

    #[test]
    fn the_task_is_one_sentence_for_either_loop() {
        let mut load = sample().load;
        assert_eq!(
            task(&load),
            "100 clients, 1 line of each in flight, 32 B a line"
        );
        load.rate = Some(50_000);
        load.in_flight = None;
        assert_eq!(
            task(&load),
            "100 clients, 50,000 lines a second in all, 32 B a line"
        );
    }

    #[test]
    fn a_clean_run_reads_in_ten_lines() {
        let text = summary(&sample(), Palette::PLAIN);
        let expected = "\
127.0.0.1:8080: 100 clients, 1 line of each in flight, 32 B a line
measured 8 of 10 s, after 2 s of warm-up

  answered  1,000 lines/s   77.15 KiB/s both ways   8,000 lines
  latency   p50 55 µs   p90 70 µs   p99 90 µs   p99.9 200 µs   max 1 ms
  load CPU  40 %
  server    50 %   2,000 lines a CPU second   server (process 4711)
";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn long_remarks_are_broken_between_words() {
        let words = "word ".repeat(40);
        let lines = wrapped(words.trim_end());
        assert_eq!(lines.len(), 3);
        assert!(
            lines
                .iter()
                .all(|line| line.len() <= COLUMNS && line.ends_with("word"))
        );
        assert_eq!(wrapped("short"), ["short"]);
    }

    #[test]
    fn a_difference_is_shown_with_both_sides() {
        let mut report = sample();
        report.trouble.first_difference = Some(FirstDifference {
            client: 3,
            reply: 1,
            byte: 2,
            expected: "ab\\n".into(),
            got: "ac\\n".into(),
            caret: " ^".into(),
            hint: None,
        });
        report.remarks = vec![Remark {
            word: "differs".into(),
            text: "1 client heard another reply".into(),
            blame: Blame::Replies,
        }];
        let text = summary(&report, Palette::PLAIN);
        let shown = "client 3, reply 1, byte 2:\n      expected  ab\\n\n           got  ac\\n\n                 ^\n";
        assert!(text.ends_with(shown), "{text}");
    }
}
