//! What passes through the conversation, as the thread that carries it sees it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};

use otherend_core::{Event, Next, Observer, Outbox, Pipe, Role, Time, Wants};

use super::super::Args;
use super::super::linger::Linger;
use super::super::recorded::Recorded;
use super::super::view::View;
use super::{News, Trouble};
use crate::lock::lock;
use crate::output::screen::Remark;
use crate::output::style::Mark;

/// So many bytes may wait for stdout before the server is held back, and so many still wait when it
/// goes on: it is not woken for each piece that is shown.
const ROOM: usize = 512 * 1024;
const GOES_ON: usize = 128 * 1024;
/// So many pieces of stdin may wait for the conversation: streams' are large, datagrams small.
const PIECES: usize = 4;
const DATAGRAMS: usize = 64;

/// What the threads share.
pub(super) struct Passing {
    view: Mutex<View>,
    recorded: Arc<Recorded>,
    pub(super) linger: Linger,
    news: Sender<News>,
    /// Bytes that wait for stdout.
    waiting: AtomicUsize,
    /// What was shown or said leaves its memory for what comes: to ask the system for it anew costs more
    /// than all else that is done with it.
    spare: Mutex<Vec<Vec<u8>>>,
    /// There was no more of stdin: whoever has some wakes the conversation.
    asleep: AtomicBool,
    /// Bytes of stdin that are to be said, and how many of them had left when it was over.
    to_say: AtomicU64,
    said: AtomicU64,
    /// The server was told that nothing more comes.
    half_closed: AtomicBool,
    /// Datagrams that were sent and heard.
    datagrams: [AtomicU64; 2],
    over_udp: bool,
}

impl Passing {
    /// What is told of it arrives at the receiver.
    pub(super) fn new(args: &Args, recorded: Arc<Recorded>) -> (Arc<Passing>, Receiver<News>) {
        let (tell, news) = mpsc::channel();
        let passing = Passing {
            view: Mutex::new(View::new(args)),
            recorded,
            linger: Linger::new(),
            news: tell,
            waiting: AtomicUsize::new(0),
            spare: Mutex::default(),
            asleep: AtomicBool::new(false),
            to_say: AtomicU64::new(0),
            said: AtomicU64::new(0),
            half_closed: AtomicBool::new(false),
            datagrams: Default::default(),
            over_udp: args.udp,
        };
        (Arc::new(passing), news)
    }

    pub(super) fn tell(&self, news: News) {
        // Once nobody is told any more the program ends.
        let _ = self.news.send(news);
    }

    /// The conversation has found no more of stdin, and is to be woken; told once.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep.swap(false, Ordering::SeqCst)
    }

    /// This much of stdin is to be said.
    pub(super) fn taken(&self, bytes: usize) {
        self.to_say.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Some of stdin was read and did not leave.
    pub(super) fn has_unsent(&self) -> bool {
        self.said.load(Ordering::Relaxed) < self.to_say.load(Ordering::Relaxed)
    }

    /// The server was told that nothing more comes.
    pub(super) fn is_half_closed(&self) -> bool {
        self.half_closed.load(Ordering::SeqCst)
    }

    /// This is on stdout. `true`: the server goes on, if it was held back.
    pub(super) fn shown(&self, text: Vec<u8>) -> bool {
        let count = text.len();
        let before = self.waiting.fetch_sub(count, Ordering::SeqCst);
        self.give_back(text);
        // True once, at the piece that crosses the mark: the wake-up is an order through a mailbox,
        // and one for each piece would cost more than writing them.
        before > GOES_ON && before - count <= GOES_ON
    }

    /// Empty memory, which was used before if some was.
    pub(super) fn memory(&self) -> Vec<u8> {
        lock(&self.spare).pop().unwrap_or_default()
    }

    fn give_back(&self, mut memory: Vec<u8>) {
        memory.clear();
        lock(&self.spare).push(memory);
    }

    /// How many were sent, and how many came.
    pub(super) fn datagrams(&self) -> [u64; 2] {
        [0, 1].map(|way| self.datagrams[way].load(Ordering::Relaxed))
    }

    /// What is to be shown of a line of `from` that will not end.
    pub(super) fn rest_of(&self, from: Mark) -> Vec<u8> {
        self.shown_by(|view, out| view.finish(out, from))
    }

    /// What is to be shown of a remark.
    pub(super) fn remark(&self, remark: &Remark<'_>) -> Vec<u8> {
        self.shown_by(|view, out| view.remark(out, remark))
    }

    /// What is shown are messages, and not the bytes.
    pub(super) fn shows_messages(&self) -> bool {
        lock(&self.view).shows_messages()
    }

    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) < ROOM
    }

    fn passes(&self, from: Role, bytes: &[u8]) {
        let mark = match from {
            Role::Client => Mark::ToServer,
            Role::Server => Mark::ToClient,
        };
        self.datagrams[from.index()].fetch_add(1, Ordering::Relaxed);
        // Before it is shown: whoever reads it may count on its being in the file.
        self.recorded.see(&Event::Bytes { from, bytes });
        self.show(self.shown_by(|view, out| match self.over_udp {
            true => view.show_datagram(out, mark, bytes),
            false => view.show(out, mark, bytes),
        }));
    }

    fn show(&self, text: Vec<u8>) {
        if text.is_empty() {
            return self.give_back(text);
        }
        self.waiting.fetch_add(text.len(), Ordering::SeqCst);
        self.tell(News::Show(text));
    }

    fn shown_by(&self, append: impl FnOnce(&mut View, &mut Vec<u8>)) -> Vec<u8> {
        let mut text = self.memory();
        append(&mut lock(&self.view), &mut text);
        text
    }
}

