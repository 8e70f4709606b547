//! `--record` without a prompt: both directions as they go through.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use otherend_core::{Counts, EndReason, Event, Observer, Role, Time};
use otherend_net::recording::{RecordError, Scribe, Writer};
use signal_hook::low_level::emulate_default_handler;

use crate::args::record::{self, RecordArgs};
use crate::exit::caught::Caught;
use crate::exit::signals::asking_to_end;
use crate::lock::lock;
use crate::output::stdio;
use crate::run::Subject;

/// The number of the only connection.
const ONLY: u64 = 1;

/// Records the conversation, if that is wanted. The threads of a pipe share it.
pub(super) struct Recorded {
    zero: Instant,
    /// Gone once the conversation is over: what comes then would begin another in the file.
    scribe: Mutex<Option<Scribe>>,
    /// Whoever said something waits until it is on the disk.
    waits: bool,
    writer: Mutex<Option<Writer>>,
}

impl Recorded {
    /// Begin to record what is said with `peer`.
    pub(super) fn start(args: &RecordArgs, subject: &Subject) -> anyhow::Result<Self> {
        let on_trouble = Box::new(|trouble: &RecordError| {
            let text = "the recording ends here, the conversation goes on";
            let _ = writeln!(stdio::stderr(), "* {text}: {trouble}");
        });
        let started = args.start(subject, on_trouble)?;
        let (recording, writer) = started.unzip();
        let scribe = recording.map(|recording| Scribe::new(recording, ONLY, Role::Client));
        Ok(Recorded {
            zero: Instant::now(),
            scribe: Mutex::new(scribe),
            waits: args.is_before_showing(),
            writer: Mutex::new(writer),
        })
    }

    /// Say it beside what is piped.
    pub(super) fn tell(text: Option<String>) {
        if let Some(text) = text {
            let _ = writeln!(stdio::stderr(), "* {text}");
        }
    }

    /// Something happened.
    pub(super) fn see(&self, event: &Event<'_>) {
        if let Some(scribe) = &mut *self.scribe() {
            self.note(scribe, event);
        }
    }

    /// The conversation is over: end the recording in good order, or say why it ended before.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        self.end();
        let mut writer = lock(&self.writer);
        record::finish(writer.take())
    }

    /// A signal that ends the program ends the recording in good order first.
    pub(super) fn end_on_signals(recorded: &Arc<Self>) -> io::Result<()> {
        if recorded.scribe().is_none() {
            return Ok(());
        }
        let recorded = Arc::clone(recorded);
        let signals = Caught::new(asking_to_end())?;
        let thread = thread::Builder::new().name("signals".into());
        thread.spawn(move || {
            for signal in signals {
                // Why it ended before was told when it did.
                let _ = recorded.finish();
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(())
    }

    /// The other threads may still hear and say things; none of it is after the end.
    fn end(&self) {
        let mut scribe = self.scribe();
        if let Some(mut scribe) = scribe.take() {
            let ended = Event::Ended {
                reason: EndReason::PeerFinished,
                who: None,
                counts: Counts::default(),
            };
            self.note(&mut scribe, &ended);
        }
    }

    fn note(&self, scribe: &mut Scribe, event: &Event<'_>) {
        let now = Time::ZERO + self.zero.elapsed();
        scribe.on_event(now, event);
        // With `--sync each` whoever said it waits here until it is on the disk, and so does the
        // peer behind it. That is what was asked for.
        if !self.waits {
            return scribe.on_pause();
        }
        if matches!(event, Event::Bytes { bytes, .. } if !bytes.ends_with(b"\n")) {
            // What is shown next may not end like a line.
            scribe.cut(now);
        }
        scribe.hand_on_and_wait();
    }

    fn scribe(&self) -> MutexGuard<'_, Option<Scribe>> {
        lock(&self.scribe)
    }
}
