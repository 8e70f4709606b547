//! The thread that writes (usually: a log's flusher): notes to lines, seals and syncs in time, and
//! what waits for them.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::destination::Destination;
use super::{Channel, Queue, RecordError, SyncWhen};

/// How long lines may be without a seal, and with [`SyncWhen::EverySecond`] without a sync.
const UNSEALED: Duration = Duration::from_secs(1);

/// What comes next is gathered for so long where nobody waits for it: who speaks fast does not pay
/// for waking this thread at every line.
const GATHER: Duration = Duration::from_millis(4);

/// Write what comes until nothing more does. Gives why it ended before that.
pub(super) fn run(channel: &Channel, mut destination: Destination) -> Option<RecordError> {
    let mut seal_at = None;
    loop {
        let limit = seal_at.map(|at: Instant| at.saturating_duration_since(Instant::now()));
        let taken = channel.take(limit);
        let written = write(channel, &mut destination, &taken, &mut seal_at);
        if let Err(error) = &written {
            destination.break_off(error);
            channel.tell(error);
        }
        let over = taken.closed || written.is_err();
        // What waits for the notes goes on once they are written, or will not be: a screen that
        // shows only what is recorded does not stand still because a disk is full.
        for done in taken.afterwards {
            done();
        }
        if over {
            end(channel);
            return written.err();
        }
        if destination.sync() != SyncWhen::Each {
            thread::sleep(GATHER);
        }
    }
}

/// Write what was taken, and seal and sync it if it is time.
fn write(
    channel: &Channel,
    destination: &mut Destination,
    taken: &Queue,
    seal_at: &mut Option<Instant>,
) -> Result<(), RecordError> {
    channel.progress.fetch_add(1, Ordering::Relaxed);
    for (note, bytes) in taken.notes.iter() {
        destination.note(note, bytes)?;
        channel.progress.fetch_add(1, Ordering::Relaxed);
    }
    if taken.overflowed {
        return Err(destination.too_slow());
    }
    if taken.closed {
        return destination.end();
    }
    let sync = destination.sync();
    let now = Instant::now();
    if sync == SyncWhen::Each || seal_at.is_some_and(|at| now >= at) {
        let waits = destination.settle(taken.notes.is_empty());
        *seal_at = waits.then(|| now + UNSEALED);
        return destination.seal(sync != SyncWhen::Never);
    }
    // A seal a second while something happens, and none while nothing does:
    //
    //     0.0 s    a note: to be sealed at 1.0 s
    //     0.4 s    another: still at 1.0 s
    //     1.0 s    sealed; what comes next sets the next time
    //
    // Were it put off by each note, a busy recording would have no seal before its end, and a power
    // failure would take all of it.
    if !taken.notes.is_empty() {
        seal_at.get_or_insert(now + UNSEALED);
    }
    destination.write()
}

/// Nothing more is written; what still came is done with.
fn end(channel: &Channel) {
    let mut queue = channel.lock();
    queue.ended = true;
    queue.notes.clear();
    let afterwards = std::mem::take(&mut queue.afterwards);
    drop(queue);
    for done in afterwards {
        done();
    }
}
