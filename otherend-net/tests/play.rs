//! Transcripts over real sockets, from both ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otherend_core::Handler;
use otherend_net::core::transcript::{
    Closing, Limits, Mismatch, Outcome, Plan, Reason, Timing, Transcript, Transport,
};
use otherend_net::core::{AnyBehaviour, Echo, Framing};
use otherend_net::play::{Mock, Performances, PlayError, PlayOptions, play, update};
use otherend_net::{Endpoint, Engine, Running, Server, ServerConfig};
use socket2::{Domain, Socket, Type};

fn plan(file: &str) -> Arc<Plan> {
    let file = format!("otherend talk 1\n{file}");
    // Some say more than a socket takes.
    let limits = Limits::filled(Limits::MOST_FILLED);
    let transcript = Transcript::parse_within(file.as_bytes(), limits).expect("a transcript");
    Arc::new(Plan::new(transcript))
}

fn options() -> PlayOptions {
    let mut options = PlayOptions::default();
    options.timeout = Some(PATIENCE);
    options
}

/// Whatever takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it never happened");
        std::thread::yield_now();
    }
}

#[track_caller]
fn failed(outcome: Result<Outcome, PlayError>) -> Mismatch {
    match outcome.expect("it connects") {
        Outcome::Passed => panic!("it passed"),
        Outcome::Failed(mismatch) => *mismatch,
    }
}

/// Every transcript of a folder of the corpus that has a script and goes over TCP.
fn corpus(folder: &str) -> Vec<(String, Arc<Plan>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut plans = Vec::new();
    for entry in folder.read_dir().expect("the corpus") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|ending| ending == "talk") {
            let source = std::fs::read(&path).expect("a file");
            let plan = Plan::new(Transcript::parse(&source).expect("a transcript"));
            if plan.has_script() && plan.transport() == Transport::Tcp {
                plans.push((path.display().to_string(), Arc::new(plan)));
            }
        }
    }
    assert!(plans.len() > 4);
    plans
}

#[test]
fn every_file_passes_between_two_players() {
    for (name, plan) in corpus("transcripts") {
        let mock = Mock::start(Arc::clone(&plan)).expect("a port");
        let outcome = play(Arc::clone(&plan), &mock.address().into(), &options());
        assert_eq!(outcome.expect("it connects"), Outcome::Passed, "{name}");
        assert_eq!(mock.finish(), [], "{name}");
        assert!(plan.unreached().is_empty(), "{name}");
    }
}

/// Serves every client its part of `plan`.
fn perform(plan: &Arc<Plan>, engine: Engine) -> Running {
    serve_parts(Arc::new(Performances::new(Arc::clone(plan))), engine)
}

fn serve_parts(performances: Arc<Performances>, engine: Engine) -> Running {
    let mut config = ServerConfig::default();
    config.engine = engine;
    let behaviour = move |peer: &_| Handler::from(performances.join(peer));
    let address = "127.0.0.1:0".parse().expect("an address");
    let server = Server::bind(&[address], config, behaviour).expect("a port");
    server.start().expect("a thread")
}

#[test]
fn every_file_passes_under_every_engine() {
    for (name, plan) in corpus("transcripts") {
        for &engine in Engine::ALL {
            if engine == Engine::Single && plan.overlap().is_some() {
                continue;
            }
            let server = perform(&plan, engine);
            let endpoint = server.addresses()[0].inet().unwrap().into();
            for _ in 0..3 {
                let outcome = play(Arc::clone(&plan), &endpoint, &options()).expect("it connects");
                assert_eq!(outcome, Outcome::Passed, "{name} under {engine}");
            }
            assert_eq!(plan.misfits(), 0, "{name} under {engine}");
        }
    }
}

/// The engines that have several clients at once.
fn many() -> impl Iterator<Item = Engine> {
    let engines = Engine::ALL.iter().copied();
    engines.filter(|engine| *engine != Engine::Single)
}

const MEETING: &str = "\
S: hello
C: first
2C! connect
2S: hello you
2C: second
S: there is another
S! close
";

#[test]
fn who_only_looks_in_has_no_part() {
    for engine in many() {
        let plan = plan(MEETING);
        let server = perform(&plan, engine);
        let address = server.addresses()[0].inet().unwrap();
        for _ in 0..3 {
            // As who waits for a port does: it connects, and leaves again.
            let mut looking = TcpStream::connect(address).expect("it listens");
            let mut line = [0; 6];
            looking.read_exact(&mut line).expect("a greeting");
            looking.shutdown(Shutdown::Write).expect("it is open");
            let left = looking.read(&mut line).expect("the end");
            assert_eq!((&line[..], left), (&b"hello\n"[..], 0));
            let outcome = play(Arc::clone(&plan), &address.into(), &options());
            assert_eq!(outcome.expect("it connects"), Outcome::Passed, "{engine}");
        }
    }
}

