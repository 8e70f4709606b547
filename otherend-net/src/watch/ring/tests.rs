use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use otherend_core::{Address, Event, LineEnd, Observer, Time};

use super::{Happened, Reader, Record, Ring, Taken};
use crate::peer::Peer;
use crate::watch::{Notice, Refusal, Watcher};

const FOR_EVER: Duration = Duration::from_secs(20);
const ROOM: usize = 1 << 20;

fn peer(number: u64) -> Peer {
    Peer {
        number,
        address: Address::Unnamed,
        local: Address::Unnamed,
    }
}

fn hears(observer: &mut dyn Observer, text: &str) {
    let message = text.as_bytes();
    let end = LineEnd::Lf;
    observer.on_event(Time::ZERO, &Event::Heard { message, end });
}

/// Conversation 1 of `ring` hears each of `texts`, one input each.
fn hear(ring: &Ring, texts: &[&str]) {
    let mut observer = ring.observer(&peer(1)).unwrap();
    for text in texts {
        hears(&mut *observer, text);
        observer.on_pause();
    }
}

fn text(record: &Record) -> String {
    match &record.what {
        Happened::InConversation(_, event) => match event.as_event() {
            Event::Heard { message, .. } => String::from_utf8(message.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        },
        Happened::AtTheDoor(notice) => format!("{:?}", notice.as_notice()),
    }
}

fn texts(taken: &Taken) -> Vec<String> {
    taken.records.iter().map(|record| text(record)).collect()
}

#[test]
fn a_slow_reader_learns_how_many_it_missed() {
    let ring = Ring::new(3, ROOM);
    let mut reader = ring.reader();
    hear(&ring, &["1", "2", "3", "4", "5"]);
    let taken = reader.take(100);
    assert_eq!(
        (taken.skipped, texts(&taken)),
        (2, vec!["3".into(), "4".into(), "5".into()])
    );
    assert!(reader.take(100).is_empty());
    hear(&ring, &["6"]);
    let taken = reader.take(100);
    assert_eq!((taken.skipped, texts(&taken)), (0, vec!["6".into()]));
}

#[test]
fn it_goes_round_any_number_of_times() {
    let ring = Ring::new(8, ROOM);
    let mut reader = ring.reader();
    let (mut read, mut skipped) = (0, 0);
    for round in 0..100_u64 {
        let all: Vec<String> = (0..round % 20).map(|i| i.to_string()).collect();
        hear(&ring, &all.iter().map(String::as_str).collect::<Vec<_>>());
        let taken = reader.take(100);
        let before = read + skipped;
        assert_eq!(taken.first, before + taken.skipped + 1);
        (read, skipped) = (read + taken.records.len() as u64, skipped + taken.skipped);
    }
    assert_eq!(
        read + skipped,
        (0..100).map(|round| round % 20).sum::<u64>()
    );
    assert_eq!(reader.next_number(), read + skipped + 1);
}

#[test]
fn each_reader_has_its_own_place() {
    let ring = Ring::new(3, ROOM);
    let (mut quick, mut slow) = (ring.reader(), ring.reader());
    for text in ["1", "2", "3", "4", "5"] {
        hear(&ring, &[text]);
        assert_eq!(texts(&quick.take(1)), [text]);
    }
    assert_eq!(slow.take(2).skipped, 2);
    assert_eq!(texts(&slow.take(2)), ["5"]);
    // Who comes now has missed nothing: it begins with what there is.
    let mut late = ring.reader();
    let taken = late.take(100);
    assert_eq!((taken.skipped, taken.first), (0, 3));
}

#[test]
fn a_reader_that_comes_back_goes_on_where_it_was() {
    let ring = Ring::new(3, ROOM);
    hear(&ring, &["1", "2", "3", "4", "5"]);
    let missed = |mut reader: Reader| {
        let taken = reader.take(100);
        (taken.skipped, texts(&taken).concat())
    };
    assert_eq!(missed(ring.reader_behind(4)), (0, "5".into()));
    assert_eq!(missed(ring.reader_behind(1)), (1, "345".into()));
    assert_eq!(missed(ring.reader_behind(5)), (0, String::new()));
    // From another life of the server.
    assert_eq!(missed(ring.reader_behind(u64::MAX)), (0, String::new()));
}

#[test]
fn memory_is_bounded_too() {
    let ring = Ring::new(1000, 10_000);
    let mut reader = ring.reader();
    let long = "x".repeat(4000);
    hear(&ring, &["1", &long, &long, &long]);
    let taken = reader.take(100);
    assert_eq!((taken.skipped, taken.records.len()), (2, 2));
    // One that would never fit pushes nobody out, and is not forgotten.
    hear(&ring, &["a", &"x".repeat(10_000), "b"]);
    let taken = reader.take(100);
    assert_eq!((taken.skipped, texts(&taken)), (0, vec!["a".into()]));
    let taken = reader.take(100);
    assert_eq!((taken.skipped, texts(&taken)), (1, vec!["b".into()]));
    hear(&ring, &[&"x".repeat(10_000)]);
    let taken = reader.take(100);
    assert_eq!((taken.skipped, taken.records.len()), (1, 0));
}

#[test]
fn the_door_is_seen_as_well() {
    let ring = Ring::new(10, ROOM);
    let refused = Notice::Refused {
        address: &Address::Unnamed,
        refusal: Refusal::Full,
    };
    ring.notice(Time::ZERO, &refused);
    assert_eq!(texts(&ring.reader().take(1)), [format!("{refused:?}")]);
}

#[test]
fn what_a_flood_brings_is_handed_on_before_its_end() {
    let ring = Ring::new(10_000, ROOM);
    let mut observer = ring.observer(&peer(1)).unwrap();
    for _ in 0..1000 {
        hears(&mut *observer, "x");
    }
    let handed_on = ring.reader().take(10_000).records.len();
    assert!(handed_on >= 900, "{handed_on}");
    drop(observer);
    assert_eq!(ring.reader().take(10_000).records.len(), 1000);
}

#[test]
fn a_reader_waits_for_what_comes_and_for_the_end() {
    let ring = Ring::new(10, ROOM);
    let mut reader = ring.reader();
    assert!(reader.wait(1, Duration::ZERO).is_empty());
    let writer = thread::spawn(move || hear(&ring, &["1"]));
    assert_eq!(texts(&reader.wait(1, FOR_EVER)), ["1"]);
    writer.join().unwrap();
    // The ring is gone, and nobody can write into it.
    assert!(reader.wait(1, FOR_EVER).is_last);
}

#[test]
fn the_end_comes_after_the_last_conversation() {
    let ring = Ring::new(10, ROOM);
    let (mut reader, mut observer) = (ring.reader(), ring.observer(&peer(1)).unwrap());
    drop(ring);
    assert!(reader.take(1).is_empty());
    hears(&mut *observer, "last words");
    drop(observer);
    let taken = reader.take(1);
    assert!(taken.is_last);
    assert_eq!(texts(&taken), ["last words"]);
}

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_task_is_woken_once_there_is_something() {
    let ring = Ring::new(10, ROOM);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let (mut reader, mut gone) = (ring.reader(), ring.reader());
    assert!(reader.poll_take(&mut cx, 1).is_pending());
    assert!(gone.poll_take(&mut cx, 1).is_pending());
    drop(gone);
    hear(&ring, &["1", "2"]);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    let Poll::Ready(taken) = reader.poll_take(&mut cx, 1) else {
        panic!("there is something");
    };
    assert_eq!(texts(&taken), ["1"]);
}

#[test]
fn many_threads_lose_nothing_that_is_not_counted() {
    const EACH: u64 = 2_000;
    let ring = Arc::new(Ring::new(500, ROOM));
    let readers: Vec<_> = (0..3).map(|_| ring.reader()).collect();
    let writers: Vec<_> = (1..=4)
        .map(|number| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                let mut observer = ring.observer(&peer(number)).unwrap();
                for count in 0..EACH {
                    hears(&mut *observer, &count.to_string());
                    if count % 7 == 0 {
                        observer.on_pause();
                    }
                }
            })
        })
        .collect();
    drop(ring);
    let read = |mut reader: Reader| {
        let mut said = [None::<u64>; 5];
        let (mut seen, mut next) = (0, 1);
        loop {
            let taken = reader.wait(50, FOR_EVER);
            assert!(!taken.is_empty());
            seen += taken.skipped + taken.records.len() as u64;
            assert_eq!(taken.first, next + taken.skipped);
            next = taken.first + taken.records.len() as u64;
            for record in &taken.records {
                let Happened::InConversation(peer, _) = &record.what else {
                    panic!("{record:?}");
                };
                // Each conversation's events stay in their order.
                let (last, this) = (&mut said[peer.number as usize], text(record).parse().ok());
                assert!(*last < this);
                *last = this;
            }
            if taken.is_last {
                return seen;
            }
        }
    };
    let readers = readers
        .into_iter()
        .map(|reader| thread::spawn(move || read(reader)));
    for reader in readers.collect::<Vec<_>>() {
        assert_eq!(reader.join().unwrap(), 4 * EACH);
    }
    for writer in writers {
        writer.join().unwrap();
    }
}
