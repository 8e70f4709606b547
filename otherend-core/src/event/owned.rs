//! An event that outlives its moment (usually: an owned copy), for watchers that look later.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Event;
use crate::transcript::{Closing, Mismatch};
use crate::{Address, Counts, EndReason, LineEnd, Loss, OutOfStep, Recognised, Role, Unframed};

/// An [`Event`] with all that belongs to it.
///
/// ```
/// use otherend_core::{Event, LineEnd, OwnedEvent};
///
/// let heard = Event::Heard { message: b"hello", end: LineEnd::Lf };
/// let kept = OwnedEvent::from(&heard);
/// assert!(matches!(kept.as_event(), Event::Heard { message: b"hello", .. }));
/// ```
#[derive(Debug, Clone)]
pub struct OwnedEvent(Kept);

/// One variant for each of [`Event`]'s, which says what they mean.
///
/// Nobody matches on these: whoever looks takes the event from [`OwnedEvent::as_event`], so there
/// is one vocabulary and not two.
#[derive(Debug, Clone)]
enum Kept {
    Opened,
    Connected(Box<(Address, Address)>, Duration),
    NotConnected(Words),
    Bytes(Role, Box<[u8]>),
    Heard(Box<[u8]>, LineEnd),
    Said(Box<[u8]>, LineEnd),
    MessageTooLong,
    Recognised(Recognised),
    OutOfStep(Box<[u8]>, OutOfStep),
    Unframed(Box<[u8]>, Box<Unframed>),
    Unexpected(Box<Mismatch>),
    Fault(Role, Box<str>, Box<[u8]>),
    Boundary(Role),
    Injected(Role, Box<[u8]>),
    Finished(Role),
    Stopped(Closing),
    Lost(Loss),
    Ended(EndReason, Option<Role>, Box<Counts>),
}

/// An error that has been put into words: itself it cannot be copied.
#[derive(Debug, Clone)]
struct Words(Box<str>);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Words {}

impl OwnedEvent {
    /// The event, as it was. An error in it is left with its words alone.
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        match &self.0 {
            Kept::Opened => Event::Opened,
            Kept::Connected(addresses, after) => Event::Connected {
                target: &addresses.0,
                local: &addresses.1,
                after: *after,
            },
            Kept::NotConnected(error) => Event::NotConnected { error },
            &Kept::Bytes(from, ref bytes) => Event::Bytes { from, bytes },
            &Kept::Heard(ref message, end) => Event::Heard { message, end },
            &Kept::Said(ref message, end) => Event::Said { message, end },
            Kept::MessageTooLong => Event::MessageTooLong,
            &Kept::Recognised(what) => Event::Recognised(what),
            &Kept::OutOfStep(ref bytes, why) => Event::OutOfStep { bytes, why },
            Kept::Unframed(message, error) => Event::Unframed { message, error },
            Kept::Unexpected(mismatch) => Event::Unexpected(mismatch),
            &Kept::Fault(from, ref fault, ref line) => Event::Fault { from, fault, line },
            &Kept::Boundary(from) => Event::Boundary { from },
            &Kept::Injected(to, ref bytes) => Event::Injected { to, bytes },
            &Kept::Finished(from) => Event::Finished { from },
            &Kept::Stopped(how) => Event::Stopped { how },
            &Kept::Lost(loss) => Event::Lost(loss),
            &Kept::Ended(reason, who, ref counts) => Event::Ended {
                reason,
                who,
                counts: **counts,
            },
        }
    }

    /// How much memory it has beside itself, in bytes.
    #[must_use]
    pub fn heap_size(&self) -> usize {
        match &self.0 {
            Kept::Connected(addresses, _) => size_of_val(&**addresses),
            Kept::NotConnected(error) => error.0.len(),
            Kept::Bytes(_, bytes)
            | Kept::Injected(_, bytes)
            | Kept::Heard(bytes, _)
            | Kept::Said(bytes, _)
            | Kept::OutOfStep(bytes, _) => bytes.len(),
            Kept::Unframed(message, error) => message.len() + size_of_val(&**error),
            Kept::Fault(_, fault, line) => fault.len() + line.len(),
            Kept::Unexpected(mismatch) => size_of_mismatch(mismatch),
            Kept::Ended(_, _, counts) => size_of_val(&**counts),
            Kept::Opened
            | Kept::MessageTooLong
            | Kept::Recognised(_)
            | Kept::Boundary(_)
            | Kept::Finished(_)
            | Kept::Stopped(_)
            | Kept::Lost(_) => 0,
        }
    }
}

