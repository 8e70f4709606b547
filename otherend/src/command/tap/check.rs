//! `--check`: what the referee says, for people, for programs and for the exit code.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use otherend_core::transcript::{Limits, Plan, Transport};
use otherend_core::{Framing, Time};
use otherend_net::tap::{Referee, Verdict};

use crate::exit::Failure;
use crate::output::human::plural;
use crate::output::screen::{Remark, Screen};
use crate::talk::files;

/// A referee and the name of its file.
#[derive(Clone)]
pub(super) struct Check {
    pub(super) file: Arc<str>,
    pub(super) referee: Referee,
    /// What the file's messages stand in.
    pub(super) framing: Framing,
}

impl Check {
    /// Read the transcript.
    ///
    /// # Errors
    /// It cannot be read, is no transcript, or is one of datagrams.
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self, Failure> {
        let file = files::read(path, limits)?;
        let plan = Plan::new(file.transcript);
        if plan.transport() == Transport::Udp {
            let text = format!("{}: it is over UDP, and a tap is over TCP", file.name);
            return Err(Failure::Usage(text));
        }
        Ok(Check {
            file: file.name.into(),
            framing: plan.framing().clone(),
            referee: Referee::new(Arc::new(plan)),
        })
    }

    /// Show how it went.
    ///
    /// # Errors
    /// An end broke the transcript, or nobody played it to its end.
    pub(super) fn conclude(&self, screen: &Screen, zero: Instant) -> Result<(), Failure> {
        let text = self.verdict()?;
        let now = Time::ZERO + zero.elapsed();
        screen.remark(now, 0, &Remark::note("verdict", &text));
        Ok(())
    }

    fn verdict(&self) -> Result<String, Failure> {
        let file = &self.file;
        let Verdict {
            passed,
            failed,
            unfinished,
            ..
        } = self.referee.verdict();
        let fitted = format!("{} fitted {file}", plural(passed, "conversation"));
        let text = match (failed, unfinished, passed) {
            (0, 0, 0) => format!("nothing was checked against {file}: nobody connected"),
            (0, 0, _) => return Ok(fitted),
            (0, _, _) => format!("{fitted}, {unfinished} did not come to its end"),
            (_, 0, _) => format!("{fitted}, {failed} did not"),
            _ => format!("{fitted}, {failed} did not, {unfinished} did not come to its end"),
        };
        Err(Failure::Mismatch(text))
    }
}
