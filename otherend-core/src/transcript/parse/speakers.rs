//! Who can speak where (usually: semantic checks): connections open in order, and nobody speaks
//! after the end.

use super::line::Marker;
use super::{Parsed, Spot};
use crate::Role;
use crate::transcript::Wrong;
use crate::transcript::model::{Act, Closing, Step};

/// The connections of the script, and the rule at hand if the line belongs to one.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    script: Vec<Stops>,
    rule: Option<Stops>,
}

/// How each end of one connection stopped, and on which line.
#[derive(Debug, Default)]
struct Stops {
    client: Option<(Closing, usize)>,
    server: Option<(Closing, usize)>,
}

impl Speakers {
    pub(super) fn begin_rule(&mut self) {
        self.rule = Some(Stops::default());
    }

    pub(super) fn end_rule(&mut self) {
        self.rule = None;
    }

    pub(super) fn in_rule(&self) -> bool {
        self.rule.is_some()
    }

    /// `step` can happen here.
    pub(super) fn check(&mut self, step: &Step, marker: &Marker, number: usize) -> Parsed<()> {
        let spot = |wrong| Spot::new(0, marker.width, wrong);
        if let Some(lane) = &mut self.rule {
            let said_by_server = step.who == Role::Server && step.act != Act::Connect;
            if !said_by_server {
                return Err(spot(Wrong::InRule));
            }
            if marker.numbered {
                return Err(spot(Wrong::NumberInRule));
            }
            if matches!(step.act, Act::Optional(_) | Act::Repeated(_)) {
                return Err(spot(Wrong::OptionalInRule));
            }
            return lane.follow(step, number).map_err(spot);
        }
        if step.act == Act::Connect && step.who == Role::Server {
            return Err(spot(Wrong::ServerConnects));
        }
        let index = usize::from(step.connection) - 1;
        if index > self.script.len() {
            let next = u16::try_from(self.script.len() + 1).unwrap_or(u16::MAX);
            return Err(spot(Wrong::ConnectionOrder(next)));
        }
        if index == self.script.len() {
            self.script.push(Stops::default());
        } else if step.act == Act::Connect {
            return Err(spot(Wrong::ConnectedAlready(step.connection)));
        }
        self.script[index].follow(step, number).map_err(spot)
    }
}

impl Stops {
    fn follow(&mut self, step: &Step, number: usize) -> Result<(), Wrong> {
        let (own, other) = match step.who {
            Role::Client => (&mut self.client, &self.server),
            Role::Server => (&mut self.server, &self.client),
        };
        if let Some((how, line)) = too_late(step, *own, *other) {
            return Err(Wrong::AfterEnd(how.word(), line));
        }
        if let Act::Close(closing) = step.act {
            *own = Some((closing, number));
        }
        Ok(())
    }
}

/// The end after which `step` comes too late: nobody speaks after its own, nor to one that has
/// closed, and after a reset nobody does anything.
fn too_late(
    step: &Step,
    own: Option<(Closing, usize)>,
    other: Option<(Closing, usize)>,
) -> Option<(Closing, usize)> {
    let closes = matches!(step.act, Act::Close(_));
    let again = step.act == Act::Close(Closing::HalfClose);
    let own = own.filter(|(how, _)| *how != Closing::HalfClose || !closes || again);
    own.or(other.filter(|(how, _)| match how {
        Closing::HalfClose => false,
        Closing::Close => !closes,
        Closing::Reset => true,
    }))
}
