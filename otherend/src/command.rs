//! The commands: one variant, one file and one arm each.

mod bench;
mod completions;
mod connect;
mod diagnose;
pub(crate) mod interfaces;
mod man;
mod play;
mod serve;
mod talk;
mod tap;

use clap::Subcommand;

/// What otherend can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be the server.
    Serve(serve::Args),
    /// Be the client.
    Connect(connect::Args),
    /// Stand between clients and a server, and show what both say.
    Tap(tap::Args),
    /// Say why it does not connect.
    Diagnose(diagnose::Args),
    /// Be the client of transcripts, and say where the server differs.
    Play(play::Args),
    /// Check, format, generalise and convert transcripts.
    Talk(talk::Args),
    /// Measure how many lines a server answers, and how fast.
    Bench(bench::Args),
    /// Print a completion script for a shell.
    Completions(completions::Args),
    /// List this machine's network adapters and addresses.
    Interfaces(interfaces::Args),
    /// Print the manual pages.
    Man(man::Args),
}

/// Run the chosen command to its end; `declared` gives all declarations of the command line, from
/// which the last ones below write pages and scripts.
pub(crate) fn run(command: Command, declared: fn() -> clap::Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Connect(args) => connect::run(args),
        Command::Tap(args) => tap::run(args),
        Command::Diagnose(args) => diagnose::run(args),
        Command::Play(args) => play::run(&args),
        Command::Talk(args) => talk::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(args, declared()),
        Command::Interfaces(args) => interfaces::run(args),
        Command::Man(args) => man::run(args, declared()),
    }
}
