//! One client from its first byte to its last: connect to the target, relay, close as it ended.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use otherend_core::Counts;

use super::Tapping;
use super::both::Both;
use super::event::{Ending, Event, Observer};
use super::farewell::farewell;
use super::relay::{Outcome, Relay};
use crate::hub::admitted::Admitted;
use crate::stream::Stream;
use crate::system::clock::Clock;

/// Tap the connection of one client.
pub(super) fn carry(client: &Stream, admitted: &Admitted, tap: &Tapping) {
    let clock = admitted.hub.clock;
    let server = OnceCell::new();
    // A panic of the observer ends this connection and no other.
    let watched = catch_unwind(AssertUnwindSafe(|| {
        let mut observer = tap.observer(&admitted.member.peer);
        let outcome = match reach(tap, clock, &mut *observer) {
            Some(stream) => {
                let server = server.get_or_init(|| stream);
                Relay::new(
                    admitted,
                    &mut *observer,
                    Both { client, server },
                    &tap.faults,
                )
                .run()
            }
            None => Outcome::of(Ending::NotConnected),
        };
        observer.on_event(clock.now(), &outcome.event());
        observer.on_pause();
        outcome
    }));
    let outcome = watched.unwrap_or_else(|_| Outcome::of(Ending::Panicked));
    let streams = [Some(client), server.get()];
    close(
        &streams.into_iter().flatten().collect::<Vec<_>>(),
        outcome.ending,
    );
    count(admitted, &outcome);
}

/// Connect to the target and tell the observer how that went.
fn reach(tap: &Tapping, clock: Clock, observer: &mut dyn Observer) -> Option<Stream> {
    let began = clock.now();
    observer.on_event(began, &Event::Accepted);
    observer.on_pause();
    let reached = tap.connect();
    let now = clock.now();
    let event = match &reached {
        Ok(reached) => Event::Connected {
            target: reached.address,
            local: reached.local,
            after: now.since(began),
        },
        Err(error) => Event::NotConnected { error },
    };
    observer.on_event(now, &event);
    observer.on_pause();
    reached.ok().map(|reached| reached.stream)
}

/// Close the streams as the connection ended.
fn close(streams: &[&Stream], ending: Ending) {
    match ending {
        Ending::Finished | Ending::CutByFault(_) | Ending::ClosedHere | Ending::Drained => {
            farewell(streams)
        }
        // A close would look like a server that has nothing to say.
        Ending::NotConnected
        | Ending::Reset(_)
        | Ending::Unreachable(_)
        | Ending::ResetByFault(_)
        | Ending::Stopped
        | Ending::Panicked => {
            for stream in streams {
                stream.reset_on_close();
            }
        }
    }
}

fn count(admitted: &Admitted, outcome: &Outcome) {
    let counters = &admitted.hub.counters;
    let orderly = outcome.ending.is_orderly();
    let counts = Counts {
        bytes_heard: outcome.passed.client,
        bytes_said: outcome.passed.server,
        ..Counts::default()
    };
    counters.went(&Counts::default(), &counts);
    counters.ended(orderly);
    if let Some(was_busy) = outcome.busy_at_stop {
        counters.stopped(!orderly, was_busy);
    }
}
