//! A file that is only ever appended to (usually: a write-ahead log), in whole pieces, with room
//! set aside for its last words.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::system::files;

/// Room for what ends a recording on a full disk: its head if even that is not written, a seal, a mark.
const LAST_WORDS: u64 = 1024;
/// Room that is set aside together with it, so that not every piece asks for its own.
const AHEAD: u64 = 64 * 1024;

/// Appends to a file of its own, readable by nobody else.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
    /// How long the file is.
    end: u64,
    /// How much room on the disk is the file's.
    reserved: u64,
    /// It is a file, and its file system can set room aside.
    reserves: bool,
    /// It is a file: what was written in part can be taken back.
    is_file: bool,
    unsynced: bool,
}

impl Appender {
    /// A new file, or something that exists and is no file.
    pub(super) fn create(path: &Path) -> io::Result<Appender> {
        let is_file = !files::is_pipe_or_device(path);
        let mut appender = Appender {
            file: files::open_to_append(path, is_file)?,
            end: 0,
            reserved: 0,
            reserves: is_file && files::RESERVES,
            is_file,
            unsynced: false,
        };
        appender.reserve(0).inspect_err(|_| {
            if is_file {
                // It is empty, and would be in the way of the next attempt.
                let _ = fs::remove_file(path);
            }
        })?;
        Ok(appender)
    }

    /// Append `text`, all of it or nothing.
    pub(super) fn append(&mut self, text: &[u8]) -> io::Result<()> {
        self.reserve(text.len() as u64)?;
        self.write(text)
    }

    /// Append a mark in the room that was set aside for it.
    pub(super) fn append_last_words(&mut self, text: &[u8]) -> io::Result<()> {
        self.write(text)
    }

    /// What somebody else has done to the file, if anything: then what is appended does not follow
    /// what was written before, or nobody will find it.
    pub(super) fn changed(&self, path: &Path) -> io::Result<Option<&'static str>> {
        match self.is_file {
            true => files::changed(&self.file, path, self.end),
            false => Ok(None),
        }
    }

    /// Wait until everything is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.unsynced) || !self.is_file {
            return Ok(());
        }
        self.file.sync_data()
    }

    /// Give back the room that was not used.
    pub(super) fn trim(&mut self) {
        if self.reserves {
            // What stays reserved is lost to nobody but this file.
            let _ = self.file.set_len(self.end);
        }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(text);
        if written.is_ok() {
            self.end += text.len() as u64;
            self.unsynced = true;
        } else if self.is_file {
            // Where this fails too, a reader skips the unfinished line.
            let _ = self.file.set_len(self.end);
        }
        written
    }

    /// Set room aside for `length` bytes and the last words.
    fn reserve(&mut self, length: u64) -> io::Result<()> {
        let needed = length + LAST_WORDS;
        if !self.reserves || self.end + needed <= self.reserved {
            return Ok(());
        }
        // A disk that fills up is found out here, before any byte of a piece is written, and with 1
        // KiB in hand for the words that end the file. For a piece of 100 bytes 66,660 are asked
        // for, and where there are not as many, the 1,124 that it takes. A file system that can set
        // nothing aside is written to as it comes.
        let with_more = self.allocate(needed + AHEAD);
        let allocated = match with_more {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => self.allocate(needed),
            other => other,
        };
        match allocated {
            Err(error) if !is_full(&error) => {
                self.reserves = false;
                Ok(())
            }
            other => other,
        }
    }

    fn allocate(&mut self, length: u64) -> io::Result<()> {
        files::reserve(&self.file, self.end, length)?;
        self.reserved = self.end + length;
        Ok(())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
