//! What is seen of a test run: a line a file, what differed, and a sum.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::ProgressBar;
use otherend_core::transcript::{Varying, varying};
use serde_json::json;

use super::case::{Ending, Played};
use crate::output::stdio;
use crate::output::style::Palette;
use crate::output::terminal_text::tamed;
use crate::output::{self, human};

pub(super) struct Show {
    json: bool,
    quiet: bool,
    palette: Palette,
    /// On a terminal, while there is more than one file.
    bar: Option<ProgressBar>,
}

impl Show {
    pub(super) fn new(json: bool, quiet: bool, files: usize) -> Self {
        let seen = files > 1 && !json && stdio::stderr().is_terminal();
        Show {
            json,
            quiet,
            palette: Palette::of_stdout(),
            bar: seen.then(|| ProgressBar::new(files as u64)),
        }
    }

    /// A file has been played.
    pub(super) fn case(&mut self, case: &Played) -> io::Result<()> {
        let text = if self.json {
            json_of(case)
        } else {
            self.text_of(case)
        };
        let mut out = stdio::stdout();
        let Some(bar) = &self.bar else {
            return out.write_all(text.as_bytes());
        };
        bar.inc(1);
        // The bar is on stderr and the text on stdout, and both are mostly one terminal.
        bar.suspend(|| out.write_all(text.as_bytes()))
    }

    fn text_of(&self, case: &Played) -> String {
        let took = human::duration(case.took);
        // Whoever made the folder chose the names in it.
        let name = tamed(&case.name);
        match &case.mismatch {
            // Why is said once, at the end.
            None if case.obstacle.is_some() => format!("not played {name}\n"),
            None if self.quiet => String::new(),
            None => {
                let word = if case.updated { "updated" } else { "ok    " };
                format!("{} {name} ({took})\n", self.palette.good(word))
            }
            Some(mismatch) => {
                let failed = self.palette.bad("failed");
                let screen = mismatch.render(&name);
                let advice = advice(case).map(|advice| format!("    {advice}\n"));
                let advice = advice.unwrap_or_default();
                format!("{failed} {name} ({took})\n{screen}{advice}")
            }
        }
    }

    /// All files have been played.
    pub(super) fn sum_up(&self, played: &[Played], took: Duration) -> io::Result<()> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.json || self.quiet || played.len() < 2 {
            return Ok(());
        }
        let count = |ending| played.iter().filter(|case| case.ending() == ending).count();
        let (passed, not_played) = (count(Ending::Passed), count(Ending::NotPlayed));
        let failed = played.len() - passed - not_played;
        let not_played = match not_played {
            0 => String::new(),
            some => format!("{some} not played, "),
        };
        let took = human::duration(took);
        writeln!(
            stdio::stdout(),
            "{passed} passed, {failed} failed, {not_played}in {took}"
        )
    }
}

/// What to do if the file differs only because a value is another one each time.
fn advice(case: &Played) -> Option<String> {
    let Varying { hole, generalises } = varying(case.mismatch.as_ref()?)?;
    let alone = match generalises {
        true => format!(
            ", or run: otherend talk generalise --write {}",
            tamed(&case.name)
        ),
        false => String::new(),
    };
    Some(format!("if that may vary, make it a hole: {hole}{alone}"))
}

fn json_of(case: &Played) -> String {
    let mut object = json!({
        "file": case.name,
        "passed": case.ending() == Ending::Passed,
        "updated": case.updated,
        "seconds": case.took.as_secs_f64(),
    });
    if let Some(mismatch) = &case.mismatch {
        object["cause"] = match case.ending() {
            Ending::Silent => "silent",
            _ => "differs",
        }
        .into();
        object["line"] = mismatch.line.into();
        object["expected"] = mismatch.expected.clone().into();
        object["heard"] = mismatch.heard_as_text().into();
        object["at"] = mismatch.difference.as_ref().map(|d| d.at).into();
        object["text"] = mismatch.to_string().into();
        object["hole"] = varying(mismatch).map(|found| found.hole.to_string()).into();
    }
    if let Some(obstacle) = &case.obstacle {
        object["cause"] = match obstacle.cause {
            Some(word) => word.as_str(),
            None => "not-played",
        }
        .into();
        object["text"] = obstacle.text.clone().into();
    }
    // An object always has a form in JSON.
    output::json::to_string(&object).unwrap_or_default() + "\n"
}
