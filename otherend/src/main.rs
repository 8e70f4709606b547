//! The program: parses the command line, runs one command, turns its outcome into an exit code.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod command;
mod exit;
mod file;
mod lock;
mod output;
mod run;
mod system;
mod talk;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::file::outlive_size_limit();
    exit::report(args::parse().and_then(|args| command::run(args.command, args::command)))
}
