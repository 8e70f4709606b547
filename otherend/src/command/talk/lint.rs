//! `otherend talk lint`: what is wrong with transcripts, and what can never happen in them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use otherend_core::transcript::{Finding, Item, Oddity, Plan, Transcript, lint};

use super::Files;
use crate::args::talk::FilledArgs;
use crate::exit::Failure;
use crate::output::human::plural;
use crate::output::stdio;
use crate::output::terminal_text::tamed;
use crate::talk::files;

/// The flags of `otherend talk lint`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend talk lint x.talk
  otherend talk lint transcripts/

Every file is read as a whole; then its client and its server talk to each other in memory.
Exit codes: 2 a file is no transcript, 3 a file can never match.")]
pub(crate) struct Args {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    filled: FilledArgs,

    /// Show only what went wrong.
    #[arg(short, long)]
    quiet: bool,
}

/// How many files have which trouble.
#[derive(Default)]
struct Count {
    unreadable: u64,
    never: u64,
}

/// Look at every file, then say how many are wrong.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = stdio::stdout();
    let mut count = Count::default();
    for path in files::find(&args.files.files)? {
        look_at(&path, args, &mut out, &mut count)?;
    }
    Ok(count.verdict()?)
}

impl Count {
    fn verdict(&self) -> Result<(), Failure> {
        let (unreadable, never) = (plural(self.unreadable, "file"), plural(self.never, "file"));
        match (self.unreadable, self.never) {
            (0, 0) => Ok(()),
            (0, _) => Err(Failure::Mismatch(format!("{never} can never match"))),
            (_, 0) => Err(Failure::Usage(format!("{unreadable} cannot be used"))),
            _ => Err(Failure::Usage(format!(
                "{unreadable} cannot be used, {never} can never match"
            ))),
        }
    }
}

fn look_at(
    path: &Path,
    args: &Args,
    out: &mut impl Write,
    count: &mut Count,
) -> anyhow::Result<()> {
    let file = match files::read_whole(path, args.filled.limits()) {
        Ok(file) => file,
        Err(error) => {
            // Counted and passed over: who lints a folder wants to hear of all that is wrong in it.
            count.unreadable += 1;
            writeln!(out, "{}", tamed(&error.to_string()))?;
            return Ok(());
        }
    };
    let name = tamed(&file.name);
    let plan = Arc::new(Plan::new(file.transcript));
    let findings = lint(&plan);
    for finding in &findings {
        show(&name, plan.transcript(), finding, out)?;
    }
    if findings.iter().any(|finding| finding.what.is_fatal()) {
        count.never += 1;
    } else if !args.quiet {
        writeln!(out, "{name}: {}", facts(&plan))?;
    }
    Ok(())
}

fn show(
    name: &str,
    transcript: &Transcript,
    finding: &Finding,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Finding { line, what } = finding;
    let text = transcript.on_line(*line).map(ToString::to_string);
    writeln!(out, "{name}:{line}: {what}")?;
    writeln!(out, "    {}", text.unwrap_or_default())?;
    if let Oddity::NeverFits(mismatch) = what {
        for line in mismatch.render(name).lines() {
            writeln!(out, "    | {line}")?;
        }
    }
    Ok(())
}

/// What a good file holds, in a few words.
fn facts(plan: &Plan) -> String {
    let count = |wanted: fn(&Item) -> bool| {
        let items = Transcript::items(plan.transcript()).iter();
        items.filter(|item| wanted(item)).count() as u64
    };
    let mut facts = Vec::new();
    if plan.has_script() {
        let steps = count(|item| matches!(item, Item::Step(_)));
        facts.push(plural(steps, "step"));
        facts.push(plural(plan.connections() as u64, "connection"));
    }
    if plan.has_rules() {
        let rules = count(|item| matches!(item, Item::Rule(_)));
        facts.push(plural(rules, "rule"));
    }
    if facts.is_empty() {
        facts.push("nothing is said".to_owned());
    }
    format!("{}; {}", facts.join(", "), use_of(plan))
}

/// Which of `play` and `serve` can use it.
fn use_of(plan: &Plan) -> &'static str {
    match (plan.has_script(), plan.has_rules()) {
        (true, _) => "for play and serve",
        (false, true) => "for serve; rules give a client nothing to play",
        (false, false) => "for neither play nor serve",
    }
}
