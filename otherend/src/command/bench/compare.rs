//! `otherend bench compare`: two saved runs beside each other.

use std::io::Write;
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, Table, presets};

use crate::bench::report::compare::{Comparison, Verdict, compare};
use crate::bench::report::text::task;
use crate::bench::report::{Report, SCHEMA};
use crate::exit::Failure;
use crate::file;
use crate::output::json;
use crate::output::stdio;
use crate::output::style::Palette;

/// The flags of `otherend bench compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The run to compare with, as `bench --save` wrote it.
    before: PathBuf,

    /// The run to compare.
    after: PathBuf,

    /// Print JSON Lines for programs instead of text for people.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  otherend bench --save before.json
  otherend bench --save after.json
  otherend bench compare before.json after.json";

/// A run has some kilobytes, whatever was measured.
const LARGEST: usize = 16 << 20;

/// Read both and show what changed.
pub(super) fn run(args: Args) -> anyhow::Result<()> {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let comparison = compare(&before, &after);
    let text = match args.json {
        true => json::to_string(&comparison)? + "\n",
        false => {
            let palette = Palette::of_stdout();
            let load = match comparison.same_load {
                true => format!("{}\n\n", task(&before.load)),
                false => String::new(),
            };
            load + &text(&args, &comparison, palette)
        }
    };
    stdio::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn read(path: &Path) -> Result<Report, Failure> {
    let usage = |text: String| Failure::Usage(format!("{}: {text}", path.display()));
    let text = file::read(path, LARGEST)?;
    let report: Report = serde_json::from_slice(&text).map_err(|error| usage(no_run(&error)))?;
    match report.schema {
        SCHEMA => Ok(report),
        other => Err(usage(format!(
            "its form is number {other}, and this program knows {SCHEMA}"
        ))),
    }
}

fn no_run(error: &serde_json::Error) -> String {
    let text = "this is no run that `bench --save` wrote";
    match error.is_data() {
        true => format!("{text}: {error}"),
        // It is not even JSON: what a parser says of it helps nobody.
        false => text.to_owned(),
    }
}

fn text(args: &Args, comparison: &Comparison, palette: Palette) -> String {
    let name = |path: &Path| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        String::new(),
        name(&args.before),
        name(&args.after),
        "change".to_owned(),
        "noise".to_owned(),
        String::new(),
    ]);
    for row in &comparison.rows {
        table.add_row([
            row.name.to_owned(),
            row.shown(row.before),
            row.shown(row.after),
            row.change_shown(),
            row.noise_shown(),
            verdict(row.verdict, palette),
        ]);
    }
    for column in 1..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for caution in &comparison.cautions {
        text += &format!("* {caution}\n");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text + &format!("{table}\n")
}

fn verdict(verdict: Verdict, palette: Palette) -> String {
    match verdict {
        Verdict::Better => palette.good(verdict.word()).to_string(),
        Verdict::Worse => palette.bad(verdict.word()).to_string(),
        Verdict::Same | Verdict::Unknown => palette.faint(verdict.word()).to_string(),
    }
}
