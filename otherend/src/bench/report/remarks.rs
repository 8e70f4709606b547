//! What has to be said beside the figures: what went wrong, and what they do not mean.

use serde::{Deserialize, Serialize};

use super::{Report, Trouble};
use crate::output::human;

/// Below this many measured lines the high percentiles are single lines.
const FEW: u64 = 1000;
/// An open loop that reaches less than this share of its rate has missed it.
const REACHED: f64 = 0.99;
/// A load that is late by more than this share of the median latency spoils it.
const LATE: f64 = 0.25;

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remark {
    /// A stable word.
    pub(crate) word: String,
    pub(crate) text: String,
    pub(crate) blame: Blame,
}

/// What a remark is about, and so what becomes of the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Blame {
    /// How the figures are to be read; nothing failed.
    Reading,
    /// The network or the server's connections failed (exit 1).
    Network,
    /// Replies were wrong (exit 3).
    Replies,
    /// Replies did not come in time (exit 4).
    Time,
}

/// All there is to say about a run, what went wrong first.
pub(super) fn remarks(report: &Report) -> Vec<Remark> {
    let mut remarks = wrong_replies(&report.trouble);
    remarks.extend(missing(report));
    remarks.extend(ended(&report.trouble));
    remarks.extend(unanswered(&report.trouble));
    remarks.extend(readings(report));
    remarks
}

fn remark(blame: Blame, word: &str, text: String) -> Remark {
    let word = word.to_owned();
    Remark { word, text, blame }
}

/// `1 client` or `N clients`.
fn clients(number: u64) -> String {
    human::plural(number, "client")
}

fn wrong_replies(trouble: &Trouble) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if trouble.differs > 0 {
        let text = format!(
            "{} heard another reply than expected, and said nothing more from then on",
            clients(trouble.differs)
        );
        remarks.push(remark(Blame::Replies, "differs", text));
    }
    if trouble.unasked > 0 {
        let text = format!("{} heard replies to nothing", clients(trouble.unasked));
        remarks.push(remark(Blame::Replies, "unasked", text));
    }
    remarks
}

fn missing(report: &Report) -> impl Iterator<Item = Remark> {
    let missing = report.connections.missing.iter();
    missing.map(|missing| {
        let text = format!(
            "{} of {} could not connect to {}: {}",
            human::count(missing.clients.into()),
            clients(report.connections.asked.into()),
            missing.target,
            missing.text
        );
        // Whoever stops the run does not ask for the rest of its clients.
        let blame = match missing.cause.as_str() {
            "stopped" => Blame::Reading,
            _ => Blame::Network,
        };
        remark(blame, &missing.cause, text)
    })
}

fn ended(trouble: &Trouble) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if trouble.closed > 0 {
        let text = format!("the server closed on {} too early", clients(trouble.closed));
        remarks.push(remark(Blame::Network, "closed-early", text));
    }
    if trouble.reset > 0 {
        let text = format!("the server reset {}", clients(trouble.reset));
        remarks.push(remark(Blame::Network, "reset", text));
    }
    if let Some(failure) = &trouble.first_failure {
        let text = format!("{} failed: {failure}", clients(trouble.failed));
        remarks.push(remark(Blame::Network, "failed", text));
    }
    if trouble.lost > 0 {
        let lines = human::plural(trouble.lost, "line");
        let text = format!("{lines} stayed without a reply, for their connection was gone");
        remarks.push(remark(Blame::Network, "lost", text));
    }
    remarks
}

fn unanswered(trouble: &Trouble) -> Option<Remark> {
    let text = format!(
        "{} without a reply to the end; they count with the time waited, so the true \
         latencies are higher",
        human::plural(trouble.unanswered, "line")
    );
    (trouble.unanswered > 0).then(|| remark(Blame::Time, "unanswered", text))
}

