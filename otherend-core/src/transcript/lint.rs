//! What in a valid transcript can never happen, or is likely a slip.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::model::{Act, Item, Part, Setting, Text, Trigger};
use super::plan::{Beat, Extent, Piece};
use super::player::Mismatch;
use super::rehearse::{Rehearsal, rehearse};
use super::{FIRST_ITEM, Plan, Transcript, Transport};
use crate::Framing;

/// Something worth looking at in a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line in the file, counted from 1.
    pub line: usize,
    /// What was found there.
    pub what: Oddity,
}

/// What is odd about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// Played against itself, the file does not match here.
    NeverFits(Box<Mismatch>),
    /// Played against itself, both ends wait for each other here.
    Stuck,
    /// The rule never fires: what sets it off is answered by the rule on this line.
    Shadowed(usize),
    /// The rule never fires: no line has an LF in the middle.
    NeverLine,
    /// Rules wait for lines, and nothing that the file says ends one.
    NoLines,
    /// Whether the rules from here on can fire was not looked at: too many are alike.
    PerhapsShadowed,
    /// The hole with this name takes another part of its own line than its sample. Where that
    /// value is said again, the file [never fits](Self::NeverFits) itself.
    TakesOther(String),
    /// An unfinished line ends with a hole: nothing tells where its value ends.
    OpenEnd,
    /// Two holes touch: nothing tells where the first one's value ends.
    Touching,
    /// The sample is the mask of a secret: the value must be given to speak it.
    Masked(String),
    /// Nothing refers to this `let`.
    Unused(String),
    /// A pause with nothing after it.
    IdlePause,
    /// Datagrams have no end.
    NoEnd,
}

impl Oddity {
    /// With it, the file cannot pass against itself.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Oddity::NeverFits(_) | Oddity::Stuck | Oddity::Shadowed(_) | Oddity::NeverLine
        )
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Oddity::NeverFits(_) => f.write_str("this never fits what the file itself says"),
            Oddity::Stuck => f.write_str("both ends wait for each other here"),
            Oddity::Shadowed(line) => {
                write!(f, "this rule never fires: line {line} answers before it")
            }
            Oddity::NeverLine => f.write_str(
                "this rule never fires: a line ends at its first LF; what comes in several lines can \
                be heard by steps (`C:` …), or by a rule for each",
            ),
            Oddity::NoLines => f.write_str(
                "a rule waits for a line with LF at its end, and nothing that this file says has one: \
                a peer that ends with CR or nothing sets off no rule; say what ends a message instead (`eol cr`, \
                `framing stx` …)",
            ),
            Oddity::PerhapsShadowed => f.write_str(
                "whether this rule and those below it ever fire is not known: too many are alike",
            ),
            Oddity::TakesOther(name) => {
                write!(f, "`{name}` takes another part of its line than its sample")
            }
            Oddity::OpenEnd => {
                f.write_str("nothing tells where this hole ends: it takes as little as it can")
            }
            Oddity::Touching => {
                f.write_str("nothing parts these holes: the first takes as little as it can")
            }
            Oddity::Masked(name) => {
                write!(f, "a masked secret: to say it, use `--set {name}=…`")
            }
            Oddity::Unused(name) => write!(f, "nothing refers to `{name}`"),
            Oddity::IdlePause => f.write_str("nothing comes after this pause"),
            Oddity::NoEnd => f.write_str("datagrams have no end that the other side could see"),
        }
    }
}

/// Look at `plan`, and play both its ends against each other; findings come in the order of lines.
#[must_use]
pub fn lint(plan: &Arc<Plan>) -> Vec<Finding> {
    let mut findings = Vec::new();
    play(plan, &mut findings);
    shadows(plan, &mut findings);
    lines_of_rules(plan, &mut findings);
    open_ends(plan, &mut findings);
    lines(plan.transcript(), plan.transport(), &mut findings);
    findings.sort_by_key(|finding| finding.line);
    findings
}

fn play(plan: &Arc<Plan>, findings: &mut Vec<Finding>) {
    if !plan.has_script() {
        return;
    }
    match rehearse(plan) {
        Rehearsal::Passed => {}
        Rehearsal::Failed(mismatch) => findings.push(Finding {
            line: mismatch.line.unwrap_or(FIRST_ITEM),
            what: Oddity::NeverFits(mismatch),
        }),
        Rehearsal::Stuck(lines) => findings.extend(lines.into_iter().map(|line| Finding {
            line,
            what: Oddity::Stuck,
        })),
        Rehearsal::Differs(slots) => {
            for slot in slots {
                if let Some((line, name)) = plan.script_hole(slot) {
                    let what = Oddity::TakesOther(name);
                    findings.push(Finding { line, what });
                }
            }
        }
    }
}

