//! Which peers there are on this machine.

use std::path::Path;

/// Whether these programs can all be started; says which cannot.
///
/// # Panics
/// If one is missing where all must be there.
#[track_caller]
pub(crate) fn all_there(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return true;
    }
    let missing = missing.join(", ");
    assert!(
        std::env::var_os("OTHEREND_CI").is_none_or(|value| value != "1"),
        "not installed: {missing}"
    );
    show_skipped(&format!("not installed: {missing}"));
    false
}

/// Say that a test is skipped, and why.
#[expect(clippy::print_stdout, reason = "what is skipped is there to be read")]
pub(crate) fn show_skipped(why: &str) {
    println!("skipped: {why}");
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |folder: std::path::PathBuf| Path::is_file(&folder.join(program));
    std::env::split_paths(&path).any(is_there)
}
