//! The corpus under every engine, cut at every byte: what is answered never depends on the cut.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use otherend_core::Handler;
use otherend_net::core::transcript::{
    Closing, Options, Outcome, Plan, Player, Timing, Transcript, Transport,
};
use otherend_net::core::{AnyBehaviour, Echo, Framing, Outbox, Script, Time};
use otherend_net::play::{Performances, PlayOptions, play};
use otherend_net::{Endpoint, Engine, Peer};

use super::actor::{Actor, WHOLE};
use super::stage::{PATIENCE, RawPeer, Seen, Watch, config, serve_watched};

on_engines! {
    for_all:;
    for_many:;
    over_tcp for_all:
        each_script_is_the_same_wherever_it_is_cut
        rules_answer_the_same_wherever_their_client_is_cut
        each_bad_peer_hears_the_same_wherever_it_is_cut
        an_answer_after_a_pause_is_said_before_the_stop
        a_reset_is_heard_after_ones_own_end;
    for_many:
}

fn each_script_is_the_same_wherever_it_is_cut(engine: Engine) {
    for (name, plan) in scripts() {
        if engine == Engine::Single && plan.overlap().is_some() {
            // Its second client would wait for the first, and the first for the second.
            assert!(["bell.talk", "real-nats-two.talk"].contains(&&name[..]));
            continue;
        }
        let performances = Performances::new(Arc::clone(&plan));
        let (server, watch) = serve_watched(config(engine), move |peer| {
            Handler::from(performances.join(peer))
        });
        let address = server.addresses()[0].inet().unwrap();
        let mut heard = BytesHeard::default();
        // The numbers of the clients go on from one performance to the next.
        let mut first = 1;
        let mut perform = |cut: usize| {
            let mut until_heard = |connection: usize, count: usize| {
                heard.wait_for(&watch, first + connection as u64, count);
            };
            let player = Player::client(Arc::clone(&plan));
            let played = Actor::new(player, cut, &mut until_heard).play(address);
            first += plan.connections() as u64;
            played
        };
        let (whole, said) = perform(WHOLE);
        for cut in 1..said {
            assert_eq!(perform(cut), (whole.clone(), said), "{name}, cut at {cut}");
        }
        assert_eq!(plan.misfits(), 0, "{name}");
    }
}

/// How many bytes of each peer were heard.
#[derive(Default)]
struct BytesHeard(HashMap<u64, usize>);

impl BytesHeard {
    fn wait_for(&mut self, watch: &Watch, number: u64, count: usize) {
        if self.0.get(&number) >= Some(&count) {
            return;
        }
        watch.wait_for(|seen| {
            if let Seen::Bytes(who, bytes) = seen {
                *self.0.entry(who).or_default() += bytes;
            }
            (self.0.get(&number) >= Some(&count)).then_some(())
        });
    }
}

/// The other end of the same: `play` hears a server that is cut at every byte.
#[cfg(target_os = "linux")]
#[test]
fn each_script_is_played_the_same_wherever_its_server_is_cut() {
    for (name, plan) in scripts() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint: Endpoint = listener.local_addr().unwrap().into();
        let perform = |cut: usize| {
            let (played, endpoint) = (Arc::clone(&plan), endpoint.clone());
            let (tell, told) = channel();
            let playing = thread::spawn(move || {
                tell.send(rustix::thread::gettid()).unwrap();
                play(played, &endpoint, &PlayOptions::default())
            });
            let thread = told.recv().unwrap();
            let player = Player::server(Arc::clone(&plan));
            let mut until_heard = |_, _| wait_until_asleep(thread);
            let played = Actor::new(player, cut, &mut until_heard).host(&listener);
            let outcome = playing.join().unwrap().unwrap();
            assert_eq!(outcome, Outcome::Passed, "{name}, cut at {cut}");
            played
        };
        let (whole, said) = perform(WHOLE);
        for cut in 1..said {
            assert_eq!(perform(cut), (whole.clone(), said), "{name}, cut at {cut}");
        }
    }
}

/// Bytes that are sent over loopback wake who waits for them at once; it sleeps again when it has
/// heard them.
#[cfg(target_os = "linux")]
fn wait_until_asleep(thread: rustix::thread::Pid) {
    let path = format!("/proc/self/task/{}/stat", thread.as_raw_nonzero());
    let begun = Instant::now();
    // A thread that has ended heard everything.
    while let Ok(stat) = std::fs::read_to_string(&path)
        && !stat.contains(") S ")
    {
        assert!(begun.elapsed() < PATIENCE, "it is always busy");
        thread::yield_now();
    }
}

fn rules_answer_the_same_wherever_their_client_is_cut(engine: Engine) {
    let client = b"EHLO me\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<nobody@example.org>\r\n\
        RCPT TO:<b@example.org>\r\nDATA\r\nSubject: hi\r\n.\r\nNOOP\r\nHELO me\r\nNOOP\r\nNOOP\r\n";
    let server = b"220 mock.example.org ESMTP\r\n250-mock.example.org\r\n250 8BITMIME\r\n\
        250 ok\r\n550 no such mailbox\r\n250 ok\r\n354 go on\r\n250 taken\r\n\
        250 ok\r\n250 mock.example.org\r\n250 ok\r\n421 bored\r\n";
    let mut corpus = corpus("transcripts").into_iter();
    let (name, plan) = corpus.find(|(name, _)| name == "smtp-mock.talk").unwrap();
    check_every_cut(engine, &name, script(&plan), client, server);
}

