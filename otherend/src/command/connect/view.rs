//! What a pipe shows of the bytes that go through it.

use std::time::Instant;

use otherend_core::json::Scene;
use otherend_core::{Decoded, Decoder, Event, Framing, LineEnd, Time};

use super::Args;
use crate::output::hex;
use crate::output::screen::{Batch, Happened, Look, Remark, Renderer, Said};
use crate::output::stdio;
use crate::output::style::{Mark, Palette};
use crate::output::terminal_text::TerminalText;
use crate::output::time::{Stamper, TimeStyle};

/// Longer lines are shown as too long; the bytes themselves are not touched.
const MAX_LINE: usize = 1024 * 1024;

/// Turns bytes of either direction into what is written to stdout.
pub(super) struct View {
    zero: Instant,
    form: Form,
}

enum Form {
    /// The server's bytes as they are.
    Bytes,
    /// The server's bytes, unable to drive the terminal.
    Terminal(TerminalText),
    Hex(Box<HexView>),
    Lines(Box<LineView>),
}

impl View {
    pub(super) fn new(args: &Args) -> View {
        let zero = Instant::now();
        let mut look = args.screen.look(false, TimeStyle::None);
        look.datagrams = args.udp;
        // The most particular wish first. What is left is a pipe, which gets the bytes as they
        // came, and a terminal, which must not be driven by them.
        let form = if look.hex {
            Form::Hex(Box::new(HexView::new(look.time, zero)))
        } else if look.json || look.time != TimeStyle::None {
            Form::Lines(Box::new(LineView::new(args, look, zero)))
        } else if stdio::stdout().is_terminal() && !look.raw {
            Form::Terminal(TerminalText::default())
        } else {
            Form::Bytes
        };
        View { zero, form }
    }

    /// What is said to the server is shown, and not only what it says.
    pub(super) fn shows_said(&self) -> bool {
        matches!(self.form, Form::Hex(_) | Form::Lines(_))
    }

    /// What is shown are messages, and not the bytes.
    pub(super) fn shows_messages(&self) -> bool {
        matches!(self.form, Form::Lines(_))
    }

    /// Append what is to be shown of these bytes.
    pub(super) fn show(&mut self, out: &mut Vec<u8>, from: Mark, bytes: &[u8]) {
        let now = Time::ZERO + self.zero.elapsed();
        match &mut self.form {
            Form::Bytes if from == Mark::ToClient => out.extend_from_slice(bytes),
            Form::Terminal(text) if from == Mark::ToClient => text.next_into(out, bytes),
            Form::Bytes | Form::Terminal(_) => {}
            Form::Hex(view) => view.show(out, now, from, bytes),
            Form::Lines(view) => view.show(out, now, from, bytes),
        }
    }

    /// Append what is to be shown of a datagram, which is one line.
    pub(super) fn show_datagram(&mut self, out: &mut Vec<u8>, from: Mark, datagram: &[u8]) {
        let Form::Lines(view) = &mut self.form else {
            return self.show(out, from, datagram);
        };
        let now = Time::ZERO + self.zero.elapsed();
        let (line, end) = LineEnd::split(datagram);
        view.batch.line(now, 0, said(from, end), line);
        view.flush(out);
    }

    /// One direction has ended: append what was still waiting for more.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, from: Mark) {
        let now = Time::ZERO + self.zero.elapsed();
        match &mut self.form {
            Form::Terminal(text) if from == Mark::ToClient => text.finish_into(out),
            Form::Lines(view) => view.finish(out, now, from),
            Form::Bytes | Form::Terminal(_) | Form::Hex(_) => {}
        }
    }

    /// Append a remark, where the form has a place for it.
    pub(super) fn remark(&mut self, out: &mut Vec<u8>, remark: &Remark<'_>) {
        let now = Time::ZERO + self.zero.elapsed();
        let wrong = matches!(remark, Remark::Ended { reason, .. } if !reason.is_orderly());
        if let Form::Lines(view) = &mut self.form
            && (wrong || !view.quiet)
        {
            let json = view.json;
            view.batch.remark(now, 0, remark, json);
            view.flush(out);
        }
    }
}

/// Rows of sixteen bytes; each direction counts its own offset.
struct HexView {
    palette: Palette,
    stamper: Stamper,
    offsets: [u64; 2],
}

impl HexView {
    fn new(time: TimeStyle, zero: Instant) -> HexView {
        let palette = Palette::of_stdout();
        let stamper = Stamper::new(time, zero);
        HexView {
            palette,
            stamper,
            offsets: [0; 2],
        }
    }

    fn show(&mut self, out: &mut Vec<u8>, now: Time, from: Mark, bytes: &[u8]) {
        self.stamper.follow_clock();
        let offset = &mut self.offsets[side(from)];
        for row in bytes.chunks(hex::ROW) {
            self.stamper.stamp_into(out, now);
            out.extend_from_slice(format!("{} ", self.palette.mark(from)).as_bytes());
            hex::row_into(out, *offset, row);
            out.push(b'\n');
            *offset += row.len() as u64;
        }
    }
}

/// Lines with their times, or as JSON.
struct LineView {
    json: bool,
    quiet: bool,
    renderer: Renderer,
    decoders: [Decoder; 2],
    batch: Batch,
}

impl LineView {
    fn new(args: &Args, look: Look, zero: Instant) -> LineView {
        // A pipe answers no telnet commands, so it takes none for such unless asked to.
        let framing = match args.framing() {
            Framing::Auto => Framing::Dotnet,
            framing => framing,
        };
        let decoder = || Decoder::new(&framing, MAX_LINE);
        LineView {
            json: look.json,
            quiet: look.quiet,
            renderer: Renderer::new(look, zero),
            decoders: [decoder(), decoder()],
            batch: Batch::default(),
        }
    }

    fn show(&mut self, out: &mut Vec<u8>, now: Time, from: Mark, bytes: &[u8]) {
        let mut lines = self.decoders[side(from)].feed(bytes);
        while let Some(found) = lines.next() {
            gather(&mut self.batch, self.json, now, from, &found);
        }
        self.flush(out);
    }

    fn finish(&mut self, out: &mut Vec<u8>, now: Time, from: Mark) {
        while let Some(found) = self.decoders[side(from)].finish() {
            gather(&mut self.batch, self.json, now, from, &found);
        }
        self.flush(out);
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        self.renderer.follow_clock();
        self.renderer.batch_into(out, &self.batch);
        self.batch.clear();
    }
}

fn gather(batch: &mut Batch, json: bool, now: Time, from: Mark, found: &Decoded<'_>) {
    match *found {
        Decoded::Message(line, end) => batch.line(now, 0, said(from, end), line),
        Decoded::TooLong => batch.remark(now, 0, &Remark::LineTooLong { who: None }, json),
        Decoded::OutOfStep { bytes, why } => {
            let happened = Happened {
                event: &Event::OutOfStep { bytes, why },
                scene: Scene::default(),
                datagrams: false,
            };
            batch.remark(now, 0, &Remark::Happened(happened), json);
        }
        // Telnet commands are no lines, and a pipe answers nothing.
        _ => {}
    }
}

fn said(from: Mark, end: LineEnd) -> Said {
    match from {
        Mark::ToServer => Said::Client(Some(end)),
        _ => Said::Server(Some(end)),
    }
}

fn side(from: Mark) -> usize {
    usize::from(from == Mark::ToServer)
}
