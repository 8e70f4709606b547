//! The command line as a whole: what stands before and after the command's own flags.

pub(crate) mod duration;
pub(crate) mod limits;
pub(crate) mod screen;
pub(crate) mod size;

use clap::Parser;

use crate::command::Command;

/// The other end of your connection.
#[derive(Debug, Parser)]
#[command(name = "otherend", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}
