//! Connections come and go, many more than fit in at a time: nothing of them stays.
//!
//! `bench/release soak` runs this at length: `OTHEREND_SOAK` says how many connections an engine has.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::served::{PATIENCE, Served, pace, serve};

macro_rules! on_engines {
    ($($name:ident $engine:literal)*) => {
        $(
            #[test]
            #[ignore = "it takes long: bench/release soak"]
            fn $name() {
                soak($engine);
            }
        )*
    };
}

on_engines! {
    single "single"
    threads "threads"
    tasks "async"
}

/// How many come at a time; one engine has room for one.
const AT_ONCE: u64 = 8;

#[expect(clippy::print_stdout, reason = "the figures are there to be read")]
fn soak(engine: &str) {
    let count = std::env::var("OTHEREND_SOAK").map_or(2_000, |text| text.parse().unwrap());
    let server = serve(engine, &["--quiet"]);
    // The allocator and the engine's threads take what they need for good while the first come. glibc
    // gives up to eight arenas for each core to as many threads as there are at a time, and keeps
    // them: the crowds see to it that there are all of them, which by chance takes millions.
    for _ in 0..(count / 20_000).clamp(3, 100) {
        crowd(server.address);
    }
    come_and_go(server.address, (count / 20).max(1_000));
    let before = Held::by(&server);
    let began = Instant::now();
    come_and_go(server.address, count);
    let took = began.elapsed().as_secs_f64();
    let after = Held::by(&server);
    println!("soak: {engine}: {count} connections in {took:.0} s: {before:?}, then {after:?}");
    assert_eq!(after.descriptors, before.descriptors, "descriptors");
    assert_eq!(after.threads, before.threads, "threads");
    let grown = after.memory.saturating_sub(before.memory);
    assert!(
        grown * 50 <= before.memory,
        "{grown} KiB more than at the start"
    );
}

/// What the server has while nobody is there.
#[derive(Debug)]
struct Held {
    descriptors: usize,
    threads: u64,
    /// In KiB.
    memory: u64,
}

impl Held {
    fn by(server: &Served) -> Held {
        let folder = format!("/proc/{}", server.pid());
        let began = Instant::now();
        let mut last = Held::now(&folder);
        // Who has just left is still being let go.
        loop {
            pace(Duration::from_millis(500));
            let next = Held::now(&folder);
            if next.descriptors == last.descriptors && next.threads == last.threads {
                return next;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not come to rest: {next:?}"
            );
            last = next;
        }
    }

    fn now(folder: &str) -> Held {
        let status = fs::read_to_string(format!("{folder}/status")).unwrap();
        let number = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Held {
            descriptors: fs::read_dir(format!("{folder}/fd")).unwrap().count(),
            threads: number("Threads:"),
            memory: number("VmRSS:"),
        }
    }
}

fn come_and_go(address: SocketAddr, count: u64) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    visit(address, number);
                }
            });
        }
    });
}

/// More at a time than there are arenas, each with a line and its answer.
fn crowd(address: SocketAddr) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut streams: Vec<_> = (0..(16 * cores).clamp(32, 256))
        .map(|_| connect(address))
        .collect();
    for stream in &mut streams {
        stream.write_all(b"all at once\n").unwrap();
    }
    // One engine answers the next when the one before has left.
    for mut stream in streams {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .read_exact(&mut [0; "From server -> all at once\n".len()])
            .unwrap();
    }
}

/// A line and its answer, and one of five ways to leave.
fn visit(address: SocketAddr, number: u64) {
    let mut stream = connect(address);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let line = format!("{number}\n");
    let answer = format!("From server -> {line}");
    if number % 5 != 4 {
        stream.write_all(line.as_bytes()).unwrap();
        let mut heard = vec![0; answer.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(heard, answer.as_bytes());
    }
    match number % 5 {
        0 => drop(stream),
        1 => reset(&stream),
        2 => {
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        3 => {
            stream.write_all(b"exit\n").unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        // In the middle of a line.
        _ => {
            stream.write_all(b"half").unwrap();
            reset(&stream);
        }
    }
}

/// More come than a machine has ports: those of the last minute are given back by waiting for them.
fn connect(address: SocketAddr) -> TcpStream {
    let began = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                assert!(began.elapsed() < 4 * PATIENCE, "no port becomes free");
                pace(Duration::from_millis(20));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn reset(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}
