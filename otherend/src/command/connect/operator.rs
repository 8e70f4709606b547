//! Connect with somebody at the prompt: replies appear above it as they come.
//!
//! Two threads: this one carries the conversation, another one reads the prompt.

mod farewell;
mod shown;
mod typist;
mod unfinished;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use otherend_core::{Counts, EndReason, escaped};
use otherend_net::recording::{RecordError, Recording, Writer};
use otherend_net::{Client, Received};
use signal_hook::consts::{SIGHUP, SIGTERM};

use super::linger::Linger;
use super::other_end::Carrier;
use super::{Args, pipe};
use crate::args::record;
use crate::exit::caught::Caught;
use crate::exit::signals::asking_to_end;
use crate::lock::lock;
use crate::output::human;
use crate::output::prompt::{Above, Prompt};
use crate::output::stdio;
use crate::output::style::{Mark, Palette};
use crate::output::why;
use crate::system::process;
use farewell::{Enough, Farewell};
use shown::{Seen, Shown};
use typist::Typist;

/// How often a prompt that has not noticed the end yet is told again.
const REMINDER: Duration = Duration::from_millis(20);
/// After this the beginning of a line is shown though its end has not come.
const SILENCE: Duration = Duration::from_millis(300);
/// After we closed: how long the peer may still send before it is reset. None of it is shown.
const AFTER_CLOSE: Duration = Duration::from_secs(2);

/// Talk until one of the two ends has enough.
pub(super) fn talk(carrier: Carrier, args: &Args) -> anyhow::Result<()> {
    let Ok((prompt, above)) = Prompt::new(!args.no_history) else {
        return pipe::run(carrier, args);
    };
    let peer = carrier.peer_address()?;
    let linger = Arc::new(Linger::new());
    let seen = Arc::new(Seen::default());
    let mut shown = Shown::new(args, above.clone(), Arc::clone(&linger), Arc::clone(&seen));
    let (recording, writer) = recording(args, peer, above.clone())?.unzip();
    shown.record(recording, &args.record);
    let since = Instant::now();
    let mut settings = args.reach.options().settings;
    settings.framing = args.framing();
    settings.linger_total = AFTER_CLOSE;
    let mut client = carrier.watched(settings, Box::new(shown))?;
    let farewell = Arc::new(Farewell::new(client.voice(), !args.udp));
    leave_on_signals(Arc::clone(&farewell))?;
    let connected = if args.udp {
        "talking to udp"
    } else {
        "connected to"
    };
    let leave = match args.exit_words.shown() {
        Some(word) => format!("{} or Ctrl-D", escaped(word.as_bytes())),
        None => "Ctrl-D".to_owned(),
    };
    remark(&format!("{connected} {peer}; {leave} ends it"))?;
    if let Some(recording) = args.record.begun() {
        remark(&recording)?;
    }
    let typist = Typist {
        voice: client.voice(),
        exit_words: args.exit_words.exit_words(),
        half_close: !args.no_half_close,
        after_input: args.after_input(),
        has_end: !args.udp,
        linger: Arc::clone(&linger),
        seen: Arc::clone(&seen),
        farewell: Arc::clone(&farewell),
    };
    // The prompt has the thread of its own and the conversation this one: reading a line cannot be
    // interrupted from here, hearing the peer can.
    let typing = thread::Builder::new()
        .name("prompt".into())
        .spawn(move || typist.type_all(prompt))?;
    let outcome = hear_all(&mut client, &above, (&seen, &farewell));
    let outcome = outcome.and_then(|reason| above.settle().map(|()| reason));
    linger.over();
    // Whatever happened, the terminal is given back first.
    farewell.end();
    end_prompt(typing);
    // From here on stdout is a plain one again, and errors can be told.
    let reason = outcome?;
    above.erase_empty_prompt()?;
    let counts = seen.counts.get().copied().unwrap_or_default();
    let recorded = record::finish(writer);
    if recorded.is_ok()
        && let Some(done) = args.record.done()
    {
        remark(&done)?;
    }
    let summary = summary(&counts, since.elapsed());
    let half_closed = farewell.is_end_of_input() && !args.no_half_close;
    conclude((reason, &farewell), (peer, half_closed), &summary)?;
    recorded
}

