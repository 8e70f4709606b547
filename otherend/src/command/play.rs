//! `otherend play`: be the client of a transcript, and say where the server differs.

mod case;
mod junit;
mod show;
mod words;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::transcript::Transport;
use otherend_net::Endpoint;

use crate::args::duration;
use crate::args::route::RouteArgs;
use crate::args::talk::PlayArgs;
use crate::exit::Failure;
use crate::lock::lock;
use crate::output::human::plural;
use crate::output::why;
use crate::talk::server_command::ServerCommand;
use case::{Case, Ending, Played, Trouble};
use show::Show;

/// The flags of `otherend play`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Transcripts or folders of them, then where the server is [default: 127.0.0.1:8080].
    #[arg(required = true, value_name = "FILE|ADDRESS")]
    words: Vec<String>,

    #[command(flatten)]
    play: PlayArgs,

    /// How long to wait for what must be heard [default: as the file says].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// How many files are played side by side.
    ///
    /// One with several connections is played by itself: a mock server would take other clients for its second one.
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    jobs: usize,

    /// Start this server for the test; `{port}` in it becomes a free port.
    #[arg(long, value_name = "COMMAND")]
    server_command: Option<String>,

    /// Write what was heard into the files. What still fits stays.
    #[arg(long, conflicts_with = "report")]
    update: bool,

    /// Also write a report for other programs: junit=FILE.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = junit_file)]
    report: Option<PathBuf>,

    /// Print JSON Lines for programs instead of text for people.
    #[arg(long)]
    json: bool,

    /// Show only what went wrong.
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    route: RouteArgs,
}

const EXAMPLES: &str = "\
Examples:
  otherend play smtp.talk mail.example:25
  otherend play tests/ :8080 -j 8           every transcript below tests/
  otherend play login.talk :143 --set secret=hunter2
  otherend play redis.talk --server-command 'redis-server --port {port}'
  otherend play tests/ :8080 --report junit=report.xml
  otherend play tests/ :8080 --update       take over what the server says now
Exit codes: 1 no connection, 2 a file cannot be used, 3 the server differs, 4 it is silent.";

fn junit_file(text: &str) -> Result<PathBuf, String> {
    match text.split_once('=') {
        Some(("junit", file)) if !file.is_empty() => Ok(PathBuf::from(file)),
        _ => Err("write junit=FILE".to_owned()),
    }
}

/// Play every file; all of them are read before a byte is said.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (files, address) = words::split(&args.words)?;
    let cases = case::read(&files, &args.play, args.update)?;
    if args.server_command.is_some() && address.is_some() {
        let both = "an address and --server-command: leave one of them out";
        return Err(Failure::Usage(both.to_owned()).into());
    }
    let mut show = Show::new(args.json, args.quiet, cases.len());
    let began = Instant::now();
    let Run { played, trouble } = play_all(args, cases, address, &mut show)?;
    show.sum_up(&played, began.elapsed())?;
    if let Some(file) = &args.report {
        junit::write(file, &played)?;
    }
    trouble.map_or_else(|| verdict(&played), Err)
}

/// What became of every file, in their order.
struct Run {
    played: Vec<Played>,
    /// Why some were not played, or not to their end.
    trouble: Option<anyhow::Error>,
}

/// Play the files; those that cannot be played are in the result with what was in the way.
fn play_all(
    args: &Args,
    cases: Vec<Case>,
    address: Option<Endpoint>,
    show: &mut Show,
) -> anyhow::Result<Run> {
    let names: Vec<String> = cases.iter().map(|case| case.name().to_owned()).collect();
    let mut played = BTreeMap::new();
    let transport: Vec<Transport> = cases.iter().map(Case::transport).collect();
    let command = args.server_command.as_deref();
    let server = command.map(|command| ServerCommand::start(command, &transport));
    let trouble = match server.transpose() {
        Err(error) => Some(error),
        Ok(server) => {
            let own = server.as_ref().map(|server| server.address().into());
            let endpoint = own.or(address).unwrap_or(Endpoint::DEFAULT);
            play_side_by_side(args, cases, &endpoint, |index, case| {
                show.case(&case)?;
                played.insert(index, case);
                Ok(())
            })?
        }
    };
    if let Some(error) = &trouble {
        for (index, name) in names.iter().enumerate() {
            // A report must name every file: one that is missing in it reads like one that passed.
            if let Entry::Vacant(place) = played.entry(index) {
                show.case(place.insert(Played::not(name, error)))?;
            }
        }
    }
    let played = played.into_values().collect();
    Ok(Run { played, trouble })
}

/// Play `args.jobs` files at a time; after the first that cannot be played no other is begun.
fn play_side_by_side(
    args: &Args,
    cases: Vec<Case>,
    endpoint: &Endpoint,
    mut was_played: impl FnMut(usize, Played) -> io::Result<()>,
) -> anyhow::Result<Option<anyhow::Error>> {
    let mut options = otherend_net::play::PlayOptions::default();
    options.connect = args.route.options();
    options.timing = args.play.timing();
    options.timeout = args.timeout;
    let jobs = args.jobs.clamp(1, cases.len().max(1));
    let stopped = AtomicBool::new(false);
    let queue = Mutex::new(cases.into_iter().enumerate());
    let next = || {
        let mut queue = lock(&queue);
        // One server for all: if it is not reached once, the other 200 files would each wait for
        // its timeout to say the same.
        queue.next().filter(|_| !stopped.load(Ordering::Relaxed))
    };
    // A file with two connections needs them to be neighbours: a server that counts its clients, or
    // tells all of what one has said, would mix another file's in. So such a file plays alone, and
    // all others beside each other. A lock of readers and a writer is just that.
    let side_by_side = RwLock::new(());
    let play = |case: Case| {
        let alone = case.has_several_connections();
        let _alone = alone.then(|| side_by_side.write());
        let _beside_others = (!alone).then(|| side_by_side.read());
        case.play(endpoint, &options)
    };
    let mut trouble = None;
    thread::scope(|scope| {
        let (done, results) = mpsc::channel();
        for _ in 0..jobs {
            let (done, next, play) = (done.clone(), &next, &play);
            scope.spawn(move || {
                while let Some((index, case)) = next() {
                    let result = play(case);
                    // Nobody listens any more once stdout is gone.
                    if done.send((index, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (index, result) in results {
            match result {
                Ok(case) => was_played(index, case)?,
                Err(first) => {
                    stopped.store(true, Ordering::Relaxed);
                    trouble.get_or_insert(first);
                }
            }
        }
        anyhow::Ok(())
    })?;
    Ok(trouble.map(|trouble| match trouble {
        Trouble::Connect(error) => why::not_connected(&error, endpoint, &options.connect),
        Trouble::File(failure) => failure.into(),
    }))
}

/// The exit code of all files together: what differs weighs more than what is silent.
fn verdict(played: &[Played]) -> anyhow::Result<()> {
    let count = |ending: Ending| {
        let those = played.iter().filter(|case| case.ending() == ending);
        those.count() as u64
    };
    let of_all = |count: u64| format!("{} of {}", count, plural(played.len() as u64, "transcript"));
    match (count(Ending::Differed), count(Ending::Silent)) {
        (0, 0) => Ok(()),
        (0, silent) => {
            let text = format!("{}: the server was silent", of_all(silent));
            Err(Failure::TimedOut(text).into())
        }
        (differed, silent) => {
            let text = format!("{} did not match", of_all(differed + silent));
            Err(Failure::Mismatch(text).into())
        }
    }
}