/// Records how it goes, and tells of its end.
pub(super) struct Watching(pub(super) Arc<Passing>);

impl Observer for Watching {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        let passing = &self.0;
        match *event {
            Event::Ended { reason, counts, .. } => {
                passing.linger.over();
                passing.said.store(counts.bytes_said, Ordering::Relaxed);
                passing.tell(News::Over(reason));
            }
            _ => passing.recorded.see(event),
        }
    }

    /// Bytes are recorded by whoever has them first.
    fn wants(&self) -> Wants {
        Wants::default()
    }
}

/// What stdin comes to.
pub(super) enum Source {
    /// These bytes.
    Bytes(Vec<u8>),
    /// It has ended.
    End,
    /// It could not be read.
    Failed(Trouble),
}

/// What the conversation's bytes come from and go to.
pub(super) struct Ends {
    passing: Arc<Passing>,
    source: Receiver<Source>,
    /// Told when all of stdin has left.
    all_said: Sender<()>,
    half_close: bool,
    /// What is said is shown too, and waits for it.
    shows_said: bool,
}

/// Where stdin goes, and where it is told that all of it has left.
pub(super) type Taken = (SyncSender<Source>, Receiver<()>);

impl Ends {
    pub(super) fn new(passing: &Arc<Passing>, args: &Args) -> (Ends, Taken) {
        let pieces = if args.udp { DATAGRAMS } else { PIECES };
        let (say, source) = mpsc::sync_channel(pieces);
        let (all_said, told) = mpsc::channel();
        let ends = Ends {
            passing: Arc::clone(passing),
            source,
            all_said,
            half_close: !args.no_half_close,
            shows_said: lock(&passing.view).shows_said(),
        };
        (ends, (say, told))
    }
}

impl Pipe for Ends {
    fn hear(&mut self, bytes: &[u8]) {
        self.passing.linger.heard();
        self.passing.passes(Role::Server, bytes);
    }

    fn has_room(&self) -> bool {
        self.passing.has_room()
    }

    fn next(&mut self, outbox: &mut Outbox) -> Next {
        // With `--json` or `--hex` each line that is said is shown too. A stdout that nobody reads
        // would otherwise let all of stdin pass into memory, in its shown form.
        if self.shows_said && !self.has_room() {
            return Next::Nothing;
        }
        let source = self.source.try_recv().or_else(|_| {
            // Looked for once more: what came in between has woken nobody.
            self.passing.asleep.store(true, Ordering::SeqCst);
            self.source.try_recv()
        });
        match source {
            Ok(Source::Bytes(bytes)) => {
                // Before it is sent: the answer must be neither recorded nor shown first.
                self.passing.passes(Role::Client, &bytes);
                outbox.push(&bytes);
                self.passing.give_back(bytes);
                return Next::Piece;
            }
            Ok(Source::End) => {
                self.passing.show(self.passing.rest_of(Mark::ToServer));
                let _ = self.all_said.send(());
                if self.half_close {
                    self.passing.half_closed.store(true, Ordering::SeqCst);
                    return Next::End;
                }
            }
            Ok(Source::Failed(trouble)) => self.passing.tell(News::Failed(trouble)),
            Err(_) => {}
        }
        Next::Nothing
    }
}
