//! Peers whose machine is gone: nothing comes back, not even a reset. Staged on the loopback of a
//! namespace of its own, whose packets are dropped from some moment on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::{Engine, Keepalive, ServerConfig};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::stage::{PATIENCE, RawPeer, config, echo, serve_watched, skipped};

on_engines! {
    for_all:;
    for_many:;
    over_tcp for_all:
        one_that_is_silent_is_noticed
        one_that_acknowledges_nothing_is_noticed;
    for_many:
}

fn watchful(engine: Engine) -> ServerConfig {
    let mut config = config(engine);
    config.keepalive = Some(Keepalive {
        idle: Duration::from_secs(1),
        interval: Duration::from_secs(1),
        retries: 2,
        unacknowledged: Duration::from_secs(2),
    });
    config
}

fn one_that_is_silent_is_noticed(engine: Engine) {
    in_a_namespace(move |namespace| {
        let (server, watch) = serve_watched(watchful(engine), echo);
        let mut peer = RawPeer::connect(&server);
        assert_eq!(peer.ask("hello"), "hello\n");
        namespace.drop_everything();
        let began = Instant::now();
        assert_eq!(watch.wait_for_end(1), "unreachable");
        assert!(began.elapsed() < PATIENCE / 2);
    });
}

fn one_that_acknowledges_nothing_is_noticed(engine: Engine) {
    in_a_namespace(move |namespace| {
        let mut config = watchful(engine);
        // Only what it was told and does not acknowledge betrays it.
        if let Some(keepalive) = &mut config.keepalive {
            keepalive.idle = Duration::from_secs(3600);
        }
        let (server, watch) = serve_watched(config, echo);
        let mut peer = RawPeer::connect(&server);
        assert_eq!(peer.ask("hello"), "hello\n");
        namespace.drop_everything();
        assert!(server.handle().say(1, b"are you there?").is_taken());
        let began = Instant::now();
        assert_eq!(watch.wait_for_end(1), "unreachable");
        assert!(began.elapsed() < PATIENCE / 2);
    });
}

/// Run `test` in a thread that sees nothing but a loopback of its own.
fn in_a_namespace(test: impl FnOnce(&Namespace) + Send + 'static) {
    let Some(namespace) = Namespace::new() else {
        return skipped("dead peers are staged by root, with unshare, ip and nft");
    };
    let staged = thread::spawn(move || {
        namespace.enter();
        test(&namespace);
    });
    if let Err(panic) = staged.join() {
        std::panic::resume_unwind(panic);
    }
}

/// It lives as long as a process that reads from a pipe of this test: however the test ends,
/// nothing is left behind.
struct Namespace {
    holder: Child,
}

impl Namespace {
    fn new() -> Option<Namespace> {
        let nft = Command::new("nft").arg("--version").output();
        nft.is_ok_and(|nft| nft.status.success()).then_some(())?;
        let mut holder = Command::new("unshare")
            .args([
                "--net",
                "sh",
                "-c",
                "ip link set lo up && echo ready && cat",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut ready = String::new();
        let stdout = holder.stdout.take()?;
        let read = BufReader::new(stdout).read_line(&mut ready);
        let namespace = Namespace { holder };
        (read.is_ok() && ready == "ready\n").then_some(namespace)
    }

    /// Move this thread there, and all that it starts.
    fn enter(&self) {
        let own = format!("/proc/{}/ns/net", self.holder.id());
        let own = File::open(own).unwrap();
        move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    }

    /// From now on no packet arrives. Run from inside.
    fn drop_everything(&self) {
        let rules = "add table ip gone; \
            add chain ip gone in { type filter hook input priority 0; policy drop; }";
        let nft = Command::new("nft").arg(rules).status().unwrap();
        assert!(nft.success(), "{nft}");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
