//! Puts the commit into `--version`, where it is known: from git, or from the note that cargo
//! leaves in a packaged crate. Without either the version stands alone.

use std::fs;
use std::io::{self, Write};
use std::process::Command;

fn main() -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let version = match commit_of_checkout().or_else(commit_of_package) {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    };
    #[allow(clippy::disallowed_methods, reason = "cargo reads it, and blocks")]
    let mut cargo = io::stdout();
    writeln!(cargo, "cargo:rustc-env=OTHEREND_VERSION={version}")?;
    writeln!(cargo, "cargo:rerun-if-changed=build.rs")?;
    // Written at every commit, whatever branch it is on.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        writeln!(cargo, "cargo:rerun-if-changed={log}")?;
    }
    Ok(())
}

/// The commit that is checked out, unless this is a copy inside somebody else's repository.
fn commit_of_checkout() -> Option<String> {
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    git(&["rev-parse", "--short=9", "HEAD"])
}

/// The commit that a crate was packaged from.
fn commit_of_package() -> Option<String> {
    let note = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let after = note.split_once("\"sha1\"")?.1;
    let commit = after.split('"').nth(1)?;
    commit.get(..9).map(str::to_owned)
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.is_empty()).then(|| text.trim().to_owned())
}
