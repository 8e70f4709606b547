//! What the cases stand on: a server on some engine, who watches it, and a peer made of a socket.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otherend_net::core::{
    Address, AnyBehaviour, Behaviour, Echo, Event, Flow, Handler, Observer, Replies, Role, Time,
};
use otherend_net::endpoint::Listen;
use otherend_net::{Engine, Notice, Peer, Running, Server, ServerConfig, Watcher};
use socket2::{Domain, SockAddr, Socket, Type};
use tempfile::TempDir;

/// Whatever takes longer than this hangs: a test fails then, and says where.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The pace of a slow peer; never a way to wait for something.
pub(crate) fn pace(time: Duration) {
    std::thread::sleep(time);
}

/// This machine cannot do what the test needs, and says so.
#[allow(clippy::print_stderr, reason = "a test that skips says why")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

pub(crate) fn config(engine: Engine) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.engine = engine;
    config.workers = Some(2);
    config
}

/// Says back each line as it is.
pub(crate) fn echo(_peer: &Peer) -> AnyBehaviour {
    AnyBehaviour::Echo(Echo::new(b""))
}

/// A behaviour of one function.
pub(crate) fn answering(
    answer: impl FnMut(&[u8], &mut Replies<'_>) -> Flow + Send + 'static,
) -> AnyBehaviour {
    struct Answering<F>(F);
    impl<F: FnMut(&[u8], &mut Replies<'_>) -> Flow + Send> Behaviour for Answering<F> {
        fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
            (self.0)(line, replies)
        }
    }
    AnyBehaviour::custom(Answering(answer))
}

thread_local! {
    /// The folder for the Unix sockets of the servers of this test, which has this thread; `None`:
    /// they are on TCP.
    static UNIX: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// Let the servers of `case` listen on Unix sockets.
pub(crate) fn over_unix(case: impl FnOnce()) {
    UNIX.set(Some(tempfile::tempdir().unwrap()));
    case();
}

/// Where nobody listens yet.
fn free_place() -> [Listen; 1] {
    UNIX.with_borrow(|folder| match folder {
        Some(folder) => {
            let taken = std::fs::read_dir(folder.path()).unwrap().count();
            let path = folder.path().join(format!("{taken}.sock"));
            [Listen::Stream(Address::Path(path))]
        }
        None => [SocketAddr::from(([127, 0, 0, 1], 0)).into()],
    })
}

/// A stream to where a server listens, that does not wait to send little.
pub(crate) fn stream_to(address: &Address) -> std::io::Result<Socket> {
    if let Some(address) = address.inet() {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.connect(&address.into())?;
        socket.set_tcp_nodelay(true)?;
        return Ok(socket);
    }
    let Address::Path(path) = address else {
        panic!("no server of a case listens there");
    };
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(socket)
}

pub(crate) fn serve<H: Into<Handler>>(
    config: ServerConfig,
    behaviour: impl Fn(&Peer) -> H + Send + Sync + 'static,
) -> Running {
    let server = Server::bind(&free_place(), config, behaviour).unwrap();
    server.start().unwrap()
}

/// The same, and everything that its audience is told.
pub(crate) fn serve_watched<H: Into<Handler>>(
    config: ServerConfig,
    behaviour: impl Fn(&Peer) -> H + Send + Sync + 'static,
) -> (Running, Watch) {
    let (seen, watch) = channel();
    let server = Server::bind(&free_place(), config, behaviour).unwrap();
    let server = server.watched_by(Arc::new(Eyes(seen))).start().unwrap();
    (server, Watch(watch))
}

/// A server that says back what comes, and a peer of it that it does not read until told to.
pub(crate) fn held_up(config: ServerConfig) -> (Running, RawPeer, Sender<()>) {
    let (held, is_held) = channel();
    let (go_on, goes_on) = channel::<()>();
    let goes_on = Arc::new(Mutex::new(goes_on));
    let server = serve(config, move |_: &_| {
        let (held, goes_on) = (held.clone(), Arc::clone(&goes_on));
        answering(move |line, replies| {
            if line == b"hold" {
                held.send(()).unwrap();
                goes_on.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            } else {
                replies.message(line);
            }
            Flow::Continue
        })
    });
    let mut peer = RawPeer::connect(&server);
    peer.send(b"hold\n");
    is_held.recv_timeout(PATIENCE).unwrap();
    (server, peer, go_on)
}

/// What an audience sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Bytes of the peer with this number.
    Bytes(u64, usize),
    Line(u64, Vec<u8>),
    Ended(u64, &'static str),
    Notice(String),
}

pub(crate) struct Watch(Receiver<Seen>);

impl Watch {
    /// Wait for something that fits; what comes before it is passed over.
    pub(crate) fn wait_for<T>(&self, mut fits: impl FnMut(Seen) -> Option<T>) -> T {
        loop {
            let seen = self.0.recv_timeout(PATIENCE);
            if let Some(found) = fits(seen.expect("this was awaited and did not come")) {
                return found;
            }
        }
    }

    /// Wait until `count` more bytes of the peer were heard.
    pub(crate) fn wait_for_bytes(&self, number: u64, count: usize) {
        let mut missing = count;
        if missing == 0 {
            return;
        }
        self.wait_for(|seen| {
            if let Seen::Bytes(who, bytes) = seen
                && who == number
            {
                missing = missing.saturating_sub(bytes);
            }
            (missing == 0).then_some(())
        });
    }

    /// Wait until the conversation with this peer has ended; gives why.
    pub(crate) fn wait_for_end(&self, number: u64) -> &'static str {
        self.wait_for(|seen| match seen {
            Seen::Ended(who, reason) if who == number => Some(reason),
            _ => None,
        })
    }

    /// What is left to see; the server must have stopped.
    pub(crate) fn rest(&self) -> Vec<Seen> {
        self.0.try_iter().collect()
    }
}

