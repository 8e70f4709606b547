//! `otherend completions`: the shell's completion script, from the same declarations as the help.

use std::io::Write;

use clap_complete::Shell;

use crate::output::stdio;

/// The flags of `otherend completions`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend completions bash > ~/.local/share/bash-completion/completions/otherend
  otherend completions zsh > \"${fpath[1]}/_otherend\"
  otherend completions fish > ~/.config/fish/completions/otherend.fish")]
pub(crate) struct Args {
    /// The shell to complete for.
    shell: Shell,
}

/// Write the script for `program` to stdout.
pub(crate) fn run(args: Args, mut program: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "otherend", &mut script);
    stdio::stdout().write_all(&script)?;
    Ok(())
}
