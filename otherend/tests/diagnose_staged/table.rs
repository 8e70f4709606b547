//! The table: cause, what `nc -v` says, what otherend says, time taken.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::run::Shown;

/// Print the table, and leave it in target/ for the documentation.
pub(crate) fn show(results: &[Shown]) {
    let mut text =
        String::from("| staged cause | `nc -v` says | otherend says | time |\n|---|---|---|---|\n");
    for shown in results {
        let nc = if shown.nc.is_empty() {
            "nothing"
        } else {
            &shown.nc
        };
        let words = if shown.words.is_empty() {
            "works".to_owned()
        } else {
            shown.words.join(", ")
        };
        let says = if shown.says.is_empty() {
            String::new()
        } else {
            format!(": {}", cell(&shown.says))
        };
        let took = shown.took.as_secs_f64();
        let _ = writeln!(
            text,
            "| {} | {} | **{words}**{says} | {took:.2} s |",
            shown.name,
            cell(nc)
        );
    }
    println!("{text}");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("diagnose-staged.md");
    if let Err(error) = fs::write(&target, &text) {
        println!("{}: {error}", target.display());
    }
}

/// What stands in a cell must not end it, and shows no control characters; process numbers would
/// make every table another one.
fn cell(text: &str) -> String {
    let text = match text.split_once("(pid ") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}(pid N{after}")
        }
        None => text.to_owned(),
    };
    let plain = |c: char| match c {
        '|' => '/',
        c if c.is_control() || c == '\u{FFFD}' => '.',
        c => c,
    };
    text.chars().map(plain).collect()
}