impl From<&Event<'_>> for OwnedEvent {
    fn from(event: &Event<'_>) -> Self {
        OwnedEvent(match *event {
            Event::Opened => Kept::Opened,
            Event::Connected {
                target,
                local,
                after,
            } => Kept::Connected(Box::new((target.clone(), local.clone())), after),
            Event::NotConnected { error } => Kept::NotConnected(Words(error.to_string().into())),
            Event::Bytes { from, bytes } => Kept::Bytes(from, bytes.into()),
            Event::Heard { message, end } => Kept::Heard(message.into(), end),
            Event::Said { message, end } => Kept::Said(message.into(), end),
            Event::MessageTooLong => Kept::MessageTooLong,
            Event::Recognised(what) => Kept::Recognised(what),
            Event::OutOfStep { bytes, why } => Kept::OutOfStep(bytes.into(), why),
            Event::Unframed { message, error } => {
                Kept::Unframed(message.into(), Box::new(error.clone()))
            }
            Event::Unexpected(mismatch) => Kept::Unexpected(Box::new(mismatch.clone())),
            Event::Fault { from, fault, line } => Kept::Fault(from, fault.into(), line.into()),
            Event::Boundary { from } => Kept::Boundary(from),
            Event::Injected { to, bytes } => Kept::Injected(to, bytes.into()),
            Event::Finished { from } => Kept::Finished(from),
            Event::Stopped { how } => Kept::Stopped(how),
            Event::Lost(loss) => Kept::Lost(loss),
            Event::Ended {
                reason,
                who,
                counts,
            } => Kept::Ended(reason, who, Box::new(counts)),
        })
    }
}

/// What a mismatch takes: what was said last is the most of it.
fn size_of_mismatch(mismatch: &Mismatch) -> usize {
    let before = mismatch.before.iter().map(|told| told.bytes.len());
    let expected = mismatch.expected.as_ref().map_or(0, String::len);
    size_of_val(mismatch) + mismatch.heard.len() + expected + before.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_happened() {
        let (target, local) = (Address::Path("/run/echo".into()), Address::Unnamed);
        let (from, end) = (Role::Server, LineEnd::CrLf);
        let error = Words("nobody is there".into());
        let all = [
            Event::Opened,
            Event::Connected {
                target: &target,
                local: &local,
                after: Duration::from_millis(3),
            },
            Event::NotConnected { error: &error },
            Event::Bytes { from, bytes: b"x" },
            Event::Heard {
                message: b"heard",
                end,
            },
            Event::Said {
                message: b"said",
                end,
            },
            Event::MessageTooLong,
            Event::Recognised(Recognised::Telnet),
            Event::Fault {
                from,
                fault: "on S: x drop",
                line: b"x\n",
            },
            Event::Boundary { from },
            Event::Injected {
                to: from,
                bytes: b"x\n",
            },
            Event::Finished { from },
            Event::Stopped {
                how: Closing::HalfClose,
            },
            Event::Lost(Loss::Reset),
            Event::Ended {
                reason: EndReason::PeerReset,
                who: Some(from),
                counts: Counts::default(),
            },
        ];
        for event in all {
            let kept = OwnedEvent::from(&event);
            assert_eq!(format!("{:?}", kept.as_event()), format!("{event:?}"));
        }
    }

    #[test]
    fn what_was_said_is_counted() {
        let bytes = &[b'x'; 1000];
        let from = Role::Client;
        let kept = OwnedEvent::from(&Event::Bytes { from, bytes });
        assert_eq!(kept.heap_size(), 1000);
        assert_eq!(OwnedEvent::from(&Event::Opened).heap_size(), 0);
    }
}
