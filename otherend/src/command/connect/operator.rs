//! Connect with somebody at the prompt: replies appear above it as they come.
//!
//! Two threads: this one carries the conversation, another one reads the prompt.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use otherend_core::{Counts, EndReason, Event, ExitWords, Observer, Time};
use otherend_net::{Client, Received, Voice};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::linger::{Limits, Linger};
use super::{Args, pipe};
use crate::output::human;
use crate::output::prompt::{Above, Prompt, Typed};
use crate::output::screen::{Batch, Remark, Renderer, Said};
use crate::output::style::{Mark, Palette};
use crate::output::time::TimeStyle;

/// How long a peer may take to close after the exit word.
const AFTER_EXIT: Duration = Duration::from_secs(2);
/// How often a prompt that has not noticed the end yet is told again.
const REMINDER: Duration = Duration::from_millis(20);

/// Talk until one of the two ends has enough.
pub(super) fn talk(stream: TcpStream, args: &Args) -> anyhow::Result<()> {
    let Ok((prompt, above)) = Prompt::new() else {
        return pipe::run(stream, args);
    };
    let peer = stream.peer_addr()?;
    let linger = Arc::new(Linger::new());
    let counts = Arc::new(OnceLock::new());
    let shown = Shown::new(
        args,
        above.clone(),
        Arc::clone(&linger),
        Arc::clone(&counts),
    );
    let since = Instant::now();
    let mut settings = args.reach.options().settings;
    settings.framing = args.framing();
    let mut client = Client::watched_over(stream, settings, Some(Box::new(shown)))?;
    close_on_signals(client.voice())?;
    remark(&format!("connected to {peer}"))?;
    let typist = Typist {
        voice: client.voice(),
        exit_words: args.exit_words.exit_words(),
        half_close: !args.no_half_close,
        after_input: args.linger.0.map(Limits::of),
        linger: Arc::clone(&linger),
        over: Arc::new(AtomicBool::new(false)),
    };
    let over = Arc::clone(&typist.over);
    let typing = thread::Builder::new()
        .name("prompt".into())
        .spawn(move || typist.type_all(prompt))?;
    let reason = loop {
        if let Received::Ended(reason) = client.receive() {
            break reason;
        }
    };
    linger.over();
    above.settle()?;
    end_prompt(typing, &over);
    above.erase_empty_prompt()?;
    let counts = counts.get().copied().unwrap_or_default();
    conclude(reason, &summary(&counts, since.elapsed()))
}

/// Wake the prompt until its thread has noticed that all is over.
fn end_prompt(typing: JoinHandle<()>, over: &AtomicBool) {
    over.store(true, Ordering::SeqCst);
    while !typing.is_finished() {
        // The line editor takes this for Ctrl-C and gives the terminal back as it was.
        let me = rustix::process::getpid();
        let _ = rustix::process::kill_process(me, rustix::process::Signal::INT);
        thread::park_timeout(REMINDER);
    }
    // A prompt that panicked has given the terminal back as well.
    let _ = typing.join();
}

fn conclude(reason: EndReason, summary: &str) -> anyhow::Result<()> {
    if reason.is_orderly() {
        return remark(&format!("{reason}; {summary}"));
    }
    remark(summary)?;
    Err(anyhow::anyhow!("{reason}"))
}

fn summary(counts: &Counts, after: Duration) -> String {
    format!(
        "{} said and {} heard in {}",
        human::plural(counts.lines_said, "line"),
        human::count(counts.lines_heard),
        human::duration(after)
    )
}

/// A remark where no prompt stands.
fn remark(text: &str) -> anyhow::Result<()> {
    let palette = Palette::of(&io::stdout());
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{} {text}", palette.mark(Mark::Remark))?;
    stdout.flush()?;
    Ok(())
}

