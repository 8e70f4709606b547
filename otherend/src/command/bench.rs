//! `otherend bench`: how many lines a server answers, and how fast.

mod compare;
mod load;
mod progress;
mod results;
mod talk;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Subcommand;
use otherend_net::raise_descriptor_limit;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::bench;
use crate::bench::report::{Report, report};
use crate::bench::server::ServerProcess;
use load::LoadArgs;
use progress::Progress;
use results::ResultArgs;
use talk::TalkArgs;

/// The flags of `otherend bench`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    other: Option<Other>,

    #[command(flatten)]
    load: LoadArgs,

    #[command(flatten)]
    talk: TalkArgs,

    #[command(flatten)]
    results: ResultArgs,
}

/// What else bench does.
#[derive(Debug, Subcommand)]
enum Other {
    /// Compare two saved runs.
    Compare(compare::Args),
}

const EXAMPLES: &str = "\
Examples:
  otherend bench                          100 clients against 127.0.0.1:8080 for 10 s
  otherend bench :9000 --in-flight 1000   pipelined: the most lines that fit through
  otherend bench host:9000 --rate 5000    open loop: latency at a load that does not wait
  otherend bench :7 --prefix ''           a plain echo
  otherend bench :25 --talk smtp.talk     whole conversations, as a transcript has them
  otherend bench --save before.json       then, after a change of the server,
  otherend bench --save after.json && otherend bench compare before.json after.json";

/// Run the load and report, or do what else was asked for.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    if let Some(Other::Compare(args)) = args.other {
        return compare::run(args);
    }
    raise_descriptor_limit();
    if let Some(file) = args.talk.file()? {
        let stop = stop_on_signals()?;
        return args.talk.play(file, &args.load, &args.results, &stop);
    }
    let endpoint = args.load.endpoint()?;
    let (plan, first) = args.load.plan(&endpoint)?;
    let stop = stop_on_signals()?;
    let mut progress = Progress::new(&plan, args.results.quiet);
    let connected = bench::connect(&plan, first, &stop, &mut |made| progress.connecting(made))?;
    let mut server = ServerProcess::behind(plan.target(0));
    let outcome = bench::run(&plan, connected, &stop, |interval| {
        if let Some(server) = &mut server {
            server.watch(interval.to, &plan.times);
        }
        progress.interval(interval);
    })?;
    progress.finish();
    let server = server.and_then(|server| Some((server.pid, server.name.clone(), server.cores()?)));
    let stopped = stop.load(std::sync::atomic::Ordering::Relaxed);
    let report: Report = report(&plan, &outcome, &endpoint.to_string(), server, stopped);
    args.results.show(&report)
}

/// The first Ctrl-C or SIGTERM ends the run early, the second ends the program.
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_default(signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}