/// What the figures do not mean.
fn readings(report: &Report) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut say = |word: &str, text: String| remarks.push(remark(Blame::Reading, word, text));
    if report.trouble.stopped {
        say(
            "stopped",
            "stopped early: these are the figures so far".to_owned(),
        );
    }
    // Nothing else is said of a run that measured nothing: every further sentence would be about a
    // zero.
    if report.measured_s == 0.0 {
        say(
            "unmeasured",
            "it ended within the warm-up: nothing was measured".to_owned(),
        );
        return remarks;
    }
    if report.latency.lines == 0 {
        say(
            "unmeasured",
            "no reply was heard in time: nothing was measured".to_owned(),
        );
        return remarks;
    }
    // The first question about any figure: whose limit is it? A load without time left has measured
    // itself.
    let saturated = report.load_cpu.iter().filter(|cpu| cpu.saturated).count();
    if saturated > 0 {
        say("load-saturated", saturated_text(report, saturated));
    }
    if let Some(rate) = report
        .load
        .rate
        .filter(|&rate| report.lines_per_s < rate as f64 * REACHED)
    {
        let text = format!(
            "{} lines a second were due and {} were answered",
            human::count(rate),
            human::count(report.lines_per_s as u64)
        );
        say("rate-missed", text);
    }
    let late = report.lateness.as_ref().map_or(0, |late| late.p50_ns);
    if late as f64 > LATE * report.latency.p50_ns as f64 {
        let text = "a large part of the latency is the load's own lateness".to_owned();
        say("load-late", text);
    }
    // Of 200 lines p99 is the second slowest: another run would have another.
    if report.latency.lines < FEW {
        let text = format!(
            "only {} measured: the high percentiles are single lines",
            human::plural(report.latency.lines, "line")
        );
        say("few-lines", text);
    }
    remarks
}

fn saturated_text(report: &Report, saturated: usize) -> String {
    let all = report.load_cpu.len();
    let which = match all {
        1 => "the load's CPU was".to_owned(),
        _ => format!("{saturated} of the load's {all} threads were"),
    };
    let waits = report.load_cpu.iter().filter_map(|cpu| cpu.waiting);
    let waited = waits.fold(0.0, f64::max);
    let has_cores = report.machine.cores > report.load.threads as usize;
    let advice = match has_cores {
        _ if waited > 0.1 => format!(
            "it waited {:.0} % of the time for a core: give it cores of its own",
            waited * 100.0
        ),
        true => "try --threads".to_owned(),
        false => "use another machine, or several".to_owned(),
    };
    format!("{which} saturated: the figures may be the load's limit, not the server's; {advice}")
}

#[cfg(test)]
mod tests {
    use super::super::{Latency, ThreadCpu};
    use super::*;
    use crate::bench::report::sample::sample;

    fn words(report: &Report) -> Vec<String> {
        remarks(report)
            .into_iter()
            .map(|remark| remark.word)
            .collect()
    }

    #[test]
    fn a_clean_run_needs_no_remark() {
        assert_eq!(words(&sample()), [""; 0]);
    }

    #[test]
    fn a_load_without_time_left_is_said_with_what_to_do() {
        let mut report = sample();
        report.machine.cores = 4;
        report.load_cpu = vec![ThreadCpu {
            busy: 0.98,
            waiting: Some(0.0),
            saturated: true,
        }];
        let remarks = remarks(&report);
        assert_eq!(remarks[0].word, "load-saturated");
        assert!(remarks[0].text.ends_with("try --threads"));
    }

    #[test]
    fn what_went_wrong_comes_first() {
        let mut report = sample();
        report.load.rate = Some(1_000_000_000);
        report.trouble.unanswered = 3;
        report.trouble.reset = 1;
        report.trouble.differs = 2;
        let order = ["differs", "reset", "unanswered", "rate-missed"];
        assert_eq!(words(&report), order);
    }

    #[test]
    fn a_run_that_measured_nothing_says_only_that() {
        let mut report = sample();
        report.measured_s = 0.0;
        report.latency = Latency::default();
        report.trouble.stopped = true;
        assert_eq!(words(&report), ["stopped", "unmeasured"]);
    }

    #[test]
    fn a_run_without_a_reply_gives_no_figures() {
        let mut report = sample();
        report.latency = Latency::default();
        report.trouble.unanswered = 3;
        assert_eq!(words(&report), ["unanswered", "unmeasured"]);
    }
}
