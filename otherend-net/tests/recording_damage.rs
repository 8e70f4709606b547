//! A recording that was cut anywhere, or of which any bit has turned, says nothing that was not said.
//!
//! `OTHEREND_RECORDING=N` makes it N bytes long instead of 1 KiB; 64 KiB take minutes, in release mode.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::print_stdout, reason = "the figures are there to be read")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use otherend_net::core::transcript::{self, Tail};
use otherend_net::core::{Address, Counts, EndReason, Event, Observer, OwnedEvent, Role, Time};
use otherend_net::recording::{Recording, RecordingConfig, Scribe, SyncWhen};

/// As it is on the disk when each line was waited for, and then ended.
fn recorded(length: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.talk");
    let mut config = RecordingConfig::new("by a test");
    config.sync = SyncWhen::Each;
    let (recording, writer) = Recording::to_file(&path, config, Box::new(|_| ())).unwrap();
    let mut number = 0;
    while fs::metadata(&path).unwrap().len() < length as u64 {
        number += 1;
        let now = Time::from_micros(number * 1_003);
        let mut scribe = Scribe::between(recording.clone(), number);
        for event in visit() {
            scribe.on_event(now, &event.as_event());
        }
        let (tell, told) = mpsc::channel();
        scribe.hand_on(move || tell.send(()).unwrap());
        told.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    writer.finish().unwrap();
    fs::read(&path).unwrap()
}

/// A connection of six questions, with odd bytes in what is answered.
fn visit() -> Vec<OwnedEvent> {
    let mut events = Vec::new();
    let mut happens = |event: Event<'_>| events.push(OwnedEvent::from(&event));
    happens(Event::Connected {
        target: &Address::Unnamed,
        local: &Address::Unnamed,
        after: Duration::ZERO,
    });
    for line in 0..6 {
        let (ask, rest) = (format!("ask {line}\r\n"), format!("ed {line}\r\n"));
        let answer = b"250 \xc3\xa4 \x00\xff {{ }}\r\npart";
        let said = [
            (Role::Client, ask.as_bytes()),
            (Role::Server, answer),
            (Role::Server, rest.as_bytes()),
        ];
        for (from, bytes) in said {
            happens(Event::Bytes { from, bytes });
        }
    }
    for from in Role::BOTH {
        happens(Event::Finished { from });
    }
    happens(Event::Ended {
        reason: EndReason::PeerFinished,
        who: None,
        counts: Counts::default(),
    });
    events
}

/// What somebody said or did, as it would be written; `None` is a file that is refused.
fn steps(file: &[u8]) -> Option<(Vec<String>, Tail)> {
    let read = transcript::Recording::read(file).ok()?;
    let text = read.transcript.to_string();
    let body = text.lines().skip(1).filter(|line| !line.is_empty());
    let said = body.filter(|line| !line.starts_with('#'));
    Some((said.map(str::to_owned).collect(), read.tail))
}

/// Try `count` damages on all cores: what is read of each is a beginning of what was said.
fn hold(what: &str, file: &[u8], count: usize, damage: impl Fn(usize, &mut Vec<u8>) + Sync) {
    let (said, tail) = steps(file).unwrap();
    assert_eq!(tail, Tail::Complete);
    let (next, read, complete) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let mut damaged = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    damaged.clear();
                    damaged.extend_from_slice(file);
                    damage(at, &mut damaged);
                    let Some((found, tail)) = steps(&damaged) else {
                        continue;
                    };
                    let true_so_far = said.starts_with(&found);
                    assert!(true_so_far, "{what} {at}: {:?} was not said", found.last());
                    let claims_all = tail == Tail::Complete;
                    assert!(
                        !claims_all || found == said,
                        "{what} {at}: calls itself complete"
                    );
                    read.fetch_add(1, Ordering::Relaxed);
                    complete.fetch_add(usize::from(claims_all), Ordering::Relaxed);
                }
            });
        }
    });
    println!(
        "damage: {what}: {count} of {} bytes, {} were read in part, {} as complete",
        file.len(),
        read.into_inner(),
        complete.into_inner()
    );
}

fn length() -> usize {
    match std::env::var("OTHEREND_RECORDING") {
        Ok(text) => text.parse().expect("OTHEREND_RECORDING is a number"),
        Err(_) => 1 << 10,
    }
}

#[test]
fn cut_at_every_byte() {
    let file = recorded(length());
    hold("cuts", &file, file.len() + 1, |at, bytes| {
        bytes.truncate(at)
    });
}

#[test]
fn any_bit_turned() {
    let file = recorded(length());
    hold("bits", &file, file.len() * 8, |at, bytes| {
        bytes[at / 8] ^= 1 << (at % 8)
    });
}
