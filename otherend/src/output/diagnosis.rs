//! A diagnosis on the screen: each step with its mark and time as it is known, then the verdict;
//! or the same as JSON Lines.

use std::io::{self, BufWriter, Stdout, Write};

use otherend_diagnose::{Cause, Likelihood, Mark, Progress, Stage, Step, Verdict};
use serde::Serialize;

use super::stdio::{self, Patient};
use super::style::Palette;
use super::terminal_text::tamed;
use super::{human, json};
use crate::system::terminal;

/// The widest text, where the terminal is wider.
const WIDEST: usize = 100;

/// Where a diagnosis is shown.
pub(crate) struct Display {
    out: BufWriter<Patient<Stdout>>,
    palette: Palette,
    json: bool,
    /// The width to wrap at; none where it is not a terminal.
    width: Option<usize>,
    /// Whether a line about a step under way stands at the end of the screen.
    pending: bool,
    /// What could not be shown; a diagnosis is not ended for it.
    failed: io::Result<()>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event<'a, E> {
    Step(&'a Step),
    Verdict {
        #[serde(flatten)]
        verdict: &'a Verdict,
        evidence: &'a E,
    },
}

impl Display {
    /// Show on stdout.
    pub(crate) fn new(json: bool) -> Display {
        let out = stdio::stdout();
        let palette = Palette::of_stdout();
        let terminal = !json && out.is_terminal();
        let columns = || terminal::columns(&out).unwrap_or(80);
        let width = terminal.then(|| usize::from(columns()).clamp(40, WIDEST));
        Display {
            out: BufWriter::new(out),
            palette,
            json,
            width,
            pending: false,
            failed: Ok(()),
        }
    }

    /// What is asked.
    pub(crate) fn title(&mut self, title: &str) {
        if !self.json {
            let title = self.palette.strong(title);
            self.failed = writeln!(self.out, "{title}\n").and_then(|()| self.out.flush());
        }
    }

    /// A step begins or is done.
    pub(crate) fn progress(&mut self, progress: Progress<'_>) {
        let shown = match progress {
            Progress::Begins(stage, at) => self.begins(stage, at),
            Progress::Done(step) if self.json => self.line::<()>(&Event::Step(step)),
            Progress::Done(step) => self.step(step),
        };
        if self.failed.is_ok() {
            self.failed = shown;
        }
    }

    /// Only a terminal shows what is under way: the line is overwritten when it is done.
    fn begins(&mut self, stage: Stage, at: &str) -> io::Result<()> {
        let Some(width) = self.width else {
            return Ok(());
        };
        self.clear()?;
        let line = format!("  ..            {:<13}{at} ...", stage.label());
        // One column short: a line that fills the last one may wrap, and then `\r` would overwrite
        // its second half only.
        let line: String = line.chars().take(width - 1).collect();
        write!(self.out, "{}", self.palette.faint(line))?;
        self.pending = true;
        self.out.flush()
    }

    fn clear(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.pending) {
            write!(self.out, "\r\x1b[K")?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        self.clear()?;
        let mark = match step.mark {
            Mark::Good => self.palette.good("ok"),
            Mark::Bad => self.palette.bad("!!"),
            Mark::Note => self.palette.strong("--"),
            Mark::Unknown => self.palette.faint("??"),
        };
        let took = match step.took.is_zero() {
            true => String::new(),
            false => human::duration(step.took),
        };
        write!(self.out, "  {mark}  {took:>8}  {:<13}", step.stage.label())?;
        self.wrapped(&step.text, 29)?;
        self.out.flush()
    }

    /// The verdict, with its evidence for programs.
    pub(crate) fn verdict<E: Serialize>(
        &mut self,
        verdict: &Verdict,
        evidence: &E,
    ) -> io::Result<()> {
        // Told now and not at the step that could not be shown: the diagnosis went on for its exit
        // code.
        std::mem::replace(&mut self.failed, Ok(()))?;
        if self.json {
            return self.line(&Event::Verdict { verdict, evidence });
        }
        self.clear()?;
        let headline = headline(verdict);
        let headline = match verdict.works {
            true => self.palette.good(headline),
            false => self.palette.bad(headline),
        };
        writeln!(self.out, "\n{headline}")?;
        for (number, cause) in verdict.causes.iter().enumerate() {
            self.cause(number + 1, cause)?;
        }
        self.out.flush()
    }

    fn cause(&mut self, number: usize, cause: &Cause) -> io::Result<()> {
        let word = self.palette.strong(cause.kind);
        let likelihood = self.palette.faint(match cause.likelihood {
            Likelihood::Certain => "certain",
            Likelihood::Likely => "likely",
            Likelihood::Possible => "possible",
        });
        write!(self.out, "\n{number:>2}. {word}, {likelihood}\n    ")?;
        self.wrapped(&cause.says, 4)?;
        for evidence in &cause.because {
            self.labelled("because", evidence)?;
        }
        if let Some(check) = &cause.check {
            self.labelled("check", check)?;
        }
        if let Some(remedy) = &cause.remedy {
            self.labelled("do", remedy)?;
        }
        Ok(())
    }

    fn labelled(&mut self, label: &str, text: &str) -> io::Result<()> {
        write!(
            self.out,
            "    {}",
            self.palette.faint(format_args!("{label:<9}"))
        )?;
        self.wrapped(text, 13)
    }

    /// The rest of a line whose cursor stands at column `indent`, and its end. What does not fit
    /// goes on below.
    fn wrapped(&mut self, text: &str, indent: usize) -> io::Result<()> {
        let width = self
            .width
            .map_or(usize::MAX, |width| width.saturating_sub(indent));
        let mut used = 0;
        for word in tamed(text).split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > width {
                write!(self.out, "\n{:indent$}", "")?;
                used = 0;
            } else if used > 0 {
                write!(self.out, " ")?;
                used += 1;
            }
            write!(self.out, "{word}")?;
            used += length;
        }
        writeln!(self.out)
    }

    fn line<E: Serialize>(&mut self, event: &Event<'_, E>) -> io::Result<()> {
        writeln!(self.out, "{}", json::to_string(event)?)?;
        self.out.flush()
    }
}

fn headline(verdict: &Verdict) -> String {
    let headline = &verdict.headline;
    match (verdict.works, verdict.causes.as_slice()) {
        (true, _) | (false, []) => headline.clone(),
        (false, [cause]) if cause.likelihood == Likelihood::Certain => {
            format!("{headline}. The cause:")
        }
        (false, [_]) => format!("{headline}. The likeliest cause:"),
        (false, causes) => format!(
            "{headline}. {} causes fit, the likeliest first:",
            causes.len()
        ),
    }
}
