//! Where the results go: the terminal, JSON, a page, a file to compare with.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::bench::report::text::summary;
use crate::bench::report::{Blame, Report, html};
use crate::exit::Failure;
use crate::exit::file::unwritable;
use crate::output::json;
use crate::output::stdio;
use crate::output::style::Palette;

/// What to do with the results.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Results")]
pub(super) struct ResultArgs {
    /// Show only what went wrong.
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Print JSON Lines for programs instead of text for people.
    #[arg(long)]
    pub(super) json: bool,

    /// Write a page with plots, too; it needs nothing but itself.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Save the results for `bench compare`, too.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

impl ResultArgs {
    /// Show and write a run; the error tells what went wrong in it.
    pub(super) fn show(&self, report: &Report) -> anyhow::Result<()> {
        if let Some(path) = &self.html {
            write(path, &html::page(report))?;
        }
        if let Some(path) = &self.save {
            write(path, &(json::to_string(report)? + "\n"))?;
        }
        let text = match (self.json, self.quiet) {
            (true, _) => json::to_string(report)? + "\n",
            (false, true) => String::new(),
            (false, false) => summary(report, Palette::of_stdout()),
        };
        // After the files: they are what took an hour, and a pipe that is gone must not cost them.
        stdio::stdout().write_all(text.as_bytes())?;
        verdict(report)
    }
}

/// A result that was an hour in the making is not to be lost to an existing file.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| unwritable(path, &error).into())
}

/// What the exit code will be: wrong replies before the network before the time.
fn verdict(report: &Report) -> anyhow::Result<()> {
    let first = |blame: Blame| {
        let mut remarks = report.remarks.iter();
        remarks.find(|remark| remark.blame == blame)
    };
    if let Some(remark) = first(Blame::Replies) {
        return Err(Failure::Mismatch(remark.text.clone()).into());
    }
    if let Some(remark) = first(Blame::Network) {
        anyhow::bail!("{}", remark.text);
    }
    match first(Blame::Time) {
        Some(remark) => Err(Failure::TimedOut(remark.text.clone()).into()),
        None => Ok(()),
    }
}