#[test]
fn clients_at_the_same_time_begin_at_the_start() {
    for engine in many() {
        let plan = plan(&MEETING.replace("C: first", "C: name\nS: welcome\nC: first"));
        let server = perform(&plan, engine);
        let address = server.addresses()[0].inet().unwrap();
        let connect = || {
            let stream = TcpStream::connect(address).expect("it listens");
            stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
            BufReader::new(stream)
        };
        let say = |stream: &mut BufReader<TcpStream>, line: &[u8]| {
            stream.get_mut().write_all(line).expect("it is open");
        };
        let hear = |stream: &mut BufReader<TcpStream>| {
            let mut line = String::new();
            stream.read_line(&mut line).expect("a line");
            line
        };
        // Neither has been welcomed, which comes before a second connection ...
        let mut firsts = [connect(), connect()];
        assert_eq!(firsts.each_mut().map(hear), ["hello\n"; 2]);
        for first in &mut firsts {
            say(first, b"name\nfirst\n");
        }
        assert_eq!(firsts.each_mut().map(hear), ["welcome\n"; 2]);
        // ... so each has a performance, of which the next two become the second connections.
        let mut seconds = [connect(), connect()];
        assert_eq!(seconds.each_mut().map(hear), ["hello you\n"; 2]);
        for second in &mut seconds {
            say(second, b"second\n");
        }
        assert_eq!(firsts.each_mut().map(hear), ["there is another\n"; 2]);
        assert_eq!(firsts.each_mut().map(hear), [""; 2]);
        assert_eq!(plan.misfits(), 0);
    }
}

#[test]
fn at_a_stop_nobody_waits_for_who_does_not_come() {
    // Once with a line that has its turn only after what is waited for.
    for early in ["", "second\n"] {
        for engine in many() {
            let plan = plan(MEETING);
            let server = perform(&plan, engine);
            let mut first = TcpStream::connect(&server.addresses()[0]).expect("it listens");
            let said = format!("first\n{early}");
            first.write_all(said.as_bytes()).expect("it is open");
            // The greeting and that line.
            until(|| plan.unreached().len() == 5);
            let begun = Instant::now();
            let report = server.drain();
            assert!(begun.elapsed() < Duration::from_secs(8), "{engine}");
            assert_eq!(report.aborted, 0, "{engine}");
            let mut heard = String::new();
            first.read_to_string(&mut heard).expect("an orderly end");
            assert_eq!(heard, "hello\nthere is another\n", "{engine}");
        }
    }
}

#[test]
fn a_performance_ends_with_the_text_it_began_with() {
    for engine in many() {
        let (before, after) = (plan(MEETING), plan(&MEETING.replace("hello", "welcome")));
        let performances = Arc::new(Performances::new(Arc::clone(&before)));
        let server = serve_parts(Arc::clone(&performances), engine);
        let address = server.addresses()[0].inet().unwrap();
        let mut first = TcpStream::connect(address).expect("it listens");
        first.write_all(b"first\n").expect("it is open");
        until(|| before.unreached().len() == 5);
        performances.change_to(Arc::clone(&after));
        let mut second = TcpStream::connect(address).expect("it listens");
        second.write_all(b"second\n").expect("it is open");
        let mut heard = String::new();
        first.read_to_string(&mut heard).expect("an orderly end");
        assert_eq!(heard, "hello\nthere is another\n", "{engine}");
        drop((first, second));
        let outcome = play(after, &address.into(), &options());
        assert_eq!(outcome.expect("it connects"), Outcome::Passed, "{engine}");
    }
}

/// One misbehaviour a file; afterwards the server is as it was.
#[test]
fn every_bad_peer_is_borne_by_every_engine() {
    let polite = plan("C: hello\nS: From server -> hello\nC: exit\nS! close\n");
    for &engine in Engine::ALL {
        let mut config = ServerConfig::default();
        config.engine = engine;
        config.settings.framing = Framing::Auto;
        config.settings.max_message = 64;
        let address = "127.0.0.1:0".parse().expect("an address");
        let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
        let server = Server::bind(&[address], config, echo).expect("a port");
        let server = server.start().expect("a thread");
        let endpoint = server.addresses()[0].inet().unwrap().into();
        for (name, plan) in corpus("transcripts/bad-peers") {
            let outcome = play(plan, &endpoint, &options()).expect("it connects");
            assert_eq!(outcome, Outcome::Passed, "{name} under {engine}");
            let after = play(Arc::clone(&polite), &endpoint, &options()).expect("it connects");
            assert_eq!(after, Outcome::Passed, "after {name} under {engine}");
        }
    }
}