/// Rules that another rule always answers before.
fn shadows(plan: &Plan, findings: &mut Vec<Finding>) {
    let shadowed = plan.rules.shadowed();
    for (line, before) in shadowed.rules {
        let what = Oddity::Shadowed(before);
        findings.push(Finding { line, what });
    }
    findings.extend(shadowed.unknown_from.map(|line| Finding {
        line,
        what: Oddity::PerhapsShadowed,
    }));
}

/// Rules that wait for what is no line, or for lines among peers that have none.
fn lines_of_rules(plan: &Plan, findings: &mut Vec<Finding>) {
    if *plan.framing() != Framing::Lf {
        return;
    }
    findings.extend(plan.rules.never_lines().map(|line| Finding {
        line,
        what: Oddity::NeverLine,
    }));
    // Devices that end what they say with CR or ETX are written in pieces, and rules for them like
    // those for lines:
    //
    //     on C: *IDN?
    //     S. ACME,1\r
    let items = || plan.transcript().items().iter();
    let waits = items().position(|item| {
        let waits = |trigger: &Trigger| matches!(trigger, Trigger::Line(..) | Trigger::After(..));
        matches!(item, Item::Rule(trigger) if waits(trigger))
    });
    let said = items().filter_map(|item| match item {
        Item::Step(step) => ends_line(&step.act),
        _ => None,
    });
    let mut said = said.peekable();
    if let Some(index) = waits
        && said.peek().is_some()
        && !said.any(|ends_line| ends_line)
    {
        findings.push(Finding {
            line: index + FIRST_ITEM,
            what: Oddity::NoLines,
        });
    }
}

/// An LF is in what is said; `None`: nothing is.
fn ends_line(act: &Act) -> Option<bool> {
    let has_end = |bytes: &[u8]| bytes.contains(&b'\n');
    match act {
        Act::Line(_) | Act::Optional(_) | Act::Repeated(_) => Some(true),
        Act::Piece(text) | Act::Hex(text) => Some(text.parts().iter().any(|part| match part {
            Part::Literal(bytes) => has_end(bytes),
            // It may stand for anything.
            Part::Reference(_) => true,
            Part::Hole(_) => false,
        })),
        Act::Connect | Act::Close(_) => None,
    }
}

fn open_ends(plan: &Plan, findings: &mut Vec<Finding>) {
    for beat in plan.scripts.iter().flat_map(|script| script.beats_from(0)) {
        let Beat::Says(says) = beat else {
            continue;
        };
        for heard in says.lines().filter(|line| line.extent == Extent::Beginning) {
            if let Some(Piece::Hole(_) | Piece::Again(_)) = heard.template.parts().last() {
                findings.push(Finding {
                    line: heard.line,
                    what: Oddity::OpenEnd,
                });
            }
        }
    }
}

/// What can be seen line by line.
fn lines(transcript: &Transcript, transport: Transport, findings: &mut Vec<Finding>) {
    let referred = referred(transcript);
    let mut pause = None;
    for (index, item) in transcript.items().iter().enumerate() {
        let line = index + FIRST_ITEM;
        let mut find = |what| findings.push(Finding { line, what });
        match item {
            Item::Setting(Setting::Let(set)) if !referred.contains(&*set.name) => {
                find(Oddity::Unused(set.name.to_string()));
            }
            Item::Step(step)
                if transport == Transport::Udp && matches!(step.act, Act::Close(_)) =>
            {
                find(Oddity::NoEnd);
            }
            _ => {}
        }
        if let Some(text) = item.text() {
            text_of(text, find);
        }
        match item {
            Item::Pause(_) => pause = pause.or(Some(line)),
            // A recording's last word may be why it ended, and its pause says when.
            Item::Step(_) | Item::Comment(_) => pause = None,
            _ => {}
        }
    }
    findings.extend(pause.map(|line| Finding {
        line,
        what: Oddity::IdlePause,
    }));
}

fn text_of(text: &Text, mut find: impl FnMut(Oddity)) {
    // Of two holes the first must show where it ends: by what stands behind it, or by its size.
    let is_open = |part: &Part| matches!(part, Part::Hole(hole) if hole.kind.size().is_none());
    let touching = |pair: &[Part]| is_open(&pair[0]) && matches!(pair[1], Part::Hole(_));
    if text.parts().windows(2).any(touching) {
        find(Oddity::Touching);
    }
    if let Some(name) = text.masked() {
        find(Oddity::Masked(name.to_owned()));
    }
}

/// The names that anything refers to.
fn referred(transcript: &Transcript) -> HashSet<&str> {
    let texts = transcript.items().iter().filter_map(Item::text);
    let parts = texts.flat_map(Text::parts);
    let names = parts.filter_map(|part| match part {
        Part::Reference(name) => Some(&**name),
        _ => None,
    });
    names.collect()
}
