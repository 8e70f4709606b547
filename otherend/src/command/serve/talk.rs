//! A served transcript on the screen: when its file changed, and what of it nobody used.

use std::sync::Arc;

use otherend_core::Time;
use otherend_net::Handle;

use crate::output::human::plural;
use crate::output::screen::{Remark, Screen};
use crate::talk::served::Served;

/// The most lines that are named at the end.
const MOST: usize = 20;

/// Read the file again when it changes, and say so.
pub(super) fn follow(served: &Arc<Served>, handle: Handle, screen: &Screen) -> std::io::Result<()> {
    let (stopping, screen) = (handle.clone(), screen.clone());
    let tell = move |text: &str| {
        for line in text.lines() {
            screen.remark(handle.now(), 0, &Remark::Note("transcript", line));
        }
    };
    Arc::clone(served).follow(move || stopping.is_stopping(), tell)
}

/// Say which lines and rules of the file were never reached.
pub(super) fn tell_unreached(served: &Served, now: Time, screen: &Screen) {
    let plan = served.plan();
    let name = served.name();
    let unreached = plan.unreached();
    for line in unreached.iter().take(MOST) {
        let item = plan.transcript().on_line(*line).map(ToString::to_string);
        let text = format!("{name}:{line}: never reached: {}", item.unwrap_or_default());
        screen.remark(now, 0, &Remark::Note("unreached", &text));
    }
    let more = unreached.len().saturating_sub(MOST);
    if more > 0 {
        let text = format!(
            "{name}: {} more were never reached",
            plural(more as u64, "line")
        );
        screen.remark(now, 0, &Remark::Note("unreached", &text));
    }
}
