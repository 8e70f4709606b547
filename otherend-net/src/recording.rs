//! Recordings (usually: captures, by a background writer): conversations on disk as they happen,
//! without ever holding one of them up.
//!
//! A [`Scribe`] watches a conversation and leaves notes in a bounded queue. One thread makes lines of
//! them, masks secrets, appends and syncs. A disk that is full or too slow ends the recording, and
//! nothing else: a mark in the file says so, and [`Writer::finish`] does.

mod appender;
mod destination;
mod file;
mod notes;
mod scribe;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use otherend_core::Drawing;
use otherend_core::transcript::{MOST_CONNECTIONS, Masks, Transport};

use crate::error::plain;
use crate::lock::lock;

use destination::Destination;
use notes::Notes;
pub use scribe::Scribe;

/// How many bytes may wait for the disk.
const ROOM: usize = 64 * 1024 * 1024;
/// At the end: how long the disk may take nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// When what was written is sure to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncWhen {
    /// When the system gets to it: what the machine's crash may cost is up to it.
    Never,
    /// Once a second.
    #[default]
    EverySecond,
    /// Before anything that waits for it is done: see [`Scribe::hand_on`].
    Each,
}

/// Where a recording goes, and what it keeps to itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordingConfig {
    /// What is masked before it is text.
    pub masks: Masks,
    /// When the disk is waited for.
    pub sync: SyncWhen,
    /// What the connections are: streams, or datagrams, of which each is a step and none an end.
    pub transport: Transport,
    /// What messages stand in: each is a step. `None`: they are lines.
    pub framing: Option<Drawing>,
    /// Stands on the file's second line: when and by whom it was recorded.
    pub remark: String,
}

impl RecordingConfig {
    /// With the usual masks, synced once a second.
    #[must_use]
    pub fn new(remark: &str) -> Self {
        RecordingConfig {
            masks: Masks::usual(),
            sync: SyncWhen::default(),
            transport: Transport::Tcp,
            framing: None,
            remark: remark.to_owned(),
        }
    }
}

/// Why a recording ended before what it records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Recordings are never written over a file.
    #[error("cannot record to {}: it exists already", .0.display())]
    Exists(PathBuf),
    /// The file cannot be created or written.
    #[error("cannot record to {}: {}", .path.display(), plain(.cause))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// More waited for the disk than there is memory for.
    #[error("cannot record to {}: it came faster than it could be written", .0.display())]
    TooSlow(PathBuf),
    /// Somebody removed, replaced or cut the file, which is noticed at the next seal; what was
    /// recorded is not there.
    #[error("cannot record to {}: {}", .0.display(), .1)]
    Lost(PathBuf, &'static str),
    /// At the end nothing was taken for 10 s: see [`Writer::finish`].
    #[error("cannot record to {}: nothing is taken there any more", .0.display())]
    Stuck(PathBuf),
    /// A file numbers its connections up to [`MOST_CONNECTIONS`].
    #[error("cannot record to {}: more than {MOST_CONNECTIONS} connections", .0.display())]
    TooMany(PathBuf),
    /// There is no thread for it.
    #[error("cannot record: {}", plain(.0))]
    Thread(io::Error),
}

/// Told once when a recording ends early.
pub type OnTrouble = Box<dyn Fn(&RecordError) + Send + Sync>;

/// The way to a recording; clone it for everyone who has something to be recorded.
#[derive(Clone)]
pub struct Recording {
    channel: Arc<Channel>,
}

/// What waits to be done once the notes before it are on the disk.
type Afterwards = Box<dyn FnOnce() + Send>;

struct Channel {
    path: PathBuf,
    transport: Transport,
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Counts on while the disk takes something.
    progress: AtomicU64,
    on_trouble: OnTrouble,
    told: AtomicBool,
}

#[derive(Default)]
struct Queue {
    notes: Notes,
    afterwards: Vec<Afterwards>,
    /// More came than there is room for.
    overflowed: bool,
    /// Nothing more comes.
    closed: bool,
    /// Nothing more is written.
    ended: bool,
}

impl Recording {
    /// Record into one file, which must not exist; connections are numbered in it as they open.
    ///
    /// Something that exists and is no file, such as a pipe, is written to.
    ///
    /// # Errors
    ///
    /// When it exists or cannot be created.
    pub fn to_file(
        path: impl Into<PathBuf>,
        config: RecordingConfig,
        on_trouble: OnTrouble,
    ) -> Result<(Recording, Writer), RecordError> {
        let path = path.into();
        let destination = Destination::file(path.clone(), config)?;
        Recording::start(path, destination, on_trouble)
    }

