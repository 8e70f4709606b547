//! A served transcript on the screen: when its file changed, and what of it nobody used.

use std::sync::Arc;

use otherend_core::Time;
use otherend_core::transcript::Item;
use otherend_net::{Handle, Report};

use crate::exit::Failure;
use crate::output::human::plural;
use crate::output::screen::{Remark, Screen};
use crate::talk::served::Served;

/// The most rules that are named at the end.
const MOST: usize = 20;

/// Read the file again when it changes, and say so; say who waits for whom.
pub(super) fn follow(served: &Arc<Served>, handle: Handle, screen: &Screen) -> std::io::Result<()> {
    let (stopping, screen) = (handle.clone(), screen.clone());
    let tell = move |client: u64, text: &str| {
        for line in text.lines() {
            screen.remark(handle.now(), client, &Remark::note("transcript", line));
        }
    };
    Arc::clone(served).follow(move || stopping.is_stopping(), tell)
}

/// Say which lines and rules of the file were never reached, if anybody came.
pub(super) fn tell_unreached(served: &Served, now: Time, screen: &Screen, report: &Report) {
    // With nobody here nothing was reached, and to say so of every line would say nothing.
    if report.stats.accepted == 0 {
        return;
    }
    let plan = served.plan();
    let lines = plan.unreached();
    let item = |line: &usize| plan.transcript().on_line(*line);
    let (rules, steps): (Vec<usize>, Vec<usize>) = lines
        .iter()
        .partition(|line| matches!(item(line), Some(Item::Rule(_))));
    let name = served.name();
    let tell = |line: &usize, which: &str| {
        let item = item(line).map(ToString::to_string).unwrap_or_default();
        let text = format!("{name}:{line}: never reached{which}: {item}");
        screen.remark(now, 0, &Remark::note("unreached", &text));
    };
    match &steps[..] {
        [] => {}
        [only] => tell(only, ""),
        // Who left at line 12 of 40 has reached none of the rest, for one reason: one sentence.
        // Rules stand each for itself.
        [first, others @ .., last] => {
            let more = plural(others.len() as u64 + 1, "more step");
            tell(first, &format!(", nor {more} up to line {last}"));
        }
    }
    for rule in rules.iter().take(MOST) {
        tell(rule, "");
    }
    let more = rules.len().saturating_sub(MOST) as u64;
    if more > 0 {
        let text = format!("{name}: {} never reached", plural(more, "more rule"));
        screen.remark(now, 0, &Remark::note("unreached", &text));
    }
}

/// The exit code of a mock server: clients are to say what its file has.
///
/// # Errors
/// Some client said a line that nothing in the file fits.
pub(super) fn verdict(served: &Served) -> Result<(), Failure> {
    match served.plan().misfits() {
        0 => Ok(()),
        misfits => {
            let (name, lines) = (served.name(), plural(misfits, "line"));
            let text = format!("{name}: clients said {lines} that nothing in it fits");
            Err(Failure::Mismatch(text))
        }
    }
}
