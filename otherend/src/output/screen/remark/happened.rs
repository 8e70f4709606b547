//! What happens in a conversation, of a server or through a tap, for people; programs get core's
//! form of it.

use std::fmt;

use otherend_core::json::Scene;
use otherend_core::{Counts, EndReason, Event, Role, escaped};
use serde::{Serialize, Serializer};

use crate::output::{hex, human};

pub(super) const TOO_LONG: &str = "a line is too long, the rest of it is discarded";

/// An event that is shown as a remark: no lines and no bytes.
#[derive(Debug)]
pub(crate) struct Happened<'a> {
    pub(crate) event: &'a Event<'a>,
    pub(crate) scene: Scene<'a>,
    /// There is no connection to come or to leave.
    pub(crate) datagrams: bool,
}

impl Serialize for Happened<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.scene.what(self.event).serialize(serializer)
    }
}

impl fmt::Display for Happened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scene = &self.scene;
        match *self.event {
            Event::Opened => {
                let peer = scene.peer.map(ToString::to_string).unwrap_or_default();
                match self.datagrams {
                    true => write!(f, "first datagram from {peer}"),
                    false => write!(f, "{peer} connected"),
                }
            }
            Event::Connected { target, after, .. } => {
                write!(f, "reached {target} in {}", human::duration(after))
            }
            Event::NotConnected { error } => write!(f, "{error}"),
            Event::Finished { from } if scene.between => {
                write!(f, "the {from} has finished sending")
            }
            Event::Finished { .. } => f.write_str("the peer has finished sending"),
            Event::MessageTooLong => f.write_str(TOO_LONG),
            Event::Recognised(what) => f.write_str(what.sentence()),
            Event::OutOfStep { bytes, why } => {
                write!(f, "{}: {}", why.reason(), hex::message(bytes))
            }
            Event::Unframed { message, error } => {
                write!(f, "not said, {error}: {}", hex::message(message))
            }
            Event::Fault { fault, line, .. } => fault_met(f, fault, line),
            Event::Injected { to, bytes } => {
                let line = escaped(bytes.trim_ascii_end());
                write!(f, "the tap itself said to the {to}: {line}")
            }
            Event::Unexpected(mismatch) => f.write_str(&mismatch.render(scene.file)),
            Event::Ended {
                reason,
                who,
                counts,
            } => self.ended(f, reason, who, counts),
            _ => Ok(()),
        }
    }
}

fn fault_met(f: &mut fmt::Formatter<'_>, fault: &str, line: &[u8]) -> fmt::Result {
    write!(f, "fault: {fault}")?;
    // At the start of a connection there is no line.
    if line.is_empty() {
        return Ok(());
    }
    write!(f, " (it meets: {})", escaped(line.trim_ascii_end()))
}

impl Happened<'_> {
    fn ended(
        &self,
        f: &mut fmt::Formatter<'_>,
        reason: EndReason,
        who: Option<Role>,
        counts: Counts,
    ) -> fmt::Result {
        let after = human::duration(self.scene.after);
        if self.scene.between {
            return write!(
                f,
                "ended after {after}: {} (client said {}, server said {})",
                reason.between(who),
                human::size(counts.bytes_heard),
                human::size(counts.bytes_said),
            );
        }
        let over = if self.datagrams { "over" } else { "left" };
        let heard = human::plural(counts.messages_heard, "line");
        let said = human::count(counts.messages_said);
        write!(
            f,
            "{over} after {after}: {reason} ({heard} heard, {said} said)"
        )
    }
}
