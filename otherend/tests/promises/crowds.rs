//! Ten thousand peers, a hundred new ones a second, one in a hundred hostile: the others do not wait
//! for them.
//!
//! `bench/release crowds` runs this at length: `OTHEREND_CROWD` says how many peers there are.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::served::{PATIENCE, pace, serve};

/// How long each of four phases takes: without and with the hostile ones, twice.
const PHASE: Duration = Duration::from_secs(20);
/// Of a short one: enough for some thousand samples.
const SHORT_PHASE: Duration = Duration::from_secs(2);
/// Those whose answers are timed.
const TIMED: usize = 4;

#[test]
#[ignore = "it takes long: bench/release crowds"]
fn the_good_do_not_wait_for_the_hostile() {
    let wanted = std::env::var("OTHEREND_CROWD").map_or(500, |text| text.parse().unwrap());
    let phase = if wanted < 5_000 { SHORT_PHASE } else { PHASE };
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: most,
            maximum: most,
        },
    )
    .unwrap();
    let room = (wanted + 2_000).to_string();
    let server = serve("async", &["--quiet", "--max-clients", &room]);
    let address = server.address;
    let mut crowd: Vec<Member> = (0..wanted).map(|_| Member::new(address)).collect();
    // A hundredth is replaced by hostile ones while these are there.
    let (mut calm, mut beset) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        calm.extend(one_phase(address, &mut crowd, phase, 0));
        crowd.truncate(wanted - wanted / 100);
        beset.extend(one_phase(address, &mut crowd, phase, wanted / 100));
        crowd.extend((crowd.len()..wanted).map(|_| Member::new(address)));
    }
    let (count, without, with) = (calm.len() + beset.len(), p99(&mut calm), p99(&mut beset));
    println!(
        "crowd: {wanted} peers, {} hostile, {count} answers timed: p99 {} µs without, {} µs with",
        wanted / 100,
        without.as_micros(),
        with.as_micros()
    );
    assert!(
        with <= 2 * without,
        "p99 {with:?} with the hostile ones, {without:?} without"
    );
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// One of the crowd: says a line now and then, and has heard the answer by the next.
struct Member {
    stream: TcpStream,
    said: bool,
}

impl Member {
    fn new(address: SocketAddr) -> Member {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Member {
            stream,
            said: false,
        }
    }

    fn go_on(&mut self) {
        if self.said {
            let mut answer = [0; b"From server -> one of many\n".len()];
            self.stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"From server -> one of many\n");
        }
        self.stream.write_all(b"one of many\n").unwrap();
        self.said = true;
    }
}

/// How long each answer took.
fn one_phase(
    address: SocketAddr,
    crowd: &mut [Member],
    phase: Duration,
    hostile: usize,
) -> Vec<Duration> {
    let (over, times) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let is_over = || over.load(Ordering::Relaxed);
    thread::scope(|scope| {
        scope.spawn(|| talk(crowd, address, &is_over));
        scope.spawn(|| beset(address, hostile, &is_over));
        for _ in 0..TIMED {
            scope.spawn(|| {
                let found = time_answers(address, &is_over);
                times.lock().unwrap().extend(found);
            });
        }
        pace(phase);
        over.store(true, Ordering::Relaxed);
    });
    times.into_inner().unwrap()
}

/// A thousand lines a second from all in turn, and a hundred times a second one is replaced.
fn talk(crowd: &mut [Member], address: SocketAddr, is_over: &dyn Fn() -> bool) {
    let (mut next, mut newest) = (0, 0);
    let began = Instant::now();
    for turn in 1u32.. {
        if is_over() {
            return;
        }
        for _ in 0..10 {
            crowd[next].go_on();
            next = (next + 1) % crowd.len();
        }
        newest = (newest + 7) % crowd.len();
        crowd[newest] = Member::new(address);
        // At a steady pace, whatever a turn took.
        pace((Duration::from_millis(10) * turn).saturating_sub(began.elapsed()));
    }
}

/// One of those who are there for long, and one in four times somebody new.
fn time_answers(address: SocketAddr, is_over: &dyn Fn() -> bool) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut old = Member::new(address);
    let mut answer = [0; b"From server -> in time\n".len()];
    while !is_over() {
        let began = Instant::now();
        if times.len() % 4 == 3 {
            old = Member::new(address);
        }
        old.stream.write_all(b"in time\n").unwrap();
        old.stream.read_exact(&mut answer).unwrap();
        times.push(began.elapsed());
        pace(Duration::from_millis(3));
    }
    times
}

/// Peers that do what a server must stand, some hundred deeds a second.
fn beset(address: SocketAddr, count: usize, is_over: &dyn Fn() -> bool) {
    let mut peers: Vec<TcpStream> = (0..count).map(|_| hostile(address)).collect();
    let flood = b"whoever says this never listens\n".repeat(512);
    let endless = [b'x'; 4096];
    for turn in 0usize.. {
        if is_over() || count == 0 {
            return;
        }
        let at = turn % count;
        let outcome = match at % 6 {
            // Never reads.
            0 => peers[at].write(&flood),
            // A byte at a time, and no end.
            1 => peers[at].write(b"."),
            // A line longer than any.
            2 => peers[at].write(&endless),
            // Telnet's options, bytes that are no text, halves of characters.
            3 => peers[at].write(b"\xff\xfb\x18\xff\xfd\x01\xc3\x28\0\x1b[2J\r"),
            // Comes and breaks off.
            4 => {
                peers[at].write_all(b"half a li").unwrap_or(());
                let socket = socket2::SockRef::from(&peers[at]);
                let _ = socket.set_linger(Some(Duration::ZERO));
                peers[at] = hostile(address);
                Ok(1)
            }
            // Finishes at once, and stays.
            _ => peers[at].shutdown(std::net::Shutdown::Write).map(|()| 1),
        };
        // Whoever was sent away comes back.
        let gone = outcome.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock);
        if gone {
            peers[at] = hostile(address);
        }
        pace(Duration::from_millis(2));
    }
}

fn hostile(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}
