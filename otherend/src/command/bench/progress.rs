//! What is seen while it runs: on a terminal a line that changes, otherwise nothing.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};

use crate::bench::report::time::time;
use crate::bench::{Interval, Plan};
use crate::output::human;
use crate::output::stdio;

/// The line that changes.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    clients: u32,
    threads: usize,
    ended: u64,
    /// Intervals that not all threads have reported yet.
    parts: BTreeMap<usize, (usize, Interval)>,
}

impl Progress {
    /// For a run of `plan`; with `quiet`, nothing is shown.
    pub(super) fn new(plan: &Plan, quiet: bool) -> Progress {
        let seen = !quiet && stdio::stderr().is_terminal();
        Progress {
            bar: seen.then(|| bar(plan)),
            clients: plan.clients,
            threads: plan.threads as usize,
            ended: 0,
            parts: BTreeMap::new(),
        }
    }

    /// So many connections stand.
    pub(super) fn connecting(&mut self, made: u32) {
        if let Some(bar) = &self.bar {
            let (made, all) = (u64::from(made), u64::from(self.clients));
            bar.set_message(format!(
                "connecting: {} of {}",
                human::count(made),
                human::count(all)
            ));
        }
    }

    /// A thread has ended an interval.
    pub(super) fn interval(&mut self, interval: &Interval) {
        if self.bar.is_none() {
            return;
        }
        self.ended += interval.ended;
        let index = interval.index;
        match self.parts.get_mut(&index) {
            Some((parts, joined)) => {
                *parts += 1;
                joined.join(interval);
            }
            None => drop(self.parts.insert(index, (1, interval.clone()))),
        }
        if self
            .parts
            .get(&index)
            // Not before all have reported it: the half of an interval would look like a server
            // that has become slower.
            .is_some_and(|(parts, _)| *parts == self.threads)
        {
            self.show(index);
        }
    }

    /// Show an interval that all threads have reported; older ones are of no interest any more.
    fn show(&mut self, index: usize) {
        let newer = self.parts.split_off(&(index + 1));
        let parts = std::mem::replace(&mut self.parts, newer);
        if let (Some(bar), Some((_, interval))) = (&self.bar, parts.get(&index)) {
            bar.set_position(interval.to / 1_000_000);
            bar.set_message(self.message(interval));
        }
    }

    fn message(&self, interval: &Interval) -> String {
        let ended = match self.ended {
            0 => String::new(),
            some => format!("   {} gone", human::plural(some, "client")),
        };
        if interval.lines == 0 {
            return format!("no reply{ended}");
        }
        let at = |quantile| time(interval.latency.value_at_quantile(quantile));
        format!(
            "{:>12} lines/s   p50 {:<8}   p99 {:<8}{ended}",
            human::count(interval.rate() as u64),
            at(0.5),
            at(0.99)
        )
    }

    /// Take the line away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(plan: &Plan) -> ProgressBar {
    let template = "{bar:24} {elapsed:>4} {msg}";
    let style = ProgressStyle::with_template(template).expect("the template is a constant");
    ProgressBar::new(plan.times.end / 1_000_000).with_style(style.progress_chars("━╸─"))
}
