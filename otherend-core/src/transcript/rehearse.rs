//! Both ends of a transcript against each other, in memory and without time (usually: a dry run).

use std::collections::VecDeque;
use std::sync::Arc;

use super::player::{Mismatch, Options, Outcome, Player};
use super::{Closing, Plan};
use crate::{Drawing, Outbox, Time};

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
    // there is no time that could pass, but for the silence that ends messages, and nobody else who
    // could speak. So a deadlock is found and not waited for.
    let idle = plan.framing().drawing().and_then(Drawing::idle);
    let mut now = Time::ZERO;
    loop {
        if open(&mut ends, now) || pass_on(&mut ends, now) || stir(&mut ends, now) {
            continue;
        }
        let Some(idle) = idle else { break };
        now = now + 2 * idle;
        if !fall_silent(&mut ends, now) {
            break;
        }
    }
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

fn open([client, server]: &mut [End; 2], now: Time) -> bool {
    let (Some(connection), Some(accepted)) = (client.player.to_open(), server.player.to_accept())
    else {
        return false;
    };
    debug_assert_eq!(connection, accepted);
    server.act(connection, |player, out| {
        player.opened(connection, now, out)
    });
    client.act(connection, |player, out| {
        player.opened(connection, now, out)
    });
    true
}

/// Let each end hear the next thing that the other said.
fn pass_on([client, server]: &mut [End; 2], now: Time) -> bool {
    let mut went_on = false;
    for connection in 0..client.said.len() {
        went_on |= hear(client, server, connection, now);
        went_on |= hear(server, client, connection, now);
    }
    went_on
}

fn hear(from: &mut End, to: &mut End, connection: usize, now: Time) -> bool {
    if let Some(bytes) = from.said[connection].pop_front() {
        to.act(connection, |player, out| {
            player.heard(connection, now, &bytes, out);
        });
        return true;
    }
    let Some(closing) = from.stops[connection].take() else {
        return false;
    };
    to.act(connection, |player, out| match closing {
        Closing::Reset => player.lost(connection, now, out),
        Closing::Close | Closing::HalfClose => player.finished(connection, now, out),
    });
    true
}

/// Nobody has said anything for a while: that ends the message under way, and the next may be said.
fn fall_silent(ends: &mut [End; 2], now: Time) -> bool {
    let mut went_on = false;
    for end in ends {
        for connection in 0..end.said.len() {
            let state = |end: &End| {
                let waits = end.player.waits(connection);
                (
                    end.player.unheard_len(connection),
                    waits,
                    end.said[connection].len(),
                )
            };
            let before = state(end);
            end.act(connection, |player, out| player.tick(connection, now, out));
            went_on |= state(end) != before;
        }
    }
    went_on
}

fn stir(ends: &mut [End; 2], now: Time) -> bool {
    let mut went_on = false;
    for end in ends {
        if let Some(connection) = end.player.stirred() {
            end.act(connection, |player, out| player.tick(connection, now, out));
            went_on = true;
        }
    }
    went_on
}
