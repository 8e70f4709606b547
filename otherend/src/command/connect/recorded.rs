//! `--record` without a prompt: both directions as they go through.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use otherend_core::transcript::{Closing, Over};
use otherend_core::{Role, Time};
use otherend_net::recording::{Notes, RecordError, Recording, Writer};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::args::record::{self, RecordArgs};
use crate::output::stdio;

/// The number of the only connection.
const ONLY: u64 = 1;

/// Records the conversation, if that is wanted. The threads of a pipe share it.
pub(super) struct Recorded {
    zero: Instant,
    over: Over,
    recording: Option<Recording>,
    /// Whoever said something waits until it is on the disk.
    waits: bool,
    writer: Mutex<Option<Writer>>,
    /// What comes now would begin another connection in the file.
    ended: Mutex<bool>,
}

impl Recorded {
    /// Begin to record what is said with `peer`.
    pub(super) fn start(args: &RecordArgs, over: Over, peer: SocketAddr) -> anyhow::Result<Self> {
        let on_trouble = Box::new(|trouble: &RecordError| {
            let text = "the recording ends here, the conversation goes on";
            let _ = writeln!(stdio::stderr(), "* {text}: {trouble}");
        });
        let what = format!("otherend connect {peer}");
        let started = args.start(over, &what, on_trouble)?;
        let (recording, writer) = started.unzip();
        Ok(Recorded {
            zero: Instant::now(),
            over,
            recording,
            waits: args.is_before_showing(),
            writer: Mutex::new(writer),
            ended: Mutex::new(false),
        })
    }

    /// Say it beside what is piped.
    pub(super) fn tell(text: Option<String>) {
        if let Some(text) = text {
            let _ = writeln!(stdio::stderr(), "* {text}");
        }
    }

    pub(super) fn opened(&self) {
        self.note(|notes, now| notes.opened(now, ONLY));
    }

    pub(super) fn said(&self, who: Role, bytes: &[u8]) {
        self.note(|notes, now| {
            notes.said(now, ONLY, who, bytes);
            if self.waits && !bytes.ends_with(b"\n") {
                // What is shown next may not end like a line.
                notes.cut(now, ONLY);
            }
        });
    }

    pub(super) fn stopped(&self, who: Role, how: Closing) {
        // No datagram says that another will not follow.
        if self.over == Over::Tcp {
            self.note(|notes, now| notes.stopped(now, ONLY, who, how));
        }
    }

    /// The conversation is over: end the recording in good order, or say why it ended before.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        self.end(|notes, now| notes.ended(now, ONLY));
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        record::finish(writer.take())
    }

    /// A signal that ends the program ends the recording in good order first.
    pub(super) fn end_on_signals(recorded: &Arc<Self>) -> io::Result<()> {
        if recorded.recording.is_none() {
            return Ok(());
        }
        let recorded = Arc::clone(recorded);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let thread = thread::Builder::new().name("signals".into());
        thread.spawn(move || {
            for signal in signals.forever() {
                recorded.stopped_by_signal();
                // Why it ended before was told when it did.
                let _ = recorded.finish();
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(())
    }

    /// The other threads still hear and say things; none of it is after the end.
    fn stopped_by_signal(&self) {
        self.end(|notes, now| {
            if self.over == Over::Tcp {
                notes.stopped(now, ONLY, Role::Client, Closing::Close);
            }
            notes.ended(now, ONLY);
        });
    }

    fn note(&self, note: impl FnOnce(&mut Notes, Time)) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if !*ended {
            self.push(note);
        }
    }

    /// Note the last that there is to note.
    fn end(&self, note: impl FnOnce(&mut Notes, Time)) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *ended, true) {
            self.push(note);
        }
    }

    fn push(&self, note: impl FnOnce(&mut Notes, Time)) {
        let Some(recording) = &self.recording else {
            return;
        };
        let mut notes = Notes::default();
        note(&mut notes, Time::ZERO + self.zero.elapsed());
        if self.waits {
            recording.push_and_wait(&mut notes);
        } else {
            recording.push(&mut notes, || ());
        }
    }
}
