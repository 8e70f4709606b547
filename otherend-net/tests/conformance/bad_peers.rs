//! A gallery of peers that misbehave: each loses its own conversation, at most.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::Instant;

use otherend_net::{Delivery, Engine, ServerConfig};

use super::stage::{PATIENCE, RawPeer, Seen, config, echo, millis, pace, serve, serve_watched};

on_engines! {
    for_all:
        one_that_never_reads_is_dropped
        a_flood_hides_no_deadline_behind_it
        one_that_reads_byte_by_byte_gets_its_answers
        one_that_sends_byte_by_byte_runs_out_of_time
        one_that_says_nothing_is_idle
        one_that_never_ends_its_line_is_told_once
        one_that_does_not_close_after_the_end_is_left
        one_that_goes_on_sending_after_the_end_is_reset
        one_that_never_reads_and_is_spoken_to_is_dropped
        what_is_said_to_a_slow_one_waits_in_order_up_to_a_limit;
    for_many:
        nobody_waits_for_one_that_never_reads
        one_that_reads_byte_by_byte_delays_nobody
        all_that_never_read_have_only_so_much_together
        nobody_waits_for_a_flood_without_an_end_of_line
}

fn impatient(engine: Engine) -> ServerConfig {
    let mut config = config(engine);
    config.settings.write_timeout = Some(millis(300));
    config.settings.message_timeout = Some(millis(300));
    config.settings.linger_idle = millis(200);
    config.settings.linger_total = millis(600);
    config
}

/// Send until the server takes no more; on a busy machine it may take long to take some.
/// `false`: it ended the connection instead.
fn send_until_stuck(peer: &mut RawPeer) -> bool {
    let stream = peer.stream.get_mut();
    stream.set_write_timeout(Some(millis(1000))).unwrap();
    let lines = b"a line that nobody reads the answer to\n".repeat(1000);
    loop {
        if let Err(error) = stream.write_all(&lines) {
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            return matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        }
    }
}

fn one_that_never_reads_is_dropped(engine: Engine) {
    let mut config = impatient(engine);
    // On a busy machine the rest of a line may come late, too; that is another reason.
    config.settings.message_timeout = Some(PATIENCE);
    let (server, watch) = serve_watched(config, echo);
    let mut peer = RawPeer::connect(&server);
    send_until_stuck(&mut peer);
    assert_eq!(watch.wait_for_end(1), "peer-not-reading");
    drop(peer);
    assert_eq!(RawPeer::connect(&server).ask("next"), "next\n");
}

fn a_flood_hides_no_deadline_behind_it(engine: Engine) {
    let mut config = config(engine);
    config.settings.message_timeout = Some(millis(1000));
    let server = serve(config, echo);
    let mut peer = RawPeer::connect(&server);
    let mut stream = peer.stream.get_ref().try_clone().unwrap();
    let mut flood = b"a line of a flood\n".repeat(300_000);
    flood.extend(b"and then nothing");
    let flooding = thread::spawn(move || stream.write_all(&flood).unwrap());
    let heard = peer.rest();
    flooding.join().unwrap();
    assert!(heard.ends_with(b"flood\nERR line took too long\n"));
}

fn nobody_waits_for_one_that_never_reads(engine: Engine) {
    let mut config = config(engine);
    config.settings.write_timeout = None;
    let (server, _watch) = serve_watched(config, echo);
    let mut stuck: Vec<RawPeer> = (0..4).map(|_| RawPeer::connect(&server)).collect();
    for peer in &mut stuck {
        assert!(send_until_stuck(peer));
    }
    let mut normal = RawPeer::connect(&server);
    let began = Instant::now();
    for number in 0..1000 {
        assert_eq!(normal.ask(&number.to_string()), format!("{number}\n"));
    }
    assert!(began.elapsed() < PATIENCE / 3);
}

