//! Carries one performance: opens its connections, moves bytes and time until it is over.

use std::os::fd::AsFd;
use std::time::Duration;

use otherend_core::transcript::{Outcome, Over, Player};
use otherend_core::{Outbox, Time};
use rustix::event::{PollFd, PollFlags};

use super::PlayError;
use super::wire::{Came, Socket, Wire};
use crate::client::{ConnectOptions, connect, connect_udp};
use crate::endpoint::Endpoint;
use crate::system::clock::Clock;
use crate::system::poll;

/// How many bytes one read takes at most.
const INPUT: usize = 64 * 1024;

pub(super) struct Stage {
    player: Player,
    /// By connection; there is none before it opens.
    wires: Vec<Option<Wire>>,
    clock: Clock,
    input: Vec<u8>,
}

impl Stage {
    pub(super) fn new(player: Player) -> Self {
        let wires = (0..player.connections()).map(|_| None).collect();
        Stage {
            player,
            wires,
            clock: Clock::new(),
            input: vec![0; INPUT],
        }
    }

    pub(super) fn player(&self) -> &Player {
        &self.player
    }

    /// Play the client until all is said and heard, or something does not fit.
    pub(super) fn play(
        &mut self,
        endpoint: &Endpoint,
        options: &ConnectOptions,
    ) -> Result<Outcome, PlayError> {
        loop {
            while let Some(connection) = self.player.to_open() {
                let socket = match self.player.over() {
                    Over::Tcp => connect(endpoint, options).map(Socket::Tcp)?,
                    Over::Udp => connect_udp(endpoint, options).map(Socket::Udp)?,
                };
                self.open(connection, socket);
            }
            self.go_on();
            if let Some(error) = self.wires.iter().flatten().find_map(Wire::refusal) {
                return Err(PlayError::Local(error));
            }
            match self.player.outcome() {
                Some(Outcome::Failed(mismatch)) => return Ok(Outcome::Failed(mismatch.clone())),
                Some(Outcome::Passed) if self.is_sent() => return Ok(Outcome::Passed),
                _ => self.wait(),
            }
        }
    }

    fn open(&mut self, connection: usize, socket: Socket) {
        self.wires[connection] = Some(Wire::new(socket));
        let now = self.clock.now();
        self.act(connection, |player, out| {
            player.opened(connection, now, out)
        });
    }

    /// Let the player do something on a connection, and send what it says.
    fn act(&mut self, connection: usize, act: impl FnOnce(&mut Player, &mut Outbox)) {
        let mut out = Outbox::new();
        act(&mut self.player, &mut out);
        let closing = self.player.closing(connection);
        let now = self.clock.now();
        let Some(wire) = &mut self.wires[connection] else {
            return;
        };
        wire.say(out.unsent(), closing);
        if !wire.write(now) {
            self.player.lost(connection, now, &mut Outbox::new());
        }
    }

    /// Everything that can be done without waiting.
    fn go_on(&mut self) {
        let now = self.clock.now();
        for connection in 0..self.wires.len() {
            let Some(wire) = &mut self.wires[connection] else {
                continue;
            };
            wire.tick(now);
            if wire.over {
                self.wires[connection] = None;
                continue;
            }
            self.act(connection, |player, out| player.tick(connection, now, out));
        }
        while let Some(connection) = self.player.stirred() {
            self.act(connection, |player, out| player.tick(connection, now, out));
        }
    }

    fn is_sent(&self) -> bool {
        self.wires.iter().flatten().all(|wire| wire.over)
    }

    /// Wait for bytes, room or a deadline; hear what came.
    fn wait(&mut self) {
        let mut polled = Vec::new();
        let mut fds = Vec::new();
        for (connection, wire) in self.wires.iter().enumerate() {
            let hearing = self.player.wants_input(connection);
            if let Some((wire, interest)) = wire
                .as_ref()
                .and_then(|wire| Some((wire, wire.interest(hearing)?)))
            {
                polled.push(connection);
                fds.push(PollFd::from_borrowed_fd(wire.as_fd(), interest));
            }
        }
        if !poll::wait(&mut fds, self.patience()) {
            return;
        }
        let some = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        let ready = fds.iter().map(|fd| fd.revents().intersects(some));
        let ready: Vec<usize> = polled
            .into_iter()
            .zip(ready)
            .filter_map(|(connection, ready)| ready.then_some(connection))
            .collect();
        for connection in ready {
            self.hear(connection);
        }
    }

    fn hear(&mut self, connection: usize) {
        let Some(wire) = &mut self.wires[connection] else {
            return;
        };
        let mut input = std::mem::take(&mut self.input);
        let came = wire.read(&mut input);
        let now = self.clock.now();
        match came {
            Came::Nothing => {}
            Came::Bytes(count) => self.act(connection, |player, out| {
                player.heard(connection, now, &input[..count], out);
            }),
            Came::End => self.act(connection, |player, out| {
                player.finished(connection, now, out)
            }),
            Came::Loss => self.act(connection, |player, out| player.lost(connection, now, out)),
        }
        self.input = input;
    }

    /// How long until the next deadline.
    fn patience(&self) -> Option<Duration> {
        let open = self.wires.iter().enumerate();
        let open = open.filter_map(|(connection, wire)| Some((connection, wire.as_ref()?)));
        let deadlines =
            open.flat_map(|(connection, wire)| [self.player.deadline(connection), wire.deadline()]);
        let next: Option<Time> = deadlines.flatten().min();
        next.map(|next| self.clock.until(next))
    }
}