#[test]
fn the_first_difference_ends_it() {
    let mock = Mock::start(plan("S: 220 ready\nC: QUIT\nS: 221 bye\n")).expect("a port");
    let mismatch = failed(play(
        plan("S: 220 ready\nC: QUIT\nS: 221 good bye\n"),
        &mock.address().into(),
        &options(),
    ));
    assert_eq!(
        (mismatch.line, &mismatch.heard[..]),
        (Some(4), &b"221 bye\n"[..])
    );
}

#[test]
fn a_mock_tells_what_did_not_fit() {
    let mock = Mock::start(plan("C: HELLO\nS: hi\n")).expect("a port");
    let mut stream = TcpStream::connect(mock.address()).expect("it listens");
    stream.write_all(b"HELO\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it closes");
    assert_eq!(answer, "");
    drop(stream);
    let unexpected = mock.finish();
    assert_eq!(unexpected.len(), 1, "{unexpected:?}");
    assert_eq!(unexpected[0].heard, b"HELO\n");
}

#[test]
fn a_silent_server_is_waited_for_as_long_as_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = listener.local_addr().expect("bound").into();
    let mut options = options();
    options.timeout = Some(Duration::from_millis(30));
    let mismatch = failed(play(plan("S: 220 ready\n"), &endpoint, &options));
    assert!(matches!(mismatch.reason, Reason::Silent(time) if time >= Duration::from_millis(30)));
}

/// Far more is said than the sockets hold.
fn much() -> String {
    format!("C: {}\n", "x".repeat(50_000)).repeat(400)
}

#[test]
fn who_never_reads_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("a port");
    let mut options = options();
    options.timeout = Some(Duration::from_millis(300));
    let error = play(plan(&much()), &at.into(), &options).expect_err("nobody reads");
    assert!(error.to_string().contains("does not read"), "{error}");
}

#[test]
fn who_fails_leaves_no_connection_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("a port");
    let mut options = options();
    options.timeout = Some(Duration::from_millis(300));
    let silent = failed(play(plan(&(much() + "S: ok\n")), &at.into(), &options));
    assert!(matches!(silent.reason, Reason::Silent(_)));
    // With a thread that went on saying it, this would be read to the end.
    let (mut stream, _) = listener.accept().expect("it came");
    let error = std::io::copy(&mut stream, &mut std::io::sink()).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn pauses_are_kept_when_asked() {
    let mut options = options();
    options.timing = Timing::Speed(10.0);
    let slow = plan("S: a\n+500ms\nC: b\nS! close\n");
    let mock = Mock::start(Arc::clone(&slow)).expect("a port");
    let began = std::time::Instant::now();
    let outcome = play(slow, &mock.address().into(), &options).expect("it connects");
    assert_eq!(outcome, Outcome::Passed);
    assert!(began.elapsed() >= Duration::from_millis(50));
}

#[test]
fn pauses_before_a_connection_are_kept_too() {
    let mut options = options();
    options.timing = Timing::Speed(10.0);
    for (file, least) in [
        ("+500ms\nC! connect\nC: a\nS: a\n", 50),
        ("C: a\nS: a\n+300ms\n2C! connect\n2C: b\n2S: b\n", 30),
        (
            "+200ms\nC! connect\nC: a\n+200ms\n2C! connect\n+200ms\n2C: b\n",
            60,
        ),
    ] {
        let mock = Mock::start(plan(file)).expect("a port");
        let began = Instant::now();
        let outcome = play(plan(file), &mock.address().into(), &options).expect("it connects");
        assert_eq!(outcome, Outcome::Passed);
        assert!(began.elapsed() >= Duration::from_millis(least), "{file}");
    }
}

#[test]
fn who_differs_while_a_connection_waits_to_be_opened_ends_it() {
    let server = plan("C: a\nS: other\n");
    let mock = Mock::start(server).expect("a port");
    let mut options = options();
    options.timing = Timing::Speed(1.0);
    let file = plan("C: a\nS: a\n+5m\n2C! connect\n2C: b\n");
    failed(play(file, &mock.address().into(), &options));
}

