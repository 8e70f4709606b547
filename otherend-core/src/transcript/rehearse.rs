//! Both ends of a transcript against each other, in memory and without time (usually: a dry run).

use std::collections::VecDeque;
use std::sync::Arc;

use super::player::{Mismatch, Options, Outcome, Player};
use super::{Closing, Plan};
use crate::{Outbox, Time};

/// How a rehearsal ended.
#[derive(Debug)]
pub(crate) enum Rehearsal {
    /// Both ends came to the end of the script and remember the same.
    Passed,
    /// One end heard what it did not expect.
    Failed(Box<Mismatch>),
    /// Neither end can go on: the lines that they wait at.
    Stuck(Vec<usize>),
    /// The client's holes took something else than the server's said: the slots.
    Differs(Vec<usize>),
}

/// One end and what it has said but the other has not heard.
struct End {
    player: Player,
    /// By connection: each message, and how it stopped after the last.
    said: Vec<VecDeque<Vec<u8>>>,
    stops: Vec<Option<Closing>>,
}

/// Play both ends of `plan`.
pub(crate) fn rehearse(plan: &Arc<Plan>) -> Rehearsal {
    let client = Player::client(Arc::clone(plan));
    let server = Player::server(Arc::clone(plan));
    // A server goes on after what it did not expect; here that is what is looked for.
    let strict = Options {
        strict: true,
        ..server.options()
    };
    let mut ends = [End::new(client), End::new(server.with(strict))];
    // One thing at a time, until nothing moves any more. What is not through by then never will be:
    // there is no time that could pass, and nobody else who could speak. So a deadlock is found and
    // not waited for.
    while open(&mut ends) || pass_on(&mut ends) || stir(&mut ends) {}
    let [client, mut server] = ends.map(|end| end.player);
    if let Some(Outcome::Failed(mismatch)) = client.outcome() {
        return Rehearsal::Failed(mismatch.clone());
    }
    if let Some(mismatch) = server.unexpected() {
        return Rehearsal::Failed(Box::new(mismatch));
    }
    if client.outcome().is_none() || server.outcome().is_none() {
        let mut lines = client.waiting_lines();
        lines.extend(server.waiting_lines());
        lines.sort_unstable();
        lines.dedup();
        return Rehearsal::Stuck(lines);
    }
    match client.values_unlike(&server) {
        // Both passed, and yet a hole may have taken another part of the line than its sample: of
        // `a b c`, `{{x:text=a b}} {{_:text=c}}` takes `a`. Whoever says x later says something
        // else.
        slots if slots.is_empty() => Rehearsal::Passed,
        slots => Rehearsal::Differs(slots),
    }
}

impl End {
    fn new(player: Player) -> Self {
        let connections = player.connections();
        End {
            player,
            said: vec![VecDeque::new(); connections],
            stops: vec![None; connections],
        }
    }

    /// Let the player do something, and keep what it says.
    fn act(&mut self, connection: usize, act: impl FnOnce(&mut Player, &mut Outbox)) {
        let mut out = Outbox::new();
        act(&mut self.player, &mut out);
        if !out.is_empty() {
            self.said[connection].push_back(out.unsent().to_vec());
        }
        if let Some(closing) = self.player.closing(connection) {
            self.stops[connection] = Some(closing);
        }
    }
}

fn open([client, server]: &mut [End; 2]) -> bool {
    let (Some(connection), Some(accepted)) = (client.player.to_open(), server.player.to_accept())
    else {
        return false;
    };
    debug_assert_eq!(connection, accepted);
    server.act(connection, |player, out| {
        player.opened(connection, Time::ZERO, out)
    });
    client.act(connection, |player, out| {
        player.opened(connection, Time::ZERO, out)
    });
    true
}

/// Let each end hear the next thing that the other said.
fn pass_on([client, server]: &mut [End; 2]) -> bool {
    let mut went_on = false;
    for connection in 0..client.said.len() {
        went_on |= hear(client, server, connection);
        went_on |= hear(server, client, connection);
    }
    went_on
}

fn hear(from: &mut End, to: &mut End, connection: usize) -> bool {
    if let Some(bytes) = from.said[connection].pop_front() {
        to.act(connection, |player, out| {
            player.heard(connection, Time::ZERO, &bytes, out);
        });
        return true;
    }
    let Some(closing) = from.stops[connection].take() else {
        return false;
    };
    to.act(connection, |player, out| match closing {
        Closing::Reset => player.lost(connection, Time::ZERO, out),
        Closing::Close | Closing::HalfClose => player.finished(connection, Time::ZERO, out),
    });
    true
}

fn stir(ends: &mut [End; 2]) -> bool {
    let mut went_on = false;
    for end in ends {
        if let Some(connection) = end.player.stirred() {
            end.act(connection, |player, out| {
                player.tick(connection, Time::ZERO, out)
            });
            went_on = true;
        }
    }
    went_on
}
