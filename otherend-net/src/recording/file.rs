//! One file of a recording: notes in, sealed lines out.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use otherend_core::transcript::{MOST_CONNECTIONS, Recorder, Transport};

use super::appender::Appender;
use super::notes::{Note, What};
use super::{RecordError, RecordingConfig};
use crate::error::plain;

/// Text that waits to be appended is at most about so long.
const PIECE: usize = 256 * 1024;
/// How long what is said waits for the first line that ends, which decides how the file's lines do.
const UNDECIDED: Duration = Duration::from_secs(10);

/// A recorder and its file.
pub(super) struct RecordingFile {
    path: PathBuf,
    file: Appender,
    recorder: Recorder,
    /// The numbers that connections have in this file.
    connections: HashMap<u64, u16>,
    last_number: u16,
    text: String,
    /// Since when it is known that no line has shown yet how lines end.
    undecided: Option<Instant>,
}

impl RecordingFile {
    pub(super) fn create(path: PathBuf, config: &RecordingConfig) -> Result<Self, RecordError> {
        let file = Appender::create(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => RecordError::Exists(path.clone()),
            _ => RecordError::File {
                path: path.clone(),
                cause,
            },
        })?;
        let mut recorder = Recorder::new(config.masks.clone(), &config.remark);
        if config.transport == Transport::Udp {
            recorder = recorder.over_udp();
        } else if let Some(drawing) = &config.framing {
            recorder = recorder.framed(drawing.clone());
        }
        Ok(RecordingFile {
            path,
            file,
            recorder,
            connections: HashMap::new(),
            last_number: 0,
            text: String::new(),
            undecided: None,
        })
    }

    /// Make lines of one note.
    pub(super) fn note(&mut self, note: &Note, bytes: &[u8]) -> Result<(), RecordError> {
        let now = note.at;
        match note.what {
            What::Opened => {
                let connection = self.number(note.connection)?;
                self.recorder.opened(now, connection);
            }
            What::Said(who) => {
                let connection = self.number(note.connection)?;
                self.recorder.said(now, connection, who, bytes);
            }
            What::Stopped(who, how) => {
                let connection = self.number(note.connection)?;
                self.recorder.stopped(now, connection, who, how);
            }
            What::Cut => {
                let connection = self.number(note.connection)?;
                self.recorder.cut(connection);
            }
            What::Parted(who) => {
                let connection = self.number(note.connection)?;
                self.recorder.part(connection, who);
            }
            What::Injected(to) => {
                let connection = self.number(note.connection)?;
                self.recorder.injected(now, connection, to, bytes);
            }
            What::Comment => {
                let text = String::from_utf8_lossy(bytes);
                self.recorder.comment(now, &text);
            }
            What::Ended => {
                self.connections.remove(&note.connection);
            }
        }
        self.text.push_str(&self.recorder.take());
        if self.text.len() > PIECE {
            self.write()?;
        }
        Ok(())
    }

    /// Write what may have waited long enough; `quiet`: nothing was noted for a while. `true`: there
    /// is more that waits.
    pub(super) fn settle(&mut self, quiet: bool) -> bool {
        if quiet {
            self.recorder.cut_all();
        }
        if self.recorder.is_undecided() {
            let since = *self.undecided.get_or_insert_with(Instant::now);
            if since.elapsed() >= UNDECIDED {
                self.recorder.decide();
            }
        }
        self.text.push_str(&self.recorder.take());
        self.recorder.is_undecided() || self.recorder.is_mid_line()
    }

    /// Vouch for all lines so far, if they are still there.
    pub(super) fn seal(&mut self) -> Result<(), RecordError> {
        self.check()?;
        self.recorder.seal();
        self.text.push_str(&self.recorder.take());
        self.write()
    }

    /// Append the lines that are ready.
    pub(super) fn write(&mut self) -> Result<(), RecordError> {
        let written = self.file.append(self.text.as_bytes());
        written.map_err(|cause| self.error(cause))?;
        self.text.clear();
        self.recorder.written();
        Ok(())
    }

    /// Wait until all of it is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), RecordError> {
        self.file.sync().map_err(|cause| self.error(cause))
    }

    /// The recording is complete.
    pub(super) fn end(&mut self) -> Result<(), RecordError> {
        self.check()?;
        self.recorder.end();
        self.text.push_str(&self.recorder.take());
        self.write()?;
        self.sync()?;
        self.file.trim();
        Ok(())
    }

    /// The recording ends here though what it records goes on: say so in it, where that is possible.
    pub(super) fn break_off(&mut self, why: &RecordError) {
        if self.check().is_err() {
            // A mark would not stand behind what it is about.
            return;
        }
        let text = match why {
            RecordError::File { cause, .. } => plain(cause),
            RecordError::TooMany(_) => format!("more than {MOST_CONNECTIONS} connections"),
            _ => "it came faster than it could be written".to_owned(),
        };
        // If it is another file that cannot be written, or none, what waits here still gets in.
        self.recorder.decide();
        self.text.push_str(&self.recorder.take());
        let _ = self.write();
        let last_words = self.recorder.break_off(&text);
        if self.file.append_last_words(last_words.as_bytes()).is_ok() {
            // It was promised to nobody that the mark is on the disk.
            let _ = self.file.sync();
        }
        self.file.trim();
    }

    fn number(&mut self, connection: u64) -> Result<u16, RecordError> {
        if let Some(&number) = self.connections.get(&connection) {
            return Ok(number);
        }
        if self.last_number == MOST_CONNECTIONS {
            return Err(RecordError::TooMany(self.path.clone()));
        }
        self.last_number += 1;
        self.connections.insert(connection, self.last_number);
        Ok(self.last_number)
    }

    /// Nobody has taken away what was written.
    fn check(&self) -> Result<(), RecordError> {
        let changed = self.file.changed(&self.path);
        match changed.map_err(|cause| self.error(cause))? {
            None => Ok(()),
            Some(how) => Err(RecordError::Lost(self.path.clone(), how)),
        }
    }

    fn error(&self, cause: io::Error) -> RecordError {
        RecordError::File {
            path: self.path.clone(),
            cause,
        }
    }
}