#[test]
fn a_file_is_brought_up_to_date() {
    let server = "C: a\nS: 250 new, {{_:int=7}} more\nS: 250 and this\nS! close\n";
    let mock = Mock::start(plan(server)).expect("a port");
    let file = "otherend talk 1\nC: a\nS: 250 old, {{n:int=1}} more\nS! close\n";
    let original = Transcript::parse(file.as_bytes()).expect("a transcript");
    let plan = Arc::new(Plan::new(original.clone()));
    let updated = update(plan, &original, &mock.address().into(), &options());
    let (outcome, updated) = updated.expect("it connects");
    assert_eq!(outcome, Outcome::Passed);
    assert_eq!(
        updated.to_string(),
        "otherend talk 1\nC: a\nS: 250 new, {{n:int=7}} more\nS: 250 and this\nS! close\n"
    );
}

#[test]
fn datagrams_are_played_too() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let endpoint: Endpoint = server.local_addr().expect("bound").into();
    let client = std::thread::spawn(move || {
        let plan = plan("over udp\nC: time?\nS: {{_:time=10:15}}\nC. ping\nS. pong\n");
        play(plan, &endpoint, &options())
    });
    let mut datagram = [0; 100];
    let (count, peer) = server.recv_from(&mut datagram).expect("a datagram");
    assert_eq!(&datagram[..count], b"time?\n");
    server.send_to(b"2026-03-02\n", peer).expect("sent");
    let (count, _) = server.recv_from(&mut datagram).expect("a datagram");
    assert_eq!(&datagram[..count], b"ping");
    server.send_to(b"pong", peer).expect("sent");
    let outcome = client.join().expect("it ends").expect("it talks");
    assert_eq!(outcome, Outcome::Passed);
}

#[test]
fn who_does_not_answer_is_named() {
    // Bound, so that nobody else takes it, and not listening.
    let held = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    held.bind(&any_port.into()).expect("a port");
    let address = held.local_addr().expect("bound");
    let address = address.as_socket().expect("an address");
    let error = play(plan("S: hi\n"), &address.into(), &options()).expect_err("nobody listens");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn who_does_not_receive_datagrams_is_named_too() {
    let nobody = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("bound");
    // It stays taken, and hears its peer only.
    nobody.connect("127.0.0.1:9").expect("nothing is sent");
    let plan = plan("over udp\nC: hi\nS: hi\n");
    let error = play(plan, &address.into(), &options()).expect_err("nobody listens");
    let text = format!("cannot carry the connection: nothing is listening on udp {address}");
    assert_eq!(error.to_string(), text);
}

#[cfg(feature = "tokio")]
#[test]
fn async_programs_play_too() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let plan = plan("C: a\nS: b\nS! close\n");
        let mock = Mock::start(Arc::clone(&plan)).expect("a port");
        let endpoint = mock.address().into();
        let outcome = otherend_net::play::play_async(plan, endpoint, options()).await;
        assert_eq!(outcome.expect("it connects"), Outcome::Passed);
    });
}

/// A server that does `act` to everybody who comes, for as long as the test runs.
fn serve_raw(act: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(act));
    address
}

fn reset(stream: TcpStream) {
    let socket = Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).expect("it is open");
}

#[test]
fn an_instant_reset_is_always_told_the_same() {
    let address = serve_raw(reset);
    for file in ["S: hello\n", "C: hello\nS: hello\n", "C: hello\n"] {
        for round in 0..100 {
            let mismatch = failed(play(plan(file), &address.into(), &options()));
            assert_eq!(
                mismatch.reason,
                Reason::Ended(Closing::Reset),
                "{file}, round {round}"
            );
        }
    }
}

#[test]
fn what_the_server_has_not_taken_is_not_said() {
    // It closes, and after that the last line comes.
    let closes = |mut stream: TcpStream| {
        stream.write_all(b"hello\n").expect("it is there");
    };
    // It closes without having read the last line.
    let ignores = |mut stream: TcpStream| {
        stream.write_all(b"hello\n").expect("it is there");
        let mut byte = [0];
        let _ = stream.peek(&mut byte);
    };
    // It resets instead of reading.
    let resets = |mut stream: TcpStream| {
        stream.write_all(b"hello\n").expect("it is there");
        let _ = stream.peek(&mut [0]);
        reset(stream);
    };
    for (name, address) in [
        ("closes", serve_raw(closes)),
        ("ignores", serve_raw(ignores)),
        ("resets", serve_raw(resets)),
    ] {
        for round in 0..30 {
            let outcome = play(plan("S: hello\nC: thanks\n"), &address.into(), &options());
            let outcome = format!("{outcome:?}");
            assert!(outcome != "Ok(Passed)", "{name}, round {round}: {outcome}");
        }
    }
}
