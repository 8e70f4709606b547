//! From something that listens to the end of the program, the same way for every command that
//! serves: screen, recording, signals, the announcement, serving, and what is said last. Commands
//! bind, say who watches, and conclude; nothing of the way between is theirs.

mod signals;

use std::net::SocketAddr;
use std::time::Instant;

use otherend_core::transcript::Transport;
use otherend_core::{Address, Framing, Time};
use otherend_diagnose::listeners::Protocol;
use otherend_net::recording::{Recording, Writer};
use otherend_net::{BindError, Handle, Report};

use crate::args::record::{self, RecordArgs};

use crate::exit::Failure;
use crate::output::announce::announce;
use crate::output::screen::{Look, Screen, ScreenThread};
use signals::stop_on_signals;

/// A program that has bound what it serves, and shows and records what will happen there.
pub(crate) struct Run<'a> {
    pub(crate) screen: Screen,
    /// Where it is recorded, if it is.
    pub(crate) recording: Option<Recording>,
    record: &'a RecordArgs,
    zero: Instant,
    showing: ScreenThread,
    writer: Option<Writer>,
}

/// What is recorded, and by whom.
pub(crate) struct Subject {
    pub(crate) transport: Transport,
    /// What its messages stand in.
    pub(crate) framing: Framing,
    /// As the recording's first lines say it: `otherend serve 127.0.0.1:8080`.
    pub(crate) what: String,
}

impl<'a> Run<'a> {
    /// Show what happens as `look` says, and record it as `record` does; times count from `zero`.
    pub(crate) fn begin(
        look: Look,
        zero: Instant,
        record: &'a RecordArgs,
        subject: &Subject,
    ) -> anyhow::Result<Self> {
        let (screen, showing) = Screen::start(look, zero)?;
        let started = record.start_beside(&screen, zero, subject)?;
        let (recording, writer) = started.unzip();
        Ok(Run {
            screen,
            recording,
            record,
            zero,
            showing,
            writer,
        })
    }

    /// Say where it listens, of the addresses `asked` for, and stop it when a signal says so.
    pub(crate) fn announce(
        &self,
        handle: Handle,
        asked: &[SocketAddr],
        addresses: &[Address],
        protocol: Protocol,
    ) -> anyhow::Result<()> {
        // Before it is announced: a script may send its signal as soon as it has read where we
        // listen.
        stop_on_signals(handle, self.screen.clone())?;
        let bound: Vec<SocketAddr> = addresses.iter().filter_map(Address::inet).collect();
        announce(&self.screen, asked, &bound, protocol);
        Ok(())
    }

    /// Serve until the end, then let the recording and the screen come to theirs. Between the two
    /// `conclude` says what there is to say of the whole; what it finds wrong ends the program so.
    pub(crate) fn serve(
        mut self,
        serve: impl FnOnce() -> Result<Report, BindError>,
        conclude: impl FnOnce(&Screen, Time, &Report) -> Result<(), Failure>,
    ) -> anyhow::Result<()> {
        let quiet = self.screen.look().quiet;
        if !quiet {
            self.record.tell_begun(&self.screen);
        }
        let served = serve();
        // The recording first: what it found wrong is still to be shown, and the screen ends behind
        // all who speak on it.
        let recorded = record::finish(self.writer);
        let now = Time::ZERO + self.zero.elapsed();
        if recorded.is_ok() && !quiet {
            self.record.tell_done(&self.screen, now);
        }
        let concluded = match &served {
            Ok(report) => conclude(&self.screen, now, report),
            Err(_) => Ok(()),
        };
        // The recording is sealed and the screen shows all of it before anything is an error.
        let shown = self.showing.finish();
        served?;
        recorded?;
        concluded?;
        Ok(shown?)
    }
}