/// Its answers are more than its socket holds, so the server waits for it all the time.
fn one_that_reads_byte_by_byte_delays_nobody(engine: Engine) {
    const LINES: usize = 400_000;
    let (server, _watch) = serve_watched(config(engine), echo);
    let mut slow = RawPeer::connect(&server);
    let mut sending = slow.stream.get_ref().try_clone().unwrap();
    let sending = thread::spawn(move || {
        let line = "a line whose answer is read byte by byte for as long as the test goes on\n";
        sending.write_all(line.repeat(LINES).as_bytes()).unwrap();
        sending.shutdown(std::net::Shutdown::Write).unwrap();
        LINES * line.len()
    });
    let mut normal = RawPeer::connect(&server);
    let mut heard = 0;
    for number in 0..30 {
        let count = slow.stream.get_mut().read(&mut [0]).unwrap();
        assert_eq!(count, 1);
        heard += count;
        let began = Instant::now();
        assert_eq!(normal.ask(&number.to_string()), format!("{number}\n"));
        assert!(began.elapsed() < PATIENCE / 10);
        pace(millis(20));
    }
    assert!(
        !sending.is_finished(),
        "the server took more than it may keep"
    );
    // In the end it has every one of them.
    heard += slow.rest().len();
    assert_eq!(heard, sending.join().unwrap());
}