/// A signal from outside closes the conversation in good order, and the terminal comes back.
fn close_on_signals(voice: Voice) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(move || {
        for _ in signals.forever() {
            voice.close();
        }
    })?;
    Ok(())
}

/// Whoever sits at the prompt.
struct Typist {
    voice: Voice,
    exit_words: ExitWords,
    half_close: bool,
    after_input: Option<Limits>,
    linger: Arc<Linger>,
    /// The conversation is over.
    over: Arc<AtomicBool>,
}

impl Typist {
    /// Say what is typed. The prompt stays, at last without its sign, until all is over: what the
    /// peer still says appears above it.
    fn type_all(self, mut prompt: Prompt) {
        let mut done = false;
        loop {
            let typed = prompt.next();
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            match typed {
                Ok(Typed::Lines(lines)) if !done => done = self.say(&lines),
                Ok(Typed::Lines(_)) => {}
                Ok(Typed::End) if !done => {
                    done = true;
                    self.finish(self.half_close, self.after_input);
                }
                Ok(Typed::Interrupt) => {
                    done = true;
                    self.voice.close();
                }
                // The terminal is gone, or somebody insists.
                Ok(Typed::End) | Err(_) => return self.voice.close(),
            }
            if done {
                prompt.hide();
            }
        }
    }

    /// Say lines; `true`: the last of them ends the conversation.
    fn say(&self, lines: &[String]) -> bool {
        for line in lines {
            self.voice.say(line.as_bytes());
            if self.exit_words.contain(line.as_bytes()) {
                self.finish(true, Some(Limits::of(AFTER_EXIT)));
                return true;
            }
        }
        false
    }

    fn finish(&self, half_close: bool, limits: Option<Limits>) {
        if half_close {
            self.voice.finish_saying();
        }
        let Some(limits) = limits else {
            return;
        };
        let (voice, linger) = (self.voice.clone(), Arc::clone(&self.linger));
        let thread = thread::Builder::new().name("linger".into());
        // Without a thread left the peer has all the time it wants.
        let _ = thread.spawn(move || {
            if linger.is_up(limits) {
                voice.close();
            }
        });
    }
}

/// Shows what the peer says, one piece for everything that came at once.
struct Shown {
    above: Above,
    linger: Arc<Linger>,
    renderer: Renderer,
    batch: Batch,
    verbose: bool,
    quiet: bool,
    /// What went both ways, for when all is over.
    counts: Arc<OnceLock<Counts>>,
}

impl Shown {
    fn new(args: &Args, above: Above, linger: Arc<Linger>, counts: Arc<OnceLock<Counts>>) -> Shown {
        let look = args.screen.look(false, TimeStyle::None);
        Shown {
            above,
            linger,
            renderer: Renderer::new(look, Instant::now()),
            batch: Batch::default(),
            verbose: args.screen.verbose > 0,
            quiet: args.screen.quiet,
            counts,
        }
    }

    fn remark(&mut self, now: Time, remark: &Remark<'_>) {
        if !self.quiet {
            self.batch.remark(now, 0, remark, false);
        }
    }
}

impl Observer for Shown {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        match *event {
            Event::Heard { line, end } => {
                self.linger.heard();
                self.batch.line(now, 0, Said::ByServer(Some(end)), line);
            }
            Event::LineTooLong => self.remark(now, &Remark::LineTooLong),
            Event::PeerFinished if self.verbose => self.remark(now, &Remark::FinishedSending),
            Event::Ended { counts, .. } => {
                let _ = self.counts.set(counts);
            }
            // What we say stands behind the prompt already.
            _ => {}
        }
    }

    fn on_pause(&mut self) {
        let mut text = Vec::new();
        self.renderer.follow_clock();
        self.renderer.batch_into(&mut text, &self.batch);
        self.batch.clear();
        if !text.is_empty() {
            // A terminal that is gone is noticed by whoever reads it.
            let _ = self.above.print(&String::from_utf8_lossy(&text));
        }
    }
}
