//! Connections that never came to be: the first packet arrived, and our answer does not reach the
//! peer. Without a word about them "never arrived" and "arrived, answer lost" look the same.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use otherend_net::Handle;

use crate::output::screen::{Remark, Screen};

/// How often is looked. What is there twice has waited this long for the peer's last packet.
const EVERY: Duration = Duration::from_secs(1);
/// The most that are told in one look; under a flood of such packets the rest is only counted.
const MOST: usize = 5;

/// Tell of such connections to these ports for as long as the server serves.
pub(super) fn watch(ports: Vec<u16>, handle: Handle, screen: Screen) -> std::io::Result<()> {
    let thread = thread::Builder::new().name("unfinished".into());
    let mut last = Snapshot::default();
    thread.spawn(move || {
        while !handle.is_stopping() {
            thread::sleep(EVERY);
            let waiting = ports
                .iter()
                .flat_map(|port| otherend_diagnose::half_open(*port));
            for text in last.next(waiting.collect()) {
                screen.remark(handle.now(), 0, &Remark::note("unfinished", &text));
            }
        }
    })?;
    Ok(())
}

/// Who was there at the last look, and whether that was told.
#[derive(Debug, Default)]
struct Snapshot {
    waiting: HashMap<SocketAddr, bool>,
}

impl Snapshot {
    /// What is new to tell: those who were there at the last look too, each once.
    fn next(&mut self, waiting: Vec<SocketAddr>) -> Vec<String> {
        let mut before = std::mem::take(&mut self.waiting);
        let mut lasting = Vec::new();
        for peer in waiting {
            // Every handshake is half open for a round trip. Seen once is none of ours; seen twice,
            // a second apart, is told, and not a third time.
            let told = before.remove(&peer);
            if told == Some(false) {
                lasting.push(peer);
            }
            self.waiting.insert(peer, told.is_some());
        }
        let more = lasting.len().saturating_sub(MOST);
        let mut told: Vec<String> = lasting.iter().take(MOST).map(sentence).collect();
        if more > 0 {
            told.push(format!("{more} more tried to connect in vain"));
        }
        told
    }
}

fn sentence(peer: &SocketAddr) -> String {
    format!("{peer} tries to connect, and our answer does not reach it (or it has gone)")
}

#[cfg(test)]
mod tests {
    use super::Snapshot;

    #[test]
    fn who_waits_for_two_looks_is_told_once() {
        let peer = "192.0.2.1:40000".parse().unwrap();
        let mut last = Snapshot::default();
        let told: Vec<usize> = (0..4).map(|_| last.next(vec![peer]).len()).collect();
        assert_eq!(told, [0, 1, 0, 0]);
        assert_eq!(last.next(Vec::new()).len(), 0);
        assert_eq!(last.next(vec![peer]).len(), 0);
    }

    #[test]
    fn a_flood_is_counted() {
        let peers: Vec<_> = (1..=9u16)
            .map(|port| ([192, 0, 2, 1], port).into())
            .collect();
        let mut last = Snapshot::default();
        last.next(peers.clone());
        let told = last.next(peers);
        assert_eq!(told.len(), 6);
        assert_eq!(told[5], "4 more tried to connect in vain");
    }
}