fn recording(
    args: &Args,
    peer: SocketAddr,
    above: Above,
) -> anyhow::Result<Option<(Recording, Writer)>> {
    let on_trouble = Box::new(move |trouble: &RecordError| {
        let mark = Palette::of_stdout().mark(Mark::Remark);
        let text = "the recording ends here, the conversation goes on";
        // A terminal that is gone is noticed by whoever reads it.
        let _ = above.print(&format!("{mark} {text}: {trouble}\n"));
    });
    args.record.start(&args.subject(peer), on_trouble)
}

/// Carry the conversation to its end. Lines are shown by its observer; a line that does not end is
/// shown as far as it goes.
fn hear_all(
    client: &mut Client,
    above: &Above,
    (seen, farewell): (&Seen, &Farewell),
) -> io::Result<EndReason> {
    let remark = |text: &str| {
        let mark = Palette::of_stdout().mark(Mark::Remark);
        above.print(&format!("{mark} {text}\n"))
    };
    loop {
        // The observer has shown the lines already, as they came. This loop turns the conversation,
        // and wakes for what no line tells of: a beginning without an end, an end that takes its
        // time.
        let received = client.receive_within(SILENCE);
        if let Some(error) = client.trouble() {
            remark(&format!("not sent: {error}"))?;
        }
        if let Received::Ended(reason) = received {
            return Ok(reason);
        }
        if let Some(text) = farewell.explanation() {
            remark(&text)?;
        }
        if received == Received::TimedOut && !farewell.is_closing() {
            show_unfinished(above, seen)?;
        }
    }
}

fn show_unfinished(above: &Above, seen: &Seen) -> io::Result<()> {
    let mut unfinished = lock(&seen.unfinished);
    let Some(text) = unfinished.news() else {
        return Ok(());
    };
    // With `…`, for the rest may follow; the line is shown whole once its end has come. It cannot
    // be completed in place, as what is above the prompt stays.
    let mark = Palette::of_stdout().mark(Mark::ToClient);
    above.print(&format!("{mark} {}…\n", escaped(text)))
}

/// Wake the prompt until its thread has noticed that all is over.
fn end_prompt(typing: JoinHandle<()>) {
    while !typing.is_finished() {
        // The line editor takes this for Ctrl-C and gives the terminal back as it was.
        process::interrupt();
        thread::park_timeout(REMINDER);
    }
    // A prompt that panicked has given the terminal back as well.
    let _ = typing.join();
}

fn conclude(
    (reason, farewell): (EndReason, &Farewell),
    (peer, half_closed): (SocketAddr, bool),
    summary: &str,
) -> anyhow::Result<()> {
    if reason.is_orderly() {
        let ending = farewell.ending(reason);
        return remark(&format!("{ending}; {summary}"));
    }
    remark(summary)?;
    match reason {
        EndReason::Refused => Err(why::nobody_hears(peer)),
        EndReason::PeerReset => Err(anyhow::Error::msg(why::reset(peer, half_closed))),
        reason => Err(anyhow::anyhow!("{reason}")),
    }
}

fn summary(counts: &Counts, after: Duration) -> String {
    format!(
        "{} said and {} heard in {}",
        human::plural(counts.messages_said, "line"),
        human::count(counts.messages_heard),
        human::duration(after)
    )
}

/// A remark where no prompt stands.
fn remark(text: &str) -> anyhow::Result<()> {
    let palette = Palette::of_stdout();
    let mut stdout = stdio::stdout();
    writeln!(stdout, "{} {text}", palette.mark(Mark::Remark))?;
    stdout.flush()?;
    Ok(())
}

/// A signal from outside closes the conversation in good order, a second one at once, and the
/// terminal comes back.
fn leave_on_signals(farewell: Arc<Farewell>) -> io::Result<()> {
    let signals = Caught::new(asking_to_end())?;
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(move || {
        for signal in signals {
            farewell.leave(match signal {
                SIGTERM => Enough::Signal("SIGTERM"),
                SIGHUP => Enough::Signal("SIGHUP"),
                _ => Enough::Interrupt,
            });
        }
    })?;
    Ok(())
}
