//! One client from its first byte to its last: connect to the target, splice, close as it ended.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use otherend_core::{Counts, EndReason, Event, Watched};

use super::Tapping;
use super::both::Both;
use super::farewell::farewell;
use super::splice::{Conclusion, Splice};
use crate::hub::admitted::Admitted;
use crate::stream::Stream;
use crate::system::clock::Clock;

/// Tap the connection of one client.
pub(super) fn carry(client: &Stream, admitted: &Admitted, tap: &Tapping) {
    let clock = admitted.hub.clock;
    let server = OnceCell::new();
    // A panic of the observer ends this connection and no other.
    let carried = catch_unwind(AssertUnwindSafe(|| {
        let observer = admitted.hub.watchers.observer(&admitted.guest.peer);
        let mut watched = Watched::by(observer);
        let conclusion = match reach(tap, clock, &mut watched) {
            Some(stream) => {
                let server = server.get_or_init(|| stream);
                Splice::new(admitted, &mut watched, Both { client, server }, tap).run()
            }
            None => Conclusion::of(EndReason::NotConnected),
        };
        watched.tell(clock.now(), &conclusion.event());
        watched.pause();
        conclusion
    }));
    let conclusion = carried.unwrap_or_else(|_| Conclusion::of(EndReason::Panicked));
    // Before the ends hear of it: who comes again at once finds the place free.
    admitted.leave();
    let streams = [Some(client), server.get()];
    close(
        &streams.into_iter().flatten().collect::<Vec<_>>(),
        conclusion.reason,
    );
    count(admitted, &conclusion);
}

/// Connect to the target and tell the observer how that went.
fn reach(tap: &Tapping, clock: Clock, watched: &mut Watched) -> Option<Stream> {
    let began = clock.now();
    watched.tell(began, &Event::Opened);
    watched.pause();
    let reached = tap.connect();
    let now = clock.now();
    let event = match &reached {
        Ok(reached) => Event::Connected {
            target: &reached.address,
            local: &reached.local,
            after: now.since(began),
        },
        Err(error) => Event::NotConnected { error },
    };
    watched.tell(now, &event);
    watched.pause();
    reached.ok().map(|reached| reached.stream)
}

/// Close the streams as the connection ended.
fn close(streams: &[&Stream], reason: EndReason) {
    match reason {
        EndReason::PeerFinished
        | EndReason::CutByFault
        | EndReason::ClosedHere
        | EndReason::Drained => farewell(streams),
        // A close would look like a server that has nothing to say.
        _ => {
            for stream in streams {
                stream.reset_on_close();
            }
        }
    }
}

fn count(admitted: &Admitted, conclusion: &Conclusion) {
    let counters = &admitted.hub.counters;
    let orderly = conclusion.reason.is_orderly();
    counters.went(&Counts::default(), &conclusion.counts());
    counters.ended(conclusion.reason);
    if let Some(was_busy) = conclusion.busy_at_stop {
        counters.stopped(!orderly, was_busy);
    }
}