struct Eyes(Sender<Seen>);

impl Watcher for Eyes {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(PeerWatcher(peer.number, self.0.clone())))
    }

    fn notice(&self, _now: Time, notice: &Notice<'_>) {
        // A test that has seen enough no longer listens.
        let _ = self.0.send(Seen::Notice(format!("{notice:?}")));
    }
}

struct PeerWatcher(u64, Sender<Seen>);

impl Observer for PeerWatcher {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        let _ = match event {
            Event::Heard { message: line, .. } => self.1.send(Seen::Line(self.0, line.to_vec())),
            Event::Bytes {
                from: Role::Client,
                bytes,
            } => self.1.send(Seen::Bytes(self.0, bytes.len())),
            Event::Ended { reason, .. } => self.1.send(Seen::Ended(self.0, reason.label())),
            _ => Ok(()),
        };
    }
}

/// A peer with nothing of otherend in it.
pub(crate) struct RawPeer {
    pub(crate) stream: BufReader<Socket>,
}

impl RawPeer {
    pub(crate) fn connect(server: &Running) -> RawPeer {
        let stream = stream_to(&server.addresses()[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        RawPeer {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Half-close.
    pub(crate) fn finish(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).unwrap();
    }

    /// The next line with its end; empty at the end of the stream.
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        String::from_utf8(line).unwrap()
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\n").as_bytes());
        self.line()
    }

    /// Everything up to the end; a reset fails the test.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
        rest
    }

    pub(crate) fn rest_text(&mut self) -> String {
        String::from_utf8(self.rest()).unwrap()
    }

    /// Everything up to a reset.
    pub(crate) fn rest_before_reset(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let error = self.stream.read_to_end(&mut rest).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        rest
    }

    /// Nothing comes for so long; an end or bytes fail the test.
    pub(crate) fn hears_nothing_for(&mut self, time: Duration) {
        let stream = self.stream.get_ref();
        stream.set_read_timeout(Some(time)).unwrap();
        let error = stream.peek(&mut [MaybeUninit::uninit()]).unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }

    /// Close with a reset.
    pub(crate) fn reset(self) {
        let socket = self.stream.get_ref();
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}