fn all_that_never_read_have_only_so_much_together(engine: Engine) {
    let mut config = config(engine);
    config.settings.write_timeout = None;
    config.max_output_in_all = 3 * config.settings.max_output / 2;
    let (server, watch) = serve_watched(config, echo);
    let mut normal = RawPeer::connect(&server);
    assert_eq!(normal.ask("hello"), "hello\n");
    let mut stuck: Vec<RawPeer> = (0..4).map(|_| RawPeer::connect(&server)).collect();
    let mut resets = 0;
    for peer in &mut stuck {
        resets += usize::from(!send_until_stuck(peer));
    }
    // Each may have 1 MiB, all together a half more: one at most can stay.
    for _ in 0..3 {
        let reason = watch.wait_for(|seen| match seen {
            Seen::Ended(_, reason) => Some(reason),
            _ => None,
        });
        assert_eq!(reason, "output-full");
    }
    // Those are gone, not only said to be.
    let began = Instant::now();
    while server.handle().conversations().len() > 2 {
        assert!(began.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
    let is_reset = |peer: &&RawPeer| peer.stream.get_ref().take_error().unwrap().is_some();
    resets += stuck.iter().filter(is_reset).count();
    assert!(resets >= 3, "{resets}");
    assert_eq!(normal.ask("undisturbed?"), "undisturbed?\n");
}

fn one_that_reads_byte_by_byte_gets_its_answers(engine: Engine) {
    let (server, _watch) = serve_watched(impatient(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"one\ntwo\nexit\n");
    let mut heard = Vec::new();
    // Slower than the linger limits allow: it all waits in this end's buffer.
    for _ in 0..8 {
        let mut byte = [0];
        let stream = peer.stream.get_mut();
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
        pace(millis(100));
    }
    assert_eq!(heard, b"one\ntwo\n");
    assert_eq!(peer.rest(), b"");
}

fn one_that_sends_byte_by_byte_runs_out_of_time(engine: Engine) {
    let (server, watch) = serve_watched(impatient(engine), echo);
    let mut peer = RawPeer::connect(&server);
    let began = Instant::now();
    let stream = peer.stream.get_mut();
    stream.set_read_timeout(Some(millis(20))).unwrap();
    let told = loop {
        // The end may come between the look and the byte.
        let _ = stream.write_all(b"x");
        let mut buffer = [0; 100];
        match stream.read(&mut buffer) {
            Ok(count) => break String::from_utf8_lossy(&buffer[..count]).into_owned(),
            Err(_) => assert!(began.elapsed() < PATIENCE),
        }
    };
    assert_eq!(told, "ERR line took too long\n");
    assert!(began.elapsed() >= millis(300));
    drop(peer);
    assert_eq!(watch.wait_for_end(1), "line-timeout");
}

fn one_that_says_nothing_is_idle(engine: Engine) {
    let mut config = impatient(engine);
    config.settings.idle_timeout = Some(millis(200));
    let (server, watch) = serve_watched(config, echo);
    let mut peer = RawPeer::connect(&server);
    let began = Instant::now();
    assert_eq!(peer.ask("hello"), "hello\n");
    assert_eq!(peer.rest_text(), "ERR idle\n");
    assert!(began.elapsed() >= millis(200));
    drop(peer);
    assert_eq!(watch.wait_for_end(1), "idle");
}

fn one_that_never_ends_its_line_is_told_once(engine: Engine) {
    let mut config = config(engine);
    config.settings.message_timeout = None;
    let (server, _watch) = serve_watched(config, echo);
    let mut peer = RawPeer::connect(&server);
    let megabyte = vec![b'x'; 1_000_000];
    for _ in 0..20 {
        peer.send(&megabyte);
    }
    peer.send(b"\nshort\n");
    assert_eq!(peer.line(), "ERR line longer than 65536 bytes\n");
    assert_eq!(peer.line(), "short\n");
}

fn nobody_waits_for_a_flood_without_an_end_of_line(engine: Engine) {
    let mut config = config(engine);
    config.settings.message_timeout = None;
    let (server, _watch) = serve_watched(config, echo);
    let mut flooder = RawPeer::connect(&server);
    let mut normal = RawPeer::connect(&server);
    let megabyte = vec![b'x'; 1_000_000];
    for number in 0..100 {
        flooder.send(&megabyte);
        assert_eq!(normal.ask(&number.to_string()), format!("{number}\n"));
    }
    assert_eq!(flooder.line(), "ERR line longer than 65536 bytes\n");
}

fn one_that_does_not_close_after_the_end_is_left(engine: Engine) {
    let (server, watch) = serve_watched(impatient(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"exit\n");
    assert_eq!(peer.rest_text(), "");
    let began = Instant::now();
    assert_eq!(watch.wait_for_end(1), "exit-word");
    assert!(began.elapsed() < PATIENCE / 3);
    assert_eq!(RawPeer::connect(&server).ask("next"), "next\n");
}

fn one_that_goes_on_sending_after_the_end_is_reset(engine: Engine) {
    let mut config = impatient(engine);
    config.settings.linger_idle = PATIENCE;
    let (server, watch) = serve_watched(config, echo);
    let mut peer = RawPeer::connect(&server);
    let began = Instant::now();
    peer.send(b"exit\n");
    assert_eq!(peer.rest_text(), "");
    let stream = peer.stream.get_mut();
    while stream.write_all(b"and another thing\n").is_ok() {
        assert!(began.elapsed() < PATIENCE, "it may go on for ever");
        pace(millis(5));
    }
    assert!(began.elapsed() >= millis(600));
    assert_eq!(watch.wait_for_end(1), "exit-word");
}

fn one_that_never_reads_and_is_spoken_to_is_dropped(engine: Engine) {
    let mut config = config(engine);
    config.settings.max_output = 100_000;
    let (server, watch) = serve_watched(config, echo);
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("hello"), "hello\n");
    let handle = server.handle();
    let news = vec![b'n'; 50_000];
    let began = Instant::now();
    while handle.say(1, &news) != Delivery::NotHere {
        assert!(began.elapsed() < PATIENCE, "it is told for ever");
        pace(millis(1));
    }
    assert_eq!(watch.wait_for_end(1), "peer-not-reading");
}

fn what_is_said_to_a_slow_one_waits_in_order_up_to_a_limit(engine: Engine) {
    let mut config = config(engine);
    config.settings.max_output = 100_000;
    let server = serve(config, echo);
    let mut peer = RawPeer::connect(&server);
    assert_eq!(peer.ask("hello"), "hello\n");
    let handle = server.handle();
    let line = |number: u64| format!("{number:09}{}", "n".repeat(10_000));
    let mut taken = 0;
    while handle.say(1, line(taken).as_bytes()) == Delivery::Taken {
        taken += 1;
    }
    assert_eq!(handle.say(1, &[b'n'; 10_000]), Delivery::Full);
    // What no socket and no output holds is bounded; how much these hold is the system's choice.
    assert!(taken > 100, "{taken}");
    for number in 0..taken {
        assert_eq!(peer.line().trim_end(), line(number));
    }
    // There is room again once the last were taken.
    while handle.say(1, b"and now") == Delivery::Full {
        pace(millis(1));
    }
    assert_eq!(peer.line(), "and now\n");
    handle.close(1);
    assert_eq!(peer.rest_text(), "");
}
