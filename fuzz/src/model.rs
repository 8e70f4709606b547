//! A conversation as one would write it on a napkin: byte by byte, with all the memory it likes.
//!
//! It shares no code with otherend-core and knows nothing of cuts, buffers or backpressure. It
//! covers `lf`, `crlf`, `dotnet`, and `auto` for peers that send no 0xFF.

use otherend_core::Framing;

pub const LINE_TIMEOUT: u64 = 30;
pub const IDLE_TIMEOUT: u64 = 600;

/// What a server that says `> ` and each line back has said so far, and why it is over, if it is.
pub struct Model {
    pub framing: Framing,
    pub max_message: usize,
    pub now: u64,
    pub touched: u64,
    pub draining: bool,
    pub said: Vec<u8>,
    pub over: Option<&'static str>,
    /// The first bytes while they may still be a mark.
    opening: Option<Vec<u8>>,
    line: Vec<u8>,
    began: u64,
    complained: bool,
    too_long: u8,
    after_cr: bool,
    end: &'static str,
    learned: bool,
}

impl Model {
    pub fn new(framing: Framing, max_message: usize) -> Self {
        let marks = matches!(framing, Framing::Dotnet | Framing::Auto);
        let crlf = matches!(framing, Framing::Crlf | Framing::Dotnet);
        let learned = framing != Framing::Auto;
        Model {
            framing,
            max_message,
            now: 0,
            touched: 0,
            draining: false,
            said: Vec::new(),
            over: None,
            opening: marks.then(Vec::new),
            line: Vec::new(),
            began: 0,
            complained: false,
            too_long: 0,
            after_cr: false,
            end: if crlf { "\r\n" } else { "\n" },
            learned,
        }
    }

    pub fn hear(&mut self, byte: u8) {
        self.touched = self.now;
        let Some(opening) = &mut self.opening else {
            return self.hear_text(byte);
        };
        opening.push(byte);
        match opening.as_slice() {
            [0xef] | [0xef, 0xbb] | [0xff] => {}
            [0xef, 0xbb, 0xbf] => self.opening = None,
            [0xff, 0xfe] => self.finish("utf-16", "ERR this is UTF-16: send UTF-8 text"),
            _ => self.release(),
        }
    }

    fn release(&mut self) {
        for byte in self.opening.take().unwrap_or_default() {
            self.hear_text(byte);
        }
    }

    fn hear_text(&mut self, byte: u8) {
        if self.over.is_some() {
            return;
        }
        let strict = matches!(self.framing, Framing::Lf | Framing::Crlf);
        let swallowed = byte == b'\n' && self.after_cr && !strict;
        self.after_cr = byte == b'\r';
        let ends = match self.framing {
            Framing::Lf => byte == b'\n',
            Framing::Crlf => byte == b'\n' && self.line.ends_with(b"\r"),
            _ => byte == b'\n' || byte == b'\r',
        };
        if swallowed {
            return;
        }
        if ends {
            if strict && self.line.ends_with(b"\r") {
                self.line.pop();
            }
            return self.answer(Some(byte));
        }
        if self.line.is_empty() {
            self.began = self.now;
        }
        self.line.push(byte);
        let may_end = strict && byte == b'\r';
        if self.line.len() - usize::from(may_end) > self.max_message {
            self.complain();
        }
    }

    fn complain(&mut self) {
        if std::mem::replace(&mut self.complained, true) {
            return;
        }
        self.too_long += 1;
        if self.too_long == 3 {
            return self.finish("lines-too-long", "ERR too many lines were too long");
        }
        self.say(&format!("ERR line longer than {} bytes", self.max_message));
    }

    /// The line is complete.
    fn answer(&mut self, end: Option<u8>) {
        if self.line.len() > self.max_message {
            self.complain();
        }
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.complained) || self.over.is_some() {
            return;
        }
        if let Some(end) = end.filter(|_| !self.learned) {
            self.learned = true;
            self.end = if end == b'\n' { "\n" } else { "\r\n" };
        }
        if line == b"exit" {
            self.over = Some("exit-word");
        } else {
            self.said.extend_from_slice(b"> ");
            self.said.extend_from_slice(&line);
            self.said.extend_from_slice(self.end.as_bytes());
        }
    }

    pub fn say(&mut self, text: &str) -> bool {
        if self.over.is_none() {
            self.said.extend_from_slice(text.as_bytes());
            self.said.extend_from_slice(self.end.as_bytes());
        }
        self.over.is_none()
    }

    pub fn peer_finishes(&mut self) {
        self.release();
        if !self.line.is_empty() && self.over.is_none() {
            self.answer(None);
        }
        self.over.get_or_insert("peer-finished");
    }

    pub fn time_passes(&mut self, seconds: u64) {
        self.now += seconds;
        if self.over.is_some() {
        } else if !self.line.is_empty() && self.now >= self.began + LINE_TIMEOUT {
            self.finish("line-timeout", "ERR line took too long");
        } else if self.now >= self.touched + IDLE_TIMEOUT {
            self.finish("idle", "ERR idle");
        }
    }

    /// To be called after each input.
    pub fn settle(&mut self) {
        if self.draining && self.line.is_empty() {
            self.over.get_or_insert("drained");
        }
    }

    fn finish(&mut self, reason: &'static str, text: &str) {
        self.say(text);
        self.over.get_or_insert(reason);
    }
}