fn each_bad_peer_hears_the_same_wherever_it_is_cut(engine: Engine) {
    let mut played = 0;
    for (name, plan) in corpus("transcripts/bad-peers") {
        let Some([client, server]) = both_sides(&plan) else {
            continue;
        };
        played += 1;
        let echo = |_: &Peer| AnyBehaviour::Echo(Echo::default());
        check_every_cut(engine, &name, echo, &client, &server);
    }
    assert!(played >= 8, "{played} transcripts are too few");
}

/// Plays `file` and keeps its pauses.
fn paced(file: &str) -> impl Fn(&Peer) -> Handler + Send + Sync + 'static + use<> {
    let file = format!("otherend talk 1\n{file}");
    let plan = Arc::new(Plan::new(Transcript::parse(file.as_bytes()).unwrap()));
    move |_| {
        let script = Script::server(Arc::clone(&plan)).unwrap();
        Handler::from(script.with(|options| Options {
            timing: Timing::Speed(1.0),
            ..options
        }))
    }
}

fn an_answer_after_a_pause_is_said_before_the_stop(engine: Engine) {
    let (server, watch) = serve_watched(config(engine), paced("on C: a\n+300ms\nS: b\n"));
    let mut peer = RawPeer::connect(&server);
    peer.send(b"a\n");
    watch.wait_for_bytes(1, 2);
    let stopping = std::thread::spawn(move || server.drain());
    assert_eq!(peer.rest_text(), "b\n");
    drop(peer);
    let report = stopping.join().unwrap();
    assert_eq!((report.finished, report.aborted), (1, 0));
}

fn a_reset_is_heard_after_ones_own_end(engine: Engine) {
    let file = "C: quit\nC! half-close\nS: bye\n+100ms\nS! reset\n";
    let (server, _watch) = serve_watched(config(engine), paced(file));
    let mut peer = RawPeer::connect(&server);
    peer.send(b"quit\n");
    peer.finish();
    assert_eq!(peer.rest_before_reset(), b"bye\n");
}

fn script(plan: &Arc<Plan>) -> impl Fn(&Peer) -> Handler + Send + Sync + 'static + use<> {
    let plan = Arc::clone(plan);
    move |_| Handler::from(Script::server(Arc::clone(&plan)).unwrap())
}

/// Say what the client says in two parts, the second when the first was heard, and finish.
fn check_every_cut<H: Into<Handler>>(
    engine: Engine,
    name: &str,
    behaviour: impl Fn(&Peer) -> H + Send + Sync + 'static,
    client: &[u8],
    server: &[u8],
) {
    let mut config = config(engine);
    config.settings.framing = Framing::Auto;
    // What the files about lines that are too long say.
    config.settings.max_message = 64;
    let (running, watch) = serve_watched(config, behaviour);
    for (number, cut) in (1..).zip(0..=client.len()) {
        let mut peer = RawPeer::connect(&running);
        let (first, second) = client.split_at(cut);
        peer.send(first);
        watch.wait_for_bytes(number, first.len());
        peer.send(second);
        peer.finish();
        assert_eq!(
            peer.rest().escape_ascii().to_string(),
            server.escape_ascii().to_string(),
            "{name}, cut at {cut}"
        );
    }
}

/// The transcripts of the corpus that have a script and go over TCP.
fn scripts() -> Vec<(String, Arc<Plan>)> {
    let mut scripts = corpus("transcripts");
    scripts.retain(|(_, plan)| plan.has_script());
    let several = scripts.iter().filter(|(_, plan)| plan.connections() > 1);
    assert!(scripts.len() >= 10 && several.count() >= 2);
    scripts
}

/// The transcripts of a folder that go over TCP; a datagram comes whole or not at all.
fn corpus(folder: &str) -> Vec<(String, Arc<Plan>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut plans = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "talk") {
            let source = std::fs::read(&path).unwrap();
            let plan = Plan::new(Transcript::parse(&source).unwrap());
            if plan.transport() == Transport::Tcp {
                let name = path.file_name().unwrap().to_string_lossy();
                plans.push((name.into_owned(), Arc::new(plan)));
            }
        }
    }
    plans
}

/// What client and server say when both play the transcript. `None`: it has no script, or somebody
/// resets, after which nobody knows what was heard.
fn both_sides(plan: &Arc<Plan>) -> Option<[Vec<u8>; 2]> {
    if !plan.has_script() {
        return None;
    }
    let mut ends = [
        Player::client(Arc::clone(plan)),
        Player::server(Arc::clone(plan)),
    ];
    let mut said = [Outbox::new(), Outbox::new()];
    assert!(ends[0].to_open().is_some() && ends[1].to_accept().is_some());
    for who in [1, 0] {
        ends[who].opened(0, Time::ZERO, &mut said[who]);
    }
    let mut heard = [0, 0];
    loop {
        let mut went_on = false;
        for (speaker, hearer) in [(0, 1), (1, 0)] {
            let words = said[speaker].unsent()[heard[speaker]..].to_vec();
            heard[speaker] += words.len();
            ends[hearer].heard(0, Time::ZERO, &words, &mut said[hearer]);
            let closing = ends[speaker].closing(0);
            match closing {
                Some(Closing::Reset) => return None,
                Some(_) => ends[hearer].finished(0, Time::ZERO, &mut said[hearer]),
                None => {}
            }
            went_on |= !words.is_empty() || closing.is_some();
        }
        if !went_on {
            return Some(said.map(|said| said.unsent().to_vec()));
        }
    }
}
