//! How things are shown: the flags that every command with a screen has.

use crate::output::screen::Look;
use crate::output::stdio;
use crate::output::time::TimeStyle;

/// What is shown, and how.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Screen")]
pub(crate) struct ScreenArgs {
    /// Show only what went wrong.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Show more: half-closes and lines that were too long.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print JSON Lines for programs instead of text for people.
    #[arg(long)]
    pub(crate) json: bool,

    /// Time before each line [default: none; serve, tap on a terminal: clock].
    #[arg(long, value_enum, value_name = "STYLE")]
    pub(crate) time: Option<TimeStyle>,

    /// Let control characters of the peer reach your terminal.
    #[arg(long)]
    pub(crate) raw: bool,

    /// Show bytes in hex, as hexdump -C does.
    #[arg(long, conflicts_with = "json")]
    pub(crate) hex: bool,
}

impl ScreenArgs {
    /// How to show it; `numbers` puts the peer's number in front, `on_terminal` is the usual time.
    pub(crate) fn look(&self, numbers: bool, on_terminal: TimeStyle) -> Look {
        let terminal = stdio::stdout().is_terminal();
        // In a pipe no time stands before the lines unless asked for: whoever reads them would have
        // to cut it off again.
        let usual = if terminal {
            on_terminal
        } else {
            TimeStyle::None
        };
        Look {
            json: self.json,
            time: self.time.unwrap_or(usual),
            numbers,
            raw: self.raw,
            hex: self.hex,
            quiet: self.quiet,
            datagrams: false,
        }
    }
}