    /// Record into a folder, which is created if it is not there: a file for each connection, with
    /// the name that `name` gives to its number.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    pub fn to_folder(
        path: impl Into<PathBuf>,
        config: RecordingConfig,
        name: impl Fn(u64) -> String + Send + 'static,
        on_trouble: OnTrouble,
    ) -> Result<(Recording, Writer), RecordError> {
        let path = path.into();
        let destination = Destination::folder(path.clone(), config, Box::new(name))?;
        Recording::start(path, destination, on_trouble)
    }

    fn start(
        path: PathBuf,
        destination: Destination,
        on_trouble: OnTrouble,
    ) -> Result<(Recording, Writer), RecordError> {
        let channel = Arc::new(Channel {
            path,
            transport: destination.transport(),
            queue: Mutex::default(),
            filled: Condvar::new(),
            progress: AtomicU64::new(0),
            on_trouble,
            told: AtomicBool::new(false),
        });
        let inside = Arc::clone(&channel);
        let (tell_end, end) = mpsc::channel();
        thread::Builder::new()
            .name("recording".into())
            .spawn(move || {
                // Who does not wait for the end need not know.
                let _ = tell_end.send(writer::run(&inside, destination));
            })
            .map_err(RecordError::Thread)?;
        let recording = Recording { channel };
        let writer = Writer {
            recording: recording.clone(),
            end: Some(end),
        };
        Ok((recording, writer))
    }

    /// Leave notes and empty them; see [`Scribe::hand_on`].
    fn push(&self, notes: &mut Notes, afterwards: impl FnOnce() + Send + 'static) {
        let mut queue = self.channel.lock();
        // Whoever calls carries a conversation, and its peer is not to notice that a disk hangs. So
        // what there is no room for ends the recording, which says so, and nothing is left out of
        // the middle: a file with a hole in it would play as something that nobody said.
        if queue.notes.size() + notes.size() > ROOM {
            queue.overflowed = true;
        }
        if queue.ended || queue.overflowed {
            notes.clear();
            return self.channel.do_without(queue, afterwards);
        }
        queue.notes.append(notes);
        queue.afterwards.push(Box::new(afterwards));
        drop(queue);
        self.channel.filled.notify_one();
    }
}

impl Channel {
    /// Nothing more is recorded: do at once what waits for it. Says so here, for the thread that
    /// writes may be waiting for the disk.
    fn do_without(&self, mut queue: MutexGuard<'_, Queue>, afterwards: impl FnOnce()) {
        let waiting = std::mem::take(&mut queue.afterwards);
        let overflowed = queue.overflowed && !queue.ended;
        drop(queue);
        self.filled.notify_one();
        if overflowed {
            self.tell(&RecordError::TooSlow(self.path.clone()));
        }
        for done in waiting {
            done();
        }
        afterwards();
    }

    /// Tell of the first trouble.
    fn tell(&self, trouble: &RecordError) {
        if !self.told.swap(true, Ordering::Relaxed) {
            (self.on_trouble)(trouble);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Wait until there is something to do, `limit` at most, and take it.
    fn take(&self, limit: Option<Duration>) -> Queue {
        let idle =
            |queue: &mut Queue| queue.afterwards.is_empty() && !queue.closed && !queue.overflowed;
        let queue = self.lock();
        let mut queue = match limit {
            None => self.filled.wait_while(queue, idle),
            Some(limit) => {
                let waited = self.filled.wait_timeout_while(queue, limit, idle);
                waited
                    .map(|(queue, _)| queue)
                    .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0))
            }
        }
        .unwrap_or_else(PoisonError::into_inner);
        Queue {
            notes: std::mem::take(&mut queue.notes),
            afterwards: std::mem::take(&mut queue.afterwards),
            overflowed: queue.overflowed,
            closed: queue.closed,
            ended: queue.ended,
        }
    }
}

/// The thread behind a [`Recording`].
pub struct Writer {
    recording: Recording,
    end: Option<mpsc::Receiver<Option<RecordError>>>,
}

impl Writer {
    /// Write what still waits, mark the recording as complete, and sync it. A disk that takes
    /// nothing for 10 s is not waited for any longer.
    ///
    /// # Errors
    ///
    /// Why the recording ended before this.
    pub fn finish(mut self) -> Result<(), RecordError> {
        self.join().map_or(Ok(()), Err)
    }

    fn join(&mut self) -> Option<RecordError> {
        let channel = &self.recording.channel;
        channel.lock().closed = true;
        channel.filled.notify_one();
        let end = self.end.take()?;
        let mut progress = channel.progress.load(Ordering::Relaxed);
        loop {
            match end.recv_timeout(PATIENCE) {
                Ok(outcome) => return outcome,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let before =
                        std::mem::replace(&mut progress, channel.progress.load(Ordering::Relaxed));
                    if before == progress {
                        return Some(RecordError::Stuck(channel.path.clone()));
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let cause = io::Error::other("the thread that writes has panicked");
                    return Some(RecordError::Thread(cause));
                }
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.join();
    }
}
