//! Entries as text or as JSON Lines.

use std::io::Write;
use std::time::Instant;

use otherend_core::json::Speech;
use otherend_core::{Role, Time, escape_into};

use super::batch::{Batch, Entry, Said};
use super::{Look, Remark};
use crate::output::style::{Mark, Palette};
use crate::output::time::Stamper;
use crate::output::{hex, json};

/// Turns entries into what is written.
pub(crate) struct Renderer {
    look: Look,
    stamper: Stamper,
    palette: Palette,
    /// What stands behind a line that has no end.
    no_end: String,
}

impl Renderer {
    pub(crate) fn new(look: Look, zero: Instant) -> Self {
        let palette = Palette::of_stdout();
        Renderer {
            look,
            stamper: Stamper::new(look.time, zero),
            palette,
            no_end: format!(" {}", palette.faint("(no line end)")),
        }
    }

    pub(crate) fn follow_clock(&mut self) {
        self.stamper.follow_clock();
    }

    /// Append every entry of `batch`, a line each.
    pub(crate) fn batch_into(&mut self, out: &mut Vec<u8>, batch: &Batch) {
        for (entry, bytes) in batch.iter() {
            if self.look.json {
                self.json_into(out, entry, bytes);
            } else {
                self.text_into(out, entry, bytes);
            }
        }
    }

    /// Append that `skipped` lines are missing here.
    pub(crate) fn skipped_into(&mut self, out: &mut Vec<u8>, at: Time, skipped: u64) {
        let mut batch = Batch::default();
        batch.remark(at, 0, &Remark::Skipped { lines: skipped }, self.look.json);
        self.batch_into(out, &batch);
    }

    fn text_into(&mut self, out: &mut Vec<u8>, entry: &Entry, bytes: &[u8]) {
        if self.look.hex && entry.said != Said::Us {
            return self.hex_into(out, entry, bytes);
        }
        self.head_into(out, entry);
        if self.look.raw && entry.said != Said::Us {
            out.extend_from_slice(bytes);
        } else if entry.said.is_framed() {
            out.extend_from_slice(hex::message(bytes).as_bytes());
        } else {
            escape_into(out, bytes);
            if entry.said.is_without_end() && !self.look.datagrams {
                out.extend_from_slice(self.no_end.as_bytes());
            }
        }
        out.push(b'\n');
    }

    fn hex_into(&mut self, out: &mut Vec<u8>, entry: &Entry, bytes: &[u8]) {
        for (index, row) in (0..).zip(bytes.chunks(hex::ROW)) {
            self.head_into(out, entry);
            hex::row_into(out, entry.offset + index * hex::ROW as u64, row);
            out.push(b'\n');
        }
    }

    /// What stands before every line: time, number, mark.
    fn head_into(&mut self, out: &mut Vec<u8>, entry: &Entry) {
        self.stamper.stamp_into(out, entry.at);
        let mark = match entry.said {
            Said::Client(_) => Mark::ToServer,
            Said::Server(_) => Mark::ToClient,
            Said::Us => Mark::Remark,
        };
        // Writing to a Vec cannot fail.
        if self.look.numbers && entry.number > 0 {
            let _ = write!(out, "{} ", entry.number);
        }
        let _ = write!(out, "{} ", self.palette.mark(mark));
    }

    fn json_into(&mut self, out: &mut Vec<u8>, entry: &Entry, bytes: &[u8]) {
        // Written by hand: as a float, microseconds since 1970 would lose their last digit.
        let micros = self.stamper.epoch_micros(entry.at);
        let _ = write!(
            out,
            "{{\"t\":{}.{:06}",
            micros / 1_000_000,
            micros % 1_000_000
        );
        if entry.number > 0 {
            let _ = write!(out, ",\"conn\":{}", entry.number);
        }
        let object = out.len();
        // What is said always has a form in JSON, and a Vec always takes it.
        let _ = match entry.said {
            Said::Client(end) => json::append(out, &Speech::of(Role::Client, bytes, end)),
            Said::Server(end) => json::append(out, &Speech::of(Role::Server, bytes, end)),
            Said::Us => out.write_all(bytes).map_err(serde_json::Error::io),
        };
        // The members of either stand behind the time and the number, in one object: the time has
        // six digits, which no number of serde_json's has.
        if let Some(brace) = out.get_mut(object) {
            *brace = b',';
        }
        out.push(b'\n');
    }
}
