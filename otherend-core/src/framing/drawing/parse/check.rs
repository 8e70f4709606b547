//! Whether the slots make a frame together: one body, and one thing that ends it.

use super::{Parser, Placed};
use crate::Framing;
use crate::framing::drawing::catalogue::SHORT;
use crate::framing::drawing::{Body, DrawingError, FrameEnd, Head, Slot};
use crate::nearest::nearest;

impl Parser<'_> {
    /// What each slot needs around it.
    pub(super) fn check(&self) -> Result<(), DrawingError> {
        let body = self.placed.iter().position(is_body);
        for (index, placed) in self.placed.iter().enumerate() {
            let next = self.placed.get(index + 1).map(|next| &next.slot);
            let behind = body.is_some_and(|body| index > body);
            let wrong = match &placed.slot {
                Slot::Length(length) if length.form.is_open() && !ends_digits(next) => {
                    "digits without a number of them end at a byte: put one behind, as {len:dec}:"
                }
                Slot::Length(length) if length.of_all && length.form.width().is_none() => {
                    "the length of all needs a width of its own: use u16 or dec4"
                }
                Slot::Lines(_) if !starts_line_end(next) => {
                    "header lines end at an empty one: put \\r\\n (or \\n) behind"
                }
                Slot::Length(_) | Slot::Head(_) | Slot::Lines(_) if behind => {
                    "this must stand before the body"
                }
                Slot::Sum(_) if !behind => "a checksum stands behind the body",
                Slot::Head(Head { size, but: Some(_) }) if index > 0 || *size != 1 => {
                    "a head that may be missing is the first byte of the frame"
                }
                _ => continue,
            };
            return Err(self.error(placed.at, placed.width, wrong));
        }
        let lengths = self.placed.iter().filter(|placed| is_length(placed));
        match lengths.clone().nth(1) {
            Some(second) => Err(self.error(second.at, second.width, "a frame has one length")),
            None => Ok(()),
        }
    }

    /// Where the one body stands.
    pub(super) fn body(&self) -> Result<usize, DrawingError> {
        let mut bodies = (0..self.placed.len()).filter(|at| is_body(&self.placed[*at]));
        let Some(body) = bodies.next() else {
            if self.text.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(self.error(0, self.text.len(), unknown_name(self.text)));
            }
            let wrong =
                "there is no {body}: use a short name, or draw the frame, as {len:u16}{body}";
            return Err(self.error(0, self.text.len(), wrong));
        };
        match bodies.next().map(|second| &self.placed[second]) {
            Some(second) => Err(self.error(second.at, second.width, "a frame has one {body}")),
            None => Ok(body),
        }
    }

    /// The one thing that ends a message.
    pub(super) fn end(
        &self,
        body: usize,
        silence: Option<std::time::Duration>,
    ) -> Result<FrameEnd, DrawingError> {
        let Placed { slot, at, width } = &self.placed[body];
        let after = &self.placed[body + 1..];
        let sums = after
            .iter()
            .take_while(|placed| matches!(placed.slot, Slot::Sum(_)));
        let sums = sums.count();
        let literal = after.get(sums).map(|placed| &placed.slot);
        let kind = match slot {
            Slot::Body(body) => *body,
            _ => Body::Plain,
        };
        let has_length = self.placed.iter().any(is_length);
        let twice = |other: &str| {
            let wrong = format!("two things end the message, this and {other}: only one can");
            Err(self.error(*at, *width, wrong))
        };
        if let Some(marker) = marker(kind) {
            let found = matches!(literal, Some(Slot::Literal(bytes)) if bytes == marker);
            if !found || sums > 0 || after.len() > 1 {
                let marker = marker.escape_ascii();
                let wrong = format!("so escaped, a body ends at {marker}: put that behind, alone");
                return Err(self.error(*at, *width, wrong));
            }
        }
        match (kind, has_length, silence) {
            (Body::Plain, true, None) => Ok(FrameEnd::Length),
            (Body::Fixed(size), false, None) => Ok(FrameEnd::Size(size)),
            (_, true, _) => twice("the length"),
            (Body::Fixed(_) | Body::Slip | Body::Cobs | Body::Dot, _, Some(_)) => twice("silence"),
            (Body::Plain, false, Some(_)) if literal.is_some() => twice("silence"),
            (Body::Plain, false, Some(silence)) => Ok(FrameEnd::Idle(silence)),
            (_, false, None) if literal.is_some() => Ok(FrameEnd::Literal {
                slot: body + 1 + sums,
                between: self.placed[body + 1..body + 1 + sums]
                    .iter()
                    .map(|placed| sum_width(&placed.slot))
                    .sum(),
            }),
            (_, false, None) => {
                let wrong = "nothing ends the message: put what ends it behind ({body}\\x03), its \
                             length before ({len:u16}{body}), its size in it ({body:128}) or \
                             silence at the end ({body} idle 20ms)";
                Err(self.error(*at, *width, wrong))
            }
        }
    }
}

fn unknown_name(name: &str) -> String {
    let lines = Framing::ALL
        .into_iter()
        .filter_map(|framing| framing.name());
    let names: Vec<&str> = lines.chain(SHORT.iter().map(|(name, _)| *name)).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("no such framing; did you mean {near}?"),
        None => {
            let names = names.join(" ");
            format!("no such framing: use {names}, or draw the frame, as {{len:u16}}{{body}}")
        }
    }
}

/// What ends a body that is escaped in this way.
fn marker(body: Body) -> Option<&'static [u8]> {
    match body {
        Body::Slip => Some(b"\xc0"),
        Body::Cobs => Some(b"\0"),
        Body::Dot => Some(b"\r\n.\r\n"),
        Body::Plain | Body::Fixed(_) => None,
    }
}

fn sum_width(slot: &Slot) -> usize {
    match slot {
        Slot::Sum(sum) => sum.width(),
        _ => 0,
    }
}

fn is_body(placed: &Placed) -> bool {
    matches!(placed.slot, Slot::Body(_))
}

fn is_length(placed: &Placed) -> bool {
    matches!(placed.slot, Slot::Length(_) | Slot::Lines(_))
}

fn ends_digits(next: Option<&Slot>) -> bool {
    matches!(next, Some(Slot::Literal(bytes)) if !bytes[0].is_ascii_hexdigit())
}

fn starts_line_end(next: Option<&Slot>) -> bool {
    matches!(next, Some(Slot::Literal(bytes)) if bytes.starts_with(b"\r\n") || bytes.starts_with(b"\n"))
}
